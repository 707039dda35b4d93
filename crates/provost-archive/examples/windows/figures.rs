//! What a month is judged by.

use std::collections::BTreeSet;

use jiff::Timestamp;
use provost_archive::predict::Prediction;
use provost_archive::schedule::Candidate;
use provost_archive::window::{State, Window};

use crate::world::Course;

/// Figures of a month. Times are seconds.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    workers: usize,
    /// From opening to closing.
    windows: Vec<(Timestamp, Timestamp)>,
    /// Units that were finished.
    pub(crate) units: usize,
    /// Units nobody began, and units that were stopped at a boundary, at the month's end.
    pub(crate) left: usize,
    pub(crate) put_back: usize,
    /// Phases that were broken off, and units that were parked after the third time.
    pub(crate) broken_off: usize,
    pub(crate) parked: usize,
    /// Times that a unit was taken in hand: more than units, where they are stopped and gone on with.
    pub(crate) runs: usize,
    /// Runs that ended after their window, by how much; those of units that hang apart.
    late: Vec<f64>,
    late_hung: Vec<f64>,
    /// Of all workers, inside windows, by window; and what of it was hanging.
    busy: Vec<f64>,
    hung: f64,
    /// Units that took longer than predicted just before they were learned from, those that hung left out.
    over: usize,
    /// Begun at an opening, although by its upper bound it is longer than the window.
    pub(crate) long: usize,
    /// When there was nothing more to begin.
    dry: Option<Timestamp>,
}

impl Figures {
    /// None yet.
    pub(crate) fn new(workers: usize) -> Self {
        Self { workers, ..Self::default() }
    }

    /// Notes the windows of the month.
    pub(crate) fn windows(&mut self, window: &Window, from: Timestamp, until: Timestamp) {
        let mut now = from;
        while let State::Closed { opens: Some(opens) } = window.at(now)
            && opens < until
            && let State::Open { until: Some(closes), .. } = window.at(opens)
        {
            self.windows.push((opens, closes));
            now = closes;
        }
        self.busy = vec![0.0; self.windows.len()];
    }

    /// A unit is taken in hand.
    pub(crate) fn begun(&mut self, candidate: &Candidate<usize>, left: f64) {
        self.runs += 1;
        self.long += usize::from(candidate.rest.upper > left);
    }

    /// A unit is let go, finished or not.
    pub(crate) fn ended(&mut self, since: Timestamp, now: Timestamp, closes: Timestamp, course: &Course) {
        let inside = now.min(closes).duration_since(since).as_secs_f64();
        let window = self.windows.partition_point(|(_, closing)| *closing < closes);
        self.busy[window] += inside;
        self.hung += course.hang.map_or(0.0, |(_, seconds)| seconds.min(inside));
        let late = now.duration_since(closes).as_secs_f64();
        if late > 0.0 {
            if course.hang.is_some() { self.late_hung.push(late) } else { self.late.push(late) }
        }
    }

    /// Holds a prediction against what was.
    pub(crate) fn predicted(&mut self, prediction: Prediction, seconds: &[f64], course: &Course) {
        self.over += usize::from(course.hang.is_none() && seconds.iter().sum::<f64>() > prediction.upper);
    }

    /// There is nothing more to begin.
    pub(crate) fn ran_dry(&mut self, now: Timestamp) {
        self.dry.get_or_insert(now);
    }

    /// Runs that ended after their window, as a part of all.
    #[expect(clippy::cast_precision_loss, reason = "counts")]
    pub(crate) fn late_share(&self) -> f64 {
        (self.late.len() + self.late_hung.len()) as f64 / self.runs.max(1) as f64
    }

    /// How late the latest was, in seconds: of all, and of those that did not hang.
    pub(crate) fn latest(&self) -> (f64, f64) {
        let most = |late: &[f64]| late.iter().copied().fold(0.0, f64::max);
        (most(&self.late).max(most(&self.late_hung)), most(&self.late))
    }

    /// Runs that ended more than five minutes late, all and those that did not hang.
    pub(crate) fn too_late(&self) -> (usize, usize) {
        let beyond = |late: &[f64]| late.iter().filter(|late| **late > 300.0).count();
        (beyond(&self.late) + beyond(&self.late_hung), beyond(&self.late))
    }

    /// What of the workers' time in windows was work: waiting is none. Windows from the one on in which there was nothing more to
    /// begin do not count. Second, hanging is none either.
    #[expect(clippy::cast_precision_loss, reason = "counts")]
    pub(crate) fn used(&self) -> (f64, f64) {
        let whole =
            self.windows.iter().take_while(|(_, closes)| self.dry.is_none_or(|dry| *closes <= dry)).count();
        let open: f64 =
            self.windows[..whole].iter().map(|(from, to)| to.duration_since(*from).as_secs_f64()).sum();
        let open = (open * self.workers as f64).max(1.0);
        let busy: f64 = self.busy[..whole].iter().sum();
        (busy / open, (busy - self.hung) / open)
    }

    /// The window that was used least, among those that count.
    #[expect(clippy::cast_precision_loss, reason = "counts")]
    pub(crate) fn least_used(&self) -> f64 {
        let counts = self.windows.iter().zip(&self.busy);
        let counts = counts.filter(|((_, closes), _)| self.dry.is_none_or(|dry| *closes <= dry));
        let used = counts
            .map(|((from, to), busy)| busy / (to.duration_since(*from).as_secs_f64() * self.workers as f64));
        used.fold(1.0, f64::min)
    }

    /// Units beyond their upper bound, as a part of all.
    #[expect(clippy::cast_precision_loss, reason = "counts")]
    pub(crate) fn over_share(&self) -> f64 {
        self.over as f64 / self.units.max(1) as f64
    }

    /// Windows in which there was something to begin until they closed.
    pub(crate) fn nights(&self) -> usize {
        let all: BTreeSet<_> =
            self.windows.iter().filter(|(_, closes)| self.dry.is_none_or(|dry| *closes <= dry)).collect();
        all.len()
    }
}
