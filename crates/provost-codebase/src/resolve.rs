//! Resolution: from what a fleet file declares to commits, versions, places and one tree id.
//!
//! Nothing is checked out. What is downloaded are the commits themselves, at depth 1: `plan` has to know what is in them.

mod candidate;
mod choose;
mod error;
mod lock;
mod moodle;
mod movable;
mod needed;
mod part_update;
mod patched;
mod place;
mod plugin;
mod resolver;
mod shipped;
mod solve;
mod splice;
mod waiting;

pub use error::{ResolveCause, ResolveError};
pub use lock::resolve_lock;
pub use movable::{Destination, destination};
pub use part_update::{Moving, update};
pub use resolver::{Origins, Resolver};
pub use splice::{Spliced, Splicer};
pub use waiting::{Waiting, known_since, waiting};

use std::collections::BTreeMap;

use provost_engine::context::Context;
use provost_fleet::lock::{LockedCodebase, declaration_digest};
use provost_fleet::model::Codebase;
use provost_fleet::name::Name;
use provost_moodle::component::Component;
use provost_moodle::solve::{Reason, Solution};

use crate::build::{Part, Recipe};
use crate::git::{Git, Source};
use crate::object::ObjectId;
use crate::patch::{self, Patch};
use crate::submodule;
use moodle::Moodle;
use plugin::Plugin;

/// A codebase, resolved, and why it came out like that.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// What goes into the lock.
    pub locked: LockedCodebase,
    /// What was chosen for each plugin, and why.
    pub solution: Solution,
}

impl Resolved {
    /// Notes what core will warn of, and what would have been taken if it could be had or read.
    pub fn note_warnings(&self, cx: &Context) {
        for (component, chosen) in &self.solution.choices {
            for passed in &chosen.passed_over {
                let why = passed.reasons.iter().find_map(|reason| match reason {
                    Reason::Unreadable(why) => Some(why),
                    _ => None,
                });
                if let Some(why) = why {
                    let named = format!("{component}: ");
                    let why = why.strip_prefix(&named).unwrap_or(why);
                    cx.note(format!("{component}: {} is passed over: {why}", passed.label));
                }
            }
            for warning in &chosen.warnings {
                cx.note(format!("{component} {}: {warning}", chosen.version));
            }
        }
    }
}

/// Resolves one codebase.
///
/// # Errors
/// The first thing that cannot be resolved: Moodle before the plugins.
pub async fn resolve(
    resolver: &Resolver,
    name: &Name,
    codebase: &Codebase,
) -> Result<Resolved, ResolveError> {
    let resolved = resolve_with(resolver, codebase).await;
    resolved.map_err(|cause| ResolveError { codebase: name.clone(), cause: Box::new(cause) })
}

async fn resolve_with(resolver: &Resolver, codebase: &Codebase) -> Result<Resolved, ResolveCause> {
    let git = &resolver.git;
    let mut moodle = Moodle::resolve(git, codebase).await?;
    let (mut plugins, solution) = solve::solve(resolver, &moodle, codebase).await?;
    place::place(&mut moodle, &mut plugins)?;
    let absent = place::place_absent(&moodle, codebase)?;
    needed::check(&moodle, &absent, &plugins)?;
    patched::check_symlinks(&plugins)?;
    for (component, _) in plugins.iter().filter(|(_, plugin)| plugin.has_lfs) {
        git.context().note(format!(
            "{component}: its repository keeps files with Git LFS; builds have the small texts that stand for these, not the files"
        ));
    }
    drop_replaced(&mut moodle, &mut plugins);
    let mut tree = splice_all(git, &mut moodle, &plugins).await?;
    let patches = patch::read_all(&resolver.origins, &codebase.patches)?;
    if !absent.is_empty() || !patches.is_empty() {
        let recipe = Recipe::new(tree, parts(&moodle, &plugins)).without(absent.values().cloned());
        let (patched, overlay) = recipe.with_patches(patches.clone()).patched(git).await?;
        patched::read(git, &overlay, &mut moodle, &mut plugins).await?;
        tree = patched;
    }
    let locked = LockedCodebase {
        declared: declaration_digest(codebase),
        moodle: moodle.locked,
        tree: tree.to_string(),
        plugins: plugins.into_iter().map(|(component, plugin)| (component, plugin.locked)).collect(),
        absent,
        patches: patches.iter().map(Patch::locked).collect(),
    };
    Ok(Resolved { locked, solution })
}

