//! Sites that move to another database server, or to another codebase.

use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::environment::{Engine, TestEnv};
use crate::http::Browser;
use crate::moodle::Moodle;

/// A second managed server, behind the first.
fn with_second(env: &TestEnv, engine: &str) {
    let second = format!("[database.second]\nmanaged = true\nengine = \"{engine}\"\n\n[codebase.");
    let fleet = env.fleet().replacen("[codebase.", &second, 1);
    // With two, each site says on which it is.
    env.write_fleet(&fleet.replace("\nurl = ", "\ndatabase = \"main\"\nurl = "));
}

impl TestEnv {
    /// Asks one of the fleet's own servers as some role; `None` where it is not let in.
    fn ask_as(
        &self,
        (server, engine): (&str, Engine),
        (user, password): (&str, &str),
        database: &str,
        sql: &str,
    ) -> Option<String> {
        let directory = self.run_directory().join(server);
        match engine {
            Engine::Postgresql => {
                let mut command = Command::new("psql");
                command.arg("-h").arg(directory).args(["-U", user, "-d", database, "-XAtc", sql]);
                let output = command.env("PGPASSWORD", password).output().unwrap();
                output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
            }
            Engine::Mariadb => {
                let socket = directory.join("mariadb.sock").display().to_string();
                let options = self.path("move.cnf").display().to_string();
                let arguments = ["--execute", sql, "--database", database];
                crate::mariadb::client(&socket, (user, password), &options, &arguments).ok()
            }
        }
    }

    /// Asks one of the fleet's own servers as its administrator.
    fn ask(&self, server: &str, engine: Engine, database: &str, sql: &str) -> String {
        let password = self.secret(&format!("server-{server}-admin")).unwrap();
        self.ask_as((server, engine), ("provost", &password), database, sql).unwrap()
    }

    /// How many databases and roles of a name a server has.
    fn on(&self, server: &str, engine: Engine, name: &str) -> String {
        match engine {
            Engine::Postgresql => {
                let sql = format!(
                    "select (select count(*) from pg_roles where rolname = '{name}')
                          + (select count(*) from pg_database where datname = '{name}')"
                );
                self.ask(server, engine, "postgres", &sql)
            }
            Engine::Mariadb => {
                let sql = format!(
                    "select (select count(*) from information_schema.schemata where schema_name = '{name}')
                          + (select count(*) from global_priv where User = '{name}')"
                );
                self.ask(server, engine, "mysql", &sql)
            }
        }
    }

    /// Whether a site's role is let into its database on a server.
    fn can_log_in(&self, server: &str, engine: Engine, site: &str) -> bool {
        let (name, password) =
            (format!("test_{site}"), self.secret(&format!("site-{site}-database")).unwrap());
        self.ask_as((server, engine), (&name, &password), &name, "select 1 from mdl_config limit 1").is_some()
    }
}

fn name_of(engine: Engine) -> &'static str {
    match engine {
        Engine::Postgresql => "postgresql",
        Engine::Mariadb => "mariadb",
    }
}

/// The databases and roles of the site on each server: 2 where it is, 0 where it is not.
fn places(env: &TestEnv, engine: Engine) -> [String; 2] {
    ["main", "second"].map(|server| env.on(server, engine, "test_hugo"))
}

/// How a site's database looks from within: every setting.
fn settings(env: &TestEnv, server: &str, engine: Engine) -> String {
    let list = match engine {
        Engine::Postgresql => "string_agg(name || '=' || value, ' ' order by name)",
        Engine::Mariadb => "group_concat(name, '=', value order by name separator ' ')",
    };
    env.ask(server, engine, "test_hugo", &format!("select {list} from mdl_config"))
}

