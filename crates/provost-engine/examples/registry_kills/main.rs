//! Kills workers that share a session's registry at random moments, and looks at what is left. `script/campaign registry-kills` runs it.
//!
//! Arguments: `sqlite` or `postgresql`, the directory to work in, the seed, the number of kills; or those of a worker.
#![expect(clippy::print_stdout, reason = "a program that prints what it finds")]

#[path = "campaign.rs"]
mod campaign;

use std::process::{Command, ExitCode};

fn main() -> campaign::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "worker") {
        campaign::work(arguments.get(1..).unwrap_or_default())?;
        return Ok(ExitCode::SUCCESS);
    }
    let argument = |at: usize| arguments.get(at).ok_or("DATABASE DIRECTORY SEED COUNT");
    let program = std::env::current_exe()?;
    let outcome = campaign::Campaign {
        database: argument(0)?.parse()?,
        work: argument(1)?.into(),
        seed: argument(2)?.parse()?,
        count: argument(3)?.parse()?,
        worker: Box::new(move |arguments| {
            let mut worker = Command::new(&program);
            worker.arg("worker").args(arguments);
            worker
        }),
        tell: |line| println!("{line}"),
    }
    .run()?;
    println!("{}", outcome.json);
    Ok(if outcome.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
