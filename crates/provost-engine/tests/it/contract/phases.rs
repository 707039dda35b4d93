//! A unit's way through its phases.

use provost_engine::registry::{Failure, Findings, NewUnit, Phase, Place, RegistryError, Report, State};

use super::contract;
use crate::stage::{
    LET_GO, Stage, advance, at, claim, failure, go_on, new_unit, receipt, report, session, session_of, unit,
};

contract!(
    a_unit_goes_from_phase_to_phase_and_is_done,
    what_is_finished_is_never_finished_again,
    an_answer_that_was_lost_is_given_again,
    a_phase_that_fails_too_often_waits_for_a_person,
    what_cannot_succeed_waits_for_a_person_at_once,
    failures_of_one_phase_do_not_count_in_the_next,
    a_unit_that_is_let_go_may_rest,
    what_is_found_out_is_kept,
    prove_is_not_finished_without_a_receipt,
    a_phase_that_is_not_next_cannot_be_finished,
);

async fn a_unit_goes_from_phase_to_phase_and_is_done(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 1).await;
    let claim = claim(registry, id, "w", 1).await.unwrap();
    let outcome = registry.finish(&claim.held, Phase::Prepare, &report(2), go_on(2)).await.unwrap();
    assert_eq!(outcome.place, Place { phase: Phase::Backup, state: State::Running });
    assert!(outcome.held && !outcome.again);
    let now = unit(registry, id, 0).await;
    assert_eq!((now.attempts, now.lease_until), (1, Some(at(62))));
    let outcome = advance(registry, &claim, Phase::Prove, 3).await;
    assert!(outcome.held, "{outcome:?}");
    let outcome = registry.prove(&claim.held, &receipt(), &report(4), go_on(4)).await.unwrap();
    assert_eq!(outcome.place, Place { phase: Phase::Prove, state: State::Done });
    assert!(!outcome.held, "its goal is reached");
    let done = unit(registry, id, 0).await;
    assert_eq!((done.owner, done.lease_until, done.proved), (None, None, true));
    assert!((done.real_s - 6.0 * 2.5).abs() < 1e-9);
}

async fn what_is_finished_is_never_finished_again(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 1).await;
    let first = claim(registry, id, "w", 1).await.unwrap();
    registry.finish(&first.held, Phase::Prepare, &report(2), LET_GO).await.unwrap();
    let second = claim(registry, id, "w", 3).await.unwrap();
    assert_eq!(second.unit.place.phase, Phase::Backup);
    let outcome = registry.finish(&second.held, Phase::Prepare, &report(4), LET_GO).await.unwrap();
    assert!(outcome.again && outcome.held, "{outcome:?}");
    let finished = registry.events(id, None, 100).await.unwrap();
    let finished = finished.iter().filter(|event| event.kind == "finished" && event.from == Phase::Prepare);
    assert_eq!(finished.count(), 1);
}

async fn an_answer_that_was_lost_is_given_again(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 1).await;
    let held = claim(registry, id, "w", 1).await.unwrap().held;
    registry.finish(&held, Phase::Prepare, &report(2), go_on(2)).await.unwrap();
    let again = registry.finish(&held, Phase::Prepare, &report(2), go_on(2)).await.unwrap();
    assert_eq!((again.again, again.held, again.place.phase), (true, true, Phase::Backup));
    let events = registry.events(id, None, 100).await.unwrap().len();
    registry.fail(&held, &failure(3, Some(9))).await.unwrap();
    let again = registry.fail(&held, &failure(3, Some(9))).await.unwrap();
    assert_eq!((again.again, again.held, again.place.state), (true, false, State::Failed));
    assert_eq!(unit(registry, id, 0).await.failures, 1);
    assert_eq!(registry.events(id, None, 100).await.unwrap().len(), events + 1);
    let held = claim(registry, id, "w", 10).await.unwrap().held;
    registry.release(&held, "", None, at(11)).await.unwrap();
    assert!(registry.release(&held, "", None, at(11)).await.unwrap().again);
    let claim = claim(registry, id, "w", 12).await.unwrap();
    advance(registry, &claim, Phase::Prove, 12).await;
    registry.prove(&claim.held, &receipt(), &report(13), LET_GO).await.unwrap();
    assert!(registry.prove(&claim.held, &receipt(), &report(13), LET_GO).await.unwrap().again);
}

