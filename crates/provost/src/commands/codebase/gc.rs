//! `provost codebase gc`.

use provost_ops::codebase::gc::{GcPlan, StaleCaches, gc};
use provost_ops::session::Call;

use crate::commands::Ended;
use crate::ui::{Ui, builds};

/// Remove the builds that no site and no lock needs, and what only they had in the store
///
/// Shows what would go, and asks. What a site runs on or the lock names never goes. Of the caches goes what nobody has used for 90 days
/// and neither lock nor builds are made of.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Do not ask. Needed where nobody can be asked.
    #[arg(short, long)]
    yes: bool,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: &Arguments) -> Ended {
    let ask = async |plan: &GcPlan, caches: &StaleCaches| {
        ui.finish();
        if !ui.wants_json() {
            ui.out(&builds::garbage(plan, caches));
        }
        arguments.yes || ui.ask("Remove all that?", &call.cancel).await
    };
    let report = gc(call, ask).await?;
    ui.finish();
    if !ui.json(&report) {
        ui.out(&builds::collected(&report));
    }
    Ok(report.exit())
}
