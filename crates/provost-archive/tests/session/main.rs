//! Processes at work on a session of the scripted world, looked at from outside.
#![expect(clippy::unwrap_used, reason = "tests, whose helpers are no tests themselves")]

mod accepted;
mod differs;
mod freed;

use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use jiff::Timestamp;
use provost_archive::accepting::Accepting;
use provost_archive::ends::scripted::{self, Script, World};
use provost_archive::phases::{Dossier, Phases};
use provost_archive::receipt::{Key, PublicKey};
use provost_archive::session::{Learned, NoLeftovers, Orders, Pace, Runner, Silent, WorkerName};
use provost_engine::paths::Paths;
use provost_engine::registry::{
    Claim, Claiming, NewSession, NewUnit, Phase, Registry, Seq, SessionId, SessionOrder, SqliteRegistry,
};
use provost_fleet::archive::Overrun;
use serde_json::json;
use tempfile::TempDir;
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

/// A session of two courses, and the world that they are in.
struct Bench {
    registry: Arc<dyn Registry>,
    session: SessionId,
    phases: Arc<Phases>,
    public: PublicKey,
    world: World,
    _directory: TempDir,
}

impl Bench {
    async fn new(script: Script, goal: Phase) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(directory.path().to_owned()).unwrap();
        let world = World::open(root.join("world"), script).unwrap();
        world.add_course(1, "c1").unwrap();
        world.add_course(2, "c2").unwrap();
        let (state, run) = (root.join("state"), root.join("run"));
        let paths = Paths { state, run, cache: root.join("cache"), store: root.join("store") };
        let registry: Arc<dyn Registry> =
            Arc::new(SqliteRegistry::open(&root.join("registry.sqlite")).unwrap());
        let session = draft(&*registry, goal).await;
        let key = Key::read_or_make(&paths).unwrap();
        let public = key.public();
        let phases = Phases {
            ends: scripted::ends(world.clone()),
            key,
            fleet: "abc".to_owned(),
            session: "1".to_owned(),
            accepted: Accepting::default(),
            quarantine_days: 0,
        };
        Self { registry, session, phases: Arc::new(phases), public, world, _directory: directory }
    }

    /// A process that works until there is nothing to do, or it is cancelled.
    fn runner(&self, cancel: &CancellationToken) -> Arc<Runner> {
        Arc::new(Runner {
            registry: self.registry.clone(),
            session: self.session,
            phases: self.phases.clone(),
            pace: PACE,
            worker: WorkerName::here("here"),
            learned: Arc::new(Learned::nothing()),
            leftovers: Arc::new(NoLeftovers),
            watcher: Arc::new(Silent),
            cancel: cancel.clone(),
            leave_when_closed: false,
        })
    }

    /// A unit that a worker of another machine takes.
    async fn taken_elsewhere(&self, unit: Seq, lease: Duration) -> Claim {
        let other = Claiming::any("somebody else".to_owned(), Timestamp::now(), lease);
        let claiming = Claiming { only: Some(unit), ..other };
        let claim = self.registry.claim(self.session, &claiming).await.unwrap().unwrap();
        assert_eq!(claim.held.unit, unit);
        claim
    }
}

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

async fn draft(registry: &dyn Registry, goal: Phase) -> SessionId {
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
        goal,
        priority: 0,
        predicted_s: 1.0,
        upper_s: 2.0,
        bytes: 0,
        source_id: Some(seq + 1),
        facts: facts.clone(),
    };
    registry.add(session, &[unit(0), unit(1)]).await.unwrap();
    registry.order(session, SessionOrder::Run).await.unwrap();
    session
}
