//! Why git did not do what it was asked, sorted by what the user can do about it.

use camino::Utf8PathBuf;
use provost_engine::lease::LeaseError;
use provost_engine::process::ProcessError;

use super::{ListingError, MINIMUM_VERSION};
use crate::flock::FlockError;

/// What a server that asks for a login, or hides what is there from those without one, comes to.
const WANTS_LOGIN: &str = "it does not exist, or wants a login";

/// Why something about a git repository failed. No message has a credential in it.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no git.
    #[error("git is not installed")]
    Missing,
    /// Git is too old.
    #[error("git {found} is too old; {}.{} or later is needed", MINIMUM_VERSION.0, MINIMUM_VERSION.1)]
    TooOld {
        /// What there is.
        found: String,
    },
    /// A source that cannot be used.
    #[error("cannot use `{url}` as a git repository: {why}")]
    Source {
        /// What was written, without credentials.
        url: String,
        /// Why not.
        why: String,
    },
    /// Nobody answers, and the cache does not have it.
    #[error("cannot reach {host} ({why}), and the git cache does not have {wanted}")]
    Unreachable {
        /// Who was asked.
        host: String,
        /// What git said, in short.
        why: String,
        /// What was wanted.
        wanted: String,
    },
    /// Somebody answered, and said no.
    #[error("{repository} cannot be read: {why}")]
    Refused {
        /// Which repository.
        repository: String,
        /// What git said, in short.
        why: String,
    },
    /// A directory that is no git repository.
    #[error("`{0}` is not a git repository")]
    NotARepository(Utf8PathBuf),
    /// A commit that its repository does not have or does not give.
    #[error("{repository} does not have the commit {commit}")]
    NoCommit {
        /// Which repository.
        repository: String,
        /// Which commit.
        commit: String,
    },
    /// A commit beyond the end of a history that was cut off.
    #[error("{path} is a shallow clone, and does not have the commit {commit}")]
    Shallow {
        /// Where it lies.
        path: Utf8PathBuf,
        /// Which commit.
        commit: String,
    },
    /// A partial clone whose missing part cannot be had.
    #[error(
        "{repository} is a partial clone, which lacks {count} objects of {commit}; these could not be had: {why}"
    )]
    Partial {
        /// Which repository.
        repository: String,
        /// Where it lies.
        path: Utf8PathBuf,
        /// Which commit.
        commit: String,
        /// How many objects.
        count: usize,
        /// Why they could not be had.
        why: String,
    },
    /// An imported tree that the cache does not have, or no longer.
    #[error(
        "the git cache does not have the imported files {tree}: what they came from must be imported again"
    )]
    NotImported {
        /// Git's id of the tree.
        tree: String,
    },
    /// A repository of this machine lacks an object that it should have.
    #[error("{} {repository} is damaged: object {object} is missing", if *cached { "the git cache of" } else { "the git repository" })]
    Damaged {
        /// Which repository.
        repository: String,
        /// The object.
        object: String,
        /// Where it lies.
        path: Utf8PathBuf,
        /// Whether it is our cache, so that it can be fetched again.
        cached: bool,
    },
    /// A commit holds something that cannot be part of a build.
    #[error("{repository} cannot be used")]
    Listing {
        /// Which repository.
        repository: String,
        /// What it holds.
        #[source]
        error: ListingError,
    },
    /// Git wrote something that we do not understand.
    #[error("git gave an answer that makes no sense: {0}")]
    Answer(String),
    /// Git could not be run, or failed for a reason of its own.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Another process works on the cache and would not end, or its lock is broken.
    #[error(transparent)]
    Lock(#[from] FlockError),
    /// The registry would not let us at the cache.
    #[error(transparent)]
    Lease(Box<LeaseError>),
    /// Something about the cache's files.
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
}

impl GitError {
    /// What the user can do next, where something can be said.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing | Self::TooOld { .. } => Some("install it: apt-get install git".to_owned()),
            Self::Unreachable { .. } => {
                Some("try again with a network, or name a local mirror: `git = \"/path/to/it\"`".to_owned())
            }
            Self::Damaged { path, cached: true, .. } => {
                Some(format!("remove it, and it is fetched again: rm -rf {path}"))
            }
            Self::Damaged { path, cached: false, .. } => Some(format!("look at it: git -C {path} fsck")),
            Self::Shallow { path, .. } => {
                Some(format!("get the rest of it: git -C {path} fetch --unshallow --tags"))
            }
            Self::Partial { path, .. } => {
                Some(format!("make it a whole one: git -C {path} fetch --refetch --no-filter origin"))
            }
            Self::Source { .. } => Some("write an https, ssh or file URL, or an absolute path".to_owned()),
            Self::NoCommit { .. } => {
                Some("has its branch been rewritten? `provost codebase update` resolves anew".to_owned())
            }
            Self::Refused { why, .. } if why == WANTS_LOGIN || why.starts_with("Authentication failed") => {
                Some(
                    "`git ls-remote URL` must work without a question: set up git's credential helper, or an SSH key"
                        .to_owned(),
                )
            }
            _ => None,
        }
    }

    /// Whether the command was cancelled rather than failed.
    pub fn is_cancelled(&self) -> bool {
        match self {
            Self::Process(error) => super::is_cancelled(error),
            Self::Lock(FlockError::Cancelled(_)) => true,
            _ => false,
        }
    }
}

