//! What is done with a restored course.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

/// What becomes of enrolments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Enrolments {
    /// Nothing.
    #[default]
    Keep,
    /// Each is suspended: people stay in the course's lists and cannot enter.
    Suspend,
    /// Each ends now, if it did not before.
    End,
}

/// A text at the top of the course, as a label in its first section, which a second run replaces.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// HTML.
    pub html: String,
}

/// Asks for what is done with a course. What is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FinishRequest {
    /// The unit.
    pub unit: String,
    /// Its course. It must carry the unit's mark, unless `unmarked`.
    pub course: i64,
    /// For a course that was moved within its site and carries no mark.
    pub unmarked: bool,
    /// Whether it can be seen.
    pub visible: Option<bool>,
    /// Whether it is frozen: read-only for everybody, by context locking, which is switched on for the site where it is off.
    pub frozen: Option<bool>,
    /// Enrolments.
    pub enrolments: Enrolments,
    /// Full name.
    pub fullname: Option<String>,
    /// Short name; must be free.
    pub shortname: Option<String>,
    /// ID number; must be free.
    pub idnumber: Option<String>,
    /// Category.
    pub category: Option<i64>,
    /// Tags to add.
    pub tags: Vec<String>,
    /// A notice.
    pub notice: Option<Notice>,
    /// A PHP file of one's own, readable by the site's account, that is included inside Moodle with `$course` (the row) and `$arguments`
    /// set. It must be fit to run again.
    pub script: Option<Utf8PathBuf>,
    /// For the script.
    pub script_arguments: BTreeMap<String, String>,
}

/// What is now, read back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Finished {
    /// Whether it can be seen.
    pub visible: bool,
    /// Whether it is frozen.
    pub frozen: bool,
    /// Full name.
    pub fullname: String,
    /// Short name.
    pub shortname: String,
    /// ID number.
    pub idnumber: String,
    /// Category.
    pub category: i64,
    /// All its tags.
    pub tags: Vec<String>,
    /// Enrolments that are active and have not ended.
    pub active_enrolments: u64,
    /// What was changed now, in words; empty when a second run found everything done.
    pub changed: Vec<String>,
    /// What the script returned, as text.
    pub script: Option<String>,
}

/// Asks to bring a course to rest: grades that wait for being computed, queued tasks of the course, caches; and everything to disk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettleRequest {
    /// The course.
    pub course: i64,
}

/// A course at rest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// Grade items that still wait; 0 is rest.
    pub grades_waiting: u64,
    /// Queued tasks that name the course and are due; 0 is rest.
    pub tasks_waiting: u64,
    /// Contents whose files were brought to disk.
    pub synced: u64,
    /// Whether the database says that what it has committed survives the machine.
    pub durable: bool,
    /// Where it does not: what its settings say.
    pub why_not: Option<String>,
}
