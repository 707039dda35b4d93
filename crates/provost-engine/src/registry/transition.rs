//! What may follow on what: one pure, total function.

use super::phase::Phase;
use super::state::{Place, State};

/// What happens to a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// A worker took it.
    Started,
    /// Its holder's lease ran out.
    Lost,
    /// Its holder let it go, with nothing wrong.
    Released,
    /// Its phase ended well. `goal` is the last phase that it is to go through. Not for `prove`.
    Finished {
        /// The last phase that it is to go through.
        goal: Phase,
    },
    /// Phase `prove` ended well, and the receipt is kept.
    Proved {
        /// The last phase that it is to go through.
        goal: Phase,
    },
    /// Its phase failed, or its undoing; it may be tried again.
    Failed,
    /// It waits for a person: it failed too often, cannot succeed, or a person said so.
    Parked,
    /// A person leaves it out.
    Skipped,
    /// A person lets it be tried again.
    Retried,
    /// A person gives it up. `begun`: whether its present phase was ever started.
    Cancelled {
        /// Whether its present phase was ever started.
        begun: bool,
    },
    /// A worker took it to undo it.
    UndoStarted,
    /// Both ends are as before.
    UndoFinished,
    /// It is to go further than it was to go at first.
    Extended {
        /// The last phase that it is to go through from now on.
        goal: Phase,
    },
    /// A person allows that its source is deleted. Moves nothing.
    Approved,
    /// A person wishes something of it while it is held. Moves nothing.
    Wished,
    /// Something worth keeping. Moves nothing.
    Note,
}

impl Move {
    /// The word that stands in the events.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Lost => "lost",
            Self::Released => "released",
            Self::Finished { .. } => "finished",
            Self::Proved { .. } => "proved",
            Self::Failed => "failed",
            Self::Parked => "parked",
            Self::Skipped => "skipped",
            Self::Retried => "retried",
            Self::Cancelled { .. } => "cancelled",
            Self::UndoStarted => "undo_started",
            Self::UndoFinished => "undo_finished",
            Self::Extended { .. } => "extended",
            Self::Approved => "approved",
            Self::Wished => "wished",
            Self::Note => "note",
        }
    }
}

/// A move that cannot be made from where the unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a unit that is {at} cannot be {}", by.word())]
pub struct Illegal {
    /// Where it is.
    pub at: Place,
    /// What was to be done.
    pub by: Move,
}

/// Where a unit is after a move. Pure and total.
///
/// No move leads to an earlier phase, and a phase is left only by having ended well. After `Finished` and `Proved` the unit is still
/// held (`Running` in the next phase), unless it reached its goal or is to be deleted next.
///
/// # Errors
/// When the move cannot be made from there.
pub fn transition(at: Place, by: Move) -> Result<Place, Illegal> {
    use State as S;
    let illegal = Illegal { at, by };
    let stay = |state| Ok(Place { phase: at.phase, state });
    match (at.state, by) {
        (_, Move::Note | Move::Wished) => Ok(at),
        (S::Waiting | S::Failed, Move::Started) => stay(S::Running),
        (S::Running, Move::Lost | Move::Released) => stay(S::Waiting),
        (S::Running, Move::Finished { goal }) if at.phase != Phase::Prove => {
            onward(at.phase, goal, S::Running, illegal)
        }
        (S::Running, Move::Proved { goal }) if at.phase == Phase::Prove => {
            onward(at.phase, goal, S::Running, illegal)
        }
        (S::Running, Move::Failed) => stay(S::Failed),
        (S::Waiting | S::Running | S::Failed, Move::Parked) => stay(S::Parked),
        (S::Waiting | S::Failed | S::Parked, Move::Skipped) => stay(S::Skipped),
        (S::Failed | S::Parked | S::Skipped, Move::Retried) => stay(S::Waiting),
        (S::Stuck, Move::Retried) | (S::Undoing, Move::Lost | Move::Released | Move::Failed) => {
            stay(S::Cancelling)
        }
        (S::Waiting | S::Failed | S::Parked | S::Skipped | S::Done, Move::Cancelled { begun }) => {
            given_up(at, begun, illegal)
        }
        (S::Cancelling, Move::UndoStarted) => stay(S::Undoing),
        (S::Undoing, Move::UndoFinished) => stay(S::Undone),
        (S::Undoing | S::Cancelling, Move::Parked) => stay(S::Stuck),
        (S::Done, Move::Extended { goal }) if goal > at.phase => onward(at.phase, goal, S::Waiting, illegal),
        // What is gone at the source, or on its way to be undone, needs no approval any more.
        (S::Waiting | S::Running | S::Failed | S::Parked | S::Skipped, Move::Approved) => Ok(at),
        (S::Done, Move::Approved) if at.phase < Phase::Delete => Ok(at),
        _ => Err(illegal),
    }
}

/// The place after a phase that ended well.
fn onward(phase: Phase, goal: Phase, then: State, illegal: Illegal) -> Result<Place, Illegal> {
    match phase.next() {
        _ if phase >= goal => Ok(Place { phase, state: State::Done }),
        // Whoever hid a source does not delete it in the same breath: that is claimed anew, after its quarantine.
        Some(phase @ Phase::Delete) => Ok(Place { phase, state: State::Waiting }),
        Some(phase) => Ok(Place { phase, state: then }),
        None => Err(illegal),
    }
}

/// The place of a unit that is given up. Once the source may be gone there is no way back; before anything was begun there is nothing
/// to undo.
fn given_up(at: Place, begun: bool, illegal: Illegal) -> Result<Place, Illegal> {
    let begun = begun || at.state == State::Done;
    let state = match at.phase {
        Phase::Delete if begun => return Err(illegal),
        Phase::Prepare if !begun => State::Undone,
        _ => State::Cancelling,
    };
    Ok(Place { phase: at.phase, state })
}
