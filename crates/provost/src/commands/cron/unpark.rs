//! `provost cron unpark`.

use provost_ops::error::Exit;
use provost_ops::session::Call;

use crate::commands::Ended;
use crate::ui::Ui;

/// Release a site's parked tasks: its next cron runs them
///
/// A task that was killed twice for taking too long is held back for a day.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The site.
    site: String,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: &Arguments) -> Ended {
    let unparked = provost_ops::cron::unpark(call, &arguments.site).await?;
    ui.finish();
    if !ui.json(&unparked) {
        if unparked.tasks.is_empty() {
            ui.out(&format!("No task of {} is parked.", unparked.site));
        }
        for task in &unparked.tasks {
            ui.out(&format!("released {task}"));
        }
    }
    Ok(Exit::Done)
}
