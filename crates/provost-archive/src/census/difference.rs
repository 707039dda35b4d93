//! Differences, and what it means that there are none left.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Accepted, Census};

/// What kind of difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Rows of the source that the target has not got.
    Missing,
    /// Rows of the target that the source has not got.
    Extra,
    /// Rows that are at both ends and not the same.
    Changed,
    /// A whole table, or columns of one, that the target's Moodle has not got.
    Absent,
    /// A plugin's data that nobody can compare.
    NotCompared,
    /// One end was not at rest.
    Unrest,
    /// A file whose content a site has not got.
    ContentMissing,
}

/// One difference between source and target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// Its name, which a declaration can accept: `missing:forum_posts`, `changed:quiz.timelimit`, `not-compared:mod_attendance`.
    pub name: String,
    /// What kind.
    pub kind: Kind,
    /// The table, or the plugin.
    pub subject: String,
    /// How many rows.
    pub rows: u64,
    /// Some of them, for people; at most [`super::MOST_EXAMPLES`].
    pub examples: Vec<Example>,
}

/// A row that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// Which row: the values that name it.
    pub row: BTreeMap<String, String>,
    /// Columns that differ: the source's value and the target's. Empty where the row is at one end only.
    pub columns: BTreeMap<String, (String, String)>,
}

/// Two censuses, compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// The source.
    pub source: Census,
    /// The target.
    pub target: Census,
    /// Every difference, by name.
    pub differences: Vec<Difference>,
}

/// A difference that somebody accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settled {
    /// The difference's name.
    pub name: String,
    /// How many rows.
    pub rows: u64,
    /// The reason: of the built-in list, or the pattern of the declaration.
    pub reason: String,
}

/// A comparison in which nothing is left that nobody accepted. Only [`Comparison::settle`] makes one, and only from this a receipt can
/// be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clean {
    comparison: Comparison,
    settled: Vec<Settled>,
}

/// Differences that nobody accepted: the unit stops.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the copy differs from the course: {}", names(.0))]
pub struct Unsettled(pub Vec<Difference>);

impl Comparison {
    /// Looks whether every difference is accepted.
    pub fn settle(self, accepted: &Accepted) -> Result<Clean, Unsettled> {
        let mut settled = Vec::new();
        let mut left = Vec::new();
        for difference in &self.differences {
            match accepted.reason(difference) {
                Some(reason) => {
                    settled.push(Settled { name: difference.name.clone(), rows: difference.rows, reason });
                }
                None => left.push(difference.clone()),
            }
        }
        if left.is_empty() { Ok(Clean { comparison: self, settled }) } else { Err(Unsettled(left)) }
    }
}

impl Clean {
    /// The censuses and differences.
    pub fn comparison(&self) -> &Comparison {
        &self.comparison
    }

    /// What was accepted, and why.
    pub fn settled(&self) -> &[Settled] {
        &self.settled
    }
}

/// At most five names are told in one line; the rest is in the list.
fn names(differences: &[Difference]) -> String {
    const MOST: usize = 5;
    let mut text: Vec<String> =
        differences.iter().take(MOST).map(|each| format!("{} ({})", each.name, each.rows)).collect();
    if differences.len() > MOST {
        text.push(format!("and {} more", differences.len() - MOST));
    }
    text.join(", ")
}
