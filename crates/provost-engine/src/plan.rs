//! A plan: data that prints, serialises, diffs, and is the same bytes for the same input.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use provost_fleet::digest::Digest;
use provost_fleet::name::Name;
use serde::{Deserialize, Serialize};

/// Version of the plan's JSON form.
pub const SCHEMA: u32 = 1;

/// What a step works on: `site/hugo`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String")]
pub struct Subject {
    /// The kind's name.
    pub kind: String,
    /// The thing's name.
    pub name: Name,
}

impl Subject {
    /// Names a subject.
    pub fn new(kind: &str, name: &Name) -> Self {
        Self { kind: kind.to_owned(), name: name.clone() }
    }

    /// The step of this subject with this action.
    pub fn step(&self, action: &str) -> StepId {
        StepId { subject: self.clone(), action: action.to_owned() }
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.to_string()
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.name)
    }
}

/// Identity of a step: `site/hugo/install`. Stable from plan to plan, and sortable.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct StepId {
    /// What it works on.
    pub subject: Subject,
    /// What it does.
    pub action: String,
}

impl From<StepId> for String {
    fn from(id: StepId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.subject, self.action)
    }
}

/// What a step does to the world, from harmless to not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Impact {
    /// Something comes to be that was not there.
    Create,
    /// Something changes that nobody notices but for its effect.
    Change,
    /// Visitors notice.
    Interrupt,
    /// Data is gone afterwards.
    Destroy,
}

/// One difference that a step removes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Of what.
    pub what: String,
    /// What is, where something is. Secrets appear as `(secret)`.
    pub from: Option<String>,
    /// What shall be, where something shall be.
    pub to: Option<String>,
}

impl Change {
    /// Something new.
    pub fn create(what: impl Into<String>, to: impl Into<String>) -> Self {
        Self { what: what.into(), from: None, to: Some(to.into()) }
    }

    /// Something else than it was.
    pub fn replace(what: impl Into<String>, from: impl Into<String>, to: impl Into<String>) -> Self {
        Self { what: what.into(), from: Some(from.into()), to: Some(to.into()) }
    }

    /// Something gone.
    pub fn remove(what: impl Into<String>, from: impl Into<String>) -> Self {
        Self { what: what.into(), from: Some(from.into()), to: None }
    }
}

/// The smallest thing that can fail and be retried alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Identity.
    pub id: StepId,
    /// Why, as a person would say it.
    pub reason: String,
    /// What will differ.
    pub changes: Vec<Change>,
    /// Steps that must have ended well before, where they are in the plan at all.
    pub after: Vec<StepId>,
    /// What it does to the world.
    pub impact: Impact,
    /// Every decision that execution needs. No secret.
    pub params: serde_json::Value,
    /// Digest of what was seen when this was planned. Checked before the *first* step of a subject: later ones follow from it.
    pub expects: Digest,
}

/// A thing that is left as it is on purpose. Held work is not a change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Held {
    /// What.
    pub subject: Subject,
    /// Why.
    pub reason: String,
    /// What the user can do about it.
    pub hint: String,
}

/// A thing that cannot be planned, so that nothing is done to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Blocked {
    /// What.
    pub subject: Subject,
    /// Why.
    pub reason: String,
    /// What the user can do about it.
    pub hint: Option<String>,
}

/// The ordered steps from what is to what should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Digest of the fleet file it was made from.
    pub fleet: Digest,
    /// Digest of the lock it was made with.
    pub lock: Digest,
    /// In an order in which they can run one by one.
    pub steps: Vec<Step>,
    /// Left alone on purpose.
    pub held: Vec<Held>,
    /// Left alone for want of knowledge or right.
    pub blocked: Vec<Blocked>,
}

/// Steps wait for each other in a circle: a bug of a kind, found before anything runs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("these steps wait for each other: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
pub struct Circle(pub Vec<StepId>);

