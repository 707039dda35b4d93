//! When a session may work: the windows of its declaration, laid on the line of time.
//!
//! Pure: the rules of time zones are the ones the program carries, not the machine's, so that a plan says the same everywhere. Where
//! the clocks change inside a window, the window is what lies between its two readings of the clock, an hour longer or shorter. A
//! reading that occurs twice is taken so that the window is the shorter one, a reading that is skipped is the moment of the change.

mod calendar;
#[cfg(test)]
mod tests;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};
use provost_fleet::archive::{Archive, Exception, Span};

use calendar::Opening;

/// How far ahead an opening or a closing is looked for: a window of one day a week, with a whole school year excepted, still opens
/// within it.
pub const HORIZON_DAYS: i32 = 400;

/// See [`Window::longest`].
const TWO_WEEKS: SignedDuration = SignedDuration::from_hours(14 * 24);

/// When a session may work.
#[derive(Debug, Clone)]
pub struct Window {
    zone: TimeZone,
    spans: Vec<Span>,
    exceptions: Vec<Exception>,
}

/// What a window is at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Work may be done.
    Open {
        /// Since when; two days ago at the earliest.
        since: Timestamp,
        /// Until when; `None` where it does not close within [`HORIZON_DAYS`].
        until: Option<Timestamp>,
    },
    /// Nothing may run.
    Closed {
        /// When it opens; `None` where it does not within [`HORIZON_DAYS`].
        opens: Option<Timestamp>,
    },
}

/// Why a declaration gives no window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// No zone of that name.
    #[error("there is no time zone `{0}`; zones have names such as \"Europe/Paris\"")]
    Zone(String),
}

impl Window {
    /// Spans, none of which begins on a day that an exception has, by the clocks of a zone. Without spans it is open on all other days.
    pub fn new(zone: TimeZone, spans: Vec<Span>, exceptions: Vec<Exception>) -> Self {
        Self { zone, spans, exceptions }
    }

    /// The window of a declaration.
    pub fn of(archive: &Archive) -> Result<Self, WindowError> {
        Ok(Self::new(zone(&archive.timezone)?, archive.windows.clone(), archive.exceptions.clone()))
    }

    /// Open at all times.
    pub fn always() -> Self {
        Self::new(TimeZone::UTC, Vec::new(), Vec::new())
    }

    /// The zone whose clocks it goes by.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// What it is at a moment. The moment of opening is open, the moment of closing is closed.
    pub fn at(&self, now: Timestamp) -> State {
        match self.openings(now).next() {
            Some(opening) if opening.from <= now => State::Open { since: opening.from, until: opening.until },
            next => State::Closed { opens: next.map(|opening| opening.from) },
        }
    }

    /// Seconds from `now` until it closes: 0 where it is closed, infinite where it does not close.
    pub fn left(&self, now: Timestamp) -> f64 {
        match self.at(now) {
            State::Open { until: Some(until), .. } => until.duration_since(now).as_secs_f64(),
            State::Open { until: None, .. } => f64::INFINITY,
            State::Closed { .. } => 0.0,
        }
    }

    /// When it opens next, after it has closed if it is open: `None` where that is not within [`HORIZON_DAYS`].
    pub fn next_opening(&self, now: Timestamp) -> Option<Timestamp> {
        self.openings(now).map(|opening| opening.from).find(|from| *from > now)
    }

    /// The longest opening of the two weeks from the one that is under way or comes next, in seconds: what takes longer cannot be begun
    /// and ended in one. 0 where it never opens, infinite where it does not close. Two weeks, so that every day of the week is among
    /// them, and nothing waits for the one long night of the year in which clocks are put back.
    pub fn longest(&self, now: Timestamp) -> f64 {
        let mut openings = self.openings(now).peekable();
        let until = openings.peek().and_then(|first| first.from.max(now).checked_add(TWO_WEEKS).ok());
        let soon = openings.take_while(|opening| until.is_none_or(|until| opening.from < until));
        soon.map(Opening::seconds).fold(0.0, f64::max)
    }

    /// When so many seconds of its being open have passed: `None` where it is not open for so long within [`HORIZON_DAYS`].
    pub fn after(&self, now: Timestamp, seconds: f64) -> Option<Timestamp> {
        let mut left = seconds.max(0.0);
        for opening in self.openings(now) {
            let from = opening.from.max(now);
            let long = Opening { from, ..opening }.seconds();
            if left <= long {
                return from.checked_add(SignedDuration::try_from_secs_f64(left).ok()?).ok();
            }
            left -= long;
        }
        None
    }
}

/// A time zone by its name, such as `Europe/Paris`, by the rules that the program carries.
pub fn zone(name: &str) -> Result<TimeZone, WindowError> {
    TimeZoneDatabase::bundled().get(name).map_err(|_| WindowError::Zone(name.to_owned()))
}
