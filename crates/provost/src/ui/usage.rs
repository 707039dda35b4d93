//! What clap has to say: help, the version, and wrong usage.

use std::process::ExitCode;

use provost_ops::error::Exit;

use super::{errors, output};

/// Prints it and returns the exit code. Help is data, and wrong usage an error.
pub(crate) fn show(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let exit = match output::attempt(|| error.print()) {
            Ok(()) => Exit::Done,
            Err(told) => {
                errors::to_stderr(&told);
                Exit::Failed
            }
        };
        return ExitCode::from(exit.code());
    }
    // Nobody is left to be told that standard error cannot be written to.
    error.print().ok();
    // clap's own 2 means "there are changes" here.
    ExitCode::from(Exit::Usage.code())
}
