//! `provost retry`.

use provost_ops::error::Exit;
use provost_ops::journal::Which;
use provost_ops::retry::{Retried, retry};
use provost_ops::session::Call;
use serde_json::json;

use super::{Ended, journal, sql};
use crate::ui::Ui;

/// Do again what failed in an operation, or was not reached: at those sites only
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Number of an operation, as `provost journal` shows it, or LAST.
    #[arg(value_name = "OPERATION", value_parser = journal::which)]
    operation: Which,
    /// Print comma-separated values, where the operation gives rows.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: &Arguments) -> Ended {
    match retry(call, arguments.operation).await? {
        Retried::Nothing { operation } => {
            if !ui.json(&json!({ "schema": 1, "operation": operation, "left": 0 })) {
                ui.out(&format!("Nothing to do: operation {operation} has done all of it."));
            }
            Ok(Exit::Done)
        }
        Retried::Sql(asked) => {
            sql::show(ui, &asked, arguments.csv);
            Ok(asked.exit)
        }
    }
}
