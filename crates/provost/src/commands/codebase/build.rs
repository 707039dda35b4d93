//! `provost codebase build`.

use provost_ops::codebase::build::{Options, build};
use provost_ops::error::Exit;
use provost_ops::session::Call;

use crate::commands::Ended;
use crate::ui::{Ui, builds};

/// Build what the lock names, now or at an earlier revision; point no site to it
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A codebase, or REV:NAME: a codebase in the lock of an earlier revision of the fleet's git repository. By default all that the
    /// lock names.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Go back to it: write what was built into fleet.lock too. No site is touched; one that runs a higher version of something is held.
    #[arg(long, requires = "names")]
    lock: bool,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: &Arguments) -> Ended {
    let built = build(call, &Options { names: arguments.names.clone(), lock: arguments.lock }).await?;
    ui.finish();
    if !ui.json(&built) {
        ui.out(&builds::built(&built));
    }
    Ok(Exit::Done)
}
