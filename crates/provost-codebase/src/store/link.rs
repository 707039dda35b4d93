//! Giving a stored file a second name in a build.

use std::ffi::CStr;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::OnceLock;

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;

use super::stamp::{Stamp, stamp_of};
use super::{Key, Store, StoreError, modified};

/// How many spare copies of one file are tried. A file takes 65,000 links on ext4; these are enough for 60 million.
const MOST_COPIES: u32 = 1000;

/// How often in a row a file may be replaced while it is linked. Only a heal of the store replaces what is there, once; each try
/// costs microseconds.
const MOST_REPLACEMENTS: u32 = 10_000;

/// What came of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linked {
    /// It has the new name, and this is what it is.
    Yes(Stamp),
    /// The store does not have the file, or has it changed: then it is to be put there again.
    Missing,
}

/// Links files out of a store. Its directories are opened once, so that the kernel walks one name instead of a path.
#[derive(Debug)]
pub struct Links<'a> {
    store: &'a Store,
    shards: Vec<OnceLock<OwnedFd>>,
}

impl<'a> Links<'a> {
    /// Begins linking.
    pub fn new(store: &'a Store) -> Self {
        Self { store, shards: (0..=255).map(|_| OnceLock::new()).collect() }
    }

    /// Gives the file `key` the name `name` in `directory`: a hard link, or where none can be made a copy, which shares
    /// its blocks where the file system can do that.
    ///
    /// # Errors
    /// When the name is taken, the disk is full, or the directory cannot be written.
    pub fn link(&self, key: Key, directory: impl AsFd, name: &[u8]) -> Result<Linked, StoreError> {
        let Some(shard) = self.shard(key.shard()) else { return Ok(Linked::Missing) };
        let stored = stored_name(key);
        let stored = CStr::from_bytes_until_nul(&stored).unwrap_or_default();
        match link_sound(key, shard, stored, &directory, name) {
            Err(Errno::NOENT) => Ok(Linked::Missing),
            Err(Errno::MLINK) => self.link_copy(key, shard, &directory, name),
            // Another file system or mount; one without hard links; a file that is not ours, under protected_hardlinks.
            Err(Errno::XDEV | Errno::PERM | Errno::OPNOTSUPP) => self.copy(key, &directory, name),
            other => other.map_err(|error| self.failed(key, error)),
        }
    }

    /// Whether the store has a file of this name; whether that is as we wrote it, a link finds out.
    pub fn has(&self, key: Key) -> bool {
        let stored = stored_name(key);
        let stored = CStr::from_bytes_until_nul(&stored).unwrap_or_default();
        let shard = self.shard(key.shard());
        shard.is_some_and(|shard| rustix::fs::statat(shard, stored, AtFlags::SYMLINK_NOFOLLOW).is_ok())
    }

    fn failed(&self, key: Key, error: impl Into<std::io::Error>) -> StoreError {
        StoreError::io("link", &self.store.path(key), error)
    }

    /// Links a spare copy of a file that takes no more links, making one if it must.
    fn link_copy(
        &self,
        key: Key,
        shard: &OwnedFd,
        directory: impl AsFd,
        name: &[u8],
    ) -> Result<Linked, StoreError> {
        for copy in 1..=MOST_COPIES {
            let spare = std::ffi::CString::new(key.name(copy)).map_err(|error| self.failed(key, error))?;
            match link_sound(key, shard, &spare, &directory, name) {
                Err(Errno::MLINK) => {}
                Ok(Linked::Yes(stamp)) => return Ok(Linked::Yes(stamp)),
                Ok(Linked::Missing) | Err(Errno::NOENT) => {
                    if !self.store.put_copy(key, copy)? {
                        return Ok(Linked::Missing);
                    }
                    return link_sound(key, shard, &spare, &directory, name)
                        .map_err(|error| self.failed(key, error));
                }
                Err(error) => return Err(self.failed(key, error)),
            }
        }
        Err(self.failed(key, Errno::MLINK))
    }

    /// Where no link can be made: slower and, unless blocks can be shared, larger; and as good.
    fn copy(&self, key: Key, directory: impl AsFd, name: &[u8]) -> Result<Linked, StoreError> {
        let path = self.store.path(key);
        let failed = |error: std::io::Error| StoreError::io("copy", &path, error);
        let mut from = match File::open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Linked::Missing),
            other => other.map_err(failed)?,
        };
        if !stamp_of(&from, b"").map_err(|error| failed(error.into()))?.is_sound(key) {
            return Ok(Linked::Missing);
        }
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let to = rustix::fs::openat(&directory, name, flags, Mode::from_raw_mode(0o600));
        let mut to = File::from(to.map_err(|error| failed(error.into()))?);
        if rustix::fs::ioctl_ficlone(&to, &from).is_err() {
            std::io::copy(&mut from, &mut to).map_err(failed)?;
        }
        rustix::fs::fchmod(&to, Mode::from_raw_mode(key.mode())).map_err(|error| failed(error.into()))?;
        to.set_modified(modified()).map_err(failed)?;
        let found = stamp_of(&to, b"").map_err(|error| failed(error.into()))?;
        Ok(Linked::Yes(found.stamp(true)))
    }

    fn shard(&self, shard: u8) -> Option<&OwnedFd> {
        let slot = self.shards.get(usize::from(shard))?;
        if let Some(open) = slot.get() {
            return Some(open);
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let open = rustix::fs::openat(CWD, self.store.shard(shard).as_str(), flags, Mode::empty()).ok()?;
        Some(slot.get_or_init(|| open))
    }
}

/// The name of a file in its shard, as the system takes it: nothing is allocated for it, 40,000 times a build.
fn stored_name(key: Key) -> [u8; 41] {
    let mut name = [0; 41];
    name[..38].copy_from_slice(&key.id.hex()[2..]);
    if key.executable {
        name[38] = b'x';
    }
    name
}

/// Links one file of the store if it is as we wrote it. Somebody may have changed it, through a build.
fn link_sound(
    key: Key,
    shard: &OwnedFd,
    stored: &CStr,
    directory: impl AsFd,
    name: &[u8],
) -> Result<Linked, Errno> {
    link_once_more(shard, stored, &directory, name)?;
    let found = stamp_of(&directory, name)?;
    if found.is_sound(key) {
        return Ok(Linked::Yes(found.stamp(false)));
    }
    rustix::fs::unlinkat(&directory, name, AtFlags::empty())?;
    Ok(Linked::Missing)
}

/// Links a file that somebody may be replacing by the same content at this moment. A name that is replaced between being
/// looked up and being linked leads to a file without any name, and Linux then says that there is none.
fn link_once_more(shard: &OwnedFd, stored: &CStr, directory: impl AsFd, name: &[u8]) -> Result<(), Errno> {
    for _ in 0..MOST_REPLACEMENTS {
        match rustix::fs::linkat(shard, stored, &directory, name, AtFlags::empty()) {
            Err(Errno::NOENT) if rustix::fs::statat(shard, stored, AtFlags::SYMLINK_NOFOLLOW).is_ok() => {}
            other => return other,
        }
    }
    Err(Errno::NOENT)
}
