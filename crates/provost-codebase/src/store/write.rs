//! Writing one file: aside, hashed on the way, then renamed.

use std::fs::File;
use std::io::{Read, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::sync::atomic::{AtomicU64, Ordering};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;

use super::check::hash;
use super::stamp::stamp_of;
use super::{Key, Store, StoreError, modified};
use crate::object::{Hasher, Kind, ObjectId};

/// How much is read and written at once, in bytes.
const PIECE: usize = 64 << 10;

/// Distinguishes files written at the same time by one process.
static COUNTER: AtomicU64 = AtomicU64::new(0);

impl Store {
    /// Puts a content of `length` bytes into the store, under its key, replacing what is there in one rename. Returns the
    /// id that the content really has; if that is not the key's, nothing was put.
    ///
    /// # Errors
    /// When it cannot be read or written. Nothing is left behind then.
    pub(crate) fn put(&self, key: Key, content: &mut dyn Read, length: u64) -> Result<ObjectId, StoreError> {
        self.put_at(&self.path(key), key, content, length)
    }

    /// Makes one more copy of a file that takes no more links; `false` when its own content is not what it should be.
    pub(crate) fn put_copy(&self, key: Key, copy: u32) -> Result<bool, StoreError> {
        let path = self.path(key);
        let io = |error| StoreError::io("read", &path, error);
        let mut file = File::open(&path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let found = self.put_at(&path.with_file_name(key.name(copy)), key, &mut file, length)?;
        Ok(found == key.id)
    }

    fn put_at(
        &self,
        place: &Utf8Path,
        key: Key,
        content: &mut dyn Read,
        length: u64,
    ) -> Result<ObjectId, StoreError> {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let aside = self.writing().join(format!("{}-{number}", std::process::id()));
        let written = write_aside(&aside, key.mode(), content, length);
        match written {
            Ok(id) if id == key.id => {
                match place_new(&aside, place, key) {
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                        super::make_directory(&self.shard(key.shard()))?;
                        place_new(&aside, place, key)
                    }
                    other => other,
                }
                .map_err(|error| {
                    drop(fs::remove_file(&aside));
                    StoreError::io("write", place, error)
                })?;
                Ok(id)
            }
            other => {
                // The first error is the one to tell.
                drop(fs::remove_file(&aside));
                other
            }
        }
    }

    /// Removes what processes that are gone left half written.
    pub(crate) fn remove_leftovers(&self) {
        for (path, pid) in marked_by_processes(&self.writing(), "") {
            if !is_alive(pid) {
                drop(fs::remove_file(&path));
            }
        }
        for directory in [self.trees(), self.fleets()] {
            // What stays disturbs nobody, and the next one tries again.
            drop(provost_engine::files::remove_half_written(&directory));
        }
    }
}

/// Gives a whole file its name, unless there is one that is as we wrote it: two builds that need the same new file both
/// write it, and one that is replaced while it is being linked seems to be missing.
fn place_new(aside: &Utf8Path, place: &Utf8Path, key: Key) -> std::io::Result<()> {
    let (from, to) = (aside.as_str(), place.as_str());
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        Err(Errno::EXIST) if is_whole(place, key) => std::fs::remove_file(aside),
        // There is another one, or the file system does not know the flag.
        Err(Errno::EXIST | Errno::INVAL | Errno::NOSYS) => std::fs::rename(aside, place),
        Err(error) => Err(error.into()),
    }
}

/// Whether what is at a place is as we wrote it, content and all: who heals a damaged file may come here too.
fn is_whole(place: &Utf8Path, key: Key) -> bool {
    stamp_of(CWD, place.as_str().as_bytes()).is_ok_and(|found| found.is_sound(key))
        && hash(place).is_ok_and(|found| found == key.id)
}

/// Writes a small file beside its place and renames it there; several threads of several processes may do so at the same
/// time, and the last one wins. It is not synced: who keeps what cannot be had again syncs it, others find it torn after a
/// power cut at worst.
pub(crate) fn replace(path: &Utf8Path, bytes: &[u8], mode: u32) -> Result<(), StoreError> {
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let name = path.file_name().unwrap_or("file");
    let aside = path.with_file_name(format!(".{name}.{}-{number}.new", std::process::id()));
    let written = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&aside)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.set_permissions(std::fs::Permissions::from_mode(mode))
        })
        .and_then(|()| std::fs::rename(&aside, path));
    written.map_err(|error| {
        drop(fs::remove_file(&aside));
        StoreError::io("write", path, error)
    })
}

/// The files of a directory whose names are `PREFIX PID …`.
pub(super) fn marked_by_processes(directory: &Utf8Path, prefix: &str) -> Vec<(Utf8PathBuf, i32)> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    entries
        .filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            let pid = name.strip_prefix(prefix)?.split('-').next()?.parse().ok()?;
            Some((directory.join(name), pid))
        })
        .collect()
}

/// Whether a process is there. A number given to somebody else keeps a leftover a little longer, nothing more.
pub(super) fn is_alive(pid: i32) -> bool {
    provost_engine::process::start_time(pid).is_some()
}

fn write_aside(
    aside: &Utf8Path,
    mode: u32,
    content: &mut dyn Read,
    length: u64,
) -> Result<ObjectId, StoreError> {
    let failed = |error| StoreError::io("write", aside, error);
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(aside).map_err(failed)?;
    let mut hasher = Hasher::new(Kind::Blob, length);
    let mut piece = vec![0; PIECE.min(usize::try_from(length).unwrap_or(PIECE)).max(1)];
    loop {
        let got = content.read(&mut piece).map_err(failed)?;
        if got == 0 {
            break;
        }
        hasher.update(&piece[..got]);
        file.write_all(&piece[..got]).map_err(failed)?;
    }
    file.set_permissions(std::fs::Permissions::from_mode(mode)).map_err(failed)?;
    file.set_modified(modified()).map_err(failed)?;
    Ok(hasher.finish())
}
