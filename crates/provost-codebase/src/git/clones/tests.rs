use super::*;
use crate::git::Presence;
use crate::testing::{NO_NETWORK, Place, Repository, chain, git as run_git};

async fn found(place: &Place) -> Git {
    Git::find(&place.cx).await.unwrap()
}

fn origin(place: &Place) -> Repository {
    let origin = place.repository("origin", &[("a", "one"), ("d/e/f", "deep"), ("old", "gone")]);
    origin.git(&["rm", "--quiet", "old"]);
    origin.commit(&[("a", "two")]);
    origin.git(&["config", "uploadpack.allowFilter", "true"]);
    origin
}

fn clone(place: &Place, how: &[&str], from: &Repository) -> (Source, Utf8PathBuf) {
    let path = place.root.join("clone");
    run_git(&place.root, &[&["clone", "--quiet"], how, &[&from.url(), path.as_str()]].concat());
    (Source::parse(path.as_str()).unwrap(), path)
}

/// All contents of a commit, through the same door as a build.
async fn contents(git: &Git, source: &Source, commit: ObjectId) -> Vec<String> {
    let listing = git.list(source, commit).await.unwrap();
    let mut objects = git.objects(source).await.unwrap();
    let mut all = Vec::new();
    for entry in listing.iter() {
        let path = String::from_utf8_lossy(entry.path).into_owned();
        let content = objects.file(commit, &path).await.unwrap().expect(&path);
        all.push(format!("{path} {}", String::from_utf8_lossy(&content)));
    }
    all
}

#[tokio::test]
async fn what_a_partial_clone_lacks_is_read_from_its_origins_cache() {
    for filter in ["--filter=blob:none", "--filter=tree:0"] {
        let place = Place::new();
        let origin = origin(&place);
        let git = found(&place).await;
        let (source, path) = clone(&place, &["--no-checkout", filter], &origin);
        git.fetch(&source, origin.head(), None).await.unwrap();
        assert_eq!(contents(&git, &source, origin.head()).await, ["a two", "d/e/f deep"], "{filter}");
        let told = place.told();
        assert!(
            told.starts_with("ROOT/clone is a partial clone: what it lacks is taken from file/"),
            "{told}"
        );
        // The clone itself was left alone.
        let left = run_git(&path, &["rev-list", "--objects", "--missing=print", "--max-count=1", "HEAD"]);
        assert!(left.contains('?'), "{left}");
        // A patch finds it too.
        let listing = git.list(&source, origin.head()).await.unwrap();
        let patch = "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-two\n\\ No newline at end of file\n+three\n";
        let patch = crate::patch::Patch::new("p", patch.as_bytes().to_vec());
        crate::patch::apply(&git, &listing, std::slice::from_ref(&source), &[patch]).await.unwrap();
    }
}

#[tokio::test]
async fn a_partial_clone_that_cannot_be_completed_says_what_to_do() {
    let place = Place::new();
    let origin = origin(&place);
    let (source, path) = clone(&place, &["--no-checkout", "--filter=blob:none"], &origin);
    run_git(&path, &["config", "remote.origin.url", &format!("{NO_NETWORK}/plugin")]);
    let git = found(&place).await;
    let error = git.fetch(&source, origin.head(), None).await.unwrap_err();
    let short = origin.head().to_string();
    let text = chain(&place, &error).replace(&short, "COMMIT").replace(&short[..10], "COMMIT");
    insta::assert_snapshot!(text, @"ROOT/clone is a partial clone, which lacks 2 objects of COMMIT; these could not be had: cannot reach 127.0.0.1:1 (failed to connect), and the git cache does not have 127.0.0.1:1/plugin at COMMIT");
    insta::assert_snapshot!(error.hint().unwrap().replace(place.root.as_str(), "ROOT"), @"make it a whole one: git -C ROOT/clone fetch --refetch --no-filter origin");
    // The hint is right.
    run_git(&path, &["config", "remote.origin.url", &origin.url()]);
    run_git(&path, &["fetch", "--quiet", "--refetch", "--no-filter", "origin"]);
    std::fs::remove_dir_all(origin.path.join(".git/objects")).unwrap();
    let commit = short.parse().unwrap();
    found(&place).await.fetch(&source, commit, None).await.unwrap();
    assert_eq!(contents(&git, &source, commit).await.len(), 2);
}

#[tokio::test]
async fn a_partial_clone_in_the_cache_gets_what_it_lacks() {
    for filter in ["--filter=blob:none", "--filter=tree:0"] {
        let place = Place::new();
        let origin = origin(&place);
        let git = found(&place).await;
        let source = Source::parse(&origin.url()).unwrap();
        let cache = git.repository(&source);
        std::fs::create_dir_all(cache.parent().unwrap()).unwrap();
        run_git(&place.root, &["clone", "--quiet", "--mirror", filter, &origin.url(), cache.as_str()]);
        git.fetch(&source, origin.head(), None).await.unwrap();
        assert_eq!(contents(&git, &source, origin.head()).await, ["a two", "d/e/f deep"], "{filter}");
        assert!(!cache.join("shallow").exists(), "its history is kept");
        // What no commit of ours needs was not fetched.
        let old = origin.git(&["rev-parse", "HEAD^:old"]);
        assert!(
            !git.missing(&cache, origin.git(&["rev-parse", "HEAD^"]).parse().unwrap())
                .await
                .unwrap()
                .is_empty(),
            "{old}"
        );
        std::fs::remove_dir_all(&origin.path).unwrap();
        let commit = run_git(&cache, &["rev-parse", "HEAD"]).parse().unwrap();
        found(&place).await.fetch(&source, commit, None).await.unwrap();
    }
}

#[tokio::test]
async fn a_shallow_clone_gives_what_it_has() {
    let place = Place::new();
    let origin = origin(&place);
    let (source, _) = clone(&place, &["--depth=1"], &origin);
    let git = found(&place).await;
    git.fetch(&source, origin.head(), None).await.unwrap();
    assert_eq!(contents(&git, &source, origin.head()).await.len(), 2);
    let old = origin.git(&["rev-parse", "HEAD^"]).parse().unwrap();
    let error = git.fetch(&source, old, None).await.unwrap_err();
    insta::assert_snapshot!(chain(&place, &error).replace(&old.to_string(), "COMMIT"), @"ROOT/clone is a shallow clone, and does not have the commit COMMIT");
    insta::assert_snapshot!(error.hint().unwrap().replace(place.root.as_str(), "ROOT"), @"get the rest of it: git -C ROOT/clone fetch --unshallow --tags");
}

#[tokio::test]
async fn a_second_work_tree_is_a_source_too() {
    let place = Place::new();
    let origin = origin(&place);
    let path = place.root.join("second");
    origin.git(&["worktree", "add", "--quiet", "--detach", path.as_str()]);
    let git = found(&place).await;
    let source = Source::parse(path.as_str()).unwrap();
    assert_eq!(git.refs(&source).await.unwrap().branches["main"], origin.head().to_string());
    git.fetch(&source, origin.head(), None).await.unwrap();
    assert_eq!(git.has(&path, origin.head()).await.unwrap(), Presence::Whole);
    assert_eq!(contents(&git, &source, origin.head()).await.len(), 2);
    assert!(!git.is_partial(&source).await.unwrap());
}
