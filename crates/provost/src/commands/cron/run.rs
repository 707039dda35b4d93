//! `provost cron run`.

use provost_ops::error::Exit;
use provost_ops::session::Call;

use crate::commands::Ended;
use crate::ui::Ui;

/// Run the cron of all sites in the foreground until Ctrl-C
///
/// For machines where `provost up` does not serve the fleet; a systemd unit runs it. Sites with something due are run, longest
/// waiting first, a bounded number at once. `[cron]` of the fleet file sets period, workers and time limits.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {}

pub(crate) async fn run(call: &Call, ui: &Ui, _arguments: &Arguments) -> Ended {
    provost_ops::cron::run(call, |sites| {
        ui.finish();
        ui.out(&format!("The cron of {sites} site(s) is run; Ctrl-C stops it."));
    })
    .await?;
    ui.line("the cron is stopped");
    Ok(Exit::Done)
}
