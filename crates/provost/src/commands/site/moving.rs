//! `provost site move`.

use provost_fleet::name::Name;
use provost_ops::session::Call;
use provost_ops::site::moving::{self, Destination};

use super::{Chosen, Editing};
use crate::commands::Ended;
use crate::ui::{Ui, sites};

/// Move sites to another database server, or to another codebase
///
/// Writes `database` or `codebase` into the fleet file and applies that, with core's page of maintenance for visitors meanwhile. A
/// database goes to a server of the same engine: dumped, restored, every table compared; the old one is removed when the site was
/// seen on the new one, and its dump is kept for 7 days. A codebase must have the same versions of everything: whatever needs an
/// upgrade of the database is none of a move. Killed anywhere, the next `provost apply` completes it.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("where").required(true).args(["database", "codebase"]))]
pub(crate) struct Arguments {
    #[command(flatten)]
    chosen: Chosen,
    /// The server that their databases are to live on.
    #[arg(long, value_name = "SERVER")]
    database: Option<Name>,
    /// The codebase that they are to run on.
    #[arg(long, value_name = "CODEBASE")]
    codebase: Option<Name>,
    #[command(flatten)]
    editing: Editing,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    let Arguments { chosen, database, codebase, editing } = arguments;
    let to = match (database, codebase) {
        (Some(server), _) => Destination::Database(server),
        (None, Some(codebase)) => Destination::Codebase(codebase),
        // clap wants one of both.
        (None, None) => return Ok(provost_ops::error::Exit::Usage),
    };
    let moved = moving::relocate(call, &chosen.into(), &to, &(&editing).into()).await?;
    ui.finish();
    if !ui.json(&moved) {
        ui.out(&sites::moved(&moved));
    }
    Ok(moved.exit())
}
