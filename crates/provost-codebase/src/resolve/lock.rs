//! Bringing a lock up to date with its fleet file.

use provost_engine::context::Context;
use provost_fleet::digest::Digest;
use provost_fleet::lock::Lock;
use provost_fleet::model::{Codebase, Fleet};

use super::{ResolveError, resolve};

/// The digest of a codebase's declaration, by which the lock knows that it still stands.
pub fn declared(codebase: &Codebase) -> Digest {
    Digest::of(&serde_json::to_vec(codebase).unwrap_or_default())
}

/// Resolves the codebases that the lock lacks or that are declared otherwise than when they were locked, keeps the others
/// as they are, and drops those that are no longer declared. A lock that is up to date costs nothing, not even a look at
/// the network.
///
/// # Errors
/// The first codebase, by name, that cannot be resolved.
pub async fn resolve_lock(cx: &Context, fleet: &Fleet, lock: &Lock) -> Result<Lock, ResolveError> {
    let mut resolved = Lock::default();
    for (name, codebase) in &fleet.codebases {
        let kept = lock.codebases.get(name).filter(|locked| locked.declared == declared(codebase));
        let locked = match kept {
            Some(locked) => locked.clone(),
            None => resolve(cx, name, codebase).await?,
        };
        resolved.codebases.insert(name.clone(), locked);
    }
    Ok(resolved)
}
