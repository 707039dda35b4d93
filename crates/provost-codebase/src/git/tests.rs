use super::*;
use crate::testing::{NO_NETWORK, Place, chain, git};

async fn found(place: &Place) -> Git {
    Git::find(&place.cx).await.unwrap()
}

/// A full mirror of a repository at the cache's place of a URL that nobody answers.
fn mirrored(place: &Place, name: &str, files: &[(&str, &str)]) -> (Source, ObjectId) {
    let origin = place.repository(name, files);
    origin.git(&["tag", "-a", "-m", "one", "v1"]);
    let source = Source::parse(&format!("{NO_NETWORK}/{name}.git")).unwrap();
    let mirror = source.repository(&place.cx.paths.git_cache());
    std::fs::create_dir_all(mirror.parent().unwrap()).unwrap();
    git(
        &place.root,
        &["clone", "--quiet", "--mirror", "--no-hardlinks", origin.path.as_str(), mirror.as_str()],
    );
    (source, origin.head())
}

#[test]
fn versions_are_read() {
    assert_eq!(version("git version 2.47.3\n"), Some((2, 47)));
    assert_eq!(version("git version 2.39.5 (Apple Git-154)"), Some((2, 39)));
    assert_eq!(version("git version 3.0"), Some((3, 0)));
    assert_eq!(version("not git"), None);
}

#[tokio::test]
async fn no_git_is_said() {
    let mut place = Place::new();
    place.cx.machine = std::sync::Arc::new(provost_engine::context::Machine::default());
    let error = Git::find(&place.cx).await.err().unwrap();
    assert_eq!(error.to_string(), "git is not installed");
    assert!(error.hint().unwrap().contains("apt-get install git"));
}

