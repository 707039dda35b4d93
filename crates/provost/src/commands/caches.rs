//! `provost caches …`.

use clap::Subcommand;
use provost_admin::errand::CACHES_PURGE;
use provost_ops::session::Call;
use serde_json::json;

use super::Ended;
use super::errands::{self, Changing};
use crate::ui::Ui;

/// Caches of sites
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Empty all caches, as `admin/cli/purge_caches.php` does
    Purge(Changing),
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    match arguments.verb {
        Verb::Purge(own) => errands::run(call, ui, &CACHES_PURGE.with(json!({})), own).await,
    }
}
