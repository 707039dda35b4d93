//! Sites, as text.

use std::fmt::Write as _;

use provost_ops::apply::Applied;
use provost_ops::error::Exit;
use provost_ops::site::create::{CreateOutcome, Created};
use provost_ops::site::delete::{CopyRow, Deleted, Doomed};
use provost_ops::site::edited::Done;
use provost_ops::site::list::SiteList;
use provost_ops::site::maintenance::Maintenance;
use provost_ops::site::moving::{Destination, Moved};
use provost_ops::site::rename::Renamed;
use provost_ops::site::restore::BroughtBack;
use provost_ops::site::switch::Switched;

use super::tables::{lines, table};

/// A list of sites.
pub(crate) fn list(list: &SiteList) -> String {
    let mut rows =
        table(["SITE", "URL", "STATE", "MOODLE", "CODEBASE", "DATABASE", "FILES", "CRON", "TAGS", "NOTE"]);
    for site in &list.sites {
        let mut note: Vec<String> = site.note.clone().into_iter().collect();
        note.extend(
            site.maintenance
                .as_ref()
                .filter(|word| word.contains('T'))
                .map(|at| format!("maintenance from {at}")),
        );
        rows.add_row([
            site.name.clone(),
            site.url.clone(),
            site.state.clone(),
            site.release.as_deref().map_or_else(dash, release),
            site.codebase.clone(),
            site.database_bytes.map_or_else(dash, bytes),
            site.files_bytes.map_or_else(dash, bytes),
            site.last_cron_seconds
                .map_or_else(|| if site.release.is_some() { "never".to_owned() } else { dash() }, ago),
            site.tags.join(" "),
            note.join("; "),
        ]);
    }
    let mut text = match list.sites.is_empty() {
        true => "There are no sites.\n".to_owned(),
        false => lines(&rows),
    };
    if !list.unknown.is_empty() {
        let sites = list.unknown.join(", ");
        write!(
            text,
            "\nIt cannot be told whether these are meant, for their databases do not answer: {sites}"
        )
        .ok();
    }
    text.trim_end().to_owned()
}

fn dash() -> String {
    "-".to_owned()
}

/// `5.0 (Build: 20250414)` without the build.
fn release(release: &str) -> String {
    release.split(" (").next().unwrap_or(release).to_owned()
}

/// A size as people read it.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let (mut whole, mut tenths, mut unit) = (bytes, 0, 0);
    while whole >= 1024 && unit + 1 < UNITS.len() {
        (whole, tenths) = (whole / 1024, whole % 1024 * 10 / 1024);
        unit += 1;
    }
    match (unit, whole) {
        (1.., 0..10) => format!("{whole}.{tenths} {}", UNITS[unit]),
        _ => format!("{whole} {}", UNITS[unit]),
    }
}

