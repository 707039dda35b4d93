//! One command over fifty sites: three of them broken in three ways, and one that is killed in the middle.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::environment::TestEnv;
use crate::moodle::Moodle;

const SITES: usize = 50;

/// Those that are broken: the database is gone, PHP ends with a fatal error, the site hangs.
const GONE: &str = "c07";
const FATAL: &str = "c23";
const HUNG: &str = "c41";

fn fleet() -> TestEnv {
    let env = TestEnv::with_fleet(&Moodle::real(), &["first"]);
    let text = env.fleet();
    let head = text.split("\n[site.").next().unwrap();
    let codebase = head.split("[codebase.").nth(1).unwrap().split(']').next().unwrap();
    let sites: Vec<String> = (1..=SITES)
        .map(|number| {
            format!(
                "[site.c{number:02}]\nurl = \"{}\"\ntemplate = \"school\"\n",
                env.url(&format!("c{number:02}"))
            )
        })
        .collect();
    env.write_fleet(&format!("{head}\n[template.school]\ncodebase = \"{codebase}\"\n\n{}", sites.join("\n")));
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{}", &applied.stderr[applied.stderr.len().saturating_sub(2_000)..]);
    env
}

fn told(text: &str) -> Value {
    serde_json::from_str(text)
        .unwrap_or_else(|_| panic!("no JSON: {}", text.chars().take(500).collect::<String>()))
}

/// What the journal has of the last operation: states by site.
fn states(env: &TestEnv) -> BTreeMap<String, String> {
    let told = told(&env.run(&["--json", "journal", "last"]).stdout);
    let text = |unit: &Value, name: &str| unit[name].as_str().unwrap().trim_start_matches("site/").to_owned();
    told["targets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|unit| (text(unit, "subject"), text(unit, "state")))
        .collect()
}

#[test]
#[ignore = "fifty real Moodles, some minutes: run it with `--run-ignored all`"]
fn three_of_fifty_are_told_and_only_they_are_done_again() {
    let env = fleet();
    let _up = env.up();
    killed_in_the_middle(&env);
    three_are_broken(&env);
}

/// The journal says exactly at which sites it was done.
fn killed_in_the_middle(env: &TestEnv) {
    let mut running = env
        .command(&["settings", "set", "forcelogin=1", "--sites", "*"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let done = || states(env).values().filter(|state| *state == "done").count();
    crate::faults::wait(Duration::from_mins(2), || (5..SITES - 5).contains(&done()).then_some(()));
    rustix::process::kill_process(rustix::process::Pid::from_child(&running), Signal::KILL).unwrap();
    running.wait().unwrap();
    // What a killed command had begun at a site ends by itself.
    std::thread::sleep(Duration::from_secs(2));
    let states = states(env);
    assert_eq!(states.len(), SITES);
    let set = told(&env.run(&["--json", "settings", "get", "forcelogin"]).stdout);
    let is_set = |site: &str| {
        let all = set["settings"].as_array().unwrap();
        all.iter().any(|one| one["site"] == site && one["value"] == "1")
    };
    for (site, state) in &states {
        match state.as_str() {
            "done" => assert!(is_set(site), "{site} is told as done"),
            "waiting" => assert!(!is_set(site), "{site} is told as not begun"),
            // Nobody knows, and it is told so.
            other => assert_eq!(other, "running", "{site}"),
        }
    }
    let left = states.values().filter(|state| *state != "done").count();
    let again = env.run(&["retry", "LAST"]);
    assert_eq!(again.code, 0, "{again}");
    let units = self::states(env);
    assert_eq!(units.len(), left, "only what was left is done again");
}

fn three_are_broken(env: &TestEnv) {
    env.sql(&format!("drop database test_{GONE} with (force)"));
    let directory = env.state().join(format!("made/sites/{FATAL}"));
    let file = std::fs::read_dir(&directory).unwrap().find_map(|entry| {
        let path = entry.unwrap().path();
        path.file_name().unwrap().to_str().unwrap().starts_with("site-").then_some(path)
    });
    let file = file.unwrap();
    let whole = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, whole.replacen("<?php", "<?php this_function_is_not_there();", 1)).unwrap();
    let holder = "begin; lock table mdl_config in access exclusive mode; select pg_sleep(600)";
    let mut held = env
        .psql(&format!("test_{HUNG}"), holder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_secs(1));

    let purged = env.run(&["--json", "caches", "purge", "--sites", "*", "--timeout", "20"]);
    assert_eq!(purged.code, 3, "{}", purged.stderr);
    let report = told(&purged.stdout);
    let sites = report["sites"].as_array().unwrap();
    let well = sites.iter().filter(|site| site["error"].is_null()).count();
    assert_eq!((sites.len(), well), (SITES, SITES - 3));
    let causes = report["causes"].as_array().unwrap();
    let whose: Vec<Vec<&str>> = causes
        .iter()
        .map(|cause| cause["sites"].as_array().unwrap().iter().filter_map(Value::as_str).collect())
        .collect();
    assert_eq!(causes.len(), 3, "{causes:?}");
    for broken in [GONE, FATAL, HUNG] {
        assert!(whose.contains(&vec![broken]), "{whose:?}");
    }
    let why = |site: &str| {
        let at = whose.iter().position(|sites| sites == &[site]).unwrap();
        causes[at]["error"].as_str().unwrap().to_owned()
    };
    assert!(why(GONE).contains("database"), "{}", why(GONE));
    assert!(why(FATAL).contains("this_function_is_not_there"), "{}", why(FATAL));
    assert!(why(HUNG).contains("20 s"), "{}", why(HUNG));

    // One of them is well again.
    std::fs::write(&file, whole).unwrap();
    let again = env.run(&["--json", "retry", "LAST"]);
    assert_eq!(again.code, 3, "{}", again.stderr);
    let sites: Vec<String> = told(&again.stdout)["sites"]
        .as_array()
        .unwrap()
        .iter()
        .map(|site| site["site"].to_string())
        .collect();
    assert_eq!(sites, [GONE, FATAL, HUNG].map(|site| format!("\"{site}\"")));
    env.sql("select pg_terminate_backend(pid) from pg_stat_activity where query like '%access exclusive mode%' and pid <> pg_backend_pid()");
    held.wait().unwrap();
    let last = env.run(&["--json", "retry", "LAST"]);
    let report = told(&last.stdout);
    let left: Vec<&Value> = report["sites"].as_array().unwrap().iter().collect();
    assert_eq!((left.len(), last.code), (2, 3), "the one that was well is not asked again");
    assert_eq!(report["causes"].as_array().unwrap().len(), 1);

    // A site that fails while the rows are shown is a part of the operation, too.
    let statement = "update {user} set city = 'Torino' where username = 'admin'";
    let written = env.run(&["sql", "--write", "--yes", statement, "--sites", &format!("c01 | {GONE}")]);
    assert_eq!(written.code, 3, "{written}");
    let expected =
        [("c01", "done"), (GONE, "failed")].map(|(site, state)| (site.to_owned(), state.to_owned()));
    assert_eq!(states(env), BTreeMap::from(expected));
    let again = env.run(&["retry", "LAST", "--yes"]);
    assert!(again.code == 3 && !states(env).contains_key("c01"), "{again}");
}
