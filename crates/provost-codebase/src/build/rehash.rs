//! Reads a build's files and tells which are not what their names in git say.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::fs::{Mode as Permissions, OFlags};
use rustix::io::Errno;

use crate::git::Entry;
use crate::object::{Hasher, Kind, ObjectId};

use super::walk::{Broken, There};

/// How much is read at once: nearly all files of a Moodle whole.
const PIECE: usize = 128 << 10;

/// Files that one thread takes at a time.
const AT_ONCE: usize = 32;

/// Hashes every inode once; returns the files whose content is not that of their blob.
pub(super) fn rehash(
    root: &OwnedFd,
    entries: &[Entry<'_>],
    there: &[There],
    threads: usize,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<There>, Broken> {
    let mut once: Vec<There> = there.to_vec();
    once.sort_unstable_by_key(|one| (one.inode, one.file));
    once.dedup_by_key(|one| one.inode);
    // In the order of the tree, in which they were mostly written and lie on the disk.
    once.sort_unstable_by_key(|one| one.file);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut piece = vec![0; PIECE];
        let mut hashes = Vec::new();
        loop {
            let from = next.fetch_add(AT_ONCE, Ordering::Relaxed);
            if from >= once.len() {
                return Ok(hashes);
            }
            for one in &once[from..(from + AT_ONCE).min(once.len())] {
                if stop() {
                    return Err(None);
                }
                let path = entries[one.file as usize].path;
                let id =
                    hash(root, path, one.size, &mut piece).map_err(|error| Some((path.to_vec(), error)))?;
                hashes.push((one.inode, id));
            }
        }
    };
    let mut hashes: HashMap<u64, Option<ObjectId>> = HashMap::with_capacity(once.len());
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            hashes.extend(thread.join().map_err(|_| None)??);
        }
        Ok::<_, Broken>(())
    })?;
    let is_wrong =
        |one: &&There| hashes.get(&one.inode).copied().flatten() != Some(entries[one.file as usize].id);
    Ok(there.iter().filter(is_wrong).copied().collect())
}

/// The blob's id of a file; `None` if it is not as long as it was, or not there.
fn hash(root: &OwnedFd, path: &[u8], size: u64, piece: &mut [u8]) -> Result<Option<ObjectId>, Errno> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    // Without a note of the reading in every inode. Only the owner may ask for that.
    let open = match rustix::fs::openat(root, path, flags | OFlags::NOATIME, Permissions::empty()) {
        Err(Errno::PERM) => rustix::fs::openat(root, path, flags, Permissions::empty()),
        other => other,
    };
    let open = match open {
        Err(Errno::NOENT | Errno::LOOP) => return Ok(None),
        other => other?,
    };
    let mut hasher = Hasher::new(Kind::Blob, size);
    let mut left = size;
    while left > 0 {
        let want = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
        match rustix::io::read(&open, &mut piece[..want])? {
            0 => return Ok(None),
            got => {
                hasher.update(&piece[..got]);
                left -= got as u64;
            }
        }
    }
    Ok(Some(hasher.finish()))
}
