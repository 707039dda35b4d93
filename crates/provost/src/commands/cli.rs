//! `provost cli`.

use camino::Utf8PathBuf;
use provost_ops::scripts::{self, ScriptReport, What};
use provost_ops::session::Call;

use super::Ended;
use super::errands::{How, Running};
use crate::ui::{self, Ui};

/// Run a script of Moodle or of a plugin in many sites, each as the site's own account
///
/// The script is a path below the build, such as `admin/cli/cfg.php`; what comes behind `--` goes to it. Sites that write the same are shown
/// together.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The script, such as `admin/cli/cfg.php`.
    #[arg(value_name = "SCRIPT", value_parser = script)]
    script: Utf8PathBuf,
    #[command(flatten)]
    running: Running,
    /// What the script is given, behind `--`.
    #[arg(value_name = "ARGUMENT", last = true)]
    given: Vec<String>,
}

fn script(text: &str) -> Result<Utf8PathBuf, &'static str> {
    let path = Utf8PathBuf::from(text);
    if scripts::is_script(&path) {
        Ok(path)
    } else {
        Err("write the path of a script below the build, such as admin/cli/cfg.php")
    }
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    let what = What::Cli { path: arguments.script, arguments: arguments.given };
    let how = How::from(arguments.running);
    ui.stream(how.stream());
    let report = scripts::run(call, &what, None, false, how.options()).await?;
    show(ui, &report, how.csv());
    Ok(report.exit)
}

/// Prints what scripts wrote.
pub(super) fn show(ui: &Ui, report: &ScriptReport, csv: bool) {
    ui.finish();
    if ui.json(report) {
        return;
    }
    ui.rows(&ui::scripts::said(report, csv), csv);
    ui.line(&ui::scripts::summary(report));
}
