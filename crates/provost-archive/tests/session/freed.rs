//! What a worker that is gone has left goes on with whoever works, in the same run.

use std::time::Duration;

use jiff::Timestamp;
use provost_archive::ends::scripted::Script;
use provost_archive::session::{RunEnd, RunError};
use provost_engine::registry::{Command, Phase, Selection, State};
use tokio_util::sync::CancellationToken;

use super::{Bench, LONGEST};

async fn run(bench: &Bench) -> Result<RunEnd, RunError> {
    let running = bench.runner(&CancellationToken::new()).run();
    tokio::time::timeout(LONGEST, running).await.unwrap()
}

/// A deletion is waited for by people, and a run that finds nothing else ends. One that a dead worker held is found only when the run
/// looks for such workers: the run must not end over what it has just found.
#[tokio::test(flavor = "multi_thread")]
async fn deletions_that_a_dead_worker_held_are_done_by_the_run_that_frees_them() {
    let bench = Bench::new(Script::calm(), Phase::Delete).await;
    assert!(matches!(run(&bench).await.unwrap(), RunEnd::Waiting(_)), "deletions wait for an approval");
    let (registry, session) = (&*bench.registry, bench.session);
    let all = Selection::Units(vec![0, 1]);
    registry.command(session, &all, &Command::Approve, "ada", Timestamp::now()).await.unwrap();
    for unit in [0, 1] {
        let taken = bench.taken_elsewhere(unit, Duration::from_millis(1)).await;
        assert_eq!(taken.unit.place.phase, Phase::Delete);
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(run(&bench).await.unwrap(), RunEnd::Done);
    for unit in [0, 1] {
        let unit = registry.unit(session, unit).await.unwrap().unwrap();
        assert_eq!((unit.place.phase, unit.place.state), (Phase::Delete, State::Done));
    }
}
