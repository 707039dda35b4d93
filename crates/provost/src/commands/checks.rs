//! `provost checks`.

use provost_admin::errand::CHECKS_RUN;
use provost_ops::session::Call;
use serde_json::json;

use super::Ended;
use super::errands::{self, Looking};
use crate::ui::Ui;

/// Run Moodle's own checks of status, security and performance, worst first
///
/// As `admin/cli/checks.php` does, for many sites at once. Told is what is not in order.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Tell also what is in order.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    looking: Looking,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    errands::run(call, ui, &CHECKS_RUN.with(json!({ "all": arguments.all })), arguments.looking).await
}
