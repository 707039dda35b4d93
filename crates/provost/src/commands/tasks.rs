//! `provost tasks …`.

use clap::Subcommand;
use provost_admin::errand::{TASKS_LIST, TASKS_RUN, TASKS_SET};
use provost_ops::session::Call;
use serde_json::json;

use super::Ended;
use super::errands::{self, Changing, Looking};
use crate::ui::Ui;

/// Scheduled tasks of sites
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(List),
    /// Run a task now, whether it is due or not
    Run(One),
    Schedule(When),
    /// Let a task run again
    Enable(One),
    /// Keep a task from running
    Disable(One),
}

/// Show scheduled tasks: when they run, and whether they fail
#[derive(Debug, clap::Args)]
struct List {
    /// Only those with this in their class: `cleanup`.
    #[arg(value_name = "TASK")]
    task: Option<String>,
    #[command(flatten)]
    looking: Looking,
}

#[derive(Debug, clap::Args)]
struct One {
    /// Its class, such as `core\task\session_cleanup_task`.
    #[arg(value_name = "TASK")]
    task: String,
    #[command(flatten)]
    changing: Changing,
}

/// Say when a task runs
#[derive(Debug, clap::Args)]
struct When {
    /// Its class, such as `core\task\session_cleanup_task`.
    #[arg(value_name = "TASK")]
    task: String,
    /// Minute, hour, day, month and day of the week, as in crontab, `R` for any one of its own; or `default`.
    #[arg(value_name = "SCHEDULE")]
    schedule: String,
    #[command(flatten)]
    changing: Changing,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    match arguments.verb {
        Verb::List(own) => {
            errands::run(call, ui, &TASKS_LIST.with(json!({ "task": own.task })), own.looking).await
        }
        Verb::Run(own) => {
            errands::run(call, ui, &TASKS_RUN.with(json!({ "task": own.task })), own.changing).await
        }
        Verb::Schedule(own) => {
            let params = json!({ "task": own.task, "schedule": own.schedule });
            errands::run(call, ui, &TASKS_SET.with(params), own.changing).await
        }
        Verb::Enable(own) => enable(call, ui, own, true).await,
        Verb::Disable(own) => enable(call, ui, own, false).await,
    }
}

async fn enable(call: &Call, ui: &Ui, own: One, enabled: bool) -> Ended {
    let params = json!({ "task": own.task, "enabled": enabled });
    errands::run(call, ui, &TASKS_SET.with(params), own.changing).await
}
