//! Names of the things a fleet file declares.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest name, in bytes: with a fleet's name before it, it still fits a PostgreSQL identifier (63 bytes).
pub const LONGEST: usize = 40;

/// A name of a fleet, codebase, database server or site: lower-case letters, digits, `-` and `_`, starting with a
/// letter, at most [`LONGEST`] bytes. Such a name is safe as a directory, a database, a role and a file name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// Why a text is not a [`Name`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The text is empty.
    #[error("a name cannot be empty")]
    Empty,
    /// The text is longer than [`LONGEST`] bytes.
    #[error("a name has at most {LONGEST} characters; this one has {0}")]
    TooLong(usize),
    /// The first character is not a lower-case letter.
    #[error("a name starts with a lower-case letter")]
    Start,
    /// A character that cannot stand in a name.
    #[error("`{0}` cannot stand in a name; use lower-case letters, digits, `-` and `_`")]
    Character(char),
}

impl Name {
    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let first = text.chars().next().ok_or(NameError::Empty)?;
        if let Some(wrong) = text.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-' | '_')) {
            return Err(NameError::Character(wrong));
        }
        if !first.is_ascii_lowercase() {
            return Err(NameError::Start);
        }
        if text.len() > LONGEST {
            return Err(NameError::TooLong(text.len()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
