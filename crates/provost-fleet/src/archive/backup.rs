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
    /// is off without them. Activities and custom fields are on; `files` is about how contents travel, and is the transport's to set.
    pub fn settings(&self) -> BTreeMap<&'static str, bool> {
        let with_users = |on: bool| self.users && on;
        BTreeMap::from([
            ("users", self.users),
            ("anonymize", with_users(self.anonymize)),
            ("role_assignments", with_users(self.role_assignments)),
            ("activities", true),
            ("customfield", true),
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
    /// A table (CSV, columns `source` and `target`, both user names) that says who is who and goes before the key; a relative path
    /// starts at the fleet file.
    pub table: Option<Utf8PathBuf>,
    /// What happens to somebody who is not there.
    pub unmatched: Unmatched,
    /// What happens to somebody who is not there and whose user name somebody else has.
    pub taken: Taken,
    /// The same for who is called as the target's main administrator; `None`: as for everybody.
    pub admin: Option<Taken>,
    /// Whether an account that was deleted at the target takes what is restored; else the unit stops. Default false.
    pub deleted: bool,
}

/// What the accounts of one person at both ends have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UserKey {
    /// The user name, whatever the address says.
    #[default]
    Username,
    /// The address, in any case of letters.
    Email,
    /// The id number, which must not be empty.
    Idnumber,
    /// As Moodle's restore does: the user name, and the address or the first access.
    Core,
}

impl UserKey {
    /// Every choice, as the fleet file says it.
    pub const ALL: [(&'static str, Self); 4] = [
        ("username", Self::Username),
        ("email", Self::Email),
        ("idnumber", Self::Idnumber),
        ("core", Self::Core),
    ];
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

/// What happens to somebody who matches nobody and whose user name somebody else has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Taken {
    /// The unit stops before anything is written.
    #[default]
    Stop,
    /// They become that account.
    Map,
    /// They get an account under another user name.
    Rename,
}

impl Taken {
    /// Every choice, as the fleet file says it.
    pub const ALL: [(&'static str, Self); 3] =
        [("stop", Self::Stop), ("map", Self::Map), ("rename", Self::Rename)];
}

/// How courses are restored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Restore {
    /// What happens when another course of the target has the short name.
    pub clash: Clash,
    /// Roles of the source by short name, with the short name of the role of the target that takes their place.
    pub roles: BTreeMap<String, String>,
}

/// What happens when another course of the target has the short name or the id number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clash {
    /// The unit stops before anything is written.
    #[default]
    Stop,
    /// The copy's short name gets a number (`BIO_1`), and its id number stays empty.
    Number,
}

impl Clash {
    /// Every choice, as the fleet file says it.
    pub const ALL: [(&'static str, Self); 2] = [("stop", Self::Stop), ("number", Self::Number)];
}
