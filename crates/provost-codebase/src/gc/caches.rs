//! What the user's caches keep and nobody has used for long: zips, catalogues of plugins, and imported plugins.
//!
//! All of it can be had again: a zip from its URL, an import from its zip or directory. So age decides, and what a lock or a build
//! is made of stays whatever its age: a repair needs it, also where its URL is gone.

use std::collections::BTreeSet;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use provost_engine::context::Context;
use provost_fleet::lock::{LockedCodebase, LockedSource};
use serde::Serialize;

use crate::build::{BuildError, read_record, trees};
use crate::flock::Flock;
use crate::git::Git;
use crate::object::ObjectId;
use crate::resolve::Origins;
use crate::store::{Store, StoreError};

/// How long something must not have been used: a quarter of a year. Fleets that are alive resolve more often; and who goes back
/// further downloads again.
const UNUSED: Duration = Duration::from_hours(24 * 90);

/// What of the caches nobody has used for long.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct StaleCaches {
    /// Zips.
    pub zips: Vec<Utf8PathBuf>,
    /// Catalogues of plugins.
    pub catalogues: Vec<Utf8PathBuf>,
    /// Trees of zips and directories.
    pub imports: Vec<ObjectId>,
    /// What zips and catalogues take, in bytes. What an import takes shows when it is gone: imports share what they have in common.
    pub bytes: u64,
}

/// What was removed of the caches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ClearedCaches {
    /// How many zips and catalogues.
    pub downloads: u64,
    /// How many imported trees.
    pub imports: u64,
    /// What they took, in bytes.
    pub bytes: u64,
}

impl StaleCaches {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.zips.is_empty() && self.catalogues.is_empty() && self.imports.is_empty()
    }
}

/// Looks for what nobody has used for long and neither these locks nor any build of the user's fleets is made of. Where it cannot be
/// told what a build is made of, zips and imports all stay.
///
/// # Errors
/// When something cannot be seen.
pub async fn stale_caches<'a>(
    cx: &Context,
    origins: &Origins,
    locks: impl IntoIterator<Item = &'a LockedCodebase>,
) -> Result<StaleCaches, BuildError> {
    let mut stale = StaleCaches { catalogues: catalogues(cx, origins)?, ..StaleCaches::default() };
    if let Some(needs) = Needs::of(cx, locks)? {
        stale.zips = old_files(&cx.paths.zip_cache(), |name| {
            name.strip_suffix(".zip").is_some_and(|sha256| sha256.len() == 64 && !needs.zips.contains(sha256))
        })?;
        if cx.paths.git_cache().join("imported.git").is_dir() {
            let unused = Git::find(cx).await?.unused_imports(UNUSED, &needs.trees).await?;
            stale.imports = unused;
        }
    }
    let size = |path: &Utf8PathBuf| fs::metadata(path).map_or(0, |found| found.len());
    stale.bytes = stale.zips.iter().chain(&stale.catalogues).map(size).sum();
    Ok(stale)
}

/// Removes it, unless somebody has begun to use it meanwhile.
///
/// # Errors
/// When something cannot be removed, or the command is cancelled.
pub async fn clear_caches(cx: &Context, stale: &StaleCaches) -> Result<ClearedCaches, BuildError> {
    let mut cleared = ClearedCaches::default();
    for path in stale.zips.iter().chain(&stale.catalogues) {
        // Of a catalogue; a zip is put in its place by one rename, and has none.
        let lock = path.with_extension("lock");
        let held = if lock.exists() { Flock::try_take(&lock)? } else { None };
        if (lock.exists() && held.is_none()) || !is_old(path) {
            continue;
        }
        let size = fs::metadata(path).map_or(0, |found| found.len());
        fs::remove_file(path).map_err(|error| StoreError::io("remove", path, error))?;
        // What is known of a file that is not there counts for nothing.
        drop(fs::remove_file(path.with_extension("about")));
        cleared.downloads += 1;
        cleared.bytes += size;
    }
    if !stale.imports.is_empty() {
        let git = Git::find(cx).await?;
        let importing = git.importing().await?;
        let (count, bytes) = importing.forget(&stale.imports, UNUSED).await?;
        cleared.imports = count;
        cleared.bytes += bytes;
    }
    Ok(cleared)
}

/// What locks and builds are made of.
#[derive(Default)]
struct Needs {
    zips: BTreeSet<String>,
    trees: BTreeSet<ObjectId>,
}

impl Needs {
    /// `None` where a build does not say what it is made of.
    fn of<'a>(
        cx: &Context,
        locks: impl IntoIterator<Item = &'a LockedCodebase>,
    ) -> Result<Option<Self>, BuildError> {
        let mut needs = Self::default();
        locks.into_iter().for_each(|locked| needs.add(locked));
        let own = cx.paths.builds();
        let fleets = Store::look(&cx.paths.store()).registered()?;
        for builds in fleets.iter().filter(|builds| **builds != own).chain([&own]) {
            let all = trees(builds).map_err(|error| StoreError::io("read", builds, error))?;
            for tree in all {
                match read_record(builds, tree).and_then(|record| record.locked) {
                    Some(locked) => needs.add(&locked),
                    None => return Ok(None),
                }
            }
        }
        Ok(Some(needs))
    }

    fn add(&mut self, locked: &LockedCodebase) {
        for plugin in locked.plugins.values() {
            match &plugin.source {
                LockedSource::Git { .. } => {}
                LockedSource::Zip { sha256, tree, .. } => {
                    self.zips.insert(sha256.clone());
                    self.trees.extend(tree.parse::<ObjectId>());
                }
                LockedSource::Directory { tree, .. } => self.trees.extend(tree.parse::<ObjectId>()),
            }
        }
    }
}

