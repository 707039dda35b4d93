//! The one place that prints an error: what failed, the whole chain of causes once, and the next step.

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

use provost_ops::OpsError;
use provost_ops::error::Exit;
use serde_json::{Value, json};

use super::tame::tame;
use super::{Ui, output};

/// Prints an error and says what it means for the exit code.
pub(crate) fn show(ui: &Ui, error: &OpsError) -> Exit {
    if ui.wants_json() {
        ui.json(&told_as_json(error));
    } else if let OpsError::Invalid(diagnostics) = error {
        ui.line(diagnostics.render(ui.colour_of_lines()).trim_end());
    } else {
        ui.line(&told(error));
    }
    error.exit()
}

/// An error before there is anything else.
pub(crate) fn plain(wants_json: bool, text: &str) -> ExitCode {
    if wants_json {
        to_stdout(&as_json(Exit::Failed, &[text.to_owned()], None, None));
    } else {
        to_stderr(&tame(&format!("error: {text}"), false));
    }
    ExitCode::from(Exit::Failed.code())
}

pub(super) fn to_stderr(text: &str) {
    // Nobody is left to be told that standard error cannot be written to.
    writeln!(std::io::stderr(), "{text}").ok();
}

pub(super) fn to_stdout(told: &Value) {
    if let Err(failed) = output::write(&format!("{told:#}\n")) {
        to_stderr(&failed);
    }
}

/// An error as programs read it.
pub(super) fn as_json(
    exit: Exit,
    chain: &[String],
    hint: Option<&str>,
    diagnostics: Option<&Value>,
) -> Value {
    json!({ "error": { "code": exit.code(), "chain": chain, "hint": hint, "diagnostics": diagnostics } })
}

fn chain(error: &dyn Error) -> Vec<String> {
    let mut all = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(one) = cause {
        let text = one.to_string();
        // Transparent errors say what their source says, and those of drivers end with it.
        if all.last().is_none_or(|last| !last.ends_with(&text)) {
            all.push(text);
        }
        cause = one.source();
    }
    all
}

fn told(error: &OpsError) -> String {
    let mut text = String::new();
    for (depth, line) in chain(error).iter().enumerate() {
        if depth > 0 {
            text.push('\n');
        }
        let before = if depth == 0 { "error: " } else { "  because: " };
        text.push_str(before);
        text.push_str(line);
    }
    if let Some(hint) = error.hint() {
        text.push_str("\n  hint: ");
        text.push_str(&hint);
    }
    text
}

fn told_as_json(error: &OpsError) -> Value {
    let diagnostics = match error {
        OpsError::Invalid(diagnostics) => Some(diagnostics.to_json()),
        _ => None,
    };
    as_json(error.exit(), &chain(error), error.hint().as_deref(), diagnostics.as_ref())
}
