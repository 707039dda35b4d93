//! Marks: by them a restored course is known again. They are configuration of the plugin name `provost_archive`, one key per unit.

use serde::{Deserialize, Serialize};

/// How far a restore came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestoreState {
    /// It was begun and did not come to its end.
    Restoring,
    /// It is whole.
    Restored,
}

/// Asks for marked courses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindRequest {
    /// Of which units. Empty: all, in the order of their names.
    pub units: Vec<String>,
    /// Only names behind this one. Empty at first.
    pub after: String,
    /// How many at most; 0: the agent's choice.
    pub limit: u32,
}

/// A course that carries a mark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkedCourse {
    /// The unit.
    pub unit: String,
    /// The course; `None` where it is gone, or was not yet made.
    pub course: Option<i64>,
    /// How far it is.
    pub state: RestoreState,
    /// Its short name now.
    pub shortname: Option<String>,
    /// Whether it can be seen.
    pub visible: bool,
    /// Its category.
    pub category: Option<i64>,
    /// The digest of the source's site identifier.
    pub source_site: String,
    /// The course's id there.
    pub source_course: i64,
    /// When the restore ended, in Unix seconds.
    pub at: Option<i64>,
}

/// Marked courses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// They.
    pub marked: Vec<MarkedCourse>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// Asks to take a unit's course away: deleted without the recycle bin, by Moodle's own means, and its mark with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscardRequest {
    /// The unit.
    pub unit: String,
    /// Whether core's task that empties the trash of files runs afterwards, so that the disk has its room back now. It empties all of it.
    pub empty_trash: bool,
}

/// What became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discarded {
    /// The course that is gone; `None` where there was none.
    pub course: Option<i64>,
}
