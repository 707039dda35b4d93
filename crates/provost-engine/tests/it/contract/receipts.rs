//! Nothing of the source is touched without a receipt, nothing deleted without an approval and before its quarantine has passed.

use provost_engine::registry::{
    Claiming, Command, Failure, Findings, Phase, Place, Report, Selection, State, StoredReceipt, Then,
};

use super::contract;
use crate::stage::{
    Key, LEASE, LET_GO, Stage, advance, at, claim, failure, go_on, receipt, report, session_of,
    session_to_delete, unit,
};

contract!(
    a_receipt_is_kept_and_verifies,
    the_tables_refuse_what_has_no_receipt,
    the_tables_refuse_a_deletion_that_was_not_approved,
    a_receipt_that_is_needed_cannot_be_removed,
    deletion_waits_for_quarantine_and_approval,
    a_quarantine_is_not_shortened_by_hand,
    a_clock_that_is_fast_shortens_no_quarantine_for_the_others,
    what_kept_its_source_may_be_told_to_go_further,
    a_deletion_that_changed_nothing_can_be_given_up,
);

async fn a_receipt_is_kept_and_verifies(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 1).await;
    let claim = claim(registry, id, "w", 1).await.unwrap();
    advance(registry, &claim, Phase::Prove, 1).await;
    assert!(!unit(registry, id, 0).await.proved);
    registry.prove(&claim.held, &receipt(), &report(2), LET_GO).await.unwrap();
    let kept = registry.receipt(id, 0).await.unwrap().unwrap();
    assert_eq!(
        (kept.unit, kept.body.as_str(), kept.key_id.as_str(), kept.at),
        (0, "all there", "key", at(2))
    );
    assert_eq!(registry.receipts(id, None, 10).await.unwrap(), std::slice::from_ref(&kept));
    assert!(registry.receipts(id, Some(0), 10).await.unwrap().is_empty());
    let forged = StoredReceipt { body: "all there!".to_owned(), ..kept.clone() };
    assert!(forged.verify(&Key).is_err());
    assert_eq!(kept.verify(&Key).unwrap(), receipt());
    assert!(unit(registry, id, 0).await.proved);
}

async fn the_tables_refuse_what_has_no_receipt(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_to_delete(registry).await;
    for phase in ["hide", "delete"] {
        let refused = stage.meddle(&format!("update unit set phase = '{phase}' where operation = {}", id.0));
        assert!(refused.is_err(), "{phase}");
    }
    assert_eq!(unit(registry, id, 0).await.place, Place::START);
    stage.meddle(&format!("update unit set phase = 'prove' where operation = {}", id.0)).unwrap();
}

async fn the_tables_refuse_a_deletion_that_was_not_approved(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_to_delete(registry).await;
    let claim = claim(registry, id, "w", 1).await.unwrap();
    advance(registry, &claim, Phase::Delete, 1).await;
    for state in ["running", "done"] {
        let refused = stage.meddle(&format!("update unit set state = '{state}' where operation = {}", id.0));
        assert!(refused.unwrap_err().contains("an_approval_comes_first"), "{state}");
    }
}

async fn a_receipt_that_is_needed_cannot_be_removed(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_to_delete(registry).await;
    let claim = claim(registry, id, "w", 1).await.unwrap();
    advance(registry, &claim, Phase::Hide, 1).await;
    assert!(stage.meddle("delete from receipt").is_err());
    assert!(registry.receipt(id, 0).await.unwrap().is_some());
}

async fn deletion_waits_for_quarantine_and_approval(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_to_delete(registry).await;
    let first = claim(registry, id, "w", 1).await.unwrap();
    let outcome = advance(registry, &first, Phase::Hide, 1).await;
    assert_eq!((outcome.place.phase, outcome.held), (Phase::Hide, true));
    let findings = Findings { quarantine_until: Some(at(1_000)), ..Findings::default() };
    let hidden = Report { findings, ..report(2) };
    let outcome = registry.finish(&first.held, Phase::Hide, &hidden, go_on(2)).await.unwrap();
    assert_eq!(outcome.place, Place { phase: Phase::Delete, state: State::Waiting });
    assert!(!outcome.held, "nobody goes on to delete what he has just hidden");
    assert!(claim(registry, id, "w", 2_000).await.is_none(), "not approved");
    let approve = |now| registry.command(id, &Selection::All, &Command::Approve, "rector", at(now));
    assert_eq!(approve(3).await.unwrap(), 1);
    assert_eq!(approve(4).await.unwrap(), 0, "once is enough");
    let approved = unit(registry, id, 0).await;
    assert_eq!((approved.approved_at, approved.approved_by.as_deref()), (Some(at(3)), Some("rector")));
    let last = claim(registry, id, "w", 2_001).await.unwrap();
    assert_eq!((last.unit.place.phase, last.unit.quarantine_until), (Phase::Delete, Some(at(1_000))));
    let outcome = registry.finish(&last.held, Phase::Delete, &report(2_002), LET_GO).await.unwrap();
    assert_eq!(outcome.place, Place { phase: Phase::Delete, state: State::Done });
    let cancelled =
        registry.command(id, &Selection::All, &Command::Cancel, "rector", at(3_000)).await.unwrap();
    assert_eq!(cancelled, 0, "what is deleted cannot be given up");
}

