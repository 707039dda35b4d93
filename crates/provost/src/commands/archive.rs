//! `provost archive …`: a file for each verb below it, or for a few that are alike.

mod accept;
mod declared;
mod manoeuvre;
mod order;
mod plan;
mod receipt;
mod report;
mod run;
mod start;
mod status;

use clap::Subcommand;
use provost_ops::archive::Which;
use provost_ops::session::Call;

use super::Ended;
use crate::ui::Ui;

/// Moving courses between sites in bulk: planned, proven, and only then deleted
///
/// A session is declared in the fleet file as [archive.NAME], or ad hoc by flags. Each course is a unit that goes through the phases
/// prepare, backup, transport, restore, post_process and prove, and, where that is declared, hide and delete. Several processes may
/// work on one session; all that is known of it is in the registry.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Plan(plan::Arguments),
    Start(start::Arguments),
    Run(run::Arguments),
    Status(status::Arguments),
    Pause(order::Pause),
    Resume(order::Resume),
    Stop(order::Stop),
    Accept(accept::Arguments),
    Retry(manoeuvre::Retry),
    Skip(manoeuvre::Skip),
    Park(manoeuvre::Park),
    Cancel(manoeuvre::Cancel),
    Reorder(manoeuvre::Reorder),
    Approve(manoeuvre::Approve),
    Set(order::Set),
    Report(report::Arguments),
    Receipt(receipt::Arguments),
    Export(receipt::Export),
}

pub(crate) async fn run(call: Call, ui: &Ui, arguments: Arguments) -> Ended {
    match arguments.verb {
        Verb::Plan(own) => plan::run(&call, ui, own).await,
        Verb::Start(own) => start::run(&call, ui, own).await,
        Verb::Run(own) => run::run(&call, ui, own).await,
        Verb::Status(own) => status::run(&call, ui, own).await,
        Verb::Pause(own) => own.run(&call, ui).await,
        Verb::Resume(own) => own.run(&call, ui).await,
        Verb::Stop(own) => own.run(&call, ui).await,
        Verb::Set(own) => own.run(&call, ui).await,
        Verb::Accept(own) => accept::run(&call, ui, own).await,
        Verb::Retry(own) => own.run(&call, ui).await,
        Verb::Skip(own) => own.run(&call, ui).await,
        Verb::Park(own) => own.run(&call, ui).await,
        Verb::Cancel(own) => own.run(&call, ui).await,
        Verb::Reorder(own) => own.run(&call, ui).await,
        Verb::Approve(own) => own.run(&call, ui).await,
        Verb::Report(own) => report::run(&call, ui, own).await,
        Verb::Receipt(own) => receipt::run(&call, ui, &own),
        Verb::Export(own) => own.run(&call, ui).await,
    }
}

/// Which session.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Session {
    /// A session's number, its name (its newest then), or both as `NAME/NUMBER`; by default the newest of all.
    #[arg(value_name = "SESSION")]
    session: Option<String>,
}

impl From<Session> for Which {
    fn from(session: Session) -> Self {
        Self(session.session)
    }
}
