//! `provost apply`: makes it so.

use std::collections::BTreeSet;
use std::sync::Arc;

use provost_codebase::build::{Origin, note_use};
use provost_engine::execute::{Outcome, Report, Work, execute};
use provost_engine::kind::StepError;
use provost_engine::plan::{Plan, Step, StepId};
use provost_engine::store::OperationState;
use provost_fleet::lock::Lock;
use provost_fleet::model::Fleet;
use provost_fleet::name::Name;
use serde::Serialize;

use crate::error::Exit;
use crate::plan::{Planned, look_at, survey};
use crate::session::{Access, Call, Session};
use crate::{OpsError, hints, lockfile, spares, tidy};

/// What the user allows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Allowed {
    /// Steps after which data is gone.
    pub destroy: bool,
}

/// Which part of a plan is to be run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Scope {
    /// All of it.
    #[default]
    Fleet,
    /// What these sites need, and nothing for any other.
    Sites(BTreeSet<Name>),
}

/// The kinds that are named by site.
const OF_SITES: [&str; 5] = ["database", "keyspace", "site", "settings", "vhost"];

impl Scope {
    /// The sites that it is about, where it is not about all: also under the names that they had, whose files give way to theirs.
    fn sites(&self, fleet: &Fleet) -> Option<BTreeSet<Name>> {
        match self {
            Self::Fleet => None,
            Self::Sites(names) => {
                let were = names.iter().filter_map(|name| fleet.sites.get(name)?.was.clone());
                Some(names.iter().cloned().chain(were).collect())
            }
        }
    }

    fn of(&self, plan: Plan) -> Plan {
        match self {
            Self::Fleet => plan,
            Self::Sites(names) => plan.narrowed(|subject| {
                OF_SITES.contains(&subject.kind.as_str()) && names.contains(&subject.name)
            }),
        }
    }
}

/// What `apply` did.
#[derive(Debug, Serialize)]
pub struct Applied {
    /// What was planned.
    pub planned: Planned,
    /// What came of each step; absent where there was nothing to do.
    pub report: Option<Report>,
    /// What is left to do according to a second look; empty after a whole success.
    pub left: Option<Plan>,
    /// A hint for each failed step that has one.
    pub hints: Vec<(String, String)>,
}

impl Applied {
    /// What it means for the exit code.
    pub fn exit(&self) -> Exit {
        let Some(report) = &self.report else {
            return if self.planned.plan.blocked.is_empty() { Exit::Done } else { Exit::Targets };
        };
        if report.interrupted {
            return Exit::Interrupted;
        }
        let blocked = !self.planned.plan.blocked.is_empty();
        let left = self.left.as_ref().is_some_and(|left| !left.is_empty());
        if report.failed().next().is_some() || blocked || left { Exit::Targets } else { Exit::Done }
    }
}

/// Plans, and runs the plan. One at a time per fleet.
///
/// # Errors
/// When the plan destroys and that is not allowed: then nothing was done. What fails in a step is in the report.
pub async fn apply(call: &Call, allowed: Allowed) -> Result<Applied, OpsError> {
    apply_to(call, allowed, &Scope::Fleet).await
}

/// As [`apply`], for a part of the plan.
///
/// # Errors
/// As [`apply`].
pub async fn apply_to(call: &Call, allowed: Allowed, scope: &Scope) -> Result<Applied, OpsError> {
    let session = Session::open(call, Access::Change)?;
    let applied = async {
        let _lease = spares::fleet_lease(&session.cx).await?;
        apply_holding(&session, allowed, scope).await
    };
    let applied = applied.await;
    session.close().await;
    applied
}

/// As [`apply_to`], by whoever holds the lease of the fleet.
pub(crate) async fn apply_holding(
    session: &Session,
    allowed: Allowed,
    scope: &Scope,
) -> Result<Applied, OpsError> {
    let cx = &session.cx;
    end_orphans(session).await?;
    tidy::remove_unfinished(cx);
    let (mut planned, lock) = survey(session, scope.sites(&session.loaded.fleet).as_ref()).await?;
    if *scope == Scope::Fleet {
        tidy::settle_copies(session).await;
    }
    planned.plan = scope.of(planned.plan);
    if cx.cancel.is_cancelled() {
        return Err(OpsError::Interrupted);
    }
    let destroys: Vec<String> = planned.plan.destroys().map(|step| step.id.subject.to_string()).collect();
    if !destroys.is_empty() && !allowed.destroy {
        return Err(OpsError::Destroys(destroys));
    }
    if !planned.lock_changes.is_empty() {
        lockfile::write(&lockfile::path(&session.loaded.path), &lock)?;
    }
    if planned.plan.is_empty() {
        note_builds(session, &lock).await;
        return Ok(Applied { planned, report: None, left: None, hints: Vec::new() });
    }
    let mut report = run(session, &planned.plan, &lock).await?;
    let mut left = second_look(session, &lock, &report, scope).await?;
    // Some steps only show once others are done: a role's new password, then the site's file that holds it.
    // Others because what a killed run had begun was still going on in a server while it was looked at.
    if let Some(more) = left.as_ref().filter(|left| may_follow(left, &planned.plan, &report)) {
        let again = run(session, more, &lock).await?;
        report.interrupted = again.interrupted;
        report.steps.extend(again.steps);
        left = second_look(session, &lock, &report, scope).await?;
    }
    if let Some(left) = &left {
        settle_stale(&mut report, left);
    }
    note_builds(session, &lock).await;
    let hints = report.failed().filter_map(|(id, error)| Some((id.to_string(), hints::of(error)?))).collect();
    Ok(Applied { planned, report: Some(report), left, hints })
}

