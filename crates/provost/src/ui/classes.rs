//! Classes of sites with equal values, as text.

use std::fmt::Write as _;

use comfy_table::Table;
use provost_admin::compare::{Class, Compared, Difference, Key, Value};
use provost_ops::fanout::Cause;

use super::rows::lines_of;
use super::tables::{lines, table};
use super::{Ui, plain};

/// The longest value that is shown; `--json` has it whole.
const WIDEST: usize = 60;

/// How many sites of a class are named; `--json` names all.
const NAMED: usize = 12;

/// What is compared.
pub(super) struct Words {
    /// `setting`.
    pub(super) one: &'static str,
    /// Heads of the columns that name it.
    pub(super) head: &'static [&'static str],
    /// What stands in these columns.
    pub(super) cells: fn(&Key) -> Vec<String>,
}

/// Classes of sites, and where they differ from the first; without the last line's end.
pub(super) fn shown(compared: &Compared, words: &Words) -> String {
    let mut text = String::new();
    let Some((first, others)) = compared.classes.split_first() else {
        return "No site could be read.".to_owned();
    };
    let equal = if first.sites.len() == 1 { "compared with" } else { "are equal" };
    writeln!(text, "{} {equal}: {}", counted(first.sites.len(), "site"), named(&first.sites)).ok();
    for class in others {
        let verb = if class.sites.len() == 1 { "differs" } else { "differ" };
        let count = counted(class.differences.len(), words.one);
        let sites = counted(class.sites.len(), "site");
        writeln!(text, "\n{sites} {verb} in {count}: {}", named(&class.sites)).ok();
        text.push_str(&lines(&differences(class, words)));
    }
    write!(text, "\n{} compared", counted(compared.keys, words.one)).ok();
    text
}

/// The same as comma-separated values: a line for each site and difference.
pub(super) fn csv(compared: &Compared, words: &Words) -> String {
    let head = words.head.iter().map(|head| head.to_ascii_lowercase()).collect::<Vec<_>>();
    let head: Vec<&str> =
        ["site"].into_iter().chain(head.iter().map(String::as_str)).chain(["there", "here"]).collect();
    let value = |one: &Difference, there: bool| match if there { &one.there } else { &one.here } {
        _ if one.secret => told(one, there),
        Some(value) => value.text().to_string(),
        None => String::new(),
    };
    let each = compared.classes.iter().skip(1).flat_map(|class| {
        class.sites.iter().flat_map(move |site| {
            class.differences.iter().map(move |one| {
                let own = vec![value(one, true), value(one, false)];
                [vec![site.clone()], (words.cells)(&one.key), own].concat()
            })
        })
    });
    lines_of(&head, each)
}

fn differences(class: &Class, words: &Words) -> Table {
    let mut rows = table::<0>([]);
    let head = words.head.iter().copied().chain(["THERE", "HERE"]);
    rows.set_header(indented(head.map(str::to_owned).collect()));
    for one in &class.differences {
        let cells = (words.cells)(&one.key).iter().map(|cell| plain(cell)).collect::<Vec<_>>();
        rows.add_row(indented([cells, vec![told(one, true), told(one, false)]].concat()));
    }
    rows
}

pub(super) fn indented(mut row: Vec<String>) -> Vec<String> {
    if let Some(first) = row.first_mut() {
        first.insert_str(0, "  ");
    }
    row
}

/// What could not be read, beside the data.
pub(crate) fn causes(ui: &Ui, causes: &[Cause]) {
    for cause in causes {
        ui.line(&format!("✗ {}: {}", cause.sites.join(", "), plain(&cause.error)));
        if let Some(hint) = &cause.hint {
            ui.line(&format!("    hint: {hint}"));
        }
    }
}

fn told(one: &Difference, there: bool) -> String {
    match (one.secret, if there { &one.there } else { &one.here }) {
        (true, _) if there => "(secret)".to_owned(),
        (true, _) => "(different)".to_owned(),
        (false, None) => "absent".to_owned(),
        (false, Some(Value::Set(value))) if value.is_empty() => "\"\"".to_owned(),
        (false, Some(Value::Set(value))) => short(value),
        (false, Some(Value::Forced(value))) => format!("{} (forced)", short(value)),
    }
}

/// Names of sites, not too many.
pub(super) fn named(sites: &[String]) -> String {
    let first = sites.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match sites.len().saturating_sub(NAMED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

pub(super) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// A value on one line, not too long.
pub(super) fn short(text: &str) -> String {
    let text = plain(text);
    match text.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(&text)),
        None => text,
    }
}
