//! Bringing a lock up to date with its fleet file.

use provost_engine::context::Context;
use provost_fleet::lock::{Lock, LockStatus};
use provost_fleet::model::Fleet;

use super::{ResolveError, resolve};

/// Resolves the codebases that the lock lacks or that are declared otherwise than when they were locked, keeps the others
/// as they are, and drops those that are no longer declared. A lock that is up to date costs nothing, not even a look at
/// the network.
///
/// # Errors
/// The first codebase, by name, that cannot be resolved.
pub async fn resolve_lock(cx: &Context, fleet: &Fleet, lock: &Lock) -> Result<Lock, ResolveError> {
    let mut resolved = Lock::default();
    for (name, codebase) in &fleet.codebases {
        let locked = match lock.status(fleet, name) {
            LockStatus::Current(locked) => locked.clone(),
            LockStatus::Missing | LockStatus::Stale => resolve(cx, name, codebase).await?,
        };
        resolved.codebases.insert(name.clone(), locked);
    }
    Ok(resolved)
}
