//! The store: files by their git blob id, written once and hard-linked into builds.
//!
//! ```text
//! blobs/ab/cdef…     a file, 0444      blobs/ab/cdef…x    the same content, executable, 0555
//! blobs/ab/cdef….1   a second copy, when the file system allows the first no more links
//! trees/<tree id>    the list of files of a build, so that a warm build need not ask git
//! writing/           files being written; renamed into place when whole
//! unsynced-<pid>     somebody wrote files that may not be on the disk yet
//! fleets/<digest>    the path of a directory of builds that link files of this store
//! .lock              held by all who link or write, and alone by who removes
//! ```
//!
//! Nothing ever opens a file of the store for writing: it is the content of running sites. A file's name is the hash of its
//! content, which is computed while it is written. Everything is readable by everybody: services run as other users.

mod check;
mod fleets;
mod heal;
mod import;
mod link;
mod place;
mod stamp;
mod write;

pub use check::Checked;
pub use import::Imported;
pub use link::{Linked, Links};
pub use place::choose;
pub use stamp::Stamp;
pub(crate) use stamp::{Found, Place, stamp_of};
pub(crate) use write::replace;

use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::git::GitError;
use crate::object::ObjectId;

/// When every file of the store was last changed, since 1970: 1 January 2000. It is fixed, so that equal trees are equal in every
/// respect; and it is not 0, because opcache never caches a file whose time is 0.
pub const MODIFIED: Duration = Duration::from_hours(262_968);

/// Mode of directories in the store: everybody reads, only we write.
const DIRECTORY: u32 = 0o755;

/// One file of the store: a content, and whether it is executable. These are two files, for the mode belongs to the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The blob's id.
    pub id: ObjectId,
    /// Whether it is executable.
    pub executable: bool,
}

impl Key {
    /// Number of its directory below `blobs`.
    fn shard(self) -> u8 {
        self.id.bytes()[0]
    }

    /// Its name in that directory, with an end for the spare copy `copy`; 0 is the first.
    fn name(self, copy: u32) -> String {
        let hex = self.id.to_string();
        let end = if self.executable { "x" } else { "" };
        let spare = if copy == 0 { String::new() } else { format!(".{copy}") };
        format!("{}{end}{spare}", &hex[2..])
    }

    /// Its mode: never writable, not even for us.
    pub(crate) fn mode(self) -> u32 {
        if self.executable { 0o555 } else { 0o444 }
    }
}

/// Why the store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk, or what we may use of it, is full.
    #[error("no space is left for `{path}`")]
    Full {
        /// What could not be written.
        path: Utf8PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Something about a file.
    #[error("cannot {what} `{path}`")]
    Io {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: Utf8PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A repository gave a content that is not what its id says.
    #[error("{repository} gave other content than {id} names")]
    Content {
        /// Which repository.
        repository: String,
        /// The blob.
        id: ObjectId,
    },
    /// A repository failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The command was cancelled.
    #[error("interrupted")]
    Cancelled,
}

impl StoreError {
    /// Sorts an error of the system.
    pub(crate) fn io(what: &'static str, path: &Utf8Path, source: impl Into<std::io::Error>) -> Self {
        let source = source.into();
        let path = path.to_owned();
        if provost_engine::files::is_disk_full(&source) {
            Self::Full { path, source }
        } else {
            Self::Io { what, path, source }
        }
    }

    /// What the user can do next, where something can be said.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Full { path, .. } => Some(format!("free some space and apply again: df -h {path}")),
            Self::Git(error) => error.hint(),
            _ => None,
        }
    }
}

/// The store of files by hash.
#[derive(Debug, Clone)]
pub struct Store {
    root: Utf8PathBuf,
}

impl Store {
    /// Opens the store at a directory, making what is missing.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn open(root: &Utf8Path) -> Result<Self, StoreError> {
        let store = Self { root: root.to_owned() };
        for directory in [root.to_owned(), store.blobs(), store.trees(), store.writing()] {
            make_directory(&directory)?;
        }
        Ok(store)
    }

    /// A store to look at, which need not be there.
    pub fn look(root: &Utf8Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Its directory.
    pub fn root(&self) -> &Utf8Path {
        &self.root
    }

    fn blobs(&self) -> Utf8PathBuf {
        self.root.join("blobs")
    }

    fn trees(&self) -> Utf8PathBuf {
        self.root.join("trees")
    }

    fn writing(&self) -> Utf8PathBuf {
        self.root.join("writing")
    }

    fn shard(&self, shard: u8) -> Utf8PathBuf {
        self.blobs().join(format!("{shard:02x}"))
    }

    /// The directories in which its files are, whether or not they are there.
    pub(crate) fn shards(&self) -> impl Iterator<Item = Utf8PathBuf> {
        (0..=u8::MAX).map(|shard| self.shard(shard))
    }

    /// Where a file lies, whether or not it is there.
    pub fn path(&self, key: Key) -> Utf8PathBuf {
        self.shard(key.shard()).join(key.name(0))
    }

    /// All copies of a file: the first, and those that were made when it took no more links.
    pub(crate) fn copies(&self, key: Key) -> impl Iterator<Item = (u32, Utf8PathBuf, Found)> {
        let first = self.path(key);
        (0..).map_while(move |copy| {
            let path = first.with_file_name(key.name(copy));
            let found = stamp_of(rustix::fs::CWD, path.as_str().as_bytes()).ok()?;
            Some((copy, path, found))
        })
    }

    /// Whether one of the copies of a file is this inode.
    pub(crate) fn has_inode(&self, key: Key, inode: u64) -> bool {
        self.copies(key).any(|(_, _, found)| found.inode == inode)
    }

    /// Reads a content, for symlinks.
    ///
    /// # Errors
    /// When it is not there or cannot be read.
    pub fn read(&self, key: Key) -> Result<Vec<u8>, StoreError> {
        let path = self.path(key);
        fs::read(&path).map_err(|error| StoreError::io("read", &path, error))
    }

    /// The kept list of files of a tree. Its content proves nothing: whoever reads it hashes it.
    pub(crate) fn kept_listing(&self, tree: ObjectId) -> Option<Vec<u8>> {
        fs::read(self.trees().join(tree.to_string())).ok()
    }

    /// All kept lists, and of which trees they are; `None` is something else, such as one whose writing was not finished.
    pub(crate) fn kept_listings(&self) -> Result<Vec<(Utf8PathBuf, Option<ObjectId>)>, StoreError> {
        let directory = self.trees();
        let failed = |error| StoreError::io("read", &directory, error);
        let entries = match fs::read_dir(&directory) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(failed)?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
            found.push((directory.join(&name), name.parse().ok()));
        }
        Ok(found)
    }

    /// Keeps the list of files of a tree.
    pub(crate) fn keep_listing(&self, tree: ObjectId, text: &[u8]) -> Result<(), StoreError> {
        write::replace(&self.trees().join(tree.to_string()), text, 0o444)
    }
}

/// [`MODIFIED`] as a time.
pub(crate) fn modified() -> SystemTime {
    SystemTime::UNIX_EPOCH + MODIFIED
}

/// Makes a directory that everybody reads, whatever the umask is.
fn make_directory(path: &Utf8Path) -> Result<(), StoreError> {
    if path.is_dir() {
        return Ok(());
    }
    provost_engine::files::directory(path, DIRECTORY, &provost_engine::process::Account::Own)
        .map_err(|error| StoreError::io("make", path, error))
}

#[cfg(test)]
mod tests;
