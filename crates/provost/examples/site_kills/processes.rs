//! Processes of this machine: the one to kill, and those that nobody should have left.

use std::collections::BTreeMap;
use std::path::Path;

use rustix::process::{Pid, Signal};

/// Programs that run as long as somebody uses a server.
pub(crate) const SERVERS: [&str; 2] = ["postgres", "mariadbd"];

/// What `provost` has at work, and what is worth killing beside itself.
const AT_WORK: [&str; 7] = ["php", "pg_dump", "pg_restore", "mariadb", "mariadb-dump", "cp", "git"];

/// A process as the kernel shows it.
#[derive(Clone)]
struct Process {
    pid: i32,
    parent: i32,
    command: String,
}

fn all() -> impl Iterator<Item = Process> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let (before, after) = stat.rsplit_once(')')?;
        let command = before.split_once('(')?.1.to_owned();
        let mut fields = after.split_whitespace();
        let state = fields.next()?;
        let parent = fields.next()?.parse().ok()?;
        (state != "Z").then_some(Process { pid, parent, command })
    })
}

/// The processes below one, of those that were seen.
fn below(top: i32, seen: impl Iterator<Item = Process>) -> Vec<Process> {
    let mut by_parent: BTreeMap<i32, Vec<Process>> = BTreeMap::new();
    for one in seen {
        by_parent.entry(one.parent).or_default().push(one);
    }
    let (mut found, mut waiting) = (Vec::new(), vec![top]);
    while let Some(parent) = waiting.pop() {
        for one in by_parent.remove(&parent).unwrap_or_default() {
            waiting.push(one.pid);
            found.push(one);
        }
    }
    found
}

/// A process and those that it came from: whoever runs the campaign may name its directory.
fn above(own: i32) -> Vec<i32> {
    let parents: BTreeMap<i32, i32> = all().map(|one| (one.pid, one.parent)).collect();
    std::iter::successors(Some(own), |pid| parents.get(pid).copied()).collect()
}

/// Something that a command has at work: PHP, a dump.
pub(crate) fn at_work(command: u32) -> Option<(i32, String)> {
    let command = i32::try_from(command).ok()?;
    let is_worth = |one: &Process| AT_WORK.iter().any(|name| one.command.starts_with(name));
    below(command, all()).into_iter().find(is_worth).map(|one| (one.pid, one.command))
}

pub(crate) fn kill(pid: i32) {
    if let Some(pid) = Pid::from_raw(pid) {
        rustix::process::kill_process(pid, Signal::KILL).ok();
    }
}

pub(crate) fn interrupt(pid: u32) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        rustix::process::kill_process(pid, Signal::INT).ok();
    }
}

/// Processes that have to do with a directory, but for ourselves, the given programs, and what is below `up`.
pub(crate) fn left(directory: &Path, allowed: &[&str], up: Option<u32>) -> Vec<String> {
    let needle = directory.display().to_string();
    let own = i32::try_from(std::process::id()).unwrap_or_default();
    let up = up.and_then(|pid| i32::try_from(pid).ok());
    // One look: what `up` starts between two would be in the second alone.
    let seen: Vec<Process> = all().collect();
    let of_up = up.map(|up| below(up, seen.iter().cloned())).unwrap_or_default();
    let mut known: Vec<i32> = of_up.into_iter().map(|one| one.pid).collect();
    known.extend(up.into_iter().chain(above(own)));
    let others = seen
        .into_iter()
        .filter(|one| !known.contains(&one.pid) && !allowed.iter().any(|name| one.command.starts_with(name)));
    let ours = others.filter_map(|one| {
        let line = std::fs::read(format!("/proc/{}/cmdline", one.pid)).ok()?;
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        let inside = std::fs::read_link(format!("/proc/{}/cwd", one.pid)).ok();
        let inside = inside.is_some_and(|cwd| cwd.starts_with(directory));
        (line.contains(&needle) || inside).then(|| format!("process {} `{line}`", one.pid))
    });
    ours.collect()
}
