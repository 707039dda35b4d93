//! What a person accepts while a session works is known to the process that works on it, and stands in the receipt.
#![expect(clippy::unwrap_used, reason = "a test, whose helpers are no tests themselves")]

use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use jiff::Timestamp;
use provost_archive::accepting::Accepting;
use provost_archive::ends::scripted::{self, Script, World};
use provost_archive::phases::{Dossier, Phases};
use provost_archive::receipt::{Key, Receipt};
use provost_archive::session::{Learned, NoLeftovers, Orders, Pace, RunEnd, Runner, Silent, WorkerName};
use provost_engine::paths::Paths;
use provost_engine::registry::{
    Claiming, Command, NewSession, NewUnit, Phase, Registry, Selection, SessionId, SessionOrder,
    SqliteRegistry, State, Unit,
};
use provost_fleet::archive::{Accept, Overrun};
use serde_json::json;
use tokio_util::sync::CancellationToken;

const PACE: Pace = Pace {
    lease: Duration::from_secs(20),
    beat: Duration::from_secs(2),
    idle: Duration::from_millis(20),
    retry: Duration::from_millis(50),
    load: Duration::from_hours(1),
    burial: Duration::from_hours(1),
    insist: Duration::from_mins(2),
    again: Duration::from_millis(50),
};

/// How long a busy machine may take to bring one course through.
const LONGEST: Duration = Duration::from_mins(2);

fn orders() -> Orders {
    Orders {
        workers: 1,
        windows: Vec::new(),
        timezone: "UTC".to_owned(),
        exceptions: Vec::new(),
        overrun: Overrun::Finish,
        accepted: Vec::new(),
    }
}

/// A session of two courses: one that comes back different, and one that somebody else holds, so that the session does not end.
async fn draft(registry: &dyn Registry) -> SessionId {
    let new = NewSession {
        name: "s".to_owned(),
        actor: "ada".to_owned(),
        declared: json!({}),
        orders: orders().write().unwrap(),
    };
    let session = registry.draft(&new, Timestamp::now()).await.unwrap();
    let facts = Dossier { place: vec!["Archive".to_owned()], ..Dossier::default() }.to_facts().unwrap();
    let unit = |seq: i64| NewUnit {
        seq,
        subject: format!("course/{}", seq + 1),
        label: format!("c{}", seq + 1),
        goal: Phase::Prove,
        priority: 0,
        predicted_s: 1.0,
        upper_s: 2.0,
        bytes: 0,
        source_id: Some(seq + 1),
        facts: facts.clone(),
    };
    registry.add(session, &[unit(0), unit(1)]).await.unwrap();
    registry.order(session, SessionOrder::Run).await.unwrap();
    let other = Claiming::any("somebody else".to_owned(), Timestamp::now(), Duration::from_hours(1));
    let held = registry.claim(session, &Claiming { only: Some(1), ..other }).await.unwrap();
    assert_eq!(held.unwrap().held.unit, 1);
    session
}

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
    let directory = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(directory.path().to_owned()).unwrap();
    let world = World::open(root.join("world"), Script { damaged: 1000, ..Script::calm() }).unwrap();
    world.add_course(1, "c1").unwrap();
    world.add_course(2, "c2").unwrap();
    let (state, run) = (root.join("state"), root.join("run"));
    let paths = Paths { state, run, cache: root.join("cache"), store: root.join("store") };
    let registry: Arc<dyn Registry> = Arc::new(SqliteRegistry::open(&root.join("registry.sqlite")).unwrap());
    let session = draft(&*registry).await;
    let key = Key::read_or_make(&paths).unwrap();
    let public = key.public();
    let phases = Phases {
        ends: scripted::ends(world),
        key,
        fleet: "abc".to_owned(),
        session: "1".to_owned(),
        accepted: Accepting::default(),
        quarantine_days: 0,
    };
    let cancel = CancellationToken::new();
    let runner = Runner {
        registry: registry.clone(),
        session,
        phases: Arc::new(phases),
        pace: PACE,
        worker: WorkerName::here("here"),
        learned: Arc::new(Learned::nothing()),
        leftovers: Arc::new(NoLeftovers),
        watcher: Arc::new(Silent),
        cancel: cancel.clone(),
        leave_when_closed: false,
    };
    let working = tokio::spawn(Arc::new(runner).run());

    let stopped = until(&*registry, session, State::Parked).await;
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
    until(&*registry, session, State::Done).await;

    let stored = registry.receipt(session, 0).await.unwrap().unwrap();
    let statement = Receipt::from_text(&stored.body).unwrap().read(&public).unwrap();
    let [settled] = statement.accepted.as_slice() else { panic!("{statement:?}") };
    assert_eq!(settled.name, "changed:content");
    assert_eq!(settled.reason, "accepted as `changed:cont*` by ada at 1970-01-01T00:00:00Z");
    cancel.cancel();
    assert_eq!(working.await.unwrap().unwrap(), RunEnd::Interrupted);
}
