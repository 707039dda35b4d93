//! What no backup goes beyond.

/// The longest path of an entry, in bytes. A ustar header has room for 256.
pub const LONGEST_PATH: usize = 1024;

/// How deep elements of a backup's XML files may nest. `moodle_backup.xml` nests six deep.
pub(super) const DEEPEST: usize = 64;

/// How long the text of one element may be, in bytes, where we keep it: names, hashes, numbers.
pub(super) const LONGEST_TEXT: usize = 64 * 1024;

/// How many files that have a wrong or missing content are named.
pub(super) const NAMED: usize = 5;

/// Bounds on a backup. The defaults are far above what a Moodle makes, and below what hurts the machine that reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Entries. A course of 1,000 activities has some 11,000 files; the largest courses known have a few 100,000.
    pub entries: u64,
    /// Bytes that all of it unpacks to. Set it to what the target has room for: a bomb of deflate grows a thousandfold.
    pub unpacked_bytes: u64,
    /// Bytes of `moodle_backup.xml`, which is kept in memory. It has some 2 kB for each activity.
    pub information_bytes: u64,
    /// Rows of `files.xml`; each costs some 100 bytes of memory.
    pub rows: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries: 2_000_000, unpacked_bytes: 1 << 40, information_bytes: 64 << 20, rows: 4_000_000 }
    }
}
