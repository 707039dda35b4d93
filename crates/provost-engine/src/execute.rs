//! The executor. It takes no decision: it runs the steps of a plan in their order, each under a lease and only on what it
//! was planned on, and writes down what came of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use provost_fleet::lock::Lock;
use provost_fleet::model::Fleet;
use serde::Serialize;
use tokio::task::JoinSet;

use crate::context::Context;
use crate::event::Event;
use crate::kind::{Effect, StepError};
use crate::lease::{Lease, LeaseError};
use crate::plan::{Plan, Step, StepId};
use crate::reconcile::AnyKind;
use crate::store::{EventKind, OperationId, StoreError};

/// What came of one step.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase", tag = "outcome")]
pub enum Outcome {
    /// Done, and its effect seen.
    Done {
        /// What was seen.
        effect: String,
        /// How long it took, in milliseconds.
        took_ms: u64,
    },
    /// Failed.
    Failed {
        /// The error; its chain says why.
        #[serde(serialize_with = "chain")]
        error: StepError,
    },
    /// Not begun.
    Skipped {
        /// Why.
        because: String,
    },
}

fn chain<S: serde::Serializer>(error: &StepError, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&full_chain(error))
}

/// An error and all its causes on one line.
pub fn full_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let told = next.to_string();
        // Drivers of databases tell their cause in their own words, and have it as their cause too.
        if !text.ends_with(&told) {
            text.push_str(": ");
            text.push_str(&told);
        }
        cause = next.source();
    }
    text
}

/// What came of a plan.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Each step's outcome.
    pub steps: BTreeMap<StepId, Outcome>,
    /// Whether the user ended it.
    pub interrupted: bool,
}

impl Report {
    /// Steps that failed, with their errors.
    pub fn failed(&self) -> impl Iterator<Item = (&StepId, &StepError)> {
        self.steps.iter().filter_map(|(id, outcome)| match outcome {
            Outcome::Failed { error } => Some((id, error)),
            Outcome::Done { .. } | Outcome::Skipped { .. } => None,
        })
    }

    /// How many steps were done, failed and skipped.
    pub fn counts(&self) -> (usize, usize, usize) {
        self.steps.values().fold((0, 0, 0), |(done, failed, skipped), outcome| match outcome {
            Outcome::Done { .. } => (done + 1, failed, skipped),
            Outcome::Failed { .. } => (done, failed + 1, skipped),
            Outcome::Skipped { .. } => (done, failed, skipped + 1),
        })
    }
}

/// What the executor works with besides the plan.
pub struct Work<'a> {
    /// The command's context.
    pub cx: &'a Context,
    /// All kinds.
    pub kinds: &'a [Arc<dyn AnyKind>],
    /// The model, for looking again before a step.
    pub fleet: Arc<Fleet>,
    /// The lock, likewise.
    pub lock: Arc<Lock>,
    /// The journal's operation; units are the plan's steps in order.
    pub operation: OperationId,
}

/// Most steps at once that wait for each other: each holds a lease and little else, and hundreds of sites are made in one plan.
const GATHERED: usize = 256;

/// Steps at work.
#[derive(Default)]
struct Running {
    steps: JoinSet<Ended>,
    /// How many of them work.
    working: usize,
    /// How many wait for each other.
    gathered: usize,
}

impl Running {
    fn has_place(&self, gathers: bool, cx: &Context) -> bool {
        if gathers { self.gathered < GATHERED } else { self.working < cx.limits.steps }
    }

    fn count(&mut self, gathers: bool) -> &mut usize {
        if gathers { &mut self.gathered } else { &mut self.working }
    }

    /// The next step that ends.
    async fn next(&mut self, work: &Work<'_>) -> Option<Result<Ended, StoreError>> {
        for kind in work.kinds.iter().filter(|kind| kind.gathers()) {
            kind.others_run(self.working > 0);
        }
        let ended = self.steps.join_next().await?.map_err(|panic| StoreError::Task(panic.to_string()));
        if let Ok((_, id, ..)) = &ended {
            *self.count(gathers(work, &id.subject.kind)) -= 1;
        }
        Some(ended)
    }
}

fn gathers(work: &Work<'_>, kind: &str) -> bool {
    work.kinds.iter().any(|one| one.name() == kind && one.gathers())
}

