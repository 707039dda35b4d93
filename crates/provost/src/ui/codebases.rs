//! What the verbs of codebases say, for people.

use provost_fleet::lock::{LockedPlugin, LockedSource};
use provost_ops::codebase::can_move::{CanMove, Verdict};
use provost_ops::codebase::diff::Lists;
use provost_ops::codebase::update::Updated;
use provost_ops::codebase::why::Why;
use provost_ops::codebase::{At, PartChange};

use super::tables::{lines, short, table};

/// Lines of a log that are shown; JSON has more.
const SHOWN: usize = 12;

/// What moved.
pub(crate) fn updated(updated: &Updated) -> String {
    if updated.codebases.is_empty() {
        return "Everything is at the newest that the file means.".to_owned();
    }
    let mut text = String::new();
    for codebase in &updated.codebases {
        let from = codebase.from.as_deref().map_or_else(|| "nothing".to_owned(), short);
        text.push_str(&format!("{}: {from} → {}\n", codebase.codebase, short(&codebase.to)));
        for change in &codebase.changes {
            text.push_str(&part(change));
        }
        for (what, Lists { added, removed }) in [("absent", &codebase.absent), ("patch", &codebase.patches)] {
            for one in removed {
                text.push_str(&format!("  - {what} {one}\n"));
            }
            for one in added {
                text.push_str(&format!("  + {what} {one}\n"));
            }
        }
        if !codebase.sites.is_empty() {
            let sites = codebase.sites.join(", ");
            text.push_str(&format!("  sites that stay where they are until they are upgraded: {sites}\n"));
        }
    }
    text.push_str(if updated.written {
        "\nThe lock is written. `provost apply` builds what it names."
    } else {
        "\nNothing was written."
    });
    text
}

fn part(change: &PartChange) -> String {
    let name = |at: &At| match &at.release {
        Some(release) if *release != at.version => format!("{release} ({})", at.version),
        _ => at.version.clone(),
    };
    let mut text = match (&change.from, &change.to) {
        (Some(from), Some(to)) if from.version == to.version => {
            format!("  {}  {}, {} → {}\n", change.part, name(to), short(&from.object), short(&to.object))
        }
        (Some(from), Some(to)) => format!("  {}  {} → {}\n", change.part, name(from), name(to)),
        (None, Some(to)) => {
            let rule = to.rule.as_ref().map(|rule| format!(": {rule}")).unwrap_or_default();
            format!("  {}  new: {}{rule}\n", change.part, name(to))
        }
        (from, None) => {
            format!("  {}  goes: {}\n", change.part, from.as_ref().map(name).unwrap_or_default())
        }
    };
    if let Some(how) = &change.rewritten {
        text.push_str(&format!("      mind: {how}\n"));
    }
    if let (Some(from), Some(to)) = (&change.from, &change.to)
        && let Some(rule) = to.rule.as_ref().filter(|rule| from.rule.as_ref() != Some(*rule))
    {
        text.push_str(&format!("      now: {rule}\n"));
    }
    for line in &change.security {
        text.push_str(&format!("      security: {line}\n"));
    }
    for line in change.log.iter().take(SHOWN) {
        text.push_str(&format!("      {line}\n"));
    }
    let hidden = change.log.len().saturating_sub(SHOWN);
    if hidden > 0 || change.more {
        let count = if hidden > 0 { format!("{hidden} more") } else { "more".to_owned() };
        text.push_str(&format!("      … {count} in the history\n"));
    }
    let same =
        change.from.as_ref().zip(change.to.as_ref()).is_some_and(|(from, to)| from.version == to.version);
    if same && change.part != "moodle" {
        // Core looks at version numbers only: nothing of its database is touched, and caches are to be purged by hand.
        text.push_str("      files change and the version does not: Moodle runs no upgrade for that\n");
    }
    if !change.upgrade_steps.is_empty() {
        text.push_str(&format!("      upgrade steps of the database: {}\n", change.upgrade_steps.join(", ")));
    }
    if !change.settings.is_empty() {
        text.push_str(&format!("      new settings: {}\n", change.settings.join(", ")));
    }
    text
}

/// Why a plugin is what it is.
pub(crate) fn why(why: &Why) -> String {
    let mut text = String::new();
    for here in &why.codebases {
        text.push_str(&format!("{} in {}, Moodle {}\n", why.component, here.codebase, here.moodle));
        let rule = here.resolved.rule.as_deref().unwrap_or("the file says so");
        text.push_str(&format!("  {}: {rule}\n", described(&here.resolved)));
        match &here.locked {
            None => text.push_str("  the lock has nothing of it yet; `provost apply` writes it\n"),
            Some(locked) if locked.source.object() == here.resolved.source.object() => {}
            Some(locked) => text.push_str(&format!(
                "  the lock still has {}; `provost codebase update {}` moves it\n",
                described(locked),
                why.component
            )),
        }
        for passed in &here.chosen.passed_over {
            text.push_str(&format!("  not {passed}\n"));
        }
        for warning in &here.chosen.warnings {
            text.push_str(&format!("  mind: {warning}\n"));
        }
        for needed in &here.chosen.needed_by {
            text.push_str(&format!("  {} depends on it\n", needed.component));
        }
    }
    text.trim_end().to_owned()
}

fn described(plugin: &LockedPlugin) -> String {
    let version = match &plugin.release {
        Some(release) if *release != plugin.version => format!("{release} ({})", plugin.version),
        _ => plugin.version.clone(),
    };
    let from = match &plugin.source {
        LockedSource::Git { source, reference, commit } => {
            format!("{source} {} at {}", reference.trim_start_matches("refs/"), short(commit))
        }
        other => other.place().to_owned(),
    };
    format!("{version} from {from}")
}

/// What stands in the way.
pub(crate) fn can_move(answer: &CanMove) -> String {
    let from = answer.from.as_deref().unwrap_or("nothing");
    let mut text = format!("{}: {from} → {}\n", answer.codebase, answer.to);
    let mut plugins = table(["", "PLUGIN", "NOW", "THEN", "NOTE"]);
    for plugin in &answer.plugins {
        let mark = match plugin.verdict {
            Verdict::Fits => "✓",
            Verdict::Unsure => "?",
            Verdict::Blocked => "✗",
        };
        let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        plugins.add_row([
            mark.to_owned(),
            plugin.component.clone(),
            or(&plugin.from),
            or(&plugin.to),
            plugin.notes.join("; "),
        ]);
    }
    if !answer.plugins.is_empty() {
        text.push_str(&format!("\n{}", lines(&plugins)));
    }
    for lack in &answer.environment {
        text.push_str(&format!("\n✗ {lack}"));
    }
    if let Some(patches) = &answer.patches {
        text.push_str(&format!("\n✗ its patches cannot be applied: {patches}"));
    }
    match &answer.failure {
        Some(failure) => text.push_str(&format!("\nIt cannot move:\n{failure}")),
        None if !answer.is_possible() => text.push_str("\nIt cannot move."),
        None if answer.environment.is_empty() => text.push_str("\nIt can move."),
        None => {}
    }
    text.trim_end().to_owned()
}
