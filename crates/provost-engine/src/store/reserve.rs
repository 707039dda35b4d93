//! Some room that is set aside beside the registry, for the day when the disk is full: then even looking, or removing what is not
//! needed, takes a registry that can be opened.

use camino::{Utf8Path, Utf8PathBuf};
use rustix::fs::{FallocateFlags, fallocate, statvfs};

/// How much is set aside, in bytes. SQLite's shared memory takes 32 kB, and the few rows that a command writes some hundred.
const SIZE: u64 = 2 << 20;

/// Sets it aside. Where there is too little room for it, or none can be had, there is none.
pub(super) fn set_aside(registry: &Utf8Path) {
    let path = place(registry);
    if path.exists() || room(registry).is_none_or(|room| room < 4 * SIZE) {
        return;
    }
    let file = fs_err::OpenOptions::new().write(true).create_new(true).open(&path);
    let set = file.is_ok_and(|file| fallocate(file.file(), FallocateFlags::empty(), 0, SIZE).is_ok());
    if !set {
        drop(fs_err::remove_file(&path));
    }
}

/// Gives it up if that can help: whether it was there, and the disk is full.
pub(super) fn give_up(registry: &Utf8Path) -> bool {
    is_full(registry) && fs_err::remove_file(place(registry)).is_ok()
}

/// Whether the disk that the registry is on is full, or all but full.
pub(super) fn is_full(registry: &Utf8Path) -> bool {
    room(registry).is_some_and(|room| room < SIZE / 2)
}

fn room(registry: &Utf8Path) -> Option<u64> {
    let found = statvfs(registry.parent()?.as_std_path()).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

fn place(registry: &Utf8Path) -> Utf8PathBuf {
    registry.with_extension("reserve")
}
