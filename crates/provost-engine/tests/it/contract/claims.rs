//! Who gets which unit, for how long, and what those may say who have lost it.

use provost_engine::registry::{Claiming, NewUnit, Phase, RegistryError, SessionOrder, State};

use super::contract;
use crate::stage::{
    LEASE, LET_GO, Stage, advance, at, claim, failure, go_on, new_unit, report, session, session_of, unit,
};

contract!(
    a_unit_is_given_to_one,
    the_later_phase_goes_first_then_priority_then_the_longest,
    only_what_fits_is_given,
    what_is_expected_to_take_another_time_fits_by_that,
    only_the_phases_that_are_asked_for,
    a_named_unit_is_given_or_none,
    what_has_its_time_is_given_then,
    a_lost_unit_is_taken_over_and_its_holder_hears_it,
    a_beat_holds,
    a_unit_that_kills_its_workers_is_parked,
    a_known_death_ends_leases_at_once,
    candidates_are_what_claims_would_give,
    workers_at_once_never_share,
);

async fn a_unit_is_given_to_one(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 2).await;
    let first = claim(registry, id, "w1", 1).await.unwrap();
    let second = claim(registry, id, "w2", 1).await.unwrap();
    assert_ne!(first.held.unit, second.held.unit);
    assert!(claim(registry, id, "w3", 1).await.is_none());
    assert_eq!(first.unit.place.state, State::Running);
    assert_eq!(first.unit.owner.as_deref(), Some("w1"));
    assert_eq!(first.unit.lease_until, Some(at(61)));
    assert!(!first.taken_over);
    let owners = registry.owners(id).await.unwrap();
    let told: Vec<_> = owners.iter().map(|owner| (owner.worker.as_str(), owner.units)).collect();
    assert_eq!(told, [("w1", 1), ("w2", 1)]);
}

async fn the_later_phase_goes_first_then_priority_then_the_longest(stage: &Stage) {
    let registry = &*stage.registry;
    let long = NewUnit { upper_s: 900.0, ..new_unit(1) };
    let dear = NewUnit { priority: 5, ..new_unit(2) };
    let id = session(registry, &[new_unit(0), long, dear, new_unit(3)]).await;
    let asked = Claiming { only: Some(3), ..Claiming::any("w", at(1), LEASE) };
    let begun = registry.claim(id, &asked).await.unwrap().unwrap();
    registry.finish(&begun.held, Phase::Prepare, &report(2), LET_GO).await.unwrap();
    let mut order = Vec::new();
    while let Some(claim) = claim(registry, id, "w", 3).await {
        order.push(claim.held.unit);
    }
    assert_eq!(order, [3, 2, 1, 0]);
}

async fn only_what_fits_is_given(stage: &Stage) {
    let registry = &*stage.registry;
    let units = [
        NewUnit { upper_s: 500.0, priority: 9, ..new_unit(0) },
        NewUnit { upper_s: 30.0, ..new_unit(1) },
        NewUnit { upper_s: 40.0, ..new_unit(2) },
        NewUnit { upper_s: 900.0, ..new_unit(3) },
    ];
    let id = session(registry, &units).await;
    let asked = Claiming { fits_s: Some(60.0), ..Claiming::any("w", at(1), LEASE) };
    let mut order = Vec::new();
    while let Some(claim) = registry.claim(id, &asked).await.unwrap() {
        order.push(claim.held.unit);
    }
    assert_eq!(order, [2, 1]);
}

async fn what_is_expected_to_take_another_time_fits_by_that(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 3).await;
    let held = claim(registry, id, "w", 1).await.unwrap().held;
    registry.rebound(id, &[(0, 7.0), (1, 7.0), (2, 900.0), (99, 1.0)]).await.unwrap();
    let asked = Claiming { fits_s: Some(60.0), ..Claiming::any("v", at(1), LEASE) };
    let fits = registry.candidates(id, &asked, 9).await.unwrap();
    assert_eq!(fits.iter().map(|unit| unit.seq).collect::<Vec<_>>(), [1]);
    let unit = registry.unit(id, held.unit).await.unwrap().unwrap();
    assert_ne!(unit.upper_s.to_bits(), 7.0_f64.to_bits(), "what somebody holds stays as it is");
}

