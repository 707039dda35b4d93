//! What a receipt says.

use jiff::Timestamp;
use provost_fleet::digest::Digest;
use serde::{Deserialize, Serialize};

use super::ReceiptError;
use crate::census::{Clean, Settled};

/// The version of statements.
pub(super) const SCHEMA: u32 = 1;

/// A course at one end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// The site's name in the fleet.
    pub site: String,
    /// Its address.
    pub wwwroot: String,
    /// SHA-256 of its site identifier: what tells it from a clone of it.
    pub identifier: String,
    /// The course's number.
    pub course: i64,
    /// The course's short name.
    pub shortname: String,
}

/// Which unit a receipt is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// The fleet's id.
    pub fleet: String,
    /// The session's operation.
    pub operation: String,
    /// The unit's place in the session.
    pub unit: u64,
    /// Where the course came from.
    pub source: End,
    /// Where it lies.
    pub target: End,
}

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The version of this form.
    pub schema: u32,
    /// Which unit.
    pub about: About,
    /// When the comparison was made.
    pub proven_at: Timestamp,
    /// Moodle's version at the source.
    pub source_moodle: String,
    /// Moodle's version at the target.
    pub target_moodle: String,
    /// The digest of the source's census.
    pub source_census: Digest,
    /// The digest of the target's.
    pub target_census: Digest,
    /// Rows of the course that were compared.
    pub rows: u64,
    /// Files of the copy.
    pub files: u64,
    /// Their unique contents, in bytes.
    pub bytes: u64,
    /// Differences that were accepted, and why.
    pub accepted: Vec<Settled>,
}

impl Statement {
    /// Of a comparison that left nothing over.
    pub(super) fn of(clean: &Clean, about: About, proven_at: Timestamp) -> Self {
        let (source, target) = (&clean.comparison().source, &clean.comparison().target);
        Self {
            schema: SCHEMA,
            about,
            proven_at,
            source_moodle: source.moodle.clone(),
            target_moodle: target.moodle.clone(),
            source_census: source.digest(),
            target_census: target.digest(),
            rows: target.tables.values().map(|table| table.rows).sum(),
            files: target.files,
            bytes: target.bytes,
            accepted: clean.settled().to_vec(),
        }
    }
}

impl About {
    /// Says what is not the same. Short names and addresses may change in the quarantine, and identify nothing.
    pub(super) fn is(&self, asked: &Self) -> Result<(), ReceiptError> {
        let pairs = [
            ("the fleet", self.fleet.clone(), asked.fleet.clone()),
            ("the session", self.operation.clone(), asked.operation.clone()),
            ("the unit", self.unit.to_string(), asked.unit.to_string()),
            ("the source", self.source.identifier.clone(), asked.source.identifier.clone()),
            ("the source's course", self.source.course.to_string(), asked.source.course.to_string()),
            ("the target", self.target.identifier.clone(), asked.target.identifier.clone()),
            ("the target's course", self.target.course.to_string(), asked.target.course.to_string()),
        ];
        match pairs.into_iter().find(|(_, says, asked)| says != asked) {
            Some((field, says, asked)) => Err(ReceiptError::AboutAnother { field, says, asked }),
            None => Ok(()),
        }
    }
}
