//! `provost codebase why`.

use provost_ops::codebase::Component;
use provost_ops::codebase::why::why;
use provost_ops::error::Exit;
use provost_ops::session::Call;

use crate::commands::Ended;
use crate::ui::{Ui, codebases};

/// Say why a plugin is the version that it is
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The plugin.
    component: Component,
    /// Only in this codebase. May be given again.
    #[arg(long = "codebase", value_name = "NAME")]
    codebases: Vec<String>,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: &Arguments) -> Ended {
    let told = why(call, &arguments.component, &arguments.codebases).await?;
    ui.finish();
    if !ui.json(&told) {
        ui.out(&codebases::why(&told));
    }
    Ok(Exit::Done)
}
