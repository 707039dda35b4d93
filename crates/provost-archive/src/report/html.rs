//! The report as one HTML page that needs nothing else: no script, no picture, no address.

use std::io::{self, Write};

use provost_engine::registry::{Phase, State};

use super::{Head, Row, duration, size};

const STYLE: &str = "body{font:15px/1.4 system-ui,sans-serif;margin:2rem;color:#1b1b1b;background:#fff}\
table{border-collapse:collapse;margin:1rem 0}th,td{padding:.25rem .6rem;border-bottom:1px solid #ddd;text-align:left;vertical-align:top}\
th{position:sticky;top:0;background:#f3f3f3}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}\
tr.trouble td{background:#fdecea}tr.done td.s{color:#19692c}dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}\
dt{color:#555}dd{margin:0}@media print{th{position:static}}";

/// A report that is being written.
pub struct Html<W>(W);

impl<W: Write> Html<W> {
    /// Begins one: how the session stands, and the head of the table.
    pub fn begin(mut out: W, head: &Head) -> io::Result<Self> {
        let title = text(&format!("Archive session {}", head.name));
        writeln!(
            out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style></head>\n\
             <body>\n<h1>{title}</h1>\n<dl>"
        )?;
        for (name, value) in summary(head) {
            writeln!(out, "<dt>{name}</dt><dd>{}</dd>", text(&value))?;
        }
        writeln!(out, "</dl>")?;
        places(&mut out, head)?;
        writeln!(
            out,
            "<table>\n<thead><tr><th class=\"n\">#</th><th>Course</th><th class=\"n\">Source</th><th class=\"n\">Target</th><th>Place</th>\
             <th>Phase</th><th>State</th><th class=\"n\">Attempts</th><th class=\"n\">Size</th><th class=\"n\">Moved</th>\
             <th class=\"n\">Predicted</th><th class=\"n\">Took</th><th>Receipt</th><th>Error</th></tr></thead>\n<tbody>"
        )?;
        Ok(Self(out))
    }

    /// Adds a unit.
    pub fn row(&mut self, row: &Row) -> io::Result<()> {
        let class = match row.is_trouble() {
            true => "trouble",
            false => row.state.as_str(),
        };
        let id = |id: Option<i64>| id.map_or_else(String::new, |id| id.to_string());
        let bytes = |bytes: i64| size(u64::try_from(bytes).unwrap_or_default());
        let took = if row.real_s > 0.0 { duration(row.real_s) } else { String::new() };
        writeln!(
            self.0,
            "<tr class=\"{}\"><td class=\"n\">{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td><td>{}</td>\
             <td class=\"s\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td><td>{}</td><td>{}</td></tr>",
            text(class),
            row.number,
            text(&row.course),
            id(row.source_id),
            id(row.target_id),
            text(&row.place),
            text(&row.phase),
            text(&row.state),
            row.attempts,
            bytes(row.bytes),
            bytes(row.moved_bytes),
            duration(row.predicted_s),
            took,
            if row.proved { "yes" } else { "" },
            text(row.error.as_deref().unwrap_or_default()),
        )
    }

    /// Ends it.
    pub fn end(mut self) -> io::Result<W> {
        writeln!(self.0, "</tbody>\n</table>\n</body>\n</html>")?;
        self.0.flush()?;
        Ok(self.0)
    }
}

fn summary(head: &Head) -> Vec<(&'static str, String)> {
    let totals = &head.totals;
    let bytes = size(u64::try_from(totals.bytes(|_| true)).unwrap_or_default());
    vec![
        ("From", head.from.clone()),
        ("To", head.to.clone()),
        ("State", head.state.clone()),
        ("Began", head.began.to_string()),
        ("Written", head.written.to_string()),
        ("Done", format!("{:.1} %", totals.percent())),
        ("Courses", format!("{}, {bytes}", totals.units())),
        ("Finished", totals.finished().to_string()),
        ("Archived", totals.archived().to_string()),
        ("Errors", totals.errors().to_string()),
    ]
}

/// How many units are where: a table of phases by states.
fn places(out: &mut impl Write, head: &Head) -> io::Result<()> {
    let count =
        |phase: Phase, state: State| head.totals.count(|place| place.phase == phase && place.state == state);
    let states: Vec<State> =
        State::ALL.into_iter().filter(|state| head.totals.count(|place| place.state == *state) > 0).collect();
    if states.is_empty() {
        return Ok(());
    }
    write!(out, "<table>\n<thead><tr><th>Phase</th>")?;
    for state in &states {
        write!(out, "<th class=\"n\">{state}</th>")?;
    }
    writeln!(out, "</tr></thead>\n<tbody>")?;
    for phase in Phase::ALL {
        write!(out, "<tr><td>{phase}</td>")?;
        for state in &states {
            let count = count(phase, *state);
            let shown = if count == 0 { String::new() } else { count.to_string() };
            write!(out, "<td class=\"n\">{shown}</td>")?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody>\n</table>")
}

/// A text that is nothing but text.
fn text(plain: &str) -> String {
    let mut safe = String::with_capacity(plain.len());
    for letter in plain.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // Not allowed in HTML; an error of a foreign program may hold anything.
            letter if letter.is_control() && letter != '\n' => safe.push('\u{fffd}'),
            letter => safe.push(letter),
        }
    }
    safe
}
