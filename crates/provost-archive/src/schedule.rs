//! Which unit is begun next, pure.
//!
//! A unit is begun only if it is expected to end before the window closes, by its upper bound: big ones early, for only then do they
//! fit, and small ones fill what is left. What has been begun goes first. The driver asks after everything that changes something (a
//! unit ended, a phase ended, a manoeuvre, the time until which it was told to wait) and does what it is told.
//!
//! How often a unit ends after its window follows from the bound: where one that just fits is begun, once in a hundred, and most have
//! more time than that. How late it ends follows from what nothing foretells: a phase that hangs for hours (a lock, a backup of the
//! same database) would end hours late, be it let finish or stopped at its end. So a phase that takes far longer than anything that was
//! expected of it is broken off, and begun again from its start: every phase may be entered again. And so is what is still at work some
//! minutes after its window.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;

use jiff::{SignedDuration, Timestamp};
use provost_fleet::archive::Overrun;
use serde::{Deserialize, Serialize};

use crate::predict::Prediction;
use crate::window::{State, Window};

/// What a window is used for at least when work is at hand: by it the end of a session is estimated.
const USED: f64 = 0.9;

/// As long as so few units are learned from, one that fits by its mean alone may be tried, where nothing else is left to learn from.
const LITTLE_LEARNED: u64 = 10;

/// One that is tried has so many times its mean.
const TRIED_WITH: f64 = 3.0;

/// A unit whose upper bound is longer than any window is begun as a window opens if so many times its mean fit: later it fits less well.
const LONG_WITH: f64 = 1.5;

/// A window has just been opened while less than such a part of it has passed.
const JUST_OPENED: f64 = 0.02;

/// A phase hangs when it takes so many times its upper bound, which one in a hundred exceeds at all.
const HANGS: f64 = 4.0;

/// Nothing hangs before so many seconds: a server that restarts, or recovers after a crash, is waited for longer than short phases take.
const HANGS_FROM: f64 = 15.0 * 60.0;

/// The same as long as little is learned.
const HANGS_FROM_AT_FIRST: f64 = 3600.0;

/// So many seconds after its window a phase is broken off, by either policy. Until then nearly all end that overrun at all; and ending a
/// process takes some seconds of the five minutes that a unit may be late. (Where units are let finish, a phase had once as long as was
/// expected of it at most. Of half a million units two were five to seven minutes late: a transport that hung, for one phase is expected
/// to vary more than its whole unit; and a proof of two minutes that began four minutes late, after a transport of three times its mean.)
const GRACE: f64 = 4.0 * 60.0;

/// A unit that could be begun or gone on with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate<U> {
    /// The unit.
    pub unit: U,
    /// Higher goes first, whatever its size.
    pub priority: i32,
    /// Whether a phase of it is finished: it holds disk at both ends until it is done.
    pub begun: bool,
    /// Not before then.
    pub not_before: Option<Timestamp>,
    /// All phases that are still to come.
    pub rest: Prediction,
    /// The next phase alone.
    pub next_phase: Prediction,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision<U> {
    /// Begin this unit, or go on with it; then ask again.
    Begin(U),
    /// Nothing can be begun.
    Wait {
        /// When time alone changes the answer; `None`: only a change of something else does.
        until: Option<Timestamp>,
        /// Why.
        why: Why,
    },
}

/// Why nothing is begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// There is no unit left to begin.
    Nothing,
    /// All workers are busy.
    Busy,
    /// The window is closed.
    Closed,
    /// What is left may not be begun yet.
    NotBefore,
    /// What is left is expected to take longer than the window stays open.
    DoesNotFit,
    /// What is left is expected to take longer than any window is open: a longer window helps, or to stop at boundaries.
    NeverFits,
}

/// What a worker does with its unit at the end of a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boundary {
    /// It goes on with the next phase.
    GoOn,
    /// It lets the unit go at the phase reached, and asks for another.
    PutBack {
        /// When the unit may be gone on with.
        until: Option<Timestamp>,
    },
}

