//! `provost codebase diff`.

use provost_ops::codebase::diff::diff;
use provost_ops::error::Exit;
use provost_ops::session::Call;

use crate::commands::Ended;
use crate::ui::{Ui, builds};

/// Show what two builds differ in: versions, and with `--files` files
///
/// Each is a codebase, the first digits of a tree, or REV:NAME, a codebase in the lock of an earlier revision of the fleet's git
/// repository. Neither need be built.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The first.
    #[arg(value_name = "FROM")]
    from: String,
    /// The second.
    #[arg(value_name = "TO")]
    to: String,
    /// Name the files that differ, plugin by plugin.
    #[arg(long)]
    files: bool,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: &Arguments) -> Ended {
    let diff = diff(call, &arguments.from, &arguments.to, arguments.files).await?;
    ui.finish();
    if !ui.json(&diff) {
        ui.out(&builds::diff(&diff));
    }
    Ok(Exit::Done)
}
