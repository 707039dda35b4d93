//! What people order while a session runs.

use provost_engine::registry::{Command, Phase, Place, Selection, SessionOrder, State, Wish};

use super::contract;
use crate::stage::{LET_GO, Stage, advance, at, claim, failure, go_on, report, session_of, unit};

contract!(
    what_waits_is_skipped_parked_and_tried_again,
    who_is_parked_for_a_reason_is_told_it,
    a_wish_comes_true_at_the_boundary,
    what_has_not_begun_is_given_up_at_once,
    what_has_begun_is_undone,
    undoing_that_fails_is_tried_again_then_waits_for_a_person,
    a_cancelled_session_gives_out_only_what_is_to_be_undone,
    all_failed_are_tried_again,
    the_order_is_changed,
    many_units_are_ordered_about,
);

async fn order(
    stage: &Stage,
    id: provost_engine::registry::SessionId,
    what: Selection,
    command: Command,
) -> u64 {
    stage.registry.command(id, &what, &command, "boss", at(5)).await.unwrap()
}

async fn who_is_parked_for_a_reason_is_told_it(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 2).await;
    let park = Command::ParkBecause("a plugin is missing".to_owned());
    assert_eq!(order(stage, id, Selection::Units(vec![1]), park).await, 1);
    let parked = registry.unit(id, 1).await.unwrap().unwrap();
    assert_eq!((parked.place.state, parked.error.as_deref()), (State::Parked, Some("a plugin is missing")));
    assert_eq!(order(stage, id, Selection::All, Command::Retry).await, 1);
    assert_eq!(registry.unit(id, 1).await.unwrap().unwrap().error, None);
}

async fn what_waits_is_skipped_parked_and_tried_again(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 3).await;
    assert_eq!(order(stage, id, Selection::Units(vec![0]), Command::Skip).await, 1);
    assert_eq!(order(stage, id, Selection::Units(vec![1, 99]), Command::Park).await, 1);
    assert_eq!(order(stage, id, Selection::Units(vec![0]), Command::Skip).await, 0, "it is skipped");
    assert_eq!(claim(registry, id, "w", 6).await.unwrap().held.unit, 2);
    assert!(claim(registry, id, "w", 6).await.is_none());
    let totals = registry.totals(id).await.unwrap();
    assert_eq!((totals.errors(), totals.open(), totals.percent().round()), (1, 1, 0.0));
    assert_eq!(order(stage, id, Selection::All, Command::Retry).await, 2);
    assert_eq!(registry.totals(id).await.unwrap().count(|at| at == Place::START), 2);
}

async fn a_wish_comes_true_at_the_boundary(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 3).await;
    for (wish, command, after) in [
        (Wish::Park, Command::Park, State::Parked),
        (Wish::Skip, Command::Skip, State::Skipped),
        (Wish::Cancel, Command::Cancel, State::Cancelling),
    ] {
        let held = claim(registry, id, "w", 1).await.unwrap().held;
        assert_eq!(order(stage, id, Selection::Units(vec![held.unit]), command).await, 1);
        assert_eq!(registry.beat(&held, at(90)).await.unwrap().wish, Some(wish));
        let outcome = registry.finish(&held, Phase::Prepare, &report(2), go_on(2)).await.unwrap();
        assert_eq!(outcome.place, Place { phase: Phase::Backup, state: after });
        assert!(!outcome.held);
        let now = unit(registry, id, held.unit).await;
        assert_eq!((now.wish, now.owner), (None, None));
    }
}

async fn what_has_not_begun_is_given_up_at_once(stage: &Stage) {
    let id = session_of(&*stage.registry, 2).await;
    assert_eq!(order(stage, id, Selection::All, Command::Cancel).await, 2);
    let totals = stage.registry.totals(id).await.unwrap();
    assert_eq!(totals.count(|at| at.state == State::Undone), 2);
}

async fn what_has_begun_is_undone(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 2).await;
    let done = claim(registry, id, "w", 1).await.unwrap();
    advance(registry, &done, Phase::Hide, 1).await;
    let begun = claim(registry, id, "w", 1).await.unwrap();
    registry.fail(&begun.held, &failure(2, Some(900))).await.unwrap();
    assert_eq!(order(stage, id, Selection::All, Command::Cancel).await, 2);
    for _ in 0..2 {
        let claim = claim(registry, id, "w", 6).await.unwrap();
        assert_eq!(claim.unit.place.state, State::Undoing);
        let outcome = registry.undone(&claim.held, &report(7)).await.unwrap();
        assert_eq!(outcome.place.state, State::Undone);
        assert!(registry.undone(&claim.held, &report(7)).await.unwrap().again);
    }
    assert!(claim(registry, id, "w", 9_000).await.is_none());
    assert_eq!(registry.totals(id).await.unwrap().archived(), 0);
}

