//! What holds of every prediction, and that models learn.

use proptest::prelude::*;
use provost_engine::registry::Phase;
use provost_fleet::archive::Backup;

use super::spread::{FAR, NEAR, student};
use super::{Features, Model, WORK};
use crate::course::CourseFacts;

/// Pseudo-random numbers below 1, the same ones every time.
struct Dice(u64);

impl Dice {
    #[expect(clippy::cast_precision_loss, reason = "53 bits")]
    fn part(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / 2.0_f64.powi(53)
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.part()).ln()).sqrt() * (std::f64::consts::TAU * self.part()).cos()
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "made to fit")]
    fn course(&mut self) -> Features {
        let mut some = |middle: f64, spread: f64| (middle * (spread * self.normal()).exp()) as u64;
        Features {
            bytes: some(6e7, 2.0),
            files: some(80.0, 1.0),
            activities: some(25.0, 1.0).min(20_000),
            users: some(60.0, 1.0),
            work: some(400.0, 1.5),
            log_rows: some(10_000.0, 1.2),
        }
    }
}

/// Machines of a speed that the assumptions do not know.
#[expect(clippy::cast_precision_loss, reason = "counts of a course")]
fn truth(course: &Features) -> [(Phase, f64); 6] {
    let activities = course.activities as f64;
    let users = course.users as f64;
    let bytes = course.bytes as f64;
    [
        (Phase::Prepare, 1.5),
        (Phase::Backup, 4.0 + 0.03 * activities + 0.01 * users),
        (Phase::Transport, 2.0 + bytes / 2e7),
        (Phase::Restore, 6.0 + 0.12 * activities + 0.03 * users),
        (Phase::PostProcess, 1.0),
        (Phase::Prove, 3.0 + 0.02 * activities + bytes / 3e8),
    ]
}

fn taken(course: &Features, dice: &mut Dice, noise: f64) -> Vec<(Phase, f64)> {
    let all = (noise * dice.normal()).exp();
    truth(course).into_iter().map(|(phase, seconds)| (phase, seconds * all)).collect()
}

fn whole(took: &[(Phase, f64)]) -> f64 {
    took.iter().map(|(_, seconds)| seconds).sum()
}

/// A model that has learned from so many units.
fn taught(units: usize, noise: f64, dice: &mut Dice) -> Model {
    let mut model = Model::new();
    for _ in 0..units {
        let course = dice.course();
        model.learn(&course, &taken(&course, dice, noise));
    }
    model
}

#[test]
fn it_learns_what_machines_take() {
    let mut dice = Dice(1);
    let model = taught(300, 0.2, &mut dice);
    let mut off = Vec::new();
    for _ in 0..300 {
        let course = dice.course();
        off.push((model.predict(&course, &WORK).mean / whole(&truth(&course))).ln().abs());
    }
    off.sort_by(f64::total_cmp);
    assert!(off[150] < 0.1, "half of all means are {} off", off[150]);
    assert!(off[285] < 0.3, "19 of 20 are {} off", off[285]);
}

#[test]
fn upper_bounds_hold_from_the_first_unit_on() {
    for (seed, noise) in [(1, 0.1), (2, 0.25), (3, 0.5)] {
        let mut dice = Dice(seed);
        let mut model = Model::new();
        let (mut late, mut units) = (0, 0);
        for _ in 0..2_000 {
            let course = dice.course();
            let took = taken(&course, &mut dice, noise);
            late += i32::from(whole(&took) > model.predict(&course, &WORK).upper);
            units += 1;
            model.learn(&course, &took);
        }
        let share = f64::from(late) / f64::from(units);
        assert!(share <= 0.015, "noise {noise}: {share} of all exceed their bound");
    }
}

#[test]
fn bounds_come_closer_with_what_is_learned() {
    let mut dice = Dice(5);
    let course = Features { activities: 40, users: 80, bytes: 50_000_000, ..Features::default() };
    let wide = |model: &Model| {
        let prediction = model.predict(&course, &WORK);
        prediction.upper / prediction.mean
    };
    let (none, some, many) =
        (wide(&Model::new()), wide(&taught(30, 0.2, &mut dice)), wide(&taught(300, 0.2, &mut dice)));
    assert!(none > some && some > many, "{none} {some} {many}");
    assert!(many < 2.5, "{many}");
}

#[test]
fn beyond_what_was_seen_bounds_are_wider() {
    let mut dice = Dice(6);
    let model = taught(300, 0.2, &mut dice);
    let wide = |activities| {
        let course = Features { activities, users: 100, bytes: 100_000_000, ..Features::default() };
        let prediction = model.predict(&course, &WORK);
        // Without the tolerance, which counts for less with longer ones.
        (prediction.upper + super::TOLERANCE_SECONDS) / prediction.mean
    };
    assert!(wide(20_000) > wide(2_000) * 1.05, "{} {}", wide(20_000), wide(2_000));
}

