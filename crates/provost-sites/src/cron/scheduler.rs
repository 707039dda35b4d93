//! The loop around the schedule: looks at sites, starts their runs, remembers what came of it, tells it.
//!
//! One task owns all state; looks and runs are tasks of their own that hand back a result. A database server that does not answer is
//! asked again after a while, by one site; its sites wait, the others do not notice. A site whose own database is broken waits alone.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use provost_engine::context::Context;
use provost_engine::lease::{Lease, LeaseError};
use provost_engine::process;
use provost_engine::store::StoreError;
use provost_fleet::digest::Digest;
use provost_fleet::name::Name;
use tokio::sync::Semaphore;
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;

use super::figures::Figures;
use super::look::{LookError, Sight};
use super::page::Pager;
use super::record::{self, LastRun, Outcome, Record, span};
use super::run;
use super::schedule::{Lane, Millis, Schedule, Start, carries};
use super::world::{Ran, Settings, World};

/// Sites of one server that are looked at at once: a look takes milliseconds, and most of a command's connections are for runs. Counted by
/// server, so that one that hangs holds up its own sites only.
const LOOKS: usize = 4;

/// The longest wait before something that failed is tried again.
const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// The first and the longest wait before a server that does not answer is asked again. A restart takes seconds.
const SERVER_WAITS: (Duration, Duration) = (Duration::from_secs(2), Duration::from_mins(1));

/// How often records, metrics and troubles are written: often enough for a `status`, seldom enough for a disk.
const WRITE: Duration = Duration::from_secs(5);

/// How often the list of sites is read anew.
const SITES: Duration = Duration::from_secs(30);

/// The lease of whoever runs the fleet's cron.
pub const LEASE: &str = "service/cron";

/// Why cron cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum CronError {
    /// Somebody runs it already.
    #[error("the fleet's cron is run already (process {pid})")]
    Already {
        /// Who.
        pid: i32,
    },
    /// The registry failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Runs the cron of all sites until the command is cancelled. Everything that it started has ended when it returns.
pub async fn run<W: World>(
    cx: &Context,
    world: Arc<W>,
    settings: Settings,
    ready: impl FnOnce(usize),
) -> Result<(), CronError> {
    let lease = Lease::take(cx, LEASE).await.map_err(|error| match error {
        LeaseError::Held { holder, .. } => CronError::Already { pid: holder.pid },
        LeaseError::Store(error) => CronError::Store(error),
    })?;
    end_orphans(cx, &*world).await?;
    let mut scheduler = Scheduler::new(cx, world, settings)?;
    ready(scheduler.of_server.len());
    scheduler.work().await;
    drop(lease);
    Ok(())
}

/// Ends what a killed scheduler left at work, with its sessions.
async fn end_orphans(cx: &Context, world: &impl World) -> Result<(), CronError> {
    for record in cx.store.orphans()? {
        let Some((site, _)) = run::of_subject(&record.subject) else { continue };
        if process::end_recorded(&record).await > 0 {
            cx.note(format!("ended what a killed scheduler left at work at {site}"));
        }
        cx.store.remove_process(&record)?;
    }
    world.clear_up(cx).await;
    Ok(())
}

/// What a task hands back.
enum Done {
    Looked(Instant, Result<Sight, LookError>),
    Ran(Box<Ran>),
    Revived,
}

/// What a task is for.
#[derive(Clone)]
enum Work {
    Look(Name),
    Run(Name, Lane),
    Revive,
}

/// A server that does not answer.
struct Down {
    failures: u32,
    /// The one site that asks whether it is back.
    probe: Option<Name>,
    marked: Instant,
    until: Instant,
}

#[derive(Default)]
struct SiteState {
    sight: Option<Sight>,
    failures: u32,
    adhoc_failures: u32,
    adhoc_not_before: Millis,
}

struct Scheduler<'a, W> {
    cx: &'a Context,
    world: Arc<W>,
    settings: Settings,
    schedule: Schedule<Name>,
    of_server: BTreeMap<Name, Name>,
    sites: BTreeMap<Name, SiteState>,
    down: BTreeMap<Name, Down>,
    records: BTreeMap<Name, Record>,
    changed: std::collections::BTreeSet<Name>,
    tasks: JoinSet<Done>,
    works: BTreeMap<Id, Work>,
    looks: BTreeMap<Name, Arc<Semaphore>>,
    figures: Figures,
    pager: Pager,
    begun: Instant,
    told_capacity: bool,
}

