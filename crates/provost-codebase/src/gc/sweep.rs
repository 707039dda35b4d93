//! Goes through the store.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::build::{BuildError, trees};
use crate::git::{Entry, parse_ls_tree};
use crate::object::{Mode, ObjectId};
use crate::store::{Found, Key, Store, StoreError, stamp_of};

/// What stays in the store whatever its links say.
#[derive(Debug, Default)]
pub(super) struct Stay {
    /// Trees that some fleet has built and keeps.
    trees: BTreeSet<ObjectId>,
    /// Files without links that builds are made of: all of builds on other file systems, and the targets of symlinks.
    keys: BTreeSet<Key>,
    /// Registered directories of builds that are gone.
    pub(super) gone: Vec<Utf8PathBuf>,
}

/// Goes through the store.
pub(super) struct Sweep<'a> {
    pub(super) store: &'a Store,
    pub(super) stay: Stay,
    pub(super) stop: &'a dyn Fn() -> bool,
}

/// What all fleets have built, without what this one is about to lose.
pub(super) fn survivors(
    store: &Store,
    own: &Utf8Path,
    doomed: &BTreeSet<ObjectId>,
) -> Result<Stay, BuildError> {
    let mut stay = Stay::default();
    let mut fleets = store.registered()?;
    if !fleets.iter().any(|builds| builds == own) {
        fleets.push(own.to_owned());
    }
    let device = |path: &Utf8Path| {
        let found = stamp_of(rustix::fs::CWD, path.as_str().as_bytes()).ok()?;
        Some(found.place().0)
    };
    for builds in fleets {
        let there = match builds.try_exists() {
            Ok(there) => there,
            Err(error) => return Err(StoreError::io("look at", &builds, error).into()),
        };
        if !there {
            stay.gone.extend((builds != own).then_some(builds));
            continue;
        }
        let all = trees(&builds).map_err(|error| StoreError::io("read", &builds, error))?;
        let left = all.into_iter().filter(|tree| builds != own || !doomed.contains(tree));
        let copies = device(&builds) != device(store.root());
        for tree in left {
            stay.trees.insert(tree);
            let listing = store.kept_listing(tree).and_then(|text| parse_ls_tree(text).ok());
            let listing = listing.unwrap_or_default();
            let linked = listing.iter().filter(|entry| copies || entry.mode == Mode::Symlink);
            let key = |entry: Entry<'_>| Key { id: entry.id, executable: entry.mode == Mode::Executable };
            stay.keys.extend(linked.map(key));
        }
    }
    Ok(stay)
}

impl Sweep<'_> {
    /// Tells of every file of the store that is not to stay whatever its links say, spare copies too.
    pub(super) fn files(
        &self,
        mut each: impl FnMut(&Utf8Path, &Found) -> Result<(), BuildError>,
    ) -> Result<(), BuildError> {
        for directory in self.store.shards() {
            if (self.stop)() {
                return Err(BuildError::Cancelled);
            }
            let failed = |error: std::io::Error| StoreError::io("read", &directory, error);
            let entries = match fs::read_dir(&directory) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                other => other.map_err(failed)?,
            };
            let open = fs::File::open(&directory).map_err(failed)?;
            for entry in entries {
                let name = entry.map_err(failed)?.file_name();
                let Some(name) = name.to_str() else { continue };
                if self.stay.has_name(&directory, name) {
                    continue;
                }
                match stamp_of(&open, name.as_bytes()) {
                    Err(rustix::io::Errno::NOENT) => {}
                    Err(error) => return Err(failed(error.into()).into()),
                    Ok(found) => each(&directory.join(name), &found)?,
                }
            }
        }
        Ok(())
    }

    /// The kept lists of files of trees that nobody has built.
    pub(super) fn listings(&self) -> Result<Vec<Utf8PathBuf>, BuildError> {
        let kept = self.store.kept_listings()?;
        Ok(kept
            .into_iter()
            .filter(|(_, tree)| !tree.is_some_and(|tree| self.stay.trees.contains(&tree)))
            .map(|(path, _)| path)
            .collect())
    }
}

impl Stay {
    /// Whether a file of the store with this name, in this directory, is to stay.
    fn has_name(&self, directory: &Utf8Path, name: &str) -> bool {
        if self.keys.is_empty() {
            return false;
        }
        let hex = format!("{}{name}", directory.file_name().unwrap_or_default());
        let id = hex.get(..40).and_then(|hex| ObjectId::from_hex(hex.as_bytes()));
        let executable = hex.as_bytes().get(40) == Some(&b'x');
        id.is_some_and(|id| self.keys.contains(&Key { id, executable }))
    }
}
