//! What is in a build, and what two builds differ in: as files, and as versions.

use std::collections::BTreeMap;

use fs_err as fs;
use provost_engine::context::Context;
use provost_moodle::component::Component;
use provost_moodle::version_php::{CoreVersion, PluginVersion, Version};
use serde::Serialize;

use crate::object::{Mode, ObjectId};
use crate::store::Store;

use super::inspect::plan_of;
use super::{BuildError, TreePlan};

/// What files two builds differ in. Paths are relative to the build.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FileDiff {
    /// Only the second has them.
    pub added: Vec<String>,
    /// Only the first has them.
    pub removed: Vec<String>,
    /// Their content or their mode is another one.
    pub changed: Vec<String>,
}

/// The versions of everything in a build, Moodle's own plugins included, by its own files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Versions {
    /// Moodle; `None` if its `version.php` cannot be read.
    pub moodle: Option<CoreVersion>,
    /// Every plugin whose `version.php` names its component.
    pub plugins: BTreeMap<Component, Version>,
}

/// Compares the files of two builds, by the lists of their files: neither is read, and neither need be there if the store
/// still has its list.
///
/// # Errors
/// When nobody knows what files one of them has.
pub async fn diff_files(cx: &Context, first: ObjectId, second: ObjectId) -> Result<FileDiff, BuildError> {
    let (store, builds) = (Store::look(&cx.paths.store()), cx.paths.builds());
    let first = plan_of(cx, &store, &builds, first).await?;
    let second = plan_of(cx, &store, &builds, second).await?;
    let (before, after) = (by_path(&first), by_path(&second));
    let named = |path: &[u8]| String::from_utf8_lossy(path).into_owned();
    let mut diff = FileDiff::default();
    for (path, file) in &after {
        match before.get(path) {
            None => diff.added.push(named(path)),
            Some(other) if other != file => diff.changed.push(named(path)),
            Some(_) => {}
        }
    }
    diff.removed = before.keys().filter(|path| !after.contains_key(*path)).map(|path| named(path)).collect();
    Ok(diff)
}

fn by_path(plan: &TreePlan) -> BTreeMap<&[u8], (Mode, ObjectId)> {
    plan.entries().into_iter().map(|entry| (entry.path, (entry.mode, entry.id))).collect()
}

/// Reads the versions of everything in a build that is there.
///
/// # Errors
/// When nobody knows what files it has.
pub async fn read_versions(cx: &Context, tree: ObjectId) -> Result<Versions, BuildError> {
    let (store, builds) = (Store::look(&cx.paths.store()), cx.paths.builds());
    let plan = plan_of(cx, &store, &builds, tree).await?;
    let build = cx.paths.build(&tree.to_string());
    super::blocking(move || {
        let mut plugins = BTreeMap::new();
        for entry in plan.entries() {
            let Some(path) =
                std::str::from_utf8(entry.path).ok().filter(|path| path.ends_with("/version.php"))
            else {
                continue;
            };
            // What cannot be read as a plugin's is none: Moodle's tests have many such files.
            let read = fs::read(build.join(path)).ok().and_then(|text| PluginVersion::read(&text).ok());
            let named = read.and_then(|read| Some((read.component?, read.version)));
            // Fixtures of tests carry names of plugins that are elsewhere.
            plugins.extend(named.filter(|_| !path.contains("/tests/")));
        }
        Ok(Versions { moodle: super::record::read_moodle(&build), plugins })
    })
    .await
}
