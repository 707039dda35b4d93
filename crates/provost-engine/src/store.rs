//! The registry: operations with their units and events, leases, processes at work, and the last observations; in SQLite.
//!
//! For `apply` live state is the truth and this is history. For operations the log is the truth about position. Writes
//! are short and serialised by one connection; other processes wait for theirs up to `BUSY`.

mod journal;
mod leases;
mod observations;
mod operations;
mod reserve;
mod schema;

pub use journal::{Entry, UnitEntry};
pub use operations::{EventKind, Operation, OperationId, OperationState, Total, UnitEvent, UnitState, next};

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use camino::Utf8Path;
use rusqlite::Connection;

/// How long a write waits for another process's. Every transaction here is a few rows; a wait this long means that
/// somebody hangs.
const BUSY: Duration = Duration::from_secs(20);

/// The registry of one fleet.
pub struct Store {
    connection: Mutex<Connection>,
}

/// Why the registry failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Its directory or file cannot be made or opened.
    #[error("cannot open the registry `{path}`")]
    Open {
        /// Its path.
        path: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The disk is full.
    #[error("no space is left for the registry `{path}`")]
    Full {
        /// Its path.
        path: String,
        /// What could not be done.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A statement failed.
    #[error("the registry failed")]
    Sql(#[from] rusqlite::Error),
    /// It was written by a later version of Provost.
    #[error("the registry has version {found}, this Provost knows up to {known}")]
    Version {
        /// What it has.
        found: i64,
        /// What we know.
        known: i64,
    },
    /// An event that cannot follow on a unit's state.
    #[error("unit {unit} is {state}; it cannot be {event}")]
    Illegal {
        /// Position of the unit in its operation.
        unit: usize,
        /// Where it is.
        state: &'static str,
        /// What was said of it.
        event: &'static str,
    },
    /// Somebody living holds the lease.
    #[error("{subject} is held by process {}", holder.pid)]
    Held {
        /// The subject.
        subject: String,
        /// Who.
        holder: crate::lease::Holder,
        /// Since when.
        since: String,
    },
    /// A task ended in a panic: a bug.
    #[error("a task broke: {0}")]
    Task(String),
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// Opens or makes the registry of a fleet.
    ///
    /// # Errors
    /// When the place cannot be written, the disk is full, or a later Provost wrote it.
    pub fn open(path: &Utf8Path) -> Result<Self, StoreError> {
        let opened = match Self::open_once(path) {
            Err(StoreError::Open { .. }) if reserve::give_up(path) => Self::open_once(path),
            other => other,
        };
        match opened {
            Ok(store) => {
                reserve::set_aside(path);
                Ok(store)
            }
            Err(StoreError::Open { path: shown, source }) if reserve::is_full(path) => {
                Err(StoreError::Full { path: shown, source })
            }
            Err(error) => Err(error),
        }
    }

    fn open_once(path: &Utf8Path) -> Result<Self, StoreError> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| StoreError::Open {
            path: path.to_string(),
            source,
        };
        if let Some(directory) = path.parent() {
            fs_err::create_dir_all(directory).map_err(|error| failed(error.into()))?;
        }
        let connection = Connection::open(path).map_err(|error| failed(error.into()))?;
        Self::prepare(connection).map_err(|error| match error {
            StoreError::Sql(error) => failed(error.into()),
            other => other,
        })
    }

    /// A registry in memory, for tests and for looking without leaving a trace.
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::prepare(Connection::open_in_memory()?)
    }

    fn prepare(mut connection: Connection) -> Result<Self, StoreError> {
        connection.busy_timeout(BUSY)?;
        // WAL lets `status` read while `apply` writes. NORMAL survives our death, which is what leases and the ledger need; a
        // power cut may cost the last events, and live state tells what they would have.
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "normal")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        schema::migrate(&mut connection)?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic while holding it cannot leave a half-done transaction: those roll back when dropped.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
