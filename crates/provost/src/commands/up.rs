//! `provost up`.

use provost_ops::error::Exit;
use provost_ops::session::Call;

use super::Ended;
use crate::ui::Ui;

/// Run the fleet's own services in the foreground until Ctrl-C
///
/// Managed database servers, php-fpm and nginx. All are stopped together.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {}

pub(crate) async fn run(call: &Call, ui: &Ui, _arguments: &Arguments) -> Ended {
    provost_ops::up::up(call, |urls| {
        ui.finish();
        ui.out("The fleet is up; Ctrl-C stops it.");
        for url in urls {
            ui.out(&format!("  {url}"));
        }
    })
    .await?;
    ui.line("all services are stopped");
    Ok(Exit::Done)
}
