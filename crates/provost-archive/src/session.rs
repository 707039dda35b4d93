//! A session at work: one process that takes units from the registry and brings each through its phases.
//!
//! Any number of processes may run one session, on one machine or, with a registry on PostgreSQL, on several. None of them leads: each
//! asks the registry what is to be done and the [`crate::schedule`] whether it may be begun, claims it, and holds it by saying every now
//! and then that it lives. A manoeuvre is a row that they all read.

mod bounds;
mod choose;
mod insist;
mod lane;
mod learning;
mod load;
mod orders;
mod pace;
mod watch;
mod worker;

pub use learning::Learned;
pub use load::Governor;
pub use orders::{Orders, OrdersError};
pub use pace::Pace;
pub use watch::{Leftovers, NoLeftovers, Silent, Told, Watcher};
pub use worker::WorkerName;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use provost_engine::registry::{
    Claim, Claiming, Registry, RegistryError, Seq, SessionId, SessionOrder, SessionState,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::phases::Phases;
use crate::schedule::{Decision, Schedule, Why};
use bounds::Bounds;
use lane::Lane;

/// One process that works on a session.
pub struct Runner {
    /// Where units are booked.
    pub registry: Arc<dyn Registry>,
    /// Which session.
    pub session: SessionId,
    /// What is done to a unit.
    pub phases: Arc<Phases>,
    /// How often what is looked at.
    pub pace: Pace,
    /// Who we are.
    pub worker: WorkerName,
    /// What is known of durations.
    pub learned: Arc<Learned>,
    /// Who ends what killed processes left at work on this machine.
    pub leftovers: Arc<dyn Leftovers>,
    /// Who is told what happens.
    pub watcher: Arc<dyn Watcher>,
    /// Set when this process is to end.
    pub cancel: CancellationToken,
    /// Whether to end when the window closes, instead of waiting for it to open again.
    pub leave_when_closed: bool,
}

/// How a process ended with its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunEnd {
    /// Every unit is where it was to go, or was left out.
    Done,
    /// Nothing is left to do, and at least one unit failed.
    Failed,
    /// What is left waits: for the end of a quarantine, for an approval, for the window.
    Waiting(Why),
    /// It was told to stop.
    Stopped,
    /// It was cancelled, and everything is undone.
    Cancelled,
    /// This process was told to end; the session goes on wherever it is run again.
    Interrupted,
}

/// What lanes must know of what was seen since they began.
struct Shared {
    state: SessionState,
    schedule: Schedule,
}

/// What a process keeps in mind between two looks.
struct Mind {
    running: BTreeSet<Seq>,
    schedule: Schedule,
    shared: Arc<Mutex<Shared>>,
    bounds: Bounds,
    orders: Orders,
    orders_version: i64,
    governor: Governor,
    next_load: Timestamp,
    next_burial: Timestamp,
    told: Option<Why>,
}

impl Mind {
    fn reschedule(&mut self, workers: usize, now: Timestamp) -> Result<(), OrdersError> {
        self.schedule = self.orders.schedule(workers, now)?;
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).schedule = self.schedule.clone();
        Ok(())
    }
}

impl Runner {
    /// Works until there is nothing more to do, or it is told to end.
    ///
    /// # Errors
    /// When the registry fails for good.
    pub async fn run(self: Arc<Self>) -> Result<RunEnd, RunError> {
        let mut lanes: JoinSet<(Seq, Result<(), RegistryError>)> = JoinSet::new();
        let mut mind = self.mind().await?;
        let ended = loop {
            while let Some(ended) = lanes.try_join_next() {
                Self::ended(&mut mind, ended)?;
            }
            let step = self.step(&mut mind, lanes.is_empty()).await?;
            match step {
                Step::End(ended) => break ended,
                Step::Begin(claim) => {
                    let lane = Lane::new(self.clone(), mind.shared.clone());
                    lanes.spawn(async move { (claim.held.unit, lane.work(*claim).await) });
                }
                Step::Wait => {
                    tokio::select! {
                        () = tokio::time::sleep(self.pace.idle) => {}
                        Some(ended) = lanes.join_next(), if !lanes.is_empty() => Self::ended(&mut mind, ended)?,
                        () = self.cancel.cancelled(), if !lanes.is_empty() => {
                            // Lanes hear it too, and let their units go.
                            if let Some(ended) = lanes.join_next().await {
                                Self::ended(&mut mind, ended)?;
                            }
                        }
                    }
                }
            }
        };
        while let Some(ended) = lanes.join_next().await {
            Self::ended(&mut mind, ended)?;
        }
        Ok(ended)
    }

