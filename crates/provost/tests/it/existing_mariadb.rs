//! A MariaDB that Provost did not make, with an administrator that is no superuser.

use crate::environment::TestEnv;
use crate::http::Browser;
use crate::mariadb::{PASSWORD, Server};
use crate::moodle::Moodle;

/// How many databases and users have a name.
fn count(name: &str) -> String {
    format!(
        "select (select count(*) from information_schema.schemata where schema_name = '{name}')
              + (select count(*) from mysql.global_priv where User = '{name}')"
    )
}

const COMMENT: &str =
    "select schema_comment from information_schema.schemata where schema_name = 'test_hugo'";

/// A site on a server of the test's own, installed.
fn installed() -> (Server, TestEnv) {
    let server = Server::start();
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    server.declare(&env);
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");
    assert!(!applied.to_string().contains(PASSWORD), "{applied}");
    (server, env)
}

#[test]
fn a_site_lives_on_an_existing_mariadb() {
    let (server, env) = installed();
    let plan = env.run(&["plan", "--detailed-exitcode"]);
    assert_eq!((plan.stdout.as_str(), plan.code), ("Nothing to do.\n", 0), "{plan}");
    let up = env.up();
    assert!(Browser::new(env.port, "hugo.localhost").login(&env.secret("site-hugo-admin").unwrap()));
    drop(up);
    assert_eq!(server.sql("select 1"), "1", "an existing server is not ours to stop");

    env.write_fleet(env.fleet().split("\n[site.hugo]").next().unwrap());
    let removed = env.run(&["apply", "--allow-destroy"]);
    assert_eq!(removed.code, 0, "{removed}");
    assert_eq!(server.sql(&count("test_hugo")), "0", "its database and its user are gone");
}

#[test]
fn a_sites_user_has_its_own_database_and_no_other() {
    let (server, env) = installed();
    // Where rights are given a name is a pattern, in which `_` stands for any letter.
    server.sql("create database testxhugo; create table testxhugo.salaries (a int); create database payroll");
    let password = env.secret("site-hugo-database").unwrap();
    let ask = |sql: &str| server.as_user(("test_hugo", &password), &["--execute", sql]);
    assert_eq!(ask("select count(*) > 0 from test_hugo.mdl_config").as_deref(), Ok("1"));
    for sql in [
        "select count(*) from testxhugo.salaries",
        "create table payroll.mine (a int)",
        "select count(*) from mysql.global_priv",
        "create database another",
        "create user another@localhost",
        "select 1 into outfile '/tmp/pvm-outfile'",
    ] {
        let refused = ask(sql).unwrap_err();
        assert!(refused.contains("denied"), "{sql}: {refused}");
    }
    assert_eq!(ask("show databases").unwrap(), "information_schema\ntest_hugo");
    for database in ["testxhugo", "payroll"] {
        server.sql(&format!("drop database {database}"));
    }
}

#[test]
fn a_user_is_made_again_for_a_database_that_is_ours_and_gets_its_rights_and_its_password() {
    let (server, env) = installed();
    let losses = [
        ("drop user test_hugo@localhost", "its role is missing"),
        ("revoke all privileges on `test\\_hugo`.* from test_hugo@localhost", "its role has no rights on it"),
        ("alter user test_hugo@localhost identified by 'another'", "its role has another password"),
    ];
    for (loss, told) in losses {
        server.sql(loss);
        let plan = env.run(&["plan"]);
        assert!(plan.stdout.contains(&format!("+ database/hugo/create  {told}")), "{loss}: {plan}");
        let applied = env.run(&["apply"]);
        // The site itself could not be looked at before.
        assert!(applied.stderr.contains("✓ database/hugo/create"), "{loss}: {applied}");
        assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n", "after {loss}");
    }
    // A user without a database is known by the password that only we have.
    server.sql("drop database test_hugo");
    let applied = env.run(&["apply"]);
    assert!(applied.to_string().contains("✓ database/hugo/create"), "{applied}");
    assert!(
        applied.stdout.contains("x site/hugo blocked"),
        "its files are there, its data is not: {applied}"
    );
}

