//! One run of one site's cron: a PHP process in a group of its own, watched task by task.

use std::collections::BTreeMap;
use std::time::Duration;

use provost_engine::context::Context;
use provost_engine::execute::full_chain;
use provost_engine::lease::{Lease, LeaseError};
use provost_engine::process::{Program, Running, Status};
use provost_fleet::cron::Cron;
use provost_fleet::model::Site;
use provost_fleet::name::Name;
use tokio::time::Instant;

use super::live::told;
use super::log::Log;
use super::look::{self, Working};
use super::record::{KILLS, Outcome};
use super::schedule::Lane;
use super::world::Ran;
use crate::accounts;
use crate::agent::{self, Agent};
use crate::php::Php;
use crate::server::Servers;

/// Ad hoc tasks of one run: enough that Moodle's start, a third of a second, does not count, and few enough that the next site's turn
/// comes soon.
const ADHOC_AT_ONCE: u32 = 20;

/// How long a run gets to end its current task when it is asked to, and then again to say that this task failed.
const ORDERLY: Duration = Duration::from_secs(5);

/// Exit status of our script where the site does not run its cron now.
const SUSPENDED: i32 = 75;

/// How long Moodle may take to note a failed task.
const SETTLE: Duration = Duration::from_mins(1);

/// PHP's settings for cron. Core raises the memory limit itself where a task needs it.
const SETTINGS: [&str; 8] = [
    "-d",
    "max_input_vars=5000",
    "-d",
    // A short-lived process gains nothing from it.
    "opcache.enable_cli=0",
    "-d",
    "display_errors=stderr",
    "-d",
    "max_execution_time=0",
];

/// The name of a run's sessions at its database server, by which they are found when the process is gone. At most 63 bytes.
pub(super) fn application(name: &Name, lane: Lane) -> String {
    format!("{APPLICATIONS}{}", subject(name, lane))
}

/// What the names of the sessions of all runs begin with.
pub(super) const APPLICATIONS: &str = "provost of ";

/// The subject of a run's lease and of its process.
pub(crate) fn subject(name: &Name, lane: Lane) -> String {
    match lane {
        Lane::Scheduled => format!("cron/{name}"),
        Lane::Adhoc => format!("cron-adhoc/{name}"),
    }
}

/// The site and lane of a subject.
pub(super) fn of_subject(subject: &str) -> Option<(Name, Lane)> {
    let (kind, name) = subject.split_once('/')?;
    let lane = match kind {
        "cron" => Lane::Scheduled,
        "cron-adhoc" => Lane::Adhoc,
        _ => return None,
    };
    Some((name.parse().ok()?, lane))
}

/// What one run works with.
pub(super) struct Job<'a> {
    pub(super) name: &'a Name,
    pub(super) site: &'a Site,
    pub(super) lane: Lane,
    pub(super) rules: &'a Cron,
    pub(super) servers: &'a Servers,
    pub(super) fleet_id: &'a str,
}

/// How the watched process ended.
enum End {
    /// By itself.
    Itself(std::io::Result<Status>),
    /// Its task took too long.
    TooLong(Option<Working>),
    /// The scheduler is stopped.
    Stopped,
}

