//! Rows that sites gave, as one table or as comma-separated values.

use std::fmt::Write as _;

use comfy_table::{ContentArrangement, Table, presets};
use provost_ops::sql::Rows;

use super::tables::lines;

/// The longest value that a table shows; `--csv` and `--json` have it whole.
const WIDEST: usize = 60;

/// What one site gave.
pub(super) type Of<'a> = (&'a str, &'a Rows);

/// All rows, as a table or as comma-separated values; without the last line's end. Empty where there is nothing to show.
pub(super) fn data(sites: &[Of<'_>], as_csv: bool) -> String {
    let text = if as_csv { csv(sites) } else { table(sites) };
    text.trim_end_matches(['\r', '\n']).to_owned()
}

/// All rows as one table, the site first. Empty where there is no row.
fn table(sites: &[Of<'_>]) -> String {
    let columns = columns(sites);
    if sites.iter().all(|(_, rows)| rows.rows.is_empty()) {
        return String::new();
    }
    let mut table = Table::new();
    let head = ["SITE"].into_iter().chain(columns.iter().copied()).map(shown);
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled).set_header(head);
    each(sites, &columns, |site, values| {
        let values = values.iter().map(|value| match value {
            Cell::Value(text) => shown(text),
            Cell::Null => "NULL".to_owned(),
            Cell::None => "-".to_owned(),
        });
        table.add_row([site.to_owned()].into_iter().chain(values));
    });
    lines(&table)
}

/// All rows as comma-separated values (RFC 4180), the site first; null is an empty field.
fn csv(sites: &[Of<'_>]) -> String {
    let columns = columns(sites);
    let mut text = String::new();
    let mut line = |fields: &mut dyn Iterator<Item = &str>| {
        let fields: Vec<String> = fields.map(field).collect();
        write!(text, "{}\r\n", fields.join(",")).ok();
    };
    line(&mut ["site"].into_iter().chain(columns.iter().copied()));
    each(sites, &columns, |site, values| {
        let values = values.iter().map(|value| match value {
            Cell::Value(text) => *text,
            Cell::Null | Cell::None => "",
        });
        line(&mut [site].into_iter().chain(values));
    });
    text
}

/// Lines as comma-separated values, the site among their fields where `head` says.
pub(super) fn lines_of(head: &[&str], lines: impl Iterator<Item = Vec<String>>) -> String {
    let line = |fields: &mut dyn Iterator<Item = &str>| fields.map(field).collect::<Vec<_>>().join(",");
    let mut all = vec![line(&mut head.iter().copied())];
    all.extend(lines.map(|fields| line(&mut fields.iter().map(String::as_str))));
    all.join("\r\n")
}

/// A place in the table.
enum Cell<'a> {
    Value(&'a str),
    Null,
    /// The site has no such column.
    None,
}

/// Names of all columns, in the order in which they first come. A name that a site has twice is there twice.
fn columns<'a>(sites: &[Of<'a>]) -> Vec<&'a str> {
    let mut all: Vec<&str> = Vec::new();
    for (_, rows) in sites {
        for (at, name) in rows.columns.iter().enumerate() {
            let nth = rows.columns.iter().take(at + 1).filter(|one| *one == name).count();
            if all.iter().filter(|one| *one == name).count() < nth {
                all.push(name);
            }
        }
    }
    all
}

fn each<'a>(sites: &[Of<'a>], columns: &[&str], mut row: impl FnMut(&'a str, &[Cell<'a>])) {
    for (site, rows) in sites {
        let places = places(columns, &rows.columns);
        for values in &rows.rows {
            let cells: Vec<Cell<'_>> = places
                .iter()
                .map(|place| match place.and_then(|at| values.get(at)) {
                    Some(Some(value)) => Cell::Value(value),
                    Some(None) => Cell::Null,
                    None => Cell::None,
                })
                .collect();
            row(site, &cells);
        }
    }
}

/// Where each column of the table is among those of a site.
fn places(columns: &[&str], of_site: &[String]) -> Vec<Option<usize>> {
    let mut taken = vec![false; of_site.len()];
    let mut place = |name: &&str| {
        let free = |(at, own): &(usize, &String)| own == name && taken.get(*at) == Some(&false);
        let at = of_site.iter().enumerate().find(free)?.0;
        if let Some(taken) = taken.get_mut(at) {
            *taken = true;
        }
        Some(at)
    };
    columns.iter().map(&mut place).collect()
}

/// A value as a table shows it: on one line, not too long, and with nothing that moves the cursor.
pub(super) fn shown(text: impl AsRef<str>) -> String {
    let text = super::plain(text.as_ref());
    match text.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(&text)),
        None => text,
    }
}

fn field(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_one_name_keep_their_places() {
        let own: Vec<String> = ["id", "id", "name"].map(str::to_owned).into();
        assert_eq!(places(&["id", "id", "name", "more"], &own), [Some(0), Some(1), Some(2), None]);
    }

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        assert_eq!(field("a\"b,c"), "\"a\"\"b,c\"");
        assert_eq!(field("plain"), "plain");
        assert_eq!(shown("a\u{1b}[31m\nb"), "a\\u{1b}[31m\\nb");
    }
}
