//! `provost apply`.

use provost_ops::apply::Allowed;
use provost_ops::error::Exit;
use provost_ops::session::Call;

use super::Ended;
use crate::ui::{Ui, plans};

/// Make the fleet what its file says
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Allow steps after which data is gone.
    #[arg(long)]
    allow_destroy: bool,
    /// How many steps to do at once; by default one per processor core.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: Option<u16>,
}

pub(crate) async fn run(mut call: Call, ui: &Ui, arguments: &Arguments) -> Ended {
    call.jobs = arguments.jobs.map(usize::from);
    let allowed = Allowed { destroy: arguments.allow_destroy };
    let applied = provost_ops::apply::apply(&call, allowed).await?;
    ui.finish();
    if !ui.json(&applied) {
        ui.out(&plans::outcome(&applied));
    }
    Ok(match applied.exit() {
        Exit::Interrupted => {
            ui.line("interrupted; run `provost apply` again to go on");
            Exit::Interrupted
        }
        other => other,
    })
}
