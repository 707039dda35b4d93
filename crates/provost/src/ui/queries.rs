//! What sites answered to a statement, as a table or as comma-separated values.

use std::fmt::Write as _;

use comfy_table::{ContentArrangement, Table, presets};
use provost_ops::sql::{Asked, SavedQueries};

use super::tables::{lines, table};

/// The longest value that a table shows; `--csv` and `--json` have it whole.
const WIDEST: usize = 60;

/// How many sites are named with a cause; the journal names all.
const NAMED: usize = 8;

/// All rows as one table, the site first. Empty where there is no row.
pub(crate) fn rows(asked: &Asked) -> String {
    let columns = columns(asked);
    if columns.is_empty() {
        return String::new();
    }
    let mut table = Table::new();
    let head = ["SITE"].into_iter().chain(columns.iter().copied()).map(shown);
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled).set_header(head);
    each(asked, &columns, |site, values| {
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
pub(crate) fn csv(asked: &Asked) -> String {
    let columns = columns(asked);
    let mut text = String::new();
    let mut line = |fields: &mut dyn Iterator<Item = &str>| {
        let fields: Vec<String> = fields.map(field).collect();
        write!(text, "{}\r\n", fields.join(",")).ok();
    };
    line(&mut ["site"].into_iter().chain(columns.iter().copied()));
    each(asked, &columns, |site, values| {
        let values = values.iter().map(|value| match value {
            Cell::Value(text) => *text,
            Cell::Null | Cell::None => "",
        });
        line(&mut [site].into_iter().chain(values));
    });
    text
}

/// How many rows came, and what failed by cause.
pub(crate) fn summary(asked: &Asked) -> String {
    let answers = || asked.sites.iter().filter_map(|site| site.done.as_ref().map(|rows| (site, rows)));
    let count: usize = answers().map(|(_, rows)| rows.rows.len()).sum();
    let mut text = format!("{} of {}", counted(count, "row"), counted(answers().count(), "site"));
    let failed = asked.sites.len() - answers().count();
    if failed > 0 {
        write!(text, "; {} failed", counted(failed, "site")).ok();
    }
    let cut: Vec<&str> = answers().filter(|(_, rows)| rows.cut).map(|(site, _)| site.site.as_str()).collect();
    if !cut.is_empty() {
        write!(text, "\nmore rows than were taken: {}; `--most-rows` takes more", named(&cut)).ok();
    }
    for cause in &asked.causes {
        let sites: Vec<&str> = cause.sites.iter().map(String::as_str).collect();
        write!(text, "\n✗ {}: {}", named(&sites), super::plain(&cause.error)).ok();
        if let Some(hint) = &cause.hint {
            write!(text, "\n    hint: {hint}").ok();
        }
    }
    if failed > 0 {
        write!(text, "\n`provost retry {}` asks only these again", asked.operation).ok();
    }
    text
}

/// The queries that are kept with the fleet.
pub(crate) fn saved(saved: &SavedQueries) -> String {
    if saved.queries.is_empty() {
        return "No query is kept with the fleet: write one into `queries/NAME.sql` beside the fleet file."
            .to_owned();
    }
    let mut rows = table(["QUERY", "PARAMETERS", "ABOUT"]);
    for query in &saved.queries {
        let about = query.fault.as_ref().map_or_else(|| query.about.clone(), |fault| format!("✗ {fault}"));
        rows.add_row([&shown(&query.name), &query.parameters.join(" "), &shown(&about)]);
    }
    lines(&rows).trim_end().to_owned()
}

/// A place in the table.
enum Cell<'a> {
    Value(&'a str),
    Null,
    /// The site has no such column.
    None,
}

/// Names of all columns, in the order in which they first come. A name that a site has twice is there twice.
fn columns(asked: &Asked) -> Vec<&str> {
    let mut all: Vec<&str> = Vec::new();
    for rows in asked.sites.iter().filter_map(|site| site.done.as_ref()) {
        for (at, name) in rows.columns.iter().enumerate() {
            let nth = rows.columns.iter().take(at + 1).filter(|one| *one == name).count();
            if all.iter().filter(|one| *one == name).count() < nth {
                all.push(name);
            }
        }
    }
    all
}

fn each<'a>(asked: &'a Asked, columns: &[&str], mut row: impl FnMut(&'a str, &[Cell<'a>])) {
    for (site, rows) in asked.sites.iter().filter_map(|site| site.done.as_ref().map(|rows| (site, rows))) {
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
            row(&site.site, &cells);
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

fn named(sites: &[&str]) -> String {
    let first: Vec<&str> = sites.iter().take(NAMED).copied().collect();
    match sites.len().saturating_sub(NAMED) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// A value as a table shows it: on one line, not too long, and with nothing that moves the cursor.
fn shown(text: impl AsRef<str>) -> String {
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
