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
#[error("the copy differs from the course: {}{}", names(left), since(*changes))]
pub struct Unsettled {
    /// What nobody accepted. Never empty.
    pub left: Vec<Difference>,
    /// Changes that people made in the course after its backup, as its log has them: no copy of that backup has them.
    pub changes: u64,
}

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
        if left.is_empty() {
            Ok(Clean { comparison: self, settled })
        } else {
            Err(Unsettled { left, changes: self.source.changes_since })
        }
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

/// What a copy of an older backup cannot have, and what to do about it.
fn since(changes: u64) -> String {
    let times = match changes {
        0 => return String::new(),
        1 => "once".to_owned(),
        many => format!("{many} times"),
    };
    format!(
        "; the course was changed {times} after its backup: give this copy up (`archive cancel`) and archive it again"
    )
}

/// All of them: nobody can accept what he is not told, and this line is all that the registry keeps of a proof that failed.
fn names(differences: &[Difference]) -> String {
    differences.iter().map(|each| format!("{} ({})", each.name, each.rows)).collect::<Vec<_>>().join(", ")
}
