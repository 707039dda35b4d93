//! What came of an errand, as text.

use std::fmt::Write as _;

use provost_admin::errand::CHECKS_RUN;
use provost_ops::errands::{Outcome, Report};
use provost_ops::sql::Rows;

use super::queries::{causes, counted};
use super::rows::{self, Of};

/// What a check of Moodle's can say, the worst first; as in `php/agent/operation/checks.run.php`.
const STATUSES: [&str; 7] = ["critical", "error", "warning", "unknown", "info", "ok", "na"];

/// All rows, as a table or as comma-separated values. Empty where there is nothing to show.
pub(crate) fn data(report: &Report, csv: bool) -> String {
    let done = report.sites.iter().filter_map(|site| Some((site.site.as_str(), &site.done.as_ref()?.rows)));
    let done = done.collect::<Vec<Of<'_>>>();
    match report.errand == CHECKS_RUN.operation {
        true => {
            rows::data(&worst_first(&done).iter().map(|(site, rows)| (*site, rows)).collect::<Vec<_>>(), csv)
        }
        false => rows::data(&done, csv),
    }
}

/// Rows of all sites by what is in their first column, the worst of any site first.
fn worst_first<'a>(sites: &[Of<'a>]) -> Vec<(&'a str, Rows)> {
    let status = |row: &Vec<Option<String>>| row.first().cloned().flatten().unwrap_or_default();
    let rank = |status: &str| STATUSES.iter().position(|one| *one == status).unwrap_or(STATUSES.len());
    let of_rank = |wanted: usize| {
        sites.iter().filter_map(move |(site, rows)| {
            let here = rows.rows.iter().filter(|row| rank(&status(row)) == wanted);
            let rows = Rows { rows: here.cloned().collect(), ..(*rows).clone() };
            (!rows.rows.is_empty()).then_some((*site, rows))
        })
    };
    (0..=STATUSES.len()).flat_map(of_rank).collect()
}

/// What was done, and what failed by cause.
pub(crate) fn summary(report: &Report) -> String {
    let done = report.sites.iter().filter_map(|site| site.done.as_ref());
    let (sites, changed) = (done.clone().count(), done.clone().filter(|told| told.changes > 0).count());
    let failed = report.sites.len() - sites;
    let changes = counted(usize::try_from(report.changes()).unwrap_or(usize::MAX), "change");
    let rows = counted(done.map(|told| told.rows.rows.len()).sum(), "row");
    let mut text = match report.outcome {
        _ if sites == 0 => String::new(),
        Outcome::Refused => format!(
            "{changes} on {}: nothing was done; `--yes` answers where nobody can be asked",
            counted(changed, "site")
        ),
        Outcome::Planned if changed == 0 => {
            format!("Nothing to do on {}", counted(sites, "site"))
        }
        Outcome::Planned => format!("{changes} on {} would be made", counted(changed, "site")),
        Outcome::Done if report.looks() => format!("{rows} of {}", counted(sites, "site")),
        Outcome::Done if changed == 0 => format!("Nothing to do on {}", counted(sites, "site")),
        Outcome::Done => format!("{changes} on {}", counted(changed, "site")),
    };
    if report.outcome == Outcome::Done && !report.looks() && changed > 0 && changed < sites {
        write!(text, "; nothing to do on {}", counted(sites - changed, "other")).ok();
    }
    if failed > 0 {
        write!(text, "{}{} failed", if text.is_empty() { "" } else { "; " }, counted(failed, "site")).ok();
    }
    text.push_str(&causes(&report.causes));
    if failed > 0 && report.outcome == Outcome::Done {
        match report.can_retry {
            true => write!(text, "\n`provost retry {}` goes over only these again", report.operation).ok(),
            false => write!(text, "\nrun the command again for these: what it was given is not kept").ok(),
        };
    }
    text
}
