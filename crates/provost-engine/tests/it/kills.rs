//! `script/campaign registry-kills`, with a small fixed count.

use std::process::Command;

#[path = "../../examples/registry_kills/campaign.rs"]
mod campaign;

/// Tells a process of this test that it is a worker, with which arguments.
const WORKER: &str = "PROVOST_TEST_REGISTRY_WORKER";

fn killed(database: campaign::Kind) {
    let directory = tempfile::Builder::new().prefix("pvk").tempdir_in("/tmp").unwrap();
    let campaign = campaign::Campaign {
        database,
        work: directory.path().to_owned(),
        seed: 5,
        count: 12,
        worker: Box::new(|arguments| {
            let mut worker = Command::new(std::env::current_exe().unwrap());
            worker.args(["--exact", "kills::a_worker_of_the_campaign", "--nocapture"]);
            worker.env(WORKER, arguments.join("\n"));
            worker
        }),
        tell: |line| println!("{line}"),
    };
    let outcome = campaign.run().unwrap();
    println!("{}", outcome.json);
    assert!(outcome.findings.is_empty(), "{:#?}", outcome.findings);
    assert!(outcome.json["kills"].as_u64() >= Some(12), "{}", outcome.json);
}

#[test]
fn killed_workers_lose_nothing_on_sqlite() {
    killed(campaign::Kind::Sqlite);
}

#[test]
fn killed_workers_lose_nothing_on_postgresql() {
    killed(campaign::Kind::Postgresql);
}

/// No test: what the two above start and kill.
#[test]
fn a_worker_of_the_campaign() {
    let Ok(arguments) = std::env::var(WORKER) else { return };
    let arguments: Vec<String> = arguments.lines().map(str::to_owned).collect();
    campaign::work(&arguments).unwrap();
}