async fn a_phase_that_fails_too_often_waits_for_a_person(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 1).await;
    for try_ in 1..=i64::from(Failure::TRIES) {
        let held = claim(registry, id, "w", try_ * 10).await.unwrap().held;
        let outcome = registry.fail(&held, &failure(try_ * 10, Some(try_ * 10))).await.unwrap();
        let expected = if try_ < i64::from(Failure::TRIES) { State::Failed } else { State::Parked };
        assert_eq!(outcome.place.state, expected);
    }
    assert!(claim(registry, id, "w", 9_999).await.is_none());
    let parked = unit(registry, id, 0).await;
    assert_eq!((parked.failures, parked.error.as_deref()), (3, Some("no disk")));
    assert_eq!(registry.totals(id).await.unwrap().errors(), 1);
}

async fn what_cannot_succeed_waits_for_a_person_at_once(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 1).await;
    let held = claim(registry, id, "w", 1).await.unwrap().held;
    let outcome = registry.fail(&held, &failure(2, None)).await.unwrap();
    assert_eq!(outcome.place.state, State::Parked);
}

async fn failures_of_one_phase_do_not_count_in_the_next(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 1).await;
    for now in [1, 2] {
        let held = claim(registry, id, "w", now).await.unwrap().held;
        registry.fail(&held, &failure(now, Some(now))).await.unwrap();
    }
    let held = claim(registry, id, "w", 3).await.unwrap().held;
    registry.finish(&held, Phase::Prepare, &report(3), go_on(3)).await.unwrap();
    let outcome = registry.fail(&held, &failure(4, Some(5))).await.unwrap();
    assert_eq!(outcome.place, Place { phase: Phase::Backup, state: State::Failed });
    assert_eq!(unit(registry, id, 0).await.failures, 1);
}

async fn a_unit_that_is_let_go_may_rest(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 1).await;
    let held = claim(registry, id, "w", 1).await.unwrap().held;
    let then = provost_engine::registry::Then::LetGo { not_before: Some(at(50)) };
    let outcome = registry.finish(&held, Phase::Prepare, &report(2), then).await.unwrap();
    assert_eq!(outcome.place, Place { phase: Phase::Backup, state: State::Waiting });
    assert!(claim(registry, id, "w", 49).await.is_none());
    assert!(claim(registry, id, "w", 50).await.is_some());
}

async fn what_is_found_out_is_kept(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session(registry, &[NewUnit { goal: Phase::Hide, ..new_unit(0) }]).await;
    let held = claim(registry, id, "w", 1).await.unwrap().held;
    let findings = Findings {
        target_id: Some(77),
        bytes: Some(4_000),
        moved_bytes: Some(10),
        predicted_s: Some(5.5),
        upper_s: Some(9.0),
        quarantine_until: Some(at(900)),
        facts: Some(serde_json::json!({ "place": "/Archives" })),
    };
    registry.learn(&held, &findings).await.unwrap();
    let more = Findings { moved_bytes: Some(5), ..Findings::default() };
    registry.finish(&held, Phase::Prepare, &Report { findings: more, ..report(2) }, LET_GO).await.unwrap();
    let now = unit(registry, id, 0).await;
    assert_eq!((now.target_id, now.source_id), (Some(77), Some(1000)));
    assert_eq!((now.bytes, now.moved_bytes), (4_000, 15));
    assert_eq!((now.predicted_s, now.upper_s), (5.5, 9.0));
    assert_eq!(now.quarantine_until, Some(at(900)));
    assert_eq!(now.facts, serde_json::json!({ "place": "/Archives" }));
    let totals = registry.totals(id).await.unwrap();
    assert_eq!((totals.units(), totals.bytes(|_| true), totals.predicted_s(|_| true)), (1, 4_000, 5.5));
}

async fn prove_is_not_finished_without_a_receipt(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 1).await;
    let claim = claim(registry, id, "w", 1).await.unwrap();
    advance(registry, &claim, Phase::Prove, 1).await;
    let refused = registry.finish(&claim.held, Phase::Prove, &report(2), LET_GO).await;
    assert!(matches!(refused, Err(RegistryError::Illegal { .. })), "{refused:?}");
    assert_eq!(unit(registry, id, 0).await.place, Place { phase: Phase::Prove, state: State::Running });
}

async fn a_phase_that_is_not_next_cannot_be_finished(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 1).await;
    let claim = claim(registry, id, "w", 1).await.unwrap();
    let refused = registry.finish(&claim.held, Phase::Restore, &report(2), LET_GO).await;
    assert!(matches!(refused, Err(RegistryError::Illegal { .. })), "{refused:?}");
    let early = registry.prove(&claim.held, &receipt(), &report(2), LET_GO).await;
    assert!(matches!(early, Err(RegistryError::Illegal { .. })), "{early:?}");
    assert!(registry.receipt(id, 0).await.unwrap().is_none(), "it was rolled back");
}
