//! `provost codebase update`.

use provost_ops::codebase::Component;
use provost_ops::codebase::update::{Request, update};
use provost_ops::error::Exit;
use provost_ops::session::Call;

use crate::commands::Ended;
use crate::ui::{Ui, codebases};

/// Move the lock to the newest that the file means, and say what that brings
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Only these plugins; everything else stays where it is.
    #[arg(value_name = "COMPONENT")]
    components: Vec<Component>,
    /// Only Moodle, and the plugins that are named.
    #[arg(long)]
    moodle: bool,
    /// Only this codebase. May be given again.
    #[arg(long = "codebase", value_name = "NAME")]
    codebases: Vec<String>,
    /// Show what would change; write nothing.
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: &Arguments) -> Ended {
    let request = Request {
        codebases: arguments.codebases.clone(),
        components: arguments.components.iter().cloned().collect(),
        moodle: arguments.moodle,
        dry_run: arguments.dry_run,
    };
    let updated = update(call, &request).await?;
    ui.finish();
    if !ui.json(&updated) {
        ui.out(&codebases::updated(&updated));
    }
    Ok(Exit::Done)
}
