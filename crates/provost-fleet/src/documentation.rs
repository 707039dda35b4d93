//! The reference of the fleet file and its JSON Schema, both made from the same tables of keys that reading uses.

mod schema;

pub use schema::json_schema;

use crate::keys::{self, Key, Kind, Table, archive};

/// Every table, in the order in which the reference shows them.
const TABLES: [&Table; 26] = [
    &keys::FLEET,
    &keys::WEB,
    &keys::CRON,
    &keys::TLS,
    &keys::DATABASE,
    &keys::ADMIN,
    &keys::REDIS,
    &keys::REDIS_ADDRESS,
    &keys::CODEBASE,
    &keys::PLUGIN,
    &keys::PROFILE,
    &keys::SETTING,
    &keys::TEMPLATE,
    &keys::SITE,
    &keys::SITE_ADMIN,
    &archive::ARCHIVE,
    &archive::END,
    &archive::SELECTION,
    &archive::PLACE,
    &archive::BACKUP,
    &archive::USERS,
    &archive::RESTORE,
    &archive::AFTER,
    &archive::RENAME,
    &archive::NOTIFY,
    &keys::SECRET,
];

/// A file with every table; a test loads it.
const EXAMPLE: &str = r#"[fleet]
name = "academie"
moodle_git = "https://github.com/moodle/moodle.git"
state = "/var/lib/provost/academie"

[web]
listen = ["127.0.0.1:8080"]
tls = "upstream"
trusted_proxies = ["10.0.0.0/8"]

[cron]
period = "1m"
timeouts = { "core\\task\\automated_backup_task" = "8h" }
command = ["/usr/local/bin/page"]

[database.main]
managed = true

[database.big]
host = "db1.example.org"
admin = { user = "provost", password = { env = "DB_PASSWORD" } }

[redis.main]
managed = true
caches_memory = "1G"

[codebase.lts]
moodle = "4.5+"

[codebase.lts.plugins]
mod_attendance = { git = "https://github.com/danmarsden/moodle-mod_attendance.git", branch = "MOODLE_405_STABLE" }
mod_customcert = { git = "https://github.com/mdjnelson/moodle-mod_customcert.git", tag = "v4.5.1" }

[profile.school.settings]
"core/enableglobalsearch" = true
"core/timezone" = { value = "Europe/Paris", policy = "forced" }
"theme_boost/preset" = { value = "plain.scss", policy = "seeded" }

[template.school]
database = "main"
language = "fr"
profiles = ["school"]
courses = ["courses/welcome.mbz"]

[site.hugo]
url = "https://hugo.example.org"
aliases = ["www.hugo.example.org"]
template = "school"
tags = ["lyon", "pilot"]
admin = { email = "ops@example.org", password = { file = "secrets/hugo" } }
full_name = "Lycée Victor Hugo"
memory_limit = "512M"

[site.hugo.settings]
"core/langlist" = ["fr", "de"]
"core/smtppass" = { file = "secrets/smtp" }
"quiz/attempts" = { absent = true }

[site.archives]
url = "https://archives.example.org"
codebase = "lts"
database = "main"

[archive.yearly]
from = "hugo"
to = "archives"
select = [{ category = "/Sessions/{year-1}", ended_before = "{year}-07-15" }]
exclude = [{ shortname = "DEMO-*" }]
place = { rewrite = "/Archives/{year-1}/{below}" }
after = { freeze = true, enrolments = "suspend" }
source = "delete"
window = "22:00-05:30"
timezone = "Europe/Paris"
exceptions = ["06-08..06-19"]
notify = { mail = ["ops@example.org"] }
"#;

/// The reference, in Markdown. `docs/fleet-file.md` is this text.
pub fn reference_markdown() -> String {
    let mut text = String::from(
        "# The fleet file\n\nMade from the program itself; `PROVOST_UPDATE=1 script/test` writes it anew. One TOML file, in git, \
         with its `fleet.lock` beside it. Unknown keys are errors.\n\n```toml\n",
    );
    text.push_str(EXAMPLE);
    text.push_str("```\n");
    for table in TABLES {
        text.push_str(&format!(
            "\n## `{}`\n\n{}\n\n| key | value | default | |\n|---|---|---|---|\n",
            table.header, table.doc
        ));
        for key in table.keys {
            text.push_str(&row(key));
        }
        if !table.later.is_empty() {
            let later: Vec<String> = table.later.iter().map(|key| format!("`{key}`")).collect();
            text.push_str(&format!("\nNot in this version yet: {}.\n", later.join(", ")));
        }
    }
    text
}

fn row(key: &Key) -> String {
    let default = match key.default {
        None => "required",
        Some(default) => default,
    };
    format!("| `{}` | {} | {default} | {} |\n", key.name, kind(key.kind), key.doc)
}

fn kind(kind: Kind) -> String {
    match kind {
        Kind::Text => "text".to_owned(),
        Kind::Boolean => "`true` or `false`".to_owned(),
        Kind::Integer => "whole number".to_owned(),
        Kind::Texts => "list of texts".to_owned(),
        Kind::TextOrTexts => "text or list of texts".to_owned(),
        Kind::Size => "size".to_owned(),
        Kind::Duration => "time".to_owned(),
        Kind::Durations => "times by class".to_owned(),
        Kind::Secret => "secret".to_owned(),
        Kind::Table(table) | Kind::Tables(table) | Kind::TextsOrTables(table) => {
            format!("`{}`", table.header)
        }
        Kind::TextOrTable(table) => format!("text or `{}`", table.header),
        Kind::TableList(table) => format!("list of `{}`", table.header),
        Kind::TextsByName => "texts by name".to_owned(),
        Kind::TextOrSecret => "text or secret".to_owned(),
        Kind::Settings => "settings by name".to_owned(),
        Kind::Setting => "text, number, yes or no, list, secret".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(file: &str, text: &str) {
        let path = format!("{}/../../docs/{file}", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("PROVOST_UPDATE").is_some() {
            std::fs::write(&path, text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), text, "run with PROVOST_UPDATE=1");
    }

    #[test]
    fn the_written_reference_is_current() {
        compare("fleet-file.md", &reference_markdown());
    }

    #[test]
    fn the_written_schema_is_current() {
        compare("fleet.schema.json", &format!("{:#}\n", json_schema()));
    }

    #[test]
    fn the_example_is_valid() {
        let loaded = crate::load("fleet.toml", EXAMPLE).unwrap();
        assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    }
}
