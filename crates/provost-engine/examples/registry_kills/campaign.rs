//! Rounds: a session of units that differ, eight workers on it, one of which is killed every moment; people interfere; when all is
//! settled everything is looked at. On PostgreSQL connections are cut besides.

#[path = "inspect.rs"]
mod inspect;
#[path = "random.rs"]
mod random;
#[path = "server.rs"]
mod server;
#[path = "worker.rs"]
mod worker;
#[path = "world.rs"]
mod world;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use jiff::Timestamp;
use provost_engine::registry::{
    Command as Ordered, NewSession, Phase, Registry, Selection, SessionId, SessionOrder, State, Totals, Unit,
};
use serde_json::json;

use inspect::Seen;
use random::Random;
use server::{Durable, Server};
pub(crate) use worker::work;
pub(crate) use world::Kind;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// So many workers at a time.
const WORKERS: usize = 8;

/// Units of a session for each kill that is wanted: enough work for all of them.
const UNITS_A_KILL: i64 = 10;

/// At most so many units in one session; then there is another one.
const MOST_UNITS: i64 = 1000;

/// Between two kills, in milliseconds, at most.
const PAUSE: usize = 60;

/// So long without any unit getting further, and something hangs.
const HANGS: Duration = Duration::from_mins(5);

/// Makes the command of a process that works.
pub(crate) type WorkerCommand = Box<dyn Fn(&[String]) -> Command>;

/// What to do, and where.
pub(crate) struct Campaign {
    pub(crate) database: Kind,
    /// An empty directory.
    pub(crate) work: PathBuf,
    pub(crate) seed: u64,
    /// How many kills.
    pub(crate) count: u64,
    /// A process that calls [`work`] with these arguments.
    pub(crate) worker: WorkerCommand,
    /// Is told each finding when it is made.
    pub(crate) tell: fn(&str),
}

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) findings: Vec<String>,
    pub(crate) json: serde_json::Value,
}

impl Campaign {
    /// Runs it.
    ///
    /// # Errors
    /// When it cannot be run; what is found is no error.
    pub(crate) fn run(self) -> Result<Outcome> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        runtime.block_on(self.rounds())
    }

    async fn rounds(self) -> Result<Outcome> {
        let server = match self.database {
            Kind::Sqlite => None,
            Kind::Postgresql => Some(Server::start(Durable::No)?),
        };
        let place = match &server {
            None => format!("sqlite:{}", self.work.join("registry.sqlite").display()),
            Some(server) => format!("postgresql:{}", server.host()),
        };
        let mut trial = Trial {
            registry: world::open(&place).await?,
            random: Random::new(self.seed),
            findings: Vec::new(),
            kills: 0,
            cuts: 0,
            names: 0,
            server,
            place,
            campaign: &self,
        };
        let (mut sessions, mut all) = (0, Seen::default());
        while trial.kills < self.count && trial.findings.is_empty() {
            let seen = trial.round().await?;
            sessions += 1;
            all.units += seen.units;
            all.events += seen.events;
            all.receipts += seen.receipts;
            all.parked += seen.parked;
            all.undone += seen.undone;
            all.losses += seen.losses;
            all.begun_again += seen.begun_again;
        }
        for finding in &trial.findings {
            (self.tell)(&format!("finding: {finding}"));
        }
        let json = json!({
            "campaign": "registry-kills",
            "on": trial.registry.name(),
            "seed": self.seed,
            "kills": trial.kills,
            "cuts": trial.cuts,
            "sessions": sessions,
            "units": all.units,
            "events": all.events,
            "receipts": all.receipts,
            "lost_claims": all.losses,
            "begun_again": all.begun_again,
            "parked": all.parked,
            "undone": all.undone,
            "findings": trial.findings.len(),
        });
        Ok(Outcome { findings: trial.findings, json })
    }
}

struct Trial<'a> {
    campaign: &'a Campaign,
    registry: Box<dyn Registry>,
    place: String,
    server: Option<Server>,
    random: Random,
    findings: Vec<String>,
    kills: u64,
    cuts: u64,
    names: u64,
}

/// A worker at work; killed when dropped.
struct Worker {
    name: String,
    child: Child,
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Trial<'_> {
    /// A session from its draft to its end.
    async fn round(&mut self) -> Result<Seen> {
        let left = i64::try_from(self.campaign.count - self.kills)?;
        let count = (left * UNITS_A_KILL).clamp(100, MOST_UNITS);
        let session = self.begin(count).await?;
        let world = self.campaign.work.join(format!("world-{}", session.0));
        std::fs::write(&world, "")?;
        let mut workers = Vec::new();
        for _ in 0..WORKERS {
            workers.push(self.hire(session, &world)?);
        }
        self.disturb(session, count, &world, &mut workers).await?;
        drop(workers);
        inspect::inspect(&*self.registry, session, count, &world, &mut self.findings).await
    }

    async fn begin(&mut self, count: i64) -> Result<SessionId> {
        let new = NewSession {
            name: "trial".to_owned(),
            actor: "campaign".to_owned(),
            declared: json!({}),
            orders: json!({}),
        };
        let session = self.registry.draft(&new, Timestamp::now()).await?;
        let units: Vec<_> = (0..count).map(world::unit).collect();
        self.registry.add(session, &units).await?;
        self.registry.order(session, SessionOrder::Run).await?;
        Ok(session)
    }

