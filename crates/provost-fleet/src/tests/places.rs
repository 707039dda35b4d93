//! Things of which there is one: hosts, databases, dataroots, names.

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
fn a_dataroot_is_one_sites() {
    let both = |hugo: &str, zola: &str| {
        let text = GOOD.replace(ZOLA, &format!("[site.zola]\ndataroot = \"{zola}\"\n"));
        load("fleet.toml", &text.replace(TAGS, &format!("dataroot = \"{hugo}\"")))
    };
    insta::assert_snapshot!(both("/data/hugo", "/data//hugo/").unwrap_err(), @r#"
    error: two sites cannot share the dataroot `/data//hugo/`
      --> fleet.toml:22:12
       |
    19 | dataroot = "/data/hugo"
       |            ------------ first used here
    ...
    22 | dataroot = "/data//hugo/"
       |            ^^^^^^^^^^^^^^ used again
    "#);
    insta::assert_snapshot!(both("/data/hugo/inside", "/data/hugo").unwrap_err(), @r#"
    error: a dataroot cannot lie in another site's dataroot
      --> fleet.toml:22:12
       |
    19 | dataroot = "/data/hugo/inside"
       |            ------------------- first used here
    ...
    22 | dataroot = "/data/hugo"
       |            ^^^^^^^^^^^^ used again
    "#);
    assert!(both("/data/hugo", "/data/hugo2").is_ok());
}

#[test]
fn a_dataroot_is_not_what_another_site_has_unsaid() {
    insta::assert_snapshot!(wrong(TAGS, "dataroot = \"/srv/academie/data/sites/zola\""), @r#"
    error: two sites cannot share the dataroot `/srv/academie/data/sites/zola`
      --> fleet.toml:19:12
       |
    19 | dataroot = "/srv/academie/data/sites/zola"
       |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ used again
    20 | admin = { email = "ops@example.org", password = { file = "secrets/hugo" } }
    21 | [site.zola]
       |       ---- first used here
    "#);
}

#[test]
fn a_dataroot_does_not_hold_everything() {
    assert!(wrong(TAGS, "dataroot = \"/\"").contains("a dataroot is a directory of its own, not `/`"));
    assert!(wrong(TAGS, "dataroot = \"/srv\"").contains("a dataroot cannot hold the fleet's state"));
}

#[test]
fn a_dataroot_is_not_among_the_fleets_own_things() {
    insta::assert_snapshot!(wrong(TAGS, "dataroot = \"/srv/academie/data\""), @r#"
    error: a dataroot cannot lie among the fleet's own things
      --> fleet.toml:19:12
       |
     4 | state = "/srv/academie"
       |         --------------- the state
    ...
    19 | dataroot = "/srv/academie/data"
       |            ^^^^^^^^^^^^^^^^^^^^
       |
       = help: leave `dataroot` out, or name a directory outside the state
    "#);
    for own in ["made", "keep/secrets", "data/servers/main", "data/sites", "data/sites/hugo/inside"] {
        let message = wrong(TAGS, &format!("dataroot = \"/srv/academie/{own}\""));
        assert!(message.contains("a dataroot cannot lie among the fleet's own things"), "{own}\n{message}");
    }
    // Where a site's dataroot lies by default, also under another site's former name.
    for fits in ["/srv/academie/data/sites/old", "/srv/academie2/made"] {
        assert!(load("f", &GOOD.replace(TAGS, &format!("dataroot = \"{fits}\""))).is_ok(), "{fits}");
    }
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
