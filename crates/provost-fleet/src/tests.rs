use proptest::prelude::*;

use crate::load;

mod places;
mod secrets;
mod servers;
mod sites;

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
    insta::assert_snapshot!(wrong("tags = ", "template = \"x\"\ntags = "), @r#"
    error: `template` is not supported by this version yet
      --> fleet.toml:19:1
       |
    19 | template = "x"
       | ^^^^^^^^
       |
       = help: take it out; a later version of Provost will know it
    "#);
}

#[test]
fn a_bad_url_is_told() {
    insta::assert_snapshot!(wrong("http://hugo.localhost:8080", "hugo.localhost"), @r#"
    error: a site's URL begins with `https://` or `http://`
      --> fleet.toml:18:7
       |
    18 | url = "hugo.localhost"
       |       ^^^^^^^^^^^^^^^^
       |
       = help: write "https://hugo.localhost"
    "#);
}

#[test]
fn a_codebase_that_is_not_there_is_told_with_the_nearest() {
    insta::assert_snapshot!(wrong("tags = ", "codebase = \"lst\"\ntags = "), @r#"
    error: there is no [codebase.lst]
      --> fleet.toml:19:12
       |
    19 | codebase = "lst"
       |            ^^^^^
       |
       = help: did you mean `lts`?
    "#);
}

#[test]
fn two_sites_with_one_host_are_told_with_both_places() {
    insta::assert_snapshot!(wrong("http://zola.localhost:8080", "http://hugo.localhost:8080"), @r#"
    error: two sites cannot share the host `hugo.localhost`
      --> fleet.toml:22:7
       |
    18 | url = "http://hugo.localhost:8080"
       |       ---------------------------- first used here
    ...
    22 | url = "http://hugo.localhost:8080"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ used again
    "#);
}

#[test]
fn two_sites_with_one_database_are_told() {
    let message = wrong("[site.zola]\n", "[site.zola]\ndatabase_name = \"academie_hugo\"\n");
    assert!(message.contains("two sites cannot share the database `academie_hugo`"), "{message}");
}

#[test]
fn two_sites_with_one_dataroot_or_one_inside_the_other_are_told() {
    let with = |other: &str| {
        let text = GOOD.replace("[site.zola]\n", &format!("[site.zola]\ndataroot = \"{other}\"\n"));
        load("f", &text.replace("tags = ", "dataroot = \"/data/hugo\"\ntags = ")).unwrap_err().to_string()
    };
    assert!(with("/data/hugo").contains("two sites cannot share the dataroot `/data/hugo`"));
    assert!(with("/data/hugo/inside").contains("a dataroot cannot lie in another site's dataroot"));
}

#[test]
fn a_name_that_cannot_be_a_database_or_directory_is_told() {
    insta::assert_snapshot!(wrong("[site.zola]", "[site.\"../zola\"]"), @r#"
    error: `.` cannot stand in a name; use lower-case letters, digits, `-` and `_`
      --> fleet.toml:21:7
       |
    21 | [site."../zola"]
       |       ^^^^^^^^^
    "#);
    assert!(wrong("tags = ", "database_name = \"drop table\"\ntags = ").contains("is not a database's name"));
}

#[test]
fn an_impossible_version_is_told() {
    let message = wrong("\"4.5+\"", "\"4.5.x\"");
    assert!(message.contains("fleet.toml:13:10") && message.contains("4.5.x"), "{message}");
}

#[test]
fn a_secret_in_clear_is_refused_and_not_shown() {
    let message = wrong("{ file = \"secrets/hugo\" }", "\"hunter2\"");
    assert!(!message.contains("hunter2"), "{message}");
    insta::assert_snapshot!(message, @r#"
    error: `password` is a reference to a secret, never the secret itself
      --> fleet.toml:20:49
       |
    20 | admin = { email = "ops@example.org", password = ********* }
       |                                                 ^^^^^^^^^
       |
       = help: write { env = "VARIABLE" }, { file = "path" } or { command = ["program", "argument"] }
    "#);
}

#[test]
fn https_without_anybody_who_ends_tls_is_told() {
    let message = wrong("http://hugo.localhost:8080", "https://hugo.localhost");
    assert!(message.contains("nothing ends TLS for this https URL"), "{message}");
    let upstream = GOOD.replace("listen = \"127.0.0.1:8080\"", "tls = \"upstream\"");
    assert!(load("f", &upstream.replace("http://", "https://")).is_ok());
}

#[test]
fn a_port_that_nobody_listens_on_is_odd_but_valid() {
    let loaded = load("f", &GOOD.replace("hugo.localhost:8080", "hugo.localhost:8081")).unwrap();
    assert!(loaded.warnings.to_string().contains("[web] does not listen on port 8081"));
}

#[test]
fn a_server_is_managed_or_has_a_host() {
    assert!(wrong("managed = true", "port = 5433").contains("is `managed`, or has a `host`"));
    assert!(
        wrong("managed = true", "managed = true\nhost = \"db1\"").contains("a managed server has no `host`")
    );
    assert!(wrong("managed = true", "host = \"db1\"").contains("a database server needs `admin`"));
    assert!(
        wrong("managed = true", "managed = true\nengine = \"mariadb\"").contains("MariaDB is not supported")
    );
}

#[test]
fn a_plugin_has_one_place_in_a_history() {
    assert!(wrong("tag = \"v1\"", "tag = \"v1\", branch = \"b\"").contains("at most one of"));
    assert!(wrong("tag = \"v1\"", "commit = \"abc1234\"").contains("all its 40 hexadecimal digits"));
    assert!(wrong("mod_attendance", "attendance").contains("fleet.toml:15:1"));
    assert!(wrong("https://example.org/a.git", "--upload-pack=evil").contains("does not begin with `-`"));
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
      = help: the fleet has `name`, `moodle_git`, `state`

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
