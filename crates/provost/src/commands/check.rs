//! `provost check`.

use provost_ops::error::Exit;
use provost_ops::session::Call;

use super::Ended;
use crate::ui::Ui;

/// Check the fleet file, and say everything that is wrong with it
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(call: &Call, ui: &Ui, _arguments: &Arguments) -> Ended {
    let checked = provost_ops::check::check(call)?;
    ui.warnings(&checked.warnings);
    if !ui.json(&checked) {
        let count = |number: usize, one: &str, many: &str| match number {
            1 => format!("1 {one}"),
            _ => format!("{number} {many}"),
        };
        ui.out(&format!(
            "{} is valid: {}, {}, {}.",
            call.file,
            count(checked.codebases, "codebase", "codebases"),
            count(checked.databases, "database server", "database servers"),
            count(checked.sites, "site", "sites"),
        ));
    }
    Ok(Exit::Done)
}
