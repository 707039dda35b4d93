//! Rows of many sites changed by one statement: shown first, kept, and put back to the row.

use serde_json::Value;

use crate::environment::{Output, TestEnv};

impl TestEnv {
    fn write_sql(&self, arguments: &[&str]) -> Output {
        self.run(&[&["sql", "--write"], arguments].concat())
    }

    /// All rows of a table of every site. One that no cron writes to.
    fn rows_of(&self, table: &str) -> String {
        let found = self.run(&[
            "sql",
            "--csv",
            "--most-rows",
            "1000000",
            &format!("select * from {{{table}}} order by id"),
        ]);
        assert_eq!(found.code, 0, "{found}");
        found.stdout
    }

    /// The number of the newest operation that changed rows.
    fn last_write(&self) -> String {
        let told: Value = serde_json::from_str(&self.run(&["--json", "journal"]).stdout).unwrap();
        let all = told["operations"].as_array().unwrap();
        all.iter().find(|one| one["machine"] == "sql-write").unwrap()["id"].to_string()
    }
}

/// On hugo and zola (PostgreSQL) and dumas (MariaDB), all of real Moodle.
pub(crate) fn rows_are_changed_and_put_back(env: &TestEnv) {
    shown_and_refused(env);
    put_back_to_the_row(env);
    changed_since(env);
    injected(env);
}

fn shown_and_refused(env: &TestEnv) {
    let before = env.rows_of("user");
    let statement = "update {user} set city = :city, password = 'x' where username = 'admin'";
    let dry = env.write_sql(&["--sites", "*", "--dry-run", statement, "-p", "city=Torino"]);
    insta::assert_snapshot!("write_shown", dry);
    let asked = env.write_sql(&["--sites", "*", statement, "-p", "city=Torino"]);
    assert!(asked.code == 4, "nobody is there to say yes: {asked}");
    assert!(env.rows_of("user") == before, "the rows are as they were");
    assert_eq!(env.write_sql(&[statement, "-p", "city=Torino", "--yes"]).code, 4, "which sites?");
    for wrong in [
        "truncate {user}",
        "update {user} u set city = 'x'",
        "update {user} set city = 'x' from {config}",
        "delete from {user} using {config} where 1 = 1",
        "update {user} set city = 'x'; drop table {user}",
        "update other set a = 1",
        "insert into {config} (name, value) values ('a', 'b') on conflict do nothing",
    ] {
        let told = env.write_sql(&["--sites", "*", "--yes", wrong]);
        assert!(told.code == 64 && told.stdout.is_empty(), "{wrong}: {told}");
    }
    let many = env.write_sql(&["--sites", "*", "--yes", "--most-rows", "3", "delete from {config}"]);
    assert!(many.code == 3 && many.stderr.contains("more than are kept"), "{many}");
    assert!(env.rows_of("user") == before, "the rows are as they were");
}

fn put_back_to_the_row(env: &TestEnv) {
    let (users, scales, capabilities) =
        (env.rows_of("user"), env.rows_of("scale"), env.rows_of("role_capabilities"));
    let value = "city=L'Aquila \\ \" %_ ; --\né";
    let statement = "update {user} set city = :city, timemodified = timemodified + 1 where deleted = 0";
    let changed = env.write_sql(&["--sites", "*", "--yes", statement, "-p", value]);
    assert!(changed.code == 0 && changed.stderr.contains("6 rows of 3 sites changed"), "{changed}");
    let update = env.last_write();
    let found =
        env.run(&["sql", "--csv", "select count(*) as n from {user} where city = :city", "-p", value]);
    assert!(found.stdout.contains("dumas,2\r\nhugo,2\r\nzola,2"), "{found}");
    let gone =
        env.write_sql(&["--sites", "*", "--yes", "delete from {role_capabilities} where permission <> 1"]);
    assert_eq!(gone.code, 0, "{gone}");
    let deletion = env.last_write();
    assert_ne!(env.rows_of("role_capabilities"), capabilities);
    let come = env.write_sql(&[
        "--sites",
        "*",
        "--yes",
        "insert into {scale} (courseid, userid, name, scale, description, timemodified) values (0, 0, null, 'a,b', '', 0)",
    ]);
    // Moodle wants a value: each site says so, and nothing of it holds.
    assert_eq!((come.code, env.rows_of("scale") == scales), (3, true), "{come}");
    let come = env.write_sql(&[
        "--sites",
        "*",
        "--yes",
        "insert into {scale} (courseid, userid, name, scale, description, timemodified) values (0, 0, 'x', 'a,b', '', 0), (0, 0, 'y', 'a,b', '', 0)",
    ]);
    assert!(come.code == 0 && come.stderr.contains("6 rows of 3 sites changed"), "{come}");
    for operation in [env.last_write(), deletion, update] {
        let back = env.run(&["sql", "--undo", &operation, "--yes"]);
        assert!(back.code == 0 && back.stderr.contains("of 3 sites put back"), "{back}");
        let again = env.run(&["sql", "--undo", &operation, "--yes"]);
        assert!(again.code == 0 && again.stderr.contains("3 sites had them as before already"), "{again}");
    }
    assert!(env.rows_of("user") == users, "the rows are as they were");
    assert!(env.rows_of("scale") == scales, "the rows are as they were");
    assert!(env.rows_of("role_capabilities") == capabilities, "the rows are as they were");
}

/// What somebody has changed since stays as it is.
fn changed_since(env: &TestEnv) {
    let statement = "update {user} set city = 'Torino' where username in ('admin', 'guest')";
    assert_eq!(env.write_sql(&["--sites", "*", "--yes", statement]).code, 0);
    let operation = env.last_write();
    env.sql_in("test_hugo", "update mdl_user set city = 'Milano' where username = 'guest'");
    let back = env.run(&["sql", "--undo", &operation, "--yes"]);
    assert!(
        back.code == 3
            && back.stderr.contains("hugo: 1 of the rows were changed since, and stay: mdl_user 1"),
        "{back}"
    );
    assert_eq!(
        env.sql_in("test_hugo", "select count(*) from mdl_user where city = 'Torino'"),
        "0",
        "the row that nobody has changed was put back"
    );
    env.sql_in("test_hugo", "update mdl_user set city = 'Torino' where username = 'guest'");
    let back = env.run(&["sql", "--undo", &operation, "--yes", "--site", "hugo"]);
    assert!(back.code == 0 && back.stderr.contains("1 row of 1 site put back"), "{back}");
    let key = env.write_sql(&["--sites", "*", "--yes", "update {scale} set id = id + 1000 where id > 0"]);
    assert!(key.code == 64 && key.stderr.contains("cannot be changed"), "{key}");
    assert_eq!(env.run(&["sql", "--undo", "999999", "--yes"]).code, 64);
}

/// Values are values, wherever they come from.
fn injected(env: &TestEnv) {
    let before = env.rows_of("scale");
    for value in
        ["v=') ; delete from mdl_config; --", "v=\\'; drop table mdl_config; #", "v=$(touch /tmp/x) `id`"]
    {
        let done = env.write_sql(&[
            "--sites",
            "*",
            "--yes",
            "update {scale} set name = :v where scale = 'x_none'",
            "-p",
            value,
        ]);
        assert!(done.code == 0 && done.stderr.contains("No rows are touched"), "{done}");
        let done =
            env.write_sql(&["--sites", "*", "--yes", "delete from {scale} where name = :v", "-p", value]);
        assert!(done.code == 0 && done.stderr.contains("No rows are touched"), "{done}");
    }
    assert!(env.rows_of("scale") == before, "the rows are as they were");
}
