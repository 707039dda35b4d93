//! `provost languages …`.

use camino::Utf8PathBuf;
use clap::Subcommand;
use provost_admin::errand::{
    LANG_ADD, LANG_CHANGE, LANG_IMPORT, LANG_LIST, LANG_REMOVE, LANG_STRINGS, LANG_UPDATE,
};
use provost_ops::copying;
use provost_ops::session::Call;
use serde_json::json;

use super::Ended;
use super::errands::{self, Changing, Looking};
use crate::ui::Ui;

/// Language packs of sites, and strings that were changed
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show language packs, and how many of their strings were changed
    List(Looking),
    Add(Add),
    /// Take a language pack away; changed strings stay, for when it comes back
    Remove(One),
    /// Have Moodle bring all language packs up to date from the translators' site
    Update(Changing),
    Strings(Strings),
    Set(Set),
    Unset(Unset),
    Import(Import),
    Copy(Copy),
}

/// Install a language pack: from a file, or downloaded by Moodle
#[derive(Debug, clap::Args)]
struct Add {
    /// Its code: `fr`, `de_kids`.
    #[arg(value_name = "LANGUAGE")]
    language: String,
    /// The pack, as the translators' site offers it for this release of Moodle: a zip.
    #[arg(long, value_name = "FILE")]
    pack: Option<Utf8PathBuf>,
    #[command(flatten)]
    changing: Changing,
}

#[derive(Debug, clap::Args)]
struct One {
    /// Its code.
    #[arg(value_name = "LANGUAGE")]
    language: String,
    #[command(flatten)]
    changing: Changing,
}

/// Show strings that were changed
#[derive(Debug, clap::Args)]
struct Strings {
    /// The language's code; all without.
    #[arg(value_name = "LANGUAGE")]
    language: Option<String>,
    #[command(flatten)]
    looking: Looking,
}

/// Change a string
#[derive(Debug, clap::Args)]
struct Set {
    /// The language's code.
    #[arg(value_name = "LANGUAGE")]
    language: String,
    /// The string: `core/login`, `mod_forum/modulename`.
    #[arg(value_name = "PLUGIN/STRING")]
    string: String,
    /// Its text, with Moodle's placeholders: `{$a}`.
    #[arg(value_name = "TEXT")]
    text: String,
    #[command(flatten)]
    changing: Changing,
}

/// Take changes of strings away
#[derive(Debug, clap::Args)]
struct Unset {
    /// The language's code.
    #[arg(value_name = "LANGUAGE")]
    language: String,
    /// Strings: `core/login`, `mod_forum/modulename`.
    #[arg(value_name = "PLUGIN/STRING", required = true)]
    strings: Vec<String>,
    #[command(flatten)]
    changing: Changing,
}

/// Change strings as a file says that Moodle's page of customisations exported
#[derive(Debug, clap::Args)]
struct Import {
    /// The language's code.
    #[arg(value_name = "LANGUAGE")]
    language: String,
    /// A zip, or one PHP file, which is not run.
    #[arg(value_name = "FILE")]
    from: Utf8PathBuf,
    #[command(flatten)]
    changing: Changing,
}

/// Bring the changed strings of one site to others
///
/// What others changed besides stays.
#[derive(Debug, clap::Args)]
struct Copy {
    /// The language's code.
    #[arg(value_name = "LANGUAGE")]
    language: String,
    /// The site that has them.
    #[arg(long, value_name = "SITE")]
    from: String,
    #[command(flatten)]
    changing: Changing,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    match arguments.verb {
        Verb::List(own) => errands::run(call, ui, &LANG_LIST.with(json!({})), own).await,
        Verb::Add(own) => {
            let errand = LANG_ADD.with(json!({ "language": own.language }));
            let errand = match own.pack {
                Some(pack) => errand.file(call.environment.directory.join(pack)),
                None => errand,
            };
            errands::run(call, ui, &errand, own.changing).await
        }
        Verb::Remove(own) => {
            let errand = LANG_REMOVE.with(json!({ "language": own.language }));
            errands::run(call, ui, &errand, own.changing).await
        }
        Verb::Update(own) => errands::run(call, ui, &LANG_UPDATE.with(json!({})), own).await,
        Verb::Strings(own) => {
            let errand = LANG_STRINGS.with(json!({ "language": own.language }));
            errands::run(call, ui, &errand, own.looking).await
        }
        Verb::Set(own) => {
            change(call, ui, &own.language, &[(own.string, Some(own.text))], own.changing).await
        }
        Verb::Unset(own) => {
            let strings: Vec<_> = own.strings.into_iter().map(|string| (string, None)).collect();
            change(call, ui, &own.language, &strings, own.changing).await
        }
        Verb::Import(own) => {
            let params = json!({ "language": own.language, "name": own.from.file_name() });
            let file = call.environment.directory.join(own.from);
            errands::run(call, ui, &LANG_IMPORT.with(params).file(file), own.changing).await
        }
        Verb::Copy(own) => {
            let errand = copying::strings(call, &own.from, &own.language).await?;
            errands::run(call, ui, &errand, own.changing).await
        }
    }
}

async fn change(
    call: &Call,
    ui: &Ui,
    language: &str,
    strings: &[(String, Option<String>)],
    changing: Changing,
) -> Ended {
    let mut all = Vec::new();
    for (string, text) in strings {
        let Some((component, id)) = string.split_once('/') else {
            return Ok(ui.usage(&format!("`{string}` is no string: write PLUGIN/STRING, such as core/login")));
        };
        all.push(json!({ "component": component, "string": id, "text": text }));
    }
    let errand = LANG_CHANGE.with(json!({ "language": language, "strings": all, "strict": true }));
    errands::run(call, ui, &errand, changing).await
}
