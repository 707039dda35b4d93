//! Runs the processes and takes down what they print.

use std::process::{Child, Command, Stdio};

use crate::Result;
use crate::scene::Scene;

/// So many workers at a time.
const WORKERS: usize = 8;

/// What was measured of one thing.
#[derive(Debug, Default, Clone)]
pub(crate) struct Values(Vec<f64>);

impl Values {
    pub(crate) fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        round(sorted.get(sorted.len() / 2).copied().unwrap_or(0.0))
    }

    pub(crate) fn least(&self) -> f64 {
        round(self.0.iter().copied().fold(f64::MAX, f64::min))
    }

    pub(crate) fn most(&self) -> f64 {
        round(self.0.iter().copied().fold(0.0, f64::max))
    }
}

fn round(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

/// Each figure with what was measured.
pub(crate) fn measure(scene: &Scene, runs: usize, seconds: f64) -> Result<Vec<(&'static str, Values)>> {
    let (mut status, mut list) = (Values::default(), Values::default());
    let (mut first, mut slowest) = (Values::default(), Values::default());
    let (mut claims, mut busy, mut peak) = (Values::default(), Values::default(), Values::default());
    for _ in 0..runs {
        // Workers first: what they leave behind is what status is asked about.
        let (claimed, asked) = claim(scene, seconds, &mut peak)?;
        claims.0.push(claimed);
        busy.0.push(asked);
        let alone = told(process(scene, "status", &[])?)?;
        status.0.push(at(&alone, 0)?);
        peak.0.push(at(&alone, 1)?);
        let listed = told(process(scene, "list", &[])?)?;
        list.0.push(at(&listed, 0)?);
        first.0.push(at(&listed, 1)?);
        slowest.0.push(at(&listed, 2)?);
        peak.0.push(at(&listed, 3)?);
    }
    // The most of all processes, not of most of them.
    let peak = Values(vec![peak.most()]);
    Ok(vec![
        ("draft_seconds", Values(vec![scene.draft_s])),
        ("status_seconds", status),
        ("status_seconds_under_load", busy),
        ("list_seconds", list),
        ("first_page_seconds", first),
        ("slowest_page_seconds", slowest),
        ("claims_per_second", claims),
        ("peak_mb", peak),
    ])
}

/// Eight workers claim for a while; in the middle of it somebody asks for the status.
fn claim(scene: &Scene, seconds: f64, peak: &mut Values) -> Result<(f64, f64)> {
    let spawn = |number: usize| process(scene, "worker", &[format!("w{number}"), seconds.to_string()]);
    let workers: Vec<Child> = (0..WORKERS).map(spawn).collect::<Result<_>>()?;
    std::thread::sleep(std::time::Duration::from_secs_f64(seconds / 2.0));
    let status = told(process(scene, "status", &[])?)?;
    let mut rate = 0.0;
    for worker in workers {
        let told = told(worker)?;
        rate += at(&told, 0)? / at(&told, 1)?;
        peak.0.push(at(&told, 2)?);
    }
    Ok((rate, at(&status, 0)?))
}

fn process(scene: &Scene, what: &str, arguments: &[String]) -> Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args([what, &scene.place, &scene.session.0.to_string()]).args(arguments);
    Ok(command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?)
}

/// The numbers that a process printed.
fn told(child: Child) -> Result<Vec<f64>> {
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(format!("a process ended: {}", output.status).into());
    }
    let text = String::from_utf8(output.stdout)?;
    Ok(text.split_whitespace().map(str::parse).collect::<std::result::Result<_, _>>()?)
}

fn at(told: &[f64], place: usize) -> Result<f64> {
    Ok(*told.get(place).ok_or("a process said too little")?)
}

/// The machine's load of the last minute: what else was at work.
pub(crate) fn load() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/loadavg")?;
    Ok(text.split_whitespace().next().ok_or("no load")?.parse()?)
}

/// The file system that a directory is on.
pub(crate) fn file_system(path: &str) -> Result<String> {
    let output = Command::new("stat").args(["--file-system", "--format=%T", path]).output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
