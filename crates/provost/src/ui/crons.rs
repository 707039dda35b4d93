//! The cron of a fleet, as text.

use provost_ops::cron::{Connections, CronReport, SiteCron};

use super::tables::{lines, table};

/// The report of `provost cron status`.
pub(crate) fn report(report: &CronReport) -> String {
    let scheduler = match report.scheduler {
        Some(pid) => format!("run by process {pid}"),
        None => "not run: `provost up` or `provost cron run` does".to_owned(),
    };
    let mut text = format!("Cron of fleet {}; {scheduler}.\n", report.fleet);
    let budget = &report.budget;
    text.push_str(&format!(
        "Every {} s; {} processes at once: {} scheduled, {} ad hoc, {} long. This machine carries about {} site(s).\n\n",
        report.period_s,
        budget.workers(),
        budget.scheduled,
        budget.adhoc,
        budget.long,
        report.carries,
    ));
    let mut rows = table(["SITE", "STATE", "LAST RUN", "TOOK", "LATE", "FAILING", "PARKED", "QUEUE", "NOTE"]);
    for site in &report.sites {
        rows.add_row(row(site));
    }
    text.push_str(&lines(&rows));
    for warning in report.connections.iter().filter_map(Connections::warning) {
        text.push_str(&format!("\n{warning}\n"));
    }
    text.trim_end().to_owned()
}

fn row(site: &SiteCron) -> [String; 9] {
    let seconds = |seconds: Option<i64>, behind: &str| {
        seconds.map_or_else(|| "-".to_owned(), |seconds| format!("{seconds} s{behind}"))
    };
    [
        site.name.clone(),
        site.state.to_owned(),
        seconds(site.gap_s, " ago"),
        site.scheduled.as_ref().map_or_else(
            || "-".to_owned(),
            |run| format!("{}.{} s", run.took_ms / 1000, run.took_ms % 1000 / 100),
        ),
        seconds(site.late_s, ""),
        site.failing.len().to_string(),
        site.parked.len().to_string(),
        site.queue.to_string(),
        site.note.clone().unwrap_or_default(),
    ]
}
