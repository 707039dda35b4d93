//! `provost site list`.

use provost_ops::error::Exit;
use provost_ops::session::Call;
use provost_ops::site::{delete, list};

use super::Chosen;
use crate::commands::Ended;
use crate::ui::{Ui, sites};

/// Show sites: their state, version, size and last cron
///
/// Without names or a selection, all. Sizes are those of the database on its server, and of the files that Moodle knows, each
/// content once.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    chosen: Chosen,
    /// Show the final copies of deleted sites instead, and until when they are kept.
    #[arg(long, conflicts_with_all = ["names", "sites"])]
    deleted: bool,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    if arguments.deleted {
        let copies = delete::copies(call)?;
        if !ui.json(&copies) {
            ui.out(&sites::copies(&copies));
        }
        return Ok(Exit::Done);
    }
    let list = list::list(call, &arguments.chosen.into()).await?;
    ui.finish();
    if !ui.json(&list) {
        ui.out(&sites::list(&list));
    }
    Ok(if list.unknown.is_empty() { Exit::Done } else { Exit::Targets })
}
