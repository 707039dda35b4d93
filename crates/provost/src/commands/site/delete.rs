//! `provost site delete`.

use std::time::Duration;

use provost_fleet::name::Name;
use provost_ops::session::Call;
use provost_ops::site::delete::{self, DeleteError, DeleteOptions};
use provost_ops::site::edited::EditOptions;

use super::duration;
use crate::commands::Ended;
use crate::ui::{Ui, sites};

/// Delete a site that is disabled, and keep a final copy of its database and files
///
/// Shows what goes, and asks; without a terminal `--yes` is needed. The copy is kept in the state directory, with a manifest;
/// `provost site list --deleted` shows it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The site.
    #[arg(value_name = "NAME")]
    name: Name,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// How long the final copy is kept, such as `90d`; 30 days where nothing is said.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30d")]
    keep: Duration,
    /// Make no final copy: the data is gone for good.
    #[arg(long)]
    no_copy: bool,
    /// Show what would go, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Commit the fleet file; refused where it has other changes.
    #[arg(long)]
    commit: bool,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    let Arguments { name, yes, keep, no_copy, dry_run, commit } = arguments;
    let doomed = delete::look(call, &name).await?;
    ui.finish();
    if dry_run {
        if !ui.json(&doomed) {
            ui.out(&sites::doomed(&doomed, (!no_copy).then_some(keep)));
        }
        return Ok(provost_ops::error::Exit::Done);
    }
    if !yes {
        ui.line(&sites::doomed(&doomed, (!no_copy).then_some(keep)));
        if !ui.confirm("Type the site's name to delete it: ", name.as_str()) {
            return Err(DeleteError::Unconfirmed(name).into());
        }
    }
    let edit = EditOptions { dry_run: false, commit, no_apply: false };
    let deleted = delete::delete(call, doomed, &DeleteOptions { no_copy, keep, edit }).await?;
    ui.finish();
    if !ui.json(&deleted) {
        ui.out(&sites::deleted(&deleted));
    }
    Ok(deleted.exit())
}
