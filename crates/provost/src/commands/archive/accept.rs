//! `provost archive accept`.

use provost_ops::archive;
use provost_ops::error::Exit;
use provost_ops::session::Call;

use crate::commands::Ended;
use crate::ui::{Ui, archives};

/// Accept what stopped courses: problems, and differences between a course and its copy
///
/// Takes the word in brackets behind a problem, such as `left_out:mod_chat`, and the name of a difference, such as `missing:forum_posts`,
/// also with `*` at its end. Whoever works on the session knows it from the next phase on. It is kept with who accepted it and when, also
/// in receipts. `provost archive retry` then tries the courses again.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Names; before them a session's number or name, where it is not the newest that is meant.
    #[arg(value_name = "[SESSION] NAME", required = true)]
    names: Vec<String>,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    let accepts = archive::accept(call, arguments.names).await?;
    ui.finish();
    if !ui.json(&accepts) {
        ui.out(&archives::accepts(&accepts));
    }
    Ok(Exit::Done)
}
