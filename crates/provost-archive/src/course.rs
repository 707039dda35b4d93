//! What is known of a course before it is moved, and of the two sites.
//!
//! These are the answers of the agent's operations `archive.courses` ([`CourseFacts`], one per course) and `archive.site`
//! ([`SiteFacts`]). What only the detail of counts or contents brings is 0 without it. Numbers are whole, times are seconds since 1970 in
//! UTC, and what is not known is absent or null. Maps are JSON objects even when they are empty.

mod site;

pub use site::{CategoryFacts, Identity, SiteFacts};

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// A course's id in its site.
pub type CourseId = i64;

/// One course. Counts are of what is in the course, deleted things left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CourseFacts {
    /// Its id.
    pub id: CourseId,
    /// Its short name, which no other course of the site has.
    pub shortname: String,
    /// Its full name.
    pub fullname: String,
    /// Its id number; empty where it has none.
    #[serde(default)]
    pub idnumber: String,
    /// The categories that it is in, from the top one to its own.
    pub category: Vec<Category>,
    /// Whether it is visible by its own setting, whatever its categories are.
    pub visible: bool,
    /// Its course format, such as `topics`.
    pub format: String,
    /// When it was made.
    #[serde(default)]
    pub created: Option<i64>,
    /// When it begins; none where Moodle has 0.
    #[serde(default)]
    pub startdate: Option<i64>,
    /// When it ends; none where Moodle has 0.
    #[serde(default)]
    pub enddate: Option<i64>,
    /// When anybody was in it last (`user_lastaccess`).
    #[serde(default)]
    pub lastaccess: Option<i64>,
    /// Its tags, by their names.
    #[serde(default)]
    pub tags: Vec<String>,
    /// The values of its custom fields as people read them, by the fields' short names.
    #[serde(default)]
    pub customfields: BTreeMap<String, String>,
    /// Different contents of files in the course's contexts, in bytes; one that is there twice counts once.
    #[serde(default)]
    pub bytes: u64,
    /// How many different contents.
    #[serde(default)]
    pub files: u64,
    /// Activities by module, without `mod_`: `{"quiz": 3}`.
    #[serde(default)]
    pub activities: BTreeMap<String, u64>,
    /// Components that the course is made of and that the target must have: activities, blocks, the format, question types and
    /// behaviours, grading methods, enrolment methods, availability conditions.
    #[serde(default)]
    pub components: BTreeSet<String>,
    /// Short names of the roles that somebody has in it, or that are overridden in it.
    #[serde(default)]
    pub roles: BTreeSet<String>,
    /// People with an enrolment.
    #[serde(default)]
    pub users: u64,
    /// Whether no enrolment is in force: each has ended, is suspended, or its method is off. True where there are none.
    #[serde(default)]
    pub enrolments_ended: bool,
    /// Rows of the standard log.
    #[serde(default)]
    pub logs: u64,
    /// Attempts at quizzes.
    #[serde(default)]
    pub attempts: u64,
    /// Submissions to assignments.
    #[serde(default)]
    pub submissions: u64,
    /// Posts in forums.
    #[serde(default)]
    pub posts: u64,
    /// Files that are aliases, or lie outside the site (`files.referencefileid`).
    #[serde(default)]
    pub aliases: u64,
    /// Contents that the database names and the file system has not got.
    #[serde(default)]
    pub missing: u64,
    /// Activities whose module cannot be backed up (no `FEATURE_BACKUP_MOODLE2`), by module: core leaves them out unsaid. They are among
    /// `activities` too.
    #[serde(default)]
    pub left_out: BTreeMap<String, u64>,
    /// Questions that its activities use and that lie in question banks outside the course.
    #[serde(default)]
    pub foreign_questions: u64,
    /// What belongs to it and no backup takes along, by the words of `docs/census.md`; of a plugin's data how many rows, by its name.
    #[serde(default)]
    pub left_behind: BTreeMap<String, u64>,
    /// Places outside the course that draw questions from its banks.
    #[serde(default)]
    pub questions_elsewhere: u64,
}

/// A category on the way to a course.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Category {
    /// Its id.
    pub id: i64,
    /// Its name, which may hold anything, slashes too.
    pub name: String,
}

impl CourseFacts {
    /// The names of its categories, from the top one.
    pub fn path(&self) -> Vec<&str> {
        self.category.iter().map(|category| category.name.as_str()).collect()
    }

    /// All its activities.
    pub fn activity_count(&self) -> u64 {
        self.activities.values().sum()
    }
}

#[cfg(test)]
pub(crate) mod testing;
