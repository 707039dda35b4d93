//! Kills the real program, and the PHP and the dumps that it has at work, at random moments in the life of sites, and looks at what is
//! left. `script/campaign site-kills` runs it.
//!
//! Arguments: the program, the directory to work in, the seed, the number of kills, and optionally a Moodle as `REPOSITORY#REFERENCE`.
#![expect(clippy::print_stdout, reason = "a program that prints what it finds")]

#[path = "campaign.rs"]
mod campaign;

use std::process::ExitCode;

fn main() -> campaign::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |at: usize| arguments.get(at).ok_or("PROGRAM DIRECTORY SEED COUNT [MOODLE]");
    let outcome = campaign::Campaign {
        program: argument(0)?.into(),
        work: argument(1)?.into(),
        seed: argument(2)?.parse()?,
        count: argument(3)?.parse()?,
        moodle: arguments.get(4).filter(|text| !text.is_empty()).cloned(),
        tell: |line| println!("{line}"),
    }
    .run()?;
    println!("{}", outcome.json);
    Ok(if outcome.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
