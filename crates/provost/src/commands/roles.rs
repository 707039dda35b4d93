//! `provost roles …`.

use camino::Utf8PathBuf;
use clap::Subcommand;
use provost_admin::errand::ROLES_CAPABILITIES;
use provost_ops::error::Exit;
use provost_ops::roles::{Action, From, SyncOptions, Synced, diff, export, sync};
use provost_ops::session::Call;
use provost_ops::site::Targets;
use serde_json::json;

use super::Ended;
use super::errands::{self, Changing};
use super::settings::Asked;
use crate::ui::{self, Ui};

/// Roles of sites: compared, and brought from one to others
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Diff(Diff),
    Sync(Sync),
    Export(Export),
    /// Bring the list of capabilities to what Moodle and its plugins say, as an upgrade does
    Capabilities(Changing),
}

/// Make roles at other sites as they are at one, and bring those that are named to its definition
///
/// Without a ROLE, every role that the source has and a target lacks is made there, and those that both have stay as they are: a role
/// that is there is changed only when it is named. Roles that everybody has without being given them (guest, user, frontpage) are never
/// made or changed unless they are named. What a target does not know of a definition, such as capabilities of a plugin that it has
/// not, is told and left out; what only a target knows stays as it is. Shows a plan first, and asks before it changes a role
/// that is there.
#[derive(Debug, clap::Args)]
struct Sync {
    /// Short names of roles.
    #[arg(value_name = "ROLE")]
    roles: Vec<String>,
    /// The site that has them.
    #[arg(long, value_name = "SITE", required_unless_present = "from_file")]
    from: Option<String>,
    /// A role preset, as Moodle's page of a role or `roles export` writes it; may be given several times. Its role counts as named.
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    from_file: Vec<Utf8PathBuf>,
    /// A site that gets them; may be given several times.
    #[arg(long, value_name = "SITE", required_unless_present = "sites")]
    to: Vec<String>,
    /// The sites that get them, as a selection, such as `lyon & !pilot` or `*`; see docs/selections.md.
    #[arg(long, value_name = "SELECTION")]
    sites: Option<String>,
    /// Show what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask before a role is changed. Needed where nobody can be asked.
    #[arg(short, long)]
    yes: bool,
}

/// Write roles of a site into files, as Moodle's page of a role exports them
///
/// Such a file in the fleet's repository is what `roles sync --from-file` brings to sites.
#[derive(Debug, clap::Args)]
struct Export {
    /// Short names of roles.
    #[arg(value_name = "ROLE", required = true)]
    roles: Vec<String>,
    /// The site that has them.
    #[arg(long, value_name = "SITE")]
    from: String,
    /// The directory where the files come: `ROLE.xml`.
    #[arg(long, value_name = "DIRECTORY", default_value = "roles")]
    into: Utf8PathBuf,
}

/// Compare sites: those with equal roles together, and where the others differ
///
/// Roles are the same if their short names are. Compared is the definition: name, description, archetype, permissions in the system's
/// context, levels where it can be assigned, and what it may do with other roles.
#[derive(Debug, clap::Args)]
struct Diff {
    /// Short names of roles. Without, all.
    #[arg(value_name = "ROLE")]
    roles: Vec<String>,
    /// The site that the others are compared with. Without, those that most sites are equal to.
    #[arg(long, value_name = "SITE")]
    against: Option<String>,
    #[command(flatten)]
    chosen: Asked,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    match arguments.verb {
        Verb::Diff(own) => compare(call, ui, own).await,
        Verb::Sync(own) => bring(call, ui, own).await,
        Verb::Export(own) => {
            let directory = call.environment.directory.join(own.into);
            for file in export(call, &own.from, &own.roles, &directory).await? {
                ui.line(&format!("wrote {file}"));
            }
            Ok(Exit::Done)
        }
        Verb::Capabilities(own) => errands::run(call, ui, &ROLES_CAPABILITIES.with(json!({})), own).await,
    }
}

async fn compare(call: &Call, ui: &Ui, own: Diff) -> Ended {
    let csv = own.chosen.csv;
    let found = diff(call, &own.roles, own.against.as_deref(), &own.chosen.into()).await?;
    ui.finish();
    if !ui.json(&found) {
        ui.rows(&ui::roles::diff(&found, csv), csv);
        ui::classes::causes(ui, &found.causes);
    }
    Ok(found.exit)
}

async fn bring(call: &Call, ui: &Ui, own: Sync) -> Ended {
    let files = own.from_file.into_iter().map(|file| call.environment.directory.join(file)).collect();
    let from = own.from.map_or(From::Files(files), From::Site);
    let options = SyncOptions {
        from,
        to: Targets { names: own.to, selection: own.sites },
        roles: own.roles,
        dry_run: own.dry_run,
    };
    let ask = async |planned: &Synced| {
        ui.finish();
        if !ui.wants_json() {
            ui.out(&ui::roles::plan(planned));
        }
        let changes = planned.count(Action::Change);
        changes == 0 || own.yes || ui.ask(&format!("Change {changes} role(s)?"), &call.cancel).await
    };
    let synced = sync(call, &options, ask).await?;
    ui.finish();
    if !ui.json(&synced) {
        ui.out(&ui::roles::synced(&synced));
    }
    Ok(synced.exit)
}
