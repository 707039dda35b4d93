//! The backup of one course.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::{Accepted, Problem};

/// What comes of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// A directory with the structure alone: `moodle_backup.xml` with `include_files` 0, and no `files/`.
    #[default]
    Thin,
    /// A directory with the structure and all contents in `files/xx/`.
    Whole,
    /// One file, `backup.mbz`, with everything: what core itself writes.
    Mbz,
}

/// Every setting that core's backup has on the level of a course. Each is set, and read back from `moodle_backup.xml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "core's settings are that many switches")]
pub struct BackupSettings {
    /// Accounts and everything that belongs to them.
    pub users: bool,
    /// Accounts without their names.
    pub anonymize: bool,
    /// Who has which role.
    pub role_assignments: bool,
    /// Activities.
    pub activities: bool,
    /// Blocks.
    pub blocks: bool,
    /// Filters' settings.
    pub filters: bool,
    /// Comments.
    pub comments: bool,
    /// Badges.
    pub badges: bool,
    /// Calendar.
    pub calendarevents: bool,
    /// Completion.
    pub userscompletion: bool,
    /// Log rows.
    pub logs: bool,
    /// Grades that were.
    pub grade_histories: bool,
    /// Groups and groupings.
    pub groups: bool,
    /// Competencies.
    pub competencies: bool,
    /// Custom fields.
    pub customfield: bool,
    /// The content bank.
    pub contentbankcontent: bool,
    /// States of H5P and the like.
    pub xapistate: bool,
    /// Files of Moodle 1.
    pub legacyfiles: bool,
}

impl Default for BackupSettings {
    /// Everything, by its name.
    fn default() -> Self {
        Self {
            users: true,
            anonymize: false,
            role_assignments: true,
            activities: true,
            blocks: true,
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
            legacyfiles: true,
        }
    }
}

/// Asks for a backup. Nothing is written at the site but rows of core's own that are removed again, and no event is logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupRequest {
    /// The unit's name.
    pub unit: String,
    /// The course.
    pub course: i64,
    /// A directory that the site's account may write into and that lies outside its dataroot's `filedir`; best in memory: core writes some
    /// 11,000 small files for 1,000 activities. The backup will be `directory/unit`. A half one there is removed first.
    pub directory: Utf8PathBuf,
    /// What comes of it.
    pub form: Form,
    /// What goes in.
    pub settings: BackupSettings,
    /// What does not stop it.
    pub accept: Accepted,
}

/// A backup that was read back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackedUp {
    /// The directory, or the file.
    pub path: Utf8PathBuf,
    /// Core's own id of it.
    pub backup_id: String,
    /// Bytes of its structure.
    pub structure_bytes: u64,
    /// Files of its structure.
    pub structure_files: u64,
    /// Different contents of files that it refers to.
    pub contents: u64,
    /// Their bytes, each content once.
    pub content_bytes: u64,
    /// Rows of `files.xml` that are files, each with contents.
    pub files: u64,
    /// Accounts in it.
    pub users: u64,
    /// Activities in it, by component.
    pub activities: BTreeMap<String, u64>,
    /// The settings of its root as `moodle_backup.xml` has them.
    pub settings: BTreeMap<String, String>,
    /// When it was made, in Unix seconds, by the site's clock.
    pub at: i64,
    /// The site's version: `2025041400.00`.
    pub moodle_version: String,
    /// The digest of the site's identifier.
    pub site: String,
    /// What was accepted and is so.
    pub accepted: Vec<Problem>,
}

/// How it went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Backup {
    /// It is there.
    Done(Box<BackedUp>),
    /// A person has to decide; there is nothing.
    Stopped {
        /// What stops it: all of it.
        problems: Vec<Problem>,
    },
}
