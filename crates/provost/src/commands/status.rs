//! `provost status`.

use provost_ops::error::Exit;
use provost_ops::session::Call;

use super::Ended;
use crate::ui::{Ui, tables};

/// Show codebases, builds, servers and sites as they are
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {}

pub(crate) async fn run(call: &Call, ui: &Ui, _arguments: &Arguments) -> Ended {
    let status = provost_ops::status::status(call).await?;
    ui.finish();
    if !ui.json(&status) {
        ui.out(&tables::status(&status));
    }
    Ok(Exit::Done)
}