impl<'a, W: World> Scheduler<'a, W> {
    fn new(cx: &'a Context, world: Arc<W>, settings: Settings) -> Result<Self, CronError> {
        let of_server = world.sites();
        let period = millis(settings.rules.period);
        let phases: Vec<(Name, u64)> = of_server.keys().map(|name| (name.clone(), phase(name))).collect();
        let mut records = record::read(cx)?;
        records.retain(|name, _| of_server.contains_key(name));
        Ok(Self {
            schedule: Schedule::new(period, settings.budget, 0, phases),
            cx,
            world,
            of_server,
            sites: BTreeMap::new(),
            down: BTreeMap::new(),
            records,
            changed: std::collections::BTreeSet::new(),
            tasks: JoinSet::new(),
            works: BTreeMap::new(),
            looks: BTreeMap::new(),
            figures: Figures::default(),
            pager: Pager::default(),
            begun: Instant::now(),
            settings,
            told_capacity: false,
        })
    }

    fn now(&self) -> Millis {
        millis(self.begun.elapsed())
    }

    async fn work(&mut self) {
        let (mut write, mut sites) = (Instant::now() + WRITE, Instant::now() + SITES);
        loop {
            let now = self.now();
            for site in self.schedule.ticks(now) {
                self.look(site);
            }
            for start in self.schedule.start(now) {
                self.start(start, now);
            }
            let wake =
                self.schedule.next_wake(now).map_or(write, |at| self.begun + Duration::from_millis(at));
            tokio::select! {
                () = self.cx.cancel.cancelled() => break,
                Some(done) = self.tasks.join_next_with_id() => self.done(done),
                () = tokio::time::sleep_until(wake.min(write)) => {}
            }
            if Instant::now() >= write {
                write = Instant::now() + WRITE;
                self.write();
                self.page();
            }
            if Instant::now() >= sites {
                sites = Instant::now() + SITES;
                self.renew_sites();
            }
        }
        // Each run ends its own process; a look is only given up.
        while let Some(done) = self.tasks.join_next_with_id().await {
            self.done(done);
        }
        self.write();
    }

    fn renew_sites(&mut self) {
        self.of_server = self.world.sites();
        let phases: Vec<(Name, u64)> =
            self.of_server.keys().map(|name| (name.clone(), phase(name))).collect();
        self.schedule.sites(self.now(), phases);
        self.records.retain(|name, _| self.of_server.contains_key(name));
        self.sites.retain(|name, _| self.of_server.contains_key(name));
    }

    fn spawn(&mut self, work: Work, task: impl Future<Output = Done> + Send + 'static) {
        let id = self.tasks.spawn(task).id();
        self.works.insert(id, work);
    }

    fn look(&mut self, site: Name) {
        let Some(server) = self.of_server.get(&site) else { return };
        if let Some(down) = self.down.get(server).filter(|down| Instant::now() < down.until) {
            // Spread over the time after it, so that the first who comes tells for all.
            let until = millis(down.until.saturating_duration_since(self.begun));
            let spread = millis(self.settings.rules.period).min(60_000);
            self.schedule.look_at(&site, until + phase(&site) % spread);
            return;
        }
        let server = server.clone();
        if let Some(down) = self.down.get_mut(&server) {
            if down.probe.is_some() {
                let soon = self.begun.elapsed() + SERVER_WAITS.0;
                self.schedule.look_at(&site, millis(soon));
                return;
            }
            down.probe = Some(site.clone());
        }
        let looks = self.looks.entry(server).or_insert_with(|| Arc::new(Semaphore::new(LOOKS))).clone();
        let (cx, world, name) = (self.cx.clone(), self.world.clone(), site.clone());
        self.spawn(Work::Look(site), async move {
            let _permit = looks.acquire().await;
            let begun = Instant::now();
            Done::Looked(begun, world.look(&cx, &name).await)
        });
    }

    fn start(&mut self, start: Start<Name>, now: Millis) {
        let Start { site, lane, due } = start;
        let late = Duration::from_millis(now.saturating_sub(due));
        self.world.started(&site, lane, late);
        self.figures.started(lane, late);
        let kills = self.records.get(&site).map(|record| record.kills.clone()).unwrap_or_default();
        let (cx, world, name) = (self.cx.clone(), self.world.clone(), site.clone());
        self.spawn(Work::Run(site, lane), async move {
            Done::Ran(Box::new(world.run(&cx, &name, lane, &kills).await))
        });
    }

    fn done(&mut self, done: Result<(Id, Done), tokio::task::JoinError>) {
        let id = match &done {
            Ok((id, _)) => *id,
            Err(error) => error.id(),
        };
        let work = self.works.remove(&id);
        if let Some(Work::Look(site)) = &work {
            let down = self.of_server.get(site).and_then(|server| self.down.get_mut(server));
            if let Some(down) = down.filter(|down| down.probe.as_ref() == Some(site)) {
                down.probe = None;
            }
        }
        match (work, done) {
            (Some(Work::Look(site)), Ok((_, Done::Looked(begun, Ok(sight))))) => {
                self.looked(&site, begun, sight);
            }
            (Some(Work::Look(site)), Ok((_, Done::Looked(begun, Err(error))))) => {
                self.not_looked(&site, begun, &error);
            }
            (Some(Work::Run(site, lane)), Ok((_, Done::Ran(ran)))) => self.ran(&site, lane, *ran),
            // A task that broke is a bug; its place must not be lost for it.
            (Some(Work::Run(site, lane)), _) => {
                self.ran(&site, lane, Ran::nothing("its task broke; this is a bug of Provost"));
            }
            _ => {}
        }
    }

