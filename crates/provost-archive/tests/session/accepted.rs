//! What a person accepts while a session works is known to the process that works on it, and stands in the receipt.

use std::time::Duration;

use jiff::Timestamp;
use provost_archive::ends::scripted::Script;
use provost_archive::receipt::Receipt;
use provost_archive::session::{Orders, RunEnd};
use provost_engine::registry::{Command, Phase, Registry, Selection, SessionId, State, Unit};
use provost_fleet::archive::Accept;
use tokio_util::sync::CancellationToken;

use super::{Bench, LONGEST};

async fn until(registry: &dyn Registry, session: SessionId, state: State) -> Unit {
    let looking = async {
        loop {
            let unit = registry.unit(session, 0).await.unwrap().unwrap();
            if unit.place.state == state {
                return unit;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LONGEST, looking).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_accepted_meanwhile_is_known_without_a_restart_and_stands_in_the_receipt() {
    let bench = Bench::new(Script { damaged: 1000, ..Script::calm() }, Phase::Prove).await;
    let (registry, session) = (&*bench.registry, bench.session);
    // One course comes back different; somebody else holds the other one, so that the session does not end.
    bench.taken_elsewhere(1, Duration::from_hours(1)).await;
    let cancel = CancellationToken::new();
    let working = tokio::spawn(bench.runner(&cancel).run());

    let stopped = until(registry, session, State::Parked).await;
    assert_eq!(stopped.place.phase, Phase::Prove);
    assert!(stopped.error.unwrap_or_default().contains("changed:content"));
    let row = registry.session(session).await.unwrap().unwrap();
    let mut orders = Orders::read(&row.orders).unwrap();
    let name = Accept::of("changed:cont*").unwrap();
    orders.accept([name], "ada", Timestamp::UNIX_EPOCH);
    let set = registry.set_orders(session, &orders.write().unwrap(), row.orders_version).await.unwrap();
    assert_eq!(set, Some(row.orders_version + 1));
    let all = Selection::Units(vec![0]);
    registry.command(session, &all, &Command::Retry, "ada", Timestamp::now()).await.unwrap();
    until(registry, session, State::Done).await;

    let stored = registry.receipt(session, 0).await.unwrap().unwrap();
    let statement = Receipt::from_text(&stored.body).unwrap().read(&bench.public).unwrap();
    let [settled] = statement.accepted.as_slice() else { panic!("{statement:?}") };
    assert_eq!(settled.name, "changed:content");
    assert_eq!(settled.reason, "accepted as `changed:cont*` by ada at 1970-01-01T00:00:00Z");
    cancel.cancel();
    assert_eq!(working.await.unwrap().unwrap(), RunEnd::Interrupted);
}
