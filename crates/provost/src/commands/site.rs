//! `provost site …`: a file for each verb below it.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod list;
pub(crate) mod maintenance;
pub(crate) mod moving;
pub(crate) mod rename;
pub(crate) mod restore;
pub(crate) mod switch;

use clap::Subcommand;
use provost_ops::session::Call;
use provost_ops::site::Targets;
use provost_ops::site::edited::EditOptions;

use super::Ended;
use crate::ui::Ui;

/// Listing sites, creating them, and all that happens to them until they go
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(list::Arguments),
    Create(create::Arguments),
    Enable(switch::Enable),
    Disable(switch::Disable),
    Maintenance(maintenance::Arguments),
    Move(moving::Arguments),
    Rename(rename::Arguments),
    Delete(delete::Arguments),
    Restore(restore::Arguments),
}

pub(crate) async fn run(call: Call, ui: &Ui, arguments: Arguments) -> Ended {
    match arguments.verb {
        Verb::List(own) => list::run(&call, ui, own).await,
        Verb::Create(own) => create::run(call, ui, own).await,
        Verb::Enable(own) => switch::run(&call, ui, own.arguments, true).await,
        Verb::Disable(own) => switch::run(&call, ui, own.arguments, false).await,
        Verb::Maintenance(own) => maintenance::run(&call, ui, own).await,
        Verb::Move(own) => moving::run(&call, ui, own).await,
        Verb::Restore(own) => restore::run(&call, ui, own).await,
        Verb::Rename(own) => rename::run(&call, ui, own).await,
        Verb::Delete(own) => delete::run(&call, ui, own).await,
    }
}

/// Which sites.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Chosen {
    /// Names of sites.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// A selection of sites, such as `lyon & !pilot`, `codebase:lts | moodle<4.5` or `*`; see docs/selections.md.
    #[arg(long, value_name = "SELECTION")]
    sites: Option<String>,
}

impl From<Chosen> for Targets {
    fn from(chosen: Chosen) -> Self {
        Self { names: chosen.names, selection: chosen.sites }
    }
}

/// How the fleet file is edited.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Editing {
    /// Show what would change in the fleet file, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Commit the fleet file; refused where it has other changes.
    #[arg(long)]
    commit: bool,
    /// Write the fleet file only, and leave the rest to `provost apply`.
    #[arg(long)]
    no_apply: bool,
}

impl From<&Editing> for EditOptions {
    fn from(editing: &Editing) -> Self {
        Self { dry_run: editing.dry_run, commit: editing.commit, no_apply: editing.no_apply }
    }
}

/// A time such as `10m`, `2h` or `30d`.
fn duration(text: &str) -> Result<std::time::Duration, String> {
    let wrong =
        || format!("`{text}` is no time: write a number and `m` (minutes), `h` (hours) or `d` (days)");
    let seconds = match text.chars().last() {
        Some('m') => 60,
        Some('h') => 3600,
        Some('d') => 86_400,
        _ => return Err(wrong()),
    };
    let number: u32 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    Ok(std::time::Duration::from_secs(u64::from(number) * seconds))
}
