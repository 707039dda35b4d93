//! Killed and interrupted anywhere: the next run completes, with nothing of the killed one still at work.

use std::time::Duration;

use rustix::process::Signal;

use crate::environment::{Engine, TestEnv};
use crate::faults::wait;
use crate::http::Browser;
use crate::moodle::Moodle;

/// Kills an apply after a while, and applies again.
fn kill_and_complete(env: &TestEnv, after: Duration, signal: Signal) {
    let mut apply = env.spawn(&["apply"]);
    std::thread::sleep(after);
    apply.signal(signal);
    let code = apply.wait();
    if signal == Signal::INT {
        assert!(matches!(code, Some(130 | 0)), "{code:?} after {after:?}: {}", env.background());
    }
    let state = env.site_state("hugo");
    let completed = env.run(&["apply"]);
    assert_eq!(completed.code, 0, "after {after:?}, when it was {state}: {completed}");
    let installers: Vec<String> =
        env.left_at_work().into_iter().filter(|line| line.contains("install")).collect();
    assert!(installers.is_empty(), "{installers:?}");
    assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n");
}

#[test]
fn an_apply_killed_at_many_moments_is_completed() {
    for after in [20, 60, 150, 300, 500, 700, 900, 1100, 1300, 1600, 2000] {
        let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
        kill_and_complete(&env, Duration::from_millis(after), Signal::KILL);
    }
}

#[test]
fn an_apply_killed_at_many_moments_is_completed_on_mariadb() {
    // Its data directory takes seconds to make.
    for after in [300, 900, 1500, 2500, 3500, 4500, 5500, 6500, 7500] {
        let env = TestEnv::with_fleet_on(Engine::Mariadb, &Moodle::standin(), &["hugo"]);
        kill_and_complete(&env, Duration::from_millis(after), Signal::KILL);
    }
}

#[test]
fn an_apply_interrupted_at_many_moments_ends_in_order_and_is_completed() {
    for after in [20, 100, 300, 600, 900, 1200, 1500] {
        let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
        kill_and_complete(&env, Duration::from_millis(after), Signal::INT);
    }
}

#[test]
fn an_install_of_moodle_killed_in_the_middle_is_incomplete_and_then_completed() {
    kill_an_install(Engine::Postgresql);
}

#[test]
fn an_install_of_moodle_on_mariadb_killed_in_the_middle_is_incomplete_and_then_completed() {
    kill_an_install(Engine::Mariadb);
}

fn kill_an_install(engine: Engine) {
    let env = TestEnv::with_fleet_on(engine, &Moodle::real(), &["hugo"]);
    let mut apply = env.spawn(&["apply"]);
    wait(Duration::from_mins(2), || env.state().join("made/sites/hugo/site.php").exists().then_some(()));
    std::thread::sleep(Duration::from_secs(4));
    apply.signal(Signal::KILL);
    apply.wait();
    // The killed run's server still runs, and its installer is at work: the truth is neither installed nor absent.
    assert_eq!(env.site_state("hugo"), "incomplete");
    let completed = env.run(&["apply"]);
    assert_eq!(completed.code, 0, "{completed}");
    // PHP may have ended by itself when nobody read it any more, or was ended: either way it does not write beside the second one.
    let installers: Vec<String> =
        env.left_at_work().into_iter().filter(|line| line.contains("install.php")).collect();
    assert!(installers.is_empty(), "{installers:?}");
    assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n");
}

#[test]
fn a_second_apply_waits_its_turn_by_saying_so() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    let mut first = env.spawn(&["apply"]);
    wait(Duration::from_mins(1), || env.background().contains("[1/").then_some(()));
    // Held where it is, so that it does not end before the other one has looked.
    first.signal(Signal::STOP);
    let second = env.run(&["apply"]);
    first.signal(Signal::CONT);
    assert!(second.stderr.contains("is being worked on by another provost"), "{second}");
    assert_eq!(second.code, 1, "{second}");
    assert!(second.stderr.contains("hint: wait for it"), "{second}");
    assert_eq!(first.wait(), Some(0), "{}", env.background());
}

#[test]
fn up_takes_over_from_a_killed_up() {
    take_over(Engine::Postgresql);
}

#[test]
fn up_takes_over_from_a_killed_up_on_mariadb() {
    take_over(Engine::Mariadb);
}