/// How a unit could be begun, best last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// Not now, and in no window.
    Never,
    /// Not now.
    NotNow,
    /// To learn from it.
    Try,
    /// As a whole, or one phase after the other over several windows.
    Now,
}

/// A moment in a window.
struct Now {
    /// Seconds until it closes; 0 if it is closed.
    left: f64,
    just_opened: bool,
}

impl Now {
    fn of(window: &Window, now: Timestamp) -> Self {
        let State::Open { since, until } = window.at(now) else {
            return Self { left: 0.0, just_opened: false };
        };
        let left = until.map_or(f64::INFINITY, |until| until.duration_since(now).as_secs_f64());
        let passed = now.duration_since(since).as_secs_f64();
        Self { left, just_opened: passed <= JUST_OPENED * (passed + left) }
    }
}

/// Whether a prediction rests on enough to go by its mean.
fn known(what: &Prediction) -> bool {
    what.learned_from >= LITTLE_LEARNED
}

/// When what may be begun: a value, made anew when an operator changes the window or the workers, and at least once a day, because it
/// knows how long the windows of the next two weeks are.
#[derive(Debug, Clone)]
pub struct Schedule {
    window: Window,
    overrun: Overrun,
    workers: usize,
    longest: f64,
}

impl Schedule {
    /// Units run in a window, so many at once (at least one). `now` is from when on windows are compared.
    pub fn new(window: Window, overrun: Overrun, workers: usize, now: Timestamp) -> Self {
        let longest = window.longest(now);
        Self { window, overrun, workers: workers.max(1), longest }
    }

    /// When work may be done.
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// What is done next, with so many units under way.
    ///
    /// Candidates come in any order. Where there are too many to hand over, these will do: those begun, those of highest priority, and
    /// the longest of those whose upper bound is at most [`Schedule::room`]; then, if the answer is [`Why::DoesNotFit`], the next
    /// shorter ones. Predictions should be fresh: the model may have learned since they were kept.
    pub fn next<U: Copy + Ord>(
        &self,
        now: Timestamp,
        candidates: &[Candidate<U>],
        running: usize,
    ) -> Decision<U> {
        if candidates.is_empty() {
            return Decision::Wait { until: None, why: Why::Nothing };
        }
        if running >= self.workers {
            return Decision::Wait { until: None, why: Why::Busy };
        }
        if let State::Closed { opens } = self.window.at(now) {
            return Decision::Wait { until: opens, why: Why::Closed };
        }
        let moment = Now::of(&self.window, now);
        let due = candidates.iter().filter(|candidate| candidate.not_before.is_none_or(|due| due <= now));
        let fits = due.map(|candidate| (self.fit(candidate, &moment, running), candidate));
        let best = fits.max_by(|(a, one), (b, other)| {
            let rank = |fit: &Fit, candidate: &Candidate<U>| {
                let trial = if *fit == Fit::Try { -candidate.rest.mean } else { candidate.rest.upper };
                (
                    *fit == Fit::Now && candidate.begun,
                    *fit,
                    candidate.priority,
                    Total(trial),
                    Reverse(candidate.unit),
                )
            };
            rank(a, one).cmp(&rank(b, other))
        });
        let later =
            candidates.iter().filter_map(|candidate| candidate.not_before).filter(|due| *due > now).min();
        match best {
            None => Decision::Wait { until: later, why: Why::NotBefore },
            Some((Fit::Now | Fit::Try, candidate)) => Decision::Begin(candidate.unit),
            Some((Fit::NotNow, _)) => {
                let until = [later, self.window.next_opening(now)].into_iter().flatten().min();
                Decision::Wait { until, why: Why::DoesNotFit }
            }
            Some((Fit::Never, _)) => Decision::Wait { until: later, why: Why::NeverFits },
        }
    }

