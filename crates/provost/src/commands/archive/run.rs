//! `provost archive run`.

use provost_ops::archive::{self, RunOptions};
use provost_ops::session::Call;

use super::Session;
use crate::commands::Ended;
use crate::ui::{Ui, archives};

/// Work on a session, or go on with it
///
/// May be run several times at once, also on several machines where the registry is on PostgreSQL. Killed, it leaves nothing that the
/// next one cannot go on with. Ends when nothing is left to do but what waits for a quarantine or an approval.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    session: Session,
    /// End when the window closes, instead of waiting for it to open again.
    #[arg(long)]
    until_closed: bool,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    let options = RunOptions { until_closed: arguments.until_closed };
    let ran = archive::run(call, &arguments.session.into(), &options).await?;
    ui.finish();
    if !ui.json(&ran) {
        ui.out(&archives::ran(&ran));
    }
    Ok(ran.exit)
}
