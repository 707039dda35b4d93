//! One statement asked of many sites: on real Moodles of both engines, with sites that fail, and what is refused.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::environment::{Output, TestEnv};
use crate::moodle::Moodle;

const USERS: &str = "select count(*) from mdl_user";

impl TestEnv {
    fn sql_of_sites(&self, arguments: &[&str]) -> Output {
        self.run(&[&["sql"], arguments].concat())
    }

    fn last_units(&self) -> Vec<(String, String)> {
        let told = self.run(&["--json", "journal", "last"]);
        let told: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
        let unit = |unit: &serde_json::Value| {
            let text = |name: &str| unit[name].as_str().unwrap().to_owned();
            (text("subject"), text("state"))
        };
        told["targets"].as_array().unwrap().iter().map(unit).collect()
    }
}

/// hugo and zola on PostgreSQL, dumas on MariaDB.
pub(crate) fn fleet() -> TestEnv {
    fleet_of(&Moodle::real())
}

/// The same, on a given Moodle.
pub(crate) fn fleet_of(moodle: &Moodle) -> TestEnv {
    let env = TestEnv::with_fleet(moodle, &["hugo", "zola", "dumas"]);
    let mut declared = env.fleet();
    for (site, server) in [("hugo", "main"), ("zola", "main"), ("dumas", "second")] {
        let url = format!("url = \"{}\"\n", env.url(site));
        assert!(declared.contains(&url), "{declared}");
        declared = declared.replace(&url, &format!("{url}database = \"{server}\"\n"));
    }
    // Before the sites: at the test's end these are taken out of the file, and their servers must still be in it then.
    let (before, sites) = declared.split_once("\n[site.").unwrap();
    let second = "[database.second]\nmanaged = true\nengine = \"mariadb\"\n";
    env.write_fleet(&format!("{before}\n{second}\n[site.{sites}"));
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");
    env
}

/// Somebody who holds a table of a PostgreSQL site.
fn hold(env: &TestEnv, database: &str) -> Child {
    let held = "begin; lock table mdl_user in access exclusive mode; select 'held'; select pg_sleep(600)";
    let child = env.psql(database, held).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let locks = "select count(*) from pg_locks l join pg_database d on d.oid = l.database
                 where l.mode = 'AccessExclusiveLock' and l.granted and d.datname = ";
    wait(|| env.sql(&format!("{locks}'{database}'")) != "0");
    child
}

fn let_go(env: &TestEnv, mut holder: Child) {
    env.sql("select pg_terminate_backend(pid) from pg_stat_activity where query like '%access exclusive mode%' and pid <> pg_backend_pid()");
    holder.wait().unwrap();
}

