//! `provost settings …`.

use clap::Subcommand;
use provost_ops::session::Call;
use provost_ops::settings::declared::declared;
use provost_ops::settings::write::{CopyOptions, One, copy, errand, kept_by_the_file};
use provost_ops::settings::{Pattern, diff, get};
use provost_ops::site::Targets;

use super::errands::{self, Changing};
use super::{Ended, secret_file};
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
    Set(Set),
    Unset(Unset),
    Copy(Copy),
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
    /// Print comma-separated values.
    #[arg(long, conflicts_with = "json")]
    pub(super) csv: bool,
}

impl From<Asked> for Targets {
    fn from(chosen: Asked) -> Self {
        Self { names: chosen.site, selection: chosen.sites }
    }
}

/// Show settings: whether a site has them set, forced by its configuration file, or absent
#[derive(Debug, clap::Args)]
struct Get {
    /// PLUGIN/NAME, or a name of Moodle's own; `*` stands for anything: `core/theme`, `theme`, `quiz/*`.
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
    /// Only these settings: `core/theme`, `quiz/*`.
    #[arg(value_name = "SETTING")]
    settings: Vec<Pattern>,
    /// The site that the others are compared with. Without, those that most sites are equal to.
    #[arg(long, value_name = "SITE")]
    against: Option<String>,
    /// Compare each site with what the fleet file declares for it, by its profiles, its template and itself. `apply` sets what is kept.
    #[arg(long, conflicts_with = "against")]
    declared: bool,
    #[command(flatten)]
    chosen: Asked,
}

/// Write settings, as the pages of the site administration do
///
/// Checked by Moodle, with what follows from them, and in the site's log of changes. All of a site's are written, or none. What its
/// configuration file forces cannot be set.
#[derive(Debug, clap::Args)]
struct Set {
    /// PLUGIN/NAME=VALUE, where Moodle's own need no PLUGIN: `theme=boost`, `quiz/attempts=2`. `NAME=@FILE` takes a file's text, as a
    /// secret must be given; `@-` is standard input.
    #[arg(value_name = "SETTING=VALUE", required = true)]
    settings: Vec<String>,
    #[command(flatten)]
    changing: Changing,
}

/// Take settings away: they are as if they had never been set
#[derive(Debug, clap::Args)]
struct Unset {
    /// PLUGIN/NAME, or a name of Moodle's own.
    #[arg(value_name = "SETTING", required = true)]
    settings: Vec<String>,
    #[command(flatten)]
    changing: Changing,
}

/// Bring the settings of whole plugins from one site to others
///
/// State that a site writes by itself is left out. Roles and categories are found by their names there, and a site's own address becomes the
/// other's. What only the others have set stays as it is.
#[derive(Debug, clap::Args)]
struct Copy {
    /// Plugins, such as `quiz`; or single settings: `core/theme`, `quiz/*`.
    #[arg(value_name = "PLUGIN", required = true)]
    plugins: Vec<String>,
    /// The site that has them.
    #[arg(long, value_name = "SITE")]
    from: String,
    #[command(flatten)]
    changing: Changing,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    match arguments.verb {
        Verb::Get(own) => {
            let csv = own.chosen.csv;
            let got = get(call, &own.settings, &own.chosen.into()).await?;
            ui.finish();
            if !ui.json(&got) {
                ui.rows(&settings::got(&got, csv), csv);
                classes::causes(ui, &got.causes);
            }
            Ok(got.exit)
        }
        Verb::Set(own) => {
            let settings = own.settings.iter().map(|text| assigned(text)).collect::<Result<Vec<_>, _>>();
            write(call, ui, settings, own.changing).await
        }
        Verb::Unset(own) => {
            let settings =
                own.settings.iter().map(|text| One::parse(text, None)).collect::<Result<Vec<_>, _>>();
            write(call, ui, settings, own.changing).await
        }
        Verb::Copy(own) => {
            let options = CopyOptions { from: own.from, plugins: own.plugins };
            let copied = copy(call, &options).await?;
            for left in &copied.left_out {
                ui.line(&format!("left out: {left}"));
            }
            errands::run(call, ui, &copied.errand, own.changing).await
        }
        Verb::Diff(own) if own.declared => {
            let csv = own.chosen.csv;
            let found = declared(call, &own.settings, &own.chosen.into()).await?;
            ui.finish();
            if !ui.json(&found) {
                ui.rows(&settings::departed(&found, csv), csv);
                classes::causes(ui, &found.causes);
            }
            Ok(found.exit)
        }
        Verb::Diff(own) => {
            let csv = own.chosen.csv;
            let found = diff(call, &own.settings, own.against.as_deref(), &own.chosen.into()).await?;
            ui.finish();
            if !ui.json(&found) {
                ui.rows(&settings::diff(&found, csv), csv);
                classes::causes(ui, &found.causes);
            }
            Ok(found.exit)
        }
    }
}

async fn write(call: &Call, ui: &Ui, settings: Result<Vec<One>, String>, changing: Changing) -> Ended {
    let errand = settings.and_then(|settings| errand(&settings).map(|errand| (errand, settings)));
    match errand {
        Ok((errand, settings)) => {
            for kept in kept_by_the_file(call, &settings)? {
                ui.line(&format!("note: {kept}"));
            }
            errands::run(call, ui, &errand, changing).await
        }
        Err(why) => Ok(ui.usage(&why)),
    }
}

/// `core/theme=boost`, or with the text of a file.
fn assigned(text: &str) -> Result<One, String> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| format!("`{text}` has no value: write NAME=VALUE"))?;
    match value.strip_prefix('@') {
        // A value that begins with the sign itself.
        Some(rest) if rest.starts_with('@') => One::parse(name, Some(rest)),
        Some(file) => One::parse(name, Some(secret_file::text(file.into())?.expose())),
        None => {
            let one = One::parse(name, Some(value))?;
            if one.is_secret() && !value.is_empty() {
                return Err(format!(
                    "`{name}` is a secret, and everybody on this machine reads command lines: write `{name}=@FILE`"
                ));
            }
            Ok(one)
        }
    }
}
