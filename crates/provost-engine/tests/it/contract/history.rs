//! What is kept: every move of every unit, numbered, and totals that agree with the units.

use provost_engine::registry::{
    Command, Move, Phase, Place, Query, Selection, State, Total, Totals, transition,
};

use super::contract;
use crate::stage::{LET_GO, Stage, advance, at, claim, failure, report, session_of};

contract!(every_move_is_kept, totals_agree_with_the_units, events_come_in_pages, a_note_moves_nothing);

async fn every_move_is_kept(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 1).await;
    let held = claim(registry, id, "w1", 1).await.unwrap().held;
    registry.finish(&held, Phase::Prepare, &report(2), LET_GO).await.unwrap();
    let held = claim(registry, id, "w1", 3).await.unwrap().held;
    registry.fail(&held, &failure(4, Some(5))).await.unwrap();
    claim(registry, id, "w1", 5).await.unwrap();
    let held = claim(registry, id, "w2", 70).await.unwrap().held;
    registry.release(&held, "the window closes", None, at(71)).await.unwrap();
    registry.command(id, &Selection::All, &Command::Cancel, "boss", at(72)).await.unwrap();
    let events = registry.events(id, None, 100).await.unwrap();
    let told: Vec<String> = events
        .iter()
        .map(|event| {
            let (from, to) = (event.from, event.to);
            let (who, fence, attempt) = (&event.worker, event.fence.0, event.attempt);
            format!(
                "{} {who}/{fence} {} try {attempt}: {from} to {to} {}",
                event.n, event.kind, event.evidence
            )
        })
        .collect();
    let expected = [
        "1 w1/1 started try 1: prepare to prepare ",
        "2 w1/1 finished try 1: prepare to backup seen",
        "3 w1/2 started try 1: backup to backup ",
        "4 w1/2 failed try 1: backup to backup no disk",
        "5 w1/3 started try 2: backup to backup ",
        "6 w2/3 lost try 2: backup to backup w1",
        "7 w2/4 started try 3: backup to backup ",
        "8 w2/4 released try 3: backup to backup the window closes",
        "9 boss/0 cancelled try 3: backup to backup ",
    ];
    assert_eq!(told, expected);
    assert_eq!((events[1].at, events[1].seconds), (at(2), Some(2.5)));
}

async fn totals_agree_with_the_units(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 20).await;
    for round in 0..12_i64 {
        let Some(claim) = claim(registry, id, &format!("w{round}"), round).await else { break };
        let told = match round % 4 {
            0 => advance(registry, &claim, Phase::ALL[usize::try_from(round % 6).unwrap()], round).await,
            1 => registry.fail(&claim.held, &failure(round, Some(500))).await.unwrap(),
            2 => registry.release(&claim.held, "", Some(at(400)), at(round)).await.unwrap(),
            _ => advance(registry, &claim, Phase::Hide, round).await,
        };
        assert!(!told.again);
    }
    registry.command(id, &Selection::All, &Command::Cancel, "boss", at(50)).await.unwrap();
    registry.command(id, &Selection::Units(vec![1, 2]), &Command::Retry, "boss", at(50)).await.unwrap();
    let page = registry.page(id, &Query { limit: 100, ..Query::default() }).await.unwrap();
    let mut counted: Vec<Total> = Vec::new();
    for unit in page.units {
        match counted.iter_mut().find(|total| total.place == unit.place) {
            Some(total) => {
                total.count += 1;
                total.bytes += unit.bytes;
                total.predicted_s += unit.predicted_s;
            }
            None => counted.push(Total {
                place: unit.place,
                count: 1,
                bytes: unit.bytes,
                predicted_s: unit.predicted_s,
            }),
        }
    }
    counted.sort_by_key(|total| total.place);
    assert_eq!(registry.totals(id).await.unwrap(), Totals(counted));
}

async fn events_come_in_pages(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 3).await;
    for _ in 0..3 {
        let claim = claim(registry, id, "w", 1).await.unwrap();
        registry.finish(&claim.held, Phase::Prepare, &report(2), crate::stage::go_on(2)).await.unwrap();
    }
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let events = registry.events(id, after, 2).await.unwrap();
        let Some(last) = events.last() else { break };
        after = Some((last.unit, last.n));
        seen.extend(events.into_iter().map(|event| (event.unit, event.n)));
    }
    assert_eq!(seen, (0..3).flat_map(|unit| (1..=3).map(move |n| (unit, n))).collect::<Vec<_>>());
    let one = registry.events(id, Some((1, 0)), 3).await.unwrap();
    assert!(one.iter().all(|event| event.unit == 1));
}

async fn a_note_moves_nothing(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 1).await;
    registry.note(id, 0, "w", "slow disk", at(3)).await.unwrap();
    let events = registry.events(id, None, 9).await.unwrap();
    assert_eq!(
        (events.len(), events[0].kind.as_str(), events[0].evidence.as_str()),
        (1, "note", "slow disk")
    );
    assert_eq!(
        transition(Place::START, Move::Note),
        Ok(Place { phase: Phase::Prepare, state: State::Waiting })
    );
}