#[tokio::test]
async fn a_commit_is_fetched_once_at_depth_one_and_pinned() {
    let place = Place::new();
    let origin = place.repository("plugin", &[("a", "one")]);
    let old = origin.head();
    let new = origin.commit(&[("a", "two")]);
    let git = found(&place).await;
    let source = Source::parse(&origin.url()).unwrap();
    let refs = git.refs(&source).await.unwrap();
    assert_eq!(refs.default_branch(), Some(("main", new.to_string().as_str())));
    git.fetch(&source, new, Some("refs/heads/main")).await.unwrap();
    let cache = git.repository(&source);
    assert_eq!(crate::testing::git(&cache, &["rev-list", "--count", &new.to_string()]), "1");
    assert_eq!(crate::testing::git(&cache, &["rev-parse", &format!("refs/provost/{new}")]), new.to_string());
    assert_eq!(git.has(&cache, old).await.unwrap(), Presence::Absent);
    assert_eq!(
        place.told(),
        format!("downloading {source} at {}", &new.to_string()[..10]).replace(place.root.as_str(), "ROOT")
    );

    // With the origin gone, what is there is enough.
    std::fs::remove_dir_all(&origin.path).unwrap();
    git.fetch(&source, new, None).await.unwrap();
    assert_eq!(place.told(), "");
    assert_eq!(git.list(&source, new).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_server_that_gives_no_bare_commits_is_asked_by_name() {
    // Protocol 0 is how servers that refuse do so; the commit is not the tip of anything.
    let place = Place::with_environment(&[
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "protocol.version"),
        ("GIT_CONFIG_VALUE_0", "0"),
    ]);
    let origin = place.repository("plugin", &[("a", "one")]);
    let old = origin.head();
    origin.commit(&[("a", "two")]);
    let git = found(&place).await;
    let source = Source::parse(&origin.url()).unwrap();
    let error = git.fetch(&source, old, None).await.unwrap_err();
    assert_eq!(
        chain(&place, &error),
        format!("file{} does not have the commit {old}", source.to_string().trim_start_matches("file"))
            .replace(place.root.as_str(), "ROOT")
    );
    git.fetch(&source, old, Some("refs/heads/main")).await.unwrap();
    assert_eq!(git.has(&git.repository(&source), old).await.unwrap(), Presence::Whole);
}

#[tokio::test]
async fn without_a_network_a_mirror_answers_and_one_note_says_so() {
    let place = Place::new();
    let (source, head) = mirrored(&place, "plugin", &[("a", "one")]);
    let git = found(&place).await;
    let refs = git.refs(&source).await.unwrap();
    assert_eq!(refs.tags["v1"], head.to_string());
    assert_eq!(refs.default_branch().unwrap().0, "main");
    git.refs(&source).await.unwrap();
    git.fetch(&source, head, Some("refs/heads/main")).await.unwrap();
    insta::assert_snapshot!(place.told(), @"no network: 127.0.0.1:1 is not reached; its references are taken from the cache");
}

#[tokio::test]
async fn without_a_network_the_last_answer_is_remembered() {
    let place = Place::new();
    let origin = place.repository("plugin", &[("a", "one")]);
    let git = found(&place).await;
    let near = Source::parse(&origin.url()).unwrap();
    git.refs(&near).await.unwrap();
    // The same cache, under a URL that nobody answers.
    let far = Source::parse(&format!("{NO_NETWORK}/plugin")).unwrap();
    std::fs::create_dir_all(git.repository(&far).parent().unwrap()).unwrap();
    std::fs::rename(git.repository(&near), git.repository(&far)).unwrap();
    // Its answer is three days old, and so is all that could be newer.
    let then = std::time::SystemTime::now() - std::time::Duration::from_hours(72);
    for file in ["FETCH_HEAD", "packed-refs", "HEAD", "provost-references"] {
        if let Ok(file) = std::fs::File::open(git.repository(&far).join(file)) {
            file.set_modified(then).unwrap();
        }
    }
    let refs = git.refs(&far).await.unwrap();
    assert_eq!(refs.branches["main"], origin.head().to_string());
    insta::assert_snapshot!(place.told(), @"
    no network: 127.0.0.1:1 is not reached; its references are taken from the cache
    the references of 127.0.0.1:1/plugin were fetched 3 days ago
    ");
    let error = git.fetch(&far, origin.head(), None).await.unwrap_err();
    let short = &origin.head().to_string()[..10];
    assert_eq!(
        error.to_string(),
        format!(
            "cannot reach 127.0.0.1:1 (failed to connect), and the git cache does not have 127.0.0.1:1/plugin at {short}"
        )
    );
}

#[tokio::test]
async fn without_network_and_cache_one_line_says_so() {
    let place = Place::new();
    let git = found(&place).await;
    let source = Source::parse(&format!("{NO_NETWORK}/moodle.git")).unwrap();
    let error = git.refs(&source).await.unwrap_err();
    insta::assert_snapshot!(chain(&place, &error), @"cannot reach 127.0.0.1:1 (failed to connect), and the git cache does not have 127.0.0.1:1/moodle");
    assert!(!error.to_string().contains('\n'));
}

#[tokio::test]
async fn a_repository_that_is_not_there_is_refused() {
    let place = Place::new();
    let git = found(&place).await;
    let source = Source::parse(&format!("file://{}/nowhere", place.root)).unwrap();
    let error = git.refs(&source).await.unwrap_err();
    assert!(
        chain(&place, &error).contains("'ROOT/nowhere' does not appear to be a git repository"),
        "{error}"
    );
    let source = Source::parse(&format!("{}/nowhere", place.root)).unwrap();
    let error = git.refs(&source).await.unwrap_err();
    insta::assert_snapshot!(chain(&place, &error), @"`ROOT/nowhere` is not a git repository");
    let source = Source::parse(place.root.as_str()).unwrap();
    let error = git.refs(&source).await.unwrap_err();
    insta::assert_snapshot!(chain(&place, &error), @"`ROOT` is not a git repository");
}

#[tokio::test]
async fn a_local_repository_is_used_as_it_is() {
    let place = Place::new();
    let origin = place.repository("plugin", &[("a", "one"), ("b/c*", "x")]);
    origin.git(&["tag", "light"]);
    let git = found(&place).await;
    let source = Source::parse(origin.path.as_str()).unwrap();
    let refs = git.refs(&source).await.unwrap();
    assert_eq!(refs.tags["light"], origin.head().to_string());
    git.fetch(&source, origin.head(), None).await.unwrap();
    let missing: ObjectId = "1234567890123456789012345678901234567890".parse().unwrap();
    let error = git.fetch(&source, missing, None).await.unwrap_err();
    insta::assert_snapshot!(chain(&place, &error), @"ROOT/repositories/plugin does not have the commit 1234567890123456789012345678901234567890");
    assert!(!place.cx.paths.git_cache().exists(), "a path needs no cache");
}

#[tokio::test]
async fn objects_are_read() {
    let place = Place::new();
    let origin = place.repository("plugin", &[("a b", "one\n"), ("d/c*", "")]);
    let git = found(&place).await;
    let mut objects = git.objects(&Source::parse(origin.path.as_str()).unwrap()).await.unwrap();
    assert_eq!(objects.file(origin.head(), "a b").await.unwrap().unwrap(), b"one\n");
    assert_eq!(objects.file(origin.head(), "d/c").await.unwrap().unwrap(), b"");
    assert_eq!(objects.file(origin.head(), "nothing here").await.unwrap(), None);
    assert_eq!(objects.file(origin.head(), "d").await.unwrap(), None);
    let (id, entries) = objects.tree(origin.head()).await.unwrap();
    assert_eq!(id.to_string(), origin.git(&["rev-parse", "HEAD^{tree}"]));
    assert_eq!(entries.len(), 2);
}

#[tokio::test]
async fn a_submodule_is_refused_where_nothing_fills_it() {
    let place = Place::new();
    let origin = place.repository("plugin", &[("a", "one")]);
    let entry = format!("160000,{},lib/vendor", origin.head());
    origin.git(&["update-index", "--add", "--cacheinfo", &entry]);
    origin.git(&["commit", "--quiet", "--message=submodule"]);
    let git = found(&place).await;
    let error =
        git.list_whole(&Source::parse(origin.path.as_str()).unwrap(), origin.head()).await.unwrap_err();
    insta::assert_snapshot!(chain(&place, &error), @"ROOT/repositories/plugin cannot be used: it has a git submodule at `lib/vendor`, and nothing says what goes there");
}

#[tokio::test]
async fn a_truncated_mirror_is_said_to_be_damaged() {
    let place = Place::new();
    let (source, head) = mirrored(&place, "plugin", &[("a", "one"), ("b/c", "two")]);
    let git = found(&place).await;
    let packs = git.repository(&source).join("objects/pack");
    crate::testing::git(&git.repository(&source), &["repack", "-a", "-d", "--quiet"]);
    let pack = std::fs::read_dir(&packs).unwrap().map(|entry| entry.unwrap().path());
    let pack = pack.into_iter().find(|path| path.extension().is_some_and(|end| end == "pack")).unwrap();
    let bytes = std::fs::read(&pack).unwrap();
    std::fs::remove_file(&pack).unwrap();
    std::fs::write(&pack, &bytes[..bytes.len() / 2]).unwrap();
    let error = git.fetch(&source, head, None).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("the git cache of 127.0.0.1:1/plugin is damaged: object {head} is missing")
    );
    assert!(error.hint().unwrap().starts_with("remove it, and it is fetched again: rm -rf /"));
}

#[tokio::test]
async fn a_repository_of_another_user_is_read() {
    let place = Place::new();
    let origin = place.repository("plugin", &[("a", "one")]);
    if !rustix::process::geteuid().is_root() {
        // Only root can give a directory away; what is left to see is that nothing else is in the way.
        found(&place).await.refs(&Source::parse(origin.path.as_str()).unwrap()).await.unwrap();
        return;
    }
    for entry in [origin.path.clone(), origin.path.join(".git")] {
        std::os::unix::fs::chown(&entry, Some(12345), Some(12345)).unwrap();
    }
    let git = found(&place).await;
    let head = git.refs(&Source::parse(origin.path.as_str()).unwrap()).await.unwrap();
    let far = Source::parse(&origin.url()).unwrap();
    assert_eq!(git.refs(&far).await.unwrap(), head);
    let commit = head.branches["main"].parse().unwrap();
    git.fetch(&far, commit, None).await.unwrap();
}
