//! `provost archive start`.

use provost_ops::archive::{self, RunOptions};
use provost_ops::session::Call;

use super::declared::Declaration;
use crate::commands::Ended;
use crate::ui::{Ui, archives};

/// Begin a session, and work on it
///
/// What `provost archive plan` says would stop a course parks it from the beginning; the others are moved.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    declaration: Declaration,
    /// Only note it: `provost archive run` works on it.
    #[arg(long, conflicts_with = "until_closed")]
    no_run: bool,
    /// End when the window closes, instead of waiting for it to open again.
    #[arg(long)]
    until_closed: bool,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    let options = RunOptions { until_closed: arguments.until_closed };
    let run = (!arguments.no_run).then_some(&options);
    let started = archive::start(call, &arguments.declaration.into(), run).await?;
    ui.finish();
    if !ui.json(&started) {
        ui.out(&archives::started(&started));
    }
    Ok(started.exit)
}