fn moves(engine: Engine, moodle: &Moodle) {
    // One install of a real one takes a minute.
    let sites = if moodle.is_real() { &["hugo"][..] } else { &["hugo", "zola"] };
    let env = TestEnv::with_fleet_on(engine, moodle, sites);
    with_second(&env, name_of(engine));
    assert_eq!(env.run(&["apply"]).code, 0);
    let up = env.up();
    let password = env.secret("site-hugo-admin").unwrap();
    let mut browser = Browser::new(env.port, "hugo.localhost");
    assert!(browser.login(&password));
    let before = settings(&env, "main", engine);

    // Told before it is done.
    let shown = env.run(&["site", "move", "hugo", "--database", "second", "--dry-run"]);
    assert!(shown.code == 0 && shown.stdout.contains("+database = \"second\""), "{shown}");
    assert_eq!(places(&env, engine), ["2", "0"]);
    let moved = env.run(&["site", "move", "hugo", "--database", "second"]);
    assert_eq!(moved.code, 0, "{moved}");
    for told in ["hugo  main → second", "tables with", "its login page answers", "its dump is kept until"] {
        assert!(moved.stdout.contains(told), "{told}: {moved}");
    }
    assert_eq!(places(&env, engine), ["0", "2"]);
    if !moodle.is_real() {
        assert_eq!(settings(&env, "second", engine), before);
    }
    // Who was logged in still is, and who comes can log in.
    assert!(browser.is_logged_in(), "the session went with the database");
    assert!(Browser::new(env.port, "hugo.localhost").login(&password));
    if !moodle.is_real() {
        assert!(Browser::new(env.port, "zola.localhost").login(&env.secret("site-zola-admin").unwrap()));
    }
    assert_eq!(env.run(&["plan", "--detailed-exitcode"]).stdout, "Nothing to do.\n");
    let kept: Vec<_> = std::fs::read_dir(env.state().join("data/moved")).unwrap().flatten().collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(kept[0].path().join("database.dump").metadata().unwrap().len() > 0);
    let again = env.run(&["site", "move", "hugo", "--database", "second"]);
    assert!(again.code == 0 && again.stdout.contains("= hugo  is on second already"), "{again}");

    // By an edit of the file, back again: planned, shown, done. Its own maintenance stays as it is.
    let page = env.state().join("data/sites/hugo/climaintenance.html");
    std::fs::write(&page, "back at 8").unwrap();
    env.write_fleet(&env.fleet().replace("database = \"second\"\n", "database = \"main\"\n"));
    let plan = env.run(&["plan"]);
    assert!(plan.stdout.contains("site/hugo/move") && plan.stdout.contains("the file says `main`"), "{plan}");
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");
    assert_eq!(places(&env, engine), ["2", "0"]);
    let maintained = browser.get("/login/index.php");
    assert!(maintained.status == 503 && maintained.body.contains("back at 8"), "{}", maintained.body);
    std::fs::remove_file(&page).unwrap();
    assert!(browser.is_logged_in());
    drop(up);
}

#[test]
fn a_site_moves_to_another_server_and_back() {
    moves(Engine::Postgresql, &Moodle::standin());
}

#[test]
fn a_site_moves_to_another_server_and_back_on_mariadb() {
    moves(Engine::Mariadb, &Moodle::standin());
}

#[test]
fn a_real_moodle_moves_to_another_server_and_back() {
    moves(Engine::Postgresql, &Moodle::real());
}

#[test]
fn a_site_stays_with_its_engine() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    with_second(&env, "mariadb");
    assert_eq!(env.run(&["apply"]).code, 0);
    let before = env.fleet();
    let refused = env.run(&["site", "move", "hugo", "--database", "second"]);
    assert_eq!(refused.code, 4, "{refused}");
    assert!(refused.stderr.contains("`hugo` is on PostgreSQL, and `second` is MariaDB"), "{refused}");
    assert!(refused.stderr.contains("hint: a site stays with its engine"), "{refused}");
    assert_eq!(env.fleet(), before);
    let unknown = env.run(&["site", "move", "hugo", "--database", "secnd"]);
    assert!(unknown.code == 64 && unknown.stderr.contains("did you mean `second`?"), "{unknown}");

    env.write_fleet(&before.replacen("database = \"main\"", "database = \"second\"", 1));
    let blocked = env.run(&["apply"]);
    assert_eq!(blocked.code, 3, "{blocked}");
    assert!(
        blocked.stdout.contains("x site/hugo blocked: its database `test_hugo` is on `main`"),
        "{blocked}"
    );
    env.write_fleet(&before);
    assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n");
}