/// Says of each build which codebases come to it: no step runs for one that comes to a build that is there already.
async fn note_builds(session: &Session, lock: &Lock) {
    for (name, locked) in &lock.codebases {
        let origin = Origin { locked: locked.clone(), names: [name.clone()].into() };
        // A record that is not written costs a name in a list.
        if let Err(error) = note_use(&session.cx, &origin).await {
            session.cx.note(format!("cannot note what codebase {name} is built of: {error}"));
        }
    }
}

/// Ends whatever a killed run left at work, before anything is looked at: a half-dead installer must not change what we see.
async fn end_orphans(session: &Session) -> Result<(), OpsError> {
    let cx = &session.cx;
    for record in cx.store.orphans()? {
        let ended = provost_engine::process::end_recorded(&record).await;
        if ended > 0 {
            cx.note(format!("ended {ended} left-over process(es) of an earlier run at {}", record.subject));
        }
        cx.store.remove_process(&record)?;
    }
    Ok(())
}

async fn run(session: &Session, plan: &Plan, lock: &Lock) -> Result<Report, OpsError> {
    let cx = &session.cx;
    let units: Vec<(String, String)> =
        plan.steps.iter().map(|step| (step.id.subject.to_string(), step.id.action.clone())).collect();
    let declared = serde_json::json!({ "fleet": plan.fleet, "lock": plan.lock });
    let operation = cx.store.begin_operation("apply", &session.actor(), &declared, &units, cx.now())?;
    let kinds = session.kinds(lock);
    let work = Work {
        cx,
        kinds: &kinds,
        fleet: session.loaded.fleet.clone(),
        lock: Arc::new(lock.clone()),
        operation,
    };
    let report = execute(&work, plan).await?;
    let state = match (report.interrupted, report.failed().next().is_some()) {
        (true, _) => OperationState::Interrupted,
        (false, true) => OperationState::Failed,
        (false, false) => OperationState::Done,
    };
    cx.store.end_operation(operation, state)?;
    Ok(report)
}

/// What is left after a run in which nothing failed; `None` where that cannot be told or is told already.
async fn second_look(
    session: &Session,
    lock: &Lock,
    report: &Report,
    scope: &Scope,
) -> Result<Option<Plan>, OpsError> {
    if report.interrupted {
        return Ok(None);
    }
    let again = look_at(session, lock, scope.sites(&session.loaded.fleet).as_ref()).await?;
    session.cx.store.keep_observations(&again.seen, session.cx.now())?;
    // Who deletes one site says itself what became of its copy.
    if *scope == Scope::Fleet {
        tidy::settle_copies(session).await;
    }
    Ok(Some(scope.of(again.plan)))
}

/// What was not begun because its subject had changed, and is not left to do: a server ended what a killed run had asked of it.
fn settle_stale(report: &mut Report, left: &Plan) {
    let is_left = |id: &StepId| {
        left.steps.iter().any(|step| step.id == *id)
            || left.blocked.iter().any(|one| one.subject == id.subject)
    };
    for (id, outcome) in &mut report.steps {
        if matches!(outcome, Outcome::Failed { error: StepError::Stale(_) }) && !is_left(id) {
            *outcome = Outcome::Done {
                effect: "what an earlier run had begun was done meanwhile".to_owned(),
                took_ms: 0,
            };
        }
    }
}

/// Whether what is left may be done in the same breath: it destroys nothing that was not planned before, and none of it was tried
/// already. What was found changed since it was planned was not tried.
fn may_follow(left: &Plan, planned: &Plan, report: &Report) -> bool {
    let was_planned = |step: &Step| planned.steps.iter().any(|before| before.id == step.id);
    let tried = report.steps.iter().filter(|(_, outcome)| match outcome {
        Outcome::Done { .. } => true,
        Outcome::Failed { error } => !matches!(error, StepError::Stale(_)),
        Outcome::Skipped { .. } => false,
    });
    let tried: BTreeSet<&StepId> = tried.map(|(id, _)| id).collect();
    !left.is_empty()
        && left.destroys().all(was_planned)
        && !left.steps.iter().any(|step| tried.contains(&step.id))
}
