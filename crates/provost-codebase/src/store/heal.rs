//! Damage of the store itself: somebody wrote to a file of it, through a link in a build.

use std::collections::BTreeMap;

use camino::Utf8Path;
use rustix::fs::{AtFlags, CWD, Mode, Timespec, Timestamps};

use super::check::hash;
use super::stamp::Place;
use super::{Found, Key, MODIFIED, Store, StoreError};

/// What of the store is damaged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Sick {
    /// Files to be had again from where they came from.
    pub(crate) wanted: Vec<Key>,
    /// Spare copies to be made again once the first one is whole.
    pub(crate) spares: Vec<(Key, u32)>,
    /// The inodes with a wrong content, and what they were.
    pub(crate) inodes: BTreeMap<Place, Key>,
    /// Files whose time or mode alone was wrong, and is right again: for every build that links them.
    pub(crate) mended: Vec<Key>,
}

impl Store {
    /// Reads these files of the store. Where only time or mode is wrong they are put right; the content of a file is never
    /// written: what has a wrong one is to be replaced by a new file.
    pub(crate) fn examine(
        &self,
        keys: impl IntoIterator<Item = Key>,
        stop: &dyn Fn() -> bool,
    ) -> Result<Sick, StoreError> {
        let mut sick = Sick::default();
        for key in keys {
            if stop() {
                return Err(StoreError::Cancelled);
            }
            let mut first = false;
            for (copy, path, found) in self.copies(key) {
                first |= copy == 0;
                if !found.is_file()
                    || hash(&path).map_err(|error| StoreError::io("read", &path, error))? != key.id
                {
                    sick.inodes.insert(found.place(), key);
                    if copy == 0 {
                        sick.wanted.push(key);
                    } else {
                        sick.spares.push((key, copy));
                    }
                } else if !found.is_sound(key) {
                    put_right(&path, key, &found)?;
                    sick.mended.push(key);
                }
            }
            if !first {
                sick.wanted.push(key);
            }
        }
        Ok(sick)
    }
}

/// Gives a file the time and the mode that it should have.
fn put_right(path: &Utf8Path, key: Key, found: &Found) -> Result<(), StoreError> {
    let failed = |error: rustix::io::Errno| StoreError::io("mend", path, error);
    if found.permissions() != key.mode() {
        let mode = Mode::from_raw_mode(key.mode());
        rustix::fs::chmodat(CWD, path.as_str(), mode, AtFlags::empty()).map_err(failed)?;
    }
    if !found.has_our_time() {
        let time = Timespec { tv_sec: i64::try_from(MODIFIED.as_secs()).unwrap_or(0), tv_nsec: 0 };
        let times = Timestamps { last_access: time, last_modification: time };
        rustix::fs::utimensat(CWD, path.as_str(), &times, AtFlags::SYMLINK_NOFOLLOW).map_err(failed)?;
    }
    Ok(())
}
