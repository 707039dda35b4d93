//! `[cron]`: how the cron of all sites is run, and when somebody is told.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

/// `[cron]`, with its defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cron {
    /// Whether `provost up` runs the sites' cron. `provost cron run` does so anyhow.
    pub enabled: bool,
    /// Shortest time between two starts of one site's cron. Default one minute: Moodle's own tasks expect it.
    pub period: Duration,
    /// PHP processes at once; `None` lets the machine decide.
    pub workers: Option<u32>,
    /// Longest run of one scheduled task. Default 15 minutes.
    pub timeout: Duration,
    /// Longest run of one ad hoc task. Default one hour.
    pub adhoc_timeout: Duration,
    /// Longest run of single tasks, by class without the leading backslash.
    pub timeouts: BTreeMap<String, Duration>,
    /// A site is late when its cron did not run for so long though something was due. Default 15 minutes.
    pub late: Duration,
    /// A task is failing when Moodle waits so long between its attempts. Default one hour: it has failed seven times.
    pub fail_delay: Duration,
    /// A queue is long from so many ad hoc tasks that are due. Default 1,000.
    pub queue: u32,
    /// Program and arguments that are told, on standard input, when a site gets into trouble and out of it. Default none.
    pub command: Vec<String>,
}

/// Core's automated backup of all courses: the one task of a stock Moodle that is meant to run for hours.
const BACKUPS: &str = "core\\task\\automated_backup_task";

impl Default for Cron {
    fn default() -> Self {
        Self {
            enabled: true,
            period: Duration::from_mins(1),
            workers: None,
            timeout: Duration::from_mins(15),
            adhoc_timeout: Duration::from_hours(1),
            timeouts: BTreeMap::from([(BACKUPS.to_owned(), Duration::from_hours(6))]),
            late: Duration::from_mins(15),
            fail_delay: Duration::from_hours(1),
            queue: 1000,
            command: Vec::new(),
        }
    }
}

impl Cron {
    /// A task's class as `timeouts` has it.
    pub fn class(name: &str) -> &str {
        name.trim_start_matches('\\')
    }
}
