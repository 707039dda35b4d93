//! What sites answered to a statement, as a table or as comma-separated values.

use std::fmt::Write as _;

use provost_ops::fanout::Cause;
use provost_ops::sql::{Asked, SavedQueries};

use super::rows::{self, Of, shown};
use super::tables::{lines, table};

/// How many sites are named with a cause; the journal names all.
const NAMED: usize = 8;

/// All rows, as a table or as comma-separated values; without the last line's end. Empty where there is nothing to show.
pub(crate) fn data(asked: &Asked, csv: bool) -> String {
    let sites: Vec<Of<'_>> =
        asked.sites.iter().filter_map(|site| Some((site.site.as_str(), site.done.as_ref()?))).collect();
    rows::data(&sites, csv)
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
    text.push_str(&causes(&asked.causes));
    if failed > 0 {
        write!(text, "\n`provost retry {}` asks only these again", asked.operation).ok();
    }
    text
}

/// Failures by cause, each on lines of its own.
pub(super) fn causes(causes: &[Cause]) -> String {
    let mut text = String::new();
    for cause in causes {
        let sites: Vec<&str> = cause.sites.iter().map(String::as_str).collect();
        write!(text, "\n✗ {}: {}", named(&sites), super::plain(&cause.error)).ok();
        if let Some(hint) = &cause.hint {
            write!(text, "\n    hint: {hint}").ok();
        }
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

pub(super) fn named(sites: &[&str]) -> String {
    let first: Vec<&str> = sites.iter().take(NAMED).copied().collect();
    match sites.len().saturating_sub(NAMED) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

pub(super) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
