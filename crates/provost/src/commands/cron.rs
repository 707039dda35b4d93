//! `provost cron …`: a file for each verb below it.

mod run;
mod status;
mod unit;
mod unpark;

use clap::Subcommand;
use provost_ops::session::Call;

use super::Ended;
use crate::ui::Ui;

/// The sites' cron: running it, and how it goes
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Run(run::Arguments),
    Status(status::Arguments),
    Unit(unit::Arguments),
    Unpark(unpark::Arguments),
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    match arguments.verb {
        Verb::Run(own) => run::run(call, ui, &own).await,
        Verb::Status(own) => status::run(call, ui, &own).await,
        Verb::Unit(own) => unit::run(call, ui, &own),
        Verb::Unpark(own) => unpark::run(call, ui, &own).await,
    }
}
