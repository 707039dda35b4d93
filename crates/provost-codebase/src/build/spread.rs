//! Finds and replaces the names of damaged files in all builds that share a store.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;

use camino::Utf8Path;
use provost_engine::context::Context;
use rustix::fs::{CWD, Dir, Mode as Permissions, OFlags};
use rustix::io::Errno;

use crate::object::ObjectId;
use crate::store::{Key, Links, Place, Store, StoreError, stamp_of};

use super::assemble::blocking;
use super::inspect::kept_plan;
use super::leftovers::lock_build;
use super::mend::Mending;
use super::record::trees;
use super::repair::restamp;
use super::{BuildError, Mended, stamps, walk};

/// Replaces every name of these inodes by a link to what the store has for them, in all builds of all fleets that share it.
pub(super) async fn heal_all(
    cx: &Context,
    store: &Store,
    own: &Utf8Path,
    inodes: &BTreeMap<Place, Key>,
) -> Result<Vec<Mended>, BuildError> {
    let mut mended = Vec::new();
    if inodes.is_empty() {
        return Ok(mended);
    }
    let mut fleets = store.registered()?;
    if !fleets.iter().any(|builds| builds == own) {
        fleets.push(own.to_owned());
    }
    for builds in fleets {
        let all = trees(&builds).map_err(|error| StoreError::io("read", &builds, error))?;
        for tree in all {
            let _lock = lock_build(cx, &builds, tree).await?;
            let (store, builds, inodes) = (store.clone(), builds.clone(), inodes.clone());
            let cancel = cx.cancel.clone();
            let files = blocking(move || heal_one(&store, &builds, tree, &inodes, &|| cancel.is_cancelled()));
            mended.extend(files.await?);
        }
    }
    Ok(mended)
}

fn heal_one(
    store: &Store,
    builds: &Utf8Path,
    tree: ObjectId,
    inodes: &BTreeMap<Place, Key>,
    stop: &dyn Fn() -> bool,
) -> Result<Option<Mended>, BuildError> {
    let build = builds.join(tree.to_string());
    let found = match find(&build, inodes, stop) {
        // It was removed meanwhile.
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::CANCELED) => return Err(BuildError::Cancelled),
        other => other.map_err(|error| StoreError::io("look through", &build, error))?,
    };
    if found.is_empty() {
        return Ok(None);
    }
    let links = Links::new(store);
    let mut mending = Mending::begin(&build)?;
    let mut made = BTreeMap::new();
    let replaced = found.iter().try_for_each(|(path, key)| {
        made.insert(path.clone(), mending.place(&links, path, *key)?);
        Ok::<_, BuildError>(())
    });
    mending.end()?;
    match kept_plan(store, tree) {
        Some(plan) => {
            let entries = plan.entries();
            let at = |file: usize| Some((u32::try_from(file).ok()?, *made.get(entries[file].path)?));
            restamp(builds, &plan, &(0..entries.len()).filter_map(at).collect())?;
        }
        // Without it the next look reads everything.
        None => drop(fs_err::remove_file(stamps::path(builds, tree))),
    }
    replaced?;
    let files = found.iter().map(|(path, _)| String::from_utf8_lossy(path).into_owned()).collect();
    Ok(Some(Mended { build, files }))
}

/// All names of these inodes in a build.
fn find(
    build: &Utf8Path,
    inodes: &BTreeMap<Place, Key>,
    stop: &dyn Fn() -> bool,
) -> Result<Vec<(Vec<u8>, Key)>, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let root: OwnedFd = rustix::fs::openat(CWD, build.as_str(), flags, Permissions::empty())?;
    let mut found = Vec::new();
    let mut waiting = vec![b".".to_vec()];
    while let Some(path) = waiting.pop() {
        if stop() {
            return Err(Errno::CANCELED);
        }
        let open = walk::open(&root, &path)?;
        for entry in Dir::read_from(&open)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            let below = if path == b"." { name.to_vec() } else { [&path[..], b"/", name].concat() };
            // The number in the directory's entry is not that of the file on every file system.
            let one = stamp_of(&open, name)?;
            if one.is_directory() {
                waiting.push(below);
            } else if let Some(key) = inodes.get(&one.place()) {
                found.push((below, *key));
            }
        }
    }
    Ok(found)
}
