//! Figures for Prometheus: a text file in `made/metrics`, for `node_exporter`'s textfile collector, replaced whole.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use provost_engine::context::Context;
use provost_engine::files;
use provost_engine::process::Account;
use provost_fleet::name::Name;

use super::record::{Outcome, Record};
use super::schedule::{Lane, Millis, Schedule};
use super::world::{Ran, Settings};

/// The file's name.
pub const FILE: &str = "cron.prom";

/// The weight of the newest run in the mean: a change of the load shows within some twenty runs.
const NEWEST: f64 = 0.05;

/// Runs after which the mean counts for a forecast: the first run of a new site takes 11 s, and says nothing of later ones.
const ENOUGH: u64 = 20;

/// What the loop counts.
#[derive(Debug, Default)]
pub(super) struct Figures {
    runs: BTreeMap<(Lane, &'static str), u64>,
    worst_late: BTreeMap<Lane, Duration>,
    mean: f64,
    done: u64,
}

impl Figures {
    pub(super) fn started(&mut self, lane: Lane, late: Duration) {
        let worst = self.worst_late.entry(lane).or_default();
        *worst = late.max(*worst);
    }

    pub(super) fn ended(&mut self, lane: Lane, ran: &Ran) {
        *self.runs.entry((lane, ran.outcome.word())).or_default() += 1;
        if lane == Lane::Scheduled && ran.outcome == Outcome::Done {
            let took = ran.took.as_secs_f64() * 1000.0;
            self.done += 1;
            let weight = NEWEST.max(1.0 / u32::try_from(self.done).map_or(f64::INFINITY, f64::from));
            self.mean += (took - self.mean) * weight;
        }
    }

    /// What a scheduled run takes, once enough have been seen.
    pub(super) fn mean(&self) -> Option<Millis> {
        let mean = Duration::try_from_secs_f64(self.mean / 1000.0).ok()?;
        (self.done >= ENOUGH).then(|| u64::try_from(mean.as_millis()).unwrap_or(u64::MAX))
    }

    /// Writes the file.
    pub(super) fn write(
        &self,
        cx: &Context,
        settings: &Settings,
        schedule: &Schedule<Name>,
        records: &BTreeMap<Name, Record>,
        capacity: Option<u64>,
    ) -> std::io::Result<()> {
        let directory = cx.paths.metrics();
        files::directory(&directory, 0o755, &Account::Own)?;
        let text = self.text(settings, schedule, records, capacity, cx.now().as_second());
        files::write_whole(&directory.join(FILE), text.as_bytes(), 0o644, &Account::Own)
    }

    pub(super) fn text(
        &self,
        settings: &Settings,
        schedule: &Schedule<Name>,
        records: &BTreeMap<Name, Record>,
        capacity: Option<u64>,
        now: i64,
    ) -> String {
        let mut text = Text { text: String::new(), fleet: &settings.fleet };
        text.one("scheduler_timestamp_seconds", "gauge", "When this file was written.", now);
        text.one("sites", "gauge", "Sites whose cron is run.", records.len());
        if let Some(capacity) = capacity {
            text.one(
                "capacity_sites",
                "gauge",
                "Sites that this machine carries at the period, by what runs take now.",
                capacity,
            );
        }
        let lanes = [(Lane::Scheduled, "scheduled"), (Lane::Adhoc, "adhoc")];
        text.head("running", "gauge", "Runs at work.");
        for (lane, word) in lanes {
            text.lane("running", word, schedule.runs(lane));
        }
        text.head("waiting", "gauge", "Sites whose turn has not come.");
        for (lane, word) in lanes {
            text.lane("waiting", word, schedule.waiting(lane).0);
        }
        text.head(
            "worst_lateness_seconds",
            "gauge",
            "Longest wait between a due time and the start since the scheduler began.",
        );
        for (lane, word) in lanes {
            text.lane(
                "worst_lateness_seconds",
                word,
                self.worst_late.get(&lane).copied().unwrap_or_default().as_secs_f64(),
            );
        }
        text.head("runs_total", "counter", "Runs since the scheduler began, by how they ended.");
        for ((lane, outcome), count) in &self.runs {
            let lane = lanes.iter().find(|(one, _)| one == lane).map_or("", |(_, word)| word);
            text.row("runs_total", &[("lane", lane), ("outcome", outcome)], count);
        }
        for (name, help, value) in SITE {
            text.head(name, "gauge", help);
            for (site, record) in records {
                if let Some(value) = value(record, settings, now) {
                    text.row(name, &[("site", site.as_str())], value);
                }
            }
        }
        text.text
    }
}

type OfSite = fn(&Record, &Settings, i64) -> Option<f64>;

/// The figures of each site.
const SITE: [(&str, &str, OfSite); 10] = [
    ("seen_timestamp_seconds", "When the site's tables were last read.", |record, _, _| {
        record.seen_at.map(whole)
    }),
    ("last_run_timestamp_seconds", "When the site's cron last began.", |record, _, _| {
        record.last_start.map(whole)
    }),
    ("last_run_duration_seconds", "How long its last scheduled run took.", |record, _, _| {
        record.scheduled.as_ref().map(|run| Duration::from_millis(run.took_ms).as_secs_f64())
    }),
    ("late_seconds", "How long something has been due without a run.", |record, _, now| {
        Some(whole(record.late_for(now).unwrap_or(0)))
    }),
    ("failing_tasks", "Tasks that Moodle delays because they failed.", |record, _, _| {
        Some(count(record.failing.len()))
    }),
    ("parked_tasks", "Tasks that are parked because they were killed.", |record, _, _| {
        Some(count(record.parked.len()))
    }),
    ("adhoc_due", "Ad hoc tasks that are due.", |record, _, _| {
        Some(count(usize::try_from(record.queue).unwrap_or(usize::MAX)))
    }),
    ("suspended", "Whether the site's cron must not run now.", |record, _, _| {
        Some(whole(i64::from(record.suspended.is_some())))
    }),
    ("unreadable", "Whether the site's tables cannot be read.", |record, _, _| {
        Some(whole(i64::from(record.broken.is_some())))
    }),
    ("troubles", "How many thresholds of the fleet file it is over.", |record, settings, now| {
        Some(count(record.troubles(&settings.rules, now).len()))
    }),
];

#[expect(
    clippy::cast_precision_loss,
    reason = "Prometheus has no other numbers; seconds and counts are far below 2^53"
)]
fn whole(number: i64) -> f64 {
    number as f64
}

fn count(number: usize) -> f64 {
    whole(i64::try_from(number).unwrap_or(i64::MAX))
}

struct Text<'a> {
    text: String,
    fleet: &'a str,
}

impl Text<'_> {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        writeln!(self.text, "# HELP provost_cron_{name} {help}\n# TYPE provost_cron_{name} {kind}").ok();
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: impl std::fmt::Display) {
        self.head(name, kind, help);
        self.row(name, &[], value);
    }

    fn lane(&mut self, name: &str, lane: &str, value: impl std::fmt::Display) {
        self.row(name, &[("lane", lane)], value);
    }

    /// Names of fleets, sites and lanes hold nothing that would need escaping.
    fn row(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let fleet = self.fleet;
        write!(self.text, "provost_cron_{name}{{fleet=\"{fleet}\"").ok();
        for (label, is) in labels {
            write!(self.text, ",{label}=\"{is}\"").ok();
        }
        writeln!(self.text, "}} {value}").ok();
    }
}
