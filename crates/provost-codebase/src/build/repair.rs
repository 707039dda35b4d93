//! Makes a damaged build what it was, and with it every other build that the damage has reached.
//!
//! A build's files are the store's, so a write through one of them reaches every build that links it. Hence the order: first
//! the store gets a whole file from where it came from, as a new one; then every name of the damaged inode, in all builds of
//! all fleets that share the store, is replaced by a link to it; then what concerns the one build alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;
use rustix::fs::CWD;
use serde::Serialize;

use crate::git::Git;
use crate::object::{Mode, ObjectId};
use crate::store::{Key, Links, Stamp, Store, StoreError, stamp_of};

use super::assemble::{blocking, import};
use super::inspect::{plan_of, verify_build};
use super::leftovers::lock_build;
use super::mend::Mending;
use super::stamps::{self, Stamps};
use super::{BuildError, HOOK_NAME, Recipe, TreePlan, Verified, What, read_record, spread};

/// A build in which names of damaged files were replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mended {
    /// The build's directory: of this fleet or of another one.
    pub build: Utf8PathBuf,
    /// The files, relative to it.
    pub files: Vec<String>,
}

/// What a repair did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Repaired {
    /// The build.
    pub tree: ObjectId,
    /// Contents that the store had damaged or not at all, and has again.
    pub healed: Vec<ObjectId>,
    /// Contents of which time or mode was wrong in the store, and in every build, and is right again.
    pub put_right: Vec<ObjectId>,
    /// What was put back in the build.
    pub replaced: Vec<String>,
    /// What did not belong to it and was removed.
    pub removed: Vec<String>,
    /// Other builds that linked a damaged file.
    pub others: Vec<Mended>,
    /// What a second look at the build finds: nothing, if all went well.
    pub left: Verified,
}

/// Repairs a build by what [`super::verify`] found. Can be run again after an interruption.
///
/// # Errors
/// When a content cannot be had again, the disk fails, or the command is cancelled. What was replaced by then is whole.
pub async fn repair(cx: &Context, verified: &Verified) -> Result<Repaired, BuildError> {
    let (builds, tree) = (cx.paths.builds(), verified.tree);
    let store = Store::open(&cx.paths.store())?;
    let _held = store.hold(cx).await?;
    store.register(&builds)?;
    let plan = Arc::new(plan_of(cx, &store, &builds, tree).await?);
    let keys: Vec<(Option<u64>, Key)> = damaged_keys(&plan, verified);
    let (at, cancel) = (store.clone(), cx.cancel.clone());
    let known: std::collections::BTreeSet<Key> = keys.iter().map(|(_, key)| *key).collect();
    let mut sick = blocking(move || Ok(at.examine(known, &|| cancel.is_cancelled())?)).await?;
    heal(cx, &store, &builds, tree, &sick.wanted).await?;
    for (key, copy) in &sick.spares {
        if !store.put_copy(*key, *copy)? {
            return Err(BuildError::NotWhole(format!("{} is damaged in the store", key.id)));
        }
    }
    if !(sick.wanted.is_empty() && sick.spares.is_empty()) {
        // A link to a file that is not on the disk yet could be a link to nothing after a power cut.
        let at = store.clone();
        blocking(move || Ok(at.sync()?)).await?;
    }
    // What this build has in a file's place may be in other builds too, though the store has not.
    let build = cx.paths.build(&tree.to_string());
    let looked = stamp_of(CWD, build.as_str().as_bytes());
    let (device, _) = looked.map_err(|error| StoreError::io("look at", &build, error))?.place();
    let there = keys.iter().filter_map(|(inode, key)| Some(((*inode)?, *key)));
    let foreign = there.filter(|(inode, key)| !store.has_inode(*key, *inode));
    sick.inodes.extend(foreign.map(|(inode, key)| ((device, inode), key)));
    let lock = lock_build(cx, &builds, tree).await?;
    let (own, found, at) = (builds.clone(), verified.clone(), store.clone());
    let (cancel, threads) = (cx.cancel.clone(), cx.machine.cores);
    let (replaced, removed, left) = blocking(move || {
        let stop = || cancel.is_cancelled();
        let (replaced, removed) = fix(&at, &own, &plan, &found, &stop)?;
        let left = verify_build(&at, &own, &plan, found.depth, threads, &stop)?;
        Ok((replaced, removed, left))
    })
    .await?;
    drop(lock);
    let others = spread::heal_all(cx, &store, &builds, &sick.inodes).await?;
    let ids = |keys: &[Key]| keys.iter().map(|key| key.id).collect();
    let (healed, put_right) = (ids(&sick.wanted), ids(&sick.mended));
    Ok(Repaired { tree, healed, put_right, replaced, removed, others, left })
}