    fn hire(&mut self, session: SessionId, world: &Path) -> Result<Worker> {
        self.names += 1;
        let name = format!("worker-{}", self.names);
        let arguments =
            [self.place.clone(), session.0.to_string(), name.clone(), world.display().to_string()];
        let log =
            std::fs::OpenOptions::new().create(true).append(true).open(self.campaign.work.join("said"))?;
        let child = (self.campaign.worker)(&arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        Ok(Worker { name, child })
    }

    /// Kills, cuts and interferes until everything is settled.
    async fn disturb(
        &mut self,
        session: SessionId,
        count: i64,
        world: &Path,
        workers: &mut [Worker],
    ) -> Result<()> {
        let mut before = (Totals::default(), std::time::Instant::now());
        loop {
            tokio::time::sleep(Duration::from_millis(self.random.below(PAUSE) as u64)).await;
            self.bury(session, world, workers).await?;
            if self.kills < self.campaign.count {
                self.kill(session, world, workers).await?;
                self.cut()?;
                self.interfere(session, count).await?;
            }
            self.approve(session).await?;
            let totals = self.totals(session).await?;
            if totals.open() == 0 {
                return Ok(());
            }
            if totals != before.0 {
                before = (totals, std::time::Instant::now());
            } else if before.1.elapsed() > HANGS {
                self.findings.push(format!("nothing moves any more: {:?}", before.0));
                return Ok(());
            }
        }
    }

    /// Workers that ended by themselves: a deadly unit took them, or there was nothing left to do.
    async fn bury(&mut self, session: SessionId, world: &Path, workers: &mut [Worker]) -> Result<()> {
        for worker in workers {
            let Some(status) = worker.child.try_wait()? else { continue };
            if status.code().is_some_and(|code| code != 0) {
                self.findings.push(format!("{} ended: {status}; see `said`", worker.name));
            }
            self.bequeath(session, &worker.name).await?;
            *worker = self.hire(session, world)?;
        }
        Ok(())
    }

    async fn kill(&mut self, session: SessionId, world: &Path, workers: &mut [Worker]) -> Result<()> {
        let victim = self.random.below(workers.len());
        let Some(worker) = workers.get_mut(victim) else { return Ok(()) };
        worker.child.kill()?;
        worker.child.wait()?;
        self.kills += 1;
        let name = worker.name.clone();
        self.bequeath(session, &name).await?;
        *worker = self.hire(session, world)?;
        Ok(())
    }

    /// What a dead worker held is free at once.
    async fn bequeath(&self, session: SessionId, dead: &str) -> Result<()> {
        self.insist(|| self.registry.expire(session, dead, Timestamp::now())).await?;
        Ok(())
    }

    /// Cuts a connection, where there are any.
    fn cut(&mut self) -> Result<()> {
        let Some(server) = &self.server else { return Ok(()) };
        if self.random.once_in(3) {
            server.sql(
                "postgres",
                "select pg_terminate_backend(pid) from pg_stat_activity \
                 where application_name = 'provost registry' order by random() limit 1",
            )?;
            self.cuts += 1;
        }
        Ok(())
    }

    /// What people do meanwhile. What they do is undone at the end, but for what they give up.
    async fn interfere(&mut self, session: SessionId, count: i64) -> Result<()> {
        let most = usize::try_from(count)?;
        let mut some = Vec::new();
        for _ in 0..4 {
            some.push(i64::try_from(self.random.below(most))?);
        }
        let some = Selection::Units(some);
        let order = match self.random.below(20) {
            0 => Ordered::Park,
            1 => Ordered::Skip,
            2 => Ordered::Cancel,
            3 => Ordered::Priority(3),
            4 => {
                self.insist(|| self.registry.order(session, SessionOrder::Pause)).await?;
                self.insist(|| self.registry.order(session, SessionOrder::Run)).await?;
                return Ok(());
            }
            _ => return Ok(()),
        };
        self.insist(|| self.registry.command(session, &some, &order, "person", Timestamp::now())).await?;
        Ok(())
    }

    /// Allows deletions; and what people parked or left out goes on, but for what is poisoned.
    async fn approve(&mut self, session: SessionId) -> Result<()> {
        if self.random.once_in(10) || self.kills >= self.campaign.count {
            let now = Timestamp::now();
            let hidden = Selection::At(Phase::Delete, vec![State::Waiting]);
            self.insist(|| self.registry.command(session, &hidden, &Ordered::Approve, "rector", now)).await?;
            let idle = self.parked_by_people(session).await?;
            if !idle.is_empty() {
                let idle = Selection::Units(idle);
                self.insist(|| self.registry.command(session, &idle, &Ordered::Retry, "person", now)).await?;
            }
        }
        Ok(())
    }

    async fn parked_by_people(&self, session: SessionId) -> Result<Vec<i64>> {
        let query = provost_engine::registry::Query {
            states: vec![State::Parked, State::Skipped],
            limit: 1000,
            ..provost_engine::registry::Query::default()
        };
        let page = self.insist(|| self.registry.page(session, &query)).await?;
        // What was parked for having failed, or for having been lost, has an error.
        let by_people = |unit: &Unit| unit.place.state == State::Skipped || unit.error.is_none();
        Ok(page.units.into_iter().filter(by_people).map(|unit| unit.seq).collect())
    }

    async fn totals(&self, session: SessionId) -> Result<Totals> {
        self.insist(|| self.registry.totals(session)).await
    }

    /// The campaign's own connection is cut too.
    async fn insist<'s, T>(&'s self, say: impl Fn() -> provost_engine::registry::Answer<'s, T>) -> Result<T> {
        let mut said = 0;
        loop {
            said += 1;
            match say().await {
                Err(error) if error.is_transient() && said < 40 => {
                    tokio::time::sleep(Duration::from_millis(15)).await;
                }
                other => return Ok(other?),
            }
        }
    }
}
