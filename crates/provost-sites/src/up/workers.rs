//! The workers of nginx that a reload ends.
//!
//! nginx starts its new workers first, waits a tenth of a second, and only then tells the old ones, which take connections until they have
//! heard it. One page that is as it should be was answered by one worker; the next request may reach another, and be answered from the
//! old files. So whoever reloads waits until no old worker takes connections any more.
//!
//! That tenth of a second was a third of what a site from the spares took. So the old workers are told here, as soon as new ones are there:
//! a worker that gets `SIGQUIT` answers what it has begun and ends, by nginx's manual. Told before there is a new one, it would be started
//! again by nginx; told twice, it does nothing. What arrives in between waits in the socket, which is everybody's.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use camino::Utf8Path;
use provost_engine::context::Context;
use provost_engine::process::start_time;
use rustix::process::{Pid, Signal};

use super::probe::Pauses;

/// How long is waited: a worker that is in the middle of much work hears it late.
const PATIENCE: Duration = Duration::from_secs(10);

/// What nginx calls a worker that takes no more connections and ends with those that it has.
const ENDING: &str = "is shutting down";

/// A process, by number and start time.
pub(super) type Worker = (i32, u64);

/// Those that were there when this process last had nginx read its files.
static OLD: Mutex<Vec<Worker>> = Mutex::new(Vec::new());

/// Notes that the workers that are there now are about to be ended, and returns them.
pub(super) fn grow_old(pid_file: &Utf8Path) -> Vec<Worker> {
    let found = workers(pid_file);
    let mut old = OLD.lock().unwrap_or_else(PoisonError::into_inner);
    old.extend(&found);
    old.sort_unstable();
    old.dedup();
    found
}

/// Waits until nginx, which was told to read its files, has a new worker, and tells the old ones to end.
///
/// Where none comes, because nginx does not take its files, the old ones stay as they are.
pub(super) async fn hand_over(pid_file: &Utf8Path, old: &[Worker]) {
    let begun = tokio::time::Instant::now();
    let mut pauses = Pauses::default();
    while !workers(pid_file).iter().any(|worker| !old.contains(worker)) {
        if begun.elapsed() > PATIENCE {
            return;
        }
        pauses.next().await;
    }
    for &(pid, started) in old {
        if let Some(pid) = Pid::from_raw(pid).filter(|_| start_time(pid) == Some(started)) {
            rustix::process::kill_process(pid, Signal::QUIT).ok();
        }
    }
}

/// Waits until no worker takes connections that was there before the last reload.
pub(super) async fn until_the_old_ones_end(cx: &Context) {
    let begun = tokio::time::Instant::now();
    let mut pauses = Pauses::default();
    while an_old_one_listens() {
        if begun.elapsed() > PATIENCE {
            cx.note("an old worker of nginx still takes connections; look at its log");
            return;
        }
        pauses.next().await;
    }
}

fn an_old_one_listens() -> bool {
    let mut old = OLD.lock().unwrap_or_else(PoisonError::into_inner);
    old.retain(|&(pid, started)| {
        start_time(pid) == Some(started) && title(pid).is_some_and(|title| !title.contains(ENDING))
    });
    !old.is_empty()
}

/// The children of a running nginx, as the kernel lists them.
fn workers(pid_file: &Utf8Path) -> Vec<Worker> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let Ok(master) = read(pid_file.as_str()).trim().parse::<i32>() else { return Vec::new() };
    let children = read(&format!("/proc/{master}/task/{master}/children"));
    let pids = children.split_ascii_whitespace().filter_map(|pid| pid.parse().ok());
    pids.filter_map(|pid| Some((pid, start_time(pid)?))).collect()
}

/// What a process calls itself; `None` where it has ended.
fn title(pid: i32) -> Option<String> {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    Some(String::from_utf8_lossy(&line).into_owned())
}
