//! Database servers that stop, and single databases that break: what fails says so, what does not need them goes on.

use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Signal};

use crate::environment::{Engine, TestEnv};
use crate::faults::wait;
use crate::http::Browser;
use crate::moodle::Moodle;

/// Ends the managed server of an engine as a power cut would.
fn kill_server(env: &TestEnv, engine: Engine) {
    let file = match engine {
        Engine::Postgresql => "postmaster.pid",
        Engine::Mariadb => "mariadbd.pid",
    };
    let text = std::fs::read_to_string(env.state().join("data/servers/main").join(file)).unwrap();
    let pid = Pid::from_raw(text.lines().next().unwrap().trim().parse().unwrap()).unwrap();
    rustix::process::kill_process_group(pid, Signal::KILL).unwrap();
}

fn logs_in(env: &TestEnv, site: &str) -> bool {
    let mut browser = Browser::new(env.port, &format!("{site}.localhost"));
    // Until the server is back the site answers with an error.
    wait(Duration::from_mins(1), || (browser.get("/login/index.php").status == 200).then_some(()));
    browser.login(&env.secret(&format!("site-{site}-admin")).unwrap())
}

fn sheet(env: &TestEnv, names: &[&str]) {
    let mut text = "name,url\n".to_owned();
    for name in names {
        text.push_str(&format!("{name},{}\n", env.url(name)));
    }
    std::fs::write(env.path("sites.csv"), text).unwrap();
}

/// The server dies again and again while sites are created beside one that is served.
fn dies_while_sites_are_created(engine: Engine) {
    let env = TestEnv::with_fleet_on(engine, &Moodle::standin(), &["hugo"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let up = env.up();
    sheet(&env, &["s1", "s2", "s3", "s4"]);
    let mut failures = 0;
    for pause in [400, 900, 1500] {
        let mut command = env.command(&["site", "create", "--from", "sites.csv"]);
        let creating = command.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(pause));
        kill_server(&env, engine);
        let output = creating.wait_with_output().unwrap();
        let told =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        // It came too late, or it failed and says of what.
        assert!(matches!(output.status.code(), Some(0 | 3)), "{told}");
        if output.status.code() == Some(3) {
            failures += 1;
            let named = ["database", "connect", "server", "terminated", "Connection"];
            assert!(named.iter().any(|word| told.contains(word)), "{told}");
            assert!(!told.contains("panicked"), "{told}");
        }
        assert!(logs_in(&env, "hugo"), "`up` starts the server again");
    }
    let completed = env.run(&["site", "create", "--from", "sites.csv"]);
    assert_eq!(completed.code, 0, "{completed}");
    assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n");
    for site in ["s1", "s2", "s3", "s4"] {
        assert!(logs_in(&env, site), "{site}");
        assert_eq!(env.on_server(engine, &format!("test_{site}")), "2");
    }
    println!("{failures} of 3 runs failed");
    drop(up);
}

#[test]
fn postgresql_dies_while_sites_are_created() {
    dies_while_sites_are_created(Engine::Postgresql);
}

#[test]
fn mariadb_dies_while_sites_are_created() {
    dies_while_sites_are_created(Engine::Mariadb);
}

/// A server that is there and does not answer: stopped where it stands.
#[test]
fn a_server_that_hangs_is_told_and_nothing_is_planned_on_ignorance() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let up = env.up();
    let text = std::fs::read_to_string(env.state().join("data/servers/main/postmaster.pid")).unwrap();
    let pid = Pid::from_raw(text.lines().next().unwrap().trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, Signal::STOP).unwrap();
    let planned = env.run(&["plan"]);
    rustix::process::kill_process(pid, Signal::CONT).unwrap();
    assert!(planned.stdout.contains("x site/hugo blocked"), "{planned}");
    assert!(planned.stdout.contains("did not answer within"), "{planned}");
    assert!(!planned.stdout.contains("+ "), "nothing is to be created: {planned}");
    assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n");
    drop(up);
}

#[test]
fn a_server_that_does_not_start_keeps_down_its_own_sites_alone() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo", "zola"]);
    let second = "[database.second]\nmanaged = true\n\n[codebase.";
    let fleet = env.fleet().replacen("[codebase.", second, 1);
    let fleet = fleet.replacen("[site.hugo]\n", "[site.hugo]\ndatabase = \"main\"\n", 1);
    env.write_fleet(&fleet.replacen("[site.zola]\n", "[site.zola]\ndatabase = \"second\"\n", 1));
    assert_eq!(env.run(&["apply"]).code, 0);
    let control = env.state().join("data/servers/second/global/pg_control");
    let up = env.up();
    let postmaster = env.state().join("data/servers/second/postmaster.pid");
    let text = std::fs::read_to_string(postmaster).unwrap();
    std::fs::rename(&control, env.path("pg_control")).unwrap();
    let pid = Pid::from_raw(text.lines().next().unwrap().trim().parse().unwrap()).unwrap();
    rustix::process::kill_process_group(pid, Signal::KILL).unwrap();
    wait(Duration::from_mins(1), || {
        env.background().contains("it is tried again until it starts").then_some(())
    });
    assert!(logs_in(&env, "hugo"), "{}", env.background());
    for verb in ["disable", "enable"] {
        let switched = env.run(&["site", verb, "hugo"]);
        assert_eq!(switched.code, 0, "{switched}");
    }
    drop(up);
    // It begins without it, too.
    let up = env.up();
    assert!(logs_in(&env, "hugo"), "{}", env.background());
    std::fs::rename(env.path("pg_control"), &control).unwrap();
    assert!(logs_in(&env, "zola"), "{}", env.background());
    drop(up);
    assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n");
}

