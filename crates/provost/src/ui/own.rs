//! Commands of the fleet's own, as text.

use std::fmt::Write as _;

use provost_ops::own::{Own, OwnCommands};

use super::plain;
use super::tables::{lines, table};

/// All of them.
pub(crate) fn list(all: &OwnCommands) -> String {
    let mut rows = table(["COMMAND", "FROM", "WRITES", "PARAMETERS", "ABOUT"]);
    for own in &all.commands {
        let names: Vec<&str> = own.header.parameters.iter().map(|one| one.name.as_str()).collect();
        let writes = if own.header.writes { "yes" } else { "no" };
        let from = if own.built_in { "provost" } else { "fleet" };
        rows.add_row([&plain(&own.name), from, writes, &names.join(" "), &plain(&own.header.about)]);
    }
    lines(&rows).trim_end().to_owned()
}

/// One of them.
pub(crate) fn help(own: &Own) -> String {
    let header = &own.header;
    let mut text = plain(&header.about);
    for line in &header.more {
        write!(text, "\n{}", plain(line)).ok();
    }
    let sites = if header.writes { "--sites SELECTION" } else { "[--sites SELECTION]" };
    write!(text, "\n\nUsage: provost run {} [-p NAME=VALUE]… {sites}", plain(&own.name)).ok();
    if header.writes {
        text.push_str("\n\nIt changes something.");
    }
    if !header.parameters.is_empty() {
        let mut rows = table(["PARAMETER", "TAKES", "OTHERWISE", "ABOUT"]);
        for one in &header.parameters {
            let default = one.default.clone().unwrap_or_else(|| "(must be said)".to_owned());
            rows.add_row([one.name.clone(), one.takes(), default, plain(&one.about)]);
        }
        write!(text, "\n\n{}", lines(&rows).trim_end()).ok();
    }
    text
}