/// How long ago something was.
pub(crate) fn ago(seconds: i64) -> String {
    match seconds {
        ..0 => "in the future".to_owned(),
        0..120 => format!("{seconds} s ago"),
        120..7200 => format!("{} min ago", seconds / 60),
        7200..172_800 => format!("{} h ago", seconds / 3600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

/// Sites that were switched on or off.
pub(crate) fn switched(switched: &Switched) -> String {
    let word = if switched.enabled { "enabled" } else { "disabled" };
    let mut text = String::new();
    for site in &switched.sites {
        let line = match (&site.error, &site.effect, &switched.done.applied) {
            (Some(error), ..) => format!("✗ {}  {error}", site.name),
            (None, Some(effect), _) => format!("✓ {}  {word}: {effect}  {}", site.name, site.url),
            (None, None, Some(_)) => format!("= {}  is {word} already  {}", site.name, site.url),
            (None, None, None) => format!("  {}  {}", site.name, site.url),
        };
        writeln!(text, "{line}").ok();
    }
    text.push_str(&edit(&switched.done));
    text.trim_end().to_owned()
}

/// Sites that were moved.
pub(crate) fn moved(moved: &Moved) -> String {
    let to = match &moved.to {
        Destination::Database(name) | Destination::Codebase(name) => name,
    };
    let mut text = String::new();
    for site in &moved.sites {
        let (name, way) = (&site.name, format!("{} → {to}", site.from));
        let line = match (&site.error, &site.effect, &moved.done.applied) {
            (Some(error), ..) => format!("✗ {name}  {way}: {error}"),
            (None, Some(effect), _) => format!("✓ {name}  {way}: {effect}"),
            (None, None, Some(_)) => format!("= {name}  is on {to} already"),
            (None, None, None) => format!("  {name}  {way}"),
        };
        writeln!(text, "{line}").ok();
        if let Some(hint) = &site.hint {
            writeln!(text, "    hint: {hint}").ok();
        }
    }
    text.push_str(&edit(&moved.done));
    text.trim_end().to_owned()
}

/// A site that was renamed.
pub(crate) fn renamed(renamed: &Renamed) -> String {
    let Renamed { was, site, url, .. } = renamed;
    let name = if was == site { site.clone() } else { format!("{was} -> {site}") };
    let line = match (&renamed.error, &renamed.effect, &renamed.done.applied) {
        (Some(error), ..) => format!("✗ {name}  {error}"),
        (None, Some(effect), _) => format!("✓ {name}  {effect}  {url}"),
        (None, None, Some(_)) => format!("= {name}  it is so already  {url}"),
        (None, None, None) => format!("  {name}  {url}"),
    };
    let hint = renamed.hint.as_ref().map(|hint| format!("    hint: {hint}\n")).unwrap_or_default();
    let text = format!("{line}\n{hint}{}", edit(&renamed.done));
    text.trim_end().to_owned()
}

/// Sites that were created.
pub(crate) fn created(created: &Created) -> String {
    let mut text = String::new();
    for note in &created.notes {
        writeln!(text, "note: {note}").ok();
    }
    for site in &created.sites {
        let line = site.line.map(|line| format!("line {line}: ")).unwrap_or_default();
        let (sign, told) = match site.outcome {
            CreateOutcome::Created => ('✓', site.url.clone()),
            CreateOutcome::Exists => ('=', format!("{}  was there already", site.url)),
            CreateOutcome::Declared => (' ', site.url.clone()),
            CreateOutcome::Failed => ('✗', site.error.clone().unwrap_or_default()),
        };
        writeln!(text, "{sign} {line}{}  {told}", site.name).ok();
        if let Some(hint) = &site.hint {
            writeln!(text, "    hint: {hint}").ok();
        }
        if let Some(file) = site.password_file.as_ref().filter(|_| site.outcome == CreateOutcome::Created) {
            writeln!(text, "    log in as {}, with the password in {file}", site.admin).ok();
        }
    }
    let count = |outcome| created.sites.iter().filter(|site| site.outcome == outcome).count();
    let counts = [
        (CreateOutcome::Created, "created"),
        (CreateOutcome::Exists, "there already"),
        (CreateOutcome::Declared, "declared"),
        (CreateOutcome::Failed, "failed"),
    ];
    let counts = counts.map(|(outcome, word)| (count(outcome), word));
    let counts = counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    if created.done.written || created.done.applied.is_some() {
        writeln!(text, "{}.", counts.collect::<Vec<_>>().join(", ")).ok();
    }
    text.push_str(&edit(&created.done));
    text.trim_end().to_owned()
}

/// Sites whose maintenance was set.
pub(crate) fn maintenance(done: &Maintenance) -> String {
    let mut text = String::new();
    for site in &done.sites {
        let line = match (&site.done, &site.error) {
            (Some(effect), _) => {
                let seen = if effect.seen { ", seen as a visitor" } else { "" };
                match &effect.from {
                    Some(from) => format!("✓ {}  maintenance from {from}{seen}", site.site),
                    None => format!("✓ {}  maintenance {}{seen}", site.site, done.mode),
                }
            }
            (None, error) => format!("✗ {}  {}", site.site, error.as_deref().unwrap_or("not done")),
        };
        writeln!(text, "{line}").ok();
        if let Some(hint) = &site.hint {
            writeln!(text, "    hint: {hint}").ok();
        }
    }
    text.trim_end().to_owned()
}

/// A site that is to go: with it what cannot be had back, but for the copy.
pub(crate) fn doomed(doomed: &Doomed, keep: Option<std::time::Duration>) -> String {
    let mut text = format!("Site {} goes:  {}\n", doomed.name, doomed.url);
    let size = |size: Option<u64>| size.map(|size| format!(" ({})", bytes(size))).unwrap_or_default();
    if let Some((server, name)) = &doomed.database {
        let bytes = size(doomed.database_bytes.map(|size| size.0));
        writeln!(text, "  database and role  {name} on {server}{bytes}").ok();
    }
    if let Some(dataroot) = &doomed.dataroot {
        writeln!(text, "  dataroot           {dataroot}{}", size(doomed.files_bytes.map(|size| size.0))).ok();
    }
    text.push_str("  and its virtual host, PHP pool, logs, passwords and Unix account\n");
    text.push_str(&match keep {
        _ if !doomed.installed => "It was never installed: there is nothing to copy.".to_owned(),
        Some(_) if doomed.unreadable.is_some() => format!(
            "It was installed, and no final copy of it can be made: {}. Without one, by `--no-copy`, all of it is gone for good.",
            doomed.unreadable.as_deref().unwrap_or_default()
        ),
        _ if !doomed.declared => "It is no longer in the fleet file: no copy is made now.".to_owned(),
        Some(keep) => {
            let days = keep.as_secs() / 86_400;
            format!("A final copy of database and files is made first, and kept for {days} days.")
        }
        None => "No copy is made: the data is gone for good.".to_owned(),
    });
    text
}

/// A site that went.
pub(crate) fn deleted(deleted: &Deleted) -> String {
    let name = &deleted.site.name;
    let mut text = match &deleted.error {
        None => format!("✓ {name}  is gone; nothing of it was found on this machine or its server\n"),
        Some(error) => format!("✗ {name}  {error}\n"),
    };
    if let Some(copy) = &deleted.copy {
        let (dump, files) = (bytes(copy.database_bytes), bytes(copy.files_bytes));
        writeln!(
            text,
            "  copy: {} ({dump} of dump, {files} of files), kept until {}",
            copy.path, copy.keep_until
        )
        .ok();
    }
    text.push_str(&edit(&deleted.done));
    text.trim_end().to_owned()
}

/// A site that came back.
pub(crate) fn restored(restored: &BroughtBack) -> String {
    let BroughtBack { site, url, copy, done, .. } = restored;
    let mut text = match done.applied.as_ref().map(Applied::exit) {
        None => String::new(),
        Some(Exit::Done) => {
            format!("✓ {site}  is back, and disabled: `provost site enable {site}` lets visitors in  {url}\n")
        }
        Some(_) => {
            format!("✗ {site}  its data is back; `provost apply` does and tells what is left  {url}\n")
        }
    };
    if done.written {
        writeln!(text, "  from {copy}").ok();
    }
    text.push_str(&edit(done));
    text.trim_end().to_owned()
}

/// Final copies.
pub(crate) fn copies(copies: &[CopyRow]) -> String {
    if copies.is_empty() {
        return "No copies of deleted sites are kept.".to_owned();
    }
    let mut rows = table(["SITE", "URL", "MOODLE", "DELETED", "KEPT UNTIL", "DUMP", "FILES", "COPY"]);
    for copy in copies {
        rows.add_row([
            copy.site.clone(),
            copy.url.clone(),
            copy.release.as_deref().map_or_else(dash, release),
            copy.gone_at.as_deref().map_or_else(|| "not yet".to_owned(), minute),
            minute(&copy.keep_until),
            bytes(copy.database_bytes),
            bytes(copy.files_bytes),
            copy.path.clone(),
        ]);
    }
    lines(&rows).trim_end().to_owned()
}

/// `2026-11-21T13:05:12.123Z` to the minute.
fn minute(at: &str) -> String {
    at.get(..16).map_or_else(|| at.to_owned(), |at| at.replace('T', " "))
}

/// What became of the fleet file, where that is not plain.
fn edit(done: &Done) -> String {
    let mut text = String::new();
    if !done.written && !done.diff.is_empty() {
        write!(text, "\n{}\nNothing was written.", done.diff).ok();
    } else if let Some(commit) = &done.commit {
        writeln!(text, "Committed: {}.", &commit[..commit.len().min(12)]).ok();
    } else if done.written && done.applied.is_none() {
        text.push_str("Written; `provost apply` does the rest.");
    }
    if done.applied.as_ref().is_some_and(unfinished) {
        text.push_str("Run the same command again to go on.");
    }
    text
}

fn unfinished(applied: &Applied) -> bool {
    applied.report.as_ref().is_some_and(|report| report.interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_read_as_people_say_them() {
        let sizes = [0, 1023, 1024, 1536, 10 * 1024 * 1024, 3 * 1024 * 1024 * 1024 / 2, u64::MAX];
        assert_eq!(
            sizes.map(bytes).join(", "),
            "0 B, 1023 B, 1.0 KiB, 1.5 KiB, 10 MiB, 1.5 GiB, 16777215 TiB"
        );
        assert_eq!(
            [-5, 30, 600, 10_000, 1_000_000].map(ago).join(", "),
            "in the future, 30 s ago, 10 min ago, 2 h ago, 11 days ago"
        );
    }
}
