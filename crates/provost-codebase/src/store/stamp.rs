//! By what a file is known again without reading it.

use std::os::fd::AsFd;

use rustix::fs::{AtFlags, StatxFlags};
use rustix::io::Errno;

use super::{Key, MODIFIED};

/// What a file was when it got its name. Its time and mode need not be remembered: those of every file are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Its inode.
    pub inode: u64,
    /// Its length in bytes.
    pub size: u64,
    /// Whether it is a copy of its own, where no link to the store's file could be made.
    pub own: bool,
}

/// Which file it is on this machine: the device and the inode.
pub(crate) type Place = ((u32, u32), u64);

/// A file as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) inode: u64,
    pub(crate) size: u64,
    pub(crate) links: u32,
    /// Kind and permissions.
    mode: u16,
    /// Seconds and nanoseconds.
    modified: (i64, u32),
    /// What it takes on the disk, in bytes.
    pub(crate) taken: u64,
    device: (u32, u32),
}

impl Found {
    pub(crate) fn is_file(&self) -> bool {
        self.kind() == 0o100_000
    }

    pub(crate) fn is_directory(&self) -> bool {
        self.kind() == 0o040_000
    }

    pub(crate) fn is_symlink(&self) -> bool {
        self.kind() == 0o120_000
    }

    fn kind(&self) -> u32 {
        u32::from(self.mode) & 0o170_000
    }

    pub(crate) fn place(&self) -> Place {
        (self.device, self.inode)
    }

    /// Its permissions.
    pub(crate) fn permissions(&self) -> u32 {
        u32::from(self.mode) & 0o7777
    }

    /// Whether its time is the one that every file of the store has.
    pub(crate) fn has_our_time(&self) -> bool {
        u64::try_from(self.modified.0) == Ok(MODIFIED.as_secs()) && self.modified.1 == 0
    }

    /// Whether it looks as we wrote it: nobody has changed its content since, unless he hid it.
    pub(crate) fn is_sound(&self, key: Key) -> bool {
        self.is_file() && self.has_our_time() && self.permissions() == key.mode()
    }

    pub(crate) fn stamp(&self, own: bool) -> Stamp {
        Stamp { inode: self.inode, size: self.size, own }
    }
}

/// Looks at a file in a directory, or at what is open itself where the name is empty. Follows no symlink.
pub(crate) fn stamp_of(directory: impl AsFd, name: &[u8]) -> Result<Found, Errno> {
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC;
    let found = rustix::fs::statx(directory, name, flags, StatxFlags::BASIC_STATS)?;
    Ok(Found {
        inode: found.stx_ino,
        size: found.stx_size,
        links: found.stx_nlink,
        mode: found.stx_mode,
        modified: (found.stx_mtime.tv_sec, found.stx_mtime.tv_nsec),
        taken: found.stx_blocks * 512,
        device: (found.stx_dev_major, found.stx_dev_minor),
    })
}