    fn looked(&mut self, site: &Name, begun: Instant, sight: Sight) {
        self.answers(site, begun);
        let now = self.now();
        let record = self.records.entry(site.clone()).or_default();
        record.saw(&sight);
        let state = self.sites.entry(site.clone()).or_default();
        if state.failures > 0 {
            state.failures = 0;
            self.cx.note(format!("{site}: its cron goes on"));
        }
        let runs = sight.suspended.is_none();
        match record.due_since.filter(|_| runs) {
            Some(_) => self.schedule.due(site, Lane::Scheduled, now),
            None => self.schedule.not_due(site, Lane::Scheduled),
        }
        let adhoc = runs && sight.queue > 0 && now >= state.adhoc_not_before;
        if adhoc {
            self.schedule.due(site, Lane::Adhoc, now);
        } else {
            self.schedule.not_due(site, Lane::Adhoc);
        }
        state.sight = Some(sight);
        self.changed.insert(site.clone());
    }

    /// A site was looked at: its server answers.
    fn answers(&mut self, site: &Name, begun: Instant) {
        let Some(server) = self.of_server.get(site).cloned() else { return };
        if self.down.get(&server).is_some_and(|down| begun > down.marked) {
            self.down.remove(&server);
            self.cx
                .note(format!("the database server `{server}` answers again; the cron of its sites goes on"));
        }
    }

    fn not_looked(&mut self, site: &Name, begun: Instant, error: &LookError) {
        if self.cx.cancel.is_cancelled() {
            return;
        }
        if matches!(error, LookError::NotInstalled) {
            // Nothing is wrong: `apply` is at it, or will be. Its server was not asked.
            self.records.remove(site);
            return;
        }
        if !error.of_server() {
            self.answers(site, begun);
        }
        let why = provost_engine::execute::full_chain(error);
        let at = self.cx.now().as_second();
        self.records.entry(site.clone()).or_default().not_seen(why.clone(), at);
        self.changed.insert(site.clone());
        for lane in [Lane::Scheduled, Lane::Adhoc] {
            self.schedule.not_due(site, lane);
        }
        if error.of_server() {
            self.server_down(site, begun, &why);
            return;
        }
        let now = self.now();
        let state = self.sites.entry(site.clone()).or_default();
        state.failures += 1;
        let wait = backoff(self.settings.rules.period, state.failures, LONGEST_WAIT);
        self.schedule.put_off(site, now + millis(wait));
        if state.failures == 1 {
            self.cx
                .note(format!("{site}: its cron does not run: {why}; it is looked at again after a while"));
        }
    }

    fn server_down(&mut self, site: &Name, begun: Instant, why: &str) {
        let Some(server) = self.of_server.get(site).cloned() else { return };
        let failures = match self.down.get(&server) {
            // Looks that had begun before it was known count once.
            Some(down) if begun <= down.marked => return self.wait_for_server(site),
            Some(down) => down.failures + 1,
            None => 1,
        };
        let wait = backoff(SERVER_WAITS.0, failures - 1, SERVER_WAITS.1);
        if failures == 1 {
            self.cx.note(format!("{why}; the cron of its sites waits for it"));
        }
        self.down.insert(
            server.clone(),
            Down { failures, probe: None, marked: Instant::now(), until: Instant::now() + wait },
        );
        self.wait_for_server(site);
        let (cx, world) = (self.cx.clone(), self.world.clone());
        self.spawn(Work::Revive, async move {
            world.revive(&cx, &server).await;
            Done::Revived
        });
    }

    fn wait_for_server(&mut self, site: &Name) {
        let until = self.of_server.get(site).and_then(|server| self.down.get(server)).map(|down| down.until);
        if let Some(until) = until {
            self.schedule.look_at(site, millis(until.saturating_duration_since(self.begun)));
        }
    }