fn is_killed_anywhere(engine: Engine, waits: &[u64]) {
    let env = TestEnv::with_fleet_on(engine, &Moodle::standin(), &["hugo"]);
    with_second(&env, name_of(engine));
    // The second server is made in time.
    assert_eq!(env.run(&["apply"]).code, 0);
    let up = env.up();
    let password = env.secret("site-hugo-admin").unwrap();
    let [mut here, mut there] = ["main", "second"];
    let (mut forward, mut back) = (0, 0);
    for (round, wait) in waits.iter().enumerate() {
        let mut killed = env.spawn_aside(&["site", "move", "hugo", "--database", there]);
        std::thread::sleep(Duration::from_millis(*wait));
        killed.signal(Signal::KILL);
        killed.wait();
        // Never served from two: where PHP leads to is one, and the other's role is kept out or not there.
        let open: Vec<&str> =
            ["main", "second"].into_iter().filter(|server| env.can_log_in(server, engine, "hugo")).collect();
        let answers = Browser::new(env.port, "hugo.localhost").get("/login/index.php").status;
        assert!(open.len() <= 1 || answers == 503, "after {wait} ms: {open:?}, {answers}");
        // Every other time nobody wants it there any more.
        let given_up = round % 2 == 1 && env.fleet().contains(&format!("database = \"{there}\""));
        if given_up {
            env.write_fleet(
                &env.fleet().replace(&format!("database = \"{there}\""), &format!("database = \"{here}\"")),
            );
        }
        let applied = env.run(&["apply"]);
        if given_up && applied.code == 3 && applied.stdout.contains("its database is on") {
            // It had arrived: the file must say so.
            env.write_fleet(
                &env.fleet().replace(&format!("database = \"{here}\""), &format!("database = \"{there}\"")),
            );
            assert_eq!(env.run(&["apply"]).code, 0);
        } else {
            assert_eq!(applied.code, 0, "after {wait} ms: {applied}");
        }
        assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n", "after {wait} ms");
        assert!(Browser::new(env.port, "hugo.localhost").login(&password), "after {wait} ms");
        let is = ["main", "second"].map(|server| env.on(server, engine, "test_hugo"));
        assert!(
            is == ["2", "0"] || is == ["0", "2"],
            "after {wait} ms: {is:?}; here {here}, there {there}, given up {given_up}: {applied}"
        );
        if is[usize::from(there == "second")] == "2" {
            (here, there) = (there, here);
            forward += 1;
        } else {
            back += 1;
        }
        let work = env.state().join("data/moved/.hugo");
        assert!(!work.exists(), "after {wait} ms");
    }
    println!("{forward} moves went on, {back} did not");
    drop(up);
}

#[test]
fn a_move_that_was_killed_anywhere_goes_on_or_back() {
    is_killed_anywhere(Engine::Postgresql, &[100, 250, 400, 550, 700, 850, 1000, 1150, 1300, 1500]);
}

#[test]
fn a_move_that_was_killed_anywhere_goes_on_or_back_on_mariadb() {
    is_killed_anywhere(Engine::Mariadb, &[200, 500, 800, 1100, 1400, 1700]);
}

#[test]
fn a_role_that_a_killed_move_left_behind_goes() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    with_second(&env, "postgresql");
    assert_eq!(env.run(&["apply"]).code, 0);
    let up = env.up();
    let comment = "select shobj_description(oid, 'pg_authid') from pg_roles where rolname = 'test_hugo'";
    let mark = env.ask("main", Engine::Postgresql, "postgres", comment);
    assert_eq!(env.run(&["site", "move", "hugo", "--database", "second"]).code, 0);
    // As a run leaves it that is killed between dropping the old database and dropping its role, which was kept out.
    let left = format!("create role test_hugo nologin; comment on role test_hugo is '{mark}'");
    env.ask("main", Engine::Postgresql, "postgres", &left);
    assert_eq!(places(&env, Engine::Postgresql), ["1", "2"]);
    let applied = env.run(&["apply"]);
    assert!(applied.code == 0 && applied.stderr.contains("✓ site/hugo/move"), "{applied}");
    assert_eq!(places(&env, Engine::Postgresql), ["0", "2"]);
    assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n");
    drop(up);
}

#[test]
fn what_cannot_be_copied_leaves_the_site_as_it_was() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    with_second(&env, "postgresql");
    assert_eq!(env.run(&["apply"]).code, 0);
    let up = env.up();
    // A place for the dump cannot be made.
    std::fs::write(env.state().join("data/moved"), "in the way").unwrap();
    let failed = env.run(&["site", "move", "hugo", "--database", "second"]);
    assert_eq!(failed.code, 3, "{failed}");
    assert!(failed.stdout.contains("✗ hugo  main → second: site/hugo/move: cannot make"), "{failed}");
    assert_eq!(places(&env, Engine::Postgresql), ["2", "0"]);
    let password = env.secret("site-hugo-admin").unwrap();
    assert!(Browser::new(env.port, "hugo.localhost").login(&password), "it is served as before");
    std::fs::remove_file(env.state().join("data/moved")).unwrap();
    assert_eq!(env.run(&["apply"]).code, 0);
    assert_eq!(places(&env, Engine::Postgresql), ["0", "2"]);
    drop(up);
}

