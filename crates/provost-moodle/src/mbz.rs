//! Course backups: reading and verifying them without a Moodle, and without trusting them.
//!
//! A backup is an `mbz` (a tar of gzip, or a zip) or the directory that it unpacks to. Whoever made it may have been a broken
//! program or a hostile one, so every reader here has limits, follows no link, and believes neither the index nor a name.

mod digest;
mod hash;

pub use digest::{StructureFile, hexadecimal, is_structure, structure_digest};
pub use hash::{ContentHash, HashError};

use serde::{Deserialize, Serialize};

/// A content that a backup refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Content {
    /// Its name.
    pub hash: ContentHash,
    /// Its length.
    pub bytes: u64,
}
