//! What is remembered of each site's cron, beyond what its own tables say. Kept in the registry, so that it outlives the scheduler;
//! lost, it costs the count of kills and the history.

use std::collections::BTreeMap;

use provost_engine::context::Context;
use provost_engine::plan::Subject;
use provost_engine::reconcile::Seen;
use provost_engine::store::StoreError;
use provost_fleet::cron::Cron;
use provost_fleet::name::Name;
use serde::{Deserialize, Serialize};

use super::look::{Failing, Seconds, Sight};
use super::schedule::Lane;

/// The word before the site's name in the registry.
const KIND: &str = "cron";

/// A task is parked when it was killed so often, one time after the other.
pub const KILLS: u32 = 2;

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum Outcome {
    /// It did what was due, as the site's tables show.
    Done,
    /// The site does not run its cron now.
    Suspended {
        /// Why.
        why: String,
    },
    /// It ended badly, or did not do what it should.
    Failed {
        /// What is known of it.
        why: String,
    },
    /// A task took too long, and the run was ended.
    Killed {
        /// The task, where it is known.
        task: Option<String>,
        /// After how many seconds.
        seconds: u64,
        /// Whether the task was parked.
        parked: bool,
    },
    /// The scheduler was stopped.
    Interrupted,
}

impl Outcome {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Self::Done => "done".to_owned(),
            Self::Suspended { why } => format!("not run: {why}"),
            Self::Failed { why } => format!("failed: {why}"),
            Self::Killed { task, seconds, parked } => {
                let task = task.as_deref().unwrap_or("an unknown task");
                let parked = if *parked { ", and the task parked" } else { "" };
                format!("ended after {seconds} s of {task}{parked}")
            }
            Self::Interrupted => "interrupted".to_owned(),
        }
    }

    /// One word, for metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Suspended { .. } => "suspended",
            Self::Failed { .. } => "failed",
            Self::Killed { .. } => "killed",
            Self::Interrupted => "interrupted",
        }
    }
}

/// The last run of one lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRun {
    /// When it began.
    pub at: Seconds,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// How it ended.
    pub outcome: Outcome,
}

/// What is remembered of one site.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// When its tables were last read.
    pub seen_at: Option<Seconds>,
    /// Why its cron does not run now, where it must not.
    pub suspended: Option<String>,
    /// Why nothing can be known of it, where that is so.
    pub broken: Option<String>,
    /// Since when the reads fail.
    pub broken_since: Option<Seconds>,
    /// The last scheduled run.
    pub scheduled: Option<LastRun>,
    /// The last ad hoc run.
    pub adhoc: Option<LastRun>,
    /// When a cron last began, ours or core's own.
    pub last_start: Option<Seconds>,
    /// Since when something of the timetable is due.
    pub due_since: Option<Seconds>,
    /// Tasks that failed.
    pub failing: Vec<Failing>,
    /// Ad hoc tasks that are due.
    pub queue: u64,
    /// All ad hoc tasks.
    pub queued: u64,
    /// Since when the first ad hoc task is due.
    pub queue_since: Option<Seconds>,
    /// How often tasks were killed, one time after the other.
    pub kills: BTreeMap<String, u32>,
    /// Parked tasks, and until when.
    pub parked: BTreeMap<String, Seconds>,
    /// Tasks that core passed over, with the due times they have. Those of plugins that are switched off stay due for ever.
    pub passed: BTreeMap<String, Seconds>,
    /// When that was found.
    pub passed_at: Seconds,
}

impl Record {
    /// The last run of a lane.
    pub fn last(&self, lane: Lane) -> Option<&LastRun> {
        match lane {
            Lane::Scheduled => self.scheduled.as_ref(),
            Lane::Adhoc => self.adhoc.as_ref(),
        }
    }

    /// Takes over what was seen of the site.
    pub fn saw(&mut self, sight: &Sight) {
        if sight.at - self.passed_at > PASSED {
            self.passed.clear();
        }
        self.seen_at = Some(sight.at);
        self.suspended.clone_from(&sight.suspended);
        (self.broken, self.broken_since) = (None, None);
        self.last_start = sight.last_start;
        self.due_since = sight.due_since(&self.passed);
        self.failing.clone_from(&sight.failing);
        (self.queue, self.queued, self.queue_since) = (sight.queue, sight.queued, sight.queue_since);
        // What core no longer delays has run, or was released by hand.
        let failing = |task: &String| sight.failing.iter().any(|one| one.task == *task);
        self.parked.retain(|task, _| failing(task));
        self.kills.retain(|task, _| failing(task));
    }

