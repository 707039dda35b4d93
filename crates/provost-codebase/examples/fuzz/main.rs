//! Gives mutated files to everything that reads what others wrote. `script/campaign fuzz` runs it.
//!
//! Arguments: the directory to work in, the seed, how many rounds at most, how many seconds at most, and the git cache whose
//! plugins are mutated. The work is done by a child whose memory is bounded, so that its death is a finding too.
#![expect(clippy::print_stdout, reason = "a program that prints what it finds")]

mod campaign;
mod mbz;
mod mutate;

use std::process::{Command, ExitCode};
use std::time::Duration;

use camino::Utf8PathBuf;
use rustix::process::{Resource, Rlimit, setrlimit};

/// The most memory that a worker may map. A zip's limits add up to a quarter of it; the rest are threads' own arenas.
const MOST_MEMORY: u64 = 3 << 30;

/// Says that this is the worker.
const WORKER: &str = "--worker";

fn main() -> campaign::Result<ExitCode> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == WORKER) {
        setrlimit(Resource::As, Rlimit { current: Some(MOST_MEMORY), maximum: Some(MOST_MEMORY) })?;
        arguments.remove(0);
        return work(&arguments);
    }
    let status = Command::new(std::env::current_exe()?).arg(WORKER).args(&arguments).status()?;
    if let Some(code) = status.code() {
        return Ok(if code == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let place = Utf8PathBuf::from(arguments.first().map_or(".", String::as_str));
    let last = std::fs::read_to_string(place.join("last")).unwrap_or_default();
    println!("finding: the worker died ({status}) on {last}, which is in {place}/input");
    println!(
        "{}",
        serde_json::json!({"campaign": "fuzz", "seed": arguments.get(1), "findings": 1, "died": last})
    );
    Ok(ExitCode::FAILURE)
}

fn work(arguments: &[String]) -> campaign::Result<ExitCode> {
    let argument = |at: usize| arguments.get(at).ok_or("DIRECTORY SEED ROUNDS SECONDS [CACHE]");
    let outcome = campaign::Campaign {
        work: argument(0)?.into(),
        seed: argument(1)?.parse()?,
        rounds: argument(2)?.parse()?,
        time: Duration::from_secs(argument(3)?.parse()?),
        cache: arguments.get(4).filter(|text| !text.is_empty()).map(Utf8PathBuf::from),
    }
    .run()?;
    for finding in &outcome.findings {
        println!("finding: {finding}");
    }
    println!("{}", outcome.json);
    Ok(if outcome.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
