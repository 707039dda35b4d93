//! Things of which there is one: hosts, databases, names. Dataroots have a file of their own.

use super::{GOOD, wrong};
use crate::load;

const TAGS: &str = "tags = [\"lyon\"]";
const ZOLA: &str = "[site.zola]\n";

#[test]
fn an_alias_is_a_host_too() {
    insta::assert_snapshot!(wrong(TAGS, "aliases = [\"zola.localhost\"]"), @r#"
    error: two sites cannot share the host `zola.localhost`
      --> fleet.toml:22:7
       |
    19 | aliases = ["zola.localhost"]
       |            ---------------- first used here
    ...
    22 | url = "http://zola.localhost:8080"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ used again
    "#);
    insta::assert_snapshot!(wrong(TAGS, "aliases = [\"hugo.localhost\"]"), @r#"
    error: this site has the host `hugo.localhost` twice
      --> fleet.toml:19:12
       |
    18 | url = "http://hugo.localhost:8080"
       |       ---------------------------- first used here
    19 | aliases = ["hugo.localhost"]
       |            ^^^^^^^^^^^^^^^^ used again
    "#);
}

#[test]
fn first_is_what_comes_first_in_the_file() {
    insta::assert_snapshot!(wrong(ZOLA, "[site.abel]\nurl = \"http://hugo.localhost:8080\"\n[site.zola]\n"), @r#"
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
fn a_database_is_one_sites() {
    insta::assert_snapshot!(wrong(ZOLA, "[site.zola]\ndatabase_name = \"academie_hugo\"\n"), @r#"
    error: two sites cannot share the database `academie_hugo`
      --> fleet.toml:22:17
       |
    17 | [site.hugo]
       |       ---- first used here
    ...
    22 | database_name = "academie_hugo"
       |                 ^^^^^^^^^^^^^^^ used again
       |
       = help: give one of them another `database_name`
    "#);
    // Two names that are written alike as databases.
    let text = GOOD.replace("[site.hugo]", "[site.a-b]").replace("[site.zola]", "[site.a_b]");
    assert!(load("f", &text).unwrap_err().to_string().contains("cannot share the database `academie_a_b`"));
    // Another server, another database.
    let other = "[database.two]\nmanaged = true\n[site.zola]\ndatabase = \"two\"\ndatabase_name = \"academie_hugo\"\n";
    assert!(load("f", &GOOD.replace(ZOLA, other).replace(TAGS, "database = \"main\"")).is_ok());
}

#[test]
fn a_database_is_none_that_the_server_keeps() {
    insta::assert_snapshot!(wrong(TAGS, "database_name = \"postgres\""), @r#"
    error: `postgres` cannot be a site's database and role
      --> fleet.toml:19:17
       |
    19 | database_name = "postgres"
       |                 ^^^^^^^^^^
       |
       = help: the server keeps this name for itself
    "#);
    insta::assert_snapshot!(wrong("name = \"academie\"", "name = \"pg\""), @r"
    error: `pg_hugo` cannot be a site's database and role
      --> fleet.toml:17:7
       |
    17 | [site.hugo]
       |       ^^^^
       |
       = help: the server keeps names that begin with `pg_` for itself: give a `database_name`

    error: `pg_zola` cannot be a site's database and role
      --> fleet.toml:21:7
       |
    21 | [site.zola]
       |       ^^^^
       |
       = help: the server keeps names that begin with `pg_` for itself: give a `database_name`

    2 errors in fleet.toml
    ");
}

#[test]
fn a_site_does_not_take_the_administrators_role() {
    let admin = "host = \"db1\"\nadmin = { user = \"boss\", password = { env = \"P\" } }";
    let text = GOOD.replace("managed = true", admin).replace(TAGS, "database_name = \"boss\"");
    insta::assert_snapshot!(load("fleet.toml", &text).unwrap_err(), @r#"
    error: `boss` is the role that administers the server
      --> fleet.toml:20:17
       |
    20 | database_name = "boss"
       |                 ^^^^^^
       |
       = help: a site's database and role have one name: give it another `database_name`
    "#);
}

#[test]
fn many_clashes_are_told_once_each() {
    let site = |at: usize| {
        format!("[site.s{at}]\nurl = \"http://s{at}.localhost:8080\"\ndataroot = \"/data/one\"\n")
    };
    let text = GOOD.to_owned() + &(0..50).map(site).collect::<String>();
    assert_eq!(load("f", &text).unwrap_err().iter().count(), 49);
}

#[test]
fn a_tag_is_no_sites_name() {
    insta::assert_snapshot!(wrong(TAGS, "tags = [\"zola\"]"), @r#"
    error: the tag `zola` is the name of a site
      --> fleet.toml:19:9
       |
    19 | tags = ["zola"]
       |         ^^^^^^
    20 | admin = { email = "ops@example.org", password = { file = "secrets/hugo" } }
    21 | [site.zola]
       |       ---- the site
       |
       = help: rename the tag: a selection could not tell them apart
    "#);
}

#[test]
fn a_database_server_that_is_not_there_is_told() {
    insta::assert_snapshot!(wrong(TAGS, "database = \"mian\""), @r#"
    error: there is no [database.mian]
      --> fleet.toml:19:12
       |
    19 | database = "mian"
       |            ^^^^^^
       |
       = help: did you mean `main`?
    "#);
}

#[test]
fn a_codebase_that_is_not_there_is_told() {
    insta::assert_snapshot!(wrong(TAGS, "codebase = \"lst\""), @r#"
    error: there is no [codebase.lst]
      --> fleet.toml:19:12
       |
    19 | codebase = "lst"
       |            ^^^^^
       |
       = help: did you mean `lts`?
    "#);
}