#[test]
fn a_mariadb_that_is_down_is_unknown_and_nothing_is_planned_on_ignorance() {
    let (mut server, env) = installed();
    server.down();
    let blocked = env.run(&["apply", "--allow-destroy"]);
    let state = env.site_state("hugo");
    server.up();
    assert_eq!(blocked.code, 3, "{blocked}");
    assert!(blocked.stdout.contains("x site/hugo blocked"), "{blocked}");
    assert_eq!(state, "unknown");
    assert_eq!(env.run(&["apply"]).stdout, "Nothing to do.\n");
}

#[test]
fn somebody_elses_database_or_user_is_never_touched() {
    let server = Server::start();
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    server.declare(&env);
    let foreign = [
        ("create database test_hugo comment 'the payroll'", "drop database test_hugo"),
        ("create database test_hugo", "drop database test_hugo"),
        ("create user test_hugo@localhost identified by 'theirs'", "drop user test_hugo@localhost"),
        ("create user test_hugo@'10.0.0.%' identified by 'theirs'", "drop user test_hugo@'10.0.0.%'"),
    ];
    let there = "select schema_name, schema_comment from information_schema.schemata where schema_name = 'test_hugo' \
                 union all select User, Priv from mysql.global_priv where User = 'test_hugo'";
    for (theirs, gone) in foreign {
        server.sql(theirs);
        let before = server.sql(there);
        for arguments in [&["apply"][..], &["apply", "--allow-destroy"]] {
            let output = env.run(arguments);
            assert_eq!(output.code, 3, "{theirs}: {output}");
            assert!(output.stdout.contains("x database/hugo blocked: it is there but not ours"), "{output}");
        }
        // Not in the file any more: still not ours to drop.
        let fleet = env.fleet();
        env.write_fleet(fleet.split("\n[site.hugo]").next().unwrap());
        assert_eq!(env.run(&["apply", "--allow-destroy"]).code, 0);
        env.write_fleet(&fleet);
        assert_eq!(server.sql(there), before, "{theirs}");
        server.sql(gone);
    }
}

#[test]
fn a_database_restored_from_a_plain_dump_is_marked_again() {
    let (server, env) = installed();
    std::fs::write(env.state().join("data/sites/hugo/upload"), "an essay").unwrap();
    for with_its_user in [false, true] {
        let dump = server.dump("test_hugo");
        server.sql("drop database test_hugo");
        if with_its_user {
            server.sql("drop user test_hugo@localhost");
        }
        server.sql("create database test_hugo character set utf8mb4");
        server.restore("test_hugo", &dump);
        let plan = env.run(&["plan"]);
        assert!(plan.stdout.contains("database/hugo/mark"), "{plan}");
        assert!(!plan.stdout.contains("site/hugo"), "nothing is to do for the site itself: {plan}");
        let applied = env.run(&["apply"]);
        assert_eq!(applied.code, 0, "{applied}");
        assert_eq!(env.run(&["plan", "--detailed-exitcode"]).stdout, "Nothing to do.\n");
        assert!(server.sql(COMMENT).contains(r#""stage":"installed""#), "{}", server.sql(COMMENT));
    }
    let upload = std::fs::read_to_string(env.state().join("data/sites/hugo/upload")).unwrap();
    assert_eq!(upload, "an essay");
    let up = env.up();
    assert!(Browser::new(env.port, "hugo.localhost").login(&env.secret("site-hugo-admin").unwrap()));
    drop(up);
}

#[test]
fn an_administrator_that_may_not_see_users_is_told_and_nothing_is_done() {
    let server = Server::start();
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    server.declare(&env);
    server.sql("revoke select on *.* from boss@localhost");
    let output = env.run(&["apply"]);
    assert_eq!(output.code, 3, "{output}");
    assert!(output.stdout.contains("global_priv"), "{output}");
    assert_eq!(server.sql(&count("test_hugo")), "0");
}
