//! Kills the workers of a session by the thousand, in a scripted world. `script/campaign archive-chaos` runs it.
//!
//! Arguments: the directory to work in, the seed, how many courses, how many kills, and, for a registry on PostgreSQL, the directory of its
//! socket and its role. `--worker` is what the campaign starts, and kills.
#![expect(clippy::print_stdout, reason = "a program that prints what it finds")]

mod campaign;
mod judge;
mod scene;
mod worker;

use std::process::ExitCode;

use scene::{Place, Result, Scene};

fn main() -> Result<ExitCode> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "--worker") {
        arguments.remove(0);
        worker::work(&serde_json::from_str(arguments.first().ok_or("a scene")?)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let argument = |at: usize| arguments.get(at).ok_or("DIRECTORY SEED COURSES KILLS [SOCKET ROLE]");
    let place = match (arguments.get(4), arguments.get(5)) {
        (Some(socket), Some(role)) => Place::PostgreSql { socket: socket.clone(), role: role.clone() },
        _ => Place::Sqlite,
    };
    let scene = Scene { root: argument(0)?.into(), seed: argument(1)?.parse()?, place };
    let program = std::env::current_exe()?.display().to_string();
    let campaign = campaign::Campaign {
        scene,
        courses: argument(2)?.parse()?,
        kills: argument(3)?.parse()?,
        worker: Box::new(move |scene| (program.clone(), vec!["--worker".to_owned(), scene])),
        tell: |line| println!("{line}"),
    };
    let outcome = campaign.run()?;
    for finding in &outcome.findings {
        println!("finding: {finding}");
    }
    println!("{}", outcome.json);
    Ok(if outcome.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
