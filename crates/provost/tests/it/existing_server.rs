//! A PostgreSQL that Provost did not make, with an administrator that is no superuser.

use crate::environment::TestEnv;
use crate::http::Browser;
use crate::moodle::Moodle;
use crate::postgres::{PASSWORD, Server};

#[test]
fn a_site_lives_on_an_existing_server() {
    let server = Server::start();
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    server.declare(&env);
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");
    assert!(!applied.to_string().contains(PASSWORD), "{applied}");
    let plan = env.run(&["plan", "--detailed-exitcode"]);
    assert_eq!((plan.stdout.as_str(), plan.code), ("Nothing to do.\n", 0), "{plan}");
    let owner = "select pg_get_userbyid(datdba) from pg_database where datname = 'test_hugo'";
    assert_eq!(server.sql(owner), "test_hugo", "a site's database is its own role's");
    let up = env.up();
    assert!(Browser::new(env.port, "hugo.localhost").login(&env.secret("site-hugo-admin").unwrap()));
    drop(up);
    assert_eq!(server.sql("select 1"), "1", "an existing server is not ours to stop");

    env.write_fleet(env.fleet().split("\n[site.hugo]").next().unwrap());
    let removed = env.run(&["apply", "--allow-destroy"]);
    assert_eq!(removed.code, 0, "{removed}");
    let left = "select count(*) from pg_roles full join pg_database on rolname = datname \
                where 'test_hugo' in (rolname, datname)";
    assert_eq!(server.sql(left), "0", "its database and its role are gone");
}

#[test]
fn a_role_that_is_there_already_gets_its_password_from_an_administrator_that_is_no_superuser() {
    let server = Server::start();
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    server.declare(&env);
    assert_eq!(env.run(&["apply"]).code, 0);
    server.sql("drop database test_hugo with (force)");
    let applied = env.run(&["apply"]);
    assert!(applied.to_string().contains("✓ database/hugo/create"), "{applied}");
}

#[test]
fn a_server_that_is_down_is_unknown_and_nothing_is_planned_on_ignorance() {
    let server = Server::start();
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    server.declare(&env);
    assert_eq!(env.run(&["apply"]).code, 0);
    let data = server.path("data");
    server.run("pg_ctl", &["-D", &data, "-w", "-m", "fast", "stop"]);
    let blocked = env.run(&["apply", "--allow-destroy"]);
    let state = env.site_state("hugo");
    let options = format!("-c listen_addresses='' -c unix_socket_directories='{}'", server.path("socket"));
    server.run("pg_ctl", &["-D", &data, "-w", "-l", &server.path("log"), "-o", &options, "start"]);
    assert_eq!(blocked.code, 3, "{blocked}");
    assert!(blocked.stdout.contains("x site/hugo blocked"), "{blocked}");
    assert_eq!(state, "unknown");
    assert_eq!(env.run(&["apply"]).stdout, "Nothing to do.\n");
}

#[test]
fn somebody_elses_database_is_never_touched() {
    let server = Server::start();
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    server.declare(&env);
    server.sql("create database test_hugo");
    server.sql("comment on database test_hugo is 'the payroll'");
    let count = "select count(*) from pg_roles where rolname = 'test_hugo'";
    for arguments in [&["apply"][..], &["apply", "--allow-destroy"]] {
        let output = env.run(arguments);
        assert_eq!(output.code, 3, "{output}");
        assert!(output.stdout.contains("x database/hugo blocked: it is there but not ours"), "{output}");
    }
    let comment = "select shobj_description(oid, 'pg_database') from pg_database where datname = 'test_hugo'";
    assert_eq!(server.sql(comment), "the payroll");
    assert_eq!(server.sql(count), "0");
    // Not in the file any more: still not ours to drop.
    env.write_fleet(env.fleet().split("\n[site.hugo]").next().unwrap());
    assert_eq!(env.run(&["apply", "--allow-destroy"]).code, 0);
    assert_eq!(server.sql(comment), "the payroll");
}
