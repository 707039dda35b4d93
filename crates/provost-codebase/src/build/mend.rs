//! Replaces files inside a build that may be served meanwhile: a reader finds the old file or the new one, never none.
//!
//! Directories of a build are sealed. Those that are changed are opened for the moment: the build's own first and sealed
//! last, so that after an interruption the build itself shows that its seal is to be put back, see [`reseal`].

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};

use camino::{Utf8Path, Utf8PathBuf};
use rustix::fs::{AtFlags, CWD, Dir, Mode as Permissions, OFlags};
use rustix::io::Errno;

use crate::store::{Key, Linked, Links, Stamp, StoreError, stamp_of};

use super::{BuildError, SEALED, walk};

/// How files are called that are about to take another one's place.
const ASIDE: &str = ".provost-mend-";

/// Distinguishes them within one process.
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// A build that is being changed.
pub(super) struct Mending {
    at: Utf8PathBuf,
    root: OwnedFd,
    /// Directories that are writable now.
    open: BTreeSet<Vec<u8>>,
}

impl Mending {
    /// Opens a build, whose lock the caller holds.
    pub(super) fn begin(build: &Utf8Path) -> Result<Self, BuildError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let root = rustix::fs::openat(CWD, build.as_str(), flags, Permissions::empty());
        let root = root.map_err(|error| StoreError::io("open", build, error))?;
        let mut mending = Self { at: build.to_owned(), root, open: BTreeSet::new() };
        mending.directory(b"")?;
        Ok(mending)
    }

    /// Seals what was opened, the build itself last.
    pub(super) fn end(self) -> Result<(), BuildError> {
        let mut first = Ok(());
        for path in self.open.iter().rev() {
            let sealed = walk::open(&self.root, or_dot(path))
                .and_then(|open| rustix::fs::fchmod(&open, Permissions::from_raw_mode(SEALED)));
            // What was removed since needs no seal.
            if let Err(error) =
                sealed.or_else(|error| if error == Errno::NOENT { Ok(()) } else { Err(error) })
            {
                first = first.and(Err(self.failed("seal", path, error)));
            }
        }
        first
    }

    /// The inode and the rest of what is at a path.
    pub(super) fn look(&self, path: &[u8]) -> Option<crate::store::Found> {
        stamp_of(&self.root, path).ok()
    }

    /// Puts a file of the store at a path.
    pub(super) fn place(&mut self, links: &Links<'_>, path: &[u8], key: Key) -> Result<Stamp, BuildError> {
        let (directory, name) = self.above(path)?;
        let aside = aside();
        let Linked::Yes(stamp) = links.link(key, &directory, aside.as_bytes())? else {
            return Err(BuildError::NotWhole(format!("{} is not in the store", key.id)));
        };
        self.rename(&directory, &aside, name, path)?;
        Ok(stamp)
    }

    /// Puts a symlink at a path.
    pub(super) fn place_symlink(&mut self, path: &[u8], target: &[u8]) -> Result<(), BuildError> {
        let (directory, name) = self.above(path)?;
        let aside = aside();
        rustix::fs::symlinkat(target, &directory, &aside)
            .map_err(|error| self.failed("link", path, error))?;
        self.rename(&directory, &aside, name, path)
    }

    fn rename(&self, directory: &OwnedFd, aside: &str, name: &[u8], path: &[u8]) -> Result<(), BuildError> {
        let mut doomed = None;
        if stamp_of(directory, name).is_ok_and(|found| found.is_directory()) {
            // Nothing can be renamed over a directory.
            let moved = self::aside();
            rustix::fs::renameat(directory, name, directory, &moved)
                .map_err(|error| self.failed("replace", path, error))?;
            doomed = Some(moved);
        }
        let renamed = rustix::fs::renameat(directory, aside, directory, name);
        // Two names of one file are left as they are by a rename; and after an error the name is not needed either.
        rustix::fs::unlinkat(directory, aside, AtFlags::empty()).ok();
        renamed.map_err(|error| self.failed("replace", path, error))?;
        doomed.map_or(Ok(()), |doomed| {
            remove_all(directory, doomed.as_bytes()).map_err(|error| self.failed("remove", path, error))
        })
    }

    /// Removes a file, or a directory with all that is in it. Follows no symlink.
    pub(super) fn remove(&mut self, path: &[u8]) -> Result<(), BuildError> {
        let end = path.iter().rposition(|byte| *byte == b'/');
        let above = end.map_or(&b""[..], |end| &path[..end]);
        if walk::open(&self.root, or_dot(above)).is_err() {
            // What it was in is gone.
            return Ok(());
        }
        let open = self.directory(above)?;
        remove_all(&open, &path[end.map_or(0, |end| end + 1)..])
            .map_err(|error| self.failed("remove", path, error))
    }

    /// Opens a directory for changes, making it if it must. In the end it is sealed, whatever its mode is now.
    pub(super) fn directory(&mut self, path: &[u8]) -> Result<OwnedFd, BuildError> {
        let open = match walk::open(&self.root, or_dot(path)) {
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) if !path.is_empty() => self.make(path),
            other => other.map_err(|error| self.failed("open", path, error)),
        }?;
        if self.open.insert(path.to_vec()) {
            rustix::fs::fchmod(&open, Permissions::from_raw_mode(0o755))
                .map_err(|error| self.failed("open", path, error))?;
        }
        Ok(open)
    }

    /// Makes a directory with all above it, in place of whatever else is there.
    fn make(&mut self, path: &[u8]) -> Result<OwnedFd, BuildError> {
        let (above, name) = self.above(path)?;
        if stamp_of(&above, name).is_ok() {
            rustix::fs::unlinkat(&above, name, AtFlags::empty())
                .map_err(|error| self.failed("remove", path, error))?;
        }
        rustix::fs::mkdirat(&above, name, Permissions::from_raw_mode(0o755))
            .map_err(|error| self.failed("make", path, error))?;
        walk::open(&self.root, path).map_err(|error| self.failed("open", path, error))
    }

    fn above<'p>(&mut self, path: &'p [u8]) -> Result<(OwnedFd, &'p [u8]), BuildError> {
        match path.iter().rposition(|byte| *byte == b'/') {
            Some(end) => Ok((self.directory(&path[..end])?, &path[end + 1..])),
            None => Ok((self.directory(b"")?, path)),
        }
    }

    fn path(&self, path: &[u8]) -> Utf8PathBuf {
        self.at.join(String::from_utf8_lossy(path).as_ref())
    }

    fn failed(&self, what: &'static str, path: &[u8], error: Errno) -> BuildError {
        StoreError::io(what, &self.path(path), error).into()
    }
}

