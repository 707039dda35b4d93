//! One unit in hand: through its phases until it is let go.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use provost_engine::execute::full_chain;
use provost_engine::registry::{
    Claim, Failure, Findings, Held, Phase, RegistryError, Report, SessionOrder, SessionState, State, Then,
    Unit,
};

use super::{Runner, Shared, Told, pace};
use crate::phases::{Dossier, Ended, PhaseError, Weight};
use crate::predict::WORK;
use crate::schedule::Boundary;

/// Events of a unit that are read to learn from: it has a few for each of its phases and tries.
const EVENTS: u32 = 200;

/// One unit in hand.
pub(super) struct Lane {
    runner: Arc<Runner>,
    shared: Arc<Mutex<Shared>>,
}

impl Lane {
    pub(super) fn new(runner: Arc<Runner>, shared: Arc<Mutex<Shared>>) -> Self {
        Self { runner, shared }
    }

    /// Whether the session is paused, and when what may run.
    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on a unit until it is let go. Ends at once where another worker has it.
    pub(super) async fn work(self, claim: Claim) -> Result<(), RegistryError> {
        tokio::select! {
            // What a lost unit's worker was doing is dropped where it is: the processes that it started end with it.
            lost = self.beat(&claim.held) => Err(lost),
            ended = self.through(&claim.held, claim.unit.clone()) => ended,
        }
    }

    /// Says every now and then that we live. Returns only when that is not believed any more.
    async fn beat(&self, held: &Held) -> RegistryError {
        let pace = &self.runner.pace;
        loop {
            tokio::time::sleep(pace.beat).await;
            let until = pace::after(Timestamp::now(), pace.lease);
            match self.runner.registry.beat(held, until).await {
                Err(error) if !error.is_transient() => return error,
                // Not reached: the lease runs on, and the next word may come in time.
                _ => {}
            }
        }
    }

    async fn through(&self, held: &Held, mut unit: Unit) -> Result<(), RegistryError> {
        loop {
            let go_on = match unit.place.state {
                State::Undoing => self.undo(held, &unit).await?,
                State::Running => self.phase(held, &unit).await?,
                _ => false,
            };
            if !go_on {
                return Ok(());
            }
            let runner = &self.runner;
            let again = runner.insist(|| runner.registry.unit(held.session, held.unit)).await?;
            let Some(again) = again else { return Ok(()) };
            unit = again;
        }
    }

    /// One phase. Says whether we still have the unit.
    async fn phase(&self, held: &Held, unit: &Unit) -> Result<bool, RegistryError> {
        let runner = &self.runner;
        let phase = unit.place.phase;
        runner.watcher.told(&Told::Begins { label: unit.label.clone(), phase });
        let stored = if phase.needs_receipt() {
            runner.insist(|| runner.registry.receipt(held.session, held.unit)).await?
        } else {
            None
        };
        let begun = Instant::now();
        let ended = tokio::select! {
            ended = runner.phases.run(unit, stored, Timestamp::now()) => ended,
            // What it was doing is dropped where it is, as if the worker had been killed: the next one begins the phase again.
            late = self.overdue(unit) => Err(late),
        };
        let seconds = begun.elapsed().as_secs_f64();
        match ended {
            Ok(ended) => self.finish(held, unit, ended, seconds).await,
            Err(error) => self.fail(held, unit, &error, seconds).await,
        }
    }

    /// Returns when the unit's phase, which begins now, has to be broken off. Nothing is foretold of how long cleaning takes, so that it
    /// is never broken off.
    async fn overdue(&self, unit: &Unit) -> PhaseError {
        let (begun, phase) = (Timestamp::now(), unit.place.phase);
        if !WORK.contains(&phase) {
            return std::future::pending().await;
        }
        let features = Dossier::from_facts(&unit.facts).unwrap_or_default().features;
        let expected = self.runner.learned.predict(&features, &[phase]);
        loop {
            // Looked at every now and then, because a person may move the window meanwhile.
            let (now, due) = (Timestamp::now(), self.shared().schedule.break_off(begun, &expected));
            if now < due {
                let wait = due.duration_since(now).unsigned_abs().min(self.runner.pace.load);
                tokio::time::sleep(wait).await;
                continue;
            }
            let seconds = now.duration_since(begun).as_secs_f64();
            return if seconds > expected.upper {
                PhaseError::Hung { seconds, expected: expected.upper }
            } else if self.shared().schedule.had_a_window(begun) {
                PhaseError::LongerThanWindow { seconds }
            } else {
                let until = self.shared().schedule.window().next_opening(now);
                PhaseError::NotYet { why: "its window closed before it ended".to_owned(), until }
            };
        }
    }

    async fn finish(
        &self,
        held: &Held,
        unit: &Unit,
        ended: Ended,
        seconds: f64,
    ) -> Result<bool, RegistryError> {
        let (runner, phase) = (&self.runner, unit.place.phase);
        let now = Timestamp::now();
        let then = self.then(unit, &ended.findings, now);
        let evidence = ended.evidence.to_string();
        let report = Report { now, evidence, seconds, findings: ended.findings };
        let outcome = match &ended.receipt {
            Some(receipt) => runner.insist(|| runner.registry.prove(held, receipt, &report, then)).await?,
            None => runner.insist(|| runner.registry.finish(held, phase, &report, then)).await?,
        };
        let done = outcome.place.state == State::Done;
        runner.watcher.told(&Told::Ended { label: unit.label.clone(), phase, seconds, done });
        if done || phase == Phase::Prove {
            self.learn(held, unit).await;
        }
        Ok(outcome.held)
    }