impl Job<'_> {
    /// Runs it to its end, or to that of its time.
    pub(super) async fn run(&self, cx: &Context, kills: &BTreeMap<String, u32>) -> Ran {
        let mut ran = Ran::begun(cx);
        let begun = Instant::now();
        ran.outcome = match self.at_work(cx, &mut ran, kills).await {
            Ok(outcome) => outcome,
            Err(why) => Outcome::Failed { why },
        };
        ran.took = begun.elapsed();
        ran
    }

    async fn at_work(
        &self,
        cx: &Context,
        ran: &mut Ran,
        kills: &BTreeMap<String, u32>,
    ) -> Result<Outcome, String> {
        let subject = subject(self.name, self.lane);
        // An upgrade takes this lease to wait for tasks in flight, and to keep new ones away.
        let _lease = match Lease::take(cx, &subject).await {
            Ok(lease) => lease,
            Err(error @ LeaseError::Held { .. }) => return Ok(Outcome::Suspended { why: error.to_string() }),
            Err(error) => return Err(full_chain(&error)),
        };
        let mut log =
            Log::open(cx, self.name).map_err(|error| format!("its log cannot be written: {error}"))?;
        let program = self.program(cx)?;
        let mut running = cx.start(program).await.map_err(|error| full_chain(&error))?;
        running.stdin.take();
        ran.pid = running.id();
        log.begin(&cx.now().to_string(), self.lane);
        let end = {
            let (stdout, stderr) = (running.stdout.take(), running.stderr());
            let reading = log.read(stdout, stderr);
            let watching = self.watch(cx, &mut running);
            tokio::pin!(reading);
            tokio::pin!(watching);
            let mut read = false;
            loop {
                tokio::select! {
                    () = &mut reading, if !read => read = true,
                    end = &mut watching => {
                        // What is left in the pipes; a grandchild may keep them open.
                        if !read {
                            tokio::time::timeout(Duration::from_secs(1), &mut reading).await.ok();
                        }
                        break end;
                    }
                }
            }
        };
        match end {
            End::Itself(status) => {
                running.forget();
                let status = status.map_err(|error| format!("PHP was lost: {error}"))?;
                if let Status::Signal(_) = status {
                    // By the kernel for want of memory, or by hand: the task could not say that it failed.
                    ran.ended_by_us = true;
                    let seconds = ran.at_elapsed(cx);
                    return Ok(Outcome::Killed { task: None, seconds, parked: false });
                }
                Ok(outcome(status, &log))
            }
            End::TooLong(working) => {
                let seconds = ran.at_elapsed(cx);
                self.stop(&mut running).await;
                ran.ended_by_us = true;
                ran.working = working;
                let task = told(ran.working.as_ref());
                let parked =
                    task.as_ref().is_some_and(|task| kills.get(task).copied().unwrap_or(0) + 1 >= KILLS);
                Ok(Outcome::Killed { task, seconds, parked })
            }
            End::Stopped => {
                self.stop(&mut running).await;
                ran.ended_by_us = true;
                Ok(Outcome::Interrupted)
            }
        }
    }

    fn program(&self, cx: &Context) -> Result<Program, String> {
        let php = Php::find(&cx.machine).ok_or("PHP is not installed")?;
        let user = accounts::site_if_there(&cx.machine, self.fleet_id, self.name)
            .map_err(|error| full_chain(&error))?;
        let user = user.ok_or("its account is gone; `provost apply` makes it")?;
        let code = cx.paths.code(self.name);
        let memory = format!("memory_limit={}M", self.site.limits.memory_mib);
        let program = Program::new(&php.cli).args(SETTINGS).args(["-d", &memory]);
        let program = match self.lane {
            Lane::Scheduled => {
                let ours = agent::unpack(&cx.paths)
                    .map_err(|error| format!("the agent cannot be unpacked: {error}"))?;
                program.arg(ours.join("cron.php")).arg(code.join("config.php"))
            }
            Lane::Adhoc => {
                let script = ["", "public/"].map(|root| code.join(format!("{root}admin/cli/adhoc_task.php")));
                let script = script.into_iter().find(|path| path.is_file());
                let script = script.ok_or("its build has no admin/cli/adhoc_task.php")?;
                // Without a word about it core's script stays alive for three minutes.
                program.arg(script).args([
                    "--execute",
                    "--keep-alive=0",
                    &format!("--taskslimit={ADHOC_AT_ONCE}"),
                ])
            }
        };
        Ok(program
            .env("PROVOST_SITE", self.name.as_str())
            .env("PGAPPNAME", application(self.name, self.lane))
            .account(user.account)
            .subject(subject(self.name, self.lane)))
    }

    /// Waits for the process's end. Each task has its own time, so what it is at is looked at from the shortest of them on.
    async fn watch(&self, cx: &Context, running: &mut Running) -> End {
        let shortest = self.limits().min().unwrap_or(self.default_limit());
        let every = (shortest / 10).clamp(Duration::from_secs(1), Duration::from_secs(30));
        let pid = running.id();
        let mut look_at = Instant::now() + shortest;
        // Since when no task was seen at work: Moodle starts, or hangs between two tasks.
        let mut without = Instant::now();
        loop {
            tokio::select! {
                status = running.wait() => return End::Itself(status),
                () = cx.cancel.cancelled() => return End::Stopped,
                () = tokio::time::sleep_until(look_at) => {}
            }
            look_at = Instant::now() + every;
            let Some(pid) = pid else { continue };
            match look::working(cx, self.servers, self.site, pid).await {
                Ok(Some(working)) => {
                    without = Instant::now();
                    let since = u64::try_from(cx.now().as_second() - working.since).unwrap_or(0);
                    if Duration::from_secs(since) >= self.limit_of(&working.class) {
                        return End::TooLong(Some(working));
                    }
                }
                // Nothing is known either where the database does not answer: then PHP has nothing to work on.
                Ok(None) | Err(_) => {
                    if without.elapsed() >= self.default_limit() {
                        return End::TooLong(None);
                    }
                }
            }
        }
    }

    fn default_limit(&self) -> Duration {
        match self.lane {
            Lane::Scheduled => self.rules.timeout,
            Lane::Adhoc => self.rules.adhoc_timeout,
        }
    }

    fn limits(&self) -> impl Iterator<Item = Duration> + '_ {
        self.rules.timeouts.values().copied().chain([self.default_limit()])
    }

    fn limit_of(&self, class: &str) -> Duration {
        self.rules.timeouts.get(class).copied().unwrap_or(self.default_limit())
    }

    /// Ends the process: first it may end its task, then say that the task failed, then it is killed with its whole group.
    async fn stop(&self, running: &mut Running) {
        for _ in 0..2 {
            running.terminate();
            if tokio::time::timeout(ORDERLY, running.wait()).await.is_ok() {
                break;
            }
        }
        running.end().await;
    }

    /// Says of tasks that a killed process was at that they failed: core would begin them again at once. Where the scheduler is
    /// stopped there is no time for it; core itself does so after an hour.
    pub(super) async fn settle(&self, cx: &Context, ran: &mut Ran, kills: &BTreeMap<String, u32>) {
        let Some(pid) = ran.pid.filter(|_| !cx.cancel.is_cancelled()) else { return };
        let left = look::working(cx, self.servers, self.site, pid).await.ok().flatten();
        let Some(working) = left.or_else(|| ran.working.clone()) else { return };
        let key = working.key();
        let park = kills.get(&key).copied().unwrap_or(0) + 1 >= KILLS;
        match self.fail(cx, &working, park).await {
            Ok(()) if park => cx.note(format!(
                "{}: `{key}` was killed {KILLS} times and is parked for a day; `provost cron unpark {}` releases it",
                self.name, self.name
            )),
            Ok(()) => {}
            Err(why) => cx.note(format!("{}: `{key}` could not be noted as failed: {why}", self.name)),
        }
        if let Outcome::Killed { task, parked, .. } = &mut ran.outcome {
            (*task, *parked) = (Some(key), park);
        }
        ran.working = Some(working);
    }

    async fn fail(&self, cx: &Context, working: &Working, park: bool) -> Result<(), String> {
        let user = accounts::site_if_there(&cx.machine, self.fleet_id, self.name)
            .map_err(|error| full_chain(&error))?;
        let user = user.ok_or("its account is gone")?;
        let subject = subject(self.name, self.lane);
        let agent = Agent::open(cx, self.name, &user.account, Some(&subject)).await;
        let mut agent = agent.map_err(|error| full_chain(&error))?;
        let which = match working.id {
            Some(id) => serde_json::json!({ "id": id, "park": park }),
            None => serde_json::json!({ "class": working.class, "park": park }),
        };
        let answer = agent.call(cx, "cron.fail", which, SETTLE).await;
        agent.close().await;
        answer.map(drop).map_err(|error| full_chain(&error))
    }
}

/// What a status means. The site's tables are asked as well before it counts.
fn outcome(status: Status, log: &Log) -> Outcome {
    let said = log.last_lines();
    match status {
        Status::Code(0) => Outcome::Done,
        Status::Code(SUSPENDED) => Outcome::Suspended { why: said },
        // Core's own script ends with 1 where the site is in maintenance or an upgrade is pending.
        Status::Code(1) if said.contains("cron execution suspended") || said.contains("Cron is disabled") => {
            Outcome::Suspended { why: said }
        }
        status => Outcome::Failed {
            why: if said.is_empty() { status.to_string() } else { format!("{status}: {said}") },
        },
    }
}