    async fn mind(&self) -> Result<Mind, RunError> {
        let found = self.insist(|| self.registry.session(self.session)).await?;
        let found = found.ok_or(RegistryError::NoSession(self.session))?;
        let orders = Orders::read(&found.orders)?;
        self.phases.accepted.follow(&orders.accepted);
        let now = Timestamp::now();
        let schedule = orders.schedule(orders.most(), now)?;
        let shared = Shared { state: SessionState::Running, schedule: schedule.clone() };
        Ok(Mind {
            running: BTreeSet::new(),
            governor: Governor::new(orders.workers),
            schedule,
            shared: Arc::new(Mutex::new(shared)),
            bounds: Bounds::default(),
            orders,
            orders_version: found.orders_version,
            next_load: now,
            next_burial: now,
            told: None,
        })
    }

    fn ended(
        mind: &mut Mind,
        ended: Result<(Seq, Result<(), RegistryError>), tokio::task::JoinError>,
    ) -> Result<(), RunError> {
        let (unit, result) = ended.map_err(|error| RegistryError::Task(error.to_string()))?;
        mind.running.remove(&unit);
        mind.told = None;
        match result {
            // Another worker has the unit now, and a registry that cannot be reached is met again at the next step.
            Ok(()) | Err(RegistryError::Lost { .. } | RegistryError::Unreachable(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// One look at the session, and what follows from it.
    async fn step(&self, mind: &mut Mind, idle: bool) -> Result<Step, RunError> {
        if self.cancel.is_cancelled() {
            return Ok(if idle { Step::End(RunEnd::Interrupted) } else { Step::Wait });
        }
        let found = self.insist(|| self.registry.session(self.session)).await?;
        let found = found.ok_or(RegistryError::NoSession(self.session))?;
        mind.shared.lock().unwrap_or_else(PoisonError::into_inner).state = found.state;
        if found.orders_version != mind.orders_version {
            mind.orders = Orders::read(&found.orders)?;
            self.phases.accepted.follow(&mind.orders.accepted);
            mind.governor.set_most(mind.orders.workers);
            mind.reschedule(mind.governor.allowed(), Timestamp::now())?;
            mind.orders_version = found.orders_version;
        }
        self.bury_the_dead(mind).await?;
        match found.state {
            SessionState::Running | SessionState::Cancelling => {}
            SessionState::Paused | SessionState::Drafting => return Ok(Step::Wait),
            SessionState::Stopping if idle => return self.stopped().await,
            SessionState::Stopping => return Ok(Step::Wait),
            SessionState::Done if idle => return Ok(Step::End(RunEnd::Done)),
            SessionState::Failed if idle => return self.failed_before().await,
            SessionState::Interrupted if idle => return Ok(Step::End(RunEnd::Stopped)),
            SessionState::Done | SessionState::Failed | SessionState::Interrupted => return Ok(Step::Wait),
        }
        self.feel_the_load(mind).await?;
        self.predict_anew(mind).await?;
        let undoing = found.state == SessionState::Cancelling;
        match self.decide(mind, undoing).await? {
            Decision::Begin(unit) => self.begin(mind, unit).await,
            Decision::Wait { until, why } => self.nothing_to_begin(mind, until, why, idle, undoing).await,
        }
    }

    async fn begin(&self, mind: &mut Mind, unit: Seq) -> Result<Step, RunError> {
        let claiming = self.claiming(Some(unit));
        let claim = self.insist(|| self.registry.claim(self.session, &claiming)).await?;
        // Somebody else may have been faster.
        let Some(claim) = claim else { return Ok(Step::Wait) };
        self.claimed(mind, claim).await
    }

    /// A unit that is ours. Whoever accepted something and had the unit tried again after that did so before it was ours, but perhaps
    /// after we had looked at the session: what is accepted is read once more.
    async fn claimed(&self, mind: &mut Mind, claim: Claim) -> Result<Step, RunError> {
        mind.running.insert(claim.held.unit);
        mind.told = None;
        if let Some(found) = self.insist(|| self.registry.session(self.session)).await? {
            self.phases.accepted.follow(&Orders::read(&found.orders)?.accepted);
        }
        Ok(Step::Begin(Box::new(claim)))
    }

    async fn nothing_to_begin(
        &self,
        mind: &mut Mind,
        until: Option<Timestamp>,
        why: Why,
        idle: bool,
        undoing: bool,
    ) -> Result<Step, RunError> {
        if !idle {
            return Ok(Step::Wait);
        }
        // A claim, even one that takes nothing, finds units whose workers are gone and wakes those whose time has come.
        if let Some(claim) = self.sweep().await? {
            return self.claimed(mind, claim).await;
        }
        // What it freed may be a deletion, which nobody waits for at the end of a run: it is looked at before the end is.
        if let Decision::Begin(unit) = self.decide(mind, undoing).await? {
            return self.begin(mind, unit).await;
        }
        if mind.told != Some(why) && why != Why::Nothing {
            self.watcher.told(&Told::Waits { until, why });
            mind.told = Some(why);
        }
        if why == Why::Closed {
            return Ok(if self.leave_when_closed { Step::End(RunEnd::Waiting(why)) } else { Step::Wait });
        }
        if why == Why::NeverFits && self.leave_when_closed {
            return Ok(Step::End(RunEnd::Waiting(why)));
        }
        self.is_it_the_end(why, undoing).await
    }

    async fn sweep(&self) -> Result<Option<Claim>, RunError> {
        let claiming = Claiming { phases: Vec::new(), ..self.claiming(None) };
        Ok(self.insist(|| self.registry.claim(self.session, &claiming)).await?)
    }

    /// Whether nothing can happen any more without a person or a quarantine's end.
    async fn is_it_the_end(&self, why: Why, undoing: bool) -> Result<Step, RunError> {
        let totals = self.insist(|| self.registry.totals(self.session)).await?;
        if totals.open() == 0 {
            if undoing {
                let order = SessionOrder::Interrupt;
                self.insist(|| self.registry.order(self.session, order)).await?;
                return Ok(Step::End(RunEnd::Cancelled));
            }
            let failed = totals.errors() > 0;
            let order = SessionOrder::End { failed };
            self.insist(|| self.registry.order(self.session, order)).await?;
            return Ok(Step::End(if failed { RunEnd::Failed } else { RunEnd::Done }));
        }
        let before_deletion = totals.count(|at| !at.state.is_settled() && !choose::waits_for_deletion(at));
        Ok(if before_deletion == 0 { Step::End(RunEnd::Waiting(why)) } else { Step::Wait })
    }

    /// A session that ended with failures: what failed may have been left out since, by a person.
    async fn failed_before(&self) -> Result<Step, RunError> {
        let totals = self.insist(|| self.registry.totals(self.session)).await?;
        if totals.open() > 0 || totals.errors() > 0 {
            return Ok(Step::End(RunEnd::Failed));
        }
        let order = SessionOrder::End { failed: false };
        self.insist(|| self.registry.order(self.session, order)).await?;
        Ok(Step::End(RunEnd::Done))
    }

    async fn stopped(&self) -> Result<Step, RunError> {
        let totals = self.insist(|| self.registry.totals(self.session)).await?;
        // Other processes may still hold units; the last one writes the session's end.
        if totals.held() == 0 {
            let order = SessionOrder::Interrupt;
            self.insist(|| self.registry.order(self.session, order)).await?;
        }
        Ok(Step::End(RunEnd::Stopped))
    }

    async fn bury_the_dead(&self, mind: &mut Mind) -> Result<(), RunError> {
        let now = Timestamp::now();
        if now < mind.next_burial {
            return Ok(());
        }
        mind.next_burial = pace::after(now, self.pace.burial);
        let owners = self.insist(|| self.registry.owners(self.session)).await?;
        for owner in owners {
            let Ok(name) = owner.worker.parse::<WorkerName>() else { continue };
            if !name.is_dead_here(&self.worker) {
                continue;
            }
            // What it started may still write into a Moodle: that ends first.
            self.leftovers.end().await;
            let units =
                self.insist(|| self.registry.expire(self.session, &owner.worker, Timestamp::now())).await?;
            self.watcher.told(&Told::Buried { worker: owner.worker.clone(), units });
        }
        Ok(())
    }

    async fn feel_the_load(&self, mind: &mut Mind) -> Result<(), RunError> {
        let now = Timestamp::now();
        if now < mind.next_load {
            return Ok(());
        }
        mind.next_load = pace::after(now, self.pace.load);
        // Who cannot be asked how busy it is gets no more work than before, and its own errors tell the rest.
        if let Ok(load) = self.phases.ends.way.load().await
            && let Some(allowed) = mind.governor.feel(load)
        {
            mind.reschedule(allowed, now)?;
            self.watcher.told(&Told::Workers { allowed, load });
        }
        Ok(())
    }
}

/// What follows from a look.
enum Step {
    Begin(Box<Claim>),
    Wait,
    End(RunEnd),
}

/// Why a process could not go on with its session.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The registry failed.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// What the session's workers are told is not understood.
    #[error(transparent)]
    Orders(#[from] OrdersError),
}
