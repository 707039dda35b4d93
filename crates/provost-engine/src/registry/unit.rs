//! Units: the courses of a session.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::claim::Fence;
use super::phase::Phase;
use super::session::SessionId;
use super::state::Place;

/// The position of a unit in its session, from 0.
pub type Seq = i64;

/// A unit as it is added to a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewUnit {
    /// Position in the session: the caller counts, from 0.
    pub seq: Seq,
    /// What it is, unique in the session: `course/42`.
    pub subject: String,
    /// How people know it: the course's short name.
    pub label: String,
    /// The last phase that it is to go through: `prove` keeps the source.
    pub goal: Phase,
    /// Higher goes first. 0 for most.
    pub priority: i32,
    /// Predicted duration of all its phases up to `prove`, in seconds.
    pub predicted_s: f64,
    /// An upper bound of that, in seconds, for windows.
    pub upper_s: f64,
    /// Size, in bytes, of what is to be moved.
    pub bytes: i64,
    /// Id at the source.
    pub source_id: Option<i64>,
    /// Facts and place, JSON of the driver's; the registry only keeps it.
    pub facts: serde_json::Value,
}

/// A unit as it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unit {
    /// Its session.
    pub session: SessionId,
    /// Position in it.
    pub seq: Seq,
    /// What it is.
    pub subject: String,
    /// How people know it.
    pub label: String,
    /// Where it is.
    pub place: Place,
    /// The last phase that it is to go through.
    pub goal: Phase,
    /// Higher goes first.
    pub priority: i32,
    /// How often its present phase was started.
    pub attempts: i32,
    /// How often its present phase failed, since a person last let it be tried again.
    pub failures: i32,
    /// How often it was lost in its present phase (its worker died), since a person last let it be tried again.
    pub losses: i32,
    /// Not claimed before. Cleared by a claim.
    pub not_before: Option<Timestamp>,
    /// The source is not deleted before. Not cleared by anything.
    pub quarantine_until: Option<Timestamp>,
    /// When a person allowed that the source is deleted.
    pub approved_at: Option<Timestamp>,
    /// Who allowed it.
    pub approved_by: Option<String>,
    /// Predicted duration, in seconds.
    pub predicted_s: f64,
    /// An upper bound of that, in seconds.
    pub upper_s: f64,
    /// Duration of the phases that ended well, in seconds.
    pub real_s: f64,
    /// Size in bytes.
    pub bytes: i64,
    /// Bytes that were moved for it.
    pub moved_bytes: i64,
    /// Id at the source.
    pub source_id: Option<i64>,
    /// Id at the target.
    pub target_id: Option<i64>,
    /// Who holds it.
    pub owner: Option<String>,
    /// Until when.
    pub lease_until: Option<Timestamp>,
    /// Rises with every claim.
    pub fence: Fence,
    /// What is wished of it while it is held.
    pub wish: Option<Wish>,
    /// The last error.
    pub error: Option<String>,
    /// Whether a receipt is kept.
    pub proved: bool,
    /// Facts and place, JSON of the driver's.
    pub facts: serde_json::Value,
}

/// What a person wishes of a unit that is held: comes true at its next boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// To be left out.
    Skip,
    /// To wait for a person.
    Park,
    /// To be given up and undone.
    Cancel,
}

impl Wish {
    /// The word that stands in the tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Park => "park",
            Self::Cancel => "cancel",
        }
    }

    /// The wish of a word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Skip, Self::Park, Self::Cancel].into_iter().find(|wish| wish.word() == word)
    }
}
