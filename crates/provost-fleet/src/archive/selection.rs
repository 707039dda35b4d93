//! Which courses a session takes.

use std::collections::BTreeMap;
use std::time::Duration;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::Sliding;

/// Courses that one root leads to and that pass all filters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// Where to look.
    pub root: Root,
    /// What a course must be besides.
    pub filters: Filters,
}

/// Where a selection looks for courses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Root {
    /// The whole site: only filters were given.
    Site,
    /// `category`: the categories whose path fits a pattern (`/Sessions/{year-1}`, `/*/Archive`, each part a glob; `\/` is a
    /// slash in a name).
    Category {
        /// The pattern.
        path: Sliding,
        /// Whether courses of categories below it are taken too. Default true.
        below: bool,
    },
    /// `courses`: a list (CSV) with a column `id`, `shortname` or `idnumber`; a relative path starts at the fleet file.
    List(Utf8PathBuf),
}

/// What a course must be; all that is given must hold. Patterns have `*` and `?` and know the year.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Filters {
    /// Pattern of its short name.
    pub shortname: Option<Sliding>,
    /// Pattern of its full name.
    pub fullname: Option<Sliding>,
    /// Pattern of its id number.
    pub idnumber: Option<Sliding>,
    /// It began before. A course without a start date did not.
    pub started_before: Option<Age>,
    /// It ended before. A course without an end date did not.
    pub ended_before: Option<Age>,
    /// Nobody was in it since. One where nobody ever was counts from its making.
    pub unused_since: Option<Age>,
    /// It has every one of these tags.
    pub tags: Vec<Sliding>,
    /// Patterns of its custom fields' values, by the fields' short names.
    pub customfields: BTreeMap<String, Sliding>,
    /// Its files have at least so many MiB.
    pub at_least_mib: Option<u32>,
    /// Its files have at most so many MiB.
    pub at_most_mib: Option<u32>,
    /// Whether it is visible.
    pub visible: Option<bool>,
    /// Its course format, such as `topics`.
    pub format: Option<String>,
    /// Whether every enrolment in it has ended or is suspended; one without any has ended.
    pub enrolments_ended: Option<bool>,
}

/// A moment in the past.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Age {
    /// `"2024-08-31"`, `"{year-1}-08-31"`: the beginning of a day.
    Date(Sliding),
    /// `"365d"`: so long before the session starts.
    Ago(Duration),
}
