//! The reference of the command line, made from clap's own description of it. `docs/cli.md` is this text.

use clap::{Arg, Command};

/// Exit codes, as documented and tested.
const EXIT_CODES: &str = "\
| code | meaning |
|---|---|
| 0 | done |
| 1 | failed |
| 2 | there are changes (`plan --detailed-exitcode` only) |
| 3 | at least one target failed or is blocked; the report says which |
| 4 | refused: needs a flag or a confirmation; nothing was done |
| 64 | wrong usage |
| 130 | interrupted; the same command goes on where it stopped |
";

/// The reference, in Markdown.
pub fn reference() -> String {
    let mut command = crate::command();
    command.build();
    let mut text = String::from(
        "# The command line\n\nMade from the program itself; `PROVOST_UPDATE=1 script/test` writes it anew.\n\n\
         Data goes to standard output, progress and notes to standard error. A secret is never printed.\n\n\
         With `--json` an error is an object on standard output, `{\"error\": {\"code\", \"chain\", \"hint\", \"diagnostics\"}}`, where `code`\n\
         is the exit code. Data that cannot be written is a failure; a pipe that its reader closed is none.\n\n",
    );
    text.push_str("## Exit codes\n\n");
    text.push_str(EXIT_CODES);
    text.push_str("\n## Flags of every verb\n\n");
    for argument in command.get_arguments().filter(|argument| argument.is_global_set()) {
        text.push_str(&line(argument));
    }
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
        // A noun is there for its verbs.
        let verbs: Vec<_> = verb.get_subcommands().filter(|verb| verb.get_name() != "help").collect();
        for verb in if verbs.is_empty() { vec![verb] } else { verbs } {
            text.push_str(&section(verb));
        }
    }
    text
}

fn section(verb: &Command) -> String {
    let name = verb.get_bin_name().unwrap_or_default();
    let about = verb.get_long_about().or(verb.get_about()).map(ToString::to_string).unwrap_or_default();
    let mut text = format!("\n## {name}\n\n{}\n", about.trim());
    let own: Vec<&Arg> = verb
        .get_arguments()
        .filter(|argument| !argument.is_global_set() && argument.get_id() != "help")
        .collect();
    if !own.is_empty() {
        text.push('\n');
    }
    for argument in own {
        text.push_str(&line(argument));
    }
    text
}

fn line(argument: &Arg) -> String {
    let takes_value = argument.get_action().takes_values();
    let value = || {
        let names = argument.get_value_names().unwrap_or_default();
        names.iter().map(|name| format!(" <{name}>")).collect::<Vec<_>>().concat()
    };
    let mut name = match (argument.get_short(), argument.get_long()) {
        (Some(short), Some(long)) => format!("-{short}, --{long}"),
        (None, Some(long)) => format!("--{long}"),
        _ => format!("<{}>", argument.get_id().as_str().to_uppercase()),
    };
    if takes_value && argument.get_long().is_some() {
        name.push_str(&value());
    }
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let default: Vec<_> = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    let default = if default.is_empty() || !takes_value {
        String::new()
    } else {
        format!(" Default: `{}`.", default.join(" "))
    };
    let full_stop = if help.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("- `{name}`: {help}{full_stop}{default}\n")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_written_reference_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.md");
        let text = super::reference();
        if std::env::var_os("PROVOST_UPDATE").is_some() {
            std::fs::write(path, &text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), text, "run with PROVOST_UPDATE=1");
    }
}
