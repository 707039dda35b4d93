//! From a checked model to a plan: every kind observes, then plans.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;

use provost_fleet::digest::Digest;
use provost_fleet::lock::Lock;
use provost_fleet::model::Fleet;
use provost_fleet::name::Name;
use serde::Serialize;

use crate::context::Context;
use crate::kind::{Effect, Kind, Observation, Owner, Planned, Reason, StepDraft, StepError};
use crate::plan::{Blocked, Circle, Held, Plan, Step, Subject};

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A [`Kind`] with its types hidden, so that kinds can be listed in one array.
pub trait AnyKind: Send + Sync {
    /// The kind's name.
    fn name(&self) -> &'static str;
    /// Observes and plans everything of this kind; of a kind that is named by site, only some, where these are given.
    fn survey<'a>(
        &'a self,
        cx: &'a Context,
        fleet: &'a Fleet,
        lock: &'a Lock,
        only: Option<&'a BTreeSet<Name>>,
    ) -> Boxed<'a, Survey>;
    /// The digest of what is seen of one subject now, for comparison with [`Step::expects`].
    fn look<'a>(
        &'a self,
        cx: &'a Context,
        fleet: &'a Fleet,
        lock: &'a Lock,
        name: &'a Name,
    ) -> Boxed<'a, Digest>;
    /// Whether its steps wait for each other; see [`Kind::GATHERS`].
    fn gathers(&self) -> bool;
    /// See [`Kind::LOOKS_ITSELF`].
    fn looks_itself(&self) -> bool;
    /// See [`Kind::others_run`].
    fn others_run(&self, others: bool);
    /// Does one step.
    fn execute<'a>(&'a self, cx: &'a Context, step: &'a Step) -> Boxed<'a, Result<Effect, StepError>>;
}

/// What one kind saw and what it would do.
#[derive(Debug, Default)]
pub struct Survey {
    /// What was seen, by name.
    pub seen: Vec<Seen>,
    /// Steps, `expects` filled in.
    pub steps: Vec<Step>,
    /// Left alone on purpose.
    pub held: Vec<Held>,
    /// Left alone for want of knowledge or right.
    pub blocked: Vec<Blocked>,
}

/// What was seen of one subject, for tables and for the registry.
#[derive(Debug, Clone, Serialize)]
pub struct Seen {
    /// Of what.
    pub subject: Subject,
    /// `absent`, `present`, `incomplete`, `foreign`, `unknown`.
    pub state: &'static str,
    /// Why, where the state has a reason.
    pub reason: Option<String>,
    /// Whether the file wants it.
    pub wanted: bool,
    /// What it is, as the kind writes it.
    pub detail: serde_json::Value,
}

/// Up to so many sites are looked at one by one. Of more it is cheaper to look at all of them together.
const FEW: usize = 4;

impl<K: Kind> AnyKind for K {
    fn name(&self) -> &'static str {
        K::NAME
    }

    fn survey<'a>(
        &'a self,
        cx: &'a Context,
        fleet: &'a Fleet,
        lock: &'a Lock,
        only: Option<&'a BTreeSet<Name>>,
    ) -> Boxed<'a, Survey> {
        Box::pin(async move {
            let mut wanted = self.wanted(fleet, lock);
            let Some(only) = only.filter(|only| K::OF_SITES && only.len() <= FEW) else {
                let seen = self.observe(cx, &wanted).await;
                return survey(self, &wanted, &seen);
            };
            wanted.retain(|name, _| only.contains(name));
            let mut asked = self.wanted(fleet, lock);
            let mut seen = BTreeMap::new();
            for name in only {
                let one = self.observe_one(cx, name, asked.remove(name)).await;
                if wanted.contains_key(name) || !matches!(one, Observation::Absent) {
                    seen.insert(name.clone(), one);
                }
            }
            survey(self, &wanted, &seen)
        })
    }

    fn look<'a>(
        &'a self,
        cx: &'a Context,
        fleet: &'a Fleet,
        lock: &'a Lock,
        name: &'a Name,
    ) -> Boxed<'a, Digest> {
        Box::pin(async move {
            let mut wanted = self.wanted(fleet, lock);
            self.observe_one(cx, name, wanted.remove(name)).await.digest()
        })
    }

    fn gathers(&self) -> bool {
        K::GATHERS
    }

    fn looks_itself(&self) -> bool {
        K::LOOKS_ITSELF
    }

    fn others_run(&self, others: bool) {
        Kind::others_run(self, others);
    }

    fn execute<'a>(&'a self, cx: &'a Context, step: &'a Step) -> Boxed<'a, Result<Effect, StepError>> {
        Box::pin(Kind::execute(self, cx, step))
    }
}

