//! How a unit stands in its phase.

use serde::{Deserialize, Serialize};

use super::phase::Phase;

/// How a unit stands in its phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// May be claimed for its phase, once its time has come.
    Waiting,
    /// Held by a worker that works on its phase.
    Running,
    /// The phase failed; may be claimed again, once its time has come.
    Failed,
    /// Waits for a person.
    Parked,
    /// Left out by a person.
    Skipped,
    /// Has been through all the phases that it was to go through.
    Done,
    /// Given up: what was done at both ends is to be undone.
    Cancelling,
    /// Held by a worker that undoes it.
    Undoing,
    /// Undoing failed too often: waits for a person.
    Stuck,
    /// Given up, and both ends are as before.
    Undone,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 10] = [
        Self::Waiting,
        Self::Running,
        Self::Failed,
        Self::Parked,
        Self::Skipped,
        Self::Done,
        Self::Cancelling,
        Self::Undoing,
        Self::Stuck,
        Self::Undone,
    ];

    /// The word that stands in the tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Failed => "failed",
            Self::Parked => "parked",
            Self::Skipped => "skipped",
            Self::Done => "done",
            Self::Cancelling => "cancelling",
            Self::Undoing => "undoing",
            Self::Stuck => "stuck",
            Self::Undone => "undone",
        }
    }

    /// The state of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether a worker holds the unit.
    pub const fn is_held(self) -> bool {
        matches!(self, Self::Running | Self::Undoing)
    }

    /// Whether a worker may take the unit.
    pub const fn is_claimable(self) -> bool {
        matches!(self, Self::Waiting | Self::Failed | Self::Cancelling)
    }

    /// Whether nothing happens to the unit any more unless a person says so.
    pub const fn is_settled(self) -> bool {
        !self.is_held() && !self.is_claimable()
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

/// Where a unit is: its phase, and how it stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The phase that is next, at work, or the last one that was done.
    pub phase: Phase,
    /// How it stands in it.
    pub state: State,
}

impl Place {
    /// Where every unit begins.
    pub const START: Self = Self { phase: Phase::Prepare, state: State::Waiting };
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} in phase {}", self.state, self.phase)
    }
}
