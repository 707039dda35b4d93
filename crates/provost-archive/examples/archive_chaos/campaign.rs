//! Workers are started and killed, orders are given in between, and at the end everything is looked at.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use provost_archive::phases::Dossier;
use provost_archive::session::Orders;
use provost_engine::registry::{
    self, NewSession, NewUnit, Phase, Registry, Selection, SessionOrder, SessionState, State,
};
use provost_fleet::archive::Overrun;
use serde_json::{Value, json};

use crate::judge;
use crate::scene::{Result, SESSION, Scene};

/// Processes that work at once.
const WORKERS: usize = 3;

/// Units that each of them has in hand at once.
const LANES: u32 = 4;

/// Units that are added at once.
const BATCH: usize = 1000;

/// Longest that a campaign may go on after its last kill, for each course.
const AFTERWARDS: Duration = Duration::from_millis(400);

/// Of so many courses one is given up on the way.
const GIVEN_UP: i64 = 101;

/// The program and arguments of a worker, given its scene.
pub(crate) type Worker = Box<dyn Fn(String) -> (String, Vec<String>)>;

/// A campaign.
pub(crate) struct Campaign {
    pub(crate) scene: Scene,
    pub(crate) courses: i64,
    pub(crate) kills: u64,
    pub(crate) worker: Worker,
    pub(crate) tell: fn(&str),
}

/// What it found.
pub(crate) struct Outcome {
    pub(crate) findings: Vec<String>,
    pub(crate) json: Value,
}

/// Chance that is the same for the same seed.
struct Chance(u64);

impl Chance {
    /// A number below another (xorshift).
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit.max(1)
    }
}

/// The processes of a campaign: all of them end with it.
struct Crew(Vec<Child>);

impl Drop for Crew {
    fn drop(&mut self) {
        for child in &mut self.0 {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

impl Campaign {
    pub(crate) fn run(self) -> Result<Outcome> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.go())
    }

    async fn go(self) -> Result<Outcome> {
        let begun = Instant::now();
        let world = self.scene.world()?;
        for course in 1..=self.courses {
            world.add_course(course, &format!("c{course}"))?;
        }
        let registry = self.scene.registry().await?;
        self.draft(&*registry).await?;
        let mut chance = Chance(self.scene.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let killed = self.kill(&*registry, &mut chance).await?;
        (self.tell)(&format!("{killed} kills in {} s", begun.elapsed().as_secs()));
        self.finish(&*registry).await?;
        let seconds = begun.elapsed().as_secs();
        judge::judge(&self.scene, &*registry, self.courses, killed, seconds).await
    }

    async fn draft(&self, registry: &dyn Registry) -> Result<()> {
        let orders = Orders {
            workers: LANES,
            windows: Vec::new(),
            timezone: "UTC".to_owned(),
            exceptions: Vec::new(),
            overrun: Overrun::Finish,
            accepted: Vec::new(),
        };
        let session = NewSession {
            name: "chaos".to_owned(),
            actor: "campaign".to_owned(),
            declared: json!({}),
            orders: orders.write()?,
        };
        let made = registry.draft(&session, Timestamp::now()).await?;
        assert_eq!(made, SESSION, "the registry of a campaign is empty at its beginning");
        let facts = Dossier { place: vec!["Archive".to_owned()], ..Dossier::default() }.to_facts()?;
        let units: Vec<NewUnit> = (0..self.courses).map(|seq| unit(seq, &facts)).collect();
        for batch in units.chunks(BATCH) {
            registry.add(SESSION, batch).await?;
        }
        registry.order(SESSION, SessionOrder::Run).await?;
        Ok(())
    }

    fn start(&self) -> Result<Child> {
        let (program, arguments) = (self.worker)(serde_json::to_string(&self.scene)?);
        Ok(Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).spawn()?)
    }

    /// Starts again whoever has ended.
    fn muster(&self, crew: &mut Crew) -> Result<()> {
        while crew.0.len() < WORKERS {
            crew.0.push(self.start()?);
        }
        for child in &mut crew.0 {
            if child.try_wait()?.is_some() {
                *child = self.start()?;
            }
        }
        Ok(())
    }

    async fn kill(&self, registry: &dyn Registry, chance: &mut Chance) -> Result<u64> {
        let mut crew = Crew(Vec::new());
        let mut killed = 0;
        while killed < self.kills {
            self.muster(&mut crew)?;
            tokio::time::sleep(Duration::from_millis(chance.below(120))).await;
            let victim = usize::try_from(chance.below(WORKERS as u64))?;
            crew.0[victim].kill()?;
            crew.0[victim].wait()?;
            killed += 1;
            self.meddle(registry, chance).await?;
            if killed % 100 == 0 {
                let totals = registry.totals(SESSION).await?;
                (self.tell)(&format!("{killed} kills, {:.1} % settled", totals.percent()));
            }
        }
        Ok(killed)
    }

    /// What a person might do meanwhile.
    async fn meddle(&self, registry: &dyn Registry, chance: &mut Chance) -> Result<()> {
        let some = i64::try_from(chance.below(self.courses.unsigned_abs()))?;
        match chance.below(12) {
            0 => drop(registry.order(SESSION, SessionOrder::Pause).await),
            1 | 2 => drop(registry.order(SESSION, SessionOrder::Run).await),
            3 => self.command(registry, Selection::Units(vec![some]), registry::Command::Priority(5)).await?,
            4 => {
                let given_up = some - some % GIVEN_UP;
                self.command(registry, Selection::Units(vec![given_up]), registry::Command::Cancel).await?;
            }
            5 => self.command(registry, Selection::All, registry::Command::Approve).await?,
            _ => {}
        }
        let state = registry.session(SESSION).await?.map(|session| session.state);
        if state == Some(SessionState::Paused) && chance.below(3) == 0 {
            registry.order(SESSION, SessionOrder::Run).await?;
        }
        Ok(())
    }

    async fn command(
        &self,
        registry: &dyn Registry,
        selection: Selection,
        command: registry::Command,
    ) -> Result<()> {
        registry.command(SESSION, &selection, &command, "campaign", Timestamp::now()).await?;
        Ok(())
    }

    /// Lets the workers finish; what was parked only because its workers were killed is tried again, as a person would.
    async fn finish(&self, registry: &dyn Registry) -> Result<()> {
        let mut crew = Crew(Vec::new());
        let courses = u32::try_from(self.courses)?;
        let until = Instant::now() + AFTERWARDS * courses + Duration::from_mins(2);
        loop {
            registry.order(SESSION, SessionOrder::Run).await?;
            self.command(registry, Selection::All, registry::Command::Approve).await?;
            let unlucky = judge::parked_by_kills(registry).await?;
            let again = unlucky.len();
            self.command(registry, Selection::Units(unlucky), registry::Command::Retry).await?;
            self.muster(&mut crew)?;
            tokio::time::sleep(Duration::from_millis(300)).await;
            let totals = registry.totals(SESSION).await?;
            let failed = totals.count(|at| at.state == State::Failed);
            if totals.open() == 0 && failed == 0 && again == 0 {
                return Ok(());
            }
            if Instant::now() > until {
                (self.tell)(&format!("it does not come to its end: {:?}", totals.0));
                return Ok(());
            }
        }
    }
}

fn unit(seq: i64, facts: &Value) -> NewUnit {
    NewUnit {
        seq,
        subject: format!("course/{}", seq + 1),
        label: format!("c{}", seq + 1),
        goal: Phase::Delete,
        priority: 0,
        predicted_s: 0.01,
        upper_s: 0.1,
        bytes: 20,
        source_id: Some(seq + 1),
        facts: facts.clone(),
    }
}
