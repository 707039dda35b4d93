//! Sessions: operations whose units several workers share.

use jiff::Timestamp;
use provost_fleet::digest::Digest;
use serde::Serialize;

/// Identity of a session: an operation's.
pub type SessionId = crate::store::OperationId;

/// A session as it is made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NewSession {
    /// Its name in the fleet file, or one that was made up for it.
    pub name: String,
    /// Who asked for it.
    pub actor: String,
    /// What was asked for, JSON of the driver's.
    pub declared: serde_json::Value,
    /// What its workers are told at first.
    pub orders: serde_json::Value,
}

/// A session as it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Session {
    /// Identity.
    pub id: SessionId,
    /// Its name.
    pub name: String,
    /// Who asked for it.
    pub actor: String,
    /// What was asked for.
    pub declared: serde_json::Value,
    /// How it stands.
    pub state: SessionState,
    /// What its workers are told.
    pub orders: serde_json::Value,
    /// Rises whenever they are told something else.
    pub orders_version: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Session {
    /// A short word that no other session has, in whatever registry: numbers begin at 1 in each of them. Made of what is written down of
    /// the session's beginning, to the nanosecond.
    pub fn tag(&self) -> String {
        let text = format!("{} {} {} {}", self.id.0, self.name, self.actor, self.created_at);
        Digest::of(text.as_bytes()).to_string().chars().take(8).collect()
    }
}

/// How a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    /// Units are being added.
    Drafting,
    /// Gives out units.
    Running,
    /// Gives out none for now. What is held goes on to its boundary.
    Paused,
    /// Gives out none; who holds a unit lets go after it.
    Stopping,
    /// Gives out only what is to be undone.
    Cancelling,
    /// Ended: everything was done, or left out.
    Done,
    /// Ended: something failed.
    Failed,
    /// Ended by a person before its time, or cancelled.
    Interrupted,
}

impl SessionState {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Drafting,
        Self::Running,
        Self::Paused,
        Self::Stopping,
        Self::Cancelling,
        Self::Done,
        Self::Failed,
        Self::Interrupted,
    ];

    /// The word that stands in the tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Drafting => "drafting",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopping => "stopping",
            Self::Cancelling => "cancelling",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }

    /// The state of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether it has ended. An ended session may be resumed: quarantine outlives a night.
    pub const fn is_ended(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Interrupted)
    }

    /// The state after an order, or `None` where it cannot be given. Pure and total.
    pub const fn after(self, order: SessionOrder) -> Option<Self> {
        match (self, order) {
            // Once it is being undone it goes on being undone.
            (Self::Cancelling, SessionOrder::Pause | SessionOrder::Stop) => None,
            (Self::Drafting, SessionOrder::Pause | SessionOrder::Stop) => None,
            (Self::Cancelling, SessionOrder::Run) => Some(Self::Cancelling),
            (_, SessionOrder::Run) => Some(Self::Running),
            (Self::Done | Self::Failed | Self::Interrupted, SessionOrder::Pause | SessionOrder::Stop) => None,
            (_, SessionOrder::Pause) => Some(Self::Paused),
            (_, SessionOrder::Stop) => Some(Self::Stopping),
            (_, SessionOrder::Cancel) => Some(Self::Cancelling),
            (_, SessionOrder::End { failed: false }) => Some(Self::Done),
            (_, SessionOrder::End { failed: true }) => Some(Self::Failed),
            (_, SessionOrder::Interrupt) => Some(Self::Interrupted),
        }
    }
}

/// What is ordered of a session as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionOrder {
    /// Give out units: begins what was drafted, goes on with what was paused, stopped or ended.
    Run,
    /// Give out none for now.
    Pause,
    /// Give out none, and end when nothing is held.
    Stop,
    /// Give out only what is to be undone.
    Cancel,
    /// It has ended.
    End {
        /// Whether something failed.
        failed: bool,
    },
    /// It was ended before its time.
    Interrupt,
}
