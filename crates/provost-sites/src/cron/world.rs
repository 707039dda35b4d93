//! What the scheduler works on, and what it is handed back.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use provost_engine::context::Context;
use provost_fleet::cron::Cron;
use provost_fleet::name::Name;

use super::look::{LookError, Seconds, Sight, Working};
use super::record::Outcome;
use super::schedule::{Budget, Lane};

/// What the loop works on: real sites, or pretended ones in a benchmark.
pub trait World: Send + Sync + 'static {
    /// The sites there are, and the server that each lives on. Asked again and again.
    fn sites(&self) -> BTreeMap<Name, Name>;

    /// Reads what is due at a site.
    fn look(&self, cx: &Context, site: &Name) -> impl Future<Output = Result<Sight, LookError>> + Send;

    /// Runs one lane of a site's cron. `kills` says how often tasks of it were killed before.
    fn run(
        &self,
        cx: &Context,
        site: &Name,
        lane: Lane,
        kills: &BTreeMap<String, u32>,
    ) -> impl Future<Output = Ran> + Send;

    /// Ends what the runs of a killed scheduler left in the sites' databases. Called before any run.
    fn clear_up(&self, cx: &Context) -> impl Future<Output = ()> + Send;

    /// Starts a server again that does not answer, where that is ours to do.
    fn revive(&self, cx: &Context, server: &Name) -> impl Future<Output = ()> + Send;

    /// Told of each start, and for how long it was due.
    fn started(&self, _site: &Name, _lane: Lane, _late: Duration) {}
}

/// What came of a run.
#[derive(Debug)]
pub struct Ran {
    /// When it began.
    pub at: Seconds,
    /// How long it took.
    pub took: Duration,
    /// How it ended.
    pub outcome: Outcome,
    /// Its process.
    pub pid: Option<u32>,
    /// Whether it was ended, by us or by a signal, so that it could not put things in order.
    pub ended_by_us: bool,
    /// What it was at when it was ended.
    pub working: Option<Working>,
    /// The site after it.
    pub after: Option<Sight>,
}

impl Ran {
    pub(super) fn begun(cx: &Context) -> Self {
        Self {
            at: cx.now().as_second(),
            took: Duration::ZERO,
            outcome: Outcome::Done,
            pid: None,
            ended_by_us: false,
            working: None,
            after: None,
        }
    }

    pub(super) fn nothing(why: &str) -> Self {
        Self {
            at: 0,
            took: Duration::ZERO,
            outcome: Outcome::Failed { why: why.to_owned() },
            pid: None,
            ended_by_us: false,
            working: None,
            after: None,
        }
    }

    pub(super) fn at_elapsed(&self, cx: &Context) -> u64 {
        u64::try_from(cx.now().as_second() - self.at).unwrap_or(0)
    }

    /// An exit status is no evidence: core's tables must show the run.
    pub(super) fn read_back(&mut self, lane: Lane) {
        if lane == Lane::Scheduled && self.outcome == Outcome::Done {
            let why = match &self.after {
                Some(after) if after.last_start.is_some_and(|start| start >= self.at) => return,
                Some(_) => "it ended well, and the site's tables show no run",
                None => "the site's tables could not be read after it",
            };
            self.outcome = Outcome::Failed { why: why.to_owned() };
        }
    }
}

/// How the loop works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The fleet's name, for whoever is told.
    pub fleet: String,
    /// `[cron]`.
    pub rules: Cron,
    /// Processes at once.
    pub budget: Budget,
}

impl Settings {
    /// As the fleet file says, on a machine.
    pub fn new(fleet: &provost_fleet::model::Fleet, cores: usize) -> Self {
        let workers = fleet.cron.workers.and_then(|workers| usize::try_from(workers).ok());
        let budget = workers.map_or_else(|| Budget::for_cores(cores), Budget::of);
        Self { fleet: fleet.name.to_string(), rules: fleet.cron.clone(), budget }
    }
}
