//! `provost codebase copy`: the fleet file is edited, and what fits the other Moodle is told.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::environment::{Output, TestEnv};
use crate::moodle::{Moodle, git};

const PLUGINS: &str = "patches = [\"p/lang.patch\"]   # ours

# Asked for by the rectorate: #12
[codebase.main.plugins]
local_fits = { path = \"own/local_fits\" }  # until core has it
mod_unsaid = { path = \"own/mod_unsaid\" }
# mod_old = {}
";

const PINS: &str = "mod_gone = { git = \"[MOODLE]\", tag = \"v9\" }
local_new = { path = \"own/local_new\" }
";

const COPY: [&str; 6] = ["codebase", "copy", "main", "next", "--moodle", "next"];

/// A fleet without sites whose codebase has plugins, on a Moodle that has another version on a branch of its own.
fn fleet(pins: bool) -> TestEnv {
    let env = TestEnv::with_fleet(&Moodle::standin(), &[]);
    let moodle = env.path("moodle");
    let version = std::fs::read_to_string(moodle.join("version.php")).unwrap();
    let next = version
        .replace("2024100700", "2025041400")
        .replace("405", "500")
        .replace("4.5 (Build: 20241007)", "5.0 (Build: 20250414)");
    std::fs::write(moodle.join("version.php"), next).unwrap();
    git(&moodle, &["checkout", "-q", "-b", "next"]).unwrap();
    commit(&moodle, "5.0");
    git(&moodle, &["checkout", "-q", "main"]).unwrap();
    for (component, requires, supported) in [
        ("local_fits", "2024100700", "[405, 501]"),
        ("mod_unsaid", "2022112800", "[401, 405]"),
        ("local_new", "2099010100", "[405, 501]"),
    ] {
        let directory = env.path("own").join(component);
        std::fs::create_dir_all(&directory).unwrap();
        let text = format!(
            "<?php\n$plugin->component = '{component}';\n$plugin->version = 2024110100;\n$plugin->requires = {requires};\n\
             $plugin->supported = {supported};\n"
        );
        std::fs::write(directory.join("version.php"), text).unwrap();
    }
    let index = std::fs::read_to_string(moodle.join("index.php")).unwrap();
    let lines: Vec<_> = index.lines().take(4).collect();
    let patch = format!(
        "--- a/index.php\n+++ b/index.php\n@@ -1,4 +1,5 @@\n {}\n+// Ours.\n {}\n {}\n {}\n",
        lines[0], lines[1], lines[2], lines[3]
    );
    std::fs::create_dir(env.path("p")).unwrap();
    std::fs::write(env.path("p/lang.patch"), patch).unwrap();
    let text = env.fleet();
    let (before, after) = text.split_once("\n[codebase.main.plugins]\n").unwrap();
    let (_, after) = after.split_once("\n\n").unwrap();
    let (after, _) = after.split_once("[site.first]").unwrap();
    let pins = if pins { PINS.replace("[MOODLE]", &moodle.display().to_string()) } else { String::new() };
    env.write_fleet(&format!("{before}\n{PLUGINS}{pins}\n{after}"));
    env
}

fn commit(repository: &Path, message: &str) {
    git(repository, &["add", "-A"]).unwrap();
    let who = ["-c", "user.name=t", "-c", "user.email=t@localhost"];
    git(repository, &[&who[..], &["commit", "-q", "-m", message]].concat()).unwrap();
}

/// The fleet file in a repository of its user, whose name is known.
fn in_git(env: &TestEnv) {
    let directory = env.path("");
    git(&directory, &["init", "-q", "-b", "main"]).unwrap();
    std::fs::write(env.path(".gitignore"), "*\n!fleet.toml\n").unwrap();
    commit(&directory, "fleet");
    std::fs::write(env.path("home/.gitconfig"), "[user]\nname = Ann\nemail = ann@example.org\n").unwrap();
}

fn run(env: &TestEnv, more: &[&str]) -> Output {
    env.run(&[&COPY[..], more].concat())
}

fn told(env: &TestEnv, output: &Output) -> String {
    env.filter(&output.to_string())
}

#[test]
fn a_copy_is_written_with_its_comments_and_says_what_fits() {
    let env = fleet(true);
    let (before, before_state) = (env.fleet(), env.kept());
    std::fs::set_permissions(env.path("fleet.toml"), std::fs::Permissions::from_mode(0o640)).unwrap();
    std::fs::rename(env.path("fleet.toml"), env.path("own/fleet.toml")).unwrap();
    std::os::unix::fs::symlink("own/fleet.toml", env.path("fleet.toml")).unwrap();
    let dry = run(&env, &["--dry-run"]);
    insta::assert_snapshot!("copy_dry_run", told(&env, &dry));
    assert_eq!(env.fleet(), before, "nothing was written");
    let copied = run(&env, &[]);
    insta::assert_snapshot!("copy_written", told(&env, &copied));
    insta::assert_snapshot!("copy_fleet", env.filter(&env.fleet()));
    let kept = std::fs::symlink_metadata(env.path("fleet.toml")).unwrap();
    assert!(kept.is_symlink(), "the link is one still");
    let mode = std::fs::metadata(env.path("own/fleet.toml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_eq!(env.run(&["check"]).code, 0);
    assert!(!env.path("fleet.lock").exists(), "nothing else was written");
    assert_eq!(env.kept(), before_state, "nothing else was written");
}

#[test]
fn what_fits_can_be_planned() {
    let env = fleet(false);
    let copied = run(&env, &["--json"]);
    let report: serde_json::Value = serde_json::from_str(&copied.stdout).unwrap();
    assert_eq!(
        (copied.code, &report["written"], &report["release"]),
        (0, &true.into(), &"5.0 (Build: 20250414)".into())
    );
    assert_eq!(report["plugins"][1]["verdict"], "unsaid", "{copied}");
    let planned = env.run(&["plan"]);
    assert!(planned.code == 0 && planned.stdout.contains("next will be locked"), "{planned}");
}

#[test]
fn names_that_are_wrong_are_told() {
    let env = fleet(false);
    let copy = |from: &str, to: &str, moodle: &str| {
        told(&env, &env.run(&["codebase", "copy", from, to, "--moodle", moodle]))
    };
    insta::assert_snapshot!("copy_existing_name", copy("main", "main", "next"));
    insta::assert_snapshot!("copy_unknown_name", copy("mian", "next", "next"));
    insta::assert_snapshot!("copy_wrong_version", copy("main", "next", "4.5.x"));
    insta::assert_snapshot!("copy_unknown_version", copy("main", "next", "9.9"));
    assert!(!env.fleet().contains("next"), "nothing was written");
}

#[test]
fn patches_that_do_not_apply_are_told() {
    let env = fleet(false);
    std::fs::write(
        env.path("p/lang.patch"),
        "--- a/index.php\n+++ b/index.php\n@@ -1,1 +1,1 @@\n-nothing\n+ours\n",
    )
    .unwrap();
    insta::assert_snapshot!("copy_patches", told(&env, &run(&env, &[])));
}

#[test]
fn a_file_that_changed_underneath_is_left_alone() {
    let env = fleet(false);
    // Somebody saves the file while git is asked for the Moodle.
    let bin = env.path("bin");
    std::fs::create_dir(&bin).unwrap();
    let file = env.path("fleet.toml");
    let text = format!("#!/bin/sh\necho '# mine' >> {}\nexec /usr/bin/git \"$@\"\n", file.display());
    std::fs::write(bin.join("git"), text).unwrap();
    std::fs::set_permissions(bin.join("git"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let output = env.command(&COPY).env("PATH", format!("{}:/usr/bin:/bin", bin.display())).output().unwrap();
    let output = Output {
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code().unwrap(),
    };
    insta::assert_snapshot!("copy_changed_underneath", told(&env, &output));
    assert!(env.fleet().ends_with("# mine\n") && !env.fleet().contains("codebase.next"));
}

#[test]
fn one_edit_waits_for_another() {
    let env = fleet(false);
    let other = std::fs::File::open(env.path("fleet.toml")).unwrap();
    other.lock().unwrap();
    let mut waiting = env.spawn(&COPY);
    while !env.background().contains("waiting for another edit of fleet.toml") {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    // The other one ends as an edit does: with another file in its place.
    let text = env.fleet() + "# theirs\n";
    std::fs::write(env.path("new.toml"), text).unwrap();
    std::fs::rename(env.path("new.toml"), env.path("fleet.toml")).unwrap();
    drop(other);
    assert_eq!(waiting.wait(), Some(0), "{}", env.background());
    assert!(env.fleet().contains("[codebase.next]") && env.fleet().ends_with("# theirs\n"));
}

#[test]
fn an_edit_is_committed_alone_and_by_the_user() {
    let env = fleet(false);
    in_git(&env);
    std::fs::write(env.path("staged"), "mine").unwrap();
    let directory = env.path("");
    git(&directory, &["add", "-f", "staged"]).unwrap();
    insta::assert_snapshot!("copy_committed", told(&env, &run(&env, &["--commit"])));
    let log = git(&directory, &["log", "-1", "--format=%an <%ae>%n%B", "--name-only"]).unwrap();
    insta::assert_snapshot!("copy_commit", log);
    let left = git(&directory, &["status", "--porcelain"]).unwrap();
    assert_eq!(left, "A  staged", "the file is clean, and what was staged still is");
}

#[test]
fn a_commit_of_more_than_the_edit_is_refused() {
    let env = fleet(false);
    let no_repository = run(&env, &["--commit"]);
    in_git(&env);
    let before = env.fleet();
    env.write_fleet(&(before.clone() + "# mine\n"));
    let unstaged = run(&env, &["--commit"]);
    git(&env.path(""), &["add", "fleet.toml"]).unwrap();
    let staged = run(&env, &["--commit"]);
    assert_eq!(staged.to_string(), unstaged.to_string());
    assert_eq!(env.fleet(), before.clone() + "# mine\n", "nothing was written");
    git(&env.path(""), &["rm", "-q", "--cached", "fleet.toml"]).unwrap();
    let untracked = run(&env, &["--commit"]);
    git(&env.path(""), &["reset", "-q", "--hard"]).unwrap();
    std::fs::remove_file(env.path("home/.gitconfig")).unwrap();
    let nobody = run(&env, &["--commit"]);
    assert!(nobody.stderr.contains("git does not know who you are") && nobody.code == 4, "{nobody}");
    assert_eq!(env.fleet(), before, "nothing was written");
    insta::assert_snapshot!(
        "copy_refused",
        told(&env, &no_repository) + &told(&env, &unstaged) + &told(&env, &untracked)
    );
}

#[test]
fn what_is_blocked_is_not_committed_and_a_hook_is_heard() {
    let env = fleet(true);
    in_git(&env);
    let before = env.fleet();
    insta::assert_snapshot!("copy_blocked_commit", told(&env, &run(&env, &["--commit"])));
    assert_eq!(env.fleet(), before);
    env.write_fleet(
        &before
            .lines()
            .filter(|line| !line.contains("mod_gone") && !line.contains("local_new"))
            .map(|line| line.to_owned() + "\n")
            .collect::<String>(),
    );
    commit(&env.path(""), "less");
    let hook = env.path(".git/hooks/pre-commit");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, "#!/bin/sh\necho 'not on a Friday' >&2\nexit 1\n").unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    insta::assert_snapshot!("copy_hook", told(&env, &run(&env, &["--commit"])));
    assert!(env.fleet().contains("[codebase.next]"));
}
