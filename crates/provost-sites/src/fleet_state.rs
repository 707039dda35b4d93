//! What a fleet keeps about itself: its id.

use camino::Utf8PathBuf;
use provost_engine::files;
use provost_engine::paths::Paths;
use provost_engine::process::Account;
use serde::{Deserialize, Serialize};

/// The fleet's id, kept in `keep/fleet.json`. Everything the fleet makes is marked with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetId {
    /// A UUID.
    pub id: String,
}

/// Why the id could not be had.
#[derive(Debug, thiserror::Error)]
pub enum FleetIdError {
    /// The file cannot be read or written.
    #[error("cannot use `{path}`")]
    Io {
        /// Its path.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not what we wrote.
    #[error("`{0}` is damaged; restore it from a backup: without it nothing is known to be this fleet's")]
    Damaged(Utf8PathBuf),
}

impl FleetId {
    /// Reads the id; `None` where the fleet was never applied.
    pub fn read(paths: &Paths) -> Result<Option<Self>, FleetIdError> {
        let path = paths.keep().join("fleet.json");
        match std::fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).map(Some).map_err(|_| FleetIdError::Damaged(path)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(FleetIdError::Io { path, source }),
        }
    }

    /// Reads the id, or makes one.
    pub fn read_or_make(paths: &Paths) -> Result<Self, FleetIdError> {
        if let Some(found) = Self::read(paths)? {
            return Ok(found);
        }
        let made = Self { id: uuid::Uuid::new_v4().to_string() };
        let path = paths.keep().join("fleet.json");
        let failed = |source| FleetIdError::Io { path: path.clone(), source };
        files::directory(&paths.keep(), 0o700, &Account::Own).map_err(failed)?;
        let text = serde_json::to_string(&made).unwrap_or_default();
        files::write_whole(&path, text.as_bytes(), 0o600, &Account::Own).map_err(failed)?;
        Ok(made)
    }

    /// An id that nothing carries, for looking at a fleet that was never applied.
    pub fn none() -> Self {
        Self { id: String::new() }
    }
}