/// What a failed talk with a remote repository means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Nobody answered.
    Unreachable(String),
    /// The server does not give what was asked in this way; another way may work.
    NotThisWay,
    /// The server said no.
    Refused(String),
}

/// Reads git's messages, which are in English because we ask for them so. What is not known counts as refused, with
/// git's own words.
pub(super) fn classify(log: &str) -> Trouble {
    const UNREACHABLE: [&str; 12] = [
        "Could not resolve host",
        "Could not resolve proxy",
        "Couldn't resolve host",
        "Failed to connect",
        "Couldn't connect to server",
        "Connection refused",
        "Connection timed out",
        "Network is unreachable",
        "No route to host",
        "CONNECT tunnel failed",
        "Operation too slow",
        "Temporary failure in name resolution",
    ];
    const NOT_THIS_WAY: [&str; 5] = [
        "not our ref",
        "unadvertised object",
        "couldn't find remote ref",
        "does not support shallow",
        "does not support --depth",
    ];
    let words = in_short(log);
    if let Some(found) = UNREACHABLE.iter().find(|text| log.contains(*text)) {
        let known = lower_first(found);
        return Trouble::Unreachable(known);
    }
    if NOT_THIS_WAY.iter().any(|text| log.contains(text)) {
        return Trouble::NotThisWay;
    }
    if log.contains("terminal prompts disabled") {
        return Trouble::Refused(WANTS_LOGIN.to_owned());
    }
    Trouble::Refused(words)
}

/// The first line that says what went wrong, without `fatal:` and without credentials.
fn in_short(log: &str) -> String {
    let line = log
        .lines()
        .find_map(|line| line.strip_prefix("fatal: ").or_else(|| line.strip_prefix("error: ")))
        .or_else(|| log.lines().find(|line| !line.trim().is_empty()))
        .unwrap_or("git said nothing");
    line.split(' ').map(super::redacted).collect::<Vec<_>>().join(" ")
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + letters.as_str())
}

/// The object that git says is missing, if that is what a log says.
pub(super) fn missing_object(log: &str) -> Option<String> {
    const SAYS: [&str; 9] = [
        "unable to read",
        "could not read",
        "not a tree object",
        "bad object",
        "bad ref",
        "Could not read",
        "is corrupt",
        "inflate: data stream error",
        "missing",
    ];
    let line = log.lines().find(|line| SAYS.iter().any(|text| line.contains(text)))?;
    line.split(|c: char| !c.is_ascii_hexdigit()).find(|word| word.len() == 40).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_sorted() {
        assert_eq!(
            classify("fatal: unable to access 'https://github.com/x/': Could not resolve host: github.com"),
            Trouble::Unreachable("could not resolve host".to_owned())
        );
        assert_eq!(
            classify("error: Server does not allow request for unadvertised object 12"),
            Trouble::NotThisWay
        );
        assert_eq!(classify("fatal: remote error: upload-pack: not our ref 12"), Trouble::NotThisWay);
        assert_eq!(
            classify("warning: x\nfatal: repository 'https://t0ken@h/x/' not found"),
            Trouble::Refused("repository 'https://***@h/x/' not found".to_owned())
        );
        assert_eq!(
            classify("fatal: could not read Username for 'https://github.com': terminal prompts disabled"),
            Trouble::Refused(WANTS_LOGIN.to_owned())
        );
    }

    #[test]
    fn missing_objects_are_named() {
        let id = "9d4fbf58ab52abdc8ed1e4586787597228cf00dd";
        assert_eq!(missing_object(&format!("error: Could not read {id}\nfatal: x")).as_deref(), Some(id));
        assert_eq!(missing_object(&format!("fatal: not a tree object: {id}")).as_deref(), Some(id));
        assert_eq!(
            missing_object(&format!("fatal: git show-ref: bad ref refs/heads/main ({id})")).as_deref(),
            Some(id)
        );
        assert_eq!(missing_object("fatal: not a git repository"), None);
    }
}
