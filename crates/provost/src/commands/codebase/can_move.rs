//! `provost codebase can-move`.

use provost_ops::codebase::MoodleRequest;
use provost_ops::codebase::can_move::can_move;
use provost_ops::session::Call;

use crate::commands::Ended;
use crate::ui::{Ui, codebases};

/// Say what stands in the way of another Moodle, plugin by plugin; change nothing
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The codebase.
    codebase: String,
    /// The other Moodle, as the fleet file would name it: `5.0`, `5.0+`, a tag, a branch, a commit.
    #[arg(value_name = "MOODLE")]
    moodle: MoodleRequest,
    /// Where that Moodle comes from, if not from where the codebase's does: a git URL or an absolute path.
    #[arg(long, value_name = "URL")]
    git: Option<String>,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: &Arguments) -> Ended {
    let answer = can_move(call, &arguments.codebase, &arguments.moodle, arguments.git.as_deref()).await?;
    ui.finish();
    if !ui.json(&answer) {
        ui.out(&codebases::can_move(&answer));
    }
    Ok(answer.exit())
}
