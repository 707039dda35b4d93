//! Giving a stored file a second name in a build.

use std::ffi::CStr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::OnceLock;

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;

use super::{Key, Store, StoreError, modified};

/// How many spare copies of one file are tried. A file takes 65,000 links on ext4; these are enough for 60 million.
const MOST_COPIES: u32 = 1000;

/// What came of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linked {
    /// It has the new name.
    Yes,
    /// The store does not have the file.
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

    /// Gives the file `key` the name `name` in `directory`, which must be on the same file system or gets a copy.
    ///
    /// # Errors
    /// When the name is taken, the disk is full, or the directory cannot be written.
    pub fn link(&self, key: Key, directory: impl AsFd, name: &[u8]) -> Result<Linked, StoreError> {
        let Some(shard) = self.shard(key.shard()) else { return Ok(Linked::Missing) };
        let mut plain = [0; 41];
        let hex = key.id.hex();
        plain[..38].copy_from_slice(&hex[2..]);
        if key.executable {
            plain[38] = b'x';
        }
        let plain = CStr::from_bytes_until_nul(&plain).unwrap_or_default();
        match rustix::fs::linkat(shard, plain, &directory, name, AtFlags::empty()) {
            Ok(()) => Ok(Linked::Yes),
            Err(Errno::NOENT) => Ok(Linked::Missing),
            Err(Errno::MLINK) => self.link_copy(key, shard, directory, name),
            Err(Errno::XDEV) => self.copy(key, directory, name),
            Err(error) => Err(self.failed(key, error)),
        }
    }

    fn failed(&self, key: Key, error: Errno) -> StoreError {
        StoreError::io("link", &self.store.path(key), error)
    }

    fn link_copy(
        &self,
        key: Key,
        shard: &OwnedFd,
        directory: impl AsFd,
        name: &[u8],
    ) -> Result<Linked, StoreError> {
        for copy in 1..=MOST_COPIES {
            let spare = key.name(copy);
            match rustix::fs::linkat(shard, spare.as_str(), &directory, name, AtFlags::empty()) {
                Ok(()) => return Ok(Linked::Yes),
                Err(Errno::MLINK) => {}
                Err(Errno::NOENT) => {
                    self.store.put_copy(key, copy)?;
                    return rustix::fs::linkat(shard, spare.as_str(), &directory, name, AtFlags::empty())
                        .map(|()| Linked::Yes)
                        .map_err(|error| self.failed(key, error));
                }
                Err(error) => return Err(self.failed(key, error)),
            }
        }
        Err(self.failed(key, Errno::MLINK))
    }

    /// Builds and store on two file systems: slower and larger, and as good.
    fn copy(&self, key: Key, directory: impl AsFd, name: &[u8]) -> Result<Linked, StoreError> {
        let path = self.store.path(key);
        let failed = |error: std::io::Error| StoreError::io("copy", &path, error);
        let mut from = std::fs::File::open(&path).map_err(failed)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let to = rustix::fs::openat(&directory, name, flags, Mode::from_raw_mode(0o600));
        let mut to = std::fs::File::from(to.map_err(|error| failed(error.into()))?);
        std::io::copy(&mut from, &mut to).map_err(failed)?;
        rustix::fs::fchmod(&to, Mode::from_raw_mode(key.mode())).map_err(|error| failed(error.into()))?;
        to.set_modified(modified()).map_err(failed)?;
        Ok(Linked::Yes)
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
