//! `provost journal`.

use provost_ops::error::Exit;
use provost_ops::journal::{Which, list, show};
use provost_ops::session::Call;

use super::Ended;
use crate::ui::{Ui, journal};

/// Show what was done: who, when, what, to which sites, with which result
///
/// Without an operation, the newest ones; with one, what became of each of its sites.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Number of an operation, or LAST.
    #[arg(value_name = "OPERATION", value_parser = which)]
    operation: Option<Which>,
    /// How many operations are shown.
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 20, conflicts_with = "operation")]
    most: u32,
}

/// An operation, as it is named on the command line.
pub(super) fn which(text: &str) -> Result<Which, String> {
    if text.eq_ignore_ascii_case("last") {
        return Ok(Which::Last);
    }
    text.parse().map(Which::Number).map_err(|_| "give a number of `provost journal`, or LAST".to_owned())
}

pub(crate) fn run(call: &Call, ui: &Ui, arguments: &Arguments) -> Ended {
    match arguments.operation {
        None => {
            let found = list(call, arguments.most)?;
            if !ui.json(&found) {
                ui.out(&journal::list(&found));
            }
        }
        Some(which) => {
            let story = show(call, which)?;
            if !ui.json(&story) {
                ui.out(&journal::story(&story));
            }
        }
    }
    Ok(Exit::Done)
}
