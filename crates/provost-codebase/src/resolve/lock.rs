//! Bringing a lock up to date with its fleet file.

use provost_engine::context::Context;
use provost_fleet::lock::{Lock, LockStatus, LockedCodebase};
use provost_fleet::model::Fleet;
use provost_fleet::name::Name;

use super::{Origins, ResolveError, Resolver, resolve};
use crate::build::BuildError;
use crate::git::Git;
use crate::import::has_changed;

/// Resolves the codebases that the lock lacks or that are declared otherwise than when they were locked, keeps the others
/// as they are, and drops those that are no longer declared. A lock that is up to date costs nothing, not even a look at
/// the network.
///
/// # Errors
/// The first codebase, by name, that cannot be resolved.
pub async fn resolve_lock(
    cx: &Context,
    origins: &Origins,
    fleet: &Fleet,
    lock: &Lock,
) -> Result<Lock, ResolveError> {
    let mut resolved = Lock::default();
    let mut resolver = None;
    for (name, codebase) in &fleet.codebases {
        let locked = match lock.status(fleet, name) {
            LockStatus::Current(locked) if !is_changed(cx, origins, name, locked).await? => locked.clone(),
            LockStatus::Current(_) | LockStatus::Missing | LockStatus::Stale => {
                let resolver = match &resolver {
                    Some(resolver) => resolver,
                    None => resolver.insert(open(cx, origins, fleet, name).await?),
                };
                let resolved = resolve(resolver, name, codebase).await?;
                resolved.note_warnings(cx);
                resolved.locked
            }
        };
        resolved.codebases.insert(name.clone(), locked);
    }
    Ok(resolved)
}

/// Whether a zip, a directory or a patch of this machine has another content than the lock says.
async fn is_changed(
    cx: &Context,
    origins: &Origins,
    name: &Name,
    locked: &LockedCodebase,
) -> Result<bool, ResolveError> {
    has_changed(cx, origins, locked).await.map_err(|error| ResolveError {
        codebase: name.clone(),
        cause: Box::new(BuildError::Import(error).into()),
    })
}

async fn open(cx: &Context, origins: &Origins, fleet: &Fleet, name: &Name) -> Result<Resolver, ResolveError> {
    let git = Git::find(cx)
        .await
        .map_err(|error| ResolveError { codebase: name.clone(), cause: Box::new(error.into()) })?;
    Ok(Resolver::new(git, origins, fleet.codebases.values()))
}
