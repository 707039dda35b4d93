//! Tables that people like to read.

use comfy_table::{ContentArrangement, Table, presets};
use provost_ops::cron::SiteCron;
use provost_ops::doctor::Diagnosis;
use provost_ops::status::{CodebaseStatus, Figures, Status};

pub(super) fn table<const N: usize>(head: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled).set_header(head);
    table
}

pub(super) fn lines(table: &Table) -> String {
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// The first 12 digits of a tree id.
pub(super) fn short(tree: &str) -> String {
    tree.chars().take(12).collect()
}

/// A fleet as it is.
pub(crate) fn status(status: &Status) -> String {
    let mut text = format!("Fleet {} in {}; {}.\n", status.fleet, status.state, status.serving.words());
    let mut servers = table(["SERVER", "ENGINE", "KIND", "STATE", "NOTE"]);
    for server in &status.servers {
        let kind = if server.managed { "managed" } else { "existing" };
        servers.add_row([
            &server.name,
            server.engine.title(),
            kind,
            &server.state,
            server.note.as_deref().unwrap_or(""),
        ]);
    }
    section(&mut text, status.servers.is_empty(), &servers);
    let mut redis = table(["REDIS", "FOR", "KIND", "STATE", "MEMORY", "KEYS", "EVICTED", "NOTE"]);
    for one in &status.redis {
        let figures = one.figures.as_ref();
        let told = |tell: fn(&Figures) -> String| figures.map_or_else(|| "-".to_owned(), tell);
        redis.add_row([
            one.name.to_string(),
            one.purpose.word().to_owned(),
            if one.managed { "managed" } else { "existing" }.to_owned(),
            one.state.to_owned(),
            told(|figures| match figures.most_bytes {
                0 => format!("{} MiB", figures.used_bytes >> 20),
                most => format!("{} of {} MiB", figures.used_bytes >> 20, most >> 20),
            }),
            told(|figures| figures.keys.to_string()),
            told(|figures| figures.evicted.to_string()),
            one.note.clone().unwrap_or_default(),
        ]);
    }
    section(&mut text, status.redis.is_empty(), &redis);
    let mut codebases = table(["CODEBASE", "ASKED", "LOCKED", "PLUGINS", "BUILD", "STATE"]);
    for codebase in &status.codebases {
        codebases.add_row([
            codebase.name.clone(),
            codebase.request.clone(),
            codebase.release.clone().unwrap_or_else(|| "-".to_owned()),
            codebase.plugins.to_string(),
            codebase.tree.as_deref().map_or_else(|| "-".to_owned(), short),
            match (codebase.built, codebase.lock) {
                (true, "current") => "built".to_owned(),
                (false, "current") => "not built".to_owned(),
                (_, lock) => format!("lock {lock}"),
            },
        ]);
    }
    section(&mut text, status.codebases.is_empty(), &codebases);
    let mut builds = table(["BUILD", "CODEBASES", "SITES"]);
    for build in &status.builds {
        builds.add_row([short(&build.tree), build.codebases.join(" "), build.sites.len().to_string()]);
    }
    section(&mut text, status.builds.is_empty(), &builds);
    let mut templates = table(["TEMPLATE", "STATE", "MOODLE", "BUILD", "CLONES", "SPARES", "NOTE"]);
    for template in &status.templates {
        templates.add_row([
            template.name.clone(),
            template.state.clone(),
            template.release.clone().unwrap_or_else(|| "-".to_owned()),
            template.tree.as_deref().map_or_else(|| "-".to_owned(), short),
            template.clones.to_string(),
            match (template.spares, template.spares_ready) {
                (0, _) => "-".to_owned(),
                (wanted, Some(ready)) => format!("{ready} of {wanted}"),
                (wanted, None) => format!("? of {wanted}"),
            },
            template.note.clone().unwrap_or_default(),
        ]);
    }
    section(&mut text, status.templates.is_empty(), &templates);
    let mut sites = table(["SITE", "URL", "STATE", "MOODLE", "BUILD", "CRON", "NOTE"]);
    for site in &status.sites {
        sites.add_row([
            site.name.clone(),
            site.url.clone(),
            site.state.clone(),
            site.release.clone().unwrap_or_else(|| "-".to_owned()),
            site.tree.as_deref().map_or_else(|| "-".to_owned(), short),
            site.cron.as_ref().map_or_else(|| "-".to_owned(), SiteCron::words),
            site.note.clone().unwrap_or_default(),
        ]);
    }
    section(&mut text, status.sites.is_empty(), &sites);
    for codebase in &status.codebases {
        text.push_str(&updates(codebase));
    }
    for held in &status.held {
        text.push_str(&format!("\nheld {}: {}; {}", held.subject, held.reason, held.hint));
    }
    for blocked in &status.blocked {
        text.push_str(&format!("\nblocked {}: {}", blocked.subject, blocked.reason));
    }
    text.trim_end().to_owned()
}

/// Updates that wait for a codebase.
fn updates(codebase: &CodebaseStatus) -> String {
    let name = &codebase.name;
    let known = codebase.updates_known.as_ref().map_or_else(String::new, |known| {
        format!("\nthe servers of {name} were asked for updates {known}; `provost codebase update --dry-run` asks them")
    });
    if codebase.updates.is_empty() {
        return known;
    }
    let each = codebase.updates.iter().map(|update| match update.security.is_empty() {
        true => format!("{} ({})", update.part, update.to),
        false => format!("{} ({}, security)", update.part, update.to),
    });
    let each: Vec<String> = each.collect();
    format!(
        "\nupdates for {name}: {}; `provost codebase update --dry-run` shows what they bring{known}",
        each.join(", ")
    )
}

fn section(text: &mut String, empty: bool, table: &Table) {
    if !empty {
        text.push('\n');
        text.push_str(&lines(table));
    }
}

/// Plugins, and whether they fit; nothing where there are none.
pub(crate) fn plugins(rows: impl Iterator<Item = [String; 3]>) -> String {
    let mut plugins = table(["PLUGIN", "VERSION", "FIT"]);
    rows.for_each(|row| {
        plugins.add_row(row);
    });
    let mut text = String::new();
    section(&mut text, plugins.is_empty(), &plugins);
    text
}

/// What the machine has and lacks.
pub(crate) fn diagnosis(diagnosis: &Diagnosis) -> String {
    let mut rows = table(["", "WHAT", "FOUND"]);
    for finding in &diagnosis.findings {
        rows.add_row([if finding.fit { "✓" } else { "✗" }, &finding.what, &finding.found]);
    }
    let mut text = lines(&rows);
    match &diagnosis.install {
        Some(command) => text.push_str(&format!("\nInstall what is missing:\n  {command}")),
        None => text.push_str("\nThis machine has all that a fleet needs."),
    }
    text.trim_end().to_owned()
}
