//! Which site's cron is next: pure, without a clock, without I/O. Times are milliseconds of one clock that never goes back.
//!
//! Each site has a *tick* every period, at a phase of its own, so that the fleet's load is even although Moodle's tasks all fall due
//! at full minutes. At a tick the site is looked at; what is due then waits in one of two lanes, and the one that has waited longest
//! goes first. Every wait therefore ends: whoever waits is overtaken by nobody.
//!
//! The budget is cut into three parts that lend each other nothing. Scheduled tasks have the largest. A scheduled run that
//! takes longer than [`SHORT`] moves to the part for long ones, if there is room, and its place is free again: so a stuck site, or the
//! nightly backups of a few, hold up nobody. Ad hoc tasks have a part that no amount of scheduled ones can take.

use std::collections::BTreeMap;

/// Milliseconds.
pub type Millis = u64;

/// A scheduled run that takes longer is a long one: an idle cron takes half a second, and a busy one some seconds.
pub const SHORT: Millis = 60_000;

/// What kind of tasks a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    /// Tasks that core and plugins run by a timetable.
    Scheduled,
    /// Tasks that were queued to be run once.
    Adhoc,
}

/// How many processes there may be of each sort. Each is at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Budget {
    /// Scheduled runs that are short so far.
    pub scheduled: usize,
    /// Ad hoc runs.
    pub adhoc: usize,
    /// Scheduled runs that take longer than [`SHORT`].
    pub long: usize,
}

impl Budget {
    /// What a machine carries: three processes per core, at least four. A cron run waits for its database, its disk or a mail server
    /// for most of its time; more than three of them on a core only take it from visitors.
    pub fn for_cores(cores: usize) -> Self {
        Self::of(cores.saturating_mul(3).max(4))
    }

    /// Cuts a number of processes: a quarter for ad hoc tasks, a quarter for long runs, the rest for all else. At least one each.
    pub fn of(workers: usize) -> Self {
        let quarter = (workers / 4).max(1);
        Self { scheduled: workers.saturating_sub(2 * quarter).max(1), adhoc: quarter, long: quarter }
    }

    /// All processes together.
    pub fn workers(self) -> usize {
        self.scheduled + self.adhoc + self.long
    }
}

/// A run that may begin now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start<S> {
    /// The site.
    pub site: S,
    /// What to run.
    pub lane: Lane,
    /// Since when it was due.
    pub due: Millis,
}

#[derive(Debug, Clone, Default)]
struct Site {
    /// The next time to look at it.
    tick: Millis,
    /// Since when it waits in the lane, and since when it runs.
    lanes: [Place; 2],
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Idle,
    Waits(Millis),
    Runs(Millis),
}

/// The state of all sites of a fleet.
#[derive(Debug, Clone)]
pub struct Schedule<S> {
    period: Millis,
    budget: Budget,
    sites: BTreeMap<S, Site>,
}

impl<S: Ord + Clone> Schedule<S> {
    /// Sites with their phases (any number; only its rest by the period counts), from `now` on.
    pub fn new(
        period: Millis,
        budget: Budget,
        now: Millis,
        sites: impl IntoIterator<Item = (S, u64)>,
    ) -> Self {
        let period = period.max(1);
        let site = |phase: u64| Site { tick: now + phase % period, lanes: [Place::Idle; 2] };
        let sites = sites.into_iter().map(|(name, phase)| (name, site(phase))).collect();
        Self { period, budget, sites }
    }

    /// The sites whose tick has come: to be looked at. Each moves on to its next tick, which lies in the future.
    pub fn ticks(&mut self, now: Millis) -> Vec<S> {
        let mut all = Vec::new();
        for (name, site) in self.sites.iter_mut().filter(|(_, site)| site.tick <= now) {
            all.push((site.tick, name.clone()));
            let missed = (now - site.tick) / self.period;
            site.tick += (missed + 1) * self.period;
        }
        all.sort();
        all.into_iter().map(|(_, name)| name).collect()
    }

    /// Takes sites in that are new, with their phases, and lets go of those that are no longer there and do not run.
    pub fn sites(&mut self, now: Millis, sites: impl IntoIterator<Item = (S, u64)>) {
        let wanted: BTreeMap<S, u64> = sites.into_iter().collect();
        let runs = |site: &Site| site.lanes.iter().any(|place| matches!(place, Place::Runs(_)));
        self.sites.retain(|name, site| wanted.contains_key(name) || runs(site));
        for (name, phase) in wanted {
            let tick = now + phase % self.period;
            self.sites.entry(name).or_insert(Site { tick, lanes: [Place::Idle; 2] });
        }
    }

