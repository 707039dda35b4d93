//! `provost mail …`.

use clap::Subcommand;
use provost_admin::errand::{MAIL_SET, MAIL_STATUS};
use provost_ops::session::Call;
use serde_json::json;

use super::Ended;
use super::errands::{self, Changing, Looking};
use crate::ui::Ui;

/// Whether sites send mail
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Say whether mail is sent or stopped
    Status(Looking),
    /// Stop all mail: Moodle drops what it would send (`noemailever`)
    Stop(Changing),
    /// Let mail go again; what was dropped meanwhile stays so
    Start(Changing),
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    let stopped = |stopped: bool| MAIL_SET.with(json!({ "stopped": stopped }));
    match arguments.verb {
        Verb::Status(own) => errands::run(call, ui, &MAIL_STATUS.with(json!({})), own).await,
        Verb::Stop(own) => errands::run(call, ui, &stopped(true), own).await,
        Verb::Start(own) => errands::run(call, ui, &stopped(false), own).await,
    }
}