/// Old catalogues that are not this fleet's: without a network, an old one is better than none.
fn catalogues(cx: &Context, origins: &Origins) -> Result<Vec<Utf8PathBuf>, BuildError> {
    let own = origins
        .place(&origins.catalogue)
        .ok()
        .and_then(|origin| crate::download::catalogue_file(&cx.paths, &origin));
    let mut found = old_files(&cx.paths.catalogue_cache(), |name| {
        name.starts_with("pluglist-")
            && Utf8Path::new(name).extension().is_some_and(|extension| extension == "json")
    })?;
    found.retain(|path| own.as_ref() != Some(path));
    Ok(found)
}

fn old_files(directory: &Utf8Path, wanted: impl Fn(&str) -> bool) -> Result<Vec<Utf8PathBuf>, BuildError> {
    let failed = |error| StoreError::io("read", directory, error);
    let entries = match directory.read_dir_utf8() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(failed)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.into_path();
        if path.file_name().is_some_and(&wanted) && is_old(&path) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn is_old(path: &Utf8Path) -> bool {
    let changed = fs::metadata(path).and_then(|found| found.modified());
    changed.is_ok_and(|at| at.elapsed().is_ok_and(|age| age >= UNUSED))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::git::Source;
    use crate::import::import_directory;
    use crate::testing::{Place, git as run_git, version_php};

    fn make_old(path: &Utf8Path) {
        let file = std::fs::File::open(path).unwrap();
        file.set_modified(SystemTime::now().checked_sub(UNUSED + Duration::from_mins(1)).unwrap()).unwrap();
    }

    fn put(path: &Utf8Path, old: bool) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "1234567890").unwrap();
        if old {
            make_old(path);
        }
    }

    #[tokio::test]
    async fn downloads_that_are_old_and_nobodys_go() {
        let place = Place::new();
        let cx = &place.cx;
        let zips = cx.paths.zip_cache();
        let (old, young) = (zips.join("a".repeat(64) + ".zip"), zips.join("b".repeat(64) + ".zip"));
        let catalogue = cx.paths.catalogue_cache().join("pluglist-0123456789abcdef.json");
        put(&old, true);
        put(&young, false);
        put(&catalogue, true);
        put(&catalogue.with_extension("lock"), true);
        put(&catalogue.with_extension("about"), true);
        put(&zips.join("mine.zip"), true);
        let stale = stale_caches(cx, &place.origins(), []).await.unwrap();
        assert_eq!(
            (stale.zips.as_slice(), stale.catalogues.as_slice()),
            (&[old.clone()][..], &[catalogue.clone()][..])
        );
        assert_eq!(stale.bytes, 20);
        // Somebody downloads a catalogue just now.
        let held = Flock::try_take(&catalogue.with_extension("lock")).unwrap();
        assert_eq!(
            clear_caches(cx, &stale).await.unwrap(),
            ClearedCaches { downloads: 1, imports: 0, bytes: 10 }
        );
        drop(held);
        assert!(!old.exists() && young.exists() && catalogue.exists() && zips.join("mine.zip").exists());
        let stale = stale_caches(cx, &place.origins(), []).await.unwrap();
        assert_eq!(clear_caches(cx, &stale).await.unwrap().downloads, 1);
        assert!(!catalogue.exists() && !catalogue.with_extension("about").exists());
        assert!(stale_caches(cx, &place.origins(), []).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn imports_that_are_old_and_nobodys_go_and_the_others_stay_whole() {
        let place = Place::new();
        let git = Git::find(&place.cx).await.unwrap();
        let mut all = Vec::new();
        for number in 0..4 {
            let directory = place.root.join(format!("x{number}"));
            fs::create_dir_all(&directory).unwrap();
            fs::write(directory.join("version.php"), version_php("mod_x", "")).unwrap();
            fs::write(directory.join("own.php"), format!("<?php // {number}")).unwrap();
            all.push(import_directory(&git, &directory).await.unwrap().tree);
        }
        let repository = git.repository(&Source::Imported);
        let pin = |tree: &ObjectId| repository.join(format!("refs/provost/{tree}"));
        // What patches made is pinned by a tree that is no plugin.
        let patched = run_git(&repository, &["mktree"]).parse::<ObjectId>().unwrap();
        run_git(&repository, &["update-ref", &format!("refs/provost/{patched}"), &patched.to_string()]);
        for tree in all[..3].iter().chain([&patched]) {
            make_old(&pin(tree));
        }
        let needed = BTreeSet::from([all[0]]);
        let mut unused = git.unused_imports(UNUSED, &needed).await.unwrap();
        unused.sort();
        let mut old = all[1..3].to_vec();
        old.sort();
        assert_eq!(unused, old);
        // One of them is used again, after it was looked for.
        import_directory(&git, &place.root.join("x2")).await.unwrap();
        let stale = StaleCaches { imports: unused, ..StaleCaches::default() };
        let cleared = clear_caches(&place.cx, &stale).await.unwrap();
        assert_eq!(cleared.imports, 1);
        assert!(cleared.bytes > 0);
        assert!(!git.is_imported(all[1]).await.unwrap());
        for tree in [all[0], all[2], all[3]] {
            assert!(git.is_imported(tree).await.unwrap());
            assert_eq!(git.list(&Source::Imported, tree).await.unwrap().iter().count(), 2);
        }
        run_git(&repository, &["fsck", "--strict", "--full"]);
        import_directory(&git, &place.root.join("x1")).await.unwrap();
        assert!(git.is_imported(all[1]).await.unwrap(), "and it can be had again");
    }
}
