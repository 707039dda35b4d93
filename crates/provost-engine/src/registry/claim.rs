//! Claims: who holds a unit, until when, and what may be said of it.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::phase::Phase;
use super::session::{SessionId, SessionState};
use super::state::Place;
use super::unit::{Seq, Unit, Wish};

/// A number that is higher for every later claim of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fence(pub i64);

/// What a worker would take.
#[derive(Debug, Clone, PartialEq)]
pub struct Claiming {
    /// Who asks: unique among all workers of all machines, and told again in the events.
    pub worker: String,
    /// Its time.
    pub now: Timestamp,
    /// How long it holds the unit without a word.
    pub lease: Duration,
    /// Only these phases. What is to be undone is given out whatever they are.
    pub phases: Vec<Phase>,
    /// Only units whose upper bound is at most so many seconds: what still fits into the window.
    pub fits_s: Option<f64>,
    /// Only this unit.
    pub only: Option<Seq>,
    /// A unit that was lost so often in one phase is parked when it is found again.
    pub park_after_losses: i32,
}

impl Claiming {
    /// How often a unit's worker may die with it. More than a unit may fail: whoever kills workers at random hits innocent units too.
    pub const LOSSES: i32 = 5;

    /// Anything.
    pub fn any(worker: impl Into<String>, now: Timestamp, lease: Duration) -> Self {
        Self {
            worker: worker.into(),
            now,
            lease,
            phases: Phase::ALL.to_vec(),
            fits_s: None,
            only: None,
            park_after_losses: Self::LOSSES,
        }
    }
}

/// A unit that is held.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Claim {
    /// By which right.
    pub held: Held,
    /// The unit as it stands now: `Running`, or `Undoing` if it is to be undone.
    pub unit: Unit,
    /// Whether its phase was started before, by this worker or another: look for the phase's effect first.
    pub taken_over: bool,
}

/// The right to say something of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held {
    /// Its session.
    pub session: SessionId,
    /// The unit.
    pub unit: Seq,
    /// The number of the claim.
    pub fence: Fence,
    /// Who holds it.
    pub worker: String,
}

/// What a worker hears when it says that it is alive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Beat {
    /// What is wished of the unit.
    pub wish: Option<Wish>,
    /// How the session stands.
    pub session: SessionState,
    /// The version of its orders.
    pub orders_version: i64,
}

/// What came of a phase that ended well.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// When.
    pub now: Timestamp,
    /// What was seen of its effect, JSON or a line.
    pub evidence: String,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// What was found out on the way.
    pub findings: Findings,
}

/// What is found out of a unit while it is worked on; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Findings {
    /// Id at the target.
    pub target_id: Option<i64>,
    /// Its size in bytes.
    pub bytes: Option<i64>,
    /// Bytes moved, to be added to those before.
    pub moved_bytes: Option<i64>,
    /// A better prediction of the whole, in seconds.
    pub predicted_s: Option<f64>,
    /// A better upper bound, in seconds.
    pub upper_s: Option<f64>,
    /// The source is not deleted before.
    pub quarantine_until: Option<Timestamp>,
    /// Facts and place, replacing those before.
    pub facts: Option<serde_json::Value>,
}

/// What a worker wants of a unit whose phase ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// To go on with the next phase, holding it until then.
    GoOn {
        /// Held until.
        until: Timestamp,
    },
    /// To let it go.
    LetGo {
        /// Not to be claimed before.
        not_before: Option<Timestamp>,
    },
}

/// That a phase, or an undoing, failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// When.
    pub now: Timestamp,
    /// The whole chain of causes.
    pub error: String,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Not to be claimed again before; `None`: it cannot succeed, a person is needed.
    pub retry_at: Option<Timestamp>,
    /// Parked when it failed so often in one phase, this time counted.
    pub park_after: i32,
    /// What was found out on the way.
    pub findings: Findings,
    /// The phase had changed nothing yet. A phase that was started for the first time is then as if it had not been, so that a course whose
    /// copy differs just before its original is deleted can still be given up. Where another worker had started it before, this says
    /// nothing: that one may only be asleep.
    pub untouched: bool,
}

impl Failure {
    /// How often a phase is tried before the unit waits for a person.
    pub const TRIES: i32 = 3;
}

/// Where a unit is after something was said of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Where.
    pub place: Place,
    /// Whether the worker still holds it. A wish may have taken it away.
    pub held: bool,
    /// Whether it had been recorded before: this was said again, because the answer was lost.
    pub again: bool,
}

/// A worker that holds units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Owner {
    /// Who.
    pub worker: String,
    /// How many units.
    pub units: i64,
    /// The earliest end of its leases.
    pub lease_until: Option<Timestamp>,
}
