//! What the tests of the contract stand on: either database, a session, a clock of their own.

use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use jiff::Timestamp;
use provost_engine::registry::{
    Claim, Claiming, Failure, Findings, NewSession, NewUnit, Outcome, Phase, PostgresRegistry, Receipt,
    Registry, Report, SessionId, SessionOrder, SqliteRegistry, Then, Unit, Verifier,
};

use crate::server::{Durable, Server};

/// A registry, and what must live as long as it.
pub(crate) struct Stage {
    pub(crate) registry: Box<dyn Registry>,
    pub(crate) database: Database,
}

/// One of the two.
pub(crate) enum Database {
    Sqlite(tempfile::TempDir),
    Postgres(Arc<Server>, String),
}

/// A server of PostgreSQL.
///
/// # Panics
/// Where there is none: what was not tried has not passed.
pub(crate) fn server() -> Arc<Server> {
    let server = Server::start(Durable::No);
    Arc::new(server.unwrap_or_else(|error| panic!("the contract was not tried on PostgreSQL: {error}")))
}

impl Stage {
    /// On a file.
    pub(crate) async fn sqlite() -> Self {
        let database = Database::Sqlite(tempfile::tempdir().unwrap());
        Self { registry: database.open().await, database }
    }

    /// In a database of its own on a server.
    pub(crate) async fn postgres(server: &Arc<Server>, name: &str) -> Self {
        // Names of databases are at most 63 bytes long.
        let name = name.chars().take(60).collect::<String>();
        server.sql("postgres", &format!("create database {name}")).unwrap();
        let database = Database::Postgres(server.clone(), name);
        Self { registry: database.open().await, database }
    }

    /// Runs a statement behind the registry's back: whether the database took it.
    pub(crate) fn meddle(&self, sql: &str) -> Result<(), String> {
        match &self.database {
            Database::Sqlite(_) => {
                let connection = rusqlite::Connection::open(self.database.path()).unwrap();
                connection.pragma_update(None, "foreign_keys", true).unwrap();
                connection.execute_batch(sql).map_err(|error| error.to_string())
            }
            Database::Postgres(server, name) => {
                let sql = format!("set search_path to provost_registry; {sql}");
                server.sql(name, &sql).map(drop).map_err(|error| error.to_string())
            }
        }
    }
}

impl Database {
    pub(crate) async fn open(&self) -> Box<dyn Registry> {
        match self {
            Self::Sqlite(_) => Box::new(SqliteRegistry::open(&self.path()).unwrap()),
            Self::Postgres(server, name) => {
                Box::new(PostgresRegistry::open(&server.address(name)).await.unwrap())
            }
        }
    }

    fn path(&self) -> Utf8PathBuf {
        let Self::Sqlite(directory) = self else { panic!("it has no file") };
        Utf8PathBuf::from_path_buf(directory.path().join("registry.sqlite")).unwrap()
    }
}

/// So many seconds after the beginning.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

pub(crate) const LEASE: Duration = Duration::from_mins(1);

/// A unit of a hundred bytes and a hundred seconds.
pub(crate) fn new_unit(seq: i64) -> NewUnit {
    NewUnit {
        seq,
        subject: format!("course/{seq}"),
        label: format!("C{seq}"),
        goal: Phase::Prove,
        priority: 0,
        predicted_s: 100.0,
        upper_s: 150.0,
        bytes: 100,
        source_id: Some(seq + 1000),
        facts: serde_json::json!({ "activities": seq }),
    }
}

/// A session that runs, with some units.
pub(crate) async fn session(registry: &dyn Registry, units: &[NewUnit]) -> SessionId {
    let new = NewSession {
        name: "yearly".to_owned(),
        actor: "tester".to_owned(),
        declared: serde_json::json!({ "from": "hugo" }),
        orders: serde_json::json!({ "workers": 2 }),
    };
    let id = registry.draft(&new, at(0)).await.unwrap();
    registry.add(id, units).await.unwrap();
    registry.order(id, SessionOrder::Run).await.unwrap();
    id
}

/// A session of like units.
pub(crate) async fn session_of(registry: &dyn Registry, count: i64) -> SessionId {
    session(registry, &(0..count).map(new_unit).collect::<Vec<_>>()).await
}

/// A session of one unit that is to be deleted.
pub(crate) async fn session_to_delete(registry: &dyn Registry) -> SessionId {
    session(registry, &[NewUnit { goal: Phase::Delete, ..new_unit(0) }]).await
}

pub(crate) async fn claim(
    registry: &dyn Registry,
    session: SessionId,
    worker: &str,
    now: i64,
) -> Option<Claim> {
    registry.claim(session, &Claiming::any(worker, at(now), LEASE)).await.unwrap()
}

pub(crate) async fn unit(registry: &dyn Registry, session: SessionId, seq: i64) -> Unit {
    registry.unit(session, seq).await.unwrap().unwrap()
}

pub(crate) fn report(now: i64) -> Report {
    Report { now: at(now), evidence: "seen".to_owned(), seconds: 2.5, findings: Findings::default() }
}

pub(crate) fn failure(now: i64, retry: Option<i64>) -> Failure {
    Failure {
        now: at(now),
        error: "no disk".to_owned(),
        seconds: 1.0,
        retry_at: retry.map(at),
        park_after: Failure::TRIES,
        findings: Findings::default(),
        untouched: false,
    }
}

pub(crate) fn go_on(now: i64) -> Then {
    Then::GoOn { until: at(now + 60) }
}

pub(crate) const LET_GO: Then = Then::LetGo { not_before: None };

/// Goes on with a claim until a phase is next, by the way of `prove` where it leads through it.
pub(crate) async fn advance(registry: &dyn Registry, claim: &Claim, to: Phase, now: i64) -> Outcome {
    let mut place = claim.unit.place;
    loop {
        let outcome = match place.phase {
            Phase::Prove => registry.prove(&claim.held, &receipt(), &report(now), go_on(now)).await,
            phase => registry.finish(&claim.held, phase, &report(now), go_on(now)).await,
        };
        let outcome = outcome.unwrap();
        if outcome.place.phase >= to || !outcome.held {
            return outcome;
        }
        place = outcome.place;
    }
}

/// A key that signs by writing its name.
pub(crate) struct Key;

impl Verifier for Key {
    fn key_id(&self) -> String {
        "key".to_owned()
    }

    fn verifies(&self, body: &[u8], signature: &[u8]) -> bool {
        signature == [body, b" by key"].concat()
    }
}

pub(crate) fn receipt() -> Receipt {
    Receipt::verified("all there".to_owned(), b"all there by key".to_vec(), &Key).unwrap()
}
