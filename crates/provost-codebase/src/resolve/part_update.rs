//! Moving a part of a lock, and holding the rest where it is.

use std::collections::BTreeSet;

use provost_fleet::lock::{LockedCodebase, LockedPlugin, LockedSource, declaration_digest};
use provost_fleet::model::{Codebase, GitAt, PluginSource};
use provost_fleet::name::Name;
use provost_moodle::component::Component;
use provost_moodle::request::MoodleRequest;

use super::{ResolveError, Resolved, Resolver, resolve};

/// What is to move to the newest that its declaration means.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moving {
    /// Moodle.
    pub moodle: bool,
    /// These plugins.
    pub plugins: BTreeSet<Component>,
}

/// Resolves a codebase anew, but only what is to move; everything else stays at what the lock says.
///
/// # Errors
/// As [`resolve`]. What is held may be what blocks: then more has to move.
pub async fn update(
    resolver: &Resolver,
    name: &Name,
    codebase: &Codebase,
    locked: &LockedCodebase,
    moving: &Moving,
) -> Result<Resolved, ResolveError> {
    let mut held = codebase.clone();
    if !moving.moodle {
        held.moodle = MoodleRequest::Commit(locked.moodle.commit.clone());
        held.git.clone_from(&locked.moodle.source);
    }
    for (component, source) in &mut held.plugins {
        if let Some(plugin) = locked.plugins.get(component).filter(|_| !moving.plugins.contains(component)) {
            *source = hold(plugin, source);
        }
    }
    let mut resolved = resolve(resolver, name, &held).await?;
    resolved.locked.declared = declaration_digest(codebase);
    if !moving.moodle {
        resolved.locked.moodle = locked.moodle.clone();
    }
    for (component, plugin) in &mut resolved.locked.plugins {
        if let Some(before) =
            locked.plugins.get(component).filter(|before| before.source.object() == plugin.source.object())
        {
            // Its place may have changed with Moodle; by which reference it was found has not.
            *plugin = LockedPlugin {
                path: plugin.path.clone(),
                submodules: plugin.submodules.clone(),
                ..before.clone()
            };
        }
    }
    Ok(resolved)
}

/// The declaration that means what the lock has. A zip and a directory are what they are now.
fn hold(locked: &LockedPlugin, declared: &PluginSource) -> PluginSource {
    match &locked.source {
        LockedSource::Git { source, commit, .. } => {
            PluginSource::Git { url: source.clone(), at: GitAt::Commit(commit.clone()) }
        }
        LockedSource::Zip { location, .. } => PluginSource::Zip { location: location.clone() },
        LockedSource::Directory { .. } => declared.clone(),
    }
}
