//! What clap has to say: help, the version, and wrong usage.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::process::ExitCode;

use provost_ops::error::Exit;

use super::tame::tame;
use super::{errors, output};

/// Prints it and returns the exit code. Help is data, and wrong usage an error: for programs on standard output too, as all others.
pub(crate) fn show(error: &clap::Error, arguments: impl Iterator<Item = OsString>) -> ExitCode {
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
    let told = match std::io::stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty())
    {
        true => tame(&error.render().ansi().to_string(), true).into_owned(),
        false => tame(&error.render().to_string(), false).into_owned(),
    };
    errors::to_stderr(told.trim_end());
    // clap gives no arguments along with an error, so the flag is looked for by its name.
    if arguments.take_while(|argument| argument != "--").any(|argument| argument == "--json") {
        let (what, hint) = in_short(&error.to_string());
        errors::to_stdout(&errors::as_json(Exit::Usage, &[what], hint.as_deref(), None));
    }
    // clap's own 2 means "there are changes" here.
    ExitCode::from(Exit::Usage.code())
}

/// What is wrong, and the hint, out of clap's text: `error: WHAT`, then `tip: …`, the usage, and where to read more.
fn in_short(text: &str) -> (String, Option<String>) {
    let mut paragraphs = text.split("\n\n");
    let what = paragraphs.next().unwrap_or_default();
    let what: Vec<&str> = what.strip_prefix("error: ").unwrap_or(what).lines().map(str::trim).collect();
    let after = |begin| text.lines().find_map(|line| line.trim_start().strip_prefix(begin));
    let hint = after("tip: ").or_else(|| after("For more information, "));
    (what.join(" "), hint.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::in_short;

    fn told(arguments: &str) -> String {
        let wrong = crate::command().try_get_matches_from(arguments.split(' ')).unwrap_err();
        let (what, hint) = in_short(&wrong.to_string());
        format!("{what} ({})", hint.unwrap_or_default())
    }

    #[test]
    fn wrong_usage_is_told_in_a_line_with_a_hint() {
        insta::assert_snapshot!(told("provost plan --nope"), @"unexpected argument '--nope' found (try '--help'.)");
        insta::assert_snapshot!(told("provost aply"), @"unrecognized subcommand 'aply' (a similar subcommand exists: 'apply')");
        insta::assert_snapshot!(told("provost --color red plan"), @"invalid value 'red' for '--color <WHEN>' [possible values: auto, always, never] (try '--help'.)");
        insta::assert_snapshot!(told("provost completions"), @"the following required arguments were not provided: <SHELL> (try '--help'.)");
    }
}
