//! `provost codebase why`: why a plugin is the version that it is.

use provost_codebase::resolve::resolve;
use provost_fleet::lock::LockedPlugin;
use provost_moodle::component::Component;
use provost_moodle::solve::Chosen;
use serde::Serialize;

use super::{chosen, resolver, unresolved};
use crate::OpsError;
use crate::session::{Access, Call, Session};

/// Why, for each codebase that has the plugin.
#[derive(Debug, Serialize)]
pub struct Why {
    /// Version of this form.
    pub schema: u32,
    /// The plugin.
    pub component: Component,
    /// By codebase.
    pub codebases: Vec<WhyHere>,
}

/// Why, in one codebase.
#[derive(Debug, Serialize)]
pub struct WhyHere {
    /// The codebase.
    pub codebase: String,
    /// Its Moodle.
    pub moodle: String,
    /// What the lock has; `None` where it has nothing of it yet.
    pub locked: Option<LockedPlugin>,
    /// What it would be resolved to now.
    pub resolved: LockedPlugin,
    /// What was chosen among what.
    pub chosen: Chosen,
}

/// Resolves the codebases that have the plugin, in memory.
///
/// # Errors
/// [`OpsError::NoPlugin`] where none has it, and whatever keeps one from being resolved.
pub async fn why(call: &Call, component: &Component, codebases: &[String]) -> Result<Why, OpsError> {
    let session = Session::open(call, Access::LookAtRest)?;
    let explained = explain(&session, component, codebases).await;
    session.close().await;
    explained
}

async fn explain(session: &Session, component: &Component, names: &[String]) -> Result<Why, OpsError> {
    let resolver = resolver(session).await?;
    let mut codebases = Vec::new();
    for (name, codebase) in chosen(&session.loaded.fleet, names)? {
        if !codebase.plugins.contains_key(component) {
            continue;
        }
        let mut resolved = resolve(&resolver, name, codebase).await.map_err(unresolved(session))?;
        let locked = session.lock.codebases.get(name).and_then(|locked| locked.plugins.get(component));
        let now = resolved.locked.plugins.remove(component);
        if let (Some(now), Some(chosen)) = (now, resolved.solution.choices.remove(component)) {
            codebases.push(WhyHere {
                codebase: name.to_string(),
                moodle: resolved.locked.moodle.release,
                locked: locked.cloned(),
                resolved: now,
                chosen,
            });
        }
    }
    if codebases.is_empty() {
        return Err(OpsError::NoPlugin(component.clone()));
    }
    Ok(Why { schema: 1, component: component.clone(), codebases })
}
