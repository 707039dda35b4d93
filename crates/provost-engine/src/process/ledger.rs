//! The ledger of processes at work, and ending those that a killed Provost left behind.

use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal};

use super::GRACE;

/// Set in the environment of every process we start: with the group's id it tells ours from a stranger that got the number.
pub const MARK_VARIABLE: &str = "PROVOST_PROCESS";

/// One process group at work on a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessRecord {
    /// What it works on: `site/hugo`.
    pub subject: String,
    /// Process group, which is the leader's process id.
    pub group: i32,
    /// The leader's start time, in clock ticks since boot.
    pub started: u64,
    /// Value of [`MARK_VARIABLE`] in the environment of every member.
    pub mark: String,
}

/// Any failure of a ledger.
pub type LedgerError = Box<dyn std::error::Error + Send + Sync>;

/// Remembers process groups across our own death.
pub trait Ledger: Send + Sync {
    /// Writes a record, durable before it returns.
    fn begun(&self, record: &ProcessRecord) -> Result<(), LedgerError>;
    /// Removes a record.
    fn ended(&self, record: &ProcessRecord) -> Result<(), LedgerError>;
}

pub(super) fn new_mark() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

pub(super) fn record(
    ledger: &Arc<dyn Ledger>,
    subject: String,
    group: Pid,
    mark: String,
) -> Result<ProcessRecord, LedgerError> {
    let group = group.as_raw_nonzero().get();
    let started = start_time(group).ok_or("the process ended before it could be recorded")?;
    let record = ProcessRecord { subject, group, started, mark };
    ledger.begun(&record)?;
    Ok(record)
}

/// The start time of a process in clock ticks since boot, from `/proc/PID/stat`; `None` when there is no such process, or it
/// has ended and nobody has asked how (an init that does not reap leaves such for ever).
pub fn start_time(pid: i32) -> Option<u64> {
    if stat_field(pid, 3)? == "Z" {
        return None;
    }
    stat_field(pid, 22)?.parse().ok()
}

/// A field of `/proc/PID/stat`, counted from 1 as in proc(5). The second, the name, may hold blanks and brackets, so
/// counting begins behind its last bracket.
fn stat_field(pid: i32, number: usize) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let rest = &stat[stat.rfind(')')? + 1..];
    rest.split_whitespace().nth(number.checked_sub(3)?).map(str::to_owned)
}

/// Ends what is left of a recorded group. Returns how many processes there were. A number that was given to somebody else in
/// the meantime is left alone.
pub async fn end_recorded(record: &ProcessRecord) -> usize {
    let members = members(record);
    if members.is_empty() {
        return 0;
    }
    // Known by number and start time from here on: once the leader is gone, the others may show no mark.
    let known: Vec<(Pid, Option<u64>)> =
        members.iter().map(|pid| (*pid, start_time(pid.as_raw_nonzero().get()))).collect();
    let living = |known: &[(Pid, Option<u64>)]| -> Vec<Pid> {
        let alive = known.iter().filter(|(pid, started)| {
            let raw = pid.as_raw_nonzero().get();
            start_time(raw) == *started && stat_field(raw, 3).is_some_and(|state| state != "Z")
        });
        alive.map(|(pid, _)| *pid).collect()
    };
    for pid in living(&known) {
        rustix::process::kill_process(pid, Signal::TERM).ok();
    }
    let patience = tokio::time::Instant::now() + GRACE;
    while tokio::time::Instant::now() < patience {
        if living(&known).is_empty() {
            return members.len();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for pid in living(&known) {
        rustix::process::kill_process(pid, Signal::KILL).ok();
    }
    members.len()
}

/// While the recorded leader itself lives, its whole group is ours. Without it a member must show our mark: nginx and php-fpm
/// write their titles over their environment, so the mark alone would not find them.
fn members(record: &ProcessRecord) -> Vec<Pid> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let wanted = format!("{MARK_VARIABLE}={}", record.mark);
    let led = start_time(record.group) == Some(record.started)
        && stat_field(record.group, 3).is_some_and(|state| state != "Z");
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok())
        .filter(|pid| stat_field(*pid, 5).and_then(|group| group.parse().ok()) == Some(record.group))
        .filter(|pid| stat_field(*pid, 3).is_some_and(|state| state != "Z"))
        .filter(|pid| {
            led || std::fs::read(format!("/proc/{pid}/environ"))
                .is_ok_and(|all| all.split(|byte| *byte == 0).any(|one| one == wanted.as_bytes()))
        })
        .filter_map(Pid::from_raw)
        .collect()
}
