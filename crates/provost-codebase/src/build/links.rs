//! Makes the directories of a build and links its files, with several threads.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use rustix::fs::{CWD, Mode as Permissions, OFlags};
use rustix::io::Errno;

use crate::git::Entry;
use crate::object::{Kind, Mode, ObjectId};
use crate::store::{Key, Linked, Links, Store, StoreError};

use super::plan::Directory;
use super::stamps::Gathered;
use super::{BuildError, SEALED, TreePlan};

/// Directories up to this depth are made first, by one thread; each deeper one and all below it is one thread's work. At
/// two, a Moodle falls into some 700 pieces, enough to share out evenly.
const SHARED_DEPTH: usize = 2;

/// Mode of directories while they are filled.
const OPEN: Permissions = Permissions::from_raw_mode(0o755);

/// Makes one tree. Can be run again after missing files were put into the store; then only those are linked.
pub(super) struct Linking<'a> {
    plan: &'a TreePlan,
    entries: Vec<Entry<'a>>,
    store: &'a Store,
    links: Links<'a>,
    root: OwnedFd,
    at: Utf8PathBuf,
    /// Counts files that have their name.
    done: &'a AtomicU64,
    /// Takes what each file is.
    gathered: &'a Gathered,
    stop: &'a (dyn Fn() -> bool + Sync),
}

/// Files that the store did not have: positions in the listing, and what they are.
pub(super) type MissingFiles = Vec<(u32, Key)>;

impl<'a> Linking<'a> {
    /// Begins, in a directory that is there and empty.
    pub(super) fn new(
        plan: &'a TreePlan,
        store: &'a Store,
        at: &Utf8Path,
        done: &'a AtomicU64,
        gathered: &'a Gathered,
        stop: &'a (dyn Fn() -> bool + Sync),
    ) -> Result<Self, BuildError> {
        let root = open(CWD, at.as_str().as_bytes()).map_err(|error| StoreError::io("open", at, error))?;
        let links = Links::new(store);
        Ok(Self {
            plan,
            entries: plan.entries(),
            store,
            links,
            root,
            at: at.to_owned(),
            done,
            gathered,
            stop,
        })
    }