impl Plan {
    /// Puts steps in order, and blocks those that wait for something blocked.
    ///
    /// # Errors
    /// When steps wait for each other in a circle.
    pub fn new(
        fleet: Digest,
        lock: Digest,
        steps: Vec<Step>,
        held: Vec<Held>,
        blocked: Vec<Blocked>,
    ) -> Result<Self, Circle> {
        let (steps, blocked) = spread_blocks(steps, blocked);
        let mut plan = Self { schema: SCHEMA, fleet, lock, steps: in_order(steps)?, held, blocked };
        plan.held.sort();
        plan.blocked.sort();
        Ok(plan)
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The part of the plan that some subjects need: their steps, what those wait for, and what holds or blocks any of it.
    pub fn narrowed(&self, meant: impl Fn(&Subject) -> bool) -> Self {
        let mut subjects: BTreeSet<&Subject> = BTreeSet::new();
        subjects.extend(self.steps.iter().map(|step| &step.id.subject).filter(|subject| meant(subject)));
        subjects.extend(self.blocked.iter().map(|one| &one.subject).filter(|subject| meant(subject)));
        // A step comes after those that it waits for.
        for step in self.steps.iter().rev() {
            if subjects.contains(&step.id.subject) {
                subjects.extend(step.after.iter().map(|before| &before.subject));
            }
        }
        let within = |subject: &Subject| meant(subject) || subjects.contains(subject);
        Self {
            steps: self.steps.iter().filter(|step| within(&step.id.subject)).cloned().collect(),
            held: self.held.iter().filter(|one| within(&one.subject)).cloned().collect(),
            blocked: self.blocked.iter().filter(|one| within(&one.subject)).cloned().collect(),
            ..self.clone()
        }
    }

    /// The steps after which data is gone.
    pub fn destroys(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.impact == Impact::Destroy)
    }
}

/// A step that waits for a blocked subject is itself blocked, and so on. The whole subject is: half of its steps would leave it
/// in a state that nobody planned.
fn spread_blocks(mut steps: Vec<Step>, mut blocked: Vec<Blocked>) -> (Vec<Step>, Vec<Blocked>) {
    let mut subjects: BTreeSet<Subject> = blocked.iter().map(|one| one.subject.clone()).collect();
    // Mostly once: what is waited for is planned before. Never for each subject: a server that is down blocks thousands.
    loop {
        let before = subjects.len();
        for step in &steps {
            let cause = step.after.iter().map(|id| &id.subject).find(|subject| subjects.contains(subject));
            let Some(cause) = cause.cloned() else { continue };
            if subjects.insert(step.id.subject.clone()) {
                let reason = format!("waits for {cause}, which is blocked");
                blocked.push(Blocked { subject: step.id.subject.clone(), reason, hint: None });
            }
        }
        if subjects.len() == before {
            break;
        }
    }
    steps.retain(|step| !subjects.contains(&step.id.subject));
    (steps, blocked)
}

/// Kahn's algorithm; among the steps that could come next, the smallest id does, so that the order is always the same.
fn in_order(steps: Vec<Step>) -> Result<Vec<Step>, Circle> {
    let mut waiting: BTreeMap<StepId, Step> = steps.into_iter().map(|step| (step.id.clone(), step)).collect();
    let mut left: BTreeMap<StepId, BTreeSet<StepId>> = waiting
        .iter()
        .map(|(id, step)| {
            let after = step.after.iter().filter(|id| waiting.contains_key(id)).cloned().collect();
            (id.clone(), after)
        })
        .collect();
    let mut followers: BTreeMap<StepId, Vec<StepId>> = BTreeMap::new();
    for (id, after) in &left {
        for before in after {
            followers.entry(before.clone()).or_default().push(id.clone());
        }
    }
    let mut ready: BTreeSet<StepId> =
        left.iter().filter(|(_, after)| after.is_empty()).map(|(id, _)| id.clone()).collect();
    let mut ordered = Vec::with_capacity(waiting.len());
    while let Some(id) = ready.pop_first() {
        for follower in followers.remove(&id).unwrap_or_default() {
            if let Some(after) = left.get_mut(&follower) {
                after.remove(&id);
                if after.is_empty() {
                    ready.insert(follower);
                }
            }
        }
        ordered.extend(waiting.remove(&id));
    }
    if waiting.is_empty() { Ok(ordered) } else { Err(Circle(waiting.into_keys().collect())) }
}
