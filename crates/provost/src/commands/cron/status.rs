//! `provost cron status`.

use provost_ops::session::Call;

use crate::commands::Ended;
use crate::ui::{Ui, crons};

/// Show each site's last run, what fails, what waits, and how many sites the machine carries
///
/// Ends with 3 where a site is over a threshold of `[cron]`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {}

pub(crate) async fn run(call: &Call, ui: &Ui, _arguments: &Arguments) -> Ended {
    let report = provost_ops::cron::status(call).await?;
    ui.finish();
    if !ui.json(&report) {
        ui.out(&crons::report(&report));
    }
    Ok(report.exit())
}
