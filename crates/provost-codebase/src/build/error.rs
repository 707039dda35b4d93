//! Why a build was not made.

use camino::Utf8PathBuf;

use crate::flock::FlockError;
use crate::git::GitError;
use crate::object::{NotAnId, ObjectId};
use crate::patch::PatchError;
use crate::store::StoreError;

/// Why a build was not made. Nothing half-done is left at its place.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The store, the repository or the disk failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A repository failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A zip or a directory cannot be had again.
    #[error(transparent)]
    Import(#[from] crate::import::ImportError),
    /// Another assembly of the same tree does not end, or its lock is broken.
    #[error(transparent)]
    Lock(#[from] FlockError),
    /// The lock says what the repositories do not give.
    #[error("the files make the tree {made}, but the lock says {locked}")]
    OtherTree {
        /// What was computed.
        made: ObjectId,
        /// What was wanted.
        locked: ObjectId,
    },
    /// The tree brings its own configuration.
    #[error("the tree has a `config.php` of its own, where every build has Provost's")]
    OwnConfig,
    /// A symlink that leads, or could lead, out of the build.
    #[error("the symlink `{path}` leads to `{target}`, which is not inside the build")]
    Symlink {
        /// Where it is.
        path: String,
        /// Where it leads.
        target: String,
    },
    /// A patch does not apply.
    #[error(transparent)]
    Patch(#[from] Box<PatchError>),
    /// A plugin's place is taken by a file.
    #[error("`{0}` is a file, so no plugin can be put there")]
    FileInTheWay(String),
    /// What was made is not what was meant.
    #[error("the assembled tree is not whole: {0}")]
    NotWhole(String),
    /// Nobody knows what files a build should have.
    #[error("the store has no list of the files of {0}, and the build has no record to make one from")]
    NoListing(ObjectId),
    /// A content is lost, and nobody knows where it came from.
    #[error("the store has lost files of {0}, and the build has no record of what it is made of")]
    NoOrigin(ObjectId),
    /// Something else is where the build should be.
    #[error("`{0}` is there and is not a build")]
    Foreign(Utf8PathBuf),
    /// The lock has something else where a commit or a tree should be.
    #[error("the lock is damaged")]
    Id(#[from] NotAnId),
    /// What is to be done was not understood.
    #[error("this step cannot be read")]
    Step(#[source] serde_json::Error),
    /// The command was cancelled.
    #[error("interrupted")]
    Cancelled,
}

impl BuildError {
    /// What the user can do next, where something can be said.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.hint(),
            Self::Git(error) => error.hint(),
            Self::Import(error) => error.hint(),
            Self::Patch(error) => error.hint(),
            Self::OtherTree { .. } => Some("`provost codebase update` resolves anew".to_owned()),
            Self::NoListing(_) | Self::NoOrigin(_) => {
                Some("a build without a record is removed and made again by `provost apply`".to_owned())
            }
            Self::Foreign(path) => Some(format!("move it away: {path}")),
            _ => None,
        }
    }

    /// Whether the command was cancelled rather than failed.
    pub fn is_cancelled(&self) -> bool {
        match self {
            Self::Cancelled | Self::Store(StoreError::Cancelled) | Self::Lock(FlockError::Cancelled(_)) => {
                true
            }
            Self::Git(error) | Self::Store(StoreError::Git(error)) => error.is_cancelled(),
            Self::Import(error) => error.is_cancelled(),
            Self::Patch(error) => error.is_cancelled(),
            _ => false,
        }
    }
}
