//! Walks a build as it is and compares it with the list of its files: one look at each, and nothing is read.

use std::collections::BTreeSet;
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::fs::{Mode as Permissions, OFlags, RawDir, ResolveFlags};
use rustix::io::Errno;

use crate::git::Entry;
use crate::object::{Kind, Mode, ObjectId};
use crate::store::{Found, Key, Store, stamp_of};

use super::inspect::{Aspect, What};
use super::plan::Directory;
use super::stamps::Stamps;
use super::{HOOK_NAME, SEALED, TreePlan};

/// Names are taken from the kernel in pieces of this many bytes: most directories in one.
const NAMES: usize = 16 << 10;

/// Directories that one thread takes at a time. A Moodle has some 4,500.
const AT_ONCE: usize = 16;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    /// Relative to the build.
    pub(super) path: Vec<u8>,
    /// Its position in the list of files; `None` for what is not listed, and for directories.
    pub(super) file: Option<u32>,
    pub(super) what: What,
    /// The inode that is there, if it is a file.
    pub(super) inode: Option<u64>,
}

/// A listed file that is there: its position, inode and size.
#[derive(Debug, Clone, Copy)]
pub(super) struct There {
    pub(super) file: u32,
    pub(super) inode: u64,
    pub(super) size: u64,
}

/// What a walk saw.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) findings: Vec<Finding>,
    /// All regular files that are listed.
    pub(super) there: Vec<There>,
}

/// Compares a build with its list of files.
pub(super) struct Walk<'a> {
    pub(super) plan: &'a TreePlan,
    pub(super) entries: Vec<Entry<'a>>,
    /// What the files were, if that is on record.
    pub(super) stamps: Option<&'a Stamps>,
    pub(super) store: &'a Store,
    /// The build's own directory.
    pub(super) root: &'a OwnedFd,
    pub(super) stop: &'a (dyn Fn() -> bool + Sync),
}

/// Why a walk ended early: the directory and the error, or `None` when it was told to stop.
pub(super) type Broken = Option<(Vec<u8>, Errno)>;

