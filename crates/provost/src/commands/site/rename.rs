//! `provost site rename`.

use provost_fleet::name::Name;
use provost_ops::session::Call;
use provost_ops::site::rename::{self, Rename};

use super::Editing;
use crate::commands::Ended;
use crate::ui::{Ui, sites};

/// Give a site another name, another URL, or both
///
/// Writes it into the fleet file and applies that. With the name go its database and role, dataroot, account, secrets and logs; with the
/// URL all texts in the database that hold it, also where it is escaped, serialised or encoded; what stays is listed. Visitors get
/// Moodle's page of maintenance meanwhile, and have to log in again afterwards.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// What the site is called.
    #[arg(value_name = "NAME")]
    name: Name,
    /// What it shall be called.
    #[arg(value_name = "NEW", required_unless_present = "url")]
    new: Option<Name>,
    /// Its new URL, such as `https://school.example.org`, or `https://example.org/school` below a host that it shares.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    #[command(flatten)]
    editing: Editing,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    let Arguments { name: site, new: to, url, editing } = arguments;
    let renamed = rename::rename(call, &Rename { site, to, url }, &(&editing).into()).await?;
    ui.finish();
    if !ui.json(&renamed) {
        ui.out(&sites::renamed(&renamed));
    }
    Ok(renamed.done.exit())
}
