//! A worker: claims units and takes them through their phases, until nothing is left to do. Killed at any moment.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::{SignedDuration, Timestamp};
use provost_engine::registry::{
    Answer, Claim, Claiming, Failure, Findings, Outcome, Phase, Registry, RegistryError, Report, SessionId,
    State, Then,
};
use provost_engine::store::OperationId;

use super::Result;
use super::random::Random;
use super::world::{Deed, Line, TRIES, is_deadly, is_poison, open, receipt};

/// Longer than any phase takes on the slowest machine: who is alive is never thought dead here, and the campaign tells of the dead.
const LEASE: Duration = Duration::from_mins(5);

/// How long a source stays hidden.
const QUARANTINE: SignedDuration = SignedDuration::from_millis(150);

/// Between two tries of something that may go well later.
const AGAIN: Duration = Duration::from_millis(15);

/// So often is said again what a broken connection may have swallowed.
const SAY: u32 = 40;

struct Worker {
    registry: Box<dyn Registry>,
    session: SessionId,
    name: String,
    log: PathBuf,
    random: Random,
}

/// Works: arguments are the registry, the session, the worker's name, and the file of the world.
pub(crate) fn work(arguments: &[String]) -> Result<()> {
    let [place, session, name, log] = arguments else { return Err("REGISTRY SESSION NAME FILE".into()) };
    let (session, log) = (OperationId(session.parse()?), PathBuf::from(log));
    let seed = SystemTime::now().duration_since(UNIX_EPOCH)?.subsec_nanos().into();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let registry = open(place).await?;
        let mut worker = Worker { registry, session, name: name.clone(), log, random: Random::new(seed) };
        worker.run().await
    })
}

impl Worker {
    async fn run(&mut self) -> Result<()> {
        loop {
            let asked = Claiming::any(self.name.clone(), Timestamp::now(), LEASE);
            match self.registry.claim(self.session, &asked).await {
                Ok(Some(claim)) => self.take_through(&claim).await?,
                Ok(None) => {
                    let totals = self.insist(|worker| worker.registry.totals(worker.session)).await?;
                    if totals.open() == 0 {
                        return Ok(());
                    }
                    tokio::time::sleep(AGAIN).await;
                }
                // Whether something was claimed is not known: then its lease ends some time.
                Err(error) if error.is_transient() => tokio::time::sleep(AGAIN).await,
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn take_through(&mut self, claim: &Claim) -> Result<()> {
        let mut place = claim.unit.place;
        loop {
            let said = match place.state {
                State::Undoing => {
                    let report = self.report(Phase::Prepare);
                    self.insist(|worker| worker.registry.undone(&claim.held, &report)).await
                }
                _ => self.do_phase(claim, place.phase).await,
            };
            match said {
                Ok(outcome) if outcome.held => place = outcome.place,
                Ok(_) => return Ok(()),
                // Only the campaign takes units away, when it thinks that their worker is dead.
                Err(RegistryError::Lost { .. }) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn do_phase(&mut self, claim: &Claim, phase: Phase) -> std::result::Result<Outcome, RegistryError> {
        let (unit, fence) = (claim.held.unit, claim.held.fence.0);
        self.tell(Deed::Begins, unit, phase, fence)?;
        if is_deadly(unit, phase) {
            std::process::abort();
        }
        tokio::time::sleep(Duration::from_micros(self.random.below(3000) as u64)).await;
        if is_poison(unit, phase) {
            let now = Timestamp::now();
            let failure = Failure {
                now,
                error: "poison".to_owned(),
                seconds: 0.001,
                retry_at: Some(now),
                park_after: TRIES,
                findings: Findings::default(),
                untouched: false,
            };
            return self.insist(|worker| worker.registry.fail(&claim.held, &failure)).await;
        }
        let report = self.report(phase);
        let then = if self.random.once_in(4) {
            Then::LetGo { not_before: None }
        } else {
            Then::GoOn { until: Timestamp::now() + SignedDuration::from_mins(5) }
        };
        let outcome = if phase == Phase::Prove {
            let receipt = receipt(unit).map_err(|error| RegistryError::Task(error.to_string()))?;
            self.insist(|worker| worker.registry.prove(&claim.held, &receipt, &report, then)).await?
        } else {
            self.insist(|worker| worker.registry.finish(&claim.held, phase, &report, then)).await?
        };
        self.tell(Deed::Recorded, unit, phase, fence)?;
        Ok(outcome)
    }

    fn report(&self, phase: Phase) -> Report {
        let now = Timestamp::now();
        let quarantine_until = (phase == Phase::Hide).then(|| now + QUARANTINE);
        let findings = Findings { quarantine_until, moved_bytes: Some(1), ..Findings::default() };
        Report { now, evidence: self.name.clone(), seconds: 0.001, findings }
    }

    fn tell(
        &self,
        deed: Deed,
        unit: i64,
        phase: Phase,
        fence: i64,
    ) -> std::result::Result<(), RegistryError> {
        Line::append(&self.log, deed, unit, phase, fence)
            .map_err(|error| RegistryError::Task(error.to_string()))
    }

    /// Says something again as long as the registry cannot be reached.
    async fn insist<'a, T>(
        &'a self,
        say: impl Fn(&'a Self) -> Answer<'a, T>,
    ) -> std::result::Result<T, RegistryError> {
        let mut said = 0;
        loop {
            said += 1;
            match say(self).await {
                Err(error) if error.is_transient() && said < SAY => tokio::time::sleep(AGAIN).await,
                other => return other,
            }
        }
    }
}
