//! `provost archive status`.

use std::time::Duration;

use provost_ops::archive::{self, StatusOptions, Which};
use provost_ops::error::Exit;
use provost_ops::session::Call;

use super::Session;
use crate::commands::Ended;
use crate::ui::{Ui, archives};

/// Between two looks of `--watch`: a person cannot read faster, and a look is a few rows.
const WATCH: Duration = Duration::from_secs(2);

/// Show how a session stands, or all of them
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    session: Session,
    /// Show it again every two seconds until it is interrupted.
    #[arg(long, conflicts_with = "all")]
    watch: bool,
    /// List courses, too.
    #[arg(long)]
    units: bool,
    /// List only courses in this state, such as `parked`; may be given again.
    #[arg(long = "state", value_name = "STATE")]
    states: Vec<String>,
    /// All sessions.
    #[arg(long, conflicts_with = "session")]
    all: bool,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    let options = StatusOptions { units: arguments.units, states: arguments.states, all: arguments.all };
    let which: Which = arguments.session.into();
    loop {
        let status = archive::status(call, &which, &options).await?;
        ui.finish();
        if !ui.json(&status) {
            ui.out(&archives::status(&status));
        }
        if !arguments.watch {
            return Ok(Exit::Done);
        }
        tokio::select! {
            () = tokio::time::sleep(WATCH) => {}
            () = call.cancel.cancelled() => return Ok(Exit::Done),
        }
    }
}
