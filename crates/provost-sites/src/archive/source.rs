//! The end of a course at its source.

use serde::{Deserialize, Serialize};

use super::FinishRequest;

/// By what the course is known: another one under the same id is not what was meant (the agent's error `other_course`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// Its id.
    pub course: i64,
    /// Its short name.
    pub shortname: String,
    /// When it was made, in Unix seconds; `None`: not compared.
    pub timecreated: Option<i64>,
    /// Another short name that it may have already: the one that it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed: Option<String>,
}

/// Asks to hide a course, or to show it again as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HideRequest {
    /// Which.
    pub expected: Expected,
    /// The unit: what the course's visibility was is kept in the site under it, until it is shown again or deleted.
    pub unit: String,
    /// Whether it is hidden; `false` shows it if it was seen before.
    pub hidden: bool,
}

/// What is now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hidden {
    /// Whether it can be seen.
    pub visible: bool,
    /// Whether it could before we hid it.
    pub was_visible: bool,
}

/// Asks to delete a course, without the recycle bin. A course that is gone is done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteRequest {
    /// Which.
    pub expected: Expected,
    /// The unit.
    pub unit: String,
    /// Whether it must be hidden, as the step before left it.
    pub must_be_hidden: bool,
    /// Goes on with a deletion that was begun, and begins none.
    #[serde(default)]
    pub resume: bool,
}

/// What is left.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleted {
    /// Whether it was gone before.
    pub already: bool,
    /// Whether its deletion had been begun before.
    #[serde(default)]
    pub begun: bool,
    /// Bytes of contents that nothing else at the site refers to: what its trash will free.
    pub freed_bytes: u64,
}

/// Asks to move a course to another category of its own site.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveRequest {
    /// Which.
    pub expected: Expected,
    /// Where.
    pub category: i64,
    /// The unit, by which it is put back.
    pub unit: String,
    /// What will be done with it there: what it was is noted before the first change.
    pub plan: FinishRequest,
}

/// Asks to put a course back that a unit moved within its site.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevertRequest {
    /// The unit.
    pub unit: String,
    /// Whether nothing is put back any more, and only the note of what the course was goes.
    pub forget: bool,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reverted {
    /// Whether there was anything to put back.
    pub reverted: bool,
    /// What stays as it is, in words: people have changed it since, or nobody can know what it was.
    pub kept: Vec<String>,
}

/// Where it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Its category.
    pub category: i64,
    /// Whether it was there before.
    pub already: bool,
}
