//! Keeping the pools of spares full, beside the services.
//!
//! `provost up` looks whether a spare is missing, which takes a file each and asks no server, and only then observes and plans: of that
//! plan nothing but the spares is made. What else there is to do waits for whoever runs `apply`.

use std::sync::Arc;
use std::time::Duration;

use provost_engine::context::Context;
use provost_engine::execute::{Work, execute, full_chain};
use provost_engine::lease::{Lease, LeaseError};
use provost_engine::plan::Plan;
use provost_engine::store::OperationState;
use provost_fleet::model::{Fleet, Template};
use provost_fleet::name::Name;
use provost_sites::kind_spare;
use provost_sites::mark::Stage;
use provost_sites::site::files::{Dataroot, look_at_dataroot};
use provost_sites::up::{Serving, serving};

use crate::OpsError;
use crate::plan::survey;
use crate::session::{Access, Call, Session};

/// How often is looked. A spare takes a second or two to make: who opens sites one after the other hardly empties a pool of a few.
const LOOK: Duration = Duration::from_secs(10);

/// Between one spare and the next: whoever wants to apply gets in between.
const BETWEEN: Duration = Duration::from_secs(1);

/// The longest between two tries that leave one missing: an open template or a full disk are a person's to mend.
const LONGEST: Duration = Duration::from_mins(10);

/// How long a command waits while a spare is made: its database is copied, and Moodle is started once.
const PATIENCE: Duration = Duration::from_mins(2);

/// The lease of the fleet, which whoever applies holds. While `provost up` makes a spare under it, a command waits for that one.
pub(crate) async fn fleet_lease(cx: &Context) -> Result<Lease, LeaseError> {
    let until = tokio::time::Instant::now() + PATIENCE;
    loop {
        match Lease::take(cx, "fleet").await {
            Err(LeaseError::Held { holder, .. })
                if serving(&cx.paths) == (Serving::Up { pid: holder.pid })
                    && tokio::time::Instant::now() < until
                    && !cx.cancel.is_cancelled() =>
            {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            taken => return taken,
        }
    }
}

/// Keeps the pools full until the context is cancelled.
pub(crate) async fn keep_full(call: &Call, cx: &Context) {
    let mut pause = LOOK;
    loop {
        tokio::select! {
            () = cx.cancel.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        let is_full = || call.load().map_or(true, |loaded| is_full(cx, &loaded.fleet));
        if is_full() {
            pause = LOOK;
            continue;
        }
        let within = Call { cancel: cx.cancel.clone(), ..call.clone() };
        match refill(&within).await {
            // Somebody else is at work, and fills them himself if he applies.
            Err(OpsError::Lease(LeaseError::Held { .. })) => pause = LOOK,
            Err(error) if !cx.cancel.is_cancelled() => {
                cx.note(format!("the spares are not all there: {}", full_chain(&error)));
                pause = (pause * 2).min(LONGEST);
            }
            Ok(true) => pause = BETWEEN,
            _ => pause = if is_full() { LOOK } else { (pause.max(LOOK) * 2).min(LONGEST) },
        }
    }
}

/// Whether every spare of a template that is there and closed has its files, and is a copy of what the template is now.
fn is_full(cx: &Context, fleet: &Fleet) -> bool {
    let installed = |site: &Name| match look_at_dataroot(&cx.paths.dataroot(site)) {
        Ok(Dataroot::Marked(mark)) if mark.stage == Stage::Installed && mark.site == *site => Some(mark),
        _ => None,
    };
    fleet.templates.iter().filter(|(_, template)| template.spares > 0).all(|(name, template)| {
        let of = Template::site_name(name).ok().and_then(|site| installed(&site));
        // Of one that is open none can be made.
        let Some(of) = of.filter(|mark| mark.template.as_ref().is_some_and(|made| !made.open)) else {
            return true;
        };
        let spares = template.spare_names(name);
        let mut marks = spares.iter().map(|spare| installed(&Template::spare_site_name(spare).ok()?));
        marks.all(|mark| mark.is_some_and(|mark| kind_spare::is_of(&mark, &of)))
    })
}

/// Makes one spare that is missing, if nothing else has to be done first. Returns whether it did.
async fn refill(call: &Call) -> Result<bool, OpsError> {
    let session = Session::open(call, Access::Change)?;
    let refilled = async {
        let _lease = Lease::take(&session.cx, "fleet").await?;
        let (planned, lock) = survey(&session, None).await?;
        // A lock that would move is moved by a person.
        if !planned.lock_changes.is_empty() {
            return Ok(false);
        }
        let plan = first_of_spares(planned.plan);
        if plan.steps.is_empty() {
            return Ok(false);
        }
        let cx = &session.cx;
        let units: Vec<(String, String)> =
            plan.steps.iter().map(|step| (step.id.subject.to_string(), step.id.action.clone())).collect();
        let declared = serde_json::json!({ "fleet": plan.fleet, "lock": plan.lock });
        let operation = cx.store.begin_operation("refill", &session.actor(), &declared, &units, cx.now())?;
        let work = Work {
            cx,
            kinds: &session.kinds(&lock),
            fleet: session.loaded.fleet.clone(),
            lock: Arc::new(lock),
            operation,
        };
        let report = execute(&work, &plan).await?;
        let state = match (report.interrupted, report.failed().next().is_some()) {
            (true, _) => OperationState::Interrupted,
            (false, true) => OperationState::Failed,
            (false, false) => OperationState::Done,
        };
        cx.store.end_operation(operation, state)?;
        Ok(state == OperationState::Done)
    };
    let refilled = refilled.await;
    session.close().await;
    refilled
}

/// The first spare that waits for nothing else of the plan: one at a time, for whoever wants to apply waits meanwhile.
fn first_of_spares(plan: Plan) -> Plan {
    let waits = |after: &provost_engine::plan::StepId| plan.steps.iter().any(|step| step.id == *after);
    let ready = plan.steps.iter().filter(|step| step.id.subject.kind == kind_spare::NAME);
    let steps = ready.filter(|step| !step.after.iter().any(waits)).take(1).cloned().collect();
    Plan { steps, held: Vec::new(), blocked: Vec::new(), ..plan }
}
