//! `provost codebase verify`.

use provost_ops::codebase::verify::{Options, verify};
use provost_ops::session::Call;

use crate::commands::Ended;
use crate::ui::{Ui, builds};

/// Look whether builds still are what they were made; name every changed, missing or extra file
///
/// Exit code 3 says that something is damaged, and not repaired.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A codebase, or the first digits of a tree. By default all builds that are there.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Read every file, instead of trusting its size and time.
    #[arg(long)]
    rehash: bool,
    /// Make what is damaged whole again: in the store, from git, and then in every build that has it.
    #[arg(long)]
    repair: bool,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: &Arguments) -> Ended {
    let Arguments { names, rehash, repair } = arguments;
    let options = Options { names: names.clone(), rehash: *rehash, repair: *repair };
    let verified = verify(call, &options).await?;
    ui.finish();
    if !ui.json(&verified) {
        ui.out(&builds::verified(&verified));
    }
    Ok(verified.exit())
}
