use proptest::prelude::*;

use crate::load;

mod addresses;
mod archives;
mod codebases;
mod cron;
mod dataroots;
mod places;
mod redis;
mod secrets;
mod servers;
mod settings;
mod sites;
mod templates;
mod web;

const GOOD: &str = r#"
[fleet]
name = "academie"
state = "/srv/academie"

[web]
listen = "127.0.0.1:8080"

[database.main]
managed = true

[codebase.lts]
moodle = "4.5+"
[codebase.lts.plugins]
mod_attendance = { git = "https://example.org/a.git", tag = "v1" }

[site.hugo]
url = "http://hugo.localhost:8080"
tags = ["lyon"]
admin = { email = "ops@example.org", password = { file = "secrets/hugo" } }
[site.zola]
url = "http://zola.localhost:8080"
"#;

/// The message for the good file with one text replaced.
fn wrong(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    load("fleet.toml", &GOOD.replacen(from, to, 1)).unwrap_err().to_string()
}

#[test]
fn a_good_file_has_its_defaults() {
    let loaded = load("fleet.toml", GOOD).unwrap();
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    let site = &loaded.fleet.sites[&"hugo".parse().unwrap()];
    assert_eq!(site.codebase.as_str(), "lts");
    assert_eq!(site.database_name, "academie_hugo");
    assert_eq!((site.limits.memory_mib, site.limits.upload_mib, site.limits.workers), (256, 100, 5));
    let zola = &loaded.fleet.sites[&"zola".parse().unwrap()];
    assert_eq!((zola.admin.user.as_str(), zola.admin.email.as_str()), ("admin", "admin@zola.localhost"));
}

#[test]
fn an_unknown_key_names_the_nearest() {
    insta::assert_snapshot!(wrong("tags = ", "tgas = "), @r#"
    error: unknown key `tgas`
      --> fleet.toml:19:1
       |
    19 | tgas = ["lyon"]
       | ^^^^ not a key of a site
       |
       = help: did you mean `tags`?
    "#);
}

#[test]
fn a_key_of_later_versions_is_told_as_such() {
    insta::assert_snapshot!(wrong("moodle = ", "php = \"8.3\"\nmoodle = "), @r#"
    error: `php` is not supported by this version yet
      --> fleet.toml:13:1
       |
    13 | php = "8.3"
       | ^^^
       |
       = help: take it out; a later version of Provost will know it
    "#);
}

#[test]
fn all_faults_come_at_once_in_the_order_of_the_file() {
    let text = GOOD
        .replace("name = \"academie\"", "name = \"Academie\"\nfavourite = 1")
        .replace("moodle = \"4.5+\"", "moodle = 45")
        .replace("http://zola.localhost:8080", "http://hugo.localhost:8080")
        .replace("tags = [\"lyon\"]", "tags = [\"zola\", 3]");
    insta::assert_snapshot!(load("fleet.toml", &text).unwrap_err(), @r#"
    error: `A` cannot stand in a name; use lower-case letters, digits, `-` and `_`
     --> fleet.toml:3:8
      |
    3 | name = "Academie"
      |        ^^^^^^^^^^

    error: unknown key `favourite`
     --> fleet.toml:4:1
      |
    4 | favourite = 1
      | ^^^^^^^^^ not a key of the fleet
      |
      = help: the fleet has `name`, `moodle_git`, `catalogue`, `state`

    error: `moodle` is a text
      --> fleet.toml:14:10
       |
    14 | moodle = 45
       |          ^^ this is a whole number

    error: the tag `zola` is the name of a site
      --> fleet.toml:20:9
       |
    20 | tags = ["zola", 3]
       |         ^^^^^^
    21 | admin = { email = "ops@example.org", password = { file = "secrets/hugo" } }
    22 | [site.zola]
       |       ---- the site
       |
       = help: rename the tag: a selection could not tell them apart

    error: `tags` is a list of texts
      --> fleet.toml:20:17
       |
    20 | tags = ["zola", 3]
       |                 ^ this is a whole number

    error: two sites cannot share the host `hugo.localhost`
      --> fleet.toml:23:7
       |
    19 | url = "http://hugo.localhost:8080"
       |       ---------------------------- first used here
    ...
    23 | url = "http://hugo.localhost:8080"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ used again

    6 errors in fleet.toml
    "#);
}

#[test]
fn what_is_not_toml_is_told_with_its_line() {
    insta::assert_snapshot!(wrong("managed = true", "managed = "), @r#"
    error: string values must be quoted, expected literal string
      --> fleet.toml:10:11
       |
    10 | managed = 
       |           ^
    "#);
}

#[test]
fn a_file_without_a_fleet_is_told() {
    assert!(load("f", "").unwrap_err().to_string().contains("needs `[fleet]`"));
}

#[test]
fn faults_are_told_to_programs_too() {
    let text = GOOD.replacen("tags = ", "tgas = ", 1);
    insta::assert_json_snapshot!(load("fleet.toml", &text).unwrap_err().to_json(), @r#"
    [
      {
        "column": 1,
        "file": "fleet.toml",
        "hints": [
          "did you mean `tags`?"
        ],
        "label": "not a key of a site",
        "line": 19,
        "message": "unknown key `tgas`",
        "severity": "error"
      }
    ]
    "#);
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC*") {
        // Rendering included.
        let told = load("f", &text).map_err(|faults| faults.render(true)).err();
        prop_assert!(told.is_none_or(|told| told.contains("error")));
    }

    #[test]
    fn no_mutation_of_a_good_file_panics(at in 0..GOOD.len(), drop in 0..40_usize, insert in "[\\[\\]{}=\"'#\n,.a-z0-9é]{0,6}") {
        let mut text = GOOD.to_owned();
        let floor = |mut at: usize| { while !text.is_char_boundary(at) { at -= 1; } at };
        let (from, to) = (floor(at), floor((at + drop).min(GOOD.len())));
        text.replace_range(from..to, &insert);
        let told = load("f", &text).map_err(|faults| faults.render(false)).err();
        prop_assert!(told.is_none_or(|told| told.contains("error")));
    }
}
