//! `provost site enable` and `provost site disable`.

use provost_ops::session::Call;
use provost_ops::site::switch;

use super::{Chosen, Editing};
use crate::commands::Ended;
use crate::ui::{Ui, sites};

/// Let visitors in again
#[derive(Debug, clap::Args)]
pub(crate) struct Enable {
    #[command(flatten)]
    pub(crate) arguments: Arguments,
}

/// Answer visitors with a plain page, without PHP
///
/// Writes `enabled = false` into the fleet file and applies that. Database and files stay as they are.
#[derive(Debug, clap::Args)]
pub(crate) struct Disable {
    #[command(flatten)]
    pub(crate) arguments: Arguments,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    chosen: Chosen,
    #[command(flatten)]
    editing: Editing,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments, enabled: bool) -> Ended {
    let options = (&arguments.editing).into();
    let switched = switch::switch(call, &arguments.chosen.into(), enabled, &options).await?;
    ui.finish();
    if !ui.json(&switched) {
        ui.out(&sites::switched(&switched));
    }
    Ok(switched.exit())
}