/// Seals every directory of a build and removes what an interrupted repair left: nothing that is listed.
pub(super) fn reseal(build: &Utf8Path) -> Result<(), BuildError> {
    let failed = |error: Errno| BuildError::from(StoreError::io("seal", build, error));
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let root = rustix::fs::openat(CWD, build.as_str(), flags, Permissions::empty()).map_err(failed)?;
    let mut waiting = vec![Vec::new()];
    while let Some(path) = waiting.pop() {
        let open = walk::open(&root, or_dot(&path)).map_err(failed)?;
        let mut left = Vec::new();
        for entry in Dir::read_from(&open).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            if name.starts_with(ASIDE.as_bytes()) {
                left.push(name.to_vec());
            } else if stamp_of(&open, name).is_ok_and(|found| found.is_directory()) {
                waiting.push([&path[..], if path.is_empty() { b"" } else { b"/" }, name].concat());
            }
        }
        if !left.is_empty() {
            rustix::fs::fchmod(&open, Permissions::from_raw_mode(0o755)).map_err(failed)?;
        }
        for name in left {
            rustix::fs::unlinkat(&open, &name[..], AtFlags::empty()).ok();
        }
        if !path.is_empty() {
            rustix::fs::fchmod(&open, Permissions::from_raw_mode(SEALED)).map_err(failed)?;
        }
    }
    Ok(())
}

/// Removes a file, or a directory with all that is in it.
fn remove_all(directory: &OwnedFd, name: &[u8]) -> Result<(), Errno> {
    match stamp_of(directory, name) {
        Err(Errno::NOENT) => return Ok(()),
        Ok(found) if found.is_directory() => {}
        _ => return rustix::fs::unlinkat(directory, name, AtFlags::empty()),
    }
    let open = walk::open(directory, name)?;
    rustix::fs::fchmod(&open, Permissions::from_raw_mode(0o755))?;
    for inside in Dir::read_from(&open)? {
        let inside = inside?;
        let inside = inside.file_name().to_bytes();
        if inside != b"." && inside != b".." {
            remove_all(&open, inside)?;
        }
    }
    rustix::fs::unlinkat(directory, name, AtFlags::REMOVEDIR)
}

fn aside() -> String {
    format!("{ASIDE}{}-{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed))
}

fn or_dot(path: &[u8]) -> &[u8] {
    if path.is_empty() { b"." } else { path }
}
