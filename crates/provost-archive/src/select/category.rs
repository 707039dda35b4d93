//! Categories by the pattern of their path.

use std::fmt;

use provost_fleet::archive::Sliding;
use provost_fleet::selector::Glob;

use super::Started;
use crate::course::CourseFacts;

/// The categories whose path fits a pattern, and perhaps what is below them.
pub(super) struct Categories {
    parts: Vec<Glob>,
    below: bool,
}

impl Categories {
    pub(super) fn new(path: &Sliding, below: bool, started: &Started) -> Self {
        let parts = path.segments().into_iter().map(|part| Glob::new(started.text(&part)));
        Self { parts: parts.collect(), below }
    }

    /// How many of a course's categories lead to one that fits, if one does.
    pub(super) fn lead_to(&self, course: &CourseFacts) -> Option<usize> {
        let length = self.parts.len();
        let deep = match self.below {
            true => course.category.len() >= length,
            false => course.category.len() == length,
        };
        let fits = deep && self.parts.iter().zip(&course.category).all(|(part, own)| part.matches(&own.name));
        fits.then_some(length)
    }
}

impl fmt::Display for Categories {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.parts.is_empty() {
            return f.write_str("/");
        }
        self.parts.iter().try_for_each(|part| write!(f, "/{}", part.to_string().replace('/', "\\/")))
    }
}
