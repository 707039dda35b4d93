//! The report as CSV (RFC 4180): one line per unit, figures as plain numbers.

use std::io::{self, Write};

use super::Row;

const COLUMNS: [&str; 14] = [
    "number",
    "course",
    "source_id",
    "target_id",
    "place",
    "phase",
    "state",
    "attempts",
    "bytes",
    "moved_bytes",
    "predicted_s",
    "real_s",
    "proved",
    "error",
];

/// A report that is being written.
pub struct Csv<W>(W);

impl<W: Write> Csv<W> {
    /// Begins one.
    pub fn begin(mut out: W) -> io::Result<Self> {
        write!(out, "{}\r\n", COLUMNS.join(","))?;
        Ok(Self(out))
    }

    /// Adds a unit.
    pub fn row(&mut self, row: &Row) -> io::Result<()> {
        let id = |id: Option<i64>| id.map_or_else(String::new, |id| id.to_string());
        let cells = [
            row.number.to_string(),
            cell(&row.course),
            id(row.source_id),
            id(row.target_id),
            cell(&row.place),
            cell(&row.phase),
            cell(&row.state),
            row.attempts.to_string(),
            row.bytes.to_string(),
            row.moved_bytes.to_string(),
            seconds(row.predicted_s),
            seconds(row.real_s),
            if row.proved { "yes" } else { "no" }.to_owned(),
            cell(row.error.as_deref().unwrap_or_default()),
        ];
        write!(self.0, "{}\r\n", cells.join(","))
    }

    /// Ends it.
    pub fn end(mut self) -> io::Result<W> {
        self.0.flush()?;
        Ok(self.0)
    }
}

/// A text as a cell. One that a spreadsheet would take for a formula gets an apostrophe: names of courses are their teachers' to choose.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    match text.contains([',', ';', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

/// Nothing where it is not known.
fn seconds(value: f64) -> String {
    if value.is_finite() { format!("{value:.1}") } else { String::new() }
}
