//! The journal, as tables.

use provost_ops::journal::{Journal, Line, Story};

use super::plain;
use super::tables::{lines, table};

/// How much of what was asked for stands in a line of the list.
const WIDEST: usize = 60;

/// Operations, newest first.
pub(crate) fn list(journal: &Journal) -> String {
    if journal.operations.is_empty() {
        return "Nothing was done yet.".to_owned();
    }
    let mut rows = table(["OPERATION", "WHEN", "WHO", "WHAT", "STATE", "DONE", ""]);
    for line in &journal.operations {
        let operation = &line.entry.operation;
        rows.add_row([
            operation.id.0.to_string(),
            when(&operation.created_at),
            operation.actor.clone(),
            operation.machine.clone(),
            line.stands.to_owned(),
            done(line),
            short(&plain(&line.what)),
        ]);
    }
    lines(&rows).trim_end().to_owned()
}

/// One operation with what became of each of its targets.
pub(crate) fn story(story: &Story) -> String {
    let operation = &story.line.entry.operation;
    let mut text = format!(
        "Operation {}: {} by {}, {}; {}, {} done.\n",
        operation.id.0,
        operation.machine,
        operation.actor,
        when(&operation.created_at),
        story.line.stands,
        done(&story.line)
    );
    if !story.line.what.is_empty() {
        text.push_str(&format!("  {}\n", plain(&story.line.what)));
    }
    let mut rows = table(["TARGET", "STATE", "WHEN", ""]);
    for unit in &story.targets {
        let said = unit.said.lines().next().unwrap_or_default();
        let at = unit.at.as_deref().map_or_else(|| "-".to_owned(), when);
        rows.add_row([unit.subject.clone(), unit.state.clone(), at, plain(said)]);
    }
    if !story.targets.is_empty() {
        text.push('\n');
        text.push_str(&lines(&rows));
    }
    if story.left_out > 0 {
        text.push_str(&format!("and {} more", story.left_out));
    }
    text.trim_end().to_owned()
}

fn done(line: &Line) -> String {
    let done = line.entry.in_state(provost_ops::journal::DONE);
    format!("{done} of {}", line.entry.count())
}

/// A time without its fraction of a second.
fn when(at: &str) -> String {
    at.split_once('.').map_or_else(|| at.to_owned(), |(whole, _)| format!("{whole}Z"))
}

fn short(text: &str) -> String {
    match text.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}
