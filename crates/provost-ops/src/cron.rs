//! `provost cron …`, and what `status` tells of cron.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use provost_engine::context::Context;
use provost_engine::execute::full_chain;
use provost_fleet::cron::Cron;
use provost_fleet::model::Location;
use provost_fleet::name::Name;
use provost_sites::accounts;
use provost_sites::agent::Agent;
use provost_sites::cron::connections;
pub use provost_sites::cron::connections::Connections;
use provost_sites::cron::look::Failing;
use provost_sites::cron::record::{LastRun, Outcome, Record, Trouble, span};
use provost_sites::cron::schedule::{Budget, carries};
use provost_sites::cron::{self, CronError, LEASE, Live, Reload, Settings};
use provost_sites::server::ClusterState;
use serde::Serialize;

use crate::OpsError;
use crate::error::Exit;
use crate::session::{Access, Call, Session};

/// What one scheduled run takes until enough of them were measured, in milliseconds: an idle one of Moodle 5.0 on two quiet cores.
const USUAL: u64 = 500;

/// How long taking the delay from a site's tasks may take.
const UNPARK: std::time::Duration = std::time::Duration::from_mins(1);

/// The cron of a fleet.
#[derive(Debug, Serialize)]
pub struct CronReport {
    /// Version of this form.
    pub schema: u32,
    /// The fleet's name.
    pub fleet: String,
    /// Process id of the scheduler, where one runs.
    pub scheduler: Option<i32>,
    /// Shortest time between two starts of one site's cron, in seconds.
    pub period_s: u64,
    /// Processes at once.
    pub budget: Budget,
    /// How many sites this machine carries at that period, by what their last runs took.
    pub carries: u64,
    /// What one scheduled run takes, in milliseconds; a usual value where none was measured.
    pub run_ms: u64,
    /// Sites.
    pub sites: Vec<SiteCron>,
    /// Connections that each server allows, and that may be wanted.
    pub connections: Vec<Connections>,
}

/// The cron of a site.
#[derive(Debug, Serialize)]
pub struct SiteCron {
    /// Its name.
    pub name: String,
    /// `runs`, `suspended`, `trouble`, `never`, `unknown`, `absent`.
    pub state: &'static str,
    /// When its cron last began, in seconds since 1970.
    pub last_start: Option<i64>,
    /// How many seconds ago that is.
    pub gap_s: Option<i64>,
    /// For how many seconds something has been due.
    pub late_s: Option<i64>,
    /// The last scheduled run.
    pub scheduled: Option<LastRun>,
    /// The last run of ad hoc tasks.
    pub adhoc: Option<LastRun>,
    /// Tasks that Moodle delays because they failed.
    pub failing: Vec<Failing>,
    /// Tasks that were killed twice, and until when they are parked.
    pub parked: BTreeMap<String, i64>,
    /// Ad hoc tasks that are due.
    pub queue: u64,
    /// All ad hoc tasks.
    pub queued: u64,
    /// What is over a threshold of the fleet file.
    pub troubles: Vec<Trouble>,
    /// Why it does not run, or is not known.
    pub note: Option<String>,
    /// When its tables were read.
    pub seen_at: Option<i64>,
}

impl SiteCron {
    fn absent(name: &Name) -> Self {
        Self { state: "absent", ..Self::of(name, &Record::default(), &Cron::default(), 0) }
    }

    fn of(name: &Name, record: &Record, rules: &Cron, now: i64) -> Self {
        let troubles = record.troubles(rules, now);
        let failed = record.scheduled.as_ref().filter(|run| matches!(run.outcome, Outcome::Failed { .. }));
        let state = match record {
            Record { broken: Some(_), .. } => "unknown",
            Record { suspended: Some(_), .. } => "suspended",
            _ if !troubles.is_empty() => "trouble",
            Record { last_start: None, .. } => "never",
            _ => "runs",
        };
        let note = record.broken.clone().or_else(|| record.suspended.clone());
        let note = note.or_else(|| troubles.first().map(|trouble| trouble.words.clone()));
        Self {
            name: name.to_string(),
            state,
            last_start: record.last_start,
            gap_s: record.last_start.map(|start| (now - start).max(0)),
            late_s: record.late_for(now),
            scheduled: record.scheduled.clone(),
            adhoc: record.adhoc.clone(),
            failing: record.failing.clone(),
            parked: record.parked.clone(),
            queue: record.queue,
            queued: record.queued,
            troubles,
            note: note.or_else(|| failed.map(|run| run.outcome.words())),
            seen_at: record.seen_at,
        }
    }

