//! `provost init`.

use camino::Utf8PathBuf;
use provost_fleet::name::Name;
use provost_fleet::starter::StarterOptions;
use provost_ops::error::Exit;
use provost_ops::session::Call;

use super::Ended;
use crate::ui::Ui;

/// Write a commented fleet file to start from
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The fleet's name.
    #[arg(long, default_value = "fleet")]
    name: Name,
    /// Where the fleet keeps its things; by default /var/lib/provost/NAME as root, ~/.local/state/provost/NAME as a user.
    #[arg(long, value_name = "DIRECTORY")]
    state: Option<Utf8PathBuf>,
    /// Where Moodle comes from: a git URL or a path.
    #[arg(long, value_name = "URL", default_value = "https://github.com/moodle/moodle.git")]
    moodle_git: String,
    /// Which Moodle: `4.5` (newest tag), `4.5+` (tip of its stable branch), `4.5.1`, a tag, a branch or a commit.
    #[arg(long, value_name = "VERSION", default_value = "5.0+")]
    moodle: String,
    /// A site, as NAME=URL. May be given again.
    #[arg(long = "site", value_name = "NAME=URL", value_parser = site)]
    sites: Vec<(Name, String)>,
    /// A plugin of the codebase, as COMPONENT=GIT[#REFERENCE]. May be given again.
    #[arg(long = "plugin", value_name = "COMPONENT=GIT[#BRANCH]")]
    plugins: Vec<String>,
    /// Where nginx listens.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: String,
}

fn site(text: &str) -> Result<(Name, String), String> {
    let (name, url) = text.split_once('=').ok_or("write NAME=URL")?;
    Ok((name.parse().map_err(|error| format!("{error}"))?, url.to_owned()))
}

pub(crate) fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    let options = StarterOptions {
        name: arguments.name,
        state: arguments.state,
        moodle_git: arguments.moodle_git,
        moodle: arguments.moodle,
        plugins: arguments.plugins,
        sites: arguments.sites,
        listen: arguments.listen,
    };
    let written = provost_ops::init::init(call, options)?;
    if !ui.json(&written) {
        ui.out(&format!("Wrote {}. The fleet will keep its things in {}.", written.file, written.state));
        if let Some(key) = &written.key {
            ui.out(&format!("Receipts of archived courses are verified with {key}."));
        }
        ui.out("Next: edit it, then `provost check`, `provost plan`, `provost apply` and `provost up`.");
    }
    Ok(Exit::Done)
}
