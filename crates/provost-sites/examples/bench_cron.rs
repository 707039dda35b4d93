//! Times the cron of two hundred sites against a sequential loop over them. The scheduler is the real one, with its registry, its ledger
//! of processes and its metrics; the sites are programs of a known length, and one of them is stuck until its time is up.
//! `script/bench.d/cron` runs it; the last line is JSON.
//!
//! All sites fall due together, at every period, as Moodle's tasks do at full minutes. The lateness of a run is start - due - period.
//!
//! Arguments: the directory to work in, the number of runs, the project's commit.
#![expect(clippy::print_stdout, reason = "a program that prints its figures")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use camino::Utf8PathBuf;
use provost_engine::context::{Context, Limits, Machine};
use provost_engine::event::Silent;
use provost_engine::paths::Paths;
use provost_engine::process::{ProcessError, Program};
use provost_engine::store::Store;
use provost_fleet::cron::Cron;
use provost_fleet::name::Name;
use provost_sites::cron::look::{LookError, Sight, Timed};
use provost_sites::cron::record::Outcome;
use provost_sites::cron::schedule::{Budget, Lane};
use provost_sites::cron::{Ran, Settings, World, scheduler};
use tokio_util::sync::CancellationToken;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Sites of the fleet.
const SITES: usize = 200;

/// What the cron of a site takes: a fifth of an idle one of Moodle's, and so are all other times.
const TAKES: Duration = Duration::from_millis(100);

/// The shortest time between two starts of one site's cron.
const PERIOD: Duration = Duration::from_secs(12);

/// After so long the stuck one is ended.
const TIMEOUT: Duration = Duration::from_secs(12);

/// How long the scheduler runs.
const LONG: Duration = Duration::from_secs(48);

/// Processes at once: what a machine of two cores gets.
const WORKERS: usize = 6;

/// The site that is stuck.
const STUCK: &str = "s100";

#[derive(Default)]
struct Programs {
    begun: Option<Instant>,
    starts: Mutex<BTreeMap<Name, Vec<Duration>>>,
    waits: Mutex<Vec<Duration>>,
    lengths: Mutex<Vec<Duration>>,
}

fn names() -> impl Iterator<Item = Name> {
    (0..SITES).filter_map(|number| format!("s{number}").parse().ok())
}

/// Runs the cron of one site: the same for the scheduler and for the loop.
async fn run(cx: &Context, site: &Name) -> Outcome {
    let takes = if site.as_str() == STUCK { "3600".to_owned() } else { TAKES.as_secs_f64().to_string() };
    let program = Program::new("/bin/sleep").arg(takes).deadline(TIMEOUT).subject(format!("cron/{site}"));
    match cx.run(program).await {
        Ok(_) => Outcome::Done,
        Err(ProcessError::Deadline { deadline, .. }) => {
            Outcome::Killed { task: None, seconds: deadline.as_secs(), parked: false }
        }
        Err(ProcessError::Cancelled { .. }) => Outcome::Interrupted,
        Err(error) => Outcome::Failed { why: error.to_string() },
    }
}

impl World for Programs {
    fn sites(&self) -> BTreeMap<Name, Name> {
        let server: Option<Name> = "main".parse().ok();
        names().filter_map(|name| Some((name, server.clone()?))).collect()
    }

    async fn look(&self, cx: &Context, _site: &Name) -> std::result::Result<Sight, LookError> {
        let timetable = vec![Timed { class: "core\\task\\every_minute".to_owned(), next_run: 0 }];
        Ok(Sight { at: cx.now().as_second(), timetable, ..Sight::default() })
    }

    async fn run(&self, cx: &Context, site: &Name, _lane: Lane, _kills: &BTreeMap<String, u32>) -> Ran {
        let begun = Instant::now();
        let since = self.begun.map(|all| begun.duration_since(all)).unwrap_or_default();
        lock(&self.starts).entry(site.clone()).or_default().push(since);
        let outcome = run(cx, site).await;
        let took = begun.elapsed();
        if outcome == Outcome::Done {
            lock(&self.lengths).push(took);
        }
        let at = cx.now().as_second();
        Ran { at, took, outcome, pid: None, ended_by_us: false, working: None, after: None }
    }

    async fn clear_up(&self, _cx: &Context) {}

    async fn revive(&self, _cx: &Context, _server: &Name) {}

