//! Kills the real program at random moments of its builds, and looks at what is left. `script/campaign build-kills` runs it.
//!
//! Arguments: the program, the directory to work in, the seed, the number of kills, and optionally a Moodle's repository.
#![expect(clippy::print_stdout, reason = "a program that prints what it finds")]

mod campaign;

use std::process::ExitCode;

use camino::Utf8PathBuf;

fn main() -> campaign::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |at: usize| arguments.get(at).ok_or("PROGRAM DIRECTORY SEED COUNT [MOODLE]");
    let outcome = campaign::Campaign {
        program: argument(0)?.into(),
        work: argument(1)?.into(),
        seed: argument(2)?.parse()?,
        count: argument(3)?.parse()?,
        moodle: arguments.get(4).filter(|text| !text.is_empty()).map(Utf8PathBuf::from),
        tell: |line| println!("{line}"),
    }
    .run()?;
    for finding in &outcome.findings {
        println!("finding: {finding}");
    }
    println!("{}", outcome.json);
    Ok(if outcome.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
