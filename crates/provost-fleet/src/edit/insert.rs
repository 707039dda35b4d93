//! Writing tables with headers.

use toml::{Table, Value};

use super::layout::{Header, Layout, Within};
use super::{dotted, key};

/// Writes a table, after those under the same name.
pub(super) fn insert(layout: &Layout<'_>, path: &[String], keys: &[(String, Value)]) -> String {
    let at = place(layout, path);
    paste_block(layout, at, &written(path, keys, layout.line_ending(at)))
}

/// Writes tables of one kind, one after the other, after those under the same name.
pub(super) fn insert_all<'a>(
    layout: &Layout<'_>,
    tables: impl Iterator<Item = &'a (Vec<String>, Vec<(String, Value)>)>,
) -> String {
    let mut at = None;
    let blocks: Vec<String> = tables
        .map(|(path, keys)| {
            let at = *at.get_or_insert_with(|| place(layout, path));
            written(path, keys, layout.line_ending(at))
        })
        .collect();
    match at {
        Some(at) => paste_block(layout, at, &blocks.join(&layout.line_ending(at).repeat(2))),
        None => layout.text.to_owned(),
    }
}

fn written(path: &[String], keys: &[(String, Value)], ending: &str) -> String {
    let lines = keys.iter().map(|(name, value)| format!("{ending}{} = {value}", key(name)));
    format!("[{}]{}", dotted(path), lines.collect::<String>())
}

/// Writes down what a table means: a header for it and for each table of tables in it, all else on its line.
pub(super) fn plain(layout: &Layout<'_>, path: &[String], table: &Table) -> String {
    let is_own = |value: &Value| value.as_table().is_some_and(|table| table.values().any(Value::is_table));
    let (own, keys): (Vec<_>, Vec<_>) = table.clone().into_iter().partition(|(_, value)| is_own(value));
    let at = place(layout, path);
    let ending = layout.line_ending(at);
    let mut blocks = vec![written(path, &keys, ending)];
    for (name, value) in own {
        let path: Vec<String> = path.iter().cloned().chain([name]).collect();
        let keys: Vec<_> = value.as_table().cloned().unwrap_or_default().into_iter().collect();
        blocks.push(written(&path, &keys, ending));
    }
    paste_block(layout, at, &blocks.join(&ending.repeat(2)))
}

/// Writes the lines of a table once more, with another name. `None` where they are not all under headers of its own, or where
/// the two are not under one name.
pub(super) fn copy(layout: &Layout<'_>, from: &[String], to: &[String]) -> Option<String> {
    let (name, above) = to.split_last()?;
    let here = |header: &Header| header.path.starts_with(from);
    let elsewhere = layout.entries.iter().any(|entry| match entry.within {
        Within::Header(number) => entry.path.starts_with(from) && !here(&layout.headers[number]),
        Within::Top => entry.path.starts_with(from),
        Within::Table(_) => false,
    });
    if elsewhere || from.len() != to.len() || !from.starts_with(above) {
        return None;
    }
    let (mut text, mut before) = (String::new(), None);
    for (number, header) in layout.headers.iter().enumerate().filter(|(_, header)| here(header)) {
        let line = layout.line_start(header.span.start);
        match before {
            None => {}
            // What is between two neighbours goes with them.
            Some(before) if before + 1 == number => {
                text.push_str(&layout.text[layout.block_end(before)..line]);
            }
            Some(_) => {
                text.push_str(layout.line_ending(line));
                text.push_str(&layout.text[layout.above(number)..line]);
            }
        }
        let old = header.names.get(from.len() - 1)?;
        text.push_str(&layout.text[line..old.start]);
        text.push_str(&key(name));
        text.push_str(&layout.text[old.end..layout.block_end(number)]);
        if !text.ends_with('\n') {
            text.push_str(layout.line_ending(line));
        }
        before = Some(number);
    }
    before?;
    Some(paste_block(layout, place(layout, to), text.trim_end_matches(['\r', '\n'])))
}

/// Where a table belongs: after the last one under the same name, or at the end.
fn place(layout: &Layout<'_>, path: &[String]) -> usize {
    let above = path.split_last().map_or(&[][..], |(_, above)| above);
    let beside = |header: &Header| !above.is_empty() && header.path.starts_with(above);
    match layout.headers.iter().rposition(beside) {
        Some(header) => layout.block_end(header),
        None => layout.line_end(layout.text.trim_end().len()),
    }
}

/// Puts the lines of a table where a line begins, set apart by empty lines.
fn paste_block(layout: &Layout<'_>, at: usize, lines: &str) -> String {
    let (before, after) = layout.text.split_at(at);
    let ending = layout.line_ending(at);
    let apart = |apart: bool| if apart { ending } else { "" };
    let next_is_empty = after.lines().next().is_none_or(|line| line.trim().is_empty());
    paste(layout, at, &format!("{}{lines}{}", apart(!before.trim().is_empty()), apart(!next_is_empty)))
}

/// Puts lines, of which the last has no end yet, where a line begins. A file without an end of its last line still has none.
pub(super) fn paste(layout: &Layout<'_>, at: usize, lines: &str) -> String {
    let (before, after) = layout.text.split_at(at);
    let ending = layout.line_ending(at);
    if before.is_empty() || before.ends_with('\n') {
        format!("{before}{lines}{ending}{after}")
    } else {
        format!("{before}{ending}{lines}{after}")
    }
}
