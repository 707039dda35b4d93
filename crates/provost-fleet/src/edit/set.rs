//! Giving a key a value.

use toml::Value;

use super::insert::{insert, paste};
use super::layout::{Entry, Layout, Within};
use super::{Path, Refusal, dotted};

pub(super) fn set(layout: &Layout<'_>, path: &Path, value: &Value) -> Result<String, Refusal> {
    let text = layout.text;
    let written = value.to_string();
    if let Some(entry) = layout.entries.iter().find(|entry| entry.path == *path) {
        return Ok(replaced(text, entry.value.clone(), &written));
    }
    if let Some(header) = layout.headers.iter().find(|header| header.path.starts_with(path)) {
        let message = format!("`{}` is a table of its own", dotted(path));
        return Err(Refusal::new(header.span.clone(), message, "edit it by hand"));
    }
    let Some((last, above)) = path.split_last() else { return Ok(text.to_owned()) };
    // The innermost table on one line that the key is to be in.
    let table = layout.entries.iter().enumerate().rev().find(|(_, entry)| path.starts_with(&entry.path));
    if let Some((number, table)) = table {
        return Ok(into_table(
            layout,
            number,
            table,
            &format!("{} = {written}", dotted(&path[table.path.len()..])),
        ));
    }
    let lines = |within: Within| layout.entries.iter().rev().find(move |entry| entry.within == within);
    let header = layout.headers.iter().position(|header| header.path == above);
    let within = header.map(Within::Header).or_else(|| above.is_empty().then_some(Within::Top));
    if let Some(within) = within {
        let begin = header.map_or(0, |header| layout.line_end(layout.headers[header].span.end));
        let (at, indent) = lines(within).map_or((begin, ""), |entry| after(layout, entry));
        return Ok(paste(layout, at, &format!("{indent}{} = {written}", dotted(std::slice::from_ref(last)))));
    }
    // A table that is there by dotted keys.
    let beside = |entry: &&Entry| entry.path.starts_with(above) && !matches!(entry.within, Within::Table(_));
    let under_header = layout.headers.iter().any(|header| header.path.starts_with(above));
    if let Some(entry) = layout.entries.iter().rev().find(beside).filter(|_| !under_header) {
        let own = &path[layout.path_of(entry.within).len()..];
        let (at, indent) = after(layout, entry);
        return Ok(paste(layout, at, &format!("{indent}{} = {written}", dotted(own))));
    }
    Ok(insert(layout, above, &[(last.clone(), value.clone())]))
}

/// The line after an entry, and how far in it begins.
fn after<'t>(layout: &Layout<'t>, entry: &Entry) -> (usize, &'t str) {
    let indent = &layout.text[layout.line_start(entry.span.start)..entry.span.start];
    (layout.line_end(entry.span.end), indent)
}

fn into_table(layout: &Layout<'_>, number: usize, table: &Entry, written: &str) -> String {
    let inside = |entry: &&Entry| entry.within == Within::Table(number);
    match layout.entries.iter().rev().find(inside) {
        Some(last) => replaced(layout.text, last.span.end..last.span.end, &format!(", {written}")),
        None => replaced(layout.text, table.value.clone(), &format!("{{ {written} }}")),
    }
}

pub(super) fn replaced(text: &str, span: std::ops::Range<usize>, by: &str) -> String {
    format!("{}{by}{}", &text[..span.start], &text[span.end..])
}
