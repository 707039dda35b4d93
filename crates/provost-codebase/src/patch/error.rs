//! Why a patch was not applied.

use super::{LARGEST, MOST};
use crate::git::GitError;

/// How many lines of git's are repeated.
const WORDS: usize = 3;

/// Why patches were not applied.
#[derive(Debug, thiserror::Error)]
pub enum PatchError {
    /// It does not fit what is there.
    #[error("the patch `{patch}` does not apply{}: {words}", place_in_words(file.as_deref(), *line))]
    DoesNotApply {
        /// Its name.
        patch: String,
        /// The first file that it does not fit.
        file: Option<String>,
        /// The line of that file where its change would begin.
        line: Option<u64>,
        /// What git says.
        words: String,
        /// Whether all that it does is done already.
        already: bool,
    },
    /// No patch, or a broken one.
    #[error("`{patch}` is not a patch that git can read: {words}")]
    NotAPatch {
        /// Its name.
        patch: String,
        /// What git says.
        words: String,
    },
    /// A path that no patch may touch.
    #[error("the patch `{patch}` would change `{path}`, which is {why}")]
    Path {
        /// Its name.
        patch: String,
        /// The path.
        path: String,
        /// What that is.
        why: &'static str,
    },
    /// A file that cannot be read.
    #[error("cannot read the patch `{patch}`")]
    Unreadable {
        /// Its name.
        patch: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// It is not what the lock says.
    #[error("the patch `{patch}` has another content than when the lock was written")]
    OtherContent {
        /// Its name.
        patch: String,
    },
    /// More than a patch can have.
    #[error("the patch `{patch}` has more than {LARGEST} bytes")]
    TooLarge {
        /// Its name.
        patch: String,
    },
    /// More than a codebase can have.
    #[error("{count} patches are too many: {MOST} at most")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// A repository failed.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl PatchError {
    pub(super) fn path(patch: String, path: &[u8], why: &'static str) -> Self {
        Self::Path { patch, path: String::from_utf8_lossy(path).into_owned(), why }
    }

    /// What the user can do next, where something can be said.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::DoesNotApply { already: true, patch, .. } => {
                Some(format!("it is already in this Moodle: take `{patch}` out of the file"))
            }
            Self::DoesNotApply { words, .. } if words.contains("does not exist in index") => Some(
                "paths in a patch begin at Moodle's root, with one directory before them: `a/lib/moodlelib.php`"
                    .to_owned(),
            ),
            Self::DoesNotApply { .. } => {
                Some("make it anew against this Moodle, or hold Moodle where it was made for".to_owned())
            }
            Self::NotAPatch { .. } => {
                Some("write it with `git format-patch`, `git diff --binary` or `diff -u`".to_owned())
            }
            Self::Git(error) => error.hint(),
            _ => None,
        }
    }

    /// Whether the command was cancelled rather than failed.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Git(error) if error.is_cancelled())
    }
}

fn place_in_words(file: Option<&str>, line: Option<u64>) -> String {
    match (file, line) {
        (Some(file), Some(line)) => format!(" to `{file}` at line {line}"),
        (Some(file), None) => format!(" to `{file}`"),
        _ => String::new(),
    }
}

/// The file and the line that git's first complaint is about.
pub(super) fn place(log: &str) -> (Option<String>, Option<u64>) {
    let lines = || log.lines().filter_map(|line| line.strip_prefix("error: "));
    let failed = lines().find_map(|line| line.strip_prefix("patch failed: ")?.rsplit_once(':'));
    if let Some((file, line)) = failed {
        return (Some(file.to_owned()), line.parse().ok());
    }
    let file = lines().find_map(|line| line.rsplit_once(": ")).map(|(file, _)| file.to_owned());
    (file, None)
}

/// Git's own words, in short.
pub(super) fn words(log: &str) -> String {
    let plain = |line: &str| {
        let line = line.strip_prefix("error: ").or_else(|| line.strip_prefix("fatal: "))?;
        Some(line.chars().filter(|c| !c.is_control()).take(200).collect::<String>())
    };
    let lines: Vec<String> = log.lines().filter_map(plain).take(WORDS).collect();
    if lines.is_empty() { "git said nothing".to_owned() } else { lines.join("; ") }
}
