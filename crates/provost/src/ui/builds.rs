//! What the verbs about builds say, for people.

use std::collections::BTreeMap;

use provost_ops::codebase::build::BuiltAll;
use provost_ops::codebase::diff::{Diff, Lists, PartDiff, PartVersion, Side};
use provost_ops::codebase::gc::{ClearedCaches, Collected, GarbageReport, GcPlan, Outcome, StaleCaches};
use provost_ops::codebase::list::Listed;
use provost_ops::codebase::verify::{Aspect, Damage, Depth, Fault, VerifiedAll, VerifiedBuild, What};

use super::tables::{lines, short, table};

/// Codebases and builds.
pub(crate) fn list(listed: &Listed) -> String {
    let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let mut codebases = table(["CODEBASE", "MOODLE", "PLUGINS", "BUILD", "STATE", "SITES"]);
    for one in &listed.codebases {
        codebases.add_row([
            one.name.clone(),
            one.release.clone().unwrap_or_else(|| format!("{} is not resolved yet", one.request)),
            one.plugins.to_string(),
            one.tree.as_deref().map_or_else(|| "-".to_owned(), short),
            match (one.lock, one.built) {
                ("current", true) => "built".to_owned(),
                ("current", false) => "not built".to_owned(),
                (lock, _) => format!("lock {lock}"),
            },
            match (one.running.len(), one.sites.len()) {
                (running, all) if running == all => all.to_string(),
                (running, all) => format!("{running} of {all}"),
            },
        ]);
    }
    let mut text = match listed.codebases.is_empty() {
        true => "The fleet file has no codebases.\n".to_owned(),
        false => lines(&codebases),
    };
    if listed.builds.is_empty() {
        text.push_str("\nNothing is built yet.");
        return text;
    }
    let sizes = listed.builds.iter().any(|build| build.own_bytes.is_some());
    let mut builds =
        table(["BUILD", "MOODLE", "MADE", "FOR", "LOCKED", "SITES", if sizes { "ITS OWN" } else { "" }]);
    for build in &listed.builds {
        let some = |names: &[String]| if names.is_empty() { "-".to_owned() } else { names.join(" ") };
        builds.add_row([
            short(&build.tree),
            or(&build.release),
            or(&build.made_at).split('.').next().unwrap_or_default().trim_end_matches('Z').replace('T', " "),
            some(&build.codebases),
            some(&build.locked_by),
            some(&build.sites),
            build.own_bytes.map(bytes).unwrap_or_default(),
        ]);
    }
    text.push('\n');
    text.push_str(&lines(&builds));
    text.trim_end().to_owned()
}

/// What two builds differ in.
pub(crate) fn diff(diff: &Diff) -> String {
    let side = |side: &Side| match (&side.revision, side.tree.starts_with(&side.name)) {
        (_, true) => short(&side.tree),
        (Some(revision), _) => {
            format!("{} (tree {}, commit {})", side.name, short(&side.tree), short(revision))
        }
        (None, false) => format!("{} (tree {})", side.name, short(&side.tree)),
    };
    let mut text = format!("{} → {}\n", side(&diff.from), side(&diff.to));
    if diff.is_same() {
        text.push_str("\nThey are the same tree: every file is the same.\n");
    }
    let mut parts = table(["", "PART", "FROM", "TO", "COMMIT"]);
    for part in &diff.parts {
        parts.add_row(row(part));
    }
    if !diff.parts.is_empty() {
        text.push_str(&format!("\n{}", lines(&parts)));
    }
    for (what, Lists { added, removed }) in [("absent", &diff.absent), ("patch", &diff.patches)] {
        for (sign, names) in [("-", removed), ("+", added)] {
            for name in names {
                text.push_str(&format!("\n{sign} {what} {name}"));
            }
        }
    }
    if let Some(files) = &diff.files {
        for part in files {
            let of = &part.files;
            let counts = format!(
                "{} added, {} removed, {} changed",
                of.added.len(),
                of.removed.len(),
                of.changed.len()
            );
            text.push_str(&format!("\n{}: {counts}\n", part.part));
            for (sign, paths) in [("-", &of.removed), ("+", &of.added), ("~", &of.changed)] {
                for path in paths {
                    text.push_str(&format!("  {sign} {}\n", super::plain(path)));
                }
            }
        }
    }
    text.trim_end().to_owned()
}

