//! `provost site restore`.

use provost_fleet::name::Name;
use provost_ops::session::Call;
use provost_ops::site::restore;

use super::Editing;
use crate::commands::Ended;
use crate::ui::{Ui, sites};

/// Bring a deleted site back from its final copy
///
/// It comes back disabled, with its database, its files and its table of the fleet file; `provost site enable` lets visitors in. The copy
/// stays until its time.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The site.
    #[arg(value_name = "NAME")]
    name: Name,
    /// Show what would change in the fleet file, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Commit the fleet file; refused where it has other changes.
    #[arg(long)]
    commit: bool,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    let Arguments { name, dry_run, commit } = arguments;
    let options = (&Editing { dry_run, commit, no_apply: false }).into();
    let restored = restore::restore(call, &name, &options).await?;
    ui.finish();
    if !ui.json(&restored) {
        ui.out(&sites::restored(&restored));
    }
    Ok(restored.done.exit())
}
