//! What of a course is moved, whose it is at the target, and how it is restored.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

/// What a backup has in it. Everything, unless something is taken out: nothing is to be lost unsaid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// People, and with them all that is theirs: attempts, submissions, posts, grades, completion. Default true.
    pub users: bool,
    /// Whether their names are made unrecognisable. Default false.
    pub anonymize: bool,
    /// Who has which role in the course. Default true.
    pub role_assignments: bool,
    /// The course's log. Default true.
    pub logs: bool,
    /// How grades came to be. Default true.
    pub grade_histories: bool,
    /// Who has completed what. Default true.
    pub completion: bool,
    /// Blocks. Default true.
    pub blocks: bool,
    /// Which text filters are on. Default true.
    pub filters: bool,
    /// Comments. Default true.
    pub comments: bool,
    /// Badges. Default true.
    pub badges: bool,
    /// Calendar events. Default true.
    pub calendar: bool,
    /// Groups and groupings. Default true.
    pub groups: bool,
    /// Competencies. Default true.
    pub competencies: bool,
    /// What lies in the content bank. Default true.
    pub content_bank: bool,
    /// xAPI states. Default true.
    pub xapi_state: bool,
    /// Files of courses from Moodle 1.9. Default true.
    pub legacy_files: bool,
}

impl Default for Backup {
    fn default() -> Self {
        Self {
            users: true,
            anonymize: false,
            role_assignments: true,
            logs: true,
            grade_histories: true,
            completion: true,
            blocks: true,
            filters: true,
            comments: true,
            badges: true,
            calendar: true,
            groups: true,
            competencies: true,
            content_bank: true,
            xapi_state: true,
            legacy_files: true,
        }
    }
}

impl Backup {
    /// The settings of Moodle's backup plan that this means, by their names in `moodle_backup.xml`. What only goes with people
    /// is off without them. `activities` is on; `files` is about how contents travel, and is the transport's to set.
    pub fn settings(&self) -> BTreeMap<&'static str, bool> {
        let with_users = |on: bool| self.users && on;
        BTreeMap::from([
            ("users", self.users),
            ("anonymize", with_users(self.anonymize)),
            ("role_assignments", with_users(self.role_assignments)),
            ("activities", true),
            ("blocks", self.blocks),
            ("filters", self.filters),
            ("comments", with_users(self.comments)),
            ("badges", self.badges),
            ("calendarevents", self.calendar),
            ("userscompletion", with_users(self.completion)),
            ("logs", with_users(self.logs)),
            ("grade_histories", with_users(self.grade_histories)),
            ("groups", self.groups),
            ("competencies", self.competencies),
            ("contentbankcontent", self.content_bank),
            ("xapistate", with_users(self.xapi_state)),
            ("legacyfiles", self.legacy_files),
        ])
    }
}

/// How a person of the source is found at the target.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Users {
    /// What both accounts have in common. Default: the user name.
    pub key: UserKey,
    /// A table (CSV, `source,target`, both user names) that says who is who and goes before the key; a relative path starts at
    /// the fleet file.
    pub table: Option<Utf8PathBuf>,
    /// What happens to somebody who is not there.
    pub unmatched: Unmatched,
}

/// What the accounts of one person at both ends have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UserKey {
    /// The user name.
    #[default]
    Username,
    /// The address, in any case of letters.
    Email,
    /// The id number, which must not be empty.
    Idnumber,
}

impl UserKey {
    /// Every choice, as the fleet file says it.
    pub const ALL: [(&'static str, Self); 3] =
        [("username", Self::Username), ("email", Self::Email), ("idnumber", Self::Idnumber)];
}

/// What happens to somebody of the source who has no account at the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unmatched {
    /// An account is made, as Moodle's restore does: nobody can log in to it unless the target's authentication knows it.
    #[default]
    Create,
    /// The unit stops before anything is written.
    Stop,
}

impl Unmatched {
    /// Every choice, as the fleet file says it.
    pub const ALL: [(&'static str, Self); 2] = [("create", Self::Create), ("stop", Self::Stop)];
}

/// How courses are restored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Restore {
    /// What happens when another course of the target has the short name.
    pub clash: Clash,
    /// What becomes of aliases and external files, which Moodle's restore drops on another site.
    pub aliases: Aliases,
}

/// What happens when another course of the target has the short name or the id number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clash {
    /// The unit stops before anything is written.
    #[default]
    Stop,
    /// The copy's short name gets a number, as Moodle's restore does; its id number stays empty.
    Number,
}

impl Clash {
    /// Every choice, as the fleet file says it.
    pub const ALL: [(&'static str, Self); 2] = [("stop", Self::Stop), ("number", Self::Number)];
}

/// What becomes of aliases and external files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aliases {
    /// A course that has some stops.
    #[default]
    Stop,
    /// They become plain files, of the content that they lead to.
    Copy,
}

impl Aliases {
    /// Every choice, as the fleet file says it.
    pub const ALL: [(&'static str, Self); 2] = [("stop", Self::Stop), ("copy", Self::Copy)];
}
