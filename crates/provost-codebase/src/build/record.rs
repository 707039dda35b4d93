//! What a build was made of, kept beside it: `.records/<tree>.json`. Builds outlive their lock; a rollback, a list and a
//! comparison of versions need no more than this.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use provost_engine::context::Context;
use provost_fleet::lock::LockedCodebase;
use provost_fleet::name::Name;
use provost_moodle::version_php::CoreVersion;
use serde::{Deserialize, Serialize};

use crate::object::ObjectId;
use crate::store::{StoreError, replace};

use super::BuildError;
use super::leftovers::lock_build;

/// Where records lie, beside the builds.
pub(super) const RECORDS: &str = ".records";

/// Version of a record's form.
const SCHEMA: u32 = 1;

/// What a build is made of, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// As in the lock.
    pub locked: LockedCodebase,
    /// The codebases of the fleet file that come to this tree.
    pub names: BTreeSet<Name>,
}

/// What is kept of a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BuildRecord {
    /// Version of the record's form.
    pub schema: u32,
    /// The build's tree.
    pub tree: ObjectId,
    /// When it was made, in RFC 3339.
    pub made_at: String,
    /// The codebases that it was ever made or used for.
    pub names: BTreeSet<Name>,
    /// What it is made of. `None` if another Provost wrote it in a form that this one cannot read.
    pub locked: Option<LockedCodebase>,
}

/// A record as it is in the file: what a later lock may add must not hide the rest.
#[derive(Deserialize)]
struct Written {
    schema: u32,
    tree: ObjectId,
    made_at: String,
    names: BTreeSet<Name>,
    locked: serde_json::Value,
}

/// A build that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KnownBuild {
    /// Its tree.
    pub tree: ObjectId,
    /// Its record; builds of earlier versions have none.
    pub record: Option<BuildRecord>,
    /// What its own `version.php` says, if it can be read.
    pub moodle: Option<CoreVersion>,
    /// When it was made, in RFC 3339; of one without a record, when it was last changed.
    pub made_at: Option<String>,
}

/// Where a build's record lies.
pub(super) fn path(builds: &Utf8Path, tree: ObjectId) -> Utf8PathBuf {
    builds.join(RECORDS).join(format!("{tree}.json"))
}

/// Makes the directory of the records.
pub(super) fn make_directory(builds: &Utf8Path) -> Result<(), StoreError> {
    let directory = builds.join(RECORDS);
    fs::create_dir_all(&directory).map_err(|error| StoreError::io("make", &directory, error))
}

/// Reads a build's record; `None` if there is none that can be read.
pub fn read_record(builds: &Utf8Path, tree: ObjectId) -> Option<BuildRecord> {
    let written: Written = serde_json::from_slice(&fs::read(path(builds, tree)).ok()?).ok()?;
    (written.tree == tree).then(|| BuildRecord {
        schema: written.schema,
        tree,
        made_at: written.made_at,
        names: written.names,
        locked: serde_json::from_value(written.locked).ok(),
    })
}

/// Writes a build's record, or adds names to it. Whoever calls holds the tree's lock.
pub(super) fn keep(
    builds: &Utf8Path,
    tree: ObjectId,
    origin: &Origin,
    now: impl FnOnce() -> String,
) -> Result<(), StoreError> {
    let before = read_record(builds, tree);
    let mut names = origin.names.clone();
    names.extend(before.iter().flat_map(|record| record.names.iter().cloned()));
    let whole = before.as_ref().filter(|record| record.locked.is_some() && record.names == names);
    if whole.is_some() {
        return Ok(());
    }
    let made_at = before.map_or_else(now, |record| record.made_at);
    let locked = Some(origin.locked.clone());
    let record = BuildRecord { schema: SCHEMA, tree, made_at, names, locked };
    make_directory(builds)?;
    // A record of texts always serialises.
    replace(&path(builds, tree), &serde_json::to_vec_pretty(&record).unwrap_or_default(), 0o644)
}

/// Says what a build that is there is made of and who uses it, where that is not on record yet: for a build that another
/// codebase comes to as well, or that an earlier version made. Does nothing where there is no build.
///
/// # Errors
/// When the record cannot be written, or the command is cancelled.
pub async fn note_use(cx: &Context, origin: &Origin) -> Result<(), BuildError> {
    let builds = cx.paths.builds();
    let tree: ObjectId = origin.locked.tree.parse()?;
    let known = read_record(&builds, tree);
    if known.is_some_and(|record| record.locked.is_some() && record.names.is_superset(&origin.names)) {
        return Ok(());
    }
    if !builds.join(tree.to_string()).is_dir() {
        return Ok(());
    }
    let _lock = lock_build(cx, &builds, tree).await?;
    let build = builds.join(tree.to_string());
    Ok(keep(&builds, tree, origin, || changed_at(&build).unwrap_or_else(|| cx.now().to_string()))?)
}

/// All builds that are there, in the order of their trees.
///
/// # Errors
/// When they cannot be listed, other than because there are none.
pub fn list_builds(builds: &Utf8Path) -> std::io::Result<Vec<KnownBuild>> {
    let mut found: Vec<KnownBuild> = trees(builds)?
        .into_iter()
        .map(|tree| {
            let (record, build) = (read_record(builds, tree), builds.join(tree.to_string()));
            let made_at = record.as_ref().map(|record| record.made_at.clone());
            let made_at = made_at.or_else(|| changed_at(&build));
            KnownBuild { tree, record, moodle: read_moodle(&build), made_at }
        })
        .collect();
    found.sort_by_key(|build| build.tree);
    Ok(found)
}

/// The trees of the builds that are there.
pub(crate) fn trees(builds: &Utf8Path) -> std::io::Result<Vec<ObjectId>> {
    let entries = match fs::read_dir(builds) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let tree = entry.file_name().to_str().and_then(|name| name.parse().ok());
        if let Some(tree) = tree.filter(|_| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
            found.push(tree);
        }
    }
    Ok(found)
}

/// Files beside the builds that belong to no build that is there, and to which tree they would belong.
pub(crate) fn orphaned_records(
    builds: &Utf8Path,
) -> Result<Vec<(Utf8PathBuf, Option<ObjectId>)>, StoreError> {
    let directory = builds.join(RECORDS);
    let failed = |error| StoreError::io("read", &directory, error);
    let entries = match fs::read_dir(&directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(failed)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        // One whose writing was not finished has a dot before its name.
        let tree = name.trim_start_matches('.').get(..40).and_then(|tree| tree.parse().ok());
        let is_whole = !name.starts_with('.');
        let there = tree.is_some_and(|tree: ObjectId| builds.join(tree.to_string()).exists());
        if !(is_whole && there) {
            found.push((directory.join(&name), tree));
        }
    }
    found.sort();
    Ok(found)
}

/// Removes the records of a build that is gone.
pub(crate) fn remove_records(builds: &Utf8Path, tree: ObjectId) {
    // What stays is found as orphaned.
    drop(fs::remove_file(path(builds, tree)));
    drop(fs::remove_file(super::stamps::path(builds, tree)));
}

pub(super) fn read_moodle(build: &Utf8Path) -> Option<CoreVersion> {
    let read = |file: &str| CoreVersion::read(&fs::read(build.join(file)).ok()?).ok();
    read("version.php").or_else(|| read("public/version.php"))
}

/// When a build's directory was last changed: for one without a record, about when it was made.
pub(crate) fn changed_at(build: &Utf8Path) -> Option<String> {
    let modified = fs::metadata(build).ok()?.modified().ok()?;
    Some(jiff::Timestamp::try_from(modified).ok()?.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

#[cfg(test)]
mod tests;
