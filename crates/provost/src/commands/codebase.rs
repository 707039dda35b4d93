//! `provost codebase …`: a file for each verb below it.

pub(crate) mod can_move;
pub(crate) mod copy;
pub(crate) mod update;
pub(crate) mod why;

use clap::Subcommand;
use provost_ops::session::Call;

use super::Ended;
use crate::ui::Ui;

/// What codebases are made of, and moving them
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Update(update::Arguments),
    Why(why::Arguments),
    CanMove(can_move::Arguments),
    Copy(copy::Arguments),
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    match arguments.verb {
        Verb::Update(own) => update::run(call, ui, &own).await,
        Verb::Why(own) => why::run(call, ui, &own).await,
        Verb::CanMove(own) => can_move::run(call, ui, &own).await,
        Verb::Copy(own) => copy::run(call, ui, own).await,
    }
}
