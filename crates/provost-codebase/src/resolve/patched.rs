//! What patches make of the files that were read to resolve a codebase: versions are those of the build, not of what it was made from.

use std::collections::BTreeMap;

use provost_moodle::component::Component;
use provost_moodle::version_php::{CoreVersion, PluginVersion};

use super::ResolveCause;
use super::moodle::Moodle;
use super::plugin::Plugin;
use crate::build::{BuildError, stays_inside};
use crate::git::{Git, Objects, Overlay, Source};
use crate::object::{Mode, ObjectId};

/// Reads anew what patches change of versions, and looks where the symlinks lead that they make.
pub(super) async fn read(
    git: &Git,
    overlay: &Overlay,
    moodle: &mut Moodle,
    plugins: &mut BTreeMap<Component, Plugin>,
) -> Result<(), ResolveCause> {
    if overlay.ids().next().is_none() {
        return Ok(());
    }
    let mut objects = git.objects(&Source::Imported).await?;
    for (path, change) in &overlay.changes {
        let Some((Mode::Symlink, id)) = change else { continue };
        if let Some(target) = objects.blob(*id).await? {
            check_symlink(path, &target)?;
        }
    }
    if let Some(file) = changed(&mut objects, overlay, &moodle.layout.version_php()).await? {
        let version = CoreVersion::read(&file).map_err(|error| ResolveCause::Version {
            repository: moodle.source.to_string(),
            file: format!("{} as it is patched", moodle.layout.version_php()),
            error,
        })?;
        moodle.locked.release.clone_from(&version.release);
        moodle.locked.version = version.version.to_string();
        moodle.locked.branch.clone_from(&version.branch);
        moodle.version = version;
    }
    for plugin in plugins.values_mut() {
        let path = format!("{}/version.php", plugin.locked.path);
        let Some(file) = changed(&mut objects, overlay, &path).await? else { continue };
        let version = PluginVersion::read(&file).map_err(|error| ResolveCause::Version {
            repository: plugin.locked.source.place().to_owned(),
            file: "version.php as it is patched".to_owned(),
            error,
        })?;
        plugin.locked.version = version.version.to_string();
        plugin.locked.release.clone_from(&version.release);
        plugin.version = version;
    }
    Ok(())
}

async fn changed(
    objects: &mut Objects,
    overlay: &Overlay,
    path: &str,
) -> Result<Option<Vec<u8>>, ResolveCause> {
    let id: Option<ObjectId> = overlay.changes.get(path.as_bytes()).copied().flatten().map(|(_, id)| id);
    match id {
        Some(id) => Ok(objects.blob(id).await?),
        None => Ok(None),
    }
}

/// Refuses a symlink of a plugin that leads out of the build: no build can be made of it.
pub(super) fn check_symlinks(plugins: &BTreeMap<Component, Plugin>) -> Result<(), ResolveCause> {
    for plugin in plugins.values() {
        for (path, target) in &plugin.symlinks {
            let path = [plugin.locked.path.as_bytes(), b"/", path].concat();
            check_symlink(&path, target)?;
        }
    }
    Ok(())
}

fn check_symlink(path: &[u8], target: &[u8]) -> Result<(), ResolveCause> {
    if stays_inside(path, target) {
        return Ok(());
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Err(BuildError::Symlink { path: text(path), target: text(target) }.into())
}
