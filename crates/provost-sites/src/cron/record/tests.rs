//! What is concluded from what was seen.

use super::super::look::Timed;
use super::*;

fn sight(at: Seconds, timetable: &[(&str, Seconds)], failing: &[(&str, i64)]) -> Sight {
    let timetable = timetable.iter();
    let timetable =
        timetable.map(|(class, next_run)| Timed { class: (*class).to_owned(), next_run: *next_run });
    let failing = failing.iter().map(|(task, fail_delay)| Failing {
        task: (*task).to_owned(),
        fail_delay: *fail_delay,
        next_run: at + fail_delay,
    });
    Sight {
        at,
        last_start: Some(at - 10),
        timetable: timetable.collect(),
        failing: failing.collect(),
        ..Sight::default()
    }
}

fn words(record: &Record, now: Seconds) -> Vec<String> {
    record.troubles(&Cron::default(), now).into_iter().map(|trouble| trouble.words).collect()
}

#[test]
fn a_task_that_core_passes_over_makes_nothing_due_until_it_is_looked_at_again() {
    let mut record = Record::default();
    let before = sight(1_000, &[("a", 900), ("off", 100)], &[]);
    record.saw(&before);
    assert_eq!(record.due_since, Some(100));
    let after = sight(1_005, &[("a", 1_100), ("off", 100)], &[]);
    record.ran(&before, &after, 1_000);
    record.saw(&after);
    assert_eq!(record.due_since, None, "the plugin of `off` is switched off");
    record.saw(&sight(1_200, &[("a", 1_100), ("off", 100)], &[]));
    assert_eq!(record.due_since, Some(1_100));
    record.saw(&sight(2_000, &[("off", 100)], &[]));
    assert_eq!(record.due_since, Some(100), "somebody may have switched it on");
}

#[test]
fn a_task_that_failed_in_a_run_is_not_passed_over() {
    let mut record = Record::default();
    let before = sight(1_000, &[("a", 900)], &[]);
    record.ran(&before, &sight(1_005, &[("a", 900)], &[("a", 60)]), 1_000);
    assert!(record.passed.is_empty());
}

#[test]
fn a_task_that_fell_due_during_a_run_is_not_passed_over() {
    let mut record = Record::default();
    let meanwhile = sight(1_060, &[("a", 1_030)], &[]);
    record.ran(&meanwhile, &sight(1_090, &[("a", 1_030)], &[]), 1_000);
    assert!(record.passed.is_empty());
    let early = sight(1_000, &[("a", 900)], &[]);
    record.ran(&early, &sight(3_000, &[("a", 900)], &[]), 1_000);
    assert!(record.passed.is_empty(), "core may have cut it short");
}

#[test]
fn two_kills_in_a_row_park_and_a_success_between_them_does_not() {
    let mut record = Record::default();
    assert!(!record.killed("a"));
    record.saw(&sight(1_000, &[], &[("a", 60)]));
    assert!(record.killed("a"));
    let mut record = Record::default();
    assert!(!record.killed("a"));
    record.saw(&sight(1_000, &[], &[]));
    assert!(!record.killed("a"), "it ran well in between");
}

#[test]
fn a_site_is_late_only_when_something_is_due_and_nothing_ran_since() {
    let mut record = Record::default();
    let hour = 3_600;
    record.saw(&Sight { last_start: Some(100), ..sight(hour, &[("a", 200)], &[]) });
    assert_eq!(record.late_for(hour), Some(hour - 200));
    assert_eq!(words(&record, hour), ["its cron is late by 56 min"]);
    record.saw(&Sight { last_start: Some(hour - 5), ..sight(hour, &[("a", 200)], &[]) });
    assert_eq!(record.late_for(hour), Some(5), "it ran, and core left the task");
    record.saw(&Sight { last_start: Some(100), ..sight(hour, &[("a", hour + 1)], &[]) });
    assert_eq!(record.late_for(hour), None, "nothing is due");
    let suspended = Some("the site is in maintenance".to_owned());
    record.saw(&Sight { suspended, last_start: Some(100), ..sight(hour, &[("a", 200)], &[]) });
    assert_eq!(record.late_for(hour), None);
}

#[test]
fn thresholds_are_told_one_by_one() {
    let mut record = Record::default();
    record.saw(&Sight {
        queue: 1_000,
        ..sight(10_000, &[], &[("few", 60), ("often", 3_600), ("stuck", 86_400)])
    });
    record.parked.insert("stuck".to_owned(), 96_400);
    insta::assert_snapshot!(words(&record, 10_000).join("\n"), @r"
    `often` fails; next attempt in 60 min
    `stuck` was killed twice and is parked; next attempt in 24 h
    1000 ad hoc tasks are due
    ");
    record.not_seen("the disk is gone".to_owned(), 10_000);
    assert_eq!(words(&record, 10_060).len(), 3, "a short absence is none");
    insta::assert_snapshot!(words(&record, 10_900)[0], @"nothing is known of it for 15 min: the disk is gone");
}

#[test]
fn a_record_reads_back() {
    let mut record = Record::default();
    record.saw(&sight(1_000, &[("a", 1)], &[("b", 60)]));
    record.killed("b");
    record.scheduled = Some(LastRun {
        at: 7,
        took_ms: 8,
        outcome: Outcome::Killed { task: Some("b".to_owned()), seconds: 9, parked: false },
    });
    let text = serde_json::to_string(&record).unwrap();
    assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
    assert_eq!(serde_json::from_str::<Record>("{}").unwrap(), Record::default());
}
