//! What a user may write for "which Moodle", and how it is found in a repository.
//!
//! | written | meaning |
//! |---|---|
//! | `4.5` | the newest release of 4.5: tag `v4.5.10` rather than `v4.5.9`, never a beta |
//! | `4.5+` | the tip of the stable branch of 4.5: `MOODLE_405_STABLE` |
//! | `4.5.1` | that release: tag `v4.5.1` |
//! | forty hexadecimal digits | that commit |
//! | anything else | the tag or branch of that name; `refs/heads/…` and `refs/tags/…` say which |

use std::fmt;

use serde::{Deserialize, Serialize};

mod choose;
mod parse;
#[cfg(test)]
mod tests;

pub use choose::{Choice, ChooseError, Rule};
pub use parse::RequestError;
pub(crate) use parse::breaks_ref_rule;

/// Which Moodle a codebase is to have. It is written, printed and serialised as in the table of this module.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum MoodleRequest {
    /// `4.5`: the newest release of a minor version.
    NewestOfMinor(Minor),
    /// `4.5+`: the tip of a minor version's stable branch.
    TipOfStable(Minor),
    /// `4.5.1`: one release.
    Exact(Release),
    /// A tag or a branch, by a name that git allows.
    Ref(String),
    /// A commit: 40 lower-case hexadecimal digits.
    Commit(String),
}

/// A minor version of Moodle, such as 4.5: the first two numbers of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Minor {
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
}

/// A release of Moodle, such as 4.5.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    /// The first two numbers.
    pub minor: Minor,
    /// The third number; 0 is the first release of the minor version.
    pub patch: u32,
}

impl Minor {
    /// Returns the name of the stable branch: `MOODLE_405_STABLE`, and `MOODLE_39_STABLE` before 4.0, when the second
    /// number was not filled up to two digits.
    pub fn stable_branch(self) -> String {
        let Self { major, minor } = self;
        if major < 4 {
            format!("MOODLE_{major}{minor}_STABLE")
        } else {
            format!("MOODLE_{major}{minor:02}_STABLE")
        }
    }

    /// Returns the minor version that a branch number of Moodle's stands for: 405 is 4.5, 39 is 3.9 and 311 is 3.11.
    pub fn of_branch(branch: u32) -> Self {
        match branch {
            100.. => Self { major: branch / 100, minor: branch % 100 },
            _ => Self { major: branch / 10, minor: branch % 10 },
        }
    }

    /// Reads the name of a stable branch; `None` if it is not one.
    fn of_stable_branch(branch: &str) -> Option<Self> {
        let code = branch.strip_prefix("MOODLE_")?.strip_suffix("_STABLE")?;
        let (major, minor) = code.split_at_checked(1)?;
        let read = Self { major: major.parse().ok()?, minor: minor.parse().ok()? };
        (read.stable_branch() == branch).then_some(read)
    }
}

impl fmt::Display for Minor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.minor, self.patch)
    }
}

impl fmt::Display for MoodleRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NewestOfMinor(minor) => write!(f, "{minor}"),
            Self::TipOfStable(minor) => write!(f, "{minor}+"),
            Self::Exact(release) => write!(f, "{release}"),
            Self::Ref(text) | Self::Commit(text) => f.write_str(text),
        }
    }
}

impl TryFrom<String> for MoodleRequest {
    type Error = RequestError;

    fn try_from(text: String) -> Result<Self, RequestError> {
        text.parse()
    }
}

impl From<MoodleRequest> for String {
    fn from(request: MoodleRequest) -> Self {
        request.to_string()
    }
}
