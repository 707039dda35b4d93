//! `provost theme …`.

use clap::Subcommand;
use provost_admin::errand::THEME_BUILD;
use provost_ops::session::Call;
use serde_json::json;

use super::Ended;
use super::errands::{self, Changing};
use crate::ui::Ui;

/// Themes of sites
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Build(Build),
}

/// Make the style sheets of themes, so that no visitor waits for them
#[derive(Debug, clap::Args)]
struct Build {
    /// Their names; without, each site's own.
    #[arg(value_name = "THEME")]
    themes: Vec<String>,
    #[command(flatten)]
    changing: Changing,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    let Verb::Build(own) = arguments.verb;
    errands::run(call, ui, &THEME_BUILD.with(json!({ "themes": own.themes })), own.changing).await
}
