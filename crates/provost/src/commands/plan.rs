//! `provost plan`.

use provost_ops::error::Exit;
use provost_ops::session::Call;

use super::Ended;
use crate::ui::{Ui, plans};

/// Show what `apply` would do, and why; change nothing
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Exit with 2 when there are changes.
    #[arg(long)]
    detailed_exitcode: bool,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: &Arguments) -> Ended {
    let planned = provost_ops::plan::plan(call).await?;
    ui.finish();
    if !ui.json(&planned) {
        ui.out(&plans::show(&planned, ui.colour()));
    }
    let changes = arguments.detailed_exitcode && !planned.is_empty();
    Ok(if changes { Exit::Changes } else { Exit::Done })
}
