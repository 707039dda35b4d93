//! Facts of courses. What a course's facts are is `provost_archive::course`'s to say; here they pass through.

use serde::{Deserialize, Serialize};

/// How much is told of each course.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// What a selection needs: names, category, dates, visibility, tags, custom fields, last access, enrolments all ended. Cheap: 1,000
    /// courses in about a second.
    Selection,
    /// Everything that is counted, too: files, activities, users, log rows, attempts, submissions, posts.
    #[default]
    Counts,
    /// And whether each content of its files can be read: one look at the file system for each.
    Contents,
}

/// Asks for courses, in the order of their ids.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoursesRequest {
    /// Only these; those that are not there are left out of the answer. Empty: all courses of the site but its front page.
    pub ids: Vec<i64>,
    /// Only those with a higher id: where the page before ended. 0 at first.
    pub after: i64,
    /// How many at most; the agent gives fewer where the answer would be too long.
    pub limit: u32,
    /// How much of each.
    pub detail: Detail,
}

/// Some courses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CoursePage<C> {
    /// Their facts.
    pub courses: Vec<C>,
    /// Where the next page begins; `None` after the last one.
    pub next: Option<i64>,
}