    /// Has a site looked at next at a time; from then on once a period.
    pub fn look_at(&mut self, site: &S, at: Millis) {
        if let Some(site) = self.sites.get_mut(site) {
            site.tick = at;
        }
    }

    /// Puts a site off: its next look is not before a time.
    pub fn put_off(&mut self, site: &S, until: Millis) {
        if let Some(site) = self.sites.get_mut(site) {
            while site.tick < until {
                site.tick += self.period;
            }
        }
    }

    /// Says that something of a site is due since a time. Nothing changes where it waits or runs already.
    pub fn due(&mut self, site: &S, lane: Lane, since: Millis) {
        if let Some(place) = self.place(site, lane)
            && *place == Place::Idle
        {
            *place = Place::Waits(since);
        }
    }

    /// Takes a site out of both lanes, where it does not run: nothing is due any more, or it must not run.
    pub fn not_due(&mut self, site: &S, lane: Lane) {
        if let Some(place) = self.place(site, lane)
            && matches!(place, Place::Waits(_))
        {
            *place = Place::Idle;
        }
    }

    /// The runs that may begin now, longest waiting first. Each counts as running from here on.
    pub fn start(&mut self, now: Millis) -> Vec<Start<S>> {
        let mut starts = Vec::new();
        for lane in [Lane::Scheduled, Lane::Adhoc] {
            let mut free = self.free(lane, now);
            let waits = self.sites.iter().filter_map(|(name, site)| match site.lanes[index(lane)] {
                Place::Waits(due) if due <= now => Some((due, name.clone())),
                _ => None,
            });
            let mut waits: Vec<(Millis, S)> = waits.collect();
            waits.sort();
            for (due, site) in waits {
                if free == 0 {
                    break;
                }
                free -= 1;
                if let Some(place) = self.place(&site, lane) {
                    *place = Place::Runs(now);
                }
                starts.push(Start { site, lane, due });
            }
        }
        starts
    }

    /// Says that a run has ended.
    pub fn ended(&mut self, site: &S, lane: Lane) {
        if let Some(place) = self.place(site, lane) {
            *place = Place::Idle;
        }
    }

    /// When something may happen next without anybody saying so: a tick, or a run that becomes a long one.
    pub fn next_wake(&self, now: Millis) -> Option<Millis> {
        let tick = self.sites.values().map(|site| site.tick).min();
        let waiting = self.sites.values().any(|site| matches!(site.lanes[0], Place::Waits(_)));
        let long = self.running(Lane::Scheduled).map(|begun| begun + SHORT).filter(|at| *at > now).min();
        [tick, long.filter(|_| waiting)].into_iter().flatten().min()
    }

    /// How many run in a lane.
    pub fn runs(&self, lane: Lane) -> usize {
        self.running(lane).count()
    }

    /// How many wait in a lane, and since when the first.
    pub fn waiting(&self, lane: Lane) -> (usize, Option<Millis>) {
        let waits = self.sites.values().filter_map(|site| match site.lanes[index(lane)] {
            Place::Waits(due) => Some(due),
            _ => None,
        });
        waits.fold((0, None), |(count, first), due| {
            (count + 1, Some(first.map_or(due, |first: Millis| first.min(due))))
        })
    }

    fn free(&self, lane: Lane, now: Millis) -> usize {
        let runs = self.runs(lane);
        match lane {
            Lane::Adhoc => self.budget.adhoc.saturating_sub(runs),
            Lane::Scheduled => {
                let long = self.running(lane).filter(|begun| begun + SHORT <= now).count();
                let counted = runs - long.min(self.budget.long);
                self.budget.scheduled.saturating_sub(counted)
            }
        }
    }

    fn running(&self, lane: Lane) -> impl Iterator<Item = Millis> + '_ {
        self.sites.values().filter_map(move |site| match site.lanes[index(lane)] {
            Place::Runs(begun) => Some(begun),
            _ => None,
        })
    }

    fn place(&mut self, site: &S, lane: Lane) -> Option<&mut Place> {
        self.sites.get_mut(site).map(|site| &mut site.lanes[index(lane)])
    }
}

fn index(lane: Lane) -> usize {
    match lane {
        Lane::Scheduled => 0,
        Lane::Adhoc => 1,
    }
}

/// How many sites a machine carries at a period: their scheduled runs, one after the other in the places for them, fit into it.
/// `mean` is what one such run takes.
pub fn carries(budget: Budget, period: Millis, mean: Millis) -> u64 {
    (budget.scheduled as u64).saturating_mul(period) / mean.max(1)
}

#[cfg(test)]
mod tests;