/// What the damaged files should be, and the inodes that are there now.
fn damaged_keys(plan: &TreePlan, verified: &Verified) -> Vec<(Option<u64>, Key)> {
    let entries = plan.entries();
    let listed = verified.damaged.iter().filter_map(|damage| {
        let entry = entries.get(damage.finding.file? as usize)?;
        let key = Key { id: entry.id, executable: entry.mode == Mode::Executable };
        Some((damage.finding.inode.filter(|_| entry.mode != Mode::Symlink), key))
    });
    listed.collect()
}

/// Puts whole files into the store.
async fn heal(
    cx: &Context,
    store: &Store,
    builds: &Utf8Path,
    tree: ObjectId,
    wanted: &[Key],
) -> Result<(), BuildError> {
    if wanted.is_empty() {
        return Ok(());
    }
    let locked = read_record(builds, tree).and_then(|record| record.locked);
    let recipe = Recipe::try_from(&locked.ok_or(BuildError::NoOrigin(tree))?)?;
    import(cx, None, &recipe, &Git::find(cx).await?, store, wanted.iter().copied()).await.map(drop)
}

/// Puts right what one build has wrong. Blocks; the caller holds the build's lock.
fn fix(
    store: &Store,
    builds: &Utf8Path,
    plan: &TreePlan,
    verified: &Verified,
    stop: &dyn Fn() -> bool,
) -> Result<(Vec<String>, Vec<String>), BuildError> {
    let build = builds.join(plan.tree().to_string());
    if verified.damaged.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let mut mending = Mending::begin(&build)?;
    let mut stamps = BTreeMap::new();
    let fixed = fix_all(store, plan, verified, &mut mending, &mut stamps, stop);
    let sealed = mending.end();
    restamp(builds, plan, &stamps)?;
    let fixed = fixed?;
    sealed?;
    if verified.damaged.iter().any(|damage| damage.path == HOOK_NAME) {
        super::refresh_hook(&build)?;
    }
    Ok(fixed)
}

fn fix_all(
    store: &Store,
    plan: &TreePlan,
    verified: &Verified,
    mending: &mut Mending,
    stamps: &mut BTreeMap<u32, Stamp>,
    stop: &dyn Fn() -> bool,
) -> Result<(Vec<String>, Vec<String>), BuildError> {
    let (entries, links) = (plan.entries(), Links::new(store));
    let (mut replaced, mut removed) = (Vec::new(), Vec::new());
    for damage in &verified.damaged {
        if stop() {
            return Err(BuildError::Cancelled);
        }
        let path = &damage.finding.path[..];
        match damage.finding.file {
            None if damage.what == What::Extra => {
                mending.remove(path)?;
                removed.push(damage.path.clone());
            }
            None if path == HOOK_NAME.as_bytes() => {
                if damage.what == What::Type {
                    mending.remove(path)?;
                }
                replaced.push(damage.path.clone());
            }
            // A directory with another mode, or something else in its place: it is sealed in the end.
            None => {
                mending.directory(if path == b"." { b"" } else { path })?;
                replaced.push(damage.path.clone());
            }
            Some(file) => {
                let entry = entries[file as usize];
                let key = Key { id: entry.id, executable: entry.mode == Mode::Executable };
                if entry.mode == Mode::Symlink {
                    mending.place_symlink(path, &store.read(key)?)?;
                } else {
                    let is_right =
                        |found: crate::store::Found| found.is_sound(key) && store.has_inode(key, found.inode);
                    if !mending.look(path).is_some_and(is_right) {
                        stamps.insert(file, mending.place(&links, path, key)?);
                    }
                }
                replaced.push(damage.path.clone());
            }
        }
    }
    Ok((replaced, removed))
}

/// Keeps what the new files are.
pub(super) fn restamp(
    builds: &Utf8Path,
    plan: &TreePlan,
    changed: &BTreeMap<u32, Stamp>,
) -> Result<(), BuildError> {
    let tree = plan.tree();
    let Some(mut stamps) = Stamps::read(builds, tree).filter(|_| !changed.is_empty()) else { return Ok(()) };
    for (file, stamp) in changed {
        let Some(place) = stamps.files.get_mut(*file as usize) else {
            // Of another list of files: of no use.
            drop(fs_err::remove_file(stamps::path(builds, tree)));
            return Ok(());
        };
        *place = Some(*stamp);
    }
    Ok(stamps.write(builds, tree)?)
}

#[cfg(test)]
mod tests;