fn row(part: &PartDiff) -> [String; 5] {
    let version = |of: &Option<PartVersion>| match of {
        None => "-".to_owned(),
        Some(PartVersion { version, release: Some(release), .. }) if release != version => {
            format!("{release} ({version})")
        }
        Some(PartVersion { version, .. }) => version.clone(),
    };
    let object = |of: &Option<PartVersion>| of.as_ref().and_then(|of| Some(short(of.object.as_deref()?)));
    let commit = match (object(&part.from), object(&part.to)) {
        (Some(from), Some(to)) if from != to => format!("{from} → {to}"),
        (Some(one), _) | (None, Some(one)) => one,
        (None, None) => String::new(),
    };
    let sign = match (&part.from, &part.to) {
        (None, _) => "+",
        (_, None) => "-",
        _ => "~",
    };
    [sign.to_owned(), part.part.clone(), version(&part.from), version(&part.to), commit]
}

/// What was built.
pub(crate) fn built(built: &BuiltAll) -> String {
    let mut text = String::new();
    for one in &built.builds {
        let name = one.codebase.as_deref().unwrap_or("it");
        let of = match &one.revision {
            Some(revision) => format!("{name} as locked in {}", short(revision)),
            None => name.to_owned(),
        };
        let was = if one.was_there { " It was there already." } else { "" };
        text.push_str(&format!("{of}: Moodle {}, tree {}, in\n  {}{was}\n", one.release, one.tree, one.path));
        if one.locked {
            text.push_str("  fleet.lock names it now; `provost plan` shows what that means for the sites\n");
        }
    }
    if text.is_empty() {
        text.push_str("The lock names nothing yet; `provost apply` resolves what the file declares.");
    }
    text.trim_end().to_owned()
}

/// What was found of builds.
pub(crate) fn verified(verified: &VerifiedAll) -> String {
    if verified.builds.is_empty() {
        return "Nothing is built yet.".to_owned();
    }
    let all = verified.builds.iter().map(of_build);
    all.collect::<Vec<_>>().join("\n")
}

fn of_build(build: &VerifiedBuild) -> String {
    let names =
        if build.codebases.is_empty() { String::new() } else { format!(" ({})", build.codebases.join(", ")) };
    let begin = |sign: &str| format!("{sign} {}{names}: ", short(&build.tree));
    let read = if build.depth == Some(Depth::Rehash) { ", each of them read" } else { "" };
    let files = build.files.unwrap_or_default();
    let mut text = match (&build.error, build.damaged.len()) {
        (Some(fault), 0) => return begin("✗") + &failed(fault),
        (None, 0) => return format!("{}{files} files as they should be{read}", begin("✓")),
        (_, some) => {
            let are = if some == 1 { "is" } else { "are" };
            format!("{}{} {are} not as they should be; it has {files}", begin("✗"), count(some, "file"))
        }
    };
    if !build.sites.is_empty() {
        text.push_str(&format!("\n  sites that run on it: {}", build.sites.join(", ")));
    }
    text.push_str(&damage(&build.damaged));
    if let Some(repaired) = &build.repaired {
        let (replaced, removed) = (repaired.replaced.len(), repaired.removed.len());
        text.push_str(&format!(
            "\n  repaired: {} healed in the store, {replaced} put back, {removed} removed",
            repaired.healed
        ));
        for other in &repaired.others {
            text.push_str(&format!("\n  and {} in {}", count(other.files.len(), "file"), other.build));
        }
        match repaired.left.len() {
            0 => text.push_str("\n  it is as it should be now"),
            left => {
                text.push_str(&format!("\n  {left} still not as they should be:{}", damage(&repaired.left)));
            }
        }
    }
    if let Some(fault) = &build.error {
        text.push_str(&format!("\n  not repaired: {}", failed(fault)));
    } else if build.repaired.is_none() {
        text.push_str("\n  `provost codebase verify --repair` makes it whole");
    }
    text
}

fn failed(fault: &Fault) -> String {
    let hint = fault.hint.as_ref().map(|hint| format!("\n  hint: {hint}")).unwrap_or_default();
    fault.chain.join(": ") + &hint
}

/// What is damaged, plugin by plugin.
fn damage(damaged: &[Damage]) -> String {
    let mut parts: BTreeMap<&str, Vec<&Damage>> = BTreeMap::new();
    for one in damaged {
        parts.entry(one.component.as_deref().unwrap_or("no plugin")).or_default().push(one);
    }
    let mut text = String::new();
    for (part, damaged) in parts {
        text.push_str(&format!("\n  {part}"));
        for one in damaged {
            text.push_str(&format!("\n    {:8} {}", word(&one.what), super::plain(&one.path)));
            if let What::Changed(aspects) = &one.what {
                let aspects: Vec<&str> = aspects.iter().map(|aspect| aspect_word(*aspect)).collect();
                text.push_str(&format!(" ({})", aspects.join(", ")));
            }
        }
    }
    text
}

fn word(what: &What) -> &'static str {
    match what {
        What::Changed(_) => "changed",
        What::Missing => "missing",
        What::Extra => "extra",
        What::Type => "type",
    }
}

