//! What is moved, counted while it happens.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// Counters of one unit's transport. Read them whenever you like: [`Tally::so_far`].
#[derive(Debug, Default)]
pub struct Tally {
    structure: AtomicU64,
    content: AtomicU64,
    archive: AtomicU64,
    spared: AtomicU64,
    contents: AtomicU64,
}

/// What was moved, in bytes that left the source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Of the structure: everything but contents.
    pub structure_bytes: u64,
    /// Of contents.
    pub content_bytes: u64,
    /// Of an `mbz`.
    pub archive_bytes: u64,
    /// Bytes of contents that the target had, in its `filedir` or in the session's pool.
    pub spared_bytes: u64,
    /// How many contents were moved.
    pub contents: u64,
}

impl Moved {
    /// All bytes that left the source.
    pub fn bytes(&self) -> u64 {
        self.structure_bytes + self.content_bytes + self.archive_bytes
    }
}

impl Tally {
    /// What has been counted so far.
    pub fn so_far(&self) -> Moved {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Moved {
            structure_bytes: read(&self.structure),
            content_bytes: read(&self.content),
            archive_bytes: read(&self.archive),
            spared_bytes: read(&self.spared),
            contents: read(&self.contents),
        }
    }

    pub(crate) fn structure(&self, bytes: u64) {
        self.structure.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn content(&self, bytes: u64) {
        self.content.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn archive(&self, bytes: u64) {
        self.archive.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn spared(&self, bytes: u64) {
        self.spared.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn content_done(&self) {
        self.contents.fetch_add(1, Ordering::Relaxed);
    }
}
