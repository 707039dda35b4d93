//! The command line of Provost: flags in, one call to `provost_ops`, a report out. The only crate that prints, and the only
//! one that reads the environment.

mod arguments;
mod commands;
mod process_environment;
mod reference;
mod ui;

pub use arguments::command;
pub use reference::reference;

use std::process::ExitCode;

/// Runs the program with the arguments of this process.
pub fn main() -> ExitCode {
    let arguments = match arguments::parse() {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return ui::errors::plain(arguments.global.json, &format!("cannot start: {error}"));
        }
    };
    runtime.block_on(async {
        let code = commands::run(arguments).await;
        provost_ops::session::all_have_left().await;
        code
    })
}
