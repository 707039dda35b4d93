//! Resolution: from what a fleet file declares to commits, versions, places and one tree id.
//!
//! Nothing is checked out. What is downloaded are the commits themselves, at depth 1: `plan` has to know what is in them.

mod choose;
mod error;
mod lock;
mod moodle;
mod place;
mod plugin;
mod splice;

pub use error::{ResolveCause, ResolveError};
pub use lock::resolve_lock;
pub use splice::{Spliced, Splicer};

use std::collections::BTreeMap;
use std::sync::Arc;

use provost_engine::context::Context;
use provost_fleet::lock::{LockedCodebase, declaration_digest};
use provost_fleet::model::Codebase;
use provost_fleet::name::Name;
use provost_moodle::component::Component;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::git::Git;
use moodle::Moodle;
use plugin::Plugin;

/// Plugins fetched at once. Public git servers answer that many from one address without slowing down.
const FETCHES: usize = 8;

/// Resolves one codebase.
///
/// # Errors
/// The first thing that cannot be resolved: Moodle before the plugins, these by name.
pub async fn resolve(cx: &Context, name: &Name, codebase: &Codebase) -> Result<LockedCodebase, ResolveError> {
    let resolved = async {
        let git = Git::find(cx).await?;
        resolve_with(&git, codebase).await
    };
    resolved.await.map_err(|cause| ResolveError { codebase: name.clone(), cause: Box::new(cause) })
}

async fn resolve_with(git: &Git, codebase: &Codebase) -> Result<LockedCodebase, ResolveCause> {
    let plugins = start_plugins(git, codebase);
    let mut moodle = Moodle::resolve(git, codebase).await?;
    let mut plugins = finish_plugins(plugins).await?;
    place::place(git, &mut moodle, &mut plugins).await?;
    for plugin in plugins.values() {
        plugin.note_misfit(git.context(), &moodle);
    }
    let tree = splice_all(git, &mut moodle, &plugins).await?;
    Ok(LockedCodebase {
        declared: declaration_digest(codebase),
        moodle: moodle.locked,
        tree: tree.to_string(),
        plugins: plugins.into_iter().map(|(component, plugin)| (component, plugin.locked)).collect(),
    })
}

type Fetched = JoinSet<(Component, Result<Plugin, ResolveCause>)>;

/// Begins with all plugins, a few at a time. Dropped, the set ends them.
fn start_plugins(git: &Git, codebase: &Codebase) -> Fetched {
    let room = Arc::new(Semaphore::new(FETCHES));
    let mut fetched = JoinSet::new();
    for (component, source) in &codebase.plugins {
        let (git, room) = (git.clone(), room.clone());
        let (component, source) = (component.clone(), source.clone());
        fetched.spawn(async move {
            let _room = room.acquire().await;
            let plugin = Plugin::resolve(&git, &component, &source).await;
            (component, plugin)
        });
    }
    fetched
}

async fn finish_plugins(mut fetched: Fetched) -> Result<BTreeMap<Component, Plugin>, ResolveCause> {
    let mut results = BTreeMap::new();
    while let Some(one) = fetched.join_next().await {
        let (component, plugin) = one.map_err(|panic| ResolveCause::Broke(panic.to_string()))?;
        results.insert(component, plugin);
    }
    results.into_iter().map(|(component, plugin)| Ok((component, plugin?))).collect()
}

/// Computes the tree id, and looks at what each plugin replaces.
async fn splice_all(
    git: &Git,
    moodle: &mut Moodle,
    plugins: &BTreeMap<Component, Plugin>,
) -> Result<crate::object::ObjectId, ResolveCause> {
    let mut by_path: Vec<(&Component, &Plugin)> = plugins.iter().collect();
    // A plugin inside another one comes after it.
    by_path.sort_by(|a, b| a.1.locked.path.cmp(&b.1.locked.path));
    let mut splicer = Splicer::new(git.objects(&moodle.source).await?, moodle.commit).await?;
    for (component, plugin) in by_path {
        let objects = git.objects(&plugin.source).await?;
        let spliced = splicer.put(&plugin.locked.path, objects, plugin.commit).await?;
        if spliced == Spliced::Replaced {
            moodle.check_replaced(component, &plugin.locked.path).await?;
            let context = git.context();
            context.note(format!(
                "{component}: the one that comes with this Moodle is replaced by {}",
                plugin.source
            ));
        }
    }
    Ok(splicer.tree())
}

#[cfg(test)]
mod tests;