async fn a_quarantine_is_not_shortened_by_hand(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_to_delete(registry).await;
    let first = claim(registry, id, "w", 1).await.unwrap();
    advance(registry, &first, Phase::Hide, 1).await;
    let findings = Findings { quarantine_until: Some(at(1_000)), ..Findings::default() };
    let hidden = Report { findings, ..report(2) };
    registry.finish(&first.held, Phase::Hide, &hidden, Then::LetGo { not_before: None }).await.unwrap();
    registry.command(id, &Selection::All, &Command::Approve, "rector", at(3)).await.unwrap();
    registry.command(id, &Selection::All, &Command::NotBefore(None), "rector", at(3)).await.unwrap();
    assert!(claim(registry, id, "w", 999).await.is_none());
    let lost = claim(registry, id, "w", 1_000).await.unwrap();
    registry.release(&lost.held, "the window closes", None, at(1_001)).await.unwrap();
    assert!(claim(registry, id, "w", 1_002).await.is_some());
}

async fn a_clock_that_is_fast_shortens_no_quarantine_for_the_others(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_to_delete(registry).await;
    let first = claim(registry, id, "w", 1).await.unwrap();
    advance(registry, &first, Phase::Hide, 1).await;
    let findings = Findings { quarantine_until: Some(at(1_000)), ..Findings::default() };
    registry.finish(&first.held, Phase::Hide, &Report { findings, ..report(2) }, LET_GO).await.unwrap();
    let none = Claiming { phases: vec![Phase::Backup], ..Claiming::any("fast", at(5_000), LEASE) };
    registry.command(id, &Selection::All, &Command::Approve, "rector", at(3)).await.unwrap();
    assert!(registry.claim(id, &none).await.unwrap().is_none(), "it only wakes it");
    assert!(claim(registry, id, "w", 999).await.is_none());
    assert!(claim(registry, id, "w", 1_000).await.is_some());
}

async fn what_kept_its_source_may_be_told_to_go_further(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 2).await;
    let first = claim(registry, id, "w", 1).await.unwrap();
    advance(registry, &first, Phase::Hide, 1).await;
    let extend = Command::Extend(Phase::Hide);
    assert_eq!(registry.command(id, &Selection::All, &extend, "rector", at(2)).await.unwrap(), 2);
    let done = unit(registry, id, first.held.unit).await;
    assert_eq!((done.place, done.goal), (Place { phase: Phase::Hide, state: State::Waiting }, Phase::Hide));
    let waiting = unit(registry, id, 1 - first.held.unit).await;
    assert_eq!((waiting.place, waiting.goal), (Place::START, Phase::Hide));
}

async fn a_deletion_that_changed_nothing_can_be_given_up(stage: &Stage) {
    let registry = &*stage.registry;
    // Whether the failure changed nothing, how often the phase is started, and whether the unit can be given up then.
    for (untouched, starts, may) in [(false, 1, false), (true, 1, true), (true, 2, false)] {
        let id = session_to_delete(registry).await;
        let first = claim(registry, id, "w", 1).await.unwrap();
        advance(registry, &first, Phase::Delete, 1).await;
        registry.command(id, &Selection::All, &Command::Approve, "rector", at(3)).await.unwrap();
        let mut last = claim(registry, id, "w", 10).await.unwrap();
        for start in 1..starts {
            // Whoever had it does not say how it ended.
            last = claim(registry, id, "v", 10 + start * 1_000).await.unwrap();
        }
        let failed = Failure { untouched, ..failure(5_000, None) };
        let outcome = registry.fail(&last.held, &failed).await.unwrap();
        assert_eq!(outcome.place, Place { phase: Phase::Delete, state: State::Parked });
        let cancelled =
            registry.command(id, &Selection::All, &Command::Cancel, "rector", at(6_000)).await.unwrap();
        assert_eq!(cancelled == 1, may, "{untouched} {starts}");
        let state = if may { State::Cancelling } else { State::Parked };
        assert_eq!(unit(registry, id, 0).await.place, Place { phase: Phase::Delete, state });
    }
}
