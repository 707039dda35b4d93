//! What is begun when, and what holds of every decision.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use provost_fleet::archive::Overrun;

use super::{Boundary, Candidate, Decision, Schedule, Why};
use crate::predict::Prediction;
use crate::window::{Window, zone};

fn nights(overrun: Overrun, workers: usize) -> Schedule {
    let window = Window::new(zone("UTC").unwrap(), vec!["22:00-05:30".parse().unwrap()], Vec::new());
    Schedule::new(window, overrun, workers, at("2026-03-10T12:00:00Z"))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn takes(minutes: f64) -> Prediction {
    Prediction { mean: minutes * 30.0, upper: minutes * 60.0, learned_from: 500 }
}

/// A unit with an upper bound in minutes, half of which is the mean, in six phases of the same length.
fn unit(unit: i64, minutes: f64) -> Candidate<i64> {
    let (rest, next_phase) = (takes(minutes), takes(minutes / 6.0));
    Candidate { unit, priority: 0, begun: false, not_before: None, rest, next_phase }
}

#[test]
fn the_longest_that_fits_is_begun() {
    let schedule = nights(Overrun::Finish, 2);
    let units = [unit(1, 30.0), unit(2, 120.0), unit(3, 61.0), unit(4, 60.0)];
    assert_eq!(schedule.next(at("2026-03-10T22:00:00Z"), &units, 0), Decision::Begin(2));
    assert_eq!(schedule.next(at("2026-03-11T04:30:00Z"), &units, 1), Decision::Begin(4));
    let waits = |until, why| Decision::Wait { until, why };
    assert_eq!(schedule.next(at("2026-03-10T22:00:00Z"), &units, 2), waits(None, Why::Busy));
    let opens = Some(at("2026-03-11T22:00:00Z"));
    assert_eq!(schedule.next(at("2026-03-11T05:15:00Z"), &units, 0), waits(opens, Why::DoesNotFit));
    assert_eq!(schedule.next(at("2026-03-11T05:30:00Z"), &units, 0), waits(opens, Why::Closed));
    assert_eq!(schedule.next::<i64>(at("2026-03-11T05:30:00Z"), &[], 0), waits(None, Why::Nothing));
}

#[test]
fn what_has_been_begun_goes_first_then_what_is_wished_for() {
    let schedule = nights(Overrun::Finish, 2);
    let now = at("2026-03-10T22:00:00Z");
    let wished = Candidate { priority: 1, ..unit(2, 10.0) };
    let begun = Candidate { begun: true, ..unit(3, 5.0) };
    assert_eq!(schedule.next(now, &[unit(1, 60.0), wished], 0), Decision::Begin(2));
    assert_eq!(schedule.next(now, &[unit(1, 60.0), wished, begun], 0), Decision::Begin(3));
    let later = Candidate { not_before: Some(at("2026-03-10T23:00:00Z")), ..begun };
    assert_eq!(schedule.next(now, &[unit(1, 60.0), wished, later], 0), Decision::Begin(2));
    let waits = Decision::Wait { until: later.not_before, why: Why::NotBefore };
    assert_eq!(schedule.next(now, &[later], 0), waits);
}

#[test]
fn a_phase_that_hangs_is_broken_off_whenever_and_any_other_four_minutes_after_the_window() {
    let (finish, stop) = (nights(Overrun::Finish, 1), nights(Overrun::Stop, 1));
    let (opens, closes) = (at("2026-03-10T22:00:00Z"), at("2026-03-11T05:30:00Z"));
    let minutes = |from: Timestamp, minutes: i64| from + SignedDuration::from_mins(minutes);
    // An upper bound of ten minutes, early in the night: four times that, whatever the policy.
    assert_eq!(finish.break_off(opens, &takes(10.0)), minutes(opens, 40));
    assert_eq!(stop.break_off(opens, &takes(10.0)), minutes(opens, 40));
    // What takes seconds is given a quarter of an hour, and an hour while little is learned.
    assert_eq!(stop.break_off(opens, &takes(0.1)), minutes(opens, 15));
    let little = Prediction { learned_from: 3, ..takes(0.1) };
    assert_eq!(stop.break_off(opens, &little), minutes(opens, 60));
    // As the night ends: whatever was expected of it, by either policy, and whether it began before or after the window closed.
    for schedule in [&finish, &stop] {
        assert_eq!(schedule.break_off(minutes(closes, -3), &takes(30.0)), minutes(closes, 4));
        assert_eq!(schedule.break_off(minutes(closes, -3), &takes(0.1)), minutes(closes, 4));
        assert_eq!(schedule.break_off(closes, &takes(2.0)), minutes(closes, 4));
        assert_eq!(schedule.break_off(minutes(closes, 3), &takes(2.0)), minutes(closes, 4));
        assert_eq!(schedule.break_off(minutes(closes, 5), &takes(2.0)), minutes(closes, 5));
    }
    let always = Schedule::new(Window::always(), Overrun::Stop, 1, opens);
    assert_eq!(always.break_off(opens, &takes(60.0)), minutes(opens, 240));
}

#[test]
fn one_that_may_take_longer_than_a_night_is_begun_as_it_opens() {
    let schedule = nights(Overrun::Finish, 1);
    // Ten hours at most, and five hours on average: 1.5 times the mean is as long as the window.
    let long = [unit(1, 600.0)];
    assert_eq!(schedule.next(at("2026-03-10T22:00:00Z"), &long, 0), Decision::Begin(1));
    let waits = Decision::Wait { until: Some(at("2026-03-11T22:00:00Z")), why: Why::DoesNotFit };
    assert_eq!(schedule.next(at("2026-03-10T23:00:00Z"), &long, 0), waits);
    let never = [unit(1, 700.0)];
    assert!(schedule.never(&never[0]));
    let waits = Decision::Wait { until: None, why: Why::NeverFits };
    assert_eq!(schedule.next(at("2026-03-10T22:00:00Z"), &never, 0), waits);
    let by_phases = nights(Overrun::Stop, 1);
    assert!(!by_phases.never(&never[0]));
    assert_eq!(by_phases.next(at("2026-03-11T01:00:00Z"), &never, 0), Decision::Begin(1));
}

#[test]
fn what_began_as_the_window_opened_had_all_of_it() {
    let schedule = nights(Overrun::Finish, 1);
    assert!(schedule.had_a_window(at("2026-03-10T22:00:00Z")));
    assert!(schedule.had_a_window(at("2026-03-10T22:05:00Z")));
    assert!(!schedule.had_a_window(at("2026-03-10T23:00:00Z")));
    assert!(!schedule.had_a_window(at("2026-03-11T05:31:00Z")));
}

#[test]
fn at_a_boundary_only_those_stop_that_shall() {
    let late = at("2026-03-11T05:00:00Z");
    let put_back = Boundary::PutBack { until: Some(at("2026-03-11T22:00:00Z")) };
    assert_eq!(nights(Overrun::Finish, 1).boundary(late, &takes(31.0)), Boundary::GoOn);
    assert_eq!(nights(Overrun::Stop, 1).boundary(late, &takes(30.0)), Boundary::GoOn);
    assert_eq!(nights(Overrun::Stop, 1).boundary(late, &takes(31.0)), put_back);
    assert_eq!(nights(Overrun::Stop, 1).boundary(at("2026-03-11T06:00:00Z"), &takes(0.1)), put_back);
}

#[test]
fn where_little_is_known_the_shortest_is_tried_alone() {
    let schedule = nights(Overrun::Finish, 4);
    let now = at("2026-03-10T22:00:00Z");
    let unknown = |unit, hours: f64| {
        let rest = Prediction { mean: hours * 3600.0, upper: hours * 72_000.0, learned_from: 0 };
        Candidate { unit, priority: 0, begun: false, not_before: None, rest, next_phase: rest }
    };
    let units = [unknown(1, 2.0), unknown(2, 1.0), unknown(3, 2.5)];
    // Three times the mean fits of the first two; the shorter one costs less to learn from.
    assert_eq!(schedule.next(at("2026-03-10T23:00:00Z"), &units, 0), Decision::Begin(2));
    let wait = schedule.next(at("2026-03-10T23:00:00Z"), &units, 1);
    assert!(matches!(wait, Decision::Wait { why: Why::DoesNotFit, .. }), "{wait:?}");
    let small = [unknown(4, 0.1), unknown(5, 0.2)];
    assert_eq!(schedule.next(now, &small, 1), Decision::Begin(5), "even 20 times the mean fits");
}

#[test]
fn the_end_is_expected_in_a_window() {
    let schedule = nights(Overrun::Finish, 2);
    let now = at("2026-03-10T12:00:00Z");
    // Two workers, used by nine tenths, for less and for more than 7.5 hours.
    let expected = |seconds: f64| schedule.expected_end(now, seconds * 2.0 * 0.9).unwrap();
    let near =
        |one: Timestamp, other: &str| one.duration_since(at(other)).abs() < SignedDuration::from_millis(1);
    assert!(near(expected(26_999.0), "2026-03-11T05:29:59Z"));
    assert!(near(expected(27_001.0), "2026-03-11T22:00:01Z"));
}

fn candidates() -> impl Strategy<Value = Vec<Candidate<i64>>> {
    let due = prop::option::of(0_i64..172_800);
    let one = (0_i32..3, any::<bool>(), due, 0.1..40_000.0, 1.0..20.0, 0_u64..30, 0.01..1.0);
    prop::collection::vec(one, 0..12).prop_map(|all| {
        let numbered = (0_i64..).zip(all);
        let unit = numbered.map(|(unit, (priority, begun, due, mean, wide, learned_from, part))| {
            let rest = Prediction { mean, upper: mean * wide, learned_from };
            let next_phase = Prediction { mean: mean * part, upper: mean * part * wide, learned_from };
            let not_before = due.map(|due| start() + SignedDuration::from_secs(due));
            Candidate { unit, priority, begun, not_before, rest, next_phase }
        });
        unit.collect()
    })
}

fn start() -> Timestamp {
    at("2026-03-10T12:00:00Z")
}

fn moment() -> impl Strategy<Value = Timestamp> {
    (0_i64..172_800).prop_map(|seconds| start() + SignedDuration::from_secs(seconds))
}

fn overrun() -> impl Strategy<Value = Overrun> {
    prop::sample::select(vec![Overrun::Finish, Overrun::Stop])
}

proptest! {
    #[test]
    fn only_what_may_be_begun_is_begun(
        all in candidates(), now in moment(), overrun in overrun(), workers in 1_usize..4, running in 0_usize..4,
    ) {
        let schedule = nights(overrun, workers);
        match schedule.next(now, &all, running) {
            Decision::Begin(unit) => {
                let begun = all.iter().find(|candidate| candidate.unit == unit).unwrap();
                let left = schedule.window().left(now);
                prop_assert!(running < workers);
                prop_assert!(begun.not_before.is_none_or(|due| due <= now));
                prop_assert!(left > 0.0);
                prop_assert!(begun.rest.mean <= left || overrun == Overrun::Stop && begun.next_phase.mean <= left);
                prop_assert!(begun.rest.upper <= schedule.room(now) || begun.rest.learned_from < 10 || overrun == Overrun::Stop);
            }
            Decision::Wait { until, why } => {
                prop_assert!(until.is_none_or(|until| until > now));
                let fits = |candidate: &Candidate<i64>| {
                    candidate.not_before.is_none_or(|due| due <= now)
                        && candidate.rest.upper <= schedule.window().left(now)
                };
                prop_assert!(running >= workers || !all.iter().any(fits), "a worker waits: {why:?}");
                // Who is told nothing to wait for would wait for ever.
                let for_ever = until.is_none() && running == 0;
                prop_assert!(!for_ever || matches!(why, Why::Nothing | Why::NeverFits), "{why:?}");
            }
        }
    }

    #[test]
    fn the_order_of_candidates_does_not_matter(
        all in candidates().prop_shuffle(), now in moment(), overrun in overrun(),
    ) {
        let schedule = nights(overrun, 2);
        let mut sorted = all.clone();
        sorted.sort_by_key(|candidate| candidate.unit);
        prop_assert_eq!(schedule.next(now, &all, 1), schedule.next(now, &sorted, 1));
    }

    #[test]
    fn it_ends(mut all in candidates(), overrun in overrun()) {
        // Every unit takes what is predicted; what never fits is left.
        let schedule = nights(overrun, 1);
        let mut now = start();
        for _ in 0..1_000 {
            match schedule.next(now, &all, 0) {
                Decision::Begin(unit) => {
                    let place = all.iter().position(|candidate| candidate.unit == unit).unwrap();
                    let begun = all[place];
                    now += SignedDuration::from_secs_f64(begun.next_phase.mean.min(begun.rest.mean));
                    if let Boundary::GoOn = schedule.boundary(now, &begun.rest) {
                        now += SignedDuration::from_secs_f64((begun.rest.mean - begun.next_phase.mean).max(0.0));
                        all.remove(place);
                    } else {
                        // What is left is one phase.
                        let rest = Prediction { mean: begun.rest.mean / 2.0, upper: begun.rest.upper / 2.0, ..begun.rest };
                        all[place] = Candidate { begun: true, rest, next_phase: rest, ..begun };
                    }
                }
                Decision::Wait { until: Some(until), .. } => now = until,
                Decision::Wait { until: None, why } => {
                    prop_assert!(matches!(why, Why::Nothing | Why::NeverFits), "{why:?} with {all:?}");
                    return Ok(());
                }
            }
        }
        prop_assert!(false, "it goes on and on: {all:?}");
    }
}