fn wait(mut until: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !until() {
        assert!(begun.elapsed() < Duration::from_mins(1), "it did not come to be");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
#[ignore = "three real Moodles, some minutes: run it with `--run-ignored all`"]
fn many_databases_are_asked_at_once_and_nothing_is_written() {
    let env = fleet();
    // A server that is used stays: the checks beside the program ask it, too.
    let _up = env.up();
    asked(&env);
    inert(&env);
    refused(&env);
    saved(&env);
    crate::sql_write::rows_are_changed_and_put_back(&env);
    some_fail(&env);
    killed(&env);
}

fn asked(env: &TestEnv) {
    let statement = "select username, confirmed, null as nothing from {user} u where username = :name and u.deleted = :n limit :most";
    let found = env.sql_of_sites(&[statement, "-p", "name=admin", "-p", "n:=0", "-p", "most:=5"]);
    insta::assert_snapshot!("asked", found);
    let csv = env.sql_of_sites(&[
        "--csv",
        "--site",
        "dumas",
        "select 'a,\"b' as x, 1 as y from {config} where name = 'version'",
    ]);
    assert_eq!(csv.stdout, "site,x,y\r\ndumas,\"a,\"\"b\",1\n", "{csv}");
    let json = env.run(&[
        "--json",
        "sql",
        "--sites",
        "name:hugo",
        "select id::text as a, id as a from {user} where id = 1",
    ]);
    let told: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(told["sites"][0]["done"]["columns"], serde_json::json!(["a", "a"]), "{json}");
    assert_eq!(told["sites"][0]["done"]["rows"], serde_json::json!([["1", "1"]]), "{json}");
    let cut = env.sql_of_sites(&["--most-rows", "3", "select name from {config}"]);
    assert!(cut.code == 0 && cut.stderr.contains("more rows than were taken: dumas, hugo, zola"), "{cut}");
    assert!(cut.stderr.contains("9 rows of 3 sites"), "{cut}");
    for statement in ["show server_version", "explain select 1", "values (1)", "table {config}"] {
        let found = env.sql_of_sites(&["--site", "hugo", statement]);
        assert!(found.code == 0 && !found.stdout.is_empty(), "{statement}: {found}");
    }
    for statement in ["show tables", "explain select 1", "describe {user}"] {
        let found = env.sql_of_sites(&["--site", "dumas", statement]);
        assert!(found.code == 0 && !found.stdout.is_empty(), "{statement}: {found}");
    }
}

/// Values are values, whatever they hold.
fn inert(env: &TestEnv) {
    for value in
        ["x' or '1'='1", "\\' or 1=1 -- ", "'; delete from mdl_user; --", "$(id)`id`", "admin'/*", "{user}"]
    {
        let found = env.sql_of_sites(&[
            "select username from {user} where username = :v",
            "-p",
            &format!("v={value}"),
        ]);
        assert!(found.code == 0 && found.stdout.is_empty(), "{value}: {found}");
        let found = env.sql_of_sites(&[
            "select :v as v from {config} where name = 'version'",
            "-p",
            &format!("v={value}"),
            "--csv",
        ]);
        assert_eq!(found.stdout.matches(&value.replace('"', "\"\"")).count(), 3, "{value}: {found}");
    }
}

/// What does not only read, whatever it says, writes nothing.
fn refused(env: &TestEnv) {
    let before = (env.sql_in("test_hugo", USERS), on_mariadb(env, USERS));
    insta::assert_snapshot!("refused", env.sql_of_sites(&["delete from {user}"]));
    insta::assert_snapshot!("refused_second", env.sql_of_sites(&["select 1;\ndelete from {user}"]));
    for statement in [
        "begin not atomic commit; delete from mdl_user; end",
        "commit",
        "do $$ begin commit; delete from mdl_user; end $$",
        "set transaction read write",
        "execute immediate 'delete from mdl_user'",
        "call x()",
        "analyze table {user}",
        "select 1 /*! ; delete from mdl_user */",
    ] {
        let found = env.sql_of_sites(&[statement]);
        assert_eq!(found.code, 64, "{statement}: {found}");
    }
    let writing = [
        "with gone as (delete from {user} returning id) select * from gone",
        "select setval('mdl_user_id_seq', 1)",
        "select nextval('mdl_user_id_seq')",
        "select set_config('transaction_read_only', 'off', false)",
        "explain analyze delete from {user}",
        "select * into mdl_user_copy from {user}",
    ];
    for statement in writing {
        let found = env.sql_of_sites(&["--site", "hugo", statement]);
        assert_eq!(found.code, 3, "{statement}: {found}");
    }
    for statement in [
        "with gone as (select id from {user}) delete from {user} where id in (select id from gone)",
        "select 1 into outfile '/tmp/provost-sql-test'",
        "explain analyze delete from {user}",
    ] {
        let found = env.sql_of_sites(&["--site", "dumas", statement]);
        assert_eq!(found.code, 3, "{statement}: {found}");
    }
    // What a transaction of that version may do all the same is given up with it.
    env.sql_of_sites(&["--site", "hugo", "select lo_create(4711)"]);
    assert_eq!(env.sql_in("test_hugo", "select count(*) from pg_largeobject_metadata"), "0");
    assert_eq!((env.sql_in("test_hugo", USERS), on_mariadb(env, USERS)), before);
    for (arguments, why) in [
        (&["select :a"][..], "no value is given for `:a`"),
        (&["select 1", "-p", "a=1"], "the statement has no parameter `:a`"),
        (&["select :a", "-p", "a=1", "-p", "a=2"], "`a` is given twice"),
        (&["select 1", "--sites", "hugoo"], "means no site of the fleet"),
        (&["--saved", "../fleet"], "there is no saved query `../fleet`"),
    ] {
        let found = env.sql_of_sites(arguments);
        assert!(found.code == 64 && found.stderr.contains(why), "{arguments:?}: {found}");
    }
}

fn on_mariadb(env: &TestEnv, query: &str) -> String {
    let found = env.sql_of_sites(&["--site", "dumas", "--csv", query]);
    assert_eq!(found.code, 0, "{found}");
    found.stdout
}

fn saved(env: &TestEnv) {
    let none = env.sql_of_sites(&["--list"]);
    assert!(none.code == 0 && none.stdout.contains("queries/NAME.sql"), "{none}");
    let directory = env.path("queries");
    std::fs::create_dir(&directory).unwrap();
    let text = "-- Settings of one name.\nselect name, value from [[prefix]]config where name = [[?name]];\n";
    std::fs::write(directory.join("setting.sql"), text).unwrap();
    std::fs::write(directory.join("broken.sql"), "select 'x").unwrap();
    insta::assert_snapshot!("saved", env.sql_of_sites(&["--list"]));
    let found = env.sql_of_sites(&["--saved", "setting", "-p", "name=rolesactive", "--csv"]);
    assert_eq!(
        found.stdout,
        "site,name,value\r\ndumas,rolesactive,1\r\nhugo,rolesactive,1\r\nzola,rolesactive,1\n"
    );
    let found = env.sql_of_sites(&["--saved", "seting"]);
    assert!(found.code == 64 && found.stderr.contains("did you mean `setting`?"), "{found}");
}

/// A site whose database is gone and one that hangs hold nobody up; a second try asks only them.
fn some_fail(env: &TestEnv) {
    env.sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'test_zola'");
    env.sql("alter database test_zola rename to elsewhere");
    let holder = hold(env, "test_hugo");
    let found = env.sql_of_sites(&["--timeout", "3", "select count(*) as users from {user}"]);
    insta::assert_snapshot!("some_fail", without_number(&found.to_string()));
    assert_eq!(found.code, 3);
    let units = env.last_units();
    let unit = |site: &str, state: &str| (format!("site/{site}"), state.to_owned());
    assert_eq!(units, [unit("dumas", "done"), unit("hugo", "failed"), unit("zola", "failed")]);
    let_go(env, holder);
    env.sql("alter database elsewhere rename to test_zola");
    let again = env.run(&["retry", "LAST", "--csv"]);
    let users = env.sql_in("test_hugo", USERS);
    assert_eq!(again.stdout, format!("site,users\r\nhugo,{users}\r\nzola,{users}\n"), "{again}");
    assert_eq!(again.code, 0, "{again}");
    let nothing = env.run(&["retry", "last"]);
    assert!(nothing.code == 0 && nothing.stdout.starts_with("Nothing to do"), "{nothing}");
    let other = env.run(&["retry", "1"]);
    assert!(other.code == 4 && other.stderr.contains("`provost apply` goes on where it was"), "{other}");
    let missing = env.run(&["retry", "99999"]);
    assert!(missing.code == 64 && missing.stderr.contains("there is no operation `99999`"), "{missing}");
}

/// Killed in the middle: the journal says which were done, and they are not asked again.
fn killed(env: &TestEnv) {
    let holder = hold(env, "test_hugo");
    let mut running = env.spawn(&["sql", "select count(*) as users from {user}"]);
    let unit = |site: &str, state: &str| (format!("site/{site}"), state.to_owned());
    let wanted = [unit("dumas", "done"), unit("hugo", "running"), unit("zola", "done")];
    wait(|| env.last_units() == wanted);
    let busy = env.run(&["retry", "last"]);
    assert!(busy.code == 4 && busy.stderr.contains("it is at work, in process"), "{busy}");
    running.signal(rustix::process::Signal::KILL);
    running.wait();
    let told = env.run(&["journal", "last"]);
    assert!(told.stdout.contains("; cut-off, 2 of 3 done."), "{told}");
    assert_eq!(env.last_units(), wanted);
    let_go(env, holder);
    let again = env.run(&["retry", "LAST", "--csv"]);
    assert!(again.code == 0 && again.stdout.starts_with("site,users\r\nhugo,"), "{again}");
    assert_eq!(env.last_units(), [unit("hugo", "done")]);
    let list = env.run(&["journal", "-n", "2"]);
    assert!(list.stdout.contains("cut-off") && list.stdout.contains("2 of 3"), "{list}");
}

fn without_number(text: &str) -> String {
    let word =
        |word: &str| if word.parse::<u32>().is_ok_and(|n| n > 3) { "N".to_owned() } else { word.to_owned() };
    let line = |line: &str| match line.starts_with("`provost retry") {
        true => line
            .split('`')
            .map(|part| part.split(' ').map(word).collect::<Vec<_>>().join(" "))
            .collect::<Vec<_>>()
            .join("`"),
        false => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}
