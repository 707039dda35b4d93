//! `provost completions`.

use clap_complete::Shell;
use provost_ops::error::Exit;

use super::Ended;
use crate::ui::Ui;

/// Print the completions of a shell
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Which shell.
    shell: Shell,
}

#[expect(clippy::unnecessary_wraps, reason = "every verb ends alike")]
pub(crate) fn run(ui: &Ui, arguments: &Arguments) -> Ended {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut crate::command(), "provost", &mut text);
    ui.out(String::from_utf8_lossy(&text).trim_end());
    Ok(Exit::Done)
}