async fn only_the_phases_that_are_asked_for(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 2).await;
    let first = claim(registry, id, "w", 1).await.unwrap();
    advance(registry, &first, Phase::Transport, 1).await;
    registry.release(&first.held, "the window closes", None, at(2)).await.unwrap();
    let asked = |phases: &[Phase]| Claiming { phases: phases.to_vec(), ..Claiming::any("w", at(3), LEASE) };
    assert!(registry.claim(id, &asked(&[Phase::Hide, Phase::Backup])).await.unwrap().is_none());
    let found = registry.claim(id, &asked(&[Phase::Transport, Phase::Delete])).await.unwrap().unwrap();
    assert_eq!(found.held.unit, first.held.unit);
    assert!(found.taken_over, "the phase was started before");
    let found = registry.claim(id, &asked(&[Phase::Prepare])).await.unwrap().unwrap();
    assert_ne!(found.held.unit, first.held.unit);
}

async fn a_named_unit_is_given_or_none(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 3).await;
    let named = |unit| Claiming { only: Some(unit), ..Claiming::any("w", at(1), LEASE) };
    assert_eq!(registry.claim(id, &named(1)).await.unwrap().unwrap().held.unit, 1);
    assert!(registry.claim(id, &named(1)).await.unwrap().is_none(), "it is held");
    assert!(registry.claim(id, &named(7)).await.unwrap().is_none(), "it is not there");
    let long = Claiming { fits_s: Some(1.0), ..named(2) };
    assert!(registry.claim(id, &long).await.unwrap().is_none(), "it does not fit");
}

async fn what_has_its_time_is_given_then(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 1).await;
    let held = claim(registry, id, "w", 1).await.unwrap().held;
    registry.fail(&held, &failure(2, Some(100))).await.unwrap();
    assert!(claim(registry, id, "w", 99).await.is_none());
    let again = claim(registry, id, "w", 100).await.unwrap();
    assert_eq!((again.unit.not_before, again.unit.attempts, again.unit.failures), (None, 2, 1));
    assert!(again.held.fence > held.fence);
}

async fn a_lost_unit_is_taken_over_and_its_holder_hears_it(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 1).await;
    let dead = claim(registry, id, "dead", 0).await.unwrap().held;
    assert!(claim(registry, id, "heir", 59).await.is_none());
    let heir = claim(registry, id, "heir", 60).await.unwrap();
    assert!(heir.taken_over);
    assert_eq!((heir.unit.losses, heir.unit.attempts), (1, 2));
    assert!(heir.held.fence > dead.fence);
    let lost = |result: Result<(), RegistryError>| matches!(result, Err(RegistryError::Lost { unit: 0 }));
    assert!(lost(registry.finish(&dead, Phase::Prepare, &report(61), LET_GO).await.map(drop)));
    assert!(lost(registry.fail(&dead, &failure(61, None)).await.map(drop)));
    assert!(lost(registry.beat(&dead, at(99)).await.map(drop)));
    assert!(lost(registry.release(&dead, "", None, at(61)).await.map(drop)));
    assert!(lost(registry.learn(&dead, &report(61).findings).await));
    registry.finish(&heir.held, Phase::Prepare, &report(61), LET_GO).await.unwrap();
}

async fn a_beat_holds(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 1).await;
    let held = claim(registry, id, "w", 0).await.unwrap().held;
    let beat = registry.beat(&held, at(500)).await.unwrap();
    assert_eq!((beat.wish, beat.orders_version), (None, 0));
    assert!(claim(registry, id, "other", 400).await.is_none());
    assert_eq!(claim(registry, id, "other", 500).await.unwrap().held.unit, 0);
}

