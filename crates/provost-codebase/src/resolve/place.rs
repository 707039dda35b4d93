//! Where each plugin goes.

use std::collections::BTreeMap;

use provost_fleet::model::{Codebase, PluginSource};
use provost_moodle::component::Component;
use provost_moodle::components::Retired;

use super::ResolveCause;
use super::moodle::Moodle;
use super::plugin::Plugin;

/// Finds the directory of every plugin: by Moodle's own types and those of the plugins inside it, and by those that the
/// plugins bring.
pub(super) fn place(
    moodle: &mut Moodle,
    plugins: &mut BTreeMap<Component, Plugin>,
) -> Result<(), ResolveCause> {
    place_known(moodle, plugins)?;
    match plugins.iter().find(|(_, plugin)| !is_placed(plugin)) {
        None => Ok(()),
        Some((component, _)) => Err(ResolveCause::NoSuchType {
            component: component.clone(),
            release: moodle.version.release.clone(),
            why: match moodle.types.retired(component.kind()) {
                Some(Retired::Deprecated) => "; it has given it up, and loads no such plugins",
                Some(Retired::Deleted) => "; it has removed it",
                None => ", and no plugin of this codebase brings it",
            },
        }),
    }
}

/// Finds the directories of plugins that come with Moodle and are to be absent.
pub(super) fn place_absent(
    moodle: &Moodle,
    codebase: &Codebase,
) -> Result<BTreeMap<Component, String>, ResolveCause> {
    let absent = codebase.plugins.iter().filter(|(_, source)| **source == PluginSource::Absent);
    let place = |component: &Component| {
        let there = moodle.facts.plugins.contains_key(component);
        let directory = moodle.types.directory(component).filter(|_| there);
        let directory = directory.ok_or_else(|| ResolveCause::NotThere {
            component: component.clone(),
            release: moodle.version.release.clone(),
        })?;
        Ok((component.clone(), moodle.layout.plugin_path(&directory)))
    };
    absent.map(|(component, _)| place(component)).collect()
}

fn is_placed(plugin: &Plugin) -> bool {
    !plugin.locked.path.is_empty()
}

/// Places what can be placed, again and again: a plugin that is placed may bring the type of another one.
fn place_known(moodle: &mut Moodle, plugins: &mut BTreeMap<Component, Plugin>) -> Result<(), ResolveCause> {
    loop {
        let mut any = false;
        for (component, plugin) in plugins.iter_mut().filter(|(_, plugin)| !is_placed(plugin)) {
            let Some(directory) = moodle.types.directory(component) else { continue };
            plugin.locked.path = moodle.layout.plugin_path(&directory);
            any = true;
            if let Some(json) = &plugin.subplugins {
                moodle.types.add_subplugins(component, json).map_err(|error| ResolveCause::Components {
                    repository: plugin.source.to_string(),
                    file: "db/subplugins.json".to_owned(),
                    error: Box::new(error),
                })?;
            }
        }
        if !any {
            return Ok(());
        }
    }
}
