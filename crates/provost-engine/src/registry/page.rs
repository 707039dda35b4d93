//! Pages of units, and events.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::claim::Fence;
use super::phase::Phase;
use super::state::{Place, State};
use super::unit::{Seq, Unit};

/// Which units, and how many at a time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Only those in this phase.
    pub phase: Option<Phase>,
    /// Only those in one of these states; all if empty.
    pub states: Vec<State>,
    /// Go on after a page.
    pub after: Option<Cursor>,
    /// At most so many, at least one.
    pub limit: u32,
}

/// The end of a page. With a filter units come in the order of place, then position; without one by position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Place of the last unit, where the query filters.
    pub place: Option<Place>,
    /// Position of the last unit.
    pub seq: Seq,
}

/// A page of units.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Page {
    /// The units.
    pub units: Vec<Unit>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Cursor>,
}

/// One line of a unit's history.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// Which unit.
    pub unit: Seq,
    /// Number among the unit's events, from 1.
    pub n: i64,
    /// When.
    pub at: Timestamp,
    /// How often the phase had been started.
    pub attempt: i64,
    /// Who said it.
    pub worker: String,
    /// By which claim; 0 for a person's.
    pub fence: Fence,
    /// The phase before.
    pub from: Phase,
    /// The phase after.
    pub to: Phase,
    /// What was said: a word of [`super::Move`].
    pub kind: String,
    /// With what evidence, or error.
    pub evidence: String,
    /// How long the phase took, in seconds, where it ended.
    pub seconds: Option<f64>,
}
