//! Where a campaign takes place: a scripted world, a registry, a key.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use provost_archive::ends::scripted::{Script, World};
use provost_archive::session::Pace;
use provost_engine::paths::Paths;
use provost_engine::registry::{PostgresAddress, PostgresRegistry, Registry, SessionId, SqliteRegistry};
use provost_engine::store::OperationId;
use serde::{Deserialize, Serialize};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The only session of a campaign's registry.
pub(crate) const SESSION: SessionId = OperationId(1);

/// Where a campaign takes place.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Scene {
    /// All that is on disk.
    pub(crate) root: Utf8PathBuf,
    /// What all that is random is drawn from.
    pub(crate) seed: u64,
    /// The registry.
    pub(crate) place: Place,
}

/// Where the registry is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Place {
    /// In a file.
    Sqlite,
    /// On a server.
    PostgreSql {
        /// The directory of its socket.
        socket: String,
        /// The role, and the name of its database.
        role: String,
    },
}

impl Scene {
    /// What goes wrong: some courses can never be archived, and connections are cut now and then.
    pub(crate) fn script(&self) -> Script {
        let pause = Duration::from_micros(400);
        Script { seed: self.seed, throws: 5, damaged: 4, incomplete: 3, cuts: 4, pause }
    }

    pub(crate) fn world(&self) -> Result<World> {
        Ok(World::open(self.root.join("world"), self.script())?)
    }

    pub(crate) fn paths(&self) -> Paths {
        let (state, run) = (self.root.join("state"), self.root.join("run"));
        Paths { state, run, cache: self.root.join("cache"), store: self.root.join("store") }
    }

    pub(crate) async fn registry(&self) -> Result<Arc<dyn Registry>> {
        Ok(match &self.place {
            Place::Sqlite => Arc::new(SqliteRegistry::open(&self.root.join("registry.sqlite"))?),
            Place::PostgreSql { socket, role } => {
                let address = PostgresAddress {
                    host: socket.clone(),
                    port: None,
                    user: role.clone(),
                    password: None,
                    database: role.clone(),
                };
                Arc::new(PostgresRegistry::open(&address).await?)
            }
        })
    }

    /// As real sessions go, a hundred times as fast.
    pub(crate) fn pace() -> Pace {
        Pace {
            lease: Duration::from_secs(20),
            beat: Duration::from_secs(2),
            idle: Duration::from_millis(20),
            retry: Duration::from_millis(50),
            load: Duration::from_hours(1),
            burial: Duration::from_millis(300),
            insist: Duration::from_mins(2),
            again: Duration::from_millis(50),
        }
    }
}
