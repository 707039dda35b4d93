//! The lock beside the fleet file.

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::files;
use provost_engine::process::Account;
use provost_fleet::lock::Lock;
use serde::Serialize;

use crate::OpsError;
use crate::error::io;

/// `fleet.toml` has `fleet.lock` beside it.
pub(crate) fn path(fleet: &Utf8Path) -> Utf8PathBuf {
    fleet.with_extension("lock")
}

/// Reads a lock; one that is not there is empty.
pub(crate) fn read(path: &Utf8Path) -> Result<Lock, OpsError> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Lock::default()),
        Err(source) => Err(OpsError::Io { verb: "read", path: path.to_owned(), source }),
        Ok(text) => {
            let name = path.file_name().unwrap_or("fleet.lock");
            Lock::parse(name, &text).map_err(OpsError::Invalid)
        }
    }
}

/// Writes a lock, whole.
pub(crate) fn write(path: &Utf8Path, lock: &Lock) -> Result<(), OpsError> {
    files::write_whole(path, lock.to_toml().as_bytes(), 0o644, &Account::Own).map_err(io("write", path))
}

/// What a new lock changes of one codebase.
#[derive(Debug, Clone, Serialize)]
pub struct LockChange {
    /// The codebase.
    pub codebase: String,
    /// Moodle's release and the tree before.
    pub from: Option<String>,
    /// Moodle's release and the tree after.
    pub to: Option<String>,
}

/// What differs between two locks.
pub(crate) fn changes(from: &Lock, to: &Lock) -> Vec<LockChange> {
    let names: std::collections::BTreeSet<_> = from.codebases.keys().chain(to.codebases.keys()).collect();
    let differing = names.into_iter().filter(|name| from.codebases.get(*name) != to.codebases.get(*name));
    let told = |lock: &Lock, name| {
        lock.codebases.get(name).map(|locked| {
            let tree: String = locked.tree.chars().take(12).collect();
            format!("Moodle {}, {} plugin(s), tree {tree}", locked.moodle.release, locked.plugins.len())
        })
    };
    differing
        .map(|name| LockChange { codebase: name.to_string(), from: told(from, name), to: told(to, name) })
        .collect()
}