/// Damages one site's database; the other site, and what is done about it, does not notice.
fn others_do_not_notice(env: &TestEnv, engine: Engine, what: &str, broken: &str) {
    let applied = env.run(&["apply"]);
    assert!(matches!(applied.code, 0 | 3), "{what}: {applied}");
    assert!(!applied.to_string().contains("panicked"), "{what}: {applied}");
    assert!(!applied.stdout.contains("zola"), "{what}: {applied}");
    // The broken one is not installed anew.
    assert!(!applied.stderr.contains("site/hugo/install"), "{what}: {applied}");
    assert_eq!(env.site_state("zola"), "installed", "{what}");
    let status = env.run(&["status"]);
    assert!(status.stdout.contains("hugo") && matches!(status.code, 0 | 3), "{what}: {status}");
    let listed = env.run(&["site", "list"]);
    assert!(listed.stdout.contains("zola") && listed.code == 0, "{what}: {listed}");
    let cron = env.run(&["cron", "status"]);
    assert!(cron.stdout.contains("zola"), "{what}: {cron}");
    // The other one can be changed as ever.
    for verb in ["disable", "enable"] {
        let switched = env.run(&["site", verb, "zola"]);
        assert_eq!(switched.code, 0, "{what}: {switched}");
    }
    assert!(logs_in(env, "zola"), "{what}");
    let made = format!("n{broken}");
    let created = env.run(&["site", "create", &made, "--url", &env.url(&made)]);
    assert_eq!(created.code, 0, "{what}: {created}");
    assert_eq!(env.on_server(engine, &format!("test_{made}")), "2", "{what}");
}

#[test]
fn a_broken_database_concerns_its_site_alone() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo", "zola"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let up = env.up();
    // A table's file is damaged.
    let file = env.sql_in("test_hugo", "select pg_relation_filepath('mdl_config')");
    env.sql("checkpoint");
    let path = env.state().join("data/servers/main").join(file);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.fill(0xA5);
    std::fs::write(&path, bytes).unwrap();
    env.sql_in("test_hugo", "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'test_hugo' and pid <> pg_backend_pid()");
    others_do_not_notice(&env, Engine::Postgresql, "a damaged file", "damaged");
    // Tables are gone.
    env.sql_in("test_hugo", "drop table mdl_config cascade; drop table mdl_config_plugins cascade");
    others_do_not_notice(&env, Engine::Postgresql, "dropped tables", "tables");
    // All of it is gone.
    env.sql("drop database test_hugo with (force)");
    others_do_not_notice(&env, Engine::Postgresql, "a dropped database", "gone");
    drop(up);
    // `up` begins with it, too.
    let up = env.up();
    assert!(logs_in(&env, "zola"));
    drop(up);
}

#[test]
fn a_broken_database_concerns_its_site_alone_on_mariadb() {
    let env = TestEnv::with_fleet_on(Engine::Mariadb, &Moodle::standin(), &["hugo", "zola"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let up = env.up();
    // What describes a table is damaged: InnoDB's own files are all sites' matter, for the server ends when it finds one broken.
    let frm = env.state().join("data/servers/main/test_hugo/mdl_config.frm");
    std::fs::write(&frm, "not a table").unwrap();
    env.mariadb("mysql", "flush tables");
    others_do_not_notice(&env, Engine::Mariadb, "a damaged file", "damaged");
    env.mariadb("test_hugo", "drop table if exists mdl_config_plugins, mdl_user");
    others_do_not_notice(&env, Engine::Mariadb, "dropped tables", "tables");
    // Its directory is gone.
    let directory = env.state().join("data/servers/main/test_hugo");
    assert!(Command::new("mv").arg(&directory).arg(env.path("away")).status().unwrap().success());
    env.mariadb("mysql", "flush tables");
    others_do_not_notice(&env, Engine::Mariadb, "a directory that is gone", "gone");
    drop(up);
    let up = env.up();
    assert!(logs_in(&env, "zola"));
    drop(up);
}

/// Somebody's lock is no reason for all others to wait until the server gives up.
#[test]
fn a_site_whose_tables_are_locked_is_told_and_the_others_are_listed() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo", "zola"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let up = env.up();
    let lock = "begin; lock table mdl_config in access exclusive mode; select pg_sleep(200)";
    let mut holding = env.psql("test_hugo", lock).spawn().unwrap();
    let held = "select count(*) from pg_locks where mode = 'AccessExclusiveLock' and granted and relation is not null";
    while env.sql_in("test_hugo", held) == "0" {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert_eq!(env.listed(&[]), "hugo unknown, zola installed");
    env.sql("select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(200)%' and pid <> pg_backend_pid()");
    holding.wait().unwrap();
    drop(up);
}
