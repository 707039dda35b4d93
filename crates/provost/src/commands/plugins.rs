//! `provost plugins …`.

use clap::Subcommand;
use provost_admin::errand::{PLUGINS_LIST, PLUGINS_STATE};
use provost_moodle::component::Component;
use provost_ops::copying;
use provost_ops::errands::Report;
use provost_ops::plugins::{DiffOptions, UninstallOptions, diff, uninstall};
use provost_ops::session::Call;
use serde_json::json;

use super::Ended;
use super::errands::{self, Changing, Destroying, How, Looking};
use super::settings::Asked;
use crate::ui::{self, Ui};

/// Plugins of sites
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(List),
    Diff(Diff),
    /// Enable plugins, as the page of their type does
    Enable(State),
    /// Disable plugins, as the page of their type does; their data stays
    Disable(State),
    Copy(Copy),
    Uninstall(Uninstall),
}

/// Show plugins: versions, whether they are enabled, and what is wrong with them
#[derive(Debug, clap::Args)]
struct List {
    /// Only those with this in their name: `mod_`, `attendance`.
    #[arg(value_name = "PLUGIN")]
    plugin: Option<String>,
    /// Only those that Moodle does not bring.
    #[arg(long)]
    additional: bool,
    #[command(flatten)]
    looking: Looking,
}

/// Compare sites: those with equal plugins together, and where the others differ in versions and states
#[derive(Debug, clap::Args)]
struct Diff {
    /// Only plugins with this in their name: `mod_`, `attendance`.
    #[arg(value_name = "PLUGIN")]
    plugin: Option<String>,
    /// Only those that Moodle does not bring.
    #[arg(long)]
    additional: bool,
    /// The site that the others are compared with. Without, those that most sites are equal to.
    #[arg(long, value_name = "SITE")]
    against: Option<String>,
    #[command(flatten)]
    chosen: Asked,
}

/// Take plugins away: their data while their code is there, then their code, in one maintenance
///
/// Take them out of the codebase in the fleet file first, and run `provost apply`: it builds the codebase, and holds its sites. They go to
/// that build, which must be the same else. What is used of a plugin is shown first, and asked about: it does not come back.
#[derive(Debug, clap::Args)]
struct Uninstall {
    /// Names such as `mod_attendance`.
    #[arg(value_name = "PLUGIN", required = true)]
    plugins: Vec<Component>,
    /// Keep tables, settings and files, and let only the code go. Whatever runs on the site without it cannot use them.
    #[arg(long)]
    keep_data: bool,
    #[command(flatten)]
    destroying: Destroying,
}

/// Enable and disable plugins as one site has them
///
/// The order in which plugins come, such as ways of logging in, is a setting: `settings copy`.
#[derive(Debug, clap::Args)]
struct Copy {
    /// Only plugins with this in their name: `mod_`, `attendance`.
    #[arg(value_name = "PLUGIN")]
    plugin: Option<String>,
    /// The site that has them.
    #[arg(long, value_name = "SITE")]
    from: String,
    #[command(flatten)]
    changing: Changing,
}

#[derive(Debug, clap::Args)]
struct State {
    /// Names such as `mod_chat` or `auth_ldap`.
    #[arg(value_name = "PLUGIN", required = true)]
    plugins: Vec<String>,
    #[command(flatten)]
    changing: Changing,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    let (own, enabled) = match arguments.verb {
        Verb::List(own) => {
            let params = json!({ "plugin": own.plugin, "additional": own.additional });
            return errands::run(call, ui, &PLUGINS_LIST.with(params), own.looking).await;
        }
        Verb::Diff(own) => return compare(call, ui, own).await,
        Verb::Uninstall(own) => return take_away(call, ui, own).await,
        Verb::Copy(own) => {
            let errand = copying::plugins(call, &own.from, own.plugin.as_deref()).await?;
            return errands::run(call, ui, &errand, own.changing).await;
        }
        Verb::Enable(own) => (own, true),
        Verb::Disable(own) => (own, false),
    };
    let params = json!({ "plugins": own.plugins, "enabled": enabled });
    errands::run(call, ui, &PLUGINS_STATE.with(params), own.changing).await
}

async fn take_away(call: &Call, ui: &Ui, own: Uninstall) -> Ended {
    let how = How::from(own.destroying);
    let options =
        UninstallOptions { plugins: own.plugins, keep_data: own.keep_data, errand: how.options().clone() };
    let ask = async |planned: &Report| errands::agreed(call, ui, planned, how.yes()).await;
    let done = uninstall(call, &options, ask).await?;
    ui.finish();
    if !ui.json(&done) {
        errands::show(ui, &done.report, how.csv());
        done.code.iter().for_each(|one| ui.line(&ui::plugins::code_gone(one)));
    }
    Ok(done.exit)
}

async fn compare(call: &Call, ui: &Ui, own: Diff) -> Ended {
    let csv = own.chosen.csv;
    let options = DiffOptions {
        plugin: own.plugin,
        additional: own.additional,
        against: own.against,
        targets: own.chosen.into(),
    };
    let found = diff(call, &options).await?;
    ui.finish();
    if !ui.json(&found) {
        ui.rows(&ui::plugins::diff(&found, csv), csv);
        ui::classes::causes(ui, &found.causes);
    }
    Ok(found.exit)
}
