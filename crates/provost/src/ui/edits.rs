//! Rows that a statement changes, as text.

use std::fmt::Write as _;

use provost_ops::sql::Rows;
use provost_ops::sql::write::{Outcome, Undone, Written};

use super::queries::{causes, counted};
use super::rows::{self, Of};
use super::tables::{lines, table};

/// How many rows of a site are shown; `--json` has all.
const SHOWN: usize = 10;

/// The rows that are touched, the first ones of each site.
pub(crate) fn rows(written: &Written) -> String {
    let touched =
        written.sites.iter().filter_map(|site| Some((site.site.as_str(), &site.done.as_ref()?.rows)));
    let first: Vec<(&str, Rows, usize)> = touched
        .map(|(site, rows)| {
            let mut rows = rows.clone();
            let more = rows.rows.len().saturating_sub(SHOWN);
            rows.rows.truncate(SHOWN);
            (site, rows, more)
        })
        .collect();
    let shown: Vec<Of<'_>> = first.iter().map(|(site, rows, _)| (*site, rows)).collect();
    let mut text = rows::data(&shown, false);
    for (site, _, more) in first.iter().filter(|(_, _, more)| *more > 0) {
        write!(text, "\n{site}: and {}", counted(*more, "more row")).ok();
    }
    text
}

/// How many rows, of how many sites; and what failed by cause.
pub(crate) fn summary(written: &Written) -> String {
    let (rows, sites) = written.count();
    let what = format!("{} of {}", counted(rows, "row"), counted(sites, "site"));
    let failed = written.sites.iter().filter(|site| site.error.is_some()).count();
    let mut text = match written.outcome {
        _ if rows == 0 => "No rows are touched".to_owned(),
        Outcome::Planned => format!("{what} would be touched"),
        Outcome::Refused => format!("{what}: nothing was done; `--yes` answers where nobody can be asked"),
        Outcome::Done => format!("{what} changed"),
    };
    if failed > 0 {
        write!(text, "; {} failed", counted(failed, "site")).ok();
    }
    text.push_str(&causes(&written.causes));
    if written.outcome == Outcome::Done && rows > 0 {
        let operation = written.operation;
        write!(text, "\n`provost sql --undo {operation}` puts the rows back; Moodle's caches may have what was there: `provost caches purge`").ok();
    }
    text
}

/// What would be put back, site by site.
pub(crate) fn back(undone: &Undone) -> String {
    let mut rows = table(["SITE", "TABLE", "ROWS", "CHANGED SINCE"]);
    for site in &undone.sites {
        if let Some(back) = &site.done {
            rows.add_row([
                site.site.clone(),
                back.table.clone(),
                back.rows.to_string(),
                back.changed.len().to_string(),
            ]);
        }
    }
    lines(&rows).trim_end().to_owned()
}

/// How many rows were put back.
pub(crate) fn undone(undone: &Undone, dry: bool) -> String {
    let done = || undone.sites.iter().filter_map(|site| site.done.as_ref());
    let rows = counted(done().map(|back| back.rows).sum(), "row");
    let mut text = format!(
        "{rows} of {} {}put back",
        counted(done().filter(|back| back.rows > 0).count(), "site"),
        if dry { "would be " } else { "" }
    );
    let nothing = done().filter(|back| back.rows == 0 && back.changed.is_empty()).count();
    if nothing > 0 {
        write!(text, "; {} had them as before already", counted(nothing, "site")).ok();
    }
    text.push_str(&causes(&undone.causes));
    text
}