    /// How a unit could be begun now.
    fn fit<U>(&self, candidate: &Candidate<U>, now: &Now, running: usize) -> Fit {
        let (rest, next) = (&candidate.rest, &candidate.next_phase);
        let in_parts = self.overrun == Overrun::Stop && (candidate.begun || rest.upper > self.longest);
        let tried = if in_parts { next } else { rest };
        if self.begins(rest, now) || (in_parts && self.begins(next, now)) {
            Fit::Now
        } else if !known(rest) && running == 0 && TRIED_WITH * tried.mean <= now.left {
            Fit::Try
        } else if self.never(candidate) {
            Fit::Never
        } else {
            Fit::NotNow
        }
    }

    /// Whether something is begun now: by its upper bound, or, if that is longer than any window, by its mean as one opens.
    fn begins(&self, what: &Prediction, now: &Now) -> bool {
        let long = what.upper > self.longest && known(what);
        what.upper <= now.left || (long && now.just_opened && LONG_WITH * what.mean <= now.left)
    }

    /// Whether a unit is expected to take longer than any window of the next weeks is open, as it is predicted now: for the plan to tell.
    pub fn never<U>(&self, candidate: &Candidate<U>) -> bool {
        let could = |what: &Prediction| {
            let mean = if known(what) { LONG_WITH } else { TRIED_WITH } * what.mean;
            what.upper <= self.longest || mean <= self.longest
        };
        let in_parts = self.overrun == Overrun::Stop && could(&candidate.next_phase);
        !could(&candidate.rest) && !in_parts
    }

    /// Whether a worker goes on with the next phase of its unit. Where units are let finish it always does.
    pub fn boundary(&self, now: Timestamp, next_phase: &Prediction) -> Boundary {
        if self.overrun == Overrun::Finish || self.begins(next_phase, &Now::of(&self.window, now)) {
            return Boundary::GoOn;
        }
        Boundary::PutBack { until: self.window.next_opening(now) }
    }

    /// When a phase that was begun at a time is broken off, unless it has ended by then: one that hangs, whenever that is clear; besides,
    /// every one some minutes after its window, whatever was expected of it: else it would be as late as its expectation was wrong.
    pub fn break_off(&self, begun: Timestamp, phase: &Prediction) -> Timestamp {
        let from = if known(phase) { HANGS_FROM } else { HANGS_FROM_AT_FIRST };
        let hangs = later(begun, (HANGS * phase.upper).max(from));
        match (self.window.at(begun), self.window.at(later(begun, -GRACE))) {
            (State::Open { until: None, .. }, _) => hangs,
            // A phase that follows on another may begin just after the window.
            (State::Open { until: Some(closes), .. }, _)
            | (State::Closed { .. }, State::Open { until: Some(closes), .. }) => {
                hangs.min(later(closes, GRACE))
            }
            (State::Closed { .. }, _) => begun,
        }
    }

    /// Whether a phase that was begun at a time had all of a window: where even that was not enough, the next one will not be, either.
    pub fn had_a_window(&self, begun: Timestamp) -> bool {
        Now::of(&self.window, begun).just_opened
    }

    /// Seconds that what is begun now may be predicted to take at most, by its upper bound: for a query of the registry. 0 where the
    /// window is closed; infinite where it does not close, or has just been opened, when units that fit nowhere else are begun.
    pub fn room(&self, now: Timestamp) -> f64 {
        let now = Now::of(&self.window, now);
        if now.just_opened { f64::INFINITY } else { now.left }
    }

    /// When so many seconds of work (the sum of means) will be done if nothing fails; `None` where the window is not open for so
    /// long within its horizon.
    #[expect(clippy::cast_precision_loss, reason = "a number of workers")]
    pub fn expected_end(&self, now: Timestamp, seconds: f64) -> Option<Timestamp> {
        self.window.after(now, seconds / (self.workers as f64 * USED))
    }
}

/// So many seconds after a moment.
fn later(than: Timestamp, seconds: f64) -> Timestamp {
    let wait = SignedDuration::try_from_secs_f64(seconds).unwrap_or(SignedDuration::MAX);
    than.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// A number with an order.
#[derive(Debug, Clone, Copy)]
struct Total(f64);

impl Ord for Total {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Total {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Total {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Total {}