    fn started(&self, _site: &Name, _lane: Lane, late: Duration) {
        lock(&self.waits).push(late);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What one run of the scheduler gave.
struct Figures {
    /// Worst (start - due - period), in lengths of a program.
    lateness: f64,
    /// Worst wait between a site's turn and its start, likewise.
    wait: f64,
    /// Seconds until every site but the stuck one had begun once.
    round: f64,
}

async fn ours(cx: &Context) -> Result<Figures> {
    let world = Arc::new(Programs { begun: Some(Instant::now()), ..Programs::default() });
    let rules = Cron { period: PERIOD, ..Cron::default() };
    let settings = Settings { fleet: "bench".to_owned(), rules, budget: Budget::of(WORKERS) };
    let cx = Context { cancel: CancellationToken::new(), ..cx.clone() };
    let stop = async {
        tokio::time::sleep(LONG).await;
        cx.cancel.cancel();
    };
    let (ended, ()) = tokio::join!(scheduler::run(&cx, world.clone(), settings, |_| {}), stop);
    ended?;
    let length = median(lock(&world.lengths).iter().map(Duration::as_secs_f64).collect());
    let (mut lateness, mut round) = (f64::NEG_INFINITY, 0.0_f64);
    for (site, starts) in lock(&world.starts).iter().filter(|(site, _)| site.as_str() != STUCK) {
        // Due at the beginning, then at the first full period after each start.
        let mut due = Duration::ZERO;
        for start in starts {
            lateness = lateness.max(start.as_secs_f64() - due.as_secs_f64() - PERIOD.as_secs_f64());
            due = PERIOD * u32::try_from(start.as_millis() / PERIOD.as_millis() + 1)?;
        }
        let first = starts.first().ok_or_else(|| format!("{site} never ran"))?;
        round = round.max(first.as_secs_f64());
        // One that is due when all is over counts as late as it is then.
        lateness = lateness.max(LONG.as_secs_f64() - due.as_secs_f64() - PERIOD.as_secs_f64());
    }
    let wait = lock(&world.waits).iter().map(Duration::as_secs_f64).fold(0.0, f64::max);
    Ok(Figures { lateness: lateness / length, wait: wait / length, round })
}

async fn theirs(cx: &Context) -> f64 {
    let begun = Instant::now();
    for site in names() {
        run(cx, &site).await;
    }
    begun.elapsed().as_secs_f64()
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

fn spread(all: &[f64]) -> [f64; 2] {
    [all.iter().copied().fold(f64::INFINITY, f64::min), all.iter().copied().fold(f64::NEG_INFINITY, f64::max)]
        .map(short)
}

fn short(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

fn context(work: &camino::Utf8Path) -> Result<Context> {
    let paths = Paths {
        state: work.into(),
        run: work.join("run"),
        cache: work.join("cache"),
        store: work.join("store"),
    };
    let machine = Machine { cores: 2, ..Machine::default() };
    Ok(Context {
        store: Arc::new(Store::open(&paths.registry())?),
        paths: Arc::new(paths),
        cancel: CancellationToken::new(),
        reporter: Arc::new(Silent),
        limits: Limits::for_machine(&machine),
        machine: Arc::new(machine),
    })
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let work = Utf8PathBuf::from(arguments.first().ok_or("which directory?")?);
    let runs: usize = arguments.get(1).map_or(Ok(5), |text| text.parse())?;
    let commit = arguments.get(2).map_or("unknown", String::as_str);
    let cx = context(&work)?;
    println!(
        "{SITES} sites of {TAKES:?} every {PERIOD:?}, one stuck until {TIMEOUT:?}, {WORKERS} processes at once, for {LONG:?}"
    );
    let (mut lateness, mut waits, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for run in 1..=runs {
        let ours = ours(&cx).await?;
        let theirs = theirs(&cx).await;
        println!(
            "run {run}: worst lateness {:.2} slots, worst wait {:.2} slots, every site begun after {:.1} s; the loop {theirs:.1} s",
            ours.lateness, ours.wait, ours.round
        );
        lateness.push(ours.lateness);
        waits.push(ours.wait);
        ratios.push(ours.round / theirs);
    }
    let figures = serde_json::json!({
        "bench": "cron", "on": format!("{SITES} programs, one stuck"), "commit": commit,
        "cores": std::thread::available_parallelism()?.get(), "filesystem": "any", "runs": runs,
        "figures": {
            "worst_lateness_slots": short(median(lateness.clone())),
            "worst_wait_slots": short(median(waits.clone())),
            "vs_loop": short(median(ratios.clone())),
        },
        "spread": { "worst_lateness_slots": spread(&lateness), "worst_wait_slots": spread(&waits), "vs_loop": spread(&ratios) },
    });
    println!("{figures}");
    Ok(())
}
