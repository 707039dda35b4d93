//! Which differences stop nobody, and why.

use super::{Difference, Kind};

/// A difference that core's own backup and restore always make, and that loses nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltIn {
    /// The difference's name.
    pub name: &'static str,
    /// Why it is no loss.
    pub reason: &'static str,
}

/// Differences that are accepted without being declared. `docs/census.md` has the same list; a test compares.
pub const BUILT_IN: &[BuiltIn] = &[
    BuiltIn {
        name: "missing:logstore_standard_log.strangers",
        reason: "rows of the log that name the system, or somebody who takes no other part in the course, or an activity that is \
                 gone: core's backup or restore leaves them out",
    },
    BuiltIn {
        name: "missing:grade_grades_history.course",
        reason: "the history of totals and of grades without an activity: core's restore leaves it out of a course with more than \
                 one category of grades; the grades themselves are compared",
    },
];

/// What a declaration accepts, besides the built-in list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accepted {
    patterns: Vec<String>,
}

impl Accepted {
    /// Of the names in a declaration. `*` at the end of a name stands for anything: `not-compared:mod_*`.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self { patterns: names.into_iter().collect() }
    }

    /// Why a difference is accepted, if it is. Unrest never is: a course that is still changing can be counted again.
    pub fn reason(&self, difference: &Difference) -> Option<String> {
        if difference.kind == Kind::Unrest {
            return None;
        }
        if let Some(built_in) = BUILT_IN.iter().find(|each| each.name == difference.name) {
            return Some(built_in.reason.to_owned());
        }
        let pattern = self.patterns.iter().find(|pattern| fits(pattern, &difference.name))?;
        Some(format!("accepted as `{pattern}`"))
    }
}

/// Whether a name is what a pattern says.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}
