//! `provost retry`.

use provost_ops::error::Exit;
use provost_ops::journal::Which;
use provost_ops::retry::{Planned, Retried, retry};
use provost_ops::session::Call;
use serde_json::json;

use super::{Ended, cli, errands, journal, sql};
use crate::ui::{Ui, sites};

/// Do again what failed in an operation, or was not reached: at those sites only
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Number of an operation, as `provost journal` shows it, or LAST.
    #[arg(value_name = "OPERATION", value_parser = journal::which)]
    operation: Which,
    /// Print comma-separated values, where the operation gives rows.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Print each site's answer as it comes: an object of JSON on a line of its own.
    #[arg(long, conflicts_with_all = ["json", "csv"])]
    stream: bool,
    /// Do not ask before what does not come back is done. Needed where nobody can be asked.
    #[arg(short, long)]
    yes: bool,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: &Arguments) -> Ended {
    let ask = async |planned: Planned<'_>| match planned {
        Planned::Errand(report) => errands::agreed(call, ui, report, arguments.yes).await,
        Planned::Rows(written) => sql::agreed(call, ui, written, arguments.yes).await,
    };
    ui.stream(arguments.stream);
    match retry(call, arguments.operation, ask).await? {
        Retried::Nothing { operation } => {
            if !ui.json(&json!({ "schema": 1, "operation": operation, "left": 0 })) {
                ui.out(&format!("Nothing to do: operation {operation} has done all of it."));
            }
            Ok(Exit::Done)
        }
        Retried::Errand(report) => {
            errands::show(ui, &report, arguments.csv);
            Ok(report.exit)
        }
        Retried::Rows(written) => {
            sql::changed(ui, &written);
            Ok(written.exit)
        }
        Retried::Script(report) => {
            cli::show(ui, &report, arguments.csv);
            Ok(report.exit)
        }
        Retried::Maintenance(done) => {
            ui.finish();
            if !ui.json(&done) {
                ui.out(&sites::maintenance(&done));
            }
            Ok(done.exit)
        }
        Retried::Sql(asked) => {
            sql::show(ui, &asked, arguments.csv);
            Ok(asked.exit)
        }
    }
}