async fn undoing_that_fails_is_tried_again_then_waits_for_a_person(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 1).await;
    let begun = claim(registry, id, "w", 1).await.unwrap();
    registry.release(&begun.held, "", None, at(1)).await.unwrap();
    order(stage, id, Selection::All, Command::Cancel).await;
    for (now, after) in [(10, State::Cancelling), (20, State::Cancelling), (30, State::Stuck)] {
        let claim = claim(registry, id, "w", now).await.unwrap();
        let outcome = registry.fail(&claim.held, &failure(now, Some(now + 5))).await.unwrap();
        assert_eq!(outcome.place.state, after);
    }
    assert_eq!(order(stage, id, Selection::All, Command::Retry).await, 1);
    let lost = claim(registry, id, "dead", 40).await.unwrap();
    assert_eq!(lost.unit.place.state, State::Undoing);
    let found = claim(registry, id, "w", 200).await.unwrap();
    assert_eq!((found.unit.place.state, found.taken_over), (State::Undoing, true));
}

async fn a_cancelled_session_gives_out_only_what_is_to_be_undone(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 2).await;
    let held = claim(registry, id, "w", 1).await.unwrap().held;
    registry.finish(&held, Phase::Prepare, &report(2), LET_GO).await.unwrap();
    registry.order(id, SessionOrder::Cancel).await.unwrap();
    assert!(claim(registry, id, "w", 3).await.is_none(), "nothing is doomed yet");
    order(stage, id, Selection::Units(vec![held.unit]), Command::Cancel).await;
    assert_eq!(claim(registry, id, "w", 6).await.unwrap().unit.place.state, State::Undoing);
    assert!(claim(registry, id, "w", 6).await.is_none());
}

async fn all_failed_are_tried_again(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 3).await;
    for retry in [None, Some(900)] {
        let held = claim(registry, id, "w", 1).await.unwrap().held;
        registry.fail(&held, &failure(2, retry)).await.unwrap();
    }
    let failed = Selection::In(vec![State::Failed, State::Parked, State::Stuck]);
    assert_eq!(order(stage, id, failed, Command::Retry).await, 2);
    let mut given = 0;
    while let Some(claim) = claim(registry, id, "w", 6).await {
        assert_eq!((claim.unit.failures, claim.unit.error), (0, None));
        given += 1;
    }
    assert_eq!(given, 3);
}

async fn the_order_is_changed(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 3).await;
    order(stage, id, Selection::Units(vec![2]), Command::Priority(7)).await;
    order(stage, id, Selection::Units(vec![0]), Command::NotBefore(Some(at(500)))).await;
    let taken = [claim(registry, id, "w", 6).await, claim(registry, id, "w", 6).await];
    assert_eq!(taken.map(|claim| claim.unwrap().held.unit), [2, 1]);
    assert!(claim(registry, id, "w", 6).await.is_none());
    order(stage, id, Selection::At(Phase::Prepare, vec![State::Waiting]), Command::NotBefore(None)).await;
    assert_eq!(claim(registry, id, "w", 6).await.unwrap().held.unit, 0);
}

async fn many_units_are_ordered_about(stage: &Stage) {
    let id = session_of(&*stage.registry, 700).await;
    let some: Vec<i64> = (0..600).collect();
    assert_eq!(order(stage, id, Selection::Units(some), Command::Park).await, 600);
    assert_eq!(order(stage, id, Selection::In(vec![State::Parked]), Command::Retry).await, 600);
    assert_eq!(order(stage, id, Selection::All, Command::Skip).await, 700);
    assert_eq!(order(stage, id, Selection::In(vec![]), Command::Retry).await, 0);
    let totals = stage.registry.totals(id).await.unwrap();
    assert_eq!((totals.units(), totals.count(|at| at.state == State::Skipped)), (700, 700));
    assert_eq!((totals.bytes(|_| true), totals.predicted_s(|_| true)), (70_000, 70_000.0));
}
