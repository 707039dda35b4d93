//! `[web]`, `[database.NAME]` and `[codebase.NAME]`.

use super::{GOOD, wrong};
use crate::load;
use crate::model::Location;

const MANAGED: &str = "managed = true";
const LISTEN: &str = "listen = \"127.0.0.1:8080\"";
const TAG: &str = "tag = \"v1\"";

#[test]
fn a_managed_server_has_no_address() {
    insta::assert_snapshot!(wrong(MANAGED, "managed = true\nhost = \"db1\""), @r"
    error: a managed server has no `host`, `port` or `admin`
      --> fleet.toml:10:11
       |
    10 | managed = true
       |           ^^^^
       |
       = help: take `managed` out to use an existing server
    ");
}

#[test]
fn a_server_is_somewhere() {
    insta::assert_snapshot!(wrong(MANAGED, "port = 5433"), @r"
    error: a database server is `managed`, or has a `host`
     --> fleet.toml:9:11
      |
    9 | [database.main]
      |           ^^^^
      |
      = help: write `managed = true` to let Provost run one for this fleet
    ");
    insta::assert_snapshot!(wrong(MANAGED, "host = \"db 1\""), @r#"
    error: `db 1` is not a host
      --> fleet.toml:10:8
       |
    10 | host = "db 1"
       |        ^^^^^^
       |
       = help: write a host name, an address, or the absolute directory of a Unix socket
    "#);
}

#[test]
fn a_server_needs_an_administrator() {
    insta::assert_snapshot!(wrong(MANAGED, "host = \"db1\"\nadmin = { user = \"u\" }"), @r#"
    error: a server's administrator needs `password`
      --> fleet.toml:11:1
       |
    11 | admin = { user = "u" }
       | ^^^^^ `password` is missing
    "#);
}

#[test]
fn mariadb_is_for_later() {
    insta::assert_snapshot!(wrong(MANAGED, "managed = true\nengine = \"mariadb\""), @r#"
    error: MariaDB is not supported by this version yet
      --> fleet.toml:11:10
       |
    11 | engine = "mariadb"
       |          ^^^^^^^^^
       |
       = help: write "postgresql"
    "#);
    let existing =
        "engine = \"mariadb\"\nhost = \"db1\"\nadmin = { user = \"u\", password = { env = \"P\" } }";
    assert!(wrong(MANAGED, existing).contains("MariaDB is not supported"));
}

#[test]
fn an_existing_server_is_read_whole() {
    let admin = "admin = { user = \"u\", password = { env = \"P\" } }";
    for host in ["db1.example.org", "::1", "/run/postgresql"] {
        let text = GOOD.replace(MANAGED, &format!("host = \"{host}\"\nport = 5433\n{admin}"));
        let fleet = load("f", &text).unwrap().fleet;
        let server = &fleet.databases[&"main".parse().unwrap()];
        let Location::Existing { host: read, port, admin } = &server.location else { panic!("{server:?}") };
        assert_eq!((read.as_str(), *port, admin.user.as_str()), (host, Some(5433), "u"));
    }
}

#[test]
fn a_fleet_without_a_server_has_a_managed_one() {
    let fleet = load("f", &GOOD.replace("[database.main]\nmanaged = true\n", "")).unwrap().fleet;
    assert_eq!(fleet.databases[&"main".parse().unwrap()].location, Location::Managed);
}

#[test]
fn nginx_listens_somewhere_and_once() {
    insta::assert_snapshot!(wrong(LISTEN, "listen = []"), @r"
    error: `listen` has at least one address
     --> fleet.toml:7:10
      |
    7 | listen = []
      |          ^^
    ");
    insta::assert_snapshot!(wrong(LISTEN, "listen = [\"0.0.0.0:80\", \"0.0.0.0:80\"]"), @r#"
    error: `0.0.0.0:80` stands here twice
     --> fleet.toml:7:25
      |
    7 | listen = ["0.0.0.0:80", "0.0.0.0:80"]
      |           ------------  ^^^^^^^^^^^^ used again
      |           |
      |           first used here

    warning: [web] does not listen on port 8080
      --> fleet.toml:18:7
       |
    18 | url = "http://hugo.localhost:8080"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: that is right only if something in front hands requests on

    warning: [web] does not listen on port 8080
      --> fleet.toml:22:7
       |
    22 | url = "http://zola.localhost:8080"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: that is right only if something in front hands requests on
    "#);
    insta::assert_snapshot!(wrong(LISTEN, "listen = \"localhost\""), @r#"
    error: `localhost` is not an address with a port
     --> fleet.toml:7:10
      |
    7 | listen = "localhost"
      |          ^^^^^^^^^^^
      |
      = help: write it like "127.0.0.1:8080" or "0.0.0.0:80"
    "#);
}

#[test]
fn tls_is_one_of_three_things() {
    insta::assert_snapshot!(wrong(LISTEN, "tls = \"on\""), @r#"
    error: `on` is not a way to do TLS
     --> fleet.toml:7:7
      |
    7 | tls = "on"
      |       ^^^^
      |
      = help: write "off", "upstream", or { certificate = "…", key = "…" }
    "#);
    insta::assert_snapshot!(wrong(LISTEN, "tls = { certificate = \"c.pem\" }"), @r#"
    error: a certificate needs `key`
     --> fleet.toml:7:1
      |
    7 | tls = { certificate = "c.pem" }
      | ^^^ `key` is missing

    error: `certificate` is an absolute path without `..`
     --> fleet.toml:7:23
      |
    7 | tls = { certificate = "c.pem" }
      |                       ^^^^^^^

    2 errors in fleet.toml
    "#);
    insta::assert_snapshot!(wrong(LISTEN, "trusted_proxies = [\"10.0.0.0/33\"]"), @r#"
    error: `10.0.0.0/33` is neither an address nor a network
     --> fleet.toml:7:20
      |
    7 | trusted_proxies = ["10.0.0.0/33"]
      |                    ^^^^^^^^^^^^^
      |
      = help: write it like "10.0.0.1" or "10.0.0.0/8"
    "#);
}

#[test]
fn a_url_goes_with_who_ends_tls() {
    insta::assert_snapshot!(wrong("http://hugo.localhost:8080", "https://hugo.localhost"), @r#"
    error: nothing ends TLS for this https URL
      --> fleet.toml:18:7
       |
    18 | url = "https://hugo.localhost"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: write `tls = "upstream"` in [web] if a proxy in front does, or give `tls = { certificate, key }`
    "#);
    let files = "tls = { certificate = \"/c.pem\", key = \"/k.pem\" }";
    let one = GOOD.split("[site.zola]").next().unwrap().replace(LISTEN, files);
    insta::assert_snapshot!(load("fleet.toml", &one).unwrap_err(), @r#"
    error: [web] ends TLS, so the URL must be https
      --> fleet.toml:18:7
       |
    18 | url = "http://hugo.localhost:8080"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
}

#[test]
fn a_plugin_is_a_git_repository_at_one_place() {
    insta::assert_snapshot!(wrong(TAG, "tag = \"v1\", branch = \"b\""), @r#"
    error: a plugin has at most one of `tag`, `branch` and `commit`
      --> fleet.toml:15:18
       |
    15 | mod_attendance = { git = "https://example.org/a.git", tag = "v1", branch = "b" }
       |                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    insta::assert_snapshot!(wrong(TAG, "commit = \"abc1234\""), @r#"
    error: a commit is given by all its 40 hexadecimal digits, in lower case
      --> fleet.toml:15:64
       |
    15 | mod_attendance = { git = "https://example.org/a.git", commit = "abc1234" }
       |                                                                ^^^^^^^^^
       |
       = help: `git rev-parse` prints them
    "#);
    insta::assert_snapshot!(wrong(TAG, "branch = \"--upload-pack=evil\""), @r#"
    error: git allows no branch called `--upload-pack=evil`
      --> fleet.toml:15:64
       |
    15 | mod_attendance = { git = "https://example.org/a.git", branch = "--upload-pack=evil" }
       |                                                                ^^^^^^^^^^^^^^^^^^^^
    "#);
    insta::assert_snapshot!(wrong("https://example.org/a.git", "../a"), @r#"
    error: a git source is a URL (https://…, ssh://…, user@host:path) or an absolute path
      --> fleet.toml:15:26
       |
    15 | mod_attendance = { git = "../a", tag = "v1" }
       |                          ^^^^^^
    "#);
    insta::assert_snapshot!(wrong("mod_attendance", "attendance"), @r#"
    error: `attendance` has no plugin type; write the type, `_` and the name, as in `mod_attendance`
      --> fleet.toml:15:1
       |
    15 | attendance = { git = "https://example.org/a.git", tag = "v1" }
       | ^^^^^^^^^^
    "#);
    for odd in ["", "a b", "a..b", "a.lock", "a:b"] {
        assert!(wrong(TAG, &format!("tag = \"{odd}\"")).contains("git allows no tag"), "{odd}");
    }
}

#[test]
fn sources_of_later_versions_are_told_as_such() {
    let plugin = "{ git = \"https://example.org/a.git\", tag = \"v1\" }";
    insta::assert_snapshot!(wrong(plugin, "{}"), @r#"
    error: the plugins directory is not supported by this version yet
      --> fleet.toml:15:18
       |
    15 | mod_attendance = {}
       |                  ^^
       |
       = help: name its git repository: { git = "https://…", tag = "…" }
    "#);
    insta::assert_snapshot!(wrong(plugin, "{ zip = \"a.zip\" }"), @r#"
    error: `zip` is not supported by this version yet
      --> fleet.toml:15:20
       |
    15 | mod_attendance = { zip = "a.zip" }
       |                    ^^^
       |
       = help: take it out; a later version of Provost will know it
    "#);
    for later in ["\"2.1\"", "{ path = \"plugins/a\" }", "{ absent = true }"] {
        assert!(wrong(plugin, later).contains("not supported by this version yet"), "{later}");
    }
    for table in ["[profile.x]", "[template.x]", "[archive.x]"] {
        assert!(
            wrong("[web]", &format!("{table}\n[web]")).contains("not supported by this version yet"),
            "{table}"
        );
    }
    assert!(wrong("[fleet]", "include = [\"sites/*.toml\"]\n[fleet]").contains("`include` is not supported"));
}

#[test]
fn impossible_versions_are_told() {
    insta::assert_snapshot!(wrong("\"4.5+\"", "\"4.5.x\""), @r#"
    error: `4.5.x` is no Moodle version; write `4.5` for its newest release, `4.5+` for the tip of its stable branch, or `4.5.1` for one release (a branch or tag of such a name: `refs/heads/…`, `refs/tags/…`)
      --> fleet.toml:13:10
       |
    13 | moodle = "4.5.x"
       |          ^^^^^^^
    "#);
    insta::assert_snapshot!(wrong("\"4.5+\"", "\"1.9\""), @r#"
    error: Moodle 1.9 cannot be; the oldest that can be named is 2.0
      --> fleet.toml:13:10
       |
    13 | moodle = "1.9"
       |          ^^^^^
    "#);
}
