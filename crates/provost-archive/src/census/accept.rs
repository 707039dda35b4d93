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
        reason: "rows of the log that name the system, or somebody who is not in the backup, or an activity that is gone: core's \
                 backup or restore leaves them out",
    },
    BuiltIn {
        name: "extra:grade_items.total",
        reason: "the total of a gradebook that nobody has looked at yet: the course has none, and core's restore makes one",
    },
    BuiltIn {
        name: "changed:user_lastaccess.timeaccess",
        reason: "who was in the course last, and when: every visit of the original after its backup, and of the copy, changes it",
    },
    BuiltIn { name: "missing:user_lastaccess", reason: "a first visit of the original after its backup" },
    BuiltIn { name: "extra:user_lastaccess", reason: "a first visit of the copy" },
];

/// What a declaration accepts, besides the built-in list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accepted {
    patterns: Vec<Pattern>,
}

/// A name, or the beginning of one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    text: String,
    /// Who accepts it and when, where it is not the declaration.
    by: Option<String>,
}

impl Accepted {
    /// Of the names in a declaration. `*` at the end of a name stands for anything: `not-compared:mod_*`.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self { patterns: names.into_iter().map(|text| Pattern { text, by: None }).collect() }
    }

    /// And one that a person accepts besides. `by` says who and when: it stands in receipts.
    #[must_use]
    pub fn and(mut self, name: &str, by: String) -> Self {
        self.patterns.push(Pattern { text: name.to_owned(), by: Some(by) });
        self
    }

    /// Why a difference is accepted, if it is. Unrest never is: a course that is still changing can be counted again.
    pub fn reason(&self, difference: &Difference) -> Option<String> {
        if difference.kind == Kind::Unrest {
            return None;
        }
        if let Some(built_in) = BUILT_IN.iter().find(|each| each.name == difference.name) {
            return Some(built_in.reason.to_owned());
        }
        let Pattern { text, by } = self.patterns.iter().find(|each| fits(&each.text, &difference.name))?;
        let by = by.as_ref().map(|by| format!(" {by}")).unwrap_or_default();
        Some(format!("accepted as `{text}`{by}"))
    }
}

/// Whether a name is what a pattern says.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}
