//! `provost settings …`.

use clap::Subcommand;
use provost_ops::session::Call;
use provost_ops::settings::{Pattern, diff, get};
use provost_ops::site::Targets;

use super::Ended;
use crate::ui::{Ui, classes, settings};

/// What settings sites have, and where they differ
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Get(Get),
    Diff(Diff),
}

/// Which sites are asked.
#[derive(Debug, clap::Args)]
pub(super) struct Asked {
    /// A site; may be given several times. Without sites, all are asked.
    #[arg(long, value_name = "SITE")]
    site: Vec<String>,
    /// The sites, as a selection, such as `lyon & !pilot`; see docs/selections.md.
    #[arg(long, value_name = "SELECTION")]
    sites: Option<String>,
}

impl From<Asked> for Targets {
    fn from(chosen: Asked) -> Self {
        Self { names: chosen.site, selection: chosen.sites }
    }
}

/// Show settings: whether a site has them set, forced by its configuration file, or absent
#[derive(Debug, clap::Args)]
struct Get {
    /// PLUGIN/NAME, or a name of Moodle's own; `*` stands for anything: `core/theme`, `theme`, `mod_quiz/*`.
    #[arg(value_name = "SETTING", required = true)]
    settings: Vec<Pattern>,
    #[command(flatten)]
    chosen: Asked,
}

/// Compare sites: those with equal settings together, and where the others differ
///
/// State that a site writes by itself (revisions, times of last runs) and what makes it the site that it is are left out. Numbers of roles and
/// categories are compared by name, and a site's own address stands for itself. Secrets are told as different only.
#[derive(Debug, clap::Args)]
struct Diff {
    /// Only these settings: `core/theme`, `mod_quiz/*`.
    #[arg(value_name = "SETTING")]
    settings: Vec<Pattern>,
    /// The site that the others are compared with. Without, those that most sites are equal to.
    #[arg(long, value_name = "SITE")]
    against: Option<String>,
    #[command(flatten)]
    chosen: Asked,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    match arguments.verb {
        Verb::Get(own) => {
            let got = get(call, &own.settings, &own.chosen.into()).await?;
            ui.finish();
            if !ui.json(&got) {
                ui.out(&settings::got(&got));
                classes::causes(ui, &got.causes);
            }
            Ok(got.exit)
        }
        Verb::Diff(own) => {
            let found = diff(call, &own.settings, own.against.as_deref(), &own.chosen.into()).await?;
            ui.finish();
            if !ui.json(&found) {
                ui.out(&settings::diff(&found));
                classes::causes(ui, &found.causes);
            }
            Ok(found.exit)
        }
    }
}
