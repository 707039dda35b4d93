//! Units page by page.

use provost_engine::registry::{Command, Phase, Query, Selection, State};

use super::contract;
use crate::stage::{Stage, advance, at, claim, session_of};

contract!(all_units_page_by_page, units_of_some_states_page_by_page, a_unit_is_found_by_its_subject);

async fn all_units_page_by_page(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 25).await;
    let mut query = Query { limit: 10, ..Query::default() };
    let mut sizes = Vec::new();
    let mut seen = Vec::new();
    loop {
        let page = registry.page(id, &query).await.unwrap();
        sizes.push(page.units.len());
        seen.extend(page.units.iter().map(|unit| unit.seq));
        let Some(next) = page.next else { break };
        query.after = Some(next);
    }
    assert_eq!(sizes, [10, 10, 5]);
    assert_eq!(seen, (0..25).collect::<Vec<_>>());
}

async fn units_of_some_states_page_by_page(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 12).await;
    for _ in 0..3 {
        let claim = claim(registry, id, "w", 1).await.unwrap();
        advance(registry, &claim, Phase::Restore, 1).await;
    }
    registry.command(id, &Selection::Units(vec![9, 10]), &Command::Park, "boss", at(2)).await.unwrap();
    let states = vec![State::Running, State::Parked];
    let mut query = Query { states, limit: 2, ..Query::default() };
    let mut seen = Vec::new();
    loop {
        let page = registry.page(id, &query).await.unwrap();
        seen.extend(page.units.iter().map(|unit| (unit.place.phase, unit.seq)));
        let Some(next) = page.next else { break };
        query.after = Some(next);
    }
    let (prepare, restore) = (Phase::Prepare, Phase::Restore);
    assert_eq!(seen, [(prepare, 9), (prepare, 10), (restore, 0), (restore, 1), (restore, 2)]);
    let only = Query { phase: Some(restore), limit: 100, ..Query::default() };
    assert_eq!(registry.page(id, &only).await.unwrap().units.len(), 3);
}

async fn a_unit_is_found_by_its_subject(stage: &Stage) {
    let registry = &*stage.registry;
    let id = session_of(registry, 2).await;
    let found = registry.find(id, "course/1").await.unwrap().unwrap();
    assert_eq!((found.seq, found.label.as_str(), found.facts["activities"].as_i64()), (1, "C1", Some(1)));
    assert!(registry.find(id, "course/9").await.unwrap().is_none());
}
