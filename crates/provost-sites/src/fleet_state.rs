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
        let id = uuid::Uuid::new_v4();
        let made = Self { id: id.to_string() };
        let path = paths.keep().join("fleet.json");
        let failed = |source| FleetIdError::Io { path: path.clone(), source };
        files::directory(&paths.keep(), 0o700, &Account::Own).map_err(failed)?;
        let text = serde_json::to_string(&made).unwrap_or_default();
        // Linked and not renamed: of two commands that begin a fleet at the same time one makes the id, and the other has that one too.
        let aside =
            path.with_file_name(format!(".fleet.json.{}-{}.new", std::process::id(), id.as_u64_pair().0));
        files::write_whole(&aside, text.as_bytes(), 0o600, &Account::Own).map_err(failed)?;
        let linked = std::fs::hard_link(&aside, &path);
        drop(std::fs::remove_file(&aside));
        match linked {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                Self::read(paths)?.ok_or_else(|| failed(error))
            }
            other => other.map(|()| made).map_err(failed),
        }
    }

    /// An id that nothing carries, for looking at a fleet that was never applied.
    pub fn none() -> Self {
        Self { id: String::new() }
    }
}

#[cfg(test)]
mod tests {
    use camino::Utf8Path;

    use super::*;

    #[test]
    fn who_begins_a_fleet_at_the_same_time_has_the_same_id() {
        let directory = tempfile::tempdir().unwrap();
        let state = Utf8Path::from_path(directory.path()).unwrap().to_owned();
        let paths =
            Paths { run: state.join("run"), cache: state.join("cache"), store: state.join("store"), state };
        let ids: Vec<FleetId> = std::thread::scope(|scope| {
            let each: Vec<_> =
                (0..16).map(|_| scope.spawn(|| FleetId::read_or_make(&paths).unwrap())).collect();
            each.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let kept = FleetId::read(&paths).unwrap().unwrap();
        assert!(ids.iter().all(|id| *id == kept), "{kept:?} {ids:?}");
        assert_eq!(std::fs::read_dir(paths.keep()).unwrap().count(), 1, "nothing is left beside it");
    }
}