fn take_over(engine: Engine) {
    let env = TestEnv::with_fleet_on(engine, &Moodle::standin(), &["hugo"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let mut killed = env.up();
    killed.signal(Signal::KILL);
    killed.wait();
    assert_eq!(env.status()["serving"]["state"], "orphaned", "its web server answers still");
    let up = env.up();
    assert_eq!(env.status()["serving"]["state"], "up");
    let password = env.secret("site-hugo-admin").unwrap();
    assert!(Browser::new(env.port, "hugo.localhost").login(&password));
    drop(up);
    let left = env.left_at_work();
    assert!(left.is_empty(), "{left:#?}");
}

#[test]
fn a_killed_removal_can_be_finished() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo", "zola"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let dataroot = env.state().join("data/sites/zola");
    for directory in 0..40 {
        let directory = dataroot.join(format!("filedir/{directory}"));
        std::fs::create_dir_all(&directory).unwrap();
        for file in 0..500 {
            std::fs::write(directory.join(file.to_string()), "").unwrap();
        }
    }
    env.write_fleet(env.fleet().split("\n[site.zola]").next().unwrap());
    let mut apply = env.spawn(&["apply", "--allow-destroy"]);
    wait(Duration::from_secs(30), || (!dataroot.join("filedir/0").exists()).then_some(()));
    apply.signal(Signal::KILL);
    apply.wait();
    let completed = env.run(&["apply", "--allow-destroy"]);
    assert_eq!(completed.code, 0, "{completed}");
    assert!(!dataroot.exists());
    assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n");
}

#[test]
fn a_site_out_of_the_file_is_told_also_when_its_server_rests() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo", "zola", "abel"]);
    let dataroot = env.path("elsewhere");
    let elsewhere = format!("[site.abel]\ndataroot = \"{}\"", dataroot.display());
    env.write_fleet(&env.fleet().replace("[site.abel]", &elsewhere));
    assert_eq!(env.run(&["apply"]).code, 0);
    let all = env.fleet();
    env.write_fleet(all.split("\n[site.zola]").next().unwrap());
    let status = env.status();
    assert_eq!(status["servers"][0]["state"], "stopped", "{status:#}");
    for name in ["zola", "abel"] {
        let site = status["sites"].as_array().unwrap().iter().find(|site| site["name"] == name).unwrap();
        assert_eq!((&site["state"], &site["url"]), (&"unwanted".into(), &env.url(name).into()), "{site:#}");
        assert!(site["tree"].is_string() && site["release"].is_string(), "{site:#}");
        assert!(site["note"].as_str().unwrap().starts_with("no longer in the file; as seen "), "{site:#}");
    }
    // The text tells it too; and once they are gone they are not told.
    assert_eq!(env.run(&["status"]).stdout.matches("no longer in the file").count(), 2);
    assert_eq!(env.run(&["apply", "--allow-destroy"]).code, 0);
    assert_eq!(env.site_state("hugo"), "stopped");
    assert_eq!((env.site_state("zola"), env.site_state("abel")), ("not listed".into(), "not listed".into()));
}

#[test]
fn a_site_that_was_removed_can_come_back() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo", "zola"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let both = env.fleet();
    env.write_fleet(both.split("\n[site.zola]").next().unwrap());
    assert_eq!(env.run(&["apply", "--allow-destroy"]).code, 0);
    env.write_fleet(&both);
    let again = env.run(&["apply"]);
    assert_eq!(again.code, 0, "{again}");
}

#[test]
fn a_look_stops_no_server_that_others_left_running() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let mut killed = env.up();
    killed.signal(Signal::KILL);
    killed.wait();
    // The services of the killed one still serve, and status must not take their database away.
    env.status();
    assert_eq!(env.run(&["plan"]).code, 0);
    assert_eq!(Browser::new(env.port, "hugo.localhost").get("/login/index.php").status, 200);
    drop(env.up());
}

/// A server ends what a killed run had asked of it: a database that nobody marked any more. It goes, unless somebody has put something
/// into it. And what was never a site is nothing that another one was.
#[test]
fn what_was_begun_for_a_site_that_left_the_file_goes() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["dumas"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let up = env.up();
    let mark =
        env.sql("select shobj_description(oid, 'pg_authid') from pg_roles where rolname = 'test_dumas'");
    for site in ["hugo", "zola", "balzac"] {
        let mark = mark.trim().replace("dumas", site).replace("\"installed\"", "\"installing\"");
        env.sql(&format!("create role test_{site} login"));
        env.sql(&format!("comment on role test_{site} is '{mark}'"));
        env.sql(&format!("create database test_{site} owner test_{site}"));
        if site == "balzac" {
            env.sql(&format!("comment on database test_{site} is '{mark}'"));
        }
    }
    env.sql_in("test_zola", "create table kept (x int)");
    let sand = format!("\n[site.sand]\nurl = \"{}\"\nwas = \"balzac\"\n", env.url("sand"));
    env.write_fleet(&(env.fleet() + &sand));
    let plan = env.run(&["plan"]);
    for (site, goes) in [("hugo", true), ("zola", false), ("balzac", true)] {
        assert_eq!(plan.stdout.contains(&format!("database/{site}/drop")), goes, "{site}: {plan}");
    }
    let applied = env.run(&["apply", "--allow-destroy"]);
    assert_eq!(applied.code, 0, "{applied}");
    for (site, there) in [("hugo", "0"), ("zola", "2"), ("balzac", "0"), ("sand", "2")] {
        assert_eq!(env.on_server(Engine::Postgresql, &format!("test_{site}")), there, "{site}");
    }
    assert_eq!(env.run(&["plan", "--detailed-exitcode"]).code, 0);
    drop(up);
}
