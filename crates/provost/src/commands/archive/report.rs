//! `provost archive report`.

use camino::Utf8PathBuf;
use provost_ops::archive;
use provost_ops::error::Exit;
use provost_ops::session::Call;

use super::Session;
use crate::commands::Ended;
use crate::ui::Ui;

/// Write the report of a session: a page of HTML for people, and CSV with a line for each course
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    session: Session,
    /// The directory it is written to; made where it is missing.
    #[arg(long, value_name = "DIRECTORY", default_value = ".")]
    to: Utf8PathBuf,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    let reported = archive::report(call, &arguments.session.into(), &arguments.to).await?;
    ui.finish();
    if !ui.json(&reported) {
        ui.out(&format!("{}\n{}", reported.html, reported.csv));
    }
    Ok(Exit::Done)
}
