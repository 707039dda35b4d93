//! `provost cron unit`.

use provost_ops::OpsError;
use provost_ops::error::Exit;
use provost_ops::session::Call;

use crate::commands::Ended;
use crate::ui::Ui;

/// Print a systemd unit that runs the cron of all sites
///
/// For machines where `provost up` does not serve the fleet: write it below /etc/systemd/system, then `systemctl enable --now` it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(call: &Call, ui: &Ui, _arguments: &Arguments) -> Ended {
    let program = std::env::current_exe();
    let program = program.map_err(|source| OpsError::Io { verb: "find", path: "provost".into(), source })?;
    ui.out(provost_ops::cron::unit(call, &program.to_string_lossy())?.trim_end());
    Ok(Exit::Done)
}