    fn ran(&mut self, site: &Name, lane: Lane, mut ran: Ran) {
        self.schedule.ended(site, lane);
        let before = self.sites.get(site).and_then(|state| state.sight.as_ref());
        let moves = before.zip(ran.after.as_ref()).is_some_and(|(before, after)| queue_moved(before, after));
        if lane == Lane::Adhoc && ran.outcome == Outcome::Done && !moves {
            ran.outcome = Outcome::Failed { why: "it ended well, and the queue did not move".to_owned() };
        }
        self.figures.ended(lane, &ran);
        let now = self.now();
        let state = self.sites.entry(site.clone()).or_default();
        let record = self.records.entry(site.clone()).or_default();
        if let Outcome::Killed { task, seconds, parked } = &ran.outcome {
            let name = task.as_deref().unwrap_or("its cron");
            self.cx.note(format!("{site}: {name} was ended after {seconds} s"));
            if let Some(task) = task {
                record.killed(task);
                if *parked {
                    // Core's longest delay.
                    record.parked.insert(task.clone(), self.cx.now().as_second() + 24 * 60 * 60);
                }
            }
        }
        let last = LastRun { at: ran.at, took_ms: millis(ran.took), outcome: ran.outcome.clone() };
        let before = state.sight.take();
        if let Some(after) = &ran.after {
            if let Some(before) =
                before.as_ref().filter(|_| lane == Lane::Scheduled && ran.outcome == Outcome::Done)
            {
                record.ran(before, after, ran.at);
            }
            record.saw(after);
        }
        match lane {
            Lane::Scheduled => {
                record.scheduled = Some(last);
                if matches!(ran.outcome, Outcome::Suspended { .. }) {
                    // The tables said that it may run, and PHP that it must not: PHP is not asked every time.
                    let wait = backoff(self.settings.rules.period, 2, LONGEST_WAIT);
                    self.schedule.put_off(site, now + millis(wait));
                }
            }
            Lane::Adhoc => {
                record.adhoc = Some(last);
                if moves {
                    state.adhoc_failures = 0;
                    if ran.after.as_ref().is_some_and(|after| after.queue > 0 && after.suspended.is_none()) {
                        // The next turn, behind all who wait already.
                        self.schedule.due(site, Lane::Adhoc, now);
                    }
                } else {
                    state.adhoc_failures += 1;
                    let wait = backoff(self.settings.rules.period, state.adhoc_failures, LONGEST_WAIT);
                    state.adhoc_not_before = now + millis(wait);
                }
            }
        }
        state.sight = ran.after.or(before);
        self.changed.insert(site.clone());
    }

    fn write(&mut self) {
        let changed = std::mem::take(&mut self.changed);
        let records = changed.iter().filter_map(|name| Some((name, self.records.get(name)?)));
        if let Err(error) = record::keep(self.cx, records) {
            self.cx.note(format!("what is known of cron was not kept: {error}"));
        }
        let capacity = self.capacity();
        let written = self.figures.write(self.cx, &self.settings, &self.schedule, &self.records, capacity);
        if let Err(error) = written {
            self.cx.note(format!("the metrics were not written: {error}"));
        }
        if let Some(carries) =
            capacity.filter(|carries| *carries < self.of_server.len() as u64 && !self.told_capacity)
        {
            self.told_capacity = true;
            self.cx.note(format!(
                "this machine carries the cron of about {carries} sites every {}; there are {}: raise [cron] `period` or `workers`",
                span(i64::try_from(self.settings.rules.period.as_secs()).unwrap_or(i64::MAX)),
                self.of_server.len()
            ));
        }
    }

    fn capacity(&self) -> Option<u64> {
        let mean = self.figures.mean()?;
        Some(carries(self.settings.budget, millis(self.settings.rules.period), mean))
    }

    fn page(&mut self) {
        // After a start nobody is late by our fault.
        if self.begun.elapsed() < self.settings.rules.late.min(LONGEST_WAIT) {
            return;
        }
        if let Some(message) = self.pager.news(&self.settings, &self.records, self.cx.now().as_second()) {
            let (cx, command) = (self.cx.clone(), self.settings.rules.command.clone());
            self.spawn(Work::Revive, async move {
                super::page::tell(&cx, &command, message).await;
                Done::Revived
            });
        }
    }
}

fn millis(time: Duration) -> Millis {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Whether a run did something about the ad hoc tasks of a site.
fn queue_moved(before: &Sight, after: &Sight) -> bool {
    after.queue < before.queue
        || after.queue_since != before.queue_since
        || after.queued != before.queued
        || after.failing != before.failing
}

/// Twice as long after each failure, up to a limit.
fn backoff(first: Duration, failures: u32, longest: Duration) -> Duration {
    first.saturating_mul(2_u32.saturating_pow(failures.min(16))).min(longest.max(first))
}

/// A site's place in the period: the same in every run, spread by a digest of its name.
fn phase(site: &Name) -> u64 {
    let digest = Digest::of(site.as_str().as_bytes()).to_string();
    let digits: String = digest.chars().take(8).collect();
    u64::from_str_radix(&digits, 16).unwrap_or(0)
}

#[cfg(test)]
mod tests;
