use jiff::Timestamp;

use super::*;
use crate::lease::Holder;

fn at() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

fn operation(store: &Store) -> OperationId {
    let units = [("site/a", "install"), ("site/b", "install")].map(|(s, p)| (s.to_owned(), p.to_owned()));
    store.begin_operation("apply", "tester", &serde_json::json!({}), &units, at()).unwrap()
}

#[test]
fn totals_move_with_events() {
    let store = Store::in_memory().unwrap();
    let id = operation(&store);
    store.record(id, 0, EventKind::Started, "", at()).unwrap();
    store.record(id, 0, EventKind::Finished, "version 1", at()).unwrap();
    store.record(id, 1, EventKind::Started, "", at()).unwrap();
    store.record(id, 1, EventKind::Failed, "no disk", at()).unwrap();
    let totals: Vec<_> = store.totals(id).unwrap().into_iter().map(|t| (t.state, t.count)).collect();
    assert_eq!(totals, [("done".to_owned(), 1), ("failed".to_owned(), 1)]);
    let told: Vec<_> =
        store.events(id).unwrap().into_iter().map(|e| (e.subject, e.kind, e.evidence)).collect();
    assert_eq!(told.len(), 4);
    assert!(told.contains(&("site/b".to_owned(), "failed".to_owned(), "no disk".to_owned())));
}

#[test]
fn what_is_done_never_starts_again() {
    let store = Store::in_memory().unwrap();
    let id = operation(&store);
    store.record(id, 0, EventKind::Started, "", at()).unwrap();
    store.record(id, 0, EventKind::Finished, "", at()).unwrap();
    let error = store.record(id, 0, EventKind::Started, "", at()).unwrap_err();
    assert_eq!(error.to_string(), "unit 0 is done; it cannot be started");
}

#[test]
fn every_state_and_event_has_an_answer() {
    use EventKind as E;
    let events = [
        E::Started,
        E::Finished,
        E::Failed,
        E::UndoStarted,
        E::UndoFinished,
        E::UndoFailed,
        E::Skipped,
        E::Parked,
        E::Note,
    ];
    let mut table = String::new();
    for state in UnitState::ALL {
        for event in events {
            if let Some(to) = next(state, event)
                && event != E::Note
            {
                table.push_str(&format!("{} + {} = {}\n", state.word(), event.word(), to.word()));
            }
        }
    }
    insta::assert_snapshot!(table, @r"
    waiting + started = running
    waiting + skipped = skipped
    waiting + parked = parked
    running + started = running
    running + finished = done
    running + failed = failed
    running + undo_started = undoing
    running + parked = parked
    done + undo_started = undoing
    failed + started = running
    failed + undo_started = undoing
    failed + parked = parked
    undoing + undo_started = undoing
    undoing + undo_finished = undone
    undoing + undo_failed = parked
    undone + started = running
    ");
}

#[test]
fn a_dead_holder_loses_its_lease_and_the_fence_rises() {
    let store = Store::in_memory().unwrap();
    let living = Holder::current();
    let dead = Holder { started: living.started + 1, ..living.clone() };
    let first = store.take_lease("site/a", &dead, at()).unwrap();
    let second = store.take_lease("site/a", &living, at()).unwrap();
    assert!(second > first);
    assert!(matches!(store.take_lease("site/a", &living, at()), Err(StoreError::Held { .. })));
    store.drop_lease("site/a", first).unwrap();
    assert!(
        matches!(store.take_lease("site/a", &living, at()), Err(StoreError::Held { .. })),
        "the old fence gives nothing back"
    );
    store.drop_lease("site/a", second).unwrap();
    assert!(store.take_lease("site/a", &living, at()).unwrap() > second);
}

#[test]
fn a_later_registry_is_refused() {
    let connection = Connection::open_in_memory().unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(Store::prepare(connection), Err(StoreError::Version { found: 99, .. })));
}

#[test]
fn room_is_set_aside_once_and_given_up_only_on_a_full_disk() {
    let directory = tempfile::tempdir().unwrap();
    let path = camino::Utf8PathBuf::from_path_buf(directory.path().join("registry.sqlite")).unwrap();
    Store::open(&path).unwrap();
    let reserve = path.with_extension("reserve");
    assert!(reserve.metadata().unwrap().len() > 1 << 20);
    std::fs::write(
        &path,
        "no registry at all, and longer than a header of SQLite would be: a hundred bytes, or more",
    )
    .unwrap();
    assert!(matches!(Store::open(&path), Err(StoreError::Open { .. })));
    assert!(reserve.exists(), "there is room on the disk");
}

#[test]
fn what_the_first_version_kept_is_kept() {
    let connection = Connection::open_in_memory().unwrap();
    connection.pragma_update(None, "foreign_keys", true).unwrap();
    connection.execute_batch(schema::FIRST).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    connection
        .execute_batch(
            "insert into operation values (4, 'apply', 'tester', '{}', 'failed', '1970-01-01T00:00:00Z', 1);
             insert into unit (operation, seq, subject, phase, state, attempts) values (4, 0, 'site/a', 'delete', 'done', 1);
             insert into unit (operation, seq, subject, phase, state) values (4, 1, 'site/a', 'install', 'waiting');
             insert into event (operation, unit, n, at, attempt, worker, from_phase, to_phase, kind, evidence)
                 values (4, 0, 1, '1970-01-01T00:00:00Z', 1, '7', 'delete', 'delete', 'started', '');
             insert into total values (4, 'delete', 'done', 1), (4, 'install', 'waiting', 1);",
        )
        .unwrap();
    let store = Store::prepare(connection).unwrap();
    let id = store.last_operation("apply").unwrap().unwrap().id;
    assert_eq!(id, OperationId(4));
    assert_eq!(store.events(id).unwrap().len(), 1);
    store.record(id, 1, EventKind::Started, "", at()).unwrap();
    let totals: Vec<_> = store.totals(id).unwrap().into_iter().map(|t| (t.phase, t.state, t.count)).collect();
    let expected = [("delete", "done", 1), ("install", "running", 1)];
    assert_eq!(totals, expected.map(|(phase, state, count)| (phase.to_owned(), state.to_owned(), count)));
    assert!(store.last_operation("archive").unwrap().is_none());
}