    /// In one cell of a table: `12 s ago`, `late 20 min`, `suspended`, with what fails and waits.
    pub fn words(&self) -> String {
        let mut words = match (self.state, self.gap_s) {
            ("suspended" | "unknown" | "absent" | "never", _) | (_, None) => self.state.to_owned(),
            (_, Some(gap)) => format!("{} ago", span(gap)),
        };
        if self.troubles.iter().any(|trouble| trouble.what == "late") {
            words = format!("late, {words}");
        }
        if !self.failing.is_empty() {
            words.push_str(&format!(", {} failing", self.failing.len()));
        }
        if self.queue > 0 {
            words.push_str(&format!(", {} queued", self.queue));
        }
        words
    }
}

impl CronReport {
    /// Exit code 3 where a site is in trouble: for a monitoring system that runs `provost cron status`.
    pub fn exit(&self) -> Exit {
        let trouble = |site: &SiteCron| !site.troubles.is_empty() || site.state == "unknown";
        if self.sites.iter().any(trouble) { Exit::Targets } else { Exit::Done }
    }
}

/// How the cron of all sites is; starts nothing.
pub async fn status(call: &Call) -> Result<CronReport, OpsError> {
    let session = Session::open(call, Access::LookAtRest)?;
    let report = report(&session).await;
    session.close().await;
    report
}

async fn report(session: &Session) -> Result<CronReport, OpsError> {
    let (cx, fleet) = (&session.cx, &session.loaded.fleet);
    let records = cron::survey(cx, &session.servers, fleet, &session.fleet_id.id).await?;
    let settings = Settings::new(fleet, cx.machine.cores);
    let run_ms = mean(records.values()).unwrap_or(USUAL);
    let period = fleet.cron.period;
    Ok(CronReport {
        schema: 1,
        fleet: fleet.name.to_string(),
        scheduler: cx.store.lease_holder(LEASE)?.map(|holder| holder.pid),
        period_s: period.as_secs(),
        budget: settings.budget,
        carries: carries(settings.budget, u64::try_from(period.as_millis()).unwrap_or(u64::MAX), run_ms),
        run_ms,
        sites: of_sites(session, &records),
        connections: connections(session).await,
    })
}

/// The cron of each site, for a status.
pub(crate) async fn sites(session: &Session) -> Result<BTreeMap<String, SiteCron>, OpsError> {
    let fleet = &session.loaded.fleet;
    let records = cron::survey(&session.cx, &session.servers, fleet, &session.fleet_id.id).await?;
    Ok(of_sites(session, &records).into_iter().map(|site| (site.name.clone(), site)).collect())
}

fn of_sites(session: &Session, records: &BTreeMap<Name, Record>) -> Vec<SiteCron> {
    let fleet = &session.loaded.fleet;
    let now = session.cx.now().as_second();
    let each = fleet.sites.iter().map(|(name, site)| match records.get(name) {
        None => SiteCron::absent(name),
        // What rests is not in trouble.
        Some(record) if rests(session, &site.database) => {
            let rested = Record { broken: None, broken_since: None, due_since: None, ..record.clone() };
            SiteCron { state: "stopped", ..SiteCron::of(name, &rested, &fleet.cron, now) }
        }
        Some(record) => SiteCron::of(name, record, &fleet.cron, now),
    });
    each.collect()
}

fn rests(session: &Session, server: &Name) -> bool {
    let cluster = session.servers.cluster(&session.cx, server).ok().flatten();
    cluster.is_some_and(|cluster| cluster.state() == ClusterState::Stopped)
}

fn mean<'a>(records: impl Iterator<Item = &'a Record>) -> Option<u64> {
    let runs = records.filter_map(|record| record.scheduled.as_ref());
    let took: Vec<u64> = runs.filter(|run| run.outcome == Outcome::Done).map(|run| run.took_ms).collect();
    let count = u64::try_from(took.len()).ok().filter(|count| *count > 0)?;
    Some(took.iter().sum::<u64>() / count)
}

/// What each server allows, of those that can be asked.
async fn connections(session: &Session) -> Vec<Connections> {
    let (cx, fleet) = (&session.cx, &session.loaded.fleet);
    let budget = Settings::new(fleet, cx.machine.cores).budget;
    let mut all = Vec::new();
    for (server, declared) in &fleet.databases {
        let made = session.servers.cluster(cx, server).ok().flatten().map(|cluster| cluster.state());
        if declared.location == Location::Managed
            && !matches!(made, Some(ClusterState::Running(_) | ClusterState::Stopped))
        {
            continue;
        }
        if let Ok(Some(allowed)) = connections::allowed(cx, &session.servers, server).await {
            all.push(Connections::wanted(server, fleet, budget, allowed));
        }
    }
    all
}

/// Says so where a server has too few connections for all that may come to it at once.
pub(crate) async fn note_connections(session: &Session) {
    for warning in connections(session).await.iter().filter_map(Connections::warning) {
        session.cx.note(warning);
    }
}

