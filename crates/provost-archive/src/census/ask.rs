//! What is asked of an end.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// By which of their fields users are the same person at both ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UserKey {
    /// By user name.
    #[default]
    Username,
    /// By e-mail address, in lower case.
    Email,
    /// By ID number.
    Idnumber,
}

/// Which of the two ends is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Where the course comes from: what the backup leaves out by its conditions is left out here too.
    Source,
    /// Where it came to lie.
    Target,
}

/// The conditions of the backup, as far as they decide what must arrive. The names are those of core's backup settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Conditions {
    /// Enrolled users and all that is theirs.
    pub users: bool,
    /// Users without their names.
    pub anonymize: bool,
    /// Role assignments in the course and below.
    pub role_assignments: bool,
    /// Activities.
    pub activities: bool,
    /// Blocks.
    pub blocks: bool,
    /// Files.
    pub files: bool,
    /// Filters.
    pub filters: bool,
    /// Comments.
    pub comments: bool,
    /// Badges.
    pub badges: bool,
    /// Calendar events.
    pub calendarevents: bool,
    /// Completion of activities and of the course, by user.
    pub userscompletion: bool,
    /// Log rows.
    pub logs: bool,
    /// Histories of grades.
    pub grade_histories: bool,
    /// Groups and groupings.
    pub groups: bool,
    /// Competencies.
    pub competencies: bool,
    /// Custom fields.
    pub customfield: bool,
    /// The content bank.
    pub contentbankcontent: bool,
    /// Where people stand in activities of H5P.
    pub xapistate: bool,
}

impl Default for Conditions {
    /// Everything, and nobody anonymous.
    fn default() -> Self {
        Self {
            users: true,
            anonymize: false,
            role_assignments: true,
            activities: true,
            blocks: true,
            files: true,
            filters: true,
            comments: true,
            badges: true,
            calendarevents: true,
            userscompletion: true,
            logs: true,
            grade_histories: true,
            groups: true,
            competencies: true,
            customfield: true,
            contentbankcontent: true,
            xapistate: true,
        }
    }
}

/// The parameters of `archive.census`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CensusAsk {
    /// The course's number at this end.
    pub course: i64,
    /// Which end this is.
    pub side: Side,
    /// How users are named.
    pub user_key: UserKey,
    /// Users whose name at the target is another one than at the source: source's key to target's key. Asked of the source only; it is
    /// how a table of users, and an anonymised backup, are compared.
    pub user_table: BTreeMap<String, String>,
    /// What the backup took.
    pub conditions: Conditions,
    /// Columns to use, by table; a table that is not named uses all that this end has. The target is asked with the source's, so that
    /// a column that only a newer Moodle has is no difference.
    pub columns: BTreeMap<String, Vec<String>>,
    /// Rows of the log from this time on do not count, in seconds of Unix: what the backup itself wrote, and visitors of the copy.
    pub logs_before: Option<i64>,
    /// Whether the notice that post-processing writes does not count, at either end: what else changes in its section does.
    #[serde(default)]
    pub without_notice: bool,
    /// Whether the backup takes along whoever its rows of the log name, as ours does and core's does not.
    pub log_people: bool,
    /// The path of the backup's `users.xml` at this end, asked of the source only: who is in the backup, and under which names. Without it
    /// those count as taking part whom the rows of the course name; an anonymised backup cannot be compared without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users_file: Option<String>,
}

impl CensusAsk {
    /// Asks for a whole course, users by user name.
    pub fn new(course: i64, side: Side) -> Self {
        Self {
            course,
            side,
            user_key: UserKey::default(),
            user_table: BTreeMap::new(),
            conditions: Conditions::default(),
            columns: BTreeMap::new(),
            logs_before: None,
            without_notice: false,
            log_people: false,
            users_file: None,
        }
    }
}

/// The parameters of `archive.census.rows`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsAsk {
    /// As the census was asked.
    #[serde(flatten)]
    pub census: CensusAsk,
    /// By table the digests of rows to be read whole; an empty list asks for the digests of all its rows.
    pub tables: BTreeMap<String, Vec<String>>,
}
