//! `provost replace`.

use provost_admin::errand::TEXT_REPLACE;
use provost_ops::session::Call;
use serde_json::json;

use super::Ended;
use super::errands::{self, Destroying};
use crate::ui::Ui;

/// Put a text in the place of another in everything that people wrote
///
/// As `admin/tool/replace/cli/replace.php` does. Shows first in which columns the text is, and in how many rows. Settings, logs, sessions and
/// hashes are left alone. The address of a site is changed with `provost site rename`, which also knows where an address ends.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// What is looked for; upper and lower case are two things.
    #[arg(value_name = "TEXT")]
    search: String,
    /// What comes in its place.
    #[arg(value_name = "WITH")]
    replace: String,
    #[command(flatten)]
    destroying: Destroying,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    if arguments.search.is_empty() || arguments.search == arguments.replace {
        return Ok(ui.usage("TEXT must be something, and something else than WITH"));
    }
    let params = json!({ "search": arguments.search, "replace": arguments.replace });
    errands::run(call, ui, &TEXT_REPLACE.with(params), arguments.destroying).await
}
