//! `[database.NAME]`: database servers.

use super::{GOOD, wrong};
use crate::load;
use crate::model::{Engine, Location};

const MANAGED: &str = "managed = true";
const TAGS: &str = "tags = [\"lyon\"]";

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
    assert!(wrong(MANAGED, "host = \"db1\"").contains("a database server needs `admin`"));
}

#[test]
fn a_server_speaks_what_it_says() {
    let engine = |text: &str| {
        let fleet = load("f", &GOOD.replace(MANAGED, text)).unwrap().fleet;
        fleet.databases[&"main".parse().unwrap()].engine
    };
    assert_eq!(engine("managed = true"), Engine::Postgresql);
    assert_eq!(engine("managed = true\nengine = \"postgresql\""), Engine::Postgresql);
    assert_eq!(engine("managed = true\nengine = \"mariadb\""), Engine::Mariadb);
    insta::assert_snapshot!(wrong(MANAGED, "managed = true\nengine = \"mysql\""), @r#"
    error: `mysql` is not a database engine
      --> fleet.toml:11:10
       |
    11 | engine = "mysql"
       |          ^^^^^^^
       |
       = help: write "postgresql" or "mariadb"
    "#);
}

#[test]
fn names_that_an_engine_keeps_for_itself_are_refused_on_that_engine() {
    let named = |engine: &str, name: &str| {
        let server = format!("managed = true\nengine = \"{engine}\"");
        let text = GOOD.replace(MANAGED, &server).replace(TAGS, &format!("database_name = \"{name}\""));
        load("f", &text).map(drop).map_err(|error| error.to_string())
    };
    for (engine, name) in
        [("postgresql", "postgres"), ("postgresql", "pg_one"), ("mariadb", "mysql"), ("mariadb", "sys")]
    {
        let told = named(engine, name).unwrap_err();
        assert!(told.contains(&format!("`{name}` cannot be a site's database and role")), "{told}");
    }
    assert_eq!(named("mariadb", "pg_one"), Ok(()));
    assert_eq!(named("postgresql", "mysql"), Ok(()));
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
fn two_names_of_one_server_are_one_server() {
    let server = |name: &str, host: &str| {
        format!(
            "[database.{name}]\nhost = \"{host}\"\nadmin = {{ user = \"p\", password = {{ env = \"P\" }} }}\n"
        )
    };
    let site = |name: &str, database: &str| {
        format!(
            "[site.{name}]\nurl = \"http://{name}.localhost\"\ndatabase = \"{database}\"\ndatabase_name = \"shared\"\n"
        )
    };
    let text = format!(
        "[fleet]\nname = \"f\"\n[codebase.lts]\nmoodle = \"4.5+\"\n[web]\nlisten = \"127.0.0.1:80\"\n{}{}{}{}",
        server("a", "db.example.org"),
        server("b", "DB.example.org"),
        site("one", "a"),
        site("two", "b")
    );
    let told = crate::load("fleet.toml", &text).unwrap_err().to_string();
    assert!(told.contains("two sites cannot share the database `shared`"), "{told}");
}
