//! What a course is made of, counted and digested at both ends, and the differences.
//!
//! An end answers with one line per table of Moodle: how many rows of the course it holds, and one digest over all of them. No row
//! holds a number that one platform gave out: users, groups, activities, questions and files are written by names that both ends know
//! (`docs/census.md`). Two equal digests therefore mean that the table arrived row by row. Where they differ, the digests of the single
//! rows are compared, and the rows that differ are read, so that a difference has a name and an example.

mod accept;
mod ask;
mod compare;
mod detail;
mod difference;
mod end;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;

use provost_fleet::digest::Digest;
use serde::{Deserialize, Serialize};

pub use accept::{Accepted, BUILT_IN, BuiltIn};
pub use ask::{CensusAsk, Conditions, RowsAsk, Side, UserKey};
pub use compare::{CompareError, MOST_EXAMPLES, compare};
pub use difference::{Clean, Comparison, Difference, Example, Kind, Settled, Unsettled};
pub use end::{CensusEnd, Digests, Row, Rows, SiteEnd};

/// The version of what `archive.census` answers. Both ends must speak the same one.
pub const SCHEMA: u32 = 1;

/// A course as one end has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Census {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Moodle's version, e.g. `2025041400.00`.
    pub moodle: String,
    /// The course's number at this end.
    pub course: i64,
    /// The course's short name at this end, for people.
    pub shortname: String,
    /// What was counted, by table (or by a name of our own where the rows come from several, e.g. `files`).
    pub tables: BTreeMap<String, TableCensus>,
    /// Plugins with data in the course that nobody knows how to compare.
    pub not_compared: Vec<NotCompared>,
    /// Changes that people made in the course since the time from which rows of the log do not count, as the log has them. 0 where no time
    /// was said, and of a copy.
    #[serde(default)]
    pub changes_since: u64,
    /// Why the course was not at rest while it was counted, e.g. ad hoc tasks about it that wait. Empty: it was.
    pub unrest: Vec<String>,
    /// Files of the course.
    pub files: u64,
    /// Their unique contents, in bytes.
    pub bytes: u64,
    /// Contents that a file names and the site has not got: SHA-1 of each, at most 100.
    pub missing_contents: Vec<String>,
}

/// One table, as far as it belongs to the course.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableCensus {
    /// How many rows.
    pub rows: u64,
    /// SHA-256 over the sorted digests of its rows.
    pub digest: Digest,
    /// Columns that went into the digests, sorted.
    pub columns: Vec<String>,
    /// Those of them in which no row has anything: nothing is lost where the other end's Moodle has no such column.
    #[serde(default)]
    pub empty: Vec<String>,
}

/// Data that belongs to the course and is in no table that is compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotCompared {
    /// The plugin, e.g. `mod_attendance`.
    pub component: String,
    /// What of it is in the course, for people: `3 activities`, `2 blocks`.
    pub what: String,
}

impl Census {
    /// The digest of the whole, which goes into a receipt.
    pub fn digest(&self) -> Digest {
        let mut text = format!("census {}\n", self.schema);
        for (name, table) in &self.tables {
            text.push_str(&format!("{name} {} {} {}\n", table.rows, table.digest, table.columns.join(",")));
        }
        for each in &self.not_compared {
            text.push_str(&format!("not compared {} {}\n", each.component, each.what));
        }
        Digest::of(text.as_bytes())
    }
}
