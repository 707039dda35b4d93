//! `script/campaign archive-chaos`, with a small fixed count.

#[path = "../examples/archive_chaos/campaign.rs"]
mod campaign;
#[path = "../examples/archive_chaos/judge.rs"]
mod judge;
#[path = "../examples/archive_chaos/scene.rs"]
mod scene;
#[path = "../examples/archive_chaos/worker.rs"]
mod worker;

use camino::Utf8PathBuf;

/// How the worker learns its scene.
const SCENE: &str = "PROVOST_CHAOS_SCENE";

#[test]
#[ignore = "it is what the campaign starts, and kills"]
fn work() {
    let scene = std::env::var(SCENE).unwrap();
    worker::work(&serde_json::from_str(&scene).unwrap()).unwrap();
}

#[test]
fn workers_that_are_killed_lose_and_double_nothing() {
    // In memory where there is such a place: the registry syncs after each phase.
    let memory = std::path::Path::new("/dev/shm");
    let above = if memory.is_dir() { memory } else { std::path::Path::new("/tmp") };
    let directory = tempfile::Builder::new().prefix("pvc").tempdir_in(above).unwrap();
    let root = Utf8PathBuf::from_path_buf(directory.path().to_owned()).unwrap();
    let program = std::env::current_exe().unwrap().display().to_string();
    let worker = move |scene: String| {
        let variable = format!("{SCENE}={scene}");
        let own = [program.clone(), "work".to_owned(), "--exact".to_owned(), "--ignored".to_owned()];
        ("/usr/bin/env".to_owned(), [variable].into_iter().chain(own).collect())
    };
    let campaign = campaign::Campaign {
        scene: scene::Scene { root, seed: 5, place: scene::Place::Sqlite },
        courses: 150,
        kills: 25,
        worker: Box::new(worker),
        tell: |line| println!("{line}"),
    };
    let outcome = campaign.run().unwrap();
    println!("{}", outcome.json);
    assert!(outcome.findings.is_empty(), "{:#?}", outcome.findings);
}