fn aspect_word(aspect: Aspect) -> &'static str {
    match aspect {
        Aspect::Size => "size",
        Aspect::Time => "time",
        Aspect::Mode => "mode",
        Aspect::Inode => "another file",
        Aspect::Content => "content",
    }
}

/// What a collection would remove.
pub(crate) fn garbage(plan: &GcPlan, caches: &StaleCaches) -> String {
    let mut text = String::new();
    for build in &plan.builds {
        let made = build.made_at.as_deref().and_then(|at| at.get(..10)).map(|day| format!(", made {day}"));
        let (made, freed) = (made.unwrap_or_default(), bytes(build.bytes));
        text.push_str(&format!(
            "- build {}{made}, {freed} of its own: {}\n",
            short(&build.tree.to_string()),
            build.why
        ));
    }
    if plan.store_files > 0 {
        let files = count(plan.store_files, "file");
        text.push_str(&format!("- {files} of the store that no build has then: {}\n", bytes(plan.bytes)));
    }
    for (number, what) in [
        (plan.listings, "list of files"),
        (plan.records.len() as u64, "record of a build that is gone"),
        (plan.leftovers.len() as u64, "leftover of a killed process"),
    ] {
        if number > 0 {
            text.push_str(&format!("- {}\n", count(number, what)));
        }
    }
    let downloads = caches.zips.len() + caches.catalogues.len();
    if downloads > 0 {
        let files = count(downloads as u64, "download");
        text.push_str(&format!(
            "- {files} of the cache that nobody used for long: {}\n",
            bytes(caches.bytes)
        ));
    }
    if !caches.imports.is_empty() {
        let imports = count(caches.imports.len() as u64, "import");
        text.push_str(&format!("- {imports} of plugins in the cache that nobody used for long\n"));
    }
    for kept in &plan.kept {
        text.push_str(&format!("  build {} stays: {}\n", short(&kept.tree.to_string()), kept.why));
    }
    text.trim_end().to_owned()
}

/// How a collection ended.
pub(crate) fn collected(report: &GarbageReport) -> String {
    match (report.outcome, &report.collected) {
        (Outcome::Refused, _) => "\nNothing was removed; `--yes` removes it.".to_owned(),
        (Outcome::Done, Some(collected)) => removed(collected, report.cleared.as_ref()),
        _ => "Nothing to do: every build is needed.".to_owned(),
    }
}

fn removed(collected: &Collected, cleared: Option<&ClearedCaches>) -> String {
    let (downloads, imports) = cleared.map_or((0, 0), |cleared| (cleared.downloads, cleared.imports));
    let parts = [
        (collected.builds.len() as u64, "build", ""),
        (collected.store_files, "file", " of the store"),
        (collected.listings + collected.records + collected.leftovers, "leftover", ""),
        (downloads, "download", ""),
        (imports, "import", " of plugins"),
    ];
    let parts = parts.iter().filter(|(number, ..)| *number > 0);
    let mut parts: Vec<String> = parts.map(|(number, what, of)| count(*number, what) + of).collect();
    let last = parts.pop().unwrap_or_else(|| "nothing".to_owned());
    let all = if parts.is_empty() { last } else { format!("{} and {last}", parts.join(", ")) };
    let free = collected.bytes + cleared.map_or(0, |cleared| cleared.bytes);
    let mut text = format!("\nRemoved {all}; {} are free.", bytes(free));
    for one in &collected.skipped {
        text.push_str(&format!("\nbuild {} stayed: {}", short(&one.tree.to_string()), one.why));
    }
    text
}

/// `1 file`, `2 files`; the first word is the one that is counted.
fn count(number: impl TryInto<u64>, what: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    match what.split_once(' ') {
        _ if number == 1 => format!("1 {what}"),
        Some((word, rest)) => format!("{number} {word}s {rest}"),
        None => format!("{number} {what}s"),
    }
}

/// A size, to a tenth.
#[expect(clippy::cast_precision_loss, reason = "a tenth of a unit is all that is shown")]
fn bytes(bytes: u64) -> String {
    let mut size = bytes as f64;
    for unit in ["B", "KiB", "MiB"] {
        if size < 1024.0 {
            return if unit == "B" { format!("{bytes} B") } else { format!("{size:.1} {unit}") };
        }
        size /= 1024.0;
    }
    format!("{size:.1} GiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_counts_are_read_easily() {
        let sizes = [0, 1023, 1024, 1536, 5 << 20, 3 << 30].map(bytes);
        assert_eq!(sizes, ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "5.0 MiB", "3.0 GiB"]);
        assert_eq!(
            [count(1_u64, "list of files"), count(2_u64, "list of files")],
            ["1 list of files", "2 lists of files"]
        );
    }
}
