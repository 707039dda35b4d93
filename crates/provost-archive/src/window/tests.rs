//! Windows by the clocks of real zones, and what holds of every window at every moment.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use proptest::prelude::*;
use provost_fleet::archive::{Exception, Span};

use super::{State, Window, WindowError, zone};

fn window(name: &str, spans: &[&str], exceptions: &[&str]) -> Window {
    let spans = spans.iter().map(|span| span.parse().unwrap()).collect();
    let exceptions = exceptions.iter().map(|exception| exception.parse().unwrap()).collect();
    Window::new(zone(name).unwrap(), spans, exceptions)
}

fn open(window: &Window, now: Timestamp) -> bool {
    matches!(window.at(now), State::Open { .. })
}

/// A moment in Paris.
fn paris(text: &str) -> Timestamp {
    let reading: DateTime = text.parse().unwrap();
    zone("Europe/Paris").unwrap().to_ambiguous_timestamp(reading).unambiguous().unwrap()
}

fn utc(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn a_night_is_open_from_its_first_moment_to_before_its_last() {
    let nights = window("Europe/Paris", &["22:00-05:30"], &[]);
    let (since, until) = (paris("2026-03-10 22:00"), paris("2026-03-11 05:30"));
    let open = State::Open { since, until: Some(until) };
    assert_eq!(nights.at(since), open);
    assert_eq!(nights.at(paris("2026-03-11 05:29:59")), open);
    assert_eq!(nights.at(until), State::Closed { opens: Some(paris("2026-03-11 22:00")) });
    assert_eq!(nights.at(paris("2026-03-10 21:59:59")), State::Closed { opens: Some(since) });
    assert!((nights.left(paris("2026-03-11 05:00")) - 1800.0).abs() < 1e-9);
    assert_eq!(nights.next_opening(since), Some(paris("2026-03-11 22:00")));
}

#[test]
fn days_are_those_on_which_a_window_begins() {
    let weekends = window("Europe/Paris", &["fri,sat 22:00-05:30"], &[]);
    // 2026-03-13 is a Friday.
    assert!(matches!(weekends.at(paris("2026-03-15 05:00")), State::Open { .. }));
    assert_eq!(
        weekends.at(paris("2026-03-15 05:30")),
        State::Closed { opens: Some(paris("2026-03-20 22:00")) }
    );
}

#[test]
fn windows_that_meet_are_one() {
    let all = window("Europe/Paris", &["mon-fri 22:00-05:30", "fri 20:00-24:00", "sat,sun 00:00-24:00"], &[]);
    let open = State::Open { since: paris("2026-03-13 20:00"), until: Some(paris("2026-03-16 00:00")) };
    assert_eq!(all.at(paris("2026-03-13 23:00")), open);
    assert_eq!(all.at(paris("2026-03-15 23:59:59")), open);
    assert!((all.longest(paris("2026-03-11 12:00")) - 52.0 * 3600.0).abs() < 1e-9);
}

#[test]
fn on_excepted_days_no_window_begins() {
    let exams = window("Europe/Paris", &["22:00-05:30"], &["2026-06-08..2026-06-12"]);
    let before = State::Open { since: paris("2026-06-07 22:00"), until: Some(paris("2026-06-08 05:30")) };
    assert_eq!(exams.at(paris("2026-06-08 03:00")), before);
    assert_eq!(exams.at(paris("2026-06-08 05:30")), State::Closed { opens: Some(paris("2026-06-13 22:00")) });
}

#[test]
fn the_night_of_a_change_of_clocks_is_longer_or_shorter() {
    let nights = window("Europe/Paris", &["22:00-05:30"], &[]);
    let long = |day: &str| nights.left(paris(day));
    assert!((long("2026-03-27 22:00") - 7.5 * 3600.0).abs() < 1e-9);
    assert!((long("2026-03-28 22:00") - 6.5 * 3600.0).abs() < 1e-9, "clocks go forward at 02:00");
    assert!((long("2026-10-24 22:00") - 8.5 * 3600.0).abs() < 1e-9, "clocks go back at 03:00");
}

#[test]
fn a_reading_that_is_skipped_is_the_change_itself() {
    // 02:00 to 03:00 does not happen on 2026-03-29; the change is at 01:00 UTC.
    let to = window("Europe/Paris", &["22:00-02:30"], &[]);
    let closes = State::Open { since: utc("2026-03-28T21:00:00Z"), until: Some(utc("2026-03-29T01:00:00Z")) };
    assert_eq!(to.at(utc("2026-03-28T23:00:00Z")), closes);
    let from = window("Europe/Paris", &["02:30-05:00"], &[]);
    let opens = State::Closed { opens: Some(utc("2026-03-29T01:00:00Z")) };
    assert_eq!(from.at(utc("2026-03-29T00:59:00Z")), opens);
    let within = window("Europe/Paris", &["02:10-02:50"], &[]);
    let next_day = State::Closed { opens: Some(utc("2026-03-30T00:10:00Z")) };
    assert_eq!(within.at(utc("2026-03-29T00:59:00Z")), next_day, "nothing is left of it");
}

#[test]
fn a_reading_that_occurs_twice_makes_the_window_shorter() {
    // 02:00 to 03:00 happens twice on 2026-10-25, from 00:00 and from 01:00 UTC.
    let to = window("Europe/Paris", &["22:00-02:30"], &[]);
    let closes = State::Open { since: utc("2026-10-24T20:00:00Z"), until: Some(utc("2026-10-25T00:30:00Z")) };
    assert_eq!(to.at(utc("2026-10-24T23:00:00Z")), closes);
    let from = window("Europe/Paris", &["02:30-05:00"], &[]);
    let opens = State::Closed { opens: Some(utc("2026-10-25T01:30:00Z")) };
    assert_eq!(from.at(utc("2026-10-25T00:45:00Z")), opens);
}

#[test]
fn always_is_always() {
    let now = utc("2026-03-10T12:00:00Z");
    assert_eq!(Window::always().at(now), State::Open { since: now, until: None });
    assert!(Window::always().longest(now).is_infinite());
    assert_eq!(Window::always().after(now, 60.0), Some(utc("2026-03-10T12:01:00Z")));
    let but = window("UTC", &[], &["2026-03-12"]);
    let until = Some(utc("2026-03-12T00:00:00Z"));
    assert!(matches!(but.at(now), State::Open { until: closes, .. } if closes == until));
    assert_eq!(
        but.at(utc("2026-03-12T00:00:00Z")),
        State::Closed { opens: Some(utc("2026-03-13T00:00:00Z")) }
    );
}

#[test]
fn a_window_that_never_opens_says_so() {
    let never = window("UTC", &["22:00-05:30"], &["01-01..12-31"]);
    let now = utc("2026-03-10T12:00:00Z");
    assert_eq!(never.at(now), State::Closed { opens: None });
    assert!(never.longest(now).abs() < f64::EPSILON);
    assert_eq!(never.after(now, 1.0), None);
}

#[test]
fn time_in_windows_is_counted_across_them() {
    let nights = window("UTC", &["22:00-02:00"], &[]);
    let now = utc("2026-03-10T12:00:00Z");
    assert_eq!(nights.after(now, 3600.0), Some(utc("2026-03-10T23:00:00Z")));
    assert_eq!(nights.after(now, 5.0 * 3600.0), Some(utc("2026-03-11T23:00:00Z")));
}

#[test]
fn a_zone_that_is_none_is_refused() {
    assert_eq!(zone("Europe/Atlantis").unwrap_err(), WindowError::Zone("Europe/Atlantis".to_owned()));
    assert!(zone("").is_err());
}

/// Zones with a change at midnight, with half an hour, with none, across the date line.
const ZONES: [&str; 7] = [
    "Europe/Paris",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Pacific/Auckland",
    "UTC",
];

fn spans() -> impl Strategy<Value = Vec<Span>> {
    let days = prop::sample::select(vec!["", "mon-fri ", "sat,sun ", "wed ", "fri-mon "]);
    let span = (days, 0_u16..96, 1_u16..96).prop_map(|(days, begins, long)| {
        let clock = |quarters: u16| format!("{:02}:{:02}", quarters % 96 / 4, quarters % 4 * 15);
        format!("{days}{}-{}", clock(begins), clock(begins + long)).parse().unwrap()
    });
    prop::collection::vec(span, 0..4)
}

fn exceptions() -> impl Strategy<Value = Vec<Exception>> {
    let exception = (0_i32..700, 0_i32..20).prop_map(|(first, long)| {
        let first = Date::constant(2025, 1, 1) + first.days();
        Exception::Once { first, last: first + long.days() }
    });
    prop::collection::vec(exception, 0..3)
}

fn anything() -> impl Strategy<Value = (Window, Timestamp)> {
    // Seconds of 2025 and 2026; every other time within a day of a change of clocks in Paris.
    let moment = prop_oneof![1_735_689_600_i64..1_798_761_600, 1_774_656_000_i64..1_774_828_800];
    let parts = (prop::sample::select(ZONES.to_vec()), spans(), exceptions(), moment);
    parts.prop_map(|(name, spans, exceptions, at)| {
        (Window::new(zone(name).unwrap(), spans, exceptions), Timestamp::from_second(at).unwrap())
    })
}

/// Whether a moment lies in a window, by looking at the clock alone: right where no change of clocks is near.
fn by_the_clock(zone: &TimeZone, spans: &[Span], exceptions: &[Exception], now: Timestamp) -> bool {
    let local = now.to_zoned(zone.clone());
    let minute = u16::try_from(local.hour()).unwrap() * 60 + u16::try_from(local.minute()).unwrap();
    let (today, yesterday) = (local.date(), local.date().yesterday().unwrap());
    let whole: Span = "00:00-24:00".parse().unwrap();
    let spans = if spans.is_empty() { vec![whole] } else { spans.to_vec() };
    let begins = |span: &Span, day: Date| {
        span.days.has(day.weekday().to_monday_zero_offset().unsigned_abs())
            && !exceptions.iter().any(|exception| exception.has(day))
    };
    spans.iter().any(|span| match span.over_midnight() {
        false => begins(span, today) && (span.begins..span.ends).contains(&minute),
        true => {
            (begins(span, today) && minute >= span.begins) || (begins(span, yesterday) && minute < span.ends)
        }
    })
}

proptest! {
    #[test]
    fn its_borders_are_where_it_changes((window, now) in anything()) {
        let moment = SignedDuration::from_nanos(1);
        match window.at(now) {
            State::Open { since, until } => {
                prop_assert!(since <= now);
                if let Some(until) = until {
                    prop_assert!(now < until);
                    prop_assert!(!open(&window, until) && open(&window, until - moment));
                    prop_assert!(window.left(now) > 0.0);
                    prop_assert!(window.next_opening(now).is_none_or(|opens| opens > until));
                }
            }
            State::Closed { opens } => {
                prop_assert!(window.left(now).abs() < f64::EPSILON);
                if let Some(opens) = opens {
                    prop_assert!(now < opens);
                    prop_assert!(open(&window, opens) && !open(&window, opens - moment));
                    prop_assert_eq!(window.next_opening(now), Some(opens));
                }
            }
        }
    }

    #[test]
    fn away_from_changes_of_clocks_it_is_what_the_clock_says(
        name in prop::sample::select(ZONES.to_vec()),
        spans in spans(),
        exceptions in exceptions(),
        at in 1_735_689_600_i64..1_798_761_600,
    ) {
        let zone = zone(name).unwrap();
        let now = Timestamp::from_second(at).unwrap();
        let near = |change: Timestamp| change.duration_since(now).abs() < SignedDuration::from_hours(48);
        prop_assume!(!zone.preceding(now).next().is_some_and(|change| near(change.timestamp())));
        prop_assume!(!zone.following(now).next().is_some_and(|change| near(change.timestamp())));
        let window = Window::new(zone.clone(), spans.clone(), exceptions.clone());
        prop_assert_eq!(open(&window, now), by_the_clock(&zone, &spans, &exceptions, now));
    }

    #[test]
    fn time_that_passes_in_windows_adds_up((window, now) in anything(), first in 1.0..1e5, second in 1.0..1e5) {
        let Some(all) = window.after(now, first + second) else { return Ok(()) };
        let one = window.after(now, first).unwrap();
        let other = window.after(one, second).unwrap();
        prop_assert!(one <= all);
        // A border may lie between two rests of rounding: then one of them is at the closing, the other at the next opening.
        let near = all.duration_since(other).abs() < SignedDuration::from_millis(1);
        prop_assert!(near || window.next_opening(other.min(all)).is_some_and(|opens| opens <= other.max(all)));
    }
}
