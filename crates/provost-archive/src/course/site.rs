//! What is known of a site that courses leave or come to.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::CourseId;

/// One site, as far as a session must know it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SiteFacts {
    /// Moodle's version number as its database has it, such as `2025041400.03`: text, because it has a fraction.
    pub version: String,
    /// Its release as people read it, such as `5.0.3 (Build: …)`.
    pub release: String,
    /// MD5 (32 hexadecimal digits) of its site identifier, as backups carry it. Two sites with one digest are one site, or a clone and
    /// its origin.
    pub identifier_digest: String,
    /// Its address, without a slash at the end.
    pub wwwroot: String,
    /// Every plugin that is installed, by component, with its version as text.
    pub plugins: BTreeMap<String, String>,
    /// Modules that cannot be backed up (no `FEATURE_BACKUP_MOODLE2`), without `mod_`.
    #[serde(default)]
    pub without_backup: BTreeSet<String>,
    /// Short names of its roles.
    pub roles: BTreeSet<String>,
    /// Bytes that are free where its contents lie (`filedir`); none where it cannot be asked.
    #[serde(default)]
    pub free_bytes: Option<u64>,
    /// Bytes that are free where backups are unpacked; none where it cannot be asked.
    #[serde(default)]
    pub free_temp_bytes: Option<u64>,
    /// All categories.
    #[serde(default)]
    pub categories: Vec<CategoryFacts>,
    /// Every course's short name and id number, without the front page.
    #[serde(default)]
    pub courses: Vec<Identity>,
    /// Shorn of accents and case, does the database compare texts as equal (`utf8mb4_unicode_ci`)? Then short names clash sooner.
    #[serde(default)]
    pub insensitive: bool,
}

/// What a course is called, and by what it is not to be taken for another.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Identity {
    /// Its id.
    pub id: CourseId,
    /// Its short name.
    pub shortname: String,
    /// Its id number; empty where it has none.
    #[serde(default)]
    pub idnumber: String,
    /// The mark of a copy that a session made: the unit it is the copy of (`provost_archive` in `config_plugins`).
    #[serde(default)]
    pub copy_of: Option<String>,
}

/// A category.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CategoryFacts {
    /// Its id.
    pub id: i64,
    /// The category that it is in; 0 at the top.
    pub parent: i64,
    /// Its name.
    pub name: String,
    /// Its id number; empty where it has none.
    #[serde(default)]
    pub idnumber: String,
    /// Whether it is visible by its own setting.
    pub visible: bool,
}
