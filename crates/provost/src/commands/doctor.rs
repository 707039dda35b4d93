//! `provost doctor`.

use provost_ops::error::Exit;
use provost_ops::session::Call;

use super::Ended;
use crate::ui::{Ui, tables};

/// Say what this machine lacks, and the command that installs it
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {}

pub(crate) async fn run(call: &Call, ui: &Ui, _arguments: &Arguments) -> Ended {
    let diagnosis = provost_ops::doctor::doctor(call).await;
    if !ui.json(&diagnosis) {
        ui.out(&tables::diagnosis(&diagnosis));
    }
    Ok(if diagnosis.findings.iter().all(|finding| finding.fit) { Exit::Done } else { Exit::Failed })
}
