//! What the plugins that come with Moodle need of others. Core looks at their dependencies as at anybody's: a codebase without what
//! one of them needs is neither installed nor upgraded.

use std::collections::BTreeMap;

use provost_moodle::component::Component;
use provost_moodle::fit::satisfies;
use provost_moodle::version_php::Version;

use super::ResolveCause;
use super::moodle::Moodle;
use super::plugin::Plugin;

/// Takes a plugin that is to be absent out of what Moodle ships, with all that lies in its directory.
pub(super) fn without(moodle: &Moodle, shipped: &mut BTreeMap<Component, Version>, absent: &Component) {
    let gone = moodle.types.directory(absent);
    shipped.retain(|other, _| {
        let directory = moodle.types.directory(other);
        !directory.zip(gone.as_deref()).is_some_and(|(directory, gone)| is_in(&directory, gone))
    });
}

/// Whether all that stays of Moodle's own plugins has what it needs, as far as this codebase changes that. `absent` are the places that
/// are left out.
pub(super) fn check(
    moodle: &Moodle,
    absent: &BTreeMap<Component, String>,
    plugins: &BTreeMap<Component, Plugin>,
) -> Result<(), ResolveCause> {
    for (component, plugin) in plugins {
        if let Some((host, _)) = absent.iter().find(|(_, place)| is_in(&plugin.locked.path, place)) {
            return Err(ResolveCause::InsideAbsent { component: component.clone(), host: host.clone() });
        }
    }
    let mut lacking: BTreeMap<&Component, Vec<Component>> = BTreeMap::new();
    for (component, version) in &moodle.shipped {
        if plugins.contains_key(component) || is_gone(moodle, absent, component) {
            continue;
        }
        for (needed, dependency) in &version.dependencies {
            let has = match plugins.get(needed) {
                Some(plugin) => Some(&plugin.version.version),
                None if is_gone(moodle, absent, needed) => None,
                // Moodle's own affair.
                None => continue,
            };
            if !satisfies(has, dependency) {
                lacking.entry(needed).or_default().push(component.clone());
            }
        }
    }
    let Some((needed, needed_by)) = lacking.pop_first() else { return Ok(()) };
    Err(ResolveCause::CoreNeeds {
        component: needed.clone(),
        is: plugins.get(needed).map(|plugin| plugin.version.version.to_string()),
        release: moodle.version.release.clone(),
        needed_by,
    })
}

/// Whether a plugin of Moodle's own is left out.
fn is_gone(moodle: &Moodle, absent: &BTreeMap<Component, String>, component: &Component) -> bool {
    let place = moodle.types.directory(component).map(|directory| moodle.layout.plugin_path(&directory));
    place.is_some_and(|place| absent.values().any(|gone| is_in(&place, gone)))
}

/// Whether a place is a directory, or lies in it.
fn is_in(place: &str, directory: &str) -> bool {
    place.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
