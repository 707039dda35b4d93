//! Sessions as a whole.

use provost_engine::registry::{NewSession, RegistryError, SessionOrder, SessionState};

use super::contract;
use crate::stage::{Stage, at, claim, new_unit, session_of};

contract!(
    a_session_is_drafted_then_run,
    a_draft_that_was_cut_off_is_gone_over_again,
    a_session_is_paused_stopped_and_ended,
    orders_have_versions,
    sessions_are_listed,
    the_clock_is_near,
    what_was_written_is_there_after_opening_again,
);

fn new(name: &str) -> NewSession {
    NewSession {
        name: name.to_owned(),
        actor: "tester".to_owned(),
        declared: serde_json::json!({ "from": "hugo" }),
        orders: serde_json::json!({}),
    }
}

async fn a_session_is_drafted_then_run(stage: &Stage) {
    let registry = &*stage.registry;
    let id = registry.draft(&new("yearly"), at(0)).await.unwrap();
    registry.add(id, &[new_unit(0)]).await.unwrap();
    assert!(claim(registry, id, "w", 1).await.is_none(), "a draft gives out none");
    assert_eq!(registry.order(id, SessionOrder::Run).await.unwrap(), SessionState::Running);
    let late = registry.add(id, &[new_unit(1)]).await;
    assert!(matches!(late, Err(RegistryError::Begun(_))), "{late:?}");
    assert!(claim(registry, id, "w", 1).await.is_some());
    let session = registry.session(id).await.unwrap().unwrap();
    assert_eq!(
        (session.name.as_str(), session.actor.as_str(), session.created_at),
        ("yearly", "tester", at(0))
    );
    assert_eq!((session.declared["from"].as_str(), session.state), (Some("hugo"), SessionState::Running));
}

async fn a_draft_that_was_cut_off_is_gone_over_again(stage: &Stage) {
    let registry = &*stage.registry;
    let id = registry.draft(&new("yearly"), at(0)).await.unwrap();
    let units: Vec<_> = (0..450).map(new_unit).collect();
    registry.add(id, &units[..300]).await.unwrap();
    registry.add(id, &units).await.unwrap();
    let totals = registry.totals(id).await.unwrap();
    assert_eq!((totals.units(), totals.bytes(|_| true)), (450, 45_000));
}

async fn a_session_is_paused_stopped_and_ended(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 1).await;
    for (order, given) in [
        (SessionOrder::Pause, false),
        (SessionOrder::Stop, false),
        (SessionOrder::End { failed: false }, false),
        (SessionOrder::Run, true),
    ] {
        registry.order(id, order).await.unwrap();
        assert_eq!(claim(registry, id, "w", 1).await.is_some(), given, "{order:?}");
    }
    registry.order(id, SessionOrder::Cancel).await.unwrap();
    let refused = registry.order(id, SessionOrder::Pause).await;
    assert!(matches!(refused, Err(RegistryError::Order { .. })), "{refused:?}");
}

async fn orders_have_versions(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 1).await;
    let held = claim(registry, id, "w", 1).await.unwrap().held;
    let orders = |workers| serde_json::json!({ "workers": workers });
    assert_eq!(registry.set_orders(id, &orders(7), 0).await.unwrap(), Some(1));
    assert_eq!(registry.set_orders(id, &orders(8), 0).await.unwrap(), None, "somebody else was faster");
    registry.order(id, SessionOrder::Stop).await.unwrap();
    let beat = registry.beat(&held, at(9)).await.unwrap();
    assert_eq!((beat.orders_version, beat.session), (1, SessionState::Stopping));
    let session = registry.session(id).await.unwrap().unwrap();
    assert_eq!((session.orders["workers"].as_i64(), session.orders_version), (Some(7), 1));
}

async fn sessions_are_listed(stage: &Stage) {
    let registry = &*stage.registry;
    let first = registry.draft(&new("a"), at(0)).await.unwrap();
    let second = registry.draft(&new("b"), at(1)).await.unwrap();
    let third = registry.draft(&new("a"), at(2)).await.unwrap();
    let ids = |found: Vec<provost_engine::registry::Session>| {
        found.into_iter().map(|one| one.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(registry.sessions(None, 10).await.unwrap()), [third, second, first]);
    assert_eq!(ids(registry.sessions(Some("a"), 10).await.unwrap()), [third, first]);
    assert_eq!(ids(registry.sessions(Some("a"), 1).await.unwrap()), [third]);
    let nowhere = provost_engine::store::OperationId(999);
    assert!(registry.session(nowhere).await.unwrap().is_none());
    assert!(matches!(registry.order(nowhere, SessionOrder::Run).await, Err(RegistryError::NoSession(_))));
}

async fn the_clock_is_near(stage: &Stage) {
    let apart = stage.registry.clock().await.unwrap().duration_since(jiff::Timestamp::now());
    assert!(apart.abs().as_secs() < 60, "{apart}");
}

async fn what_was_written_is_there_after_opening_again(stage: &Stage) {
    let id = session_of(&*stage.registry, 3).await;
    claim(&*stage.registry, id, "w", 1).await.unwrap();
    let again = stage.database.open().await;
    assert_eq!(again.totals(id).await.unwrap(), stage.registry.totals(id).await.unwrap());
    assert!(claim(&*again, id, "v", 1).await.is_some());
}
