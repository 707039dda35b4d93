//! How long a unit will take, learned from those that are finished, per phase and per pair of sites.
//!
//! Pure. Each phase is a sum of rates (seconds per activity, per gigabyte, …) that begins as an assumption and follows what is
//! measured; how far single units lie from it is kept too, and from that comes the upper bound. Duration varies by factors and not by
//! seconds, so both are learned in relative terms: a course of a minute teaches as much as one of an hour.
//!
//! What cannot be learned is what nothing foretells, the one unit in some hundreds that hangs for hours. No bound covers it.

mod assumed;
mod bound;
mod learner;
mod rates;
mod spread;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use provost_engine::registry::Phase;
use provost_fleet::archive::Backup;
use serde::{Deserialize, Serialize};

use crate::course::CourseFacts;
use bound::Sum;
use learner::Learner;
use spread::Spread;

/// A unit may end so many seconds after its window, but not more: five minutes are noticed by nobody.
pub const TOLERANCE_SECONDS: f64 = 300.0;

/// No phase takes so many seconds (a year): a clock was wrong.
const LONGEST: f64 = 365.0 * 86_400.0;

/// Phases that are learned from together, and that a unit's whole duration is: cleaning comes weeks later.
pub const WORK: [Phase; 6] =
    [Phase::Prepare, Phase::Backup, Phase::Transport, Phase::Restore, Phase::PostProcess, Phase::Prove];

/// What is known of a course before it is begun, as far as time depends on it. What is not known is 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Features {
    /// Bytes of its files, each unique content once.
    pub bytes: u64,
    /// Different contents.
    pub files: u64,
    /// Activities and resources.
    pub activities: u64,
    /// Enrolled users; 0 where they are not taken along, and so is what they left.
    pub users: u64,
    /// Attempts, submissions, posts: what users left in activities.
    pub work: u64,
    /// Rows of the standard log; 0 where logs are not taken along.
    pub log_rows: u64,
}

impl Features {
    /// What counts of a course for a backup of such contents.
    pub fn of(course: &CourseFacts, backup: &Backup) -> Self {
        let of_users = |count: u64| if backup.users { count } else { 0 };
        let work = course.attempts.saturating_add(course.submissions).saturating_add(course.posts);
        Self {
            bytes: course.bytes,
            files: course.files,
            activities: course.activity_count(),
            users: of_users(course.users),
            work: of_users(work),
            log_rows: if backup.logs { of_users(course.logs) } else { 0 },
        }
    }
}

/// How long something takes, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// What it takes on average.
    pub mean: f64,
    /// Exceeded by 1 unit in 100, and by more than [`TOLERANCE_SECONDS`] by 1 in 10,000, those that hang for no foreseeable reason left
    /// out. What is begun has at least so much time. Never less than the mean, at most 20 times the mean.
    pub upper: f64,
    /// Finished units that this is learned from. With 0 it is what is assumed of any pair of sites; what was predicted at another number
    /// may be predicted anew.
    pub learned_from: u64,
}

/// What has been learned of one pair of sites. It serialises to some kilobytes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Model {
    phases: BTreeMap<Phase, Learner>,
    whole: Spread,
    learned_from: u64,
}

impl Model {
    /// Nothing learned yet: assumptions that are wide enough for most machines.
    pub fn new() -> Self {
        Self::default()
    }

    /// Predicts phases that are still to come, all of them together.
    pub fn predict(&self, course: &Features, phases: &[Phase]) -> Prediction {
        let row = rates::row(course);
        let mut sum = Sum::default();
        for phase in phases {
            match self.phases.get(phase) {
                Some(learner) => sum.add(learner, &row),
                None => sum.add(&Learner::new(*phase), &row),
            }
        }
        let whole = WORK.iter().all(|phase| phases.contains(phase)).then_some(&self.whole);
        Prediction { mean: sum.mean(), upper: sum.upper(whole), learned_from: self.learned_from }
    }

    /// Learns from a unit that has ended: what each of its phases took in the end, in seconds, without attempts that failed. Phases
    /// may be missing; a time that is none is left out.
    pub fn learn(&mut self, course: &Features, took: &[(Phase, f64)]) {
        let row = rates::row(course);
        let sane = |(_, seconds): &(Phase, f64)| (0.0..LONGEST).contains(seconds);
        let took: BTreeMap<Phase, f64> = took.iter().copied().filter(sane).collect();
        if took.is_empty() {
            return;
        }
        if WORK.iter().all(|phase| took.contains_key(phase)) {
            let mean = self.predict(course, &WORK).mean;
            let real: f64 = WORK.iter().filter_map(|phase| took.get(phase)).sum();
            self.whole.push(learner::ratio(real, mean));
        }
        for (phase, seconds) in took {
            self.phases.entry(phase).or_insert_with(|| Learner::new(phase)).learn(&row, seconds);
        }
        self.learned_from += 1;
    }

    /// Units learned from.
    pub fn learned_from(&self) -> u64 {
        self.learned_from
    }
}
