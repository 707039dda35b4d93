//! What a person may order for units.

use jiff::Timestamp;
use serde::Serialize;

use super::phase::Phase;
use super::state::State;
use super::unit::Seq;

/// Which units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Selection {
    /// All of the session.
    All,
    /// Those in one of these states.
    In(Vec<State>),
    /// Those in this phase and one of these states.
    At(Phase, Vec<State>),
    /// These.
    Units(Vec<Seq>),
}

/// What is ordered for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Command {
    /// Try again what failed, was parked, left out, or is stuck, with a clean slate.
    Retry,
    /// Leave out.
    Skip,
    /// Let it wait for a person.
    Park,
    /// Let it wait for a person, who is told why.
    ParkBecause(String),
    /// Give up and undo.
    Cancel,
    /// Allow that the source is deleted, when its quarantine has passed.
    Approve,
    /// Go further than it was to go at first: hide or delete the sources of a session that kept them.
    Extend(Phase),
    /// Higher goes first.
    Priority(i32),
    /// Not to be claimed before; `None`: at once.
    NotBefore(Option<Timestamp>),
}
