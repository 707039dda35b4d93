//! Versions only go up: Moodle has no way back from a database that a newer version has changed.

use camino::Utf8Path;
use provost_codebase::build::read_versions;
use provost_codebase::object::ObjectId;
use provost_fleet::lock::{Lock, LockedCodebase};
use provost_fleet::name::Name;
use provost_moodle::version_php::Version;

use crate::OpsError;
use crate::session::Session;

/// Refuses a lock in which something goes down that installed sites run on.
///
/// # Errors
/// [`OpsError::GoesDown`], with all that goes down.
pub(crate) async fn check(session: &Session, lock: &Lock) -> Result<(), OpsError> {
    let mut down = Vec::new();
    for (site, declared) in &session.loaded.fleet.sites {
        let (Some(new), old) =
            (lock.codebases.get(&declared.codebase), session.lock.codebases.get(&declared.codebase))
        else {
            continue;
        };
        // What stands in the lock already was looked at when it was written.
        if old.is_some_and(|old| old.tree == new.tree) {
            continue;
        }
        let Some(tree) = build_of(&session.cx.paths.code(site)) else { continue };
        if tree.to_string() == new.tree {
            continue;
        }
        for (part, from, to) in lower(session, tree, new).await {
            down.push(format!("{part} from {from} to {to} (site {site})"));
        }
    }
    if down.is_empty() { Ok(()) } else { Err(OpsError::GoesDown(down)) }
}

/// The build that a site runs on.
fn build_of(code: &Utf8Path) -> Option<ObjectId> {
    std::fs::read_link(code).ok()?.file_name()?.to_str()?.parse().ok()
}

/// What has a lower version in a lock than in a build. A build of which nothing can be told says nothing.
async fn lower(session: &Session, tree: ObjectId, new: &LockedCodebase) -> Vec<(String, Version, Version)> {
    let Ok(versions) = read_versions(&session.cx, tree).await else { return Vec::new() };
    let mut lower = Vec::new();
    let mut compare = |part: String, from: &Version, to: &str| {
        if let Ok(to) = to.parse::<Version>()
            && to < *from
        {
            lower.push((part, from.clone(), to));
        }
    };
    if let Some(moodle) = &versions.moodle {
        compare("Moodle".to_owned(), &moodle.version, &new.moodle.version);
    }
    for (component, plugin) in &new.plugins {
        if let Some(from) = versions.plugins.get(component) {
            compare(component.to_string(), from, &plugin.version);
        }
    }
    lower
}

/// The names of the installed sites that run on a codebase.
pub(crate) fn sites_of(session: &Session, codebase: &Name) -> Vec<String> {
    let sites = session.loaded.fleet.sites.iter();
    let ours = sites.filter(|(name, site)| {
        site.codebase == *codebase && build_of(&session.cx.paths.code(name)).is_some()
    });
    ours.map(|(name, _)| name.to_string()).collect()
}