    /// Says why nothing can be known of the site.
    pub fn not_seen(&mut self, why: String, at: Seconds) {
        self.broken_since.get_or_insert(at);
        self.broken = Some(why);
    }

    /// Notes which tasks were due before a run that began at a time and are exactly as due after it: core passed them over. What fell
    /// due during the run is none of it, and a run that core itself cut short passed over what it did not come to.
    pub fn ran(&mut self, before: &Sight, after: &Sight, begun: Seconds) {
        if after.at - begun > CUT_SHORT {
            return;
        }
        let failing = |class: &str| after.failing.iter().any(|one| one.task == class);
        let same = before
            .due()
            .filter(|task| task.next_run < begun && after.timetable.contains(task) && !failing(&task.class));
        self.passed = same.map(|task| (task.class.clone(), task.next_run)).collect();
        self.passed_at = after.at;
    }

    /// Counts a kill of a task. True when it is to be parked.
    pub fn killed(&mut self, task: &str) -> bool {
        let kills = self.kills.entry(task.to_owned()).or_default();
        *kills += 1;
        *kills >= KILLS
    }

    /// What is wrong with the site, by the thresholds of the fleet file.
    pub fn troubles(&self, rules: &Cron, now: Seconds) -> Vec<Trouble> {
        let mut all = Vec::new();
        let seconds = |time: std::time::Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        if let Some((why, since)) = self.broken.as_ref().zip(self.broken_since)
            && now - since >= seconds(rules.late)
        {
            all.push(Trouble::new(
                "unknown",
                "",
                format!("nothing is known of it for {}: {why}", span(now - since)),
            ));
        }
        if let Some(late_for) = self.late_for(now).filter(|late_for| *late_for >= seconds(rules.late)) {
            all.push(Trouble::new("late", "", format!("its cron is late by {}", span(late_for))));
        }
        for one in self.failing.iter().filter(|one| one.fail_delay >= seconds(rules.fail_delay)) {
            let parked = self.parked.contains_key(&one.task);
            let (what, words) =
                if parked { ("parked", "was killed twice and is parked") } else { ("failing", "fails") };
            let again = span((one.next_run - now).max(0));
            all.push(Trouble::new(
                what,
                &one.task,
                format!("`{}` {words}; next attempt in {again}", one.task),
            ));
        }
        if self.queue >= u64::from(rules.queue) {
            all.push(Trouble::new("queue", "", format!("{} ad hoc tasks are due", self.queue)));
        }
        all
    }

    /// For how many seconds something has been due without a cron that began since; `None` where nothing is, or where it must not run.
    pub fn late_for(&self, now: Seconds) -> Option<i64> {
        if self.suspended.is_some() {
            return None;
        }
        let begun = self.last_start.unwrap_or(0);
        let since = self.due_since?.max(begun);
        // A site that never ran has no time to count from but that of its first run.
        (since > 0).then_some((now - since).max(0))
    }
}

/// Something that is wrong with a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// `late`, `failing`, `parked`, `queue`, `unknown`.
    pub what: &'static str,
    /// The task, where it is about one.
    pub task: String,
    /// For people.
    pub words: String,
}

impl Trouble {
    fn new(what: &'static str, task: &str, words: String) -> Self {
        Self { what, task: task.to_owned(), words }
    }
}

/// Core stops a run after half an hour by default, in seconds; sites may have set less.
const CUT_SHORT: Seconds = 5 * 60;

/// How long a task that core passed over is not looked at again, in seconds. Whoever switches its plugin on waits no longer than that.
const PASSED: Seconds = 15 * 60;

/// Seconds, for people.
pub fn span(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// Keeps what is remembered of some sites.
pub fn keep<'a>(
    cx: &Context,
    records: impl IntoIterator<Item = (&'a Name, &'a Record)>,
) -> Result<(), StoreError> {
    let seen: Vec<Seen> = records
        .into_iter()
        .map(|(name, record)| Seen {
            subject: Subject::new(KIND, name),
            state: "present",
            reason: None,
            wanted: true,
            detail: serde_json::to_value(record).unwrap_or_default(),
        })
        .collect();
    cx.store.keep_observations(&seen, cx.now())
}

/// What is remembered of every site.
pub fn read(cx: &Context) -> Result<BTreeMap<Name, Record>, StoreError> {
    let all = cx.store.observations()?.into_iter().filter_map(|(subject, _, seen)| {
        let name = subject.strip_prefix(KIND)?.strip_prefix('/')?.parse().ok()?;
        Some((name, serde_json::from_value(seen["detail"].clone()).ok()?))
    });
    Ok(all.collect())
}

#[cfg(test)]
mod tests;
