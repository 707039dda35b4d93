//! The reader of backups, on those that Moodle's own tests have. They are looked for in the git cache; where there is none, nothing is
//! tested, and the test says so.

#![allow(clippy::print_stderr, reason = "a test that tests nothing says so")]

use std::io::Cursor;
use std::path::PathBuf;
use std::process::Command;

use provost_moodle::mbz::{Limits, MbzError, examine};

/// Whether a backup is refused for what is wrong with it.
type IsFault = fn(&MbzError) -> bool;

/// Changed or packed by people, with other tools than core's packer, and so refused.
const BY_HAND: [(&str, IsFault); 2] = [
    // Every name begins with `./`.
    ("mod/quiz/tests/fixtures/pre-40-shared-random-question.mbz", |error| {
        matches!(error, MbzError::Name { .. })
    }),
    // Accounts were taken out of its `users.xml`: the index tells.
    ("mod/quiz/tests/fixtures/question_attempts_missing_users.mbz", |error| {
        matches!(error, MbzError::Index(_))
    }),
];

/// Repositories of the cache, and the branch of each.
const TREES: [(&str, &str); 2] =
    [("github.com/mrmelhay/Moodle-5.0.git", "main"), ("github.com/mutualadestruc/moodle-404.git", "master")];

fn git(repository: &PathBuf, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("git").arg("-C").arg(repository).args(arguments).output().expect("git runs");
    assert!(output.status.success(), "{arguments:?}");
    output.stdout
}

#[test]
fn backups_of_every_moodle_since_2_6_are_read_to_their_end() {
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let mut read = 0;
    for (path, branch) in TREES {
        let repository = home.join(".cache/provost/git").join(path);
        if !repository.join("HEAD").exists() {
            continue;
        }
        let names =
            String::from_utf8(git(&repository, &["ls-tree", "-r", "--name-only", branch])).expect("UTF-8");
        for name in names.lines().filter(|name| name.ends_with(".mbz")) {
            let mbz = git(&repository, &["show", &format!("{branch}:{name}")]);
            if let Some((_, fits)) = BY_HAND.iter().find(|(by_hand, _)| *by_hand == name) {
                assert!(
                    examine(Cursor::new(&mbz), &Limits::default()).is_err_and(|error| fits(&error)),
                    "{name}"
                );
                continue;
            }
            let found = examine(Cursor::new(&mbz), &Limits::default())
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(found.information.course.is_some(), "{name}");
            assert!(!found.information.settings.is_empty(), "{name}");
            if found.information.include_files {
                found.whole().unwrap_or_else(|error| panic!("{name}: {error}"));
            }
            read += 1;
        }
    }
    eprintln!("{read} backups were read");
}
