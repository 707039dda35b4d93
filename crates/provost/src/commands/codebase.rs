//! `provost codebase …`: a file for each verb below it.

pub(crate) mod build;
pub(crate) mod can_move;
pub(crate) mod copy;
pub(crate) mod diff;
pub(crate) mod gc;
pub(crate) mod list;
pub(crate) mod update;
pub(crate) mod verify;
pub(crate) mod why;

use clap::Subcommand;
use provost_ops::session::Call;

use super::Ended;
use crate::ui::Ui;

/// What codebases are made of, moving them, and the builds that are made of them
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(list::Arguments),
    Update(update::Arguments),
    Why(why::Arguments),
    CanMove(can_move::Arguments),
    Copy(copy::Arguments),
    Diff(diff::Arguments),
    Build(build::Arguments),
    Verify(verify::Arguments),
    Gc(gc::Arguments),
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    match arguments.verb {
        Verb::List(own) => list::run(call, ui, &own).await,
        Verb::Update(own) => update::run(call, ui, &own).await,
        Verb::Why(own) => why::run(call, ui, &own).await,
        Verb::CanMove(own) => can_move::run(call, ui, &own).await,
        Verb::Copy(own) => copy::run(call, ui, own).await,
        Verb::Diff(own) => diff::run(call, ui, &own).await,
        Verb::Build(own) => build::run(call, ui, &own).await,
        Verb::Verify(own) => verify::run(call, ui, &own).await,
        Verb::Gc(own) => gc::run(call, ui, &own).await,
    }
}
