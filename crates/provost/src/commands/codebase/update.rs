//! `provost codebase update`.

use std::collections::BTreeSet;

use provost_ops::codebase::Component;
use provost_ops::codebase::update::{Request, update};
use provost_ops::error::Exit;
use provost_ops::session::Call;

use crate::commands::Ended;
use crate::ui::{Ui, codebases};

/// What to move: what has no `_` cannot be a plugin, and is a codebase.
#[derive(Debug, Clone)]
enum Part {
    Plugin(Component),
    Codebase(String),
}

impl std::str::FromStr for Part {
    type Err = <Component as std::str::FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() || text.contains('_') {
            text.parse().map(Self::Plugin)
        } else {
            Ok(Self::Codebase(text.to_owned()))
        }
    }
}

/// Move the lock to the newest that the file means, and say what that brings
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Only these plugins, such as `mod_hvp`, or these codebases; everything else stays where it is.
    #[arg(value_name = "COMPONENT|CODEBASE")]
    parts: Vec<Part>,
    /// Only Moodle, and the plugins that are named.
    #[arg(long)]
    moodle: bool,
    /// Only this codebase, also one with `_` in its name. May be given again.
    #[arg(long = "codebase", value_name = "NAME")]
    codebases: Vec<String>,
    /// Show what would change; write nothing.
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: &Arguments) -> Ended {
    let (moodle, dry_run) = (arguments.moodle, arguments.dry_run);
    let codebases = arguments.codebases.clone();
    let mut request = Request { codebases, components: BTreeSet::new(), moodle, dry_run };
    for part in arguments.parts.iter().cloned() {
        match part {
            Part::Plugin(component) => {
                request.components.insert(component);
            }
            Part::Codebase(name) => request.codebases.push(name),
        }
    }
    let updated = update(call, &request).await?;
    ui.finish();
    if !ui.json(&updated) {
        ui.out(&codebases::updated(&updated));
    }
    Ok(Exit::Done)
}
