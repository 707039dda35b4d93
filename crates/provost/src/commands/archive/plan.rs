//! `provost archive plan`.

use provost_ops::archive;
use provost_ops::session::Call;

use super::declared::Declaration;
use crate::commands::Ended;
use crate::ui::{Ui, archives};

/// Show every course that a session would take: its size, its predicted time, its place, and what would go wrong
///
/// Writes nothing, anywhere.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    declaration: Declaration,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    let planned = archive::plan(call, &arguments.declaration.into()).await?;
    ui.finish();
    if !ui.json(&planned) {
        ui.out(&archives::plan(&planned));
    }
    Ok(planned.exit)
}
