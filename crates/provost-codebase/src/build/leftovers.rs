//! What assemblies that were killed left behind, and removing directories that nobody may write.

use std::os::unix::fs::PermissionsExt as _;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use provost_engine::context::Context;

use crate::flock::{Flock, FlockError};
use crate::object::ObjectId;
use crate::store::StoreError;

use super::BuildError;
use super::record::RECORDS;

/// How directories are called in which a tree is assembled: this, the tree, `-`, the process.
const ASSEMBLING: &str = ".assembling-";

/// Where the lock of a tree's assembly lies. Locks are kept: a lock file that is removed can be held twice.
pub(super) fn lock_path(builds: &Utf8Path, tree: ObjectId) -> Utf8PathBuf {
    builds.join(".locks").join(tree.to_string())
}

/// Keeps everybody else from working on a build.
pub(crate) async fn lock_build(cx: &Context, builds: &Utf8Path, tree: ObjectId) -> Result<Flock, FlockError> {
    let waiting = format!("waiting for another provost that works on the build {tree}");
    Flock::take(cx, &lock_path(builds, tree), &waiting).await
}

/// Keeps everybody else from working on a build; `None` if somebody does.
pub(crate) fn try_lock_build(builds: &Utf8Path, tree: ObjectId) -> Result<Option<Flock>, FlockError> {
    Flock::try_take(&lock_path(builds, tree))
}

/// What assemblies and removals left that nobody works on.
pub(crate) fn free_leftovers(builds: &Utf8Path) -> Result<Vec<Utf8PathBuf>, BuildError> {
    let found = leftovers(builds).map_err(|error| StoreError::io("read", builds, error))?;
    let mut free = Vec::new();
    for (path, tree) in found {
        if try_lock_build(builds, tree)?.is_some() {
            free.push(path);
        }
    }
    Ok(free)
}

/// Removes what assemblies and removals left that nobody works on; returns how many directories these were.
pub(crate) fn remove_free_leftovers(builds: &Utf8Path) -> Result<u64, BuildError> {
    let found = leftovers(builds).map_err(|error| StoreError::io("read", builds, error))?;
    let mut removed = 0;
    for (path, tree) in found {
        if let Some(_lock) = try_lock_build(builds, tree)? {
            remove_build(&path)?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Where this process assembles a tree.
pub(super) fn aside(builds: &Utf8Path, tree: ObjectId) -> Utf8PathBuf {
    builds.join(format!("{ASSEMBLING}{tree}-{}", std::process::id()))
}

/// Whether an unfinished assembly of a tree is there, of a living process or a dead one.
///
/// # Errors
/// When the builds cannot be listed, other than because there are none.
pub fn has_leftover(builds: &Utf8Path, tree: ObjectId) -> std::io::Result<bool> {
    Ok(leftovers(builds)?.iter().any(|(_, of)| *of == tree))
}

fn leftovers(builds: &Utf8Path) -> std::io::Result<Vec<(Utf8PathBuf, ObjectId)>> {
    let entries = match fs::read_dir(builds) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let tree = name.strip_prefix(ASSEMBLING).and_then(|rest| rest.get(..40));
        if let Some(tree) = tree.and_then(|tree| tree.parse().ok()) {
            found.push((builds.join(&name), tree));
        }
    }
    Ok(found)
}

/// Removes what killed assemblies left. Who assembles a tree holds its lock, so what lies beside a free lock is nobody's;
/// `own` is the tree whose lock we hold.
pub(super) fn remove_leftovers(builds: &Utf8Path, own: ObjectId) -> Result<(), StoreError> {
    let found = leftovers(builds).map_err(|error| StoreError::io("read", builds, error))?;
    for (path, tree) in found {
        let lock = if tree == own { Ok(None) } else { try_lock_build(builds, tree) };
        match lock {
            Ok(Some(_)) => remove_build(&path)?,
            Ok(None) if tree == own => remove_build(&path)?,
            // At work in another process, or not to be told.
            Ok(None) | Err(_) => {}
        }
    }
    let records = builds.join(RECORDS);
    provost_engine::files::remove_half_written(&records)
        .map_err(|error| StoreError::io("tidy", &records, error))
}

/// Removes a build or a part of one: directories become writable first. Follows no symlink.
///
/// # Errors
/// When something cannot be removed. That it is not there is no error.
pub fn remove_build(path: &Utf8Path) -> Result<(), StoreError> {
    let failed = |error: std::io::Error| StoreError::io("remove", path, error);
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
        Ok(found) if !found.is_dir() => return fs::remove_file(path).map_err(failed),
        Ok(_) => {}
    }
    // Out of its place in one rename, so that what is half removed is never taken for a build.
    let doomed = if path.file_name().is_some_and(|name| name.starts_with(ASSEMBLING)) {
        path.to_owned()
    } else {
        let name = path.file_name().unwrap_or_default();
        let doomed = path.with_file_name(format!("{ASSEMBLING}{name}-removed-{}", std::process::id()));
        fs::rename(path, &doomed).map_err(failed)?;
        doomed
    };
    let mut waiting = vec![doomed.clone().into_std_path_buf()];
    while let Some(directory) = waiting.pop() {
        fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o755)).map_err(failed)?;
        for entry in fs::read_dir(&directory).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.file_type().map_err(failed)?.is_dir() {
                waiting.push(entry.path());
            }
        }
    }
    fs::remove_dir_all(&doomed).map_err(failed)
}