#[test]
fn a_server_that_does_not_answer_is_not_taken_for_one_without_the_site() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo", "zola"]);
    with_second(&env, "postgresql");
    assert_eq!(env.run(&["apply"]).code, 0);
    let cluster = env.state().join("data/servers/main");
    std::fs::rename(&cluster, env.path("away")).unwrap();
    let before = env.fleet();
    env.write_fleet(&before.replacen("database = \"main\"", "database = \"second\"", 1));
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 3, "{applied}");
    assert!(applied.stdout.contains("its files say that it is on `main`"), "{applied}");
    assert!(!applied.stderr.contains("database/hugo/create"), "nothing was made there: {applied}");
    std::fs::rename(env.path("away"), &cluster).unwrap();
    assert_eq!(env.run(&["apply"]).code, 0);
    assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n");
    let up = env.up();
    assert_eq!(places(&env, Engine::Postgresql), ["0", "2"]);
    drop(up);
}

#[test]
fn a_site_moves_to_a_codebase_of_the_same_versions_alone() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    // Another codebase of the same versions, with a patch; and one of another version.
    let repository = env.path("moodle");
    let git = |arguments: &[&str]| {
        let all = [&["-c", "user.name=a", "-c", "user.email=a@b.c"], arguments].concat();
        crate::moodle::git(&repository, &all).unwrap()
    };
    let change = |file: &str, from: &str, to: &str| {
        let text = std::fs::read_to_string(repository.join(file)).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(repository.join(file), text.replacen(from, to, 1)).unwrap();
    };
    change("lib/javascript-static.js", "// Provost", "// Patched.\n// Provost");
    std::fs::write(env.path("greeting.patch"), git(&["diff"]) + "\n").unwrap();
    git(&["checkout", "-q", "--", "."]);
    git(&["checkout", "-q", "-b", "newer"]);
    change("version.php", "2024100700.00", "2024100701.00");
    git(&["commit", "-qam", "newer"]);
    git(&["checkout", "-q", "main"]);
    let fleet = env.fleet().replace("\nurl = ", "\ncodebase = \"main\"\nurl = ");
    env.write_fleet(
        &(fleet
            + "\n[codebase.patched]\nmoodle = \"main\"\npatches = [\"greeting.patch\"]\n\n[codebase.newer]\nmoodle = \"newer\"\n"),
    );
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");
    let up = env.up();
    let code = || std::fs::read_link(env.state().join("made/sites/hugo/code")).unwrap();
    let mut browser = Browser::new(env.port, "hugo.localhost");
    assert!(browser.login(&env.secret("site-hugo-admin").unwrap()));
    let (before, fleet) = (code(), env.fleet());

    let refused = env.run(&["site", "move", "hugo", "--codebase", "newer"]);
    assert_eq!(refused.code, 4, "{refused}");
    assert!(refused.stderr.contains("has other versions than site `hugo` runs on: Moodle ("), "{refused}");
    assert!(refused.stderr.contains("hint: that is an upgrade"), "{refused}");
    assert_eq!((code(), env.fleet()), (before.clone(), fleet.clone()));
    env.write_fleet(&fleet.replace("codebase = \"main\"\n", "codebase = \"newer\"\n"));
    let held = env.run(&["apply"]);
    assert!(held.stdout.contains("= site/hugo held: behind"), "{held}");
    assert_eq!(code(), before);
    env.write_fleet(&fleet);

    let moved = env.run(&["site", "move", "hugo", "--codebase", "patched"]);
    assert_eq!(moved.code, 0, "{moved}");
    assert!(moved.stdout.contains("caches purged; its login page answers"), "{moved}");
    assert_ne!(code(), before);
    assert!(browser.is_logged_in());
    assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n");
    // Killed at many moments, it is completed.
    let mut to = "main";
    for wait in [150, 300, 450, 600, 750] {
        let mut killed = env.spawn_aside(&["site", "move", "hugo", "--codebase", to]);
        std::thread::sleep(Duration::from_millis(wait));
        killed.signal(Signal::KILL);
        killed.wait();
        let completed = env.run(&["apply"]);
        assert_eq!(completed.code, 0, "after {wait} ms: {completed}");
        assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n", "after {wait} ms");
        assert!(browser.is_logged_in(), "after {wait} ms");
        to = if env.fleet().contains("codebase = \"patched\"") { "main" } else { "patched" };
    }
    drop(up);
}
