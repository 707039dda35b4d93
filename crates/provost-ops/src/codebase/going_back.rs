//! Going back to what an earlier lock had: its codebases are written into the lock that is there now, and the others stay.

use provost_codebase::import::has_changed;
use provost_fleet::lock::{Lock, LockStatus, LockedCodebase, LockedSource};
use provost_fleet::name::Name;

use super::named::Named;
use super::{downgrade, no_codebase};
use crate::OpsError;
use crate::session::Session;

/// The lock with what was named in it.
///
/// # Errors
/// [`OpsError::DeclaredOtherwise`] where the fleet file, or what lies beside it, says something else than it did then: the next `apply`
/// would resolve the codebase anew, and nobody would have gone back.
pub(super) async fn lock_with(session: &Session, wanted: &[Named]) -> Result<Lock, OpsError> {
    let mut lock = session.lock.clone();
    for one in wanted {
        let (Some(name), Some(locked), Some(revision)) = (&one.codebase, &one.locked, &one.revision) else {
            continue;
        };
        if !session.loaded.fleet.codebases.contains_key(name) {
            return Err(no_codebase(&session.loaded.fleet, name.as_str()));
        }
        lock.codebases.insert(name.clone(), locked.clone());
        let file = session.loaded.path.file_name().unwrap_or("fleet.toml").to_owned();
        let otherwise = if lock.status(&session.loaded.fleet, name) == LockStatus::Stale {
            vec![file]
        } else if has_changed(&session.cx, &session.origins(), locked).await.map_err(changed)? {
            beside(locked)
        } else {
            Vec::new()
        };
        if !otherwise.is_empty() {
            return Err(declared_otherwise(name, revision, otherwise));
        }
    }
    Ok(lock)
}

fn changed(error: provost_codebase::import::ImportError) -> OpsError {
    OpsError::Build(error.into())
}

fn declared_otherwise(name: &Name, revision: &str, files: Vec<String>) -> OpsError {
    let revision = revision.chars().take(12).collect();
    OpsError::DeclaredOtherwise { codebase: name.clone(), revision, files }
}

/// What a codebase is made of beside the fleet file.
fn beside(locked: &LockedCodebase) -> Vec<String> {
    let patches = locked.patches.iter().map(|patch| patch.path.clone());
    let plugins = locked.plugins.values().filter_map(|plugin| match &plugin.source {
        LockedSource::Directory { path, .. } => Some(path.clone()),
        LockedSource::Zip { location, .. } if !location.contains("://") => Some(location.clone()),
        _ => None,
    });
    patches.chain(plugins).filter(|path| !path.starts_with('/')).collect()
}

/// Says which sites stay where they are, because Moodle has no way back.
pub(super) async fn note_held(session: &Session, lock: &Lock) {
    if let Err(OpsError::GoesDown(down)) = downgrade::check(session, lock).await {
        for one in down {
            session.cx.note(format!("held, for Moodle has no way back: {one}"));
        }
    }
}
