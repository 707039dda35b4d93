//! What is wrong with a backup.

use super::ContentHash;

/// What is wrong with a backup.
#[derive(Debug, thiserror::Error)]
pub enum MbzError {
    /// It cannot be read to its end: the disk's fault, or it is cut short or damaged.
    #[error("it cannot be read to its end")]
    Io(#[from] std::io::Error),
    /// Neither gzip nor zip.
    #[error("it is no course backup: neither a tar of gzip nor a zip")]
    NoBackup,
    /// A zip that cannot be read.
    #[error("its zip is broken: {0}")]
    Zip(String),
    /// A header that is none.
    #[error("its tar is broken after {after:?}: {what}")]
    Tar {
        /// The last good entry.
        after: String,
        /// What is wrong.
        what: &'static str,
    },
    /// A name that leads out of the backup, or that no backup has.
    #[error("it has an entry named {name:?}, which is {what}")]
    Name {
        /// The name, as far as it can be shown.
        name: String,
        /// What is wrong.
        what: &'static str,
    },
    /// An entry that is neither a file nor a directory.
    #[error("its entry `{name}` is {what}")]
    Kind {
        /// The entry.
        name: String,
        /// What it is.
        what: &'static str,
    },
    /// Two entries of one name.
    #[error("it has `{0}` twice")]
    Twice(String),
    /// It goes beyond a limit.
    #[error("it has more than {limit} {what}")]
    TooLarge {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        limit: u64,
    },
    /// The index at its beginning is not what is in it.
    #[error("its index is wrong: {0}")]
    Index(String),
    /// A file that every backup has is not there.
    #[error("it has no `{0}`")]
    Without(&'static str),
    /// One of its XML files cannot be read.
    #[error("its `{file}` is broken: {what}")]
    Xml {
        /// Which.
        file: &'static str,
        /// What is wrong.
        what: String,
    },
    /// A content is not what its name says.
    #[error("its content {hash} is not what it is called: it has {found}")]
    Damaged {
        /// The name.
        hash: ContentHash,
        /// What it has instead.
        found: String,
    },
    /// `files.xml` refers to contents that are not there.
    #[error("{count} contents of its files are missing, the first is {hash} ({})", named.join(", "))]
    Missing {
        /// How many.
        count: u64,
        /// One of them.
        hash: ContentHash,
        /// Files that are made of it.
        named: Vec<String>,
    },
    /// `files.xml` and the contents contradict each other.
    #[error("its content {hash} has {found} bytes, and `files.xml` says {said}")]
    Length {
        /// Which.
        hash: ContentHash,
        /// What there is.
        found: u64,
        /// What `files.xml` says.
        said: u64,
    },
}
