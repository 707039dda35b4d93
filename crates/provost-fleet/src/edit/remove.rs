//! Taking a key or a table out.

use super::Path;
use super::layout::{Entry, Layout, Within};
use super::set::replaced;
use crate::diagnostic::Span;

/// A table may be there in many places: each is taken out, until none is left.
pub(super) fn remove(text: &str, path: &Path) -> String {
    let mut text = text.to_owned();
    loop {
        let layout = Layout::of(&text);
        let Some(span) = first(&layout, path) else { return text };
        text = replaced(&text, span, "");
    }
}

fn first(layout: &Layout<'_>, path: &Path) -> Option<Span> {
    if let Some(header) = layout.headers.iter().position(|header| header.path.starts_with(path)) {
        return Some(block(layout, header));
    }
    let number = layout.entries.iter().position(|entry| entry.path.starts_with(path))?;
    let entry = &layout.entries[number];
    Some(match entry.within {
        Within::Table(table) => part(layout, table, entry),
        Within::Top | Within::Header(_) => {
            layout.line_start(entry.span.start)..layout.line_end(entry.span.end)
        }
    })
}

/// A header with what is under it, and the empty lines that set it apart.
fn block(layout: &Layout<'_>, header: usize) -> Span {
    let text = layout.text;
    let (mut begin, mut end) =
        (layout.line_start(layout.headers[header].span.start), layout.block_end(header));
    while end < text.len() && text[end..layout.line_end(end)].trim().is_empty() {
        end = layout.line_end(end);
    }
    if end == text.len() {
        while begin > 0 && text[layout.line_start(begin - 1)..begin].trim().is_empty() {
            begin = layout.line_start(begin - 1);
        }
    }
    begin..end
}

/// A key of a table on one line, with the comma that goes with it.
fn part(layout: &Layout<'_>, table: usize, entry: &Entry) -> Span {
    let mut beside = layout.entries.iter().filter(|other| other.within == Within::Table(table));
    let before = beside.clone().take_while(|other| other.span != entry.span).last();
    let after = beside.find(|other| other.span.start > entry.span.start);
    match (before, after) {
        (_, Some(after)) => entry.span.start..after.span.start,
        (Some(before), None) => before.span.end..entry.span.end,
        (None, None) => {
            let value = &layout.entries[table].value;
            value.start + 1..value.end - 1
        }
    }
}
