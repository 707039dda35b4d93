//! The report of a session, as HTML and CSV, written row by row: a session may have 400,000 units.

mod csv;
mod figures;
mod html;

pub use csv::Csv;
pub use figures::{duration, size};
pub use html::Html;

use jiff::Timestamp;
use provost_engine::registry::{Session, Totals, Unit};
use serde::Serialize;

/// What a report says first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Head {
    /// The session's name.
    pub name: String,
    /// The source's name.
    pub from: String,
    /// The target's name.
    pub to: String,
    /// How the session stands.
    pub state: String,
    /// When it began.
    pub began: Timestamp,
    /// When the report was written.
    pub written: Timestamp,
    /// How many units are where.
    pub totals: Totals,
}

impl Head {
    /// Of a session between two sites.
    pub fn of(session: &Session, from: &str, to: &str, totals: Totals, written: Timestamp) -> Self {
        Self {
            name: session.name.clone(),
            from: from.to_owned(),
            to: to.to_owned(),
            state: session.state.word().to_owned(),
            began: session.created_at,
            written,
            totals,
        }
    }
}

/// A unit's line.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Row {
    /// Its number in the session.
    pub number: i64,
    /// The course's short name.
    pub course: String,
    /// Its id at the source.
    pub source_id: Option<i64>,
    /// Its id at the target.
    pub target_id: Option<i64>,
    /// The path that it lies at, or shall.
    pub place: String,
    /// The phase that is next, at work, or the last one that was done.
    pub phase: String,
    /// How it stands in it.
    pub state: String,
    /// How often that phase was started.
    pub attempts: i32,
    /// Size in bytes.
    pub bytes: i64,
    /// Bytes that were moved.
    pub moved_bytes: i64,
    /// Predicted duration, in seconds.
    pub predicted_s: f64,
    /// Real duration, in seconds.
    pub real_s: f64,
    /// Whether its receipt is kept.
    pub proved: bool,
    /// The last error.
    pub error: Option<String>,
}

impl Row {
    /// Of a unit that lies at a path, or shall.
    pub fn of(unit: &Unit, place: impl Into<String>) -> Self {
        Self {
            number: unit.seq + 1,
            course: unit.label.clone(),
            source_id: unit.source_id,
            target_id: unit.target_id,
            place: place.into(),
            phase: unit.place.phase.word().to_owned(),
            state: unit.place.state.word().to_owned(),
            attempts: unit.attempts,
            bytes: unit.bytes,
            moved_bytes: unit.moved_bytes,
            predicted_s: unit.predicted_s,
            real_s: unit.real_s,
            proved: unit.proved,
            error: unit.error.clone(),
        }
    }

    /// Whether somebody has to look at it.
    pub fn is_trouble(&self) -> bool {
        matches!(self.state.as_str(), "failed" | "parked" | "stuck")
    }
}

#[cfg(test)]
mod tests;
