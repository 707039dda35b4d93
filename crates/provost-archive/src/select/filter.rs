//! What a course must be.

use provost_fleet::archive::{Filters, Sliding};
use provost_fleet::selector::Glob;

use super::{SelectError, Started};
use crate::course::CourseFacts;

/// Bytes of a mebibyte.
const MEBIBYTE: u64 = 1024 * 1024;

/// Filters with their years and moments filled in.
pub(super) struct Filter {
    shortname: Option<Glob>,
    fullname: Option<Glob>,
    idnumber: Option<Glob>,
    started_before: Option<i64>,
    ended_before: Option<i64>,
    unused_since: Option<i64>,
    /// In lower case: Moodle takes tags that differ in case alone for one.
    tags: Vec<String>,
    customfields: Vec<(String, Glob)>,
    at_least: Option<u64>,
    at_most: Option<u64>,
    visible: Option<bool>,
    format: Option<String>,
    enrolments_ended: Option<bool>,
}

impl Filter {
    pub(super) fn new(filters: &Filters, started: &Started) -> Result<Self, SelectError> {
        let glob = |pattern: &Sliding| Glob::new(started.text(pattern));
        let pattern = |pattern: &Option<Sliding>| pattern.as_ref().map(glob);
        let moment = |age: &Option<_>| age.as_ref().map(|age| started.moment(age)).transpose();
        let bytes = |mebibytes: Option<u32>| mebibytes.map(|size| u64::from(size) * MEBIBYTE);
        let fields = filters.customfields.iter().map(|(name, value)| (name.clone(), glob(value)));
        Ok(Self {
            shortname: pattern(&filters.shortname),
            fullname: pattern(&filters.fullname),
            idnumber: pattern(&filters.idnumber),
            started_before: moment(&filters.started_before)?,
            ended_before: moment(&filters.ended_before)?,
            unused_since: moment(&filters.unused_since)?,
            tags: filters.tags.iter().map(|tag| started.text(tag).to_lowercase()).collect(),
            customfields: fields.collect(),
            at_least: bytes(filters.at_least_mib),
            at_most: bytes(filters.at_most_mib),
            visible: filters.visible,
            format: filters.format.clone(),
            enrolments_ended: filters.enrolments_ended,
        })
    }

    /// Whether a course passes. What is not known does not: nothing is archived on a guess.
    pub(super) fn lets(&self, course: &CourseFacts) -> bool {
        self.names(course) && self.times(course) && self.content(course)
    }

    fn names(&self, course: &CourseFacts) -> bool {
        let fits =
            |pattern: &Option<Glob>, name: &str| pattern.as_ref().is_none_or(|pattern| pattern.matches(name));
        fits(&self.shortname, &course.shortname)
            && fits(&self.fullname, &course.fullname)
            && fits(&self.idnumber, &course.idnumber)
    }

    fn times(&self, course: &CourseFacts) -> bool {
        let before = |limit: Option<i64>, time: Option<i64>| {
            limit.is_none_or(|limit| time.is_some_and(|time| time < limit))
        };
        // Who made a course was in it, even where Moodle did not note it.
        let used = course.lastaccess.max(course.created);
        before(self.started_before, course.startdate)
            && before(self.ended_before, course.enddate)
            && before(self.unused_since, used)
    }

    fn content(&self, course: &CourseFacts) -> bool {
        let tags = || -> Vec<String> { course.tags.iter().map(|tag| tag.to_lowercase()).collect() };
        let field = |(name, pattern): &(String, Glob)| {
            course.customfields.get(name).is_some_and(|value| pattern.matches(value))
        };
        (self.tags.is_empty() || self.tags.iter().all(|tag| tags().contains(tag)))
            && self.customfields.iter().all(field)
            && self.at_least.is_none_or(|least| course.bytes >= least)
            && self.at_most.is_none_or(|most| course.bytes <= most)
            && self.visible.is_none_or(|visible| course.visible == visible)
            && self.format.as_ref().is_none_or(|format| *format == course.format)
            && self.enrolments_ended.is_none_or(|ended| course.enrolments_ended == ended)
    }
}
