//! Databases that come back from a plain dump: it has no comments on databases and roles, and these are our marks.

use crate::environment::{Output, TestEnv};
use crate::http::Browser;
use crate::moodle::Moodle;
use crate::postgres::Server;

const COMMENT: &str =
    "select shobj_description(oid, 'pg_database') from pg_database where datname = 'test_hugo'";

/// A site on a server of the test's own, installed.
fn installed() -> (Server, TestEnv) {
    let server = Server::start();
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    server.declare(&env);
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");
    // What a site has besides its database: to be there in the end as it was.
    std::fs::write(env.state().join("data/sites/hugo/upload"), "an essay").unwrap();
    (server, env)
}

fn assert_marked_again(env: &TestEnv, server: &Server, plan: &Output) {
    assert!(plan.stdout.contains("database/hugo/mark"), "{plan}");
    assert!(plan.stdout.contains("what it holds is this site of this fleet"), "{plan}");
    assert!(!plan.stdout.contains("site/hugo"), "nothing is to do for the site itself: {plan}");
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");
    assert_eq!(env.run(&["plan", "--detailed-exitcode"]).stdout, "Nothing to do.\n");
    assert!(server.sql(COMMENT).contains(r#""stage":"installed""#), "{}", server.sql(COMMENT));
    let upload = std::fs::read_to_string(env.state().join("data/sites/hugo/upload")).unwrap();
    assert_eq!(upload, "an essay");
}

#[test]
fn a_database_restored_from_a_plain_dump_is_marked_again() {
    let (server, env) = installed();
    for with_its_role in [false, true] {
        let dump = server.dump("test_hugo");
        server.sql("drop database test_hugo with (force)");
        if with_its_role {
            server.sql("drop role test_hugo");
            server.sql("create role test_hugo login password 'not the one that Provost keeps'");
            server.sql("grant test_hugo to boss");
        }
        server.sql("create database test_hugo owner test_hugo");
        server.restore("test_hugo", &dump);
        let plan = env.run(&["plan"]);
        assert!(plan.stdout.contains("its mark is gone"), "{plan}");
        assert_marked_again(&env, &server, &plan);
    }
    let others = "select has_database_privilege('public', 'test_hugo', 'connect')";
    assert_eq!(server.sql(others), "f", "a database of ours is closed to everybody else");
    let up = env.up();
    assert!(Browser::new(env.port, "hugo.localhost").login(&env.secret("site-hugo-admin").unwrap()));
    drop(up);
}

#[test]
fn a_dump_may_be_restored_into_the_database_that_apply_made_anew() {
    let (server, env) = installed();
    let dump = server.dump("test_hugo");
    server.sql("drop database test_hugo with (force)");
    let blocked = env.run(&["apply"]);
    assert_eq!(blocked.code, 3, "{blocked}");
    assert!(blocked.stdout.contains("x site/hugo blocked"), "{blocked}");
    assert!(server.sql(COMMENT).contains(r#""stage":"created""#), "{}", server.sql(COMMENT));
    server.restore("test_hugo", &dump);
    assert_marked_again(&env, &server, &env.run(&["plan"]));
}

#[test]
fn an_unmarked_database_that_holds_something_else_stays_foreign() {
    let (server, env) = installed();
    server.sql("drop database test_hugo with (force)");
    server.sql("create database test_hugo owner test_hugo");
    server.sql_in("test_hugo", "create table salaries ()");
    for arguments in [&["apply"][..], &["apply", "--allow-destroy"]] {
        let output = env.run(arguments);
        assert_eq!(output.code, 3, "{output}");
        assert!(output.stdout.contains("x database/hugo blocked: it is there but not ours"), "{output}");
        assert!(output.stdout.contains("hint: remove or rename what is there"), "{output}");
    }
    // Another fleet's site of the same name is no more ours.
    server.sql_in(
        "test_hugo",
        "create table mdl_config (name text, value text);
         create table mdl_config_plugins (plugin text, name text, value text);
         insert into mdl_config_plugins values ('provost', 'fleet', 'another'), ('provost', 'site', 'hugo')",
    );
    let output = env.run(&["apply", "--allow-destroy"]);
    assert!(output.stdout.contains("x database/hugo blocked: it is there but not ours"), "{output}");
    assert_eq!(server.sql(COMMENT), "");
    assert_eq!(server.sql_in("test_hugo", "select count(*) from salaries"), "0");
    // Whoever cleans up after this test may drop it.
    server.sql("drop database test_hugo");
}