impl Walk<'_> {
    /// Looks at everything, with several threads.
    pub(super) fn run(&self, threads: usize) -> Result<Walked, Broken> {
        let next = AtomicUsize::new(0);
        let all = self.plan.directories();
        let work = || {
            let mut walked = Walked::default();
            let mut buffer = vec![MaybeUninit::uninit(); NAMES];
            loop {
                let from = next.fetch_add(AT_ONCE, Ordering::Relaxed);
                if from >= all.len() {
                    return Ok(walked);
                }
                for directory in &all[from..(from + AT_ONCE).min(all.len())] {
                    if (self.stop)() {
                        return Err(None);
                    }
                    self.directory(directory, &mut buffer, &mut walked)
                        .map_err(|error| Some((directory.path.clone(), error)))?;
                }
            }
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
            let mut whole = Walked::default();
            for thread in threads {
                let walked = thread.join().map_err(|_| None)??;
                whole.findings.extend(walked.findings);
                whole.there.extend(walked.there);
            }
            Ok(whole)
        })
    }

    fn directory(
        &self,
        directory: &Directory,
        buffer: &mut [MaybeUninit<u8>],
        walked: &mut Walked,
    ) -> Result<(), Errno> {
        let path: &[u8] = if directory.path.is_empty() { b"." } else { &directory.path };
        let missing = |walked: &mut Walked| {
            for file in &directory.files {
                walked.add(self.entries[*file as usize].path, Some(*file), What::Missing, None);
            }
        };
        let open = match open(self.root, path) {
            Err(Errno::NOENT) => {
                missing(walked);
                return Ok(());
            }
            Err(Errno::NOTDIR | Errno::LOOP) => {
                // Said once, where it is, and not of every directory that should be below.
                let above = path.iter().rposition(|byte| *byte == b'/').map_or(&b"."[..], |end| &path[..end]);
                if self::open(self.root, above).is_ok() {
                    walked.add(path, None, What::Type, None);
                }
                missing(walked);
                return Ok(());
            }
            other => other?,
        };
        if stamp_of(&open, b"")?.permissions() != SEALED {
            walked.add(path, None, What::changed([Aspect::Mode]), None);
        }
        self.names(directory, &open, buffer, walked)
    }

    fn names(
        &self,
        directory: &Directory,
        open: &OwnedFd,
        buffer: &mut [MaybeUninit<u8>],
        walked: &mut Walked,
    ) -> Result<(), Errno> {
        let at = if directory.depth == 0 { 0 } else { directory.path.len() + 1 };
        let name = |file: u32| &self.entries[file as usize].path[at..];
        let mut inside: Vec<&[u8]> =
            directory.inside.iter().map(|one| &self.plan.directories()[*one as usize].path[at..]).collect();
        inside.sort_unstable();
        let mut seen = vec![false; directory.files.len()];
        // Paths, and whether they are to be named themselves.
        let mut extra: Vec<(Vec<u8>, bool)> = Vec::new();
        let mut names = RawDir::new(open, buffer);
        while let Some(entry) = names.next() {
            let entry = entry?;
            let found = entry.file_name().to_bytes();
            if found == b"." || found == b".." || (at == 0 && found == HOOK_NAME.as_bytes()) {
                continue;
            }
            if let Ok(place) = directory.files.binary_search_by(|file| name(*file).cmp(found)) {
                seen[place] = true;
                if self.file(directory.files[place], open, entry.file_name(), walked)? {
                    extra.push((self.entries[directory.files[place] as usize].path.to_vec(), false));
                }
            } else if inside.binary_search(&found).is_err() {
                let path = [&directory.path[..], if at == 0 { b"" } else { b"/" }, found].concat();
                extra.push((path, true));
            }
        }
        for (file, seen) in directory.files.iter().zip(seen) {
            if !seen {
                walked.add(self.entries[*file as usize].path, Some(*file), What::Missing, None);
            }
        }
        for (path, itself) in extra {
            self.extra(path, itself, buffer, walked)?;
        }
        Ok(())
    }

    /// Names what is not listed, and everything in it.
    fn extra(
        &self,
        path: Vec<u8>,
        itself: bool,
        buffer: &mut [MaybeUninit<u8>],
        walked: &mut Walked,
    ) -> Result<(), Errno> {
        let mut waiting = vec![(path, itself)];
        while let Some((path, named)) = waiting.pop() {
            if (self.stop)() {
                return Ok(());
            }
            if stamp_of(self.root, &path).is_ok_and(|found| found.is_directory()) {
                let open = open(self.root, &path)?;
                let mut names = RawDir::new(&open, buffer);
                while let Some(entry) = names.next() {
                    let entry = entry?;
                    let name = entry.file_name().to_bytes();
                    if name != b"." && name != b".." {
                        waiting.push(([&path[..], b"/", name].concat(), true));
                    }
                }
            }
            if named {
                walked.add(&path, None, What::Extra, None);
            }
        }
        Ok(())
    }

    /// Looks at a listed file; says whether it is a directory, of which all is to be named.
    fn file(&self, file: u32, open: &OwnedFd, name: &CStr, walked: &mut Walked) -> Result<bool, Errno> {
        let entry = self.entries[file as usize];
        let found = match stamp_of(open, name.to_bytes()) {
            // It went while we looked.
            Err(Errno::NOENT) => {
                walked.add(entry.path, Some(file), What::Missing, None);
                return Ok(false);
            }
            other => other?,
        };
        if entry.mode == Mode::Symlink {
            if !found.is_symlink() {
                walked.add(entry.path, Some(file), What::Type, None);
                return Ok(found.is_directory());
            }
            if !is_target(open, name, entry.id)? {
                walked.add(entry.path, Some(file), What::changed([Aspect::Content]), None);
            }
            return Ok(false);
        }
        if !found.is_file() {
            walked.add(entry.path, Some(file), What::Type, None);
            return Ok(found.is_directory());
        }
        walked.there.push(There { file, inode: found.inode, size: found.size });
        let aspects = self.compare(file, &found);
        if !aspects.is_empty() {
            walked.add(entry.path, Some(file), What::Changed(aspects), Some(found.inode));
        }
        Ok(false)
    }

    /// What a listed file is in the store.
    pub(super) fn key(&self, file: u32) -> Key {
        let entry = self.entries[file as usize];
        Key { id: entry.id, executable: entry.mode == Mode::Executable }
    }

    fn compare(&self, file: u32, found: &Found) -> BTreeSet<Aspect> {
        let key = self.key(file);
        let stamp = self.stamps.and_then(|stamps| stamps.files.get(file as usize).copied().flatten());
        let mut aspects = BTreeSet::new();
        if !found.has_our_time() {
            aspects.insert(Aspect::Time);
        }
        if found.permissions() != key.mode() {
            aspects.insert(Aspect::Mode);
        }
        if let Some(stamp) = stamp {
            if found.size != stamp.size {
                aspects.insert(Aspect::Size);
            }
            // A repair of the store may have given it another inode since: then it is the store's.
            if found.inode != stamp.inode && !self.store.has_inode(key, found.inode) {
                aspects.insert(Aspect::Inode);
            }
        }
        aspects
    }
}

impl Walked {
    pub(super) fn add(&mut self, path: &[u8], file: Option<u32>, what: What, inode: Option<u64>) {
        self.findings.push(Finding { path: path.to_vec(), file, what, inode });
    }
}

fn is_target(open: &OwnedFd, name: &CStr, id: ObjectId) -> Result<bool, Errno> {
    let target = rustix::fs::readlinkat(open, name, Vec::new())?;
    Ok(ObjectId::of(Kind::Blob, target.as_bytes()) == id)
}

/// Opens a directory of a build to list it. No part of the way may be a symlink, behind which all could be well.
pub(super) fn open(root: impl AsFd, path: &[u8]) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    match rustix::fs::openat2(&root, path, flags, Permissions::empty(), resolve) {
        // Before Linux 5.6, or under a filter of system calls.
        Err(Errno::NOSYS | Errno::PERM) => rustix::fs::openat(&root, path, flags, Permissions::empty()),
        other => other,
    }
}
