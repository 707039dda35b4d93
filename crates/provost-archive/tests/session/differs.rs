//! A copy that changed in the quarantine keeps its original, and the course can be given up then.

use jiff::Timestamp;
use provost_archive::ends::scripted::Script;
use provost_archive::session::RunEnd;
use provost_engine::registry::{Command, Phase, Place, Selection, SessionOrder, State};
use tokio_util::sync::CancellationToken;

use super::{Bench, LONGEST};

#[tokio::test(flavor = "multi_thread")]
async fn a_course_whose_copy_differs_before_the_deletion_can_be_given_up() {
    let bench = Bench::new(Script::calm(), Phase::Delete).await;
    let run = async || {
        let running = bench.runner(&CancellationToken::new()).run();
        tokio::time::timeout(LONGEST, running).await.unwrap().unwrap()
    };
    assert!(matches!(run().await, RunEnd::Waiting(_)), "deletions wait for an approval");
    let (registry, session) = (&*bench.registry, bench.session);
    bench.world.spoil_copies().unwrap();
    let all = Selection::Units(vec![0, 1]);
    registry.command(session, &all, &Command::Approve, "ada", Timestamp::now()).await.unwrap();
    assert_eq!(run().await, RunEnd::Failed);
    let place = async |unit| registry.unit(session, unit).await.unwrap().unwrap().place;
    for unit in [0, 1] {
        assert_eq!(place(unit).await, Place { phase: Phase::Delete, state: State::Parked });
    }
    assert!(bench.world.courses("source").unwrap().iter().all(|(_, course)| !course.visible));

    registry.order(session, SessionOrder::Cancel).await.unwrap();
    let cancelled = registry.command(session, &all, &Command::Cancel, "ada", Timestamp::now()).await.unwrap();
    assert_eq!(cancelled, 2);
    assert_eq!(run().await, RunEnd::Cancelled);
    for unit in [0, 1] {
        assert_eq!(place(unit).await.state, State::Undone);
    }
    let source = bench.world.courses("source").unwrap();
    assert!(source.len() == 2 && source.iter().all(|(_, course)| course.visible), "{source:?}");
    assert_eq!(bench.world.courses("target").unwrap(), Vec::new());
}
