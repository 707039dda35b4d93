//! What a kind of thing is: how it is wanted, observed, planned and executed.

use std::collections::BTreeMap;
use std::future::Future;

use provost_fleet::digest::Digest;
use provost_fleet::lock::Lock;
use provost_fleet::model::Fleet;
use provost_fleet::name::Name;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::context::Context;
use crate::plan::{Step, StepId};

/// A kind of thing that a fleet consists of: builds, servers, databases, sites, virtual hosts.
pub trait Kind: Send + Sync + 'static {
    /// Its name, the first part of its step ids.
    const NAME: &'static str;
    /// Whether its things are named by site, and one can be looked at without the others.
    const OF_SITES: bool = false;
    /// Whether its steps wait for each other, so that something is done once for many of them. Such steps mostly wait, and take no place
    /// among those that work.
    const GATHERS: bool = false;
    /// Whether executing a step looks for itself, and does what is to be done by then: whatever came in between, such as the step of
    /// another kind that it waited for, makes nothing stale.
    const LOOKS_ITSELF: bool = false;
    /// What the file says about one.
    type Wanted: Serialize + Send + Sync;
    /// What was seen of one. Secrets are compared while observing; this holds their sameness, never a value.
    type Seen: Serialize + DeserializeOwned + Send + Sync;

    /// What shall be. Pure.
    fn wanted(&self, fleet: &Fleet, lock: &Lock) -> BTreeMap<Name, Self::Wanted>;

    /// What is. Bounded and parallel. Reads only what `wanted` declares, plus whatever carries our mark and is no longer
    /// wanted. A name that is missing from the answer counts as [`Observation::Absent`].
    fn observe(
        &self,
        cx: &Context,
        wanted: &BTreeMap<Name, Self::Wanted>,
    ) -> impl Future<Output = BTreeMap<Name, Observation<Self::Seen>>> + Send;

    /// What is of one alone, looked at again right before its step: hundreds of steps look, so this is not the place to judge what is
    /// there of all the others.
    fn observe_one(
        &self,
        cx: &Context,
        name: &Name,
        wanted: Option<Self::Wanted>,
    ) -> impl Future<Output = Observation<Self::Seen>> + Send {
        let wanted: BTreeMap<Name, Self::Wanted> =
            wanted.map(|wanted| (name.clone(), wanted)).into_iter().collect();
        async move { self.observe(cx, &wanted).await.remove(name).unwrap_or(Observation::Absent) }
    }

    /// What to do about one. Pure and synchronous. `wanted` is `None` for what is there and no longer in the file.
    /// Not called for what is [`Observation::Unknown`] or [`Observation::Foreign`]: these always block.
    fn plan(&self, name: &Name, wanted: Option<&Self::Wanted>, seen: &Observation<Self::Seen>) -> Planned;

    /// What the user can do about something foreign: it is blocked without the planner being asked. Pure.
    fn hint_for_foreign(&self, _name: &Name, _wanted: Option<&Self::Wanted>) -> Option<Hint> {
        None
    }

    /// Told to a kind that gathers: whether steps of other kinds are at work, after which more of its own may come.
    fn others_run(&self, _others: bool) {}

    /// Does one step. Idempotent; reads the effect back before it says that it is done.
    fn execute(&self, cx: &Context, step: &Step) -> impl Future<Output = Result<Effect, StepError>> + Send;
}

/// What was seen of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "is", content = "seen")]
pub enum Observation<T> {
    /// It is certainly not there.
    Absent,
    /// It is there, whole.
    Present(T),
    /// It is there, ours, and unfinished.
    Partial(T, Reason),
    /// Something is there that does not carry our mark. It is never changed.
    Foreign(Owner),
    /// It could not be seen. Nothing is planned on ignorance.
    Unknown(Reason),
}

/// Why, as a person would say it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason(pub String);

/// Whose a foreign thing is, as far as can be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Owner(pub String);

/// What the user can do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hint(pub String);

/// The answer of a planner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Planned {
    /// Nothing to do.
    InStep,
    /// These steps. Their `expects` is filled in by the engine.
    Steps(Vec<StepDraft>),
    /// Left alone on purpose.
    Held(Reason, Hint),
    /// Cannot be done.
    Blocked(Reason, Option<Hint>),
}

/// A step as a planner writes it: everything but the identity's subject and what it expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepDraft {
    /// Last part of the step's id.
    pub action: &'static str,
    /// Why.
    pub reason: String,
    /// What will differ.
    pub changes: Vec<crate::plan::Change>,
    /// Steps of other subjects that come before. Steps of one subject follow each other in the order given.
    pub after: Vec<StepId>,
    /// What it does to the world.
    pub impact: crate::plan::Impact,
    /// Every decision that execution needs. No secret.
    pub params: serde_json::Value,
}

/// What was seen after a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Effect(pub String);

/// Why a step did not end well.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// It was tried and failed.
    #[error(transparent)]
    Failed(Box<dyn std::error::Error + Send + Sync>),
    /// What it was planned on is no longer so.
    #[error("{0} changed since it was planned; plan again")]
    Stale(crate::plan::Subject),
    /// The command was cancelled.
    #[error("interrupted")]
    Cancelled,
}

impl StepError {
    /// Wraps an error of a kind.
    pub fn failed(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Failed(Box::new(error))
    }

    /// A failure told in words.
    pub fn told(message: impl Into<String>) -> Self {
        Self::Failed(message.into().into())
    }
}

impl<T: Serialize> Observation<T> {
    /// Digest of what was seen, for [`Step::expects`].
    pub fn digest(&self) -> Digest {
        Digest::of(&serde_json::to_vec(self).unwrap_or_default())
    }
}

impl<T> Observation<T> {
    /// What was seen, where something was.
    pub fn seen(&self) -> Option<&T> {
        match self {
            Self::Present(seen) | Self::Partial(seen, _) => Some(seen),
            Self::Absent | Self::Foreign(_) | Self::Unknown(_) => None,
        }
    }

    /// One word for tables.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Present(_) => "present",
            Self::Partial(..) => "incomplete",
            Self::Foreign(_) => "foreign",
            Self::Unknown(_) => "unknown",
        }
    }
}
