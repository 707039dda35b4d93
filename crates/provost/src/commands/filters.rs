//! `provost filters …`.

use clap::Subcommand;
use provost_admin::errand::{FILTERS_LIST, FILTERS_SET};
use provost_ops::session::Call;
use serde_json::json;

use super::Ended;
use super::errands::{self, Changing, Looking};
use crate::ui::Ui;

/// Text filters of sites
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show filters, in the order in which they are applied
    List(Looking),
    Set(Set),
}

/// Set a filter's state for the whole site
#[derive(Debug, clap::Args)]
struct Set {
    /// Its name, such as `multilang`.
    #[arg(value_name = "FILTER")]
    filter: String,
    /// `on`; `off`, where courses may turn it on; or `disabled`.
    #[arg(value_name = "STATE")]
    state: State,
    /// Whether it applies to headings, too, and not to contents only.
    #[arg(long, value_name = "yes|no", value_parser = yes_or_no)]
    headings: Option<bool>,
    #[command(flatten)]
    changing: Changing,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum State {
    /// Applied everywhere.
    On,
    /// Courses may turn it on.
    Off,
    /// Nobody can turn it on.
    Disabled,
}

/// `yes` or `no`.
pub(super) fn yes_or_no(text: &str) -> Result<bool, &'static str> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("write yes or no"),
    }
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    match arguments.verb {
        Verb::List(own) => errands::run(call, ui, &FILTERS_LIST.with(json!({})), own).await,
        Verb::Set(own) => {
            let state = match own.state {
                State::On => "on",
                State::Off => "off",
                State::Disabled => "disabled",
            };
            let params = json!({ "filter": own.filter, "state": state, "headings": own.headings });
            errands::run(call, ui, &FILTERS_SET.with(params), own.changing).await
        }
    }
}
