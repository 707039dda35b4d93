//! `provost codebase copy`.

use provost_fleet::name::Name;
use provost_moodle::request::MoodleRequest;
use provost_ops::codebase::copy::{self, Copied, CopyOptions, Verdict};
use provost_ops::error::Exit;
use provost_ops::session::Call;

use crate::commands::Ended;
use crate::ui::{Ui, tables};

/// Declare a new codebase with the plugins of another one, and say which of them fit its Moodle
///
/// The fleet file is edited with its comments kept. Every plugin is declared as it was; exit code 3 says that some cannot be.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The codebase to copy.
    #[arg(value_name = "FROM")]
    from: Name,
    /// The name of the new one.
    #[arg(value_name = "TO")]
    to: Name,
    /// Which Moodle: `4.5` (newest tag), `4.5+` (tip of its stable branch), `4.5.1`, a tag, a branch or a commit.
    #[arg(long, value_name = "VERSION")]
    moodle: MoodleRequest,
    /// Where that Moodle comes from, if not from where the old one does: a git URL or an absolute path.
    #[arg(long, value_name = "URL")]
    git: Option<String>,
    /// Show what would change in the fleet file, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Commit the fleet file; refused where it has other changes, or a plugin does not fit.
    #[arg(long)]
    commit: bool,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    let Arguments { from, to, moodle, git, dry_run, commit } = arguments;
    let options = CopyOptions { from, to, moodle, git, dry_run, commit };
    let copied = copy::copy(call, &options).await?;
    ui.finish();
    if !ui.json(&copied) {
        ui.out(&text(&copied, call, &options));
    }
    Ok(match (copied.fit.is_possible(), copied.written || dry_run) {
        (true, _) => Exit::Done,
        (false, true) => Exit::Targets,
        (false, false) => Exit::Refused,
    })
}

fn text(copied: &Copied, call: &Call, options: &CopyOptions) -> String {
    let fit = &copied.fit;
    let rows = fit.plugins.iter().map(|plugin| {
        let verdict = match plugin.verdict {
            Verdict::Fits => "fits",
            Verdict::Unsaid => "its authors do not say so",
            Verdict::Blocked => "blocked",
        };
        let why = plugin.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        [
            plugin.component.clone(),
            plugin.version.clone().unwrap_or_else(|| "-".to_owned()),
            verdict.to_owned() + &why,
        ]
    });
    let mut text = format!("Moodle {} ({})\n", fit.release, fit.reference);
    text.push_str(&tables::plugins(rows));
    if let Some(why) = &fit.patches {
        text.push_str(&format!("\nThe patches cannot be applied: {why}\n"));
    }
    if options.dry_run {
        text.push_str(&format!("\n{}", copied.diff));
    }
    let (to, file) = (&copied.to, &call.file);
    text.push_str(&match (&copied.commit, copied.written) {
        (Some(id), _) => {
            format!("\nWrote [codebase.{to}] to {file}, and committed it: {}.", &id[..id.len().min(12)])
        }
        (None, true) => format!("\nWrote [codebase.{to}] to {file}."),
        (None, false) if options.dry_run => "\nNothing was written.".to_owned(),
        (None, false) => {
            "\nNothing was written: what is blocked would be blocked for all who get the commit.".to_owned()
        }
    });
    if copied.written && !fit.is_possible() {
        text.push_str(" Mend what is blocked there, or take it out, before the next plan.");
    }
    text
}
