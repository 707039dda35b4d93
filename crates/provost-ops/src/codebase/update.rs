//! `provost codebase update`: moves the lock, and says what that brings.

use std::collections::BTreeSet;

use provost_codebase::changes::{PartChange, beginnings, changes};
use provost_codebase::git::Git;
use provost_codebase::resolve::{Moving, resolve, update as move_part};
use provost_engine::lease::Lease;
use provost_fleet::lock::{Lock, LockStatus, LockedCodebase};
use provost_fleet::model::Codebase;
use provost_fleet::name::Name;
use provost_moodle::component::Component;
use serde::Serialize;

use super::diff::{Lists, besides};
use super::{chosen, downgrade, resolver, unresolved};
use crate::session::{Access, Call, Session};
use crate::{OpsError, lockfile};

/// What is to move.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// These codebases; none means all.
    pub codebases: Vec<String>,
    /// These plugins; with none, and not `moodle`, everything moves.
    pub components: BTreeSet<Component>,
    /// Moodle.
    pub moodle: bool,
    /// Only look: the lock is not written.
    pub dry_run: bool,
}

/// What moved.
#[derive(Debug, Serialize)]
pub struct Updated {
    /// Version of this form.
    pub schema: u32,
    /// Whether the lock was written.
    pub written: bool,
    /// The codebases that changed.
    pub codebases: Vec<CodebaseUpdate>,
}

/// What moved in one codebase.
#[derive(Debug, Serialize)]
pub struct CodebaseUpdate {
    /// Which.
    pub codebase: String,
    /// The tree before, if there was one.
    pub from: Option<String>,
    /// The tree after.
    pub to: String,
    /// Part by part.
    pub changes: Vec<PartChange>,
    /// Plugins of Moodle's own that are taken out.
    pub absent: Lists,
    /// Patches, by their path and the beginning of their digest.
    pub patches: Lists,
    /// Installed sites that run on it; they stay where they are until they are upgraded.
    pub sites: Vec<String>,
}

/// Moves the lock to the newest that the declarations mean, or a part of it.
///
/// # Errors
/// When something cannot be resolved or would go down; then the lock is as it was.
pub async fn update(call: &Call, request: &Request) -> Result<Updated, OpsError> {
    let access = if request.dry_run { Access::LookAtRest } else { Access::Change };
    let session = Session::open(call, access)?;
    let updated = update_open(&session, request).await;
    session.close().await;
    updated
}

async fn update_open(session: &Session, request: &Request) -> Result<Updated, OpsError> {
    let _lease = match request.dry_run {
        true => None,
        false => Some(Lease::take(&session.cx, "fleet").await?),
    };
    let fleet = &session.loaded.fleet;
    let named = chosen(fleet, &request.codebases)?;
    for component in &request.components {
        if !named.iter().any(|(_, codebase)| codebase.plugins.contains_key(component)) {
            return Err(OpsError::NoPlugin(component.clone()));
        }
    }
    let resolver = resolver(session).await?;
    let mut lock = session.lock.clone();
    lock.codebases.retain(|name, _| fleet.codebases.contains_key(name));
    for (name, codebase) in &named {
        let held = match session.lock.status(fleet, name) {
            LockStatus::Current(locked) => moving(request, codebase).map(|moving| (locked, moving)),
            LockStatus::Missing | LockStatus::Stale => None,
        };
        let resolved = match held {
            Some((_, moving)) if moving == Moving::default() => continue,
            Some((locked, moving)) => move_part(&resolver, name, codebase, locked, &moving).await,
            None => resolve(&resolver, name, codebase).await,
        };
        let resolved = resolved.map_err(unresolved(session))?;
        resolved.note_warnings(&session.cx);
        lock.codebases.insert((*name).clone(), resolved.locked);
    }
    downgrade::check(session, &lock).await?;
    let codebases = tell(session, &named, &lock).await?;
    let written = !request.dry_run && lock != session.lock;
    if written {
        lockfile::write(&lockfile::path(&session.loaded.path), &lock)?;
    }
    Ok(Updated { schema: 1, written, codebases })
}

/// What is to move of a codebase; `None` means all of it.
fn moving(request: &Request, codebase: &Codebase) -> Option<Moving> {
    if request.components.is_empty() && !request.moodle {
        return None;
    }
    let plugins = request.components.iter().filter(|component| codebase.plugins.contains_key(*component));
    Some(Moving { moodle: request.moodle, plugins: plugins.cloned().collect() })
}

async fn tell(
    session: &Session,
    named: &[(&Name, &Codebase)],
    lock: &Lock,
) -> Result<Vec<CodebaseUpdate>, OpsError> {
    let git = Git::find(&session.cx).await.map_err(unresolved(session))?;
    let mut told = Vec::new();
    for (name, _) in named {
        let (before, after) = (session.lock.codebases.get(*name), lock.codebases.get(*name));
        let Some(after) = after.filter(|after| before != Some(*after)) else { continue };
        let changes = match before {
            Some(before) => changes(&git, before, after).await.map_err(unresolved(session))?,
            None => beginnings(after),
        };
        let (absent, patches) = besides(before, Some(after));
        told.push(CodebaseUpdate {
            codebase: name.to_string(),
            from: before.map(|before: &LockedCodebase| before.tree.clone()),
            to: after.tree.clone(),
            changes,
            absent,
            patches,
            sites: downgrade::sites_of(session, name),
        });
    }
    Ok(told)
}