async fn a_unit_that_kills_its_workers_is_parked(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 2).await;
    let poison = claim(registry, id, "w0", 0).await.unwrap().held.unit;
    for round in 1..=i64::from(Claiming::LOSSES) {
        let named = Claiming { only: Some(poison), ..Claiming::any("w", at(round * 100), LEASE) };
        let found = registry.claim(id, &named).await.unwrap();
        assert_eq!(found.is_some(), round < i64::from(Claiming::LOSSES), "round {round}");
    }
    let parked = unit(registry, id, poison).await;
    assert_eq!(parked.place.state, State::Parked);
    assert_eq!(parked.error.as_deref(), Some("its worker died 5 times in this phase"));
    assert!(claim(registry, id, "w", 9_000).await.is_some(), "the other is not held up");
}

async fn a_known_death_ends_leases_at_once(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 3).await;
    claim(registry, id, "dead", 0).await.unwrap();
    claim(registry, id, "dead", 0).await.unwrap();
    let alive = claim(registry, id, "alive", 0).await.unwrap();
    assert_eq!(registry.expire(id, "dead", at(1)).await.unwrap(), 2);
    assert_eq!(registry.expire(id, "dead", at(1)).await.unwrap(), 0);
    let first = claim(registry, id, "w", 1).await.unwrap();
    let second = claim(registry, id, "w", 1).await.unwrap();
    assert!(first.taken_over && second.taken_over);
    assert!(claim(registry, id, "w", 1).await.is_none());
    registry.beat(&alive.held, at(9)).await.unwrap();
}

async fn candidates_are_what_claims_would_give(stage: &Stage) {
    let registry = &*stage.registry;
    let units =
        [NewUnit { upper_s: 500.0, ..new_unit(0) }, new_unit(1), NewUnit { priority: 1, ..new_unit(2) }];
    let id = session(registry, &units).await;
    let asked = Claiming::any("w", at(1), LEASE);
    let seen = registry.candidates(id, &asked, 10).await.unwrap();
    assert_eq!(seen.iter().map(|unit| unit.seq).collect::<Vec<_>>(), [2, 0, 1]);
    let seen = registry.candidates(id, &Claiming { fits_s: Some(200.0), ..asked.clone() }, 1).await.unwrap();
    assert_eq!(seen.iter().map(|unit| unit.seq).collect::<Vec<_>>(), [2]);
    let held = claim(registry, id, "w", 1).await.unwrap().held;
    registry.fail(&held, &failure(2, Some(50))).await.unwrap();
    let later = Claiming::any("w", at(50), LEASE);
    let count = |asked: Claiming| async move { registry.candidates(id, &asked, 10).await.unwrap().len() };
    assert_eq!((count(asked).await, count(later).await), (2, 3));
    registry.order(id, SessionOrder::Pause).await.unwrap();
    assert!(claim(registry, id, "w", 50).await.is_none(), "a paused session gives out none");
}

async fn workers_at_once_never_share(stage: &Stage) {
    let id = session_of(&*stage.registry, 60).await;
    let mut workers = Vec::new();
    for number in 0..4 {
        let registry = stage.database.open().await;
        workers.push(tokio::spawn(async move {
            let worker = format!("w{number}");
            let mut taken = Vec::new();
            while let Some(claim) = claim(&*registry, id, &worker, 1).await {
                registry.finish(&claim.held, Phase::Prepare, &report(1), go_on(1)).await.unwrap();
                taken.push(claim.held.unit);
            }
            taken
        }));
    }
    let mut taken = Vec::new();
    for worker in workers {
        taken.extend(worker.await.unwrap());
    }
    taken.sort_unstable();
    assert_eq!(taken, (0..60).collect::<Vec<_>>());
    let totals = stage.registry.totals(id).await.unwrap();
    assert_eq!(totals.count(|at| at.phase == Phase::Backup && at.state == State::Running), 60);
}
