//! The openings of a window, one after the other, on the line of time.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use provost_fleet::archive::{Days, Span};

use super::{HORIZON_DAYS, Window};

/// A stretch of time in which work may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Opening {
    /// The first moment.
    pub(super) from: Timestamp,
    /// The moment after the last; `None` where it lies beyond the horizon.
    pub(super) until: Option<Timestamp>,
}

impl Opening {
    /// How long it is, in seconds; infinite where its end lies beyond the horizon.
    pub(super) fn seconds(self) -> f64 {
        self.until.map_or(f64::INFINITY, |until| until.duration_since(self.from).as_secs_f64())
    }
}

/// A whole day: what a window without spans has every day.
const DAY: Span = Span { days: Days::ALL, begins: 0, ends: Span::DAY };

/// Which of two moments is meant by a reading of the clock that occurs twice.
#[derive(Clone, Copy)]
enum Which {
    First,
    Last,
}

/// The moment of a reading of the clock. One that is skipped is the moment at which it is skipped.
fn moment(zone: &TimeZone, reading: DateTime, which: Which) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(reading);
    match (ambiguous.offset(), which) {
        (AmbiguousOffset::Unambiguous { .. }, _) => ambiguous.compatible().ok(),
        // `later` goes by the offset from before the change, so it lies after the change by as much as the reading is into the gap.
        (AmbiguousOffset::Gap { .. }, _) => {
            let after = ambiguous.later().ok()?.checked_add(SignedDuration::from_nanos(1)).ok()?;
            zone.preceding(after).next().map(|change| change.timestamp())
        }
        (AmbiguousOffset::Fold { .. }, Which::First) => ambiguous.earlier().ok(),
        (AmbiguousOffset::Fold { .. }, Which::Last) => ambiguous.later().ok(),
    }
}

/// A day and minutes after its midnight as a reading of the clock; 24:00 is the next day's midnight.
fn reading(day: Date, minutes: u16) -> Option<DateTime> {
    let day = if minutes >= Span::DAY { day.tomorrow().ok()? } else { day };
    let minutes = minutes % Span::DAY;
    let time = Time::new(i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?, 0, 0).ok()?;
    Some(day.to_datetime(time))
}

/// The opening that begins on a day; `None` where the change of the clocks leaves nothing of it.
fn opening(zone: &TimeZone, day: Date, span: Span) -> Option<(Timestamp, Timestamp)> {
    let closes_on = if span.over_midnight() { day.tomorrow().ok()? } else { day };
    // Midnights bound days: where one occurs twice, days follow one another without a gap and without overlap.
    let opens_by = if span.begins == 0 { Which::First } else { Which::Last };
    let from = moment(zone, reading(day, span.begins)?, opens_by)?;
    let until = moment(zone, reading(closes_on, span.ends)?, Which::First)?;
    (from < until).then_some((from, until))
}

impl Window {
    /// Its openings from the one that `now` lies in, in order, apart from one another. They are found as they are asked for.
    pub(super) fn openings(&self, now: Timestamp) -> impl Iterator<Item = Opening> + '_ {
        let today = now.to_zoned(self.zone.clone()).date();
        // Yesterday's may end today. One day more, so that openings that meet are seen as one from further back.
        let first = today.checked_sub(2.days()).unwrap_or(today);
        let end = today.checked_add(HORIZON_DAYS.days()).unwrap_or(Date::MAX);
        // What is never closed need not be walked through.
        let forever = self.spans.is_empty() && self.exceptions.is_empty();
        let forever = forever.then_some(Opening { from: now, until: None });
        let last = if forever.is_some() { first } else { end };
        let days = first.series(1.day()).take_while(move |day| *day < last);
        let mut pieces = days.flat_map(move |day| self.begun_on(day)).peekable();
        let horizon = moment(&self.zone, end.to_datetime(Time::midnight()), Which::First);
        let found = std::iter::from_fn(move || {
            let (from, mut until) = pieces.next()?;
            while let Some((_, later)) = pieces.next_if(|(next, _)| *next <= until) {
                until = until.max(later);
            }
            let closes = horizon.is_none_or(|horizon| until < horizon);
            Some(Opening { from, until: closes.then_some(until) })
        });
        let found = found.filter(move |opening| opening.until.is_none_or(|until| until > now));
        forever.into_iter().chain(found)
    }

    /// What begins on a day, in order.
    fn begun_on(&self, day: Date) -> Vec<(Timestamp, Timestamp)> {
        if self.exceptions.iter().any(|exception| exception.has(day)) {
            return Vec::new();
        }
        let spans = if self.spans.is_empty() { std::slice::from_ref(&DAY) } else { &self.spans[..] };
        let weekday = day.weekday().to_monday_zero_offset().unsigned_abs();
        let open = spans.iter().filter(|span| span.days.has(weekday));
        let mut openings: Vec<_> = open.filter_map(|span| opening(&self.zone, day, *span)).collect();
        openings.sort_unstable();
        openings
    }
}