/// Plans every name that is wanted or seen. Pure.
pub fn survey<K: Kind>(
    kind: &K,
    wanted: &BTreeMap<Name, K::Wanted>,
    seen: &BTreeMap<Name, Observation<K::Seen>>,
) -> Survey {
    let mut survey = Survey::default();
    let names: BTreeSet<&Name> = wanted.keys().chain(seen.keys()).collect();
    for name in names {
        let absent = Observation::Absent;
        let observation = seen.get(name).unwrap_or(&absent);
        let want = wanted.get(name);
        let subject = Subject::new(K::NAME, name);
        survey.seen.push(tell(subject.clone(), want.is_some(), observation));
        let planned = match observation {
            Observation::Unknown(Reason(why)) => Planned::Blocked(Reason(why.clone()), None),
            Observation::Foreign(Owner(owner)) => {
                let hint = kind.hint_for_foreign(name, want);
                Planned::Blocked(Reason(format!("it is there but not ours: {owner}")), hint)
            }
            Observation::Absent if want.is_none() => Planned::InStep,
            _ => kind.plan(name, want, observation),
        };
        match planned {
            Planned::InStep => {}
            Planned::Steps(drafts) => {
                survey.steps.extend(chain(&subject, drafts, &observation.digest()));
            }
            Planned::Held(reason, hint) => {
                survey.held.push(Held { subject, reason: reason.0, hint: hint.0 });
            }
            Planned::Blocked(reason, hint) => {
                survey.blocked.push(Blocked { subject, reason: reason.0, hint: hint.map(|hint| hint.0) });
            }
        }
    }
    survey
}

fn tell<T: Serialize>(subject: Subject, wanted: bool, observation: &Observation<T>) -> Seen {
    let reason = match observation {
        Observation::Partial(_, Reason(why)) | Observation::Unknown(Reason(why)) => Some(why.clone()),
        Observation::Foreign(Owner(owner)) => Some(owner.clone()),
        Observation::Absent | Observation::Present(_) => None,
    };
    let detail = observation.seen().and_then(|seen| serde_json::to_value(seen).ok()).unwrap_or_default();
    Seen { subject, state: observation.word(), reason, wanted, detail }
}

/// Steps of one subject follow each other.
fn chain(subject: &Subject, drafts: Vec<StepDraft>, expects: &Digest) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let mut after = draft.after;
        after.extend(steps.last().map(|step| step.id.clone()));
        steps.push(Step {
            id: subject.step(draft.action),
            reason: draft.reason,
            changes: draft.changes,
            after,
            impact: draft.impact,
            params: draft.params,
            expects: expects.clone(),
        });
    }
    steps
}

/// What all kinds saw, and the plan that follows from it.
#[derive(Debug)]
pub struct Reconciled {
    /// What was seen.
    pub seen: Vec<Seen>,
    /// What to do.
    pub plan: Plan,
}

/// Lets every kind observe and plan, one kind after the other: later kinds may use what earlier ones opened. Where it is only about some
/// sites, what else there is of sites is neither seen nor planned.
///
/// # Errors
/// When the steps wait for each other in a circle.
pub async fn reconcile(
    cx: &Context,
    kinds: &[std::sync::Arc<dyn AnyKind>],
    fleet: &Fleet,
    lock: &Lock,
    digests: (Digest, Digest),
    only: Option<&BTreeSet<Name>>,
) -> Result<Reconciled, Circle> {
    let mut all = Survey::default();
    for kind in kinds {
        let one = kind.survey(cx, fleet, lock, only).await;
        all.seen.extend(one.seen);
        all.steps.extend(one.steps);
        all.held.extend(one.held);
        all.blocked.extend(one.blocked);
    }
    let plan = Plan::new(digests.0, digests.1, all.steps, all.held, all.blocked)?;
    Ok(Reconciled { seen: all.seen, plan })
}
