//! Why a commit could not be made whole.

use crate::git::GitError;

/// Why a commit's submodules could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SubmoduleError {
    /// The repository itself failed.
    #[error(transparent)]
    Git(GitError),
    /// A submodule could not be downloaded.
    #[error("cannot get the git submodule `{path}`")]
    NotHad {
        /// Its directory.
        path: String,
        /// Why not.
        #[source]
        error: GitError,
    },
    /// A submodule that `.gitmodules` does not name.
    #[error(
        "{repository} has a git submodule at `{path}`, but its .gitmodules does not say where that comes from"
    )]
    NotDeclared {
        /// Which repository.
        repository: String,
        /// Where in it.
        path: String,
    },
    /// A submodule that `.gitmodules` names more than once, each time with another URL.
    #[error("the .gitmodules of {repository} gives two URLs for `{path}`")]
    Ambiguous {
        /// Which repository.
        repository: String,
        /// Where in it.
        path: String,
    },
    /// A `.gitmodules` that cannot be read.
    #[error("the .gitmodules of {repository} cannot be used: {why}")]
    File {
        /// Which repository.
        repository: String,
        /// Why not.
        why: String,
    },
    /// A URL that cannot be used.
    #[error("the git submodule `{path}` of {repository} has a URL that cannot be used")]
    Url {
        /// Which repository.
        repository: String,
        /// Where in it.
        path: String,
        /// Why not.
        #[source]
        error: GitError,
    },
    /// Submodules in submodules in submodules.
    #[error("{repository} at `{path}` has git submodules more than {} levels deep", super::DEEPEST)]
    TooDeep {
        /// Which repository.
        repository: String,
        /// Where it lies.
        path: String,
    },
    /// More submodules than a plugin can have.
    #[error("with those of {repository} there are more than {most} git submodules")]
    TooMany {
        /// Which repository was one too many.
        repository: String,
        /// The limit.
        most: usize,
    },
}

impl SubmoduleError {
    /// What the user can do next, where something can be said.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Git(error) | Self::NotHad { error, .. } => error.hint(),
            Self::NotDeclared { .. } | Self::Ambiguous { .. } | Self::File { .. } | Self::Url { .. } => {
                Some("choose another version of it, or tell its authors".to_owned())
            }
            Self::TooDeep { .. } | Self::TooMany { .. } => None,
        }
    }

    /// Whether the command was cancelled rather than failed.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Git(error) | Self::NotHad { error, .. } if error.is_cancelled())
    }
}