/// Forgets submodules whose place another plugin takes: nobody would see their files.
fn drop_replaced(moodle: &mut Moodle, plugins: &mut BTreeMap<Component, Plugin>) {
    let places: Vec<String> = plugins.values().map(|plugin| plugin.locked.path.clone()).collect();
    let others = || places.iter().map(String::as_str);
    moodle.submodules = submodule::outside(std::mem::take(&mut moodle.submodules), "", others());
    moodle.locked.submodules = plugin::lock_submodules(&moodle.submodules);
    for plugin in plugins.values_mut() {
        let own = std::mem::take(&mut plugin.submodules);
        plugin.submodules = submodule::outside(own, &plugin.locked.path, others());
        plugin.locked.submodules = plugin::lock_submodules(&plugin.submodules);
    }
}

/// Everything that has a place in the tree, Moodle itself included.
fn parts(moodle: &Moodle, plugins: &BTreeMap<Component, Plugin>) -> Vec<Part> {
    let own =
        Part { source: moodle.source.clone(), commit: moodle.commit, reference: None, path: String::new() };
    let mut parts = vec![own];
    parts.extend(moodle.submodules.iter().map(|submodule| submodule.part("")));
    for plugin in plugins.values() {
        let path = plugin.locked.path.clone();
        parts.extend(plugin.submodules.iter().map(|submodule| submodule.part(&path)));
        parts.push(Part { source: plugin.source.clone(), commit: plugin.object, reference: None, path });
    }
    // What lies inside another part comes after it.
    parts.sort_by(|a, b| a.path.cmp(&b.path));
    parts
}

/// Computes the tree id, and looks at what each plugin replaces.
async fn splice_all(
    git: &Git,
    moodle: &mut Moodle,
    plugins: &BTreeMap<Component, Plugin>,
) -> Result<ObjectId, ResolveCause> {
    let by_path: BTreeMap<&str, &Component> =
        plugins.iter().map(|(component, plugin)| (plugin.locked.path.as_str(), component)).collect();
    let parts = parts(moodle, plugins);
    let mut splicer = Splicer::new(git.objects(&moodle.source).await?, moodle.commit).await?;
    for part in parts.iter().filter(|part| !part.path.is_empty()) {
        let objects = git.objects(&part.source).await?;
        let spliced = splicer.put(&part.path, objects, part.commit).await?;
        if let (Spliced::Replaced, Some(component)) = (spliced, by_path.get(part.path.as_str())) {
            let host = host_of(component, &part.path, plugins);
            if host.is_none() {
                moodle.check_replaced(component, &part.path).await?;
            }
            let host = host.map_or_else(|| "this Moodle".to_owned(), ToString::to_string);
            let source = plugins[*component].locked.source.place();
            git.context().note(format!(
                "{component}: the one that comes with {host} is replaced by {}",
                shown(source)
            ));
        }
    }
    Ok(splicer.tree())
}

/// The declared plugin inside which another one comes, at the place where that is put.
fn host_of<'a>(
    component: &Component,
    path: &str,
    plugins: &'a BTreeMap<Component, Plugin>,
) -> Option<&'a Component> {
    let host = plugins.iter().find(|(_, host)| {
        let inside = path.strip_prefix(&host.locked.path).is_some_and(|rest| rest.starts_with('/'));
        inside && host.bundled.contains_key(component)
    });
    host.map(|(host, _)| host)
}

/// A place as messages name it.
fn shown(place: &str) -> String {
    Source::parse(place).map_or_else(|_| place.to_owned(), |source| source.to_string())
}

#[cfg(test)]
mod tests;
