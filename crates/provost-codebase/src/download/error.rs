//! Why a download failed, sorted by what the user can do about it.

use camino::{Utf8Path, Utf8PathBuf};

use crate::flock::FlockError;

/// Why something was not downloaded. No message has a credential in it, nor what follows a `?`.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// A place that cannot be used.
    #[error("cannot download from `{url}`: {why}")]
    Origin {
        /// What was written, without credentials.
        url: String,
        /// Why not.
        why: String,
    },
    /// Nobody answers, and the cache does not have it.
    #[error("cannot reach {host} ({why}), and the cache does not have {wanted}")]
    Unreachable {
        /// Who was asked.
        host: String,
        /// What went wrong, in short.
        why: String,
        /// What was wanted.
        wanted: String,
    },
    /// The server answered, and it was no.
    #[error("{url} cannot be downloaded: the server says {}", status(*code))]
    Status {
        /// Of what.
        url: String,
        /// The HTTP status.
        code: u16,
    },
    /// The server's answer is none that we take.
    #[error("{url} cannot be downloaded: {why}")]
    Refused {
        /// Of what.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// More than we take.
    #[error("{url} is too large: at most {} MiB are downloaded", largest >> 20)]
    TooLarge {
        /// What.
        url: String,
        /// The limit in bytes.
        largest: u64,
    },
    /// The content is not what the catalogue or the lock says.
    #[error("{url} is not what it should be: its {digest} is {found}, and {expected} was expected")]
    OtherContent {
        /// Of what.
        url: String,
        /// "md5" or "sha256".
        digest: &'static str,
        /// What it has.
        found: String,
        /// What it should have.
        expected: String,
    },
    /// A variable that names a proxy makes no sense. Its value may have a password in it.
    #[error("the environment variable {0} names no proxy that can be used")]
    Proxy(String),
    /// There are no certificates to check servers by.
    #[error("the machine has no root certificates, so that no https server can be trusted (looked for {0})")]
    NoCertificates(String),
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
    /// Another process works on it.
    #[error(transparent)]
    Lock(#[from] FlockError),
    /// The command was cancelled.
    #[error("interrupted")]
    Cancelled,
}

impl DownloadError {
    /// What the user can do next, where something can be said.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Origin { .. } => Some("write an http or https URL, or an absolute path".to_owned()),
            Self::Unreachable { .. } => {
                Some("try again with a network, or name a file of this machine".to_owned())
            }
            Self::NoCertificates(_) => Some("install them: apt-get install ca-certificates".to_owned()),
            Self::OtherContent { digest: "sha256", .. } => Some(
                "what lies there has changed since; `provost codebase update` takes it as it is now"
                    .to_owned(),
            ),
            Self::OtherContent { .. } => Some(
                "it is not what was published there: name another release, or { git = \"…\" }, and tell who serves it"
                    .to_owned(),
            ),
            _ => None,
        }
    }

    /// Whether what came is not what was published: a transfer that was broken or tampered with.
    pub fn is_other_content(&self) -> bool {
        matches!(self, Self::OtherContent { .. })
    }

    /// Whether nobody answered.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }

    /// Whether the command was cancelled rather than failed.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled | Self::Lock(FlockError::Cancelled(_)))
    }

    /// Whether nobody answered, or a server that will answer later: then what the cache has is used.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Status { code: 429 | 500..=599, .. })
    }

    /// In short, for a line that says what is done instead.
    pub(super) fn in_short(&self) -> String {
        match self {
            Self::Unreachable { host, why, .. } => format!("no network ({host}: {why})"),
            Self::Status { code, .. } => format!("the server says {}", status(*code)),
            other => other.to_string(),
        }
    }

    pub(super) fn io(what: &'static str, path: &Utf8Path) -> impl Fn(std::io::Error) -> Self {
        move |source| Self::Io { what, path: path.to_owned(), source }
    }
}

/// "404 Not Found".
fn status(code: u16) -> String {
    let name = ureq::http::StatusCode::from_u16(code).ok().and_then(|code| code.canonical_reason());
    name.map_or_else(|| code.to_string(), |name| format!("{code} {name}"))
}
