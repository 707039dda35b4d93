//! Why a phase did not end well, and what that means.

use jiff::Timestamp;

use crate::census::{Kind, Unsettled};
use crate::ends::{EndError, KeyError};
use crate::receipt::ReceiptError;

/// Why a phase did not end well.
#[derive(Debug, thiserror::Error)]
pub enum PhaseError {
    /// An end could not do its part.
    #[error(transparent)]
    End(#[from] EndError),
    /// The copy is not what the course is.
    #[error(transparent)]
    Differs(#[from] Unsettled),
    /// There is no receipt, or it proves nothing about this unit.
    #[error("the receipt does not let the course go")]
    Receipt(#[from] ReceiptError),
    /// The registry has no receipt of a unit that is past its proof.
    #[error("there is no receipt of this course")]
    NoReceipt,
    /// The receipt that was just made is not verified by the key that made it.
    #[error("the receipt that was made cannot be verified")]
    Unverified(#[from] provost_engine::registry::ReceiptError),
    /// It is too early, or a person has not said yes.
    #[error("{why}")]
    NotYet {
        /// What it waits for.
        why: String,
        /// Until when, where time alone will do.
        until: Option<Timestamp>,
    },
    /// It hangs.
    #[error("it took {seconds:.0} s, where at most {expected:.0} s were expected, and was broken off")]
    Hung {
        /// What it had taken when it was broken off.
        seconds: f64,
        /// The upper bound of what was expected.
        expected: f64,
    },
    /// It takes longer than a window is open.
    #[error(
        "it took {seconds:.0} s, all the time that its window was open, and was broken off; it needs a longer window"
    )]
    LongerThanWindow {
        /// What it had taken when it was broken off.
        seconds: f64,
    },
    /// The unit's row lacks what an earlier phase leaves there.
    #[error("the registry lacks {0} of this unit")]
    Incomplete(&'static str),
    /// The unit's facts are of no shape that this program knows.
    #[error("the registry's facts of this unit cannot be read")]
    Dossier(#[source] serde_json::Error),
    /// The fleet's id can be no part of a name.
    #[error("the fleet's id is not fit to name units")]
    Key(#[from] KeyError),
}

/// What a failure means for the unit, and for the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// The same may go well the next time.
    Passing,
    /// A person is needed for this unit.
    Course,
    /// No unit can go on now.
    Platform,
    /// Nothing is wrong: it is not time yet.
    NotYet,
    /// The command was ended.
    Interrupted,
}

impl PhaseError {
    /// What it means.
    pub fn weight(&self) -> Weight {
        match self {
            Self::End(EndError::Passing { .. }) | Self::Hung { .. } | Self::LongerThanWindow { .. } => {
                Weight::Passing
            }
            Self::End(EndError::Platform { .. }) => Weight::Platform,
            Self::End(EndError::Interrupted) => Weight::Interrupted,
            // A course that was still changing can be counted again.
            Self::Differs(Unsettled { left, .. }) if left.iter().all(|each| each.kind == Kind::Unrest) => {
                Weight::Passing
            }
            Self::NotYet { .. } | Self::End(EndError::Busy { .. }) => Weight::NotYet,
            Self::End(EndError::Course { .. } | EndError::Refused { .. })
            | Self::Differs(_)
            | Self::Receipt(_)
            | Self::NoReceipt
            | Self::Unverified(_)
            | Self::Incomplete(_)
            | Self::Dossier(_)
            | Self::Key(_) => Weight::Course,
        }
    }

    /// Whether it was found before anything was touched, in a phase that looks first: compared is what is still whole.
    pub(crate) fn is_before_it_began(&self) -> bool {
        matches!(self, Self::Differs(_) | Self::End(EndError::Refused { .. }))
    }

    pub(super) fn still_there(course: i64) -> Self {
        EndError::passing(format!("the course {course} is still at the target")).into()
    }
}
