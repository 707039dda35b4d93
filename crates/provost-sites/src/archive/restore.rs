//! The restore of one course.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::{Accepted, BackupSettings, Problem, UserPolicy};

/// Asks for a restore. Of two processes that ask for one unit at one site, the second is refused (the agent's error `busy`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreRequest {
    /// The unit's name: lower-case letters, digits, `-`, `_`, at most 80 characters. The course is marked with it.
    pub unit: String,
    /// The unpacked backup, whole. It belongs to the site's account, which changes in it the names of accounts (by the policy) and the
    /// course's visibility; it can be restored again.
    pub backup: Utf8PathBuf,
    /// The category.
    pub category: i64,
    /// The course's short name; must be free. Empty: the backup's.
    pub shortname: String,
    /// Its full name. Empty: the backup's.
    pub fullname: String,
    /// What of the backup is restored.
    pub settings: BackupSettings,
    /// How accounts are mapped.
    pub users: UserPolicy,
    /// Roles of the source by short name, with the short name of the role here that takes their place.
    pub roles: BTreeMap<String, String>,
    /// What does not stop it.
    pub accept: Accepted,
    /// Core's backup of this course, so that no other is restored under its name: the course's id at the source.
    pub course: i64,
}

/// A restored course.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// Its id.
    pub course: i64,
    /// Its short name.
    pub shortname: String,
    /// Whether it was there before: a restore that was told to end before this one began.
    pub already: bool,
    /// Whether the source showed it; it is hidden now, and `archive.finish` can show it.
    pub was_visible: bool,
    /// Its ID number at the source. Core leaves it out on another site; `archive.finish` sets it.
    pub idnumber: String,
    /// Accounts that were there.
    pub users_matched: u64,
    /// Accounts that were made.
    pub users_made: u64,
    /// What was accepted and is so.
    pub accepted: Vec<Problem>,
    /// What core noted on the way: warnings and errors of its own log, at most 200 lines.
    pub notes: Vec<String>,
    /// Whether the database says that what it has committed survives the machine.
    pub durable: bool,
}

/// How it went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Restore {
    /// It is there, whole, hidden and marked.
    Done(Box<Restored>),
    /// A person has to decide; there is no course.
    Stopped {
        /// What stops it: all of it.
        problems: Vec<Problem>,
    },
}
