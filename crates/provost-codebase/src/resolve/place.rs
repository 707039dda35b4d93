//! Where each plugin goes.

use std::collections::BTreeMap;

use provost_moodle::component::Component;
use provost_moodle::components::Retired;

use super::ResolveCause;
use super::moodle::Moodle;
use super::plugin::Plugin;
use crate::git::Git;

/// Finds the directory of every plugin: by Moodle's own types, by those that the plugins bring, and by those that the
/// plugins inside Moodle bring. These last are many files to read, so they are read only when they are needed.
pub(super) async fn place(
    git: &Git,
    moodle: &mut Moodle,
    plugins: &mut BTreeMap<Component, Plugin>,
) -> Result<(), ResolveCause> {
    place_known(moodle, plugins)?;
    if plugins.values().all(is_placed) {
        return Ok(());
    }
    add_core_subplugins(git, moodle).await?;
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
pub(super) async fn place_absent(
    git: &Git,
    moodle: &mut Moodle,
    absent: &[Component],
) -> Result<BTreeMap<Component, String>, ResolveCause> {
    let mut places = BTreeMap::new();
    if absent.iter().any(|component| moodle.types.directory(component).is_none()) {
        add_core_subplugins(git, moodle).await?;
    }
    for component in absent {
        let path = moodle.types.directory(component).map(|directory| moodle.layout.plugin_path(&directory));
        let file = match &path {
            Some(path) => moodle.objects.file(moodle.commit, &format!("{path}/version.php")).await?,
            None => None,
        };
        let (Some(path), Some(_)) = (path, file) else {
            return Err(ResolveCause::NotThere {
                component: component.clone(),
                release: moodle.version.release.clone(),
            });
        };
        places.insert(component.clone(), path);
    }
    Ok(places)
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

/// Adds the types that plugins inside this Moodle bring, such as `assignsubmission` or `logstore`.
async fn add_core_subplugins(git: &Git, moodle: &mut Moodle) -> Result<(), ResolveCause> {
    const FILE: &str = "/db/subplugins.json";
    let listing = git.list(&moodle.source, moodle.commit).await?;
    let parents: BTreeMap<String, String> = moodle
        .types
        .iter()
        .map(|(kind, directory)| (moodle.layout.plugin_path(directory), kind.to_owned()))
        .collect();
    let paths: Vec<String> = listing
        .iter()
        .filter_map(|entry| std::str::from_utf8(entry.path).ok()?.strip_suffix(FILE).map(str::to_owned))
        .collect();
    for path in paths {
        let Some((parent, name)) = path.rsplit_once('/') else { continue };
        // Fixtures of tests look like plugins too, but lie in no type's directory.
        let Some(kind) = parents.get(parent) else { continue };
        let Ok(component) = Component::new(kind, name) else { continue };
        let file = format!("{path}{FILE}");
        let Some(json) = moodle.objects.file(moodle.commit, &file).await? else { continue };
        moodle.types.add_subplugins(&component, &json).map_err(|error| ResolveCause::Components {
            repository: moodle.source.to_string(),
            file,
            error: Box::new(error),
        })?;
    }
    Ok(())
}
