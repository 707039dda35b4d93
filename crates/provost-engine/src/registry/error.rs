//! Why a registry failed.

use super::session::{SessionId, SessionOrder, SessionState};
use super::transition::Illegal;
use super::unit::Seq;

/// Why a registry failed.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// It cannot be reached, or the connection broke. Whether the last write came through is not known: say it again.
    #[error("the registry cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A statement failed.
    #[error("the registry failed")]
    Sql(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The fleet's own registry failed.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// It was written by a later version of Provost.
    #[error("the registry has version {found}, this Provost knows up to {known}")]
    Version {
        /// What it has.
        found: i64,
        /// What we know.
        known: i64,
    },
    /// Another worker has the unit, or a person took it: stop at once.
    #[error("unit {unit} is not held any more")]
    Lost {
        /// Which.
        unit: Seq,
    },
    /// Something was said of a unit that cannot follow on where it is: a bug of the caller.
    #[error("unit {unit}")]
    Illegal {
        /// Which.
        unit: Seq,
        /// What.
        #[source]
        source: Illegal,
    },
    /// An order that a session cannot follow.
    #[error("a session that is {} cannot be told to {order:?}", state.word())]
    Order {
        /// How it stands.
        state: SessionState,
        /// What was ordered.
        order: SessionOrder,
    },
    /// There is no such session.
    #[error("there is no session {}", .0.0)]
    NoSession(SessionId),
    /// There is no such unit.
    #[error("there is no unit {unit} in session {}", session.0)]
    NoUnit {
        /// The session.
        session: SessionId,
        /// The unit.
        unit: Seq,
    },
    /// Units are added to a session that has begun.
    #[error("session {} has begun: no unit is added any more", .0.0)]
    Begun(SessionId),
    /// A row that no Provost wrote.
    #[error("the registry has `{value}` where a {what} belongs")]
    Foreign {
        /// What belongs there.
        what: &'static str,
        /// What is there.
        value: String,
    },
    /// A task ended in a panic: a bug.
    #[error("a task broke: {0}")]
    Task(String),
}

impl RegistryError {
    /// Whether it may go well when tried again after a while.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable(_))
    }
}