    /// Whether the unit is held for its next phase.
    fn then(&self, unit: &Unit, findings: &Findings, now: Timestamp) -> Then {
        let state = self.shared().state;
        let next = unit.place.phase.next();
        let let_go = Then::LetGo { not_before: None };
        if next == Some(Phase::Delete) {
            return Then::LetGo { not_before: findings.quarantine_until };
        }
        if self.runner.cancel.is_cancelled() || state == SessionState::Paused {
            return let_go;
        }
        if let Some(next) = next {
            let features = Dossier::from_facts(&unit.facts).unwrap_or_default().features;
            let predicted = self.runner.learned.predict(&features, &[next]);
            if let Boundary::PutBack { until } = self.shared().schedule.boundary(now, &predicted) {
                return Then::LetGo { not_before: until };
            }
        }
        Then::GoOn { until: pace::after(now, self.runner.pace.lease) }
    }

    async fn fail(
        &self,
        held: &Held,
        unit: &Unit,
        error: &PhaseError,
        seconds: f64,
    ) -> Result<bool, RegistryError> {
        let (runner, now) = (&self.runner, Timestamp::now());
        let told = full_chain(error);
        let weight = error.weight();
        if let PhaseError::NotYet { until, .. } = error {
            let outcome = runner.insist(|| runner.registry.release(held, &told, *until, now)).await?;
            return Ok(outcome.held);
        }
        if weight == Weight::NotYet {
            let until = Some(runner.pace.retry_at(now, 0));
            let outcome = runner.insist(|| runner.registry.release(held, &told, until, now)).await?;
            return Ok(outcome.held);
        }
        if weight == Weight::Interrupted || runner.cancel.is_cancelled() {
            let outcome = runner.insist(|| runner.registry.release(held, "interrupted", None, now)).await?;
            return Ok(outcome.held);
        }
        let again = weight == Weight::Passing;
        let failure = Failure {
            now,
            error: told.clone(),
            seconds,
            retry_at: again.then(|| self.retry_at(error, unit, now)),
            park_after: Failure::TRIES,
            findings: Findings::default(),
            untouched: unit.place.phase == Phase::Delete && error.is_before_it_began(),
        };
        let outcome = runner.insist(|| runner.registry.fail(held, &failure)).await?;
        let for_good = matches!(outcome.place.state, State::Parked | State::Stuck);
        let (label, phase) = (unit.label.clone(), unit.place.phase);
        runner.watcher.told(&Told::Failed { label, phase, error: told.clone(), for_good });
        if weight == Weight::Platform {
            self.halt(told).await;
        }
        Ok(outcome.held)
    }

    /// When it is tried again. What made a phase hang may last for hours, so that the next window is waited for; where there is none, as long
    /// as the phase was, and four times as long after that.
    fn retry_at(&self, error: &PhaseError, unit: &Unit, now: Timestamp) -> Timestamp {
        let soon = self.runner.pace.retry_at(now, unit.failures);
        let (PhaseError::Hung { seconds, .. } | PhaseError::LongerThanWindow { seconds }) = error else {
            return soon;
        };
        let next = self.shared().schedule.window().next_opening(now);
        let longer = 4_u32.saturating_pow(u32::try_from(unit.failures).unwrap_or(0).min(5));
        next.unwrap_or_else(|| pace::after(now, Duration::from_secs_f64(*seconds).saturating_mul(longer)))
            .max(soon)
    }

    /// Pauses the session: what stopped this unit would stop every other one, too.
    async fn halt(&self, error: String) {
        let runner = &self.runner;
        // One that is being cancelled goes on with that.
        let order = || runner.registry.order(runner.session, SessionOrder::Pause);
        if runner.insist(order).await.is_ok() {
            runner.watcher.told(&Told::Halted { error });
        }
    }

    async fn undo(&self, held: &Held, unit: &Unit) -> Result<bool, RegistryError> {
        let runner = &self.runner;
        let begun = Instant::now();
        let undone = runner.phases.undo(unit, Timestamp::now()).await;
        let seconds = begun.elapsed().as_secs_f64();
        match undone {
            Err(error) => self.fail(held, unit, &error, seconds).await,
            Ok(evidence) => {
                let how = evidence.as_str().unwrap_or_default().to_owned();
                let (now, evidence) = (Timestamp::now(), evidence.to_string());
                let report = Report { now, evidence, seconds, findings: Findings::default() };
                let outcome = runner.insist(|| runner.registry.undone(held, &report)).await?;
                runner.watcher.told(&Told::Undone { label: unit.label.clone(), how });
                Ok(outcome.held)
            }
        }
    }

    /// What each phase took goes into the model. Whatever fails here costs predictions, nothing else.
    async fn learn(&self, held: &Held, unit: &Unit) {
        let after = Some((held.unit, 0));
        let Ok(events) = self.runner.registry.events(held.session, after, EVENTS).await else { return };
        let Ok(dossier) = Dossier::from_facts(&unit.facts) else { return };
        let took: Vec<(Phase, f64)> = events
            .iter()
            .filter(|event| event.unit == held.unit && matches!(event.kind.as_str(), "finished" | "proved"))
            .filter_map(|event| Some((event.from, event.seconds?)))
            .collect();
        self.runner.learned.learn(&dossier.features, &took);
    }
}
