//! `moodle_backup.xml`: what a backup says of itself.

use std::collections::BTreeMap;
use std::io::Read;

use serde::{Deserialize, Serialize};

use super::MbzError;
use super::xml::{Leaf, leaves};

/// The file's name.
const FILE: &str = "moodle_backup.xml";

/// The most settings that are kept. A course of 1,000 activities has 2,000 and some.
const MOST_SETTINGS: usize = 1_000_000;

/// What a backup says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Information {
    /// The site's version: `2025041400`.
    pub moodle_version: String,
    /// The site's release: `5.0 (Build: 20250414)`.
    pub moodle_release: String,
    /// The site's address.
    pub wwwroot: String,
    /// The digest of the site's identifier.
    pub site: String,
    /// The course's id at the source.
    pub course: Option<i64>,
    /// The course's short name.
    pub shortname: String,
    /// The course's full name.
    pub fullname: String,
    /// Core's own id of the backup.
    pub backup_id: String,
    /// `moodle2` and `course`, where it is a backup of a course.
    pub format: String,
    /// What was backed up: `course`, `section`, `activity`.
    pub kind: String,
    /// Whether the backup has contents of files with it.
    pub include_files: bool,
    /// Activities in it.
    pub activities: u64,
    /// The settings of its root.
    pub settings: BTreeMap<String, String>,
}

impl Information {
    /// Reads it.
    ///
    /// # Errors
    /// When it is broken or is not of a backup in Moodle's own format.
    pub fn read(from: impl Read) -> Result<Self, MbzError> {
        let mut found = Self::default();
        let (mut level, mut name, mut value) = (String::new(), String::new(), String::new());
        let mut seen = false;
        let keep = |path: &[String]| path.len() >= 3 && path[1] == "information";
        leaves(FILE, from, keep, |path, leaf| {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            match (path.as_slice(), leaf) {
                (["moodle_backup"], Leaf::Open) => seen = true,
                (["moodle_backup", "information", field], Leaf::Text(text)) => found.set(field, text),
                (["moodle_backup", "information", "details", "detail", field], Leaf::Text(text)) => {
                    match *field {
                        "type" => text.trim().clone_into(&mut found.kind),
                        "format" => text.trim().clone_into(&mut found.format),
                        _ => {}
                    }
                }
                (["moodle_backup", "information", "contents", "activities", "activity"], Leaf::Close) => {
                    found.activities += 1;
                }
                (["moodle_backup", "information", "settings", "setting", field], Leaf::Text(text)) => {
                    match *field {
                        "level" => text.trim().clone_into(&mut level),
                        "name" => text.trim().clone_into(&mut name),
                        "value" => text.clone_into(&mut value),
                        _ => {}
                    }
                }
                (["moodle_backup", "information", "settings", "setting"], Leaf::Close)
                    if level == "root" && found.settings.len() < MOST_SETTINGS =>
                {
                    found.settings.insert(std::mem::take(&mut name), std::mem::take(&mut value));
                }
                _ => {}
            }
            Ok(())
        })?;
        let broken = |what: &str| Err(MbzError::Xml { file: FILE, what: what.to_owned() });
        if !seen || found.moodle_version.is_empty() {
            return broken("it does not say which Moodle made it");
        }
        if found.format != "moodle2" {
            return broken("it is not in Moodle's own format");
        }
        Ok(found)
    }

    fn set(&mut self, field: &str, text: &str) {
        let text = text.trim();
        match field {
            "moodle_version" => text.clone_into(&mut self.moodle_version),
            "moodle_release" => text.clone_into(&mut self.moodle_release),
            "original_wwwroot" => text.clone_into(&mut self.wwwroot),
            "original_site_identifier_hash" => text.clone_into(&mut self.site),
            "original_course_id" => self.course = text.parse().ok(),
            "original_course_shortname" => text.clone_into(&mut self.shortname),
            "original_course_fullname" => text.clone_into(&mut self.fullname),
            "name" => {}
            "backup_uniqueid" => text.clone_into(&mut self.backup_id),
            "include_files" => self.include_files = text == "1",
            _ => {}
        }
    }
}

/// The text of a `moodle_backup.xml` whose `include_files` is 1, and nothing else changed. `None` where there is no such element, or more
/// than one: core writes exactly one, and what users write cannot look like it, for their `<` is escaped.
pub fn with_files_included(xml: &str) -> Option<String> {
    const OPEN: &str = "<include_files>";
    const CLOSE: &str = "</include_files>";
    let from = xml.find(OPEN)? + OPEN.len();
    let to = from + xml.get(from..)?.find(CLOSE)?;
    if xml.get(to..)?.contains(OPEN) || !matches!(xml.get(from..to)?.trim(), "0" | "1") {
        return None;
    }
    Some(format!("{}1{}", xml.get(..from)?, xml.get(to..)?))
}
