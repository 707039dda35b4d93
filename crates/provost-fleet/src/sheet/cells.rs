//! Lines and cells of a CSV text, with their places. `,` or `;` between cells; `"` around what holds one.

use crate::diagnostic::{Diagnostic, Sink, Span};

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    /// Without quotes and the blanks around.
    pub(crate) text: String,
    pub(crate) span: Span,
}

/// A line that is neither empty nor a comment; a quoted cell may make it several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// The number of its first line, from 1.
    pub(crate) line: usize,
    pub(crate) span: Span,
    pub(crate) cells: Vec<Cell>,
}

/// Cuts a text into records.
pub(crate) fn records(text: &str, sink: &Sink) -> Vec<Record> {
    let start = text.len() - text.strip_prefix('\u{feff}').unwrap_or(text).len();
    let separator = separator(&text[start..]);
    let (mut at, mut records) = (start, Vec::new());
    while at < text.len() {
        let line_end = text[at..].find('\n').map_or(text.len(), |end| at + end + 1);
        let line = text[at..line_end].trim();
        if line.is_empty() || line.starts_with('#') {
            at = line_end;
            continue;
        }
        let begin = at;
        // Behind a quotation that is not closed nothing is known: what it swallowed is not told of as well.
        let Some(cells) = cells(text, &mut at, separator, sink) else { break };
        let line = text[..begin].matches('\n').count() + 1;
        let end = begin + text[begin..at].trim_end().len();
        records.push(Record { line, span: begin..end, cells });
    }
    records
}

/// What stands between the names of the columns.
fn separator(text: &str) -> char {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let head = lines.next().unwrap_or_default();
    if head.matches(';').count() > head.matches(',').count() { ';' } else { ',' }
}

/// The cells of one record; `at` moves to the line after it.
fn cells(text: &str, at: &mut usize, separator: char, sink: &Sink) -> Option<Vec<Cell>> {
    let mut cells = Vec::new();
    loop {
        cells.push(cell(text, at, separator, sink)?);
        match text[*at..].chars().next() {
            Some(c) if c == separator => *at += c.len_utf8(),
            Some(c) => {
                *at += c.len_utf8();
                return Some(cells);
            }
            None => return Some(cells),
        }
    }
}

/// One cell, or none where its quotation is not closed; `at` moves to the separator or the line's end behind it.
fn cell(text: &str, at: &mut usize, separator: char, sink: &Sink) -> Option<Cell> {
    let ends = |c: char| c == separator || c == '\n';
    let blank = |c: char| c.is_whitespace() && c != '\n' && c != separator;
    let rest = &text[*at..];
    let begin = *at + (rest.len() - rest.trim_start_matches(blank).len());
    if !text[begin..].starts_with('"') {
        let end = text[begin..].find(ends).map_or(text.len(), |end| begin + end);
        *at = end;
        let inner = text[begin..end].trim_end();
        return Some(Cell { text: inner.to_owned(), span: begin..begin + inner.len() });
    }
    let (mut value, mut inside) = (String::new(), begin + 1);
    let closed = loop {
        let Some(quote) = text[inside..].find('"') else {
            value.push_str(&text[inside..]);
            break text.len();
        };
        value.push_str(&text[inside..inside + quote]);
        inside += quote + 1;
        if !text[inside..].starts_with('"') {
            break inside;
        }
        value.push('"');
        inside += 1;
    };
    let open = closed == text.len() && !(text.len() > begin + 1 && text.ends_with('"'));
    if open {
        let fault = Diagnostic::error(begin..begin + 1, "this quotation is not closed");
        sink.push(fault.hint("add a `\"` where the cell ends; within one, write it twice"));
        return None;
    }
    let end = text[closed..].find(ends).map_or(text.len(), |end| closed + end);
    if !text[closed..end].trim().is_empty() {
        let fault = Diagnostic::error(closed..end, "something stands behind the quotation");
        sink.push(fault.hint("within a cell, write `\"` twice"));
    }
    *at = end;
    Some(Cell { text: value.trim().to_owned(), span: begin..closed })
}
