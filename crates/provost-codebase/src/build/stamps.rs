//! What every file of a build was when the build was made, kept beside it: a file that still is that needs not be read.
//!
//! `.records/<tree>.files` is sixteen bytes for each file, in the order of the kept list of files: its inode, and its size
//! with its kind in the lowest two bits. Time and mode are those that every file of the store has, so they are not kept; a
//! time of change (ctime) could not be used, for every further link changes it.
//!
//! The record begins with the inode of the build's own directory: when that is another one, the build was copied or put
//! back from a backup, and says nothing about the inodes inside. It ends in a SHA-1 of all before, for it is not synced.

use std::sync::atomic::{AtomicU64, Ordering};

use camino::{Utf8Path, Utf8PathBuf};
use sha1::{Digest as _, Sha1};

use crate::object::ObjectId;
use crate::store::{Stamp, StoreError, replace};

use super::record::RECORDS;

const MAGIC: &[u8; 16] = b"provost files 1\n";

/// Magic, tree, inode of the build, number of files.
const HEAD: usize = 16 + 20 + 8 + 8;

/// Of one file.
const EACH: usize = 16;

/// Of the sum at the end.
const SUM: usize = 20;

/// What the lowest two bits of a size say.
const LINK: u64 = 0;
const OWN: u64 = 1;
const NONE: u64 = 3;

/// Where a build's file record lies.
pub(super) fn path(builds: &Utf8Path, tree: ObjectId) -> Utf8PathBuf {
    builds.join(RECORDS).join(format!("{tree}.files"))
}

/// The file record of a build; `None` for what no file needs one for: symlinks are small and always read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamps {
    /// Inode of the build's own directory.
    pub(super) root: u64,
    /// By position in the list of files.
    pub(super) files: Vec<Option<Stamp>>,
}

impl Stamps {
    pub(super) fn write(&self, builds: &Utf8Path, tree: ObjectId) -> Result<(), StoreError> {
        replace(&path(builds, tree), &self.to_bytes(tree), 0o444)
    }

    /// Reads a record; `None` if there is none that is whole and of this tree.
    pub(super) fn read(builds: &Utf8Path, tree: ObjectId) -> Option<Self> {
        Self::from_bytes(&fs_err::read(path(builds, tree)).ok()?, tree)
    }

    fn to_bytes(&self, tree: ObjectId) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD + self.files.len() * EACH + SUM);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(tree.bytes());
        bytes.extend_from_slice(&self.root.to_le_bytes());
        bytes.extend_from_slice(&(self.files.len() as u64).to_le_bytes());
        for file in &self.files {
            let (inode, rest) = pack(*file);
            bytes.extend_from_slice(&inode.to_le_bytes());
            bytes.extend_from_slice(&rest.to_le_bytes());
        }
        let sum = Sha1::digest(&bytes);
        bytes.extend_from_slice(&sum);
        bytes
    }

    fn from_bytes(bytes: &[u8], tree: ObjectId) -> Option<Self> {
        let (bytes, sum) = bytes.split_at_checked(bytes.len().checked_sub(SUM)?)?;
        let rest = bytes.strip_prefix(MAGIC)?.strip_prefix(tree.bytes())?;
        let (root, rest) = number(rest)?;
        let (count, rest) = number(rest)?;
        if rest.len() as u64 != count.checked_mul(EACH as u64)? || *Sha1::digest(bytes) != *sum {
            return None;
        }
        let files = rest.chunks_exact(EACH).map(|each| {
            let (inode, rest) = number(each)?;
            Some(unpack(inode, number(rest)?.0))
        });
        Some(Self { root, files: files.collect::<Option<_>>()? })
    }
}

fn pack(file: Option<Stamp>) -> (u64, u64) {
    file.map_or((0, NONE), |stamp| (stamp.inode, stamp.size << 2 | if stamp.own { OWN } else { LINK }))
}

fn unpack(inode: u64, rest: u64) -> Option<Stamp> {
    (rest & 3 != NONE).then_some(Stamp { inode, size: rest >> 2, own: rest & 3 == OWN })
}

fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (first, rest) = bytes.split_first_chunk()?;
    Some((u64::from_le_bytes(*first), rest))
}

/// Collects stamps from several threads.
#[derive(Debug)]
pub(super) struct Gathered(Vec<(AtomicU64, AtomicU64)>);

impl Gathered {
    /// For so many files, of which nothing is known.
    pub(super) fn new(files: usize) -> Self {
        Self((0..files).map(|_| (AtomicU64::new(0), AtomicU64::new(NONE))).collect())
    }

    pub(super) fn set(&self, file: u32, stamp: Stamp) {
        if let Some(place) = self.0.get(file as usize) {
            let (inode, rest) = pack(Some(stamp));
            place.0.store(inode, Ordering::Relaxed);
            place.1.store(rest, Ordering::Relaxed);
        }
    }

    /// Once all threads are done.
    pub(super) fn all(&self) -> Vec<Option<Stamp>> {
        self.0
            .iter()
            .map(|one| unpack(one.0.load(Ordering::Relaxed), one.1.load(Ordering::Relaxed)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tree(byte: u8) -> ObjectId {
        ObjectId::new([byte; 20])
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(root: u64, files in prop::collection::vec(prop::option::of((any::<u64>(), 0..1u64 << 60, any::<bool>())), 0..50)) {
            let files = files.into_iter().map(|one| one.map(|(inode, size, own)| Stamp { inode, size, own }));
            let stamps = Stamps { root, files: files.collect() };
            let bytes = stamps.to_bytes(tree(1));
            prop_assert_eq!(Stamps::from_bytes(&bytes, tree(1)), Some(stamps));
            prop_assert_eq!(Stamps::from_bytes(&bytes, tree(2)), None);
            for cut in 0..bytes.len() {
                prop_assert_eq!(Stamps::from_bytes(&bytes[..cut], tree(1)), None);
            }
        }

        #[test]
        fn no_bytes_break_the_reader(bytes: Vec<u8>) {
            prop_assert_eq!(Stamps::from_bytes(&bytes, tree(1)), None);
        }
    }

    #[test]
    fn what_threads_gather_is_in_order() {
        let gathered = Gathered::new(2);
        let stamp = Stamp { inode: 7, size: 3, own: true };
        gathered.set(1, stamp);
        gathered.set(9, stamp);
        assert_eq!(gathered.all(), [None, Some(stamp)]);
    }
}