    /// Makes all directories and links all files that the store has. Directories in which nothing is missing are sealed.
    pub(super) fn run(&self, threads: usize) -> Result<MissingFiles, BuildError> {
        let (shallow, pieces) = self.pieces();
        let missing = Mutex::new(Vec::new());
        // The first failure; the others only follow from it.
        let failed: Mutex<Option<BuildError>> = Mutex::new(None);
        let ended = AtomicBool::new(false);
        for directory in &shallow {
            self.make(directory)?;
        }
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..threads.max(1) {
                scope.spawn(|| {
                    while let Some(piece) = pieces.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if ended.load(Ordering::Relaxed) {
                            return;
                        }
                        if let Err(error) = self.piece(piece, &missing) {
                            ended.store(true, Ordering::Relaxed);
                            lock(&failed).get_or_insert(error);
                            return;
                        }
                    }
                });
            }
        });
        if let Some(error) = lock(&failed).take() {
            return Err(error);
        }
        let mut missing = std::mem::take(&mut *lock(&missing));
        missing.sort_unstable();
        Ok(missing)
    }

    /// Links files that were missing.
    pub(super) fn run_again(&self, missing: &MissingFiles) -> Result<(), BuildError> {
        for (file, key) in missing {
            let entry = self.entries[*file as usize];
            let split = entry.path.iter().rposition(|byte| *byte == b'/');
            let directory = match split {
                Some(at) => self.open(&entry.path[..at])?,
                None => self.open(b".")?,
            };
            let left = self.file(&directory, *file, entry, split.map_or(0, |at| at + 1))?;
            if left.is_some() {
                return Err(BuildError::NotWhole(format!("{} is not in the store", key.id)));
            }
        }
        Ok(())
    }

    /// Takes the right to write from every directory that still has it, but for the build itself.
    pub(super) fn seal(&self, missing: &MissingFiles) -> Result<(), BuildError> {
        let mut open: std::collections::BTreeSet<&[u8]> = std::collections::BTreeSet::new();
        for (file, _) in missing {
            let path = self.entries[*file as usize].path;
            open.extend(path.iter().rposition(|byte| *byte == b'/').map(|at| &path[..at]));
        }
        let unsealed = |directory: &&Directory| {
            directory.depth > 0 && (!directory.inside.is_empty() || open.contains(&directory.path[..]))
        };
        for directory in self.plan.directories().iter().filter(unsealed) {
            let mode = Permissions::from_raw_mode(SEALED);
            rustix::fs::chmodat(&self.root, &directory.path[..], mode, rustix::fs::AtFlags::empty())
                .map_err(|error| self.failed("seal", &directory.path, error))?;
        }
        Ok(())
    }

    /// What one thread does at a time: shallow directories one by one, deeper ones with all below them.
    fn pieces(&self) -> (Vec<&'a Directory>, Vec<Vec<&'a Directory>>) {
        let all = self.plan.directories();
        let shallow: Vec<&Directory> =
            all.iter().filter(|one| one.depth > 0 && one.depth <= SHARED_DEPTH).collect();
        let mut pieces: Vec<Vec<&Directory>> = Vec::new();
        for directory in all.iter().filter(|one| one.depth <= SHARED_DEPTH) {
            let mut piece = vec![directory];
            if directory.depth == SHARED_DEPTH {
                self.below(directory, &mut piece);
            }
            pieces.push(piece);
        }
        // The largest first, so that no thread is left with one at the end.
        pieces.sort_by_key(|piece| {
            std::cmp::Reverse(piece.iter().map(|one| one.files.len() + 1).sum::<usize>())
        });
        (shallow, pieces)
    }

    fn below(&self, directory: &Directory, piece: &mut Vec<&'a Directory>) {
        for inside in &directory.inside {
            let inside = &self.plan.directories()[*inside as usize];
            piece.push(inside);
            self.below(inside, piece);
        }
    }

    fn piece(&self, piece: &[&Directory], missing: &Mutex<MissingFiles>) -> Result<(), BuildError> {
        for directory in piece {
            if (self.stop)() {
                return Err(BuildError::Cancelled);
            }
            if directory.depth > SHARED_DEPTH {
                self.make(directory)?;
            }
            let left = self.fill(directory)?;
            self.done.fetch_add((directory.files.len() - left.len()) as u64, Ordering::Relaxed);
            if !left.is_empty() {
                lock(missing).extend(left);
            }
        }
        Ok(())
    }

    fn make(&self, directory: &Directory) -> Result<(), BuildError> {
        rustix::fs::mkdirat(&self.root, &directory.path[..], OPEN)
            .map_err(|error| self.failed("make", &directory.path, error))
    }

    fn fill(&self, directory: &Directory) -> Result<MissingFiles, BuildError> {
        let at_root = directory.depth == 0;
        let open = self.open(if at_root { b"." } else { &directory.path })?;
        let name = if at_root { 0 } else { directory.path.len() + 1 };
        let mut missing = Vec::new();
        for file in &directory.files {
            if let Some(key) = self.file(&open, *file, self.entries[*file as usize], name)? {
                missing.push((*file, key));
            }
        }
        if directory.inside.is_empty() && missing.is_empty() && !at_root {
            rustix::fs::fchmod(&open, Permissions::from_raw_mode(SEALED))
                .map_err(|error| self.failed("seal", &directory.path, error))?;
        }
        Ok(missing)
    }

    /// Gives one file its name, which begins at `name` in its path. Returns its key if the store does not have it.
    fn file(
        &self,
        directory: &OwnedFd,
        file: u32,
        entry: Entry<'_>,
        name: usize,
    ) -> Result<Option<Key>, BuildError> {
        let key = key_of(&entry);
        if entry.mode == Mode::Symlink {
            return self.symlink(directory, entry, name, key);
        }
        match self.links.link(key, directory.as_fd(), &entry.path[name..])? {
            Linked::Yes(stamp) => {
                self.gathered.set(file, stamp);
                Ok(None)
            }
            Linked::Missing => Ok(Some(key)),
        }
    }

    fn symlink(
        &self,
        directory: &OwnedFd,
        entry: Entry<'_>,
        name: usize,
        key: Key,
    ) -> Result<Option<Key>, BuildError> {
        if !self.store.path(key).exists() {
            return Ok(Some(key));
        }
        let target = self.store.read(key)?;
        if ObjectId::of(Kind::Blob, &target) != key.id {
            return Ok(Some(key));
        }
        if !stays_inside(entry.path, &target) {
            return Err(BuildError::Symlink {
                path: String::from_utf8_lossy(entry.path).into_owned(),
                target: String::from_utf8_lossy(&target).into_owned(),
            });
        }
        rustix::fs::symlinkat(&target[..], directory, &entry.path[name..])
            .map_err(|error| self.failed("link", entry.path, error))?;
        Ok(None)
    }

    fn open(&self, path: &[u8]) -> Result<OwnedFd, BuildError> {
        open(&self.root, path).map_err(|error| self.failed("open", path, error))
    }

    fn failed(&self, what: &'static str, path: &[u8], error: Errno) -> BuildError {
        StoreError::io(what, &self.at.join(String::from_utf8_lossy(path).as_ref()), error).into()
    }
}

/// Under what the store has a file.
pub(super) fn key_of(entry: &Entry<'_>) -> Key {
    Key { id: entry.id, executable: entry.mode == Mode::Executable }
}

fn open(at: impl AsFd, path: &[u8]) -> Result<OwnedFd, Errno> {
    rustix::fs::openat(at, path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Permissions::empty())
}

/// Whether a symlink at `path` stays in the tree. It may climb only at its beginning, where what it climbs out of are real
/// directories; a `..` further on could follow another symlink first and end anywhere.
pub(crate) fn stays_inside(path: &[u8], target: &[u8]) -> bool {
    let depth = path.split(|byte| *byte == b'/').count() - 1;
    let mut parts = target.split(|byte| *byte == b'/').peekable();
    let mut climbs = 0;
    while parts.next_if(|part| *part == b"..").is_some() {
        climbs += 1;
    }
    !target.is_empty()
        && !target.starts_with(b"/")
        && !target.contains(&0)
        && climbs <= depth
        && parts.all(|part| part != b"..")
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
