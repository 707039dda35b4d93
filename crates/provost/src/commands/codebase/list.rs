//! `provost codebase list`.

use provost_ops::codebase::list::list;
use provost_ops::error::Exit;
use provost_ops::session::Call;

use crate::commands::Ended;
use crate::ui::{Ui, builds};

/// Show the codebases of the file, and the builds that are kept
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Say how much disk each build has to itself; looks at every file.
    #[arg(long)]
    size: bool,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: &Arguments) -> Ended {
    let listed = list(call, arguments.size).await?;
    ui.finish();
    if !ui.json(&listed) {
        ui.out(&builds::list(&listed));
    }
    Ok(Exit::Done)
}
