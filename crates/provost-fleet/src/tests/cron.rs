//! `[cron]`: times and classes.

use std::time::Duration;

use super::{GOOD, wrong};
use crate::load;

const MARK: &str = "[database.main]";

fn with(cron: &str) -> String {
    wrong(MARK, &format!("[cron]\n{cron}\n{MARK}"))
}

#[test]
fn times_are_read_with_their_units() {
    let cron = "[cron]\nperiod = \"90s\"\nlate = \"2h\"\ntimeouts = { '\\mod_x\\task\\slow' = \"1d\" }\n";
    let loaded = load("fleet.toml", &GOOD.replacen(MARK, &format!("{cron}{MARK}"), 1)).unwrap();
    let cron = loaded.fleet.cron;
    assert_eq!((cron.period, cron.late), (Duration::from_secs(90), Duration::from_hours(2)));
    assert_eq!(cron.timeouts["mod_x\\task\\slow"], Duration::from_hours(24));
    assert_eq!(cron.timeouts["core\\task\\automated_backup_task"], Duration::from_hours(6));
    assert_eq!(load("fleet.toml", GOOD).unwrap().fleet.cron, crate::cron::Cron::default());
}

#[test]
fn what_is_no_time_is_told() {
    insta::assert_snapshot!(with("period = 60"));
    insta::assert_snapshot!(with("period = \"1 minute\""));
    insta::assert_snapshot!(with("period = \"1s\""));
    insta::assert_snapshot!(with("timeout = \"9999999999d\""));
    insta::assert_snapshot!(with("timeouts = { backups = \"1h\" }"));
    insta::assert_snapshot!(with("timeouts = { 'a\\b' = \"1w\" }"));
}
