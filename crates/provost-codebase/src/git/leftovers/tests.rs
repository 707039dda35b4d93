use std::time::Duration;

use super::*;
use crate::git::{Git, Presence, Source};
use crate::testing::{Place, git as run_git};

#[tokio::test]
async fn what_a_killed_git_left_goes_unless_one_is_at_work() {
    let place = Place::new();
    let git = Git::find(&place.cx).await.unwrap();
    let names =
        ["shallow.lock", "refs/provost/12.lock", "objects/pack/tmp_pack_X", "packed-refs.lock", "HEAD"];
    let left = || {
        let there = |name: &&&str| place.root.join(name).exists();
        names.iter().filter(there).copied().collect::<Vec<_>>().join(" ")
    };
    run_git(&place.root, &["init", "--quiet", "--bare", "."]);
    for name in names {
        fs::create_dir_all(place.root.join(name).parent().unwrap()).unwrap();
        fs::OpenOptions::new().create(true).append(true).open(place.root.join(name)).unwrap();
    }
    let work = |arguments: &[&str]| {
        let mut program = std::process::Command::new("git");
        program.arg("-C").arg(&place.root).args(arguments).stdin(std::process::Stdio::piped());
        let child = program.stdout(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(200));
        child
    };
    let mut writer = work(&["index-pack", "--stdin"]);
    assert!(is_busy(&place.root));
    let waited = tokio::time::timeout(Duration::from_millis(300), git.remove_leftovers(&place.root)).await;
    assert!(waited.is_err());
    assert_eq!(left(), names.join(" "));
    writer.kill().unwrap();
    writer.wait().unwrap();
    let mut reader = work(&["cat-file", "--batch"]);
    git.remove_leftovers(&place.root).await.unwrap();
    assert_eq!(left(), "packed-refs.lock HEAD");
    reader.kill().unwrap();
    reader.wait().unwrap();
}

/// A server that one can wait for: ssh is a script that hands on what git sends in small pieces.
fn slow_server(place: &Place) -> String {
    let script = place.root.join("slow-ssh");
    let text = "#!/bin/sh\nfor last; do :; done\neval \"$last\" | while dd bs=20000 count=1 2>/dev/null | tee \"$0.piece.$$\"; [ -s \"$0.piece.$$\" ]; do sleep 0.02; done\n";
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    script.into_string()
}

#[tokio::test]
async fn a_killed_fetch_leaves_the_old_state_and_no_obstacle() {
    // The place of the script has to be known before the context is made.
    let home = tempfile::tempdir().unwrap();
    let script = camino::Utf8PathBuf::from_path_buf(home.path().join("slow-ssh")).unwrap();
    let place =
        Place::with_environment(&[("GIT_SSH_COMMAND", script.as_str()), ("GIT_SSH_VARIANT", "simple")]);
    fs::rename(slow_server(&place), &script).unwrap();
    let origin = place.repository("plugin", &[("a", "one")]);
    let old = origin.head();
    // This server gives only what has a name.
    origin.git(&["tag", "old"]);
    let git = Git::find(&place.cx).await.unwrap();
    let source = Source::parse(&format!("ssh://slow{}", origin.path)).unwrap();
    git.fetch(&source, old, None).await.unwrap();

    // Noise does not get smaller: half a megabyte in pieces of 20 kB takes half a second.
    let mut noise = vec![0; 500_000];
    std::io::Read::read_exact(&mut std::fs::File::open("/dev/urandom").unwrap(), &mut noise).unwrap();
    fs::write(origin.path.join("noise"), noise).unwrap();
    let new = origin.commit(&[("a", "two")]);
    let cache = git.repository(&source);
    let (mut obstacles, mut killed) = (0, 0);
    for round in 0..20_u64 {
        // From before git has begun to after it has ended, in an order that visits both.
        let moment = Duration::from_millis(20 + (round * 7 % 20) * 45);
        let ended = tokio::time::timeout(moment, git.fetch(&source, new, None)).await;
        obstacles += usize::from(cache.join("shallow.lock").exists());
        if let Ok(ended) = ended {
            ended.unwrap();
            assert_eq!(contents(&git, &source, new).await, (2, 500_003), "after {moment:?}");
            fs::remove_dir_all(&cache).unwrap();
            git.fetch(&source, old, None).await.unwrap();
            continue;
        }
        killed += 1;
        // With all it contains, or not at all.
        if git.has(&cache, new).await.unwrap() == Presence::Whole {
            assert_eq!(contents(&git, &source, new).await, (2, 500_003), "after {moment:?}");
        }
        assert_eq!(contents(&git, &source, old).await, (1, 3), "after {moment:?}");
        git.fetch(&source, old, None).await.unwrap();
    }
    assert!(killed > 5 && obstacles > 3, "{killed} killed, {obstacles} with git's lock held");
    git.fetch(&source, new, None).await.unwrap();
    assert_eq!(git.list(&source, new).await.unwrap().len(), 2);
    run_git(&cache, &["fsck", "--strict"]);
    let pieces = fs::read_dir(cache.join("objects/pack")).unwrap();
    let unfinished =
        pieces.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("tmp_"));
    assert_eq!(unfinished.count(), 0);
}

/// How many files a commit has, and how many bytes.
async fn contents(git: &Git, source: &Source, commit: crate::object::ObjectId) -> (usize, usize) {
    let listing = git.list(source, commit).await.unwrap();
    let mut objects = git.objects(source).await.unwrap();
    let mut bytes = 0;
    for entry in listing.iter() {
        let path = String::from_utf8_lossy(entry.path).into_owned();
        bytes += objects.file(commit, &path).await.unwrap().unwrap().len();
    }
    (listing.len(), bytes)
}
