//! Why a zip or a directory cannot be a plugin.

use camino::Utf8PathBuf;
use provost_moodle::component::Component;

use super::{DEEPEST, LARGEST_FILE, LARGEST_ZIP, MOST_BYTES, MOST_FILES};
use crate::git::GitError;

/// Why something was not imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The zip cannot be read as one.
    #[error("`{zip}` is no zip that can be read: {why}")]
    NotZip {
        /// The zip.
        zip: Utf8PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The zip holds something that no plugin may have.
    #[error("`{origin}` is refused: {why}")]
    Refused {
        /// The zip or the directory.
        origin: Utf8PathBuf,
        /// Which file, and what about it.
        why: String,
    },
    /// The zip is of something else.
    #[error("`{zip}` is not {component}: {found}, where `{}` was expected", component.name())]
    OtherRoot {
        /// The zip.
        zip: Utf8PathBuf,
        /// What it should be.
        component: Component,
        /// What was found.
        found: String,
    },
    /// `version.php` names another plugin.
    #[error("`{zip}` is not {component}: its version.php says {found}")]
    OtherPlugin {
        /// The zip.
        zip: Utf8PathBuf,
        /// What it should be.
        component: Component,
        /// What it is.
        found: Component,
    },
    /// There is no `version.php`, so it is no plugin.
    #[error("`{0}` is not a plugin: it has no version.php")]
    NotPlugin(Utf8PathBuf),
    /// More than we take.
    #[error("`{origin}` is too large: {limit}")]
    TooLarge {
        /// The zip or the directory.
        origin: Utf8PathBuf,
        /// Which limit.
        limit: Limit,
    },
    /// Files changed while they were read.
    #[error("`{path}` changed while it was read")]
    Changing {
        /// Which.
        path: String,
    },
    /// A zip cannot be had.
    #[error(transparent)]
    Download(#[from] crate::download::DownloadError),
    /// It is not what the lock says.
    #[error("{component}: `{place}` has another content than when the lock was written")]
    OtherContent {
        /// Which plugin.
        component: Component,
        /// The zip or the directory.
        place: String,
    },
    /// A file could not be read or written.
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
    /// The git cache would not take it.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The command was cancelled.
    #[error("interrupted")]
    Cancelled,
}

/// What there is too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    /// Files.
    #[error("a plugin has at most {MOST_FILES} files")]
    Files,
    /// Bytes in one file.
    #[error("a file has at most {} MiB", LARGEST_FILE >> 20)]
    File,
    /// Bytes in all files.
    #[error("a plugin's files have at most {} MiB", MOST_BYTES >> 20)]
    Bytes,
    /// Bytes of the zip.
    #[error("a zip has at most {} MiB", LARGEST_ZIP >> 20)]
    Zip,
    /// Directories in directories.
    #[error("directories lie at most {DEEPEST} deep")]
    Depth,
}

impl ImportError {
    /// What the user can do next, where something can be said.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::OtherRoot { component, .. } => Some(format!(
                "a plugin's zip has one directory, named `{}`, with its version.php in it",
                component.name()
            )),
            Self::OtherPlugin { found, .. } => {
                Some(format!("declare it as `{found}`, or name the right zip"))
            }
            Self::Changing { .. } => Some("try again when nothing writes there".to_owned()),
            Self::Git(error) => error.hint(),
            Self::Download(error) => error.hint(),
            Self::OtherContent { component, .. } => {
                Some(format!("`provost codebase update {component}` takes it as it is now"))
            }
            _ => None,
        }
    }

    /// Whether the command was cancelled rather than failed.
    pub fn is_cancelled(&self) -> bool {
        match self {
            Self::Cancelled => true,
            Self::Git(error) => error.is_cancelled(),
            _ => false,
        }
    }
}