#[test]
fn one_that_hangs_teaches_nothing_wrong() {
    let mut dice = Dice(7);
    let mut model = taught(200, 0.2, &mut dice);
    let course = dice.course();
    let before = model.predict(&course, &WORK);
    let mut took = truth(&course);
    took[3].1 += 6.0 * 3600.0;
    model.learn(&course, &took);
    let after = model.predict(&course, &WORK);
    assert!(after.mean < before.mean * 1.1 && after.upper < before.upper * 1.2, "{before:?} {after:?}");
}

#[test]
fn a_faster_machine_is_noticed() {
    let mut dice = Dice(8);
    let mut model = taught(500, 0.2, &mut dice);
    for _ in 0..1_500 {
        let course = dice.course();
        let took: Vec<_> =
            taken(&course, &mut dice, 0.2).iter().map(|(phase, s)| (*phase, s / 4.0)).collect();
        model.learn(&course, &took);
    }
    let course = dice.course();
    let (predicted, real) = (model.predict(&course, &WORK).mean, whole(&truth(&course)) / 4.0);
    assert!((predicted / real).ln().abs() < 0.5, "{predicted} {real}");
}

#[test]
fn what_is_not_taken_along_does_not_count() {
    let course =
        CourseFacts { users: 7, logs: 9, attempts: 1, submissions: 2, posts: 3, ..CourseFacts::default() };
    let all = Features::of(&course, &Backup::default());
    assert_eq!((all.users, all.work, all.log_rows), (7, 6, 9));
    let without = Features::of(&course, &Backup { users: false, ..Backup::default() });
    assert_eq!((without.users, without.work, without.log_rows), (0, 0, 0));
}

#[test]
fn quantiles_are_those_of_tables() {
    // Student's distribution, 0.99 and 0.9999, with 8 + 2 and 8 + 22 degrees of freedom.
    for (normal, seen, table) in [(NEAR, 2, 2.764), (NEAR, 22, 2.457), (FAR, 2, 5.694), (FAR, 22, 4.234)] {
        assert!((student(normal, seen) - table).abs() < 0.05, "{normal} {seen}: {}", student(normal, seen));
    }
}

fn features() -> impl Strategy<Value = Features> {
    let count = || prop_oneof![0_u64..1_000, any::<u64>()];
    (count(), count(), count(), count(), count(), count()).prop_map(
        |(bytes, files, activities, users, work, log_rows)| Features {
            bytes,
            files,
            activities,
            users,
            work,
            log_rows,
        },
    )
}

fn seconds() -> impl Strategy<Value = f64> {
    prop_oneof![0.0..1e4, Just(f64::NAN), Just(f64::INFINITY), Just(-1.0), Just(0.0), Just(1e300), Just(1e7)]
}

proptest! {
    #[test]
    fn a_prediction_is_a_time_whatever_was_learned(
        lessons in prop::collection::vec((features(), prop::collection::vec((0_usize..8, seconds()), 0..8)), 0..30),
        course in features(),
        phases in prop::sample::subsequence(Phase::ALL.to_vec(), 0..=8),
    ) {
        let mut model = Model::new();
        for (course, took) in &lessons {
            let took: Vec<_> = took.iter().map(|(phase, seconds)| (Phase::ALL[*phase], *seconds)).collect();
            model.learn(course, &took);
        }
        let prediction = model.predict(&course, &phases);
        prop_assert!(prediction.mean.is_finite() && prediction.upper.is_finite(), "{prediction:?}");
        prop_assert!(prediction.mean >= 0.0 && prediction.upper >= prediction.mean, "{prediction:?}");
        prop_assert!(prediction.mean > 0.0 || phases.is_empty());
        prop_assert!(prediction.upper <= prediction.mean * 20.0 * (1.0 + 1e-9));
        let kept: Model = serde_json::from_str(&serde_json::to_string(&model).unwrap()).unwrap();
        let again = kept.predict(&course, &phases);
        prop_assert!((again.mean - prediction.mean).abs() <= 1e-6 * prediction.mean.max(1.0));
    }

    #[test]
    fn more_of_something_never_takes_less(course in features(), more in 0_u64..1_000_000, units in 0_usize..40) {
        let model = taught(units, 0.3, &mut Dice(9));
        let larger = Features {
            bytes: course.bytes.saturating_add(more),
            activities: course.activities.saturating_add(more),
            users: course.users.saturating_add(more),
            ..course
        };
        prop_assert!(model.predict(&larger, &WORK).mean >= model.predict(&course, &WORK).mean);
    }

    #[test]
    fn parts_add_up(course in features(), units in 0_usize..40, cut in 1_usize..5) {
        let model = taught(units, 0.3, &mut Dice(10));
        let (first, rest) = WORK.split_at(cut);
        let sum = model.predict(&course, first).mean + model.predict(&course, rest).mean;
        let all = model.predict(&course, &WORK).mean;
        prop_assert!((sum - all).abs() <= 1e-9 * all);
    }
}
