use camino::Utf8PathBuf;

use super::*;
use crate::testing::{Place, git as run_git};

#[test]
fn records_are_read() {
    let id = "9d4fbf58ab52abdc8ed1e4586787597228cf00dd";
    let lines = parse(format!("{id}\05\0MDL-1\0\0\n{id}\0-6\0x\0a\n\nb\n\0\n").as_bytes()).unwrap();
    assert_eq!(lines.len(), 2);
    assert_eq!((lines[1].committed, lines[1].body.as_str()), (-6, "a\n\nb"));
    assert_eq!(parse(b"").unwrap(), []);
    assert_eq!(parse(b"x"), None);
}

proptest::proptest! {
    #[test]
    fn no_bytes_break_the_reader(bytes: Vec<u8>) {
        drop(parse(&bytes));
    }
}

fn subjects(log: &Log) -> String {
    log.lines.iter().map(|line| line.subject.as_str()).collect::<Vec<_>>().join(" ")
}

/// A history of numbered commits, in which a branch begun before the third one is merged after it.
fn history(place: &Place, length: usize) -> (crate::testing::Repository, Vec<ObjectId>) {
    let origin = place.repository("plugin", &[("n", "0")]);
    let mut all = vec![origin.head()];
    for n in 1..length {
        if n == 2 {
            origin.git(&["branch", "side"]);
        }
        origin.commit(&[("n", &n.to_string())]);
        origin.git(&["commit", "--quiet", "--amend", "--message", &format!("c{n}\n\nWhy {n}")]);
        if n == 4 {
            let tree = origin.git(&["rev-parse", "side^{tree}"]);
            let side = origin.git(&["commit-tree", "-p", "side", "-m", "s", &tree]);
            origin.git(&["merge", "--quiet", "--strategy=ours", "--message=m4", &side]);
        }
        all.push(origin.head());
    }
    (origin, all)
}

#[tokio::test]
async fn a_whole_history_answers_at_once() {
    let place = Place::new();
    let (origin, all) = history(&place, 8);
    let git = Git::find(&place.cx).await.unwrap();
    let source = Source::parse(origin.path.as_str()).unwrap();
    let log = git.log(&source, all[2], all[6], 50).await.unwrap();
    assert_eq!((subjects(&log).as_str(), log.more, log.complete), ("c6 c5 m4 c4 s c3", false, true));
    assert_eq!(log.lines[0].body, "Why 6");
    assert_eq!(log.lines[0].id, all[6]);
    let log = git.log(&source, all[2], all[6], 2).await.unwrap();
    assert_eq!((subjects(&log).as_str(), log.more), ("c6 c5", true));
    // Back to an older one: it has nothing that the newer lacks.
    let log = git.log(&source, all[6], all[2], 2).await.unwrap();
    assert_eq!((log.lines.len(), log.complete), (0, true));
    assert_eq!(git.log(&source, all[1], all[1], 2).await.unwrap().lines, []);
    assert_eq!(git.log(&Source::Imported, all[1], all[2], 2).await.unwrap(), Log::default());
}

#[tokio::test]
async fn a_cut_history_is_made_as_long_as_it_must_be() {
    let place = Place::new();
    let (origin, all) = history(&place, 70);
    let git = Git::find(&place.cx).await.unwrap();
    let source = Source::parse(&origin.url()).unwrap();
    git.fetch(&source, all[3], None).await.unwrap();
    let log = git.log(&source, all[60], all[69], 50).await.unwrap();
    assert_eq!((log.lines.len(), log.complete), (9, true));
    let cache = git.repository(&source);
    let length: usize = run_git(&cache, &["rev-list", "--count", &all[69].to_string()]).parse().unwrap();
    assert!((10..=all.len()).contains(&length), "{length}: and not much longer");
    // Beyond that, with a branch that was begun before the first of the two.
    let log = git.log(&source, all[2], all[69], 200).await.unwrap();
    assert_eq!((log.lines.len(), log.complete), (69, true));
    assert_eq!(log.lines.iter().filter(|line| line.subject == "s").count(), 1);
    // What was there before still is, and nothing is in the way of the next fetch.
    git.fetch(&source, all[40], None).await.unwrap();
    std::fs::remove_dir_all(&origin.path).unwrap();
    assert_eq!(git.log(&source, all[2], all[69], 200).await.unwrap().lines.len(), 69);
    git.list(&source, all[3]).await.unwrap();
}

#[tokio::test]
async fn without_a_network_it_says_that_the_history_cannot_be_had() {
    let place = Place::new();
    let (origin, all) = history(&place, 8);
    let git = Git::find(&place.cx).await.unwrap();
    let near = Source::parse(&origin.url()).unwrap();
    git.fetch(&near, all[3], None).await.unwrap();
    git.fetch(&near, all[6], None).await.unwrap();
    let far = Source::parse(&format!("{}/plugin", crate::testing::NO_NETWORK)).unwrap();
    std::fs::create_dir_all(git.repository(&far).parent().unwrap()).unwrap();
    std::fs::rename(git.repository(&near), git.repository(&far)).unwrap();
    let error = git.log(&far, all[3], all[6], 9).await.unwrap_err();
    insta::assert_snapshot!(crate::testing::chain(&place, &error), @"cannot reach 127.0.0.1:1 (failed to connect), and the git cache does not have the history of 127.0.0.1:1/plugin");

    // A clone of somebody's is not written to: what is there is shown, and that it is not all.
    let path = place.root.join("shallow");
    run_git(&place.root, &["clone", "--quiet", "--depth=2", &origin.url(), path.as_str()]);
    let log = git.log(&Source::parse(path.as_str()).unwrap(), all[6], all[7], 9).await.unwrap();
    assert_eq!((subjects(&log).as_str(), log.complete), ("c7", true));
}

/// A real history of over 100,000 commits.
#[tokio::test]
async fn a_long_history_costs_what_is_asked_of_it() {
    let named = std::env::var("PROVOST_TEST_HISTORY").ok().map(Utf8PathBuf::from);
    let path = named.or_else(|| Some(crate::testing::real_cache()?.parent()?.join("history.git")));
    let Some(path) = path.filter(|path| path.join("HEAD").exists()) else {
        eprintln!("skipped: no long history at hand (PROVOST_TEST_HISTORY)");
        return;
    };
    let place = Place::new();
    let git = Git::find(&place.cx).await.unwrap();
    let source = Source::parse(path.as_str()).unwrap();
    let (near, far): (ObjectId, ObjectId) = (
        run_git(&path, &["rev-parse", "HEAD~200"]).parse().unwrap(),
        run_git(&path, &["rev-list", "--max-count=1", "--skip=90000", "HEAD"]).parse().unwrap(),
    );
    let head: ObjectId = git.refs(&source).await.unwrap().default_branch().unwrap().1.parse().unwrap();
    let mut took = Vec::new();
    for (from, limit) in [(near, 20), (near, 20), (near, MOST), (far, 20)] {
        let begin = Instant::now();
        git.fetch(&source, head, None).await.unwrap();
        let log = git.log(&source, from, head, limit).await.unwrap();
        took.push(begin.elapsed());
        assert!(log.complete && log.lines.len() <= limit && (log.more || limit == MOST));
    }
    let begin = Instant::now();
    assert!(git.list(&source, head).await.unwrap().len() > 10_000);
    let listed = begin.elapsed();
    eprintln!(
        "log of a near commit {:?} {:?}, all of it {:?}, of 90,000 commits {:?}; list {listed:?}",
        took[0], took[1], took[2], took[3]
    );
    assert!(took[1] < Duration::from_secs(5), "{took:?}");
}