/// Runs a plan. A failed step stops those that wait for it and nothing else.
///
/// # Errors
/// Only when the journal cannot be written; what fails in a step is in the report.
pub async fn execute(work: &Work<'_>, plan: &Plan) -> Result<Report, StoreError> {
    let mut report = Report::default();
    let mut waiting: Vec<(usize, &Step)> = plan.steps.iter().enumerate().collect();
    let inside: BTreeSet<&StepId> = plan.steps.iter().map(|step| &step.id).collect();
    let mut running = Running::default();
    loop {
        let mut still = Vec::new();
        for (index, step) in std::mem::take(&mut waiting) {
            match readiness(step, &inside, &report, work.cx) {
                Readiness::Skip(because) => skip(work, &mut report, index, step, because)?,
                Readiness::Ready if running.has_place(gathers(work, &step.id.subject.kind), work.cx) => {
                    *running.count(gathers(work, &step.id.subject.kind)) += 1;
                    begin(work, &mut running.steps, index, step, plan)?;
                }
                Readiness::Ready | Readiness::Wait => still.push((index, step)),
            }
        }
        waiting = still;
        let Some(ended) = running.next(work).await else {
            // A skip may have freed or doomed others; nothing runs, so anything still waiting is doomed too.
            if waiting.is_empty() {
                break;
            }
            continue;
        };
        let (index, id, took, result) = ended?;
        finish(work, &mut report, index, id, took, result)?;
    }
    report.interrupted = work.cx.cancel.is_cancelled();
    Ok(report)
}

enum Readiness {
    Ready,
    Wait,
    Skip(String),
}

fn readiness(step: &Step, inside: &BTreeSet<&StepId>, report: &Report, cx: &Context) -> Readiness {
    if cx.cancel.is_cancelled() {
        return Readiness::Skip("interrupted".to_owned());
    }
    for before in step.after.iter().filter(|id| inside.contains(id)) {
        match report.steps.get(before) {
            Some(Outcome::Done { .. }) => {}
            Some(Outcome::Failed { .. }) => return Readiness::Skip(format!("{before} failed")),
            Some(Outcome::Skipped { .. }) => return Readiness::Skip(format!("{before} was not done")),
            None => return Readiness::Wait,
        }
    }
    Readiness::Ready
}

type Ended = (usize, StepId, Duration, Result<Effect, StepError>);

fn begin(
    work: &Work<'_>,
    running: &mut JoinSet<Ended>,
    index: usize,
    step: &Step,
    plan: &Plan,
) -> Result<(), StoreError> {
    let cx = work.cx.clone();
    cx.store.record(work.operation, index, EventKind::Started, "", cx.now())?;
    cx.emit(&Event::StepStarted { step: step.id.clone(), number: index + 1, of: plan.steps.len() });
    let kind = work.kinds.iter().find(|kind| kind.name() == step.id.subject.kind).cloned();
    let first = plan.steps.iter().find(|other| other.id.subject == step.id.subject);
    let check = first.is_some_and(|first| first.id == step.id);
    let (fleet, lock, step) = (work.fleet.clone(), work.lock.clone(), step.clone());
    running.spawn(async move {
        let begun = Instant::now();
        let result = match kind {
            Some(kind) => run_step(&cx, kind.as_ref(), &fleet, &lock, &step, check).await,
            None => Err(StepError::told(format!("no kind is called `{}`", step.id.subject.kind))),
        };
        (index, step.id, begun.elapsed(), result)
    });
    Ok(())
}

async fn run_step(
    cx: &Context,
    kind: &dyn AnyKind,
    fleet: &Fleet,
    lock: &Lock,
    step: &Step,
    check: bool,
) -> Result<Effect, StepError> {
    let subject = step.id.subject.to_string();
    let lease = Lease::take(cx, &subject).await.map_err(|error| match error {
        LeaseError::Held { .. } | LeaseError::Store(_) => StepError::failed(error),
    })?;
    let check = check && !kind.looks_itself();
    if check && kind.look(cx, fleet, lock, &step.id.subject.name).await != step.expects {
        return Err(StepError::Stale(step.id.subject.clone()));
    }
    let result = kind.execute(cx, step).await;
    drop(lease);
    match result {
        // What a step says when its processes were ended under it is not the cause.
        Err(_) if cx.cancel.is_cancelled() => Err(StepError::Cancelled),
        other => other,
    }
}

fn finish(
    work: &Work<'_>,
    report: &mut Report,
    index: usize,
    id: StepId,
    took: Duration,
    result: Result<Effect, StepError>,
) -> Result<(), StoreError> {
    let cx = work.cx;
    let outcome = match result {
        Ok(Effect(effect)) => {
            cx.store.record(work.operation, index, EventKind::Finished, &effect, cx.now())?;
            cx.emit(&Event::StepFinished { step: id.clone(), took, effect: effect.clone() });
            Outcome::Done { effect, took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX) }
        }
        Err(error) => {
            let told = full_chain(&error);
            cx.store.record(work.operation, index, EventKind::Failed, &told, cx.now())?;
            cx.emit(&Event::StepFailed { step: id.clone(), error: told });
            Outcome::Failed { error }
        }
    };
    report.steps.insert(id, outcome);
    Ok(())
}

fn skip(
    work: &Work<'_>,
    report: &mut Report,
    index: usize,
    step: &Step,
    because: String,
) -> Result<(), StoreError> {
    let cx = work.cx;
    cx.store.record(work.operation, index, EventKind::Skipped, &because, cx.now())?;
    cx.emit(&Event::StepSkipped { step: step.id.clone(), because: because.clone() });
    report.steps.insert(step.id.clone(), Outcome::Skipped { because });
    Ok(())
}