/// Runs the cron of all sites in the foreground until the call is cancelled. `ready` is told how many sites there are.
pub async fn run(call: &Call, ready: impl FnOnce(usize)) -> Result<(), OpsError> {
    let session = Session::open(call, Access::Change)?;
    // Without its caches Moodle works on, by those in files; so this is no reason to run nothing.
    if let Err(error) = session.servers.redis().hold_all(&session.cx).await {
        session.cx.note(full_chain(&error));
    }
    let ended = run_open(call, &session, &session.cx, true, ready).await;
    session.close().await;
    Ok(ended?)
}

/// As [`run`], in an open fleet.
pub(crate) async fn run_open(
    call: &Call,
    session: &Session,
    cx: &Context,
    keep_servers: bool,
    ready: impl FnOnce(usize),
) -> Result<(), CronError> {
    let fleet = &session.loaded.fleet;
    let live = Live::new(
        fleet.clone(),
        session.servers.clone(),
        session.fleet_id.clone(),
        reload(call),
        keep_servers,
    );
    cron::scheduler::run(cx, Arc::new(live), Settings::new(fleet, cx.machine.cores), ready).await
}

/// Reads the fleet file anew when it has changed. One with faults is told and not taken.
fn reload(call: &Call) -> Reload {
    let call = call.clone();
    let seen: Mutex<Option<SystemTime>> = Mutex::new(None);
    Box::new(move || {
        let changed = std::fs::metadata(call.fleet_path()).and_then(|found| found.modified()).ok();
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == changed {
            return None;
        }
        *seen = changed;
        match call.load() {
            Ok(loaded) => Some(loaded.fleet),
            Err(error) => {
                let text = format!("the fleet file is not taken up: {}", full_chain(&error));
                call.reporter.event(&provost_engine::event::Event::Note { text });
                None
            }
        }
    })
}

/// Tasks that were released.
#[derive(Debug, Serialize)]
pub struct Unparked {
    /// Version of this form.
    pub schema: u32,
    /// The site.
    pub site: String,
    /// Their classes, with the number of each ad hoc task.
    pub tasks: Vec<String>,
}

/// Takes the delay from a site's parked tasks, so that its next cron runs them.
pub async fn unpark(call: &Call, site: &str) -> Result<Unparked, OpsError> {
    let session = Session::open(call, Access::Change)?;
    let unparked = unpark_open(&session, site).await;
    session.close().await;
    unparked
}

async fn unpark_open(session: &Session, site: &str) -> Result<Unparked, OpsError> {
    let (cx, fleet) = (&session.cx, &session.loaded.fleet);
    let name = fleet.sites.keys().find(|name| name.as_str() == site).ok_or_else(|| OpsError::NoSuch {
        what: "site",
        name: site.to_owned(),
        there: format!("there is: {}", fleet.sites.keys().map(Name::as_str).collect::<Vec<_>>().join(", ")),
    })?;
    let server = &fleet.sites[name].database;
    // The site's PHP needs its server, which may rest.
    drop(session.servers.admin(cx, server, None).await.map_err(OpsError::Server)?);
    let user = accounts::site_if_there(&cx.machine, &session.fleet_id.id, name);
    let user = user.map_err(|error| OpsError::Agent(error.into()))?;
    let account = user.ok_or_else(|| OpsError::Agent("it is not installed".into()))?.account;
    let failed = |error: provost_sites::agent::AgentError| OpsError::Agent(Box::new(error));
    let mut agent = Agent::open(cx, name, &account, None).await.map_err(failed)?;
    let answer = agent.call(cx, "cron.unpark", serde_json::json!({}), UNPARK).await;
    agent.close().await;
    let answer = answer.map_err(failed)?;
    let tasks = answer["tasks"].as_array().into_iter().flatten();
    let tasks = tasks.filter_map(|task| task.as_str().map(str::to_owned)).collect();
    Ok(Unparked { schema: 1, site: name.to_string(), tasks })
}

/// A systemd unit that runs the cron of a fleet. `program` is the path of this program.
pub fn unit(call: &Call, program: &str) -> Result<String, OpsError> {
    let loaded = call.load()?;
    // systemd takes `%` for a specifier, and `"` and `\\` for its own quoting.
    let quoted =
        |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%"));
    Ok(format!(
        "[Unit]\n\
         Description=Cron of the Moodle sites of {fleet}\n\
         After=network-online.target postgresql.service mariadb.service\n\
         Wants=network-online.target\n\
         \n\
         [Service]\n\
         ExecStart={program} --file {file} cron run\n\
         Restart=on-failure\n\
         RestartSec=10\n\
         # The scheduler ends its children in order; systemd waits for that.\n\
         KillMode=mixed\n\
         TimeoutStopSec=60\n\
         \n\
         [Install]\n\
         WantedBy=multi-user.target\n",
        fleet = loaded.fleet.name,
        program = quoted(program),
        file = quoted(loaded.path.as_str()),
    ))
}
