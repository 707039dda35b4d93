//! Removing what a plan says.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use provost_engine::context::Context;
use serde::Serialize;

use crate::build::{
    BuildError, blocking, orphaned_records, remove_build, remove_free_leftovers, remove_records,
    try_lock_build,
};
use crate::object::ObjectId;
use crate::store::{Store, StoreError};

use super::plan::{GcPlan, trees_of_sites};
use super::sweep::{Sweep, survivors};

/// A build that was to go and stayed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Its tree.
    pub tree: ObjectId,
    /// Why it stayed.
    pub why: String,
}

/// What was removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Collected {
    /// Builds.
    pub builds: Vec<ObjectId>,
    /// Builds that stayed, because something changed since the plan.
    pub skipped: Vec<Skipped>,
    /// How many files of the store.
    pub store_files: u64,
    /// What they and the builds' own files took on the disk.
    pub bytes: u64,
    /// How many lists of files.
    pub listings: u64,
    /// Records of builds that were gone.
    pub records: u64,
    /// Leftovers of killed processes.
    pub leftovers: u64,
    /// Directories of builds, of fleets that are gone, that the store knows no more.
    pub forgotten: Vec<Utf8PathBuf>,
}

/// Removes what a plan says. Only builds of the plan go, and none to which a site was pointed since; of the store goes what
/// nobody links when it is looked at.
///
/// # Errors
/// When something cannot be removed, or the command is cancelled. All that is left is whole; a new plan lists what remains.
pub async fn gc_execute(cx: &Context, plan: &GcPlan) -> Result<Collected, BuildError> {
    let (builds, sites) = (cx.paths.builds(), cx.paths.sites());
    let mut collected = Collected::default();
    for doomed in &plan.builds {
        if cx.cancel.is_cancelled() {
            return Err(BuildError::Cancelled);
        }
        let tree = doomed.tree;
        let (builds, sites) = (builds.clone(), sites.clone());
        match blocking(move || remove_one(&builds, &sites, tree)).await? {
            None => {
                collected.builds.push(tree);
                collected.bytes += doomed.private;
            }
            Some(why) => collected.skipped.push(Skipped { tree, why }),
        }
    }
    let place = builds.clone();
    (collected.records, collected.leftovers) = blocking(move || remove_leftovers(&place)).await?;
    let root = cx.paths.store();
    if !root.is_dir() {
        return Ok(collected);
    }
    let store = Store::open(&root)?;
    let _alone = store.hold_alone(cx).await?;
    let cancel = cx.cancel.clone();
    let swept = blocking(move || sweep(&store, &builds, &|| cancel.is_cancelled())).await?;
    Ok(Collected {
        store_files: swept.store_files,
        bytes: collected.bytes + swept.bytes,
        listings: swept.listings,
        forgotten: swept.forgotten,
        ..collected
    })
}

/// Removes a build; says why if it stays.
fn remove_one(builds: &Utf8Path, sites: &Utf8Path, tree: ObjectId) -> Result<Option<String>, BuildError> {
    let Some(_lock) = try_lock_build(builds, tree)? else {
        return Ok(Some("another provost works on it".to_owned()));
    };
    if let Some(names) = trees_of_sites(sites)?.remove(&tree) {
        return Ok(Some(format!("it is needed now: {}", names.join(", "))));
    }
    remove_build(&builds.join(tree.to_string()))?;
    remove_records(builds, tree);
    Ok(None)
}

fn remove_leftovers(builds: &Utf8Path) -> Result<(u64, u64), BuildError> {
    let mut records = 0;
    for (path, tree) in orphaned_records(builds)? {
        // Who assembles writes the record before the build is in its place.
        let free = match tree {
            Some(tree) => try_lock_build(builds, tree)?,
            None => None,
        };
        let hidden = path.file_name().is_some_and(|name| name.starts_with('.'));
        let there = tree.is_some_and(|tree| builds.join(tree.to_string()).exists());
        if (free.is_some() || tree.is_none()) && (hidden || !there) {
            fs::remove_file(&path).map_err(|error| StoreError::io("remove", &path, error))?;
            records += 1;
        }
    }
    Ok((records, remove_free_leftovers(builds)?))
}

/// Goes through the store, whose lock is held alone.
fn sweep(store: &Store, builds: &Utf8Path, stop: &dyn Fn() -> bool) -> Result<Collected, BuildError> {
    let mut collected = Collected::default();
    let sweep = Sweep { store, stay: survivors(store, builds, &BTreeSet::new())?, stop };
    let remove =
        |path: &Utf8Path| fs::remove_file(path).map_err(|error| StoreError::io("remove", path, error));
    for path in sweep.listings()? {
        remove(&path)?;
        collected.listings += 1;
    }
    sweep.files(|path, found| {
        if found.links <= 1 {
            remove(path)?;
            collected.store_files += 1;
            collected.bytes += found.taken;
        }
        Ok(())
    })?;
    store.remove_leftovers();
    for gone in &sweep.stay.gone {
        store.unregister(gone);
    }
    collected.forgotten.clone_from(&sweep.stay.gone);
    Ok(collected)
}
