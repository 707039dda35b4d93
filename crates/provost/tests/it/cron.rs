//! The fleet's cron on a real Moodle: that tasks really ran stands in the site's own tables.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::environment::{Engine, Running, TestEnv};
use crate::moodle::Moodle;

/// This only ends what hangs. The first cron of a fresh Moodle runs all its tasks, which takes minutes beside other work.
const PATIENCE: Duration = Duration::from_mins(10);
const STUCK: &str = "core\\task\\session_cleanup_task";
const PARKED: &str = "86400";

/// A fleet with a real site, and one on the stand-in, which has no tables of tasks: to the scheduler its database is damaged.
fn fleet() -> Option<TestEnv> {
    let moodle = Moodle::real();
    if !moodle.is_real() {
        return None;
    }
    let env = TestEnv::with_fleet(&moodle, &["hugo"]);
    let file = env.fleet().replace("[site.hugo]\n", "[site.hugo]\ncodebase = \"main\"\n");
    let (other, zola) = (Moodle::standin().git(&env), env.url("zola"));
    let cron = format!("[cron]\nperiod = \"10s\"\ntimeouts = {{ '{STUCK}' = \"3s\" }}\n");
    let other = format!(
        "[codebase.other]\ngit = \"{other}\"\nmoodle = \"main\"\n[site.zola]\nurl = \"{zola}\"\ncodebase = \"other\"\n"
    );
    env.write_fleet(&format!("{file}\n{other}\n{cron}"));
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");
    Some(env)
}

/// Looks until there is an answer. Each look starts a program or two, so there is a pause between them.
fn patiently<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "nothing came");
        std::thread::sleep(Duration::from_millis(500));
    }
}

fn hugo(env: &TestEnv, sql: &str) -> String {
    env.sql_in("test_hugo", sql)
}

/// The scheduler, once it says that it runs.
fn scheduler(env: &TestEnv) -> Running {
    let running = env.spawn(&["cron", "run"]);
    patiently(|| env.background().contains("Ctrl-C stops it").then_some(()));
    running
}

fn status(env: &TestEnv, site: &str) -> serde_json::Value {
    let output = env.run(&["--json", "cron", "status"]);
    let report: serde_json::Value =
        serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output}"));
    report["sites"].as_array().unwrap().iter().find(|one| one["name"] == site).unwrap().clone()
}

/// Waits until a question about hugo's database is answered as wished.
fn until(env: &TestEnv, sql: &str, wished: impl Fn(&str) -> bool) -> String {
    patiently(|| Some(hugo(env, sql)).filter(|answer| wished(answer)))
}

fn due(env: &TestEnv, class: &str) {
    hugo(env, &format!("update mdl_task_scheduled set nextruntime = 0 where classname = '\\{class}'"));
}

/// Holds a table that the task to be stuck writes to.
struct Lock(Child);

impl Lock {
    fn take(env: &TestEnv) -> Self {
        let mut command = Command::new("psql");
        command.arg("-h").arg(env.run_directory().join("main")).args([
            "-U",
            "provost",
            "-d",
            "test_hugo",
            "-Xq",
        ]);
        command.env("PGPASSWORD", env.secret("server-main-admin").unwrap());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let statements = b"begin; lock table mdl_sessions in access exclusive mode;\n";
        std::io::Write::write_all(child.stdin.as_mut().unwrap(), statements).unwrap();
        let held = "select count(*) from pg_locks where relation = 'mdl_sessions'::regclass and mode = 'AccessExclusiveLock' and granted";
        until(env, held, |answer| answer == "1");
        Self(child)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

const DELAY: &str = r"select coalesce(faildelay, 0) from mdl_task_scheduled where classname = '\core\task\session_cleanup_task'";
const LAST: &str =
    "select value from mdl_config_plugins where plugin = 'tool_task' and name = 'lastcronstart'";

#[test]
fn the_cron_of_real_sites() {
    let Some(env) = fleet() else { return };
    let mut cron = scheduler(&env);
    tasks_really_ran(&env);
    a_damaged_site_waits_alone(&env);
    a_site_with_nothing_due_costs_no_php(&env);
    a_site_in_maintenance_is_not_run(&env);
    a_task_that_hangs_is_parked_and_the_site_is_not(&env);
    cron = a_killed_scheduler_leaves_nothing(&env, cron);
    a_server_that_was_stopped_is_waited_for(&env);
    cron.signal(Signal::INT);
    assert_eq!(cron.wait(), Some(0), "{}", env.background());
    up_runs_cron_as_well(&env);
    assert_eq!(env.left_at_work(), Vec::<String>::new());
}

fn up_runs_cron_as_well(env: &TestEnv) {
    let up = env.up();
    let before = hugo(env, LAST);
    due(env, "core\\task\\file_temp_cleanup_task");
    until(env, LAST, |last| last != before);
    let second = env.run(&["cron", "run"]);
    assert_eq!(second.code, 1, "{second}");
    assert!(second.stderr.contains("the fleet's cron is run already"), "{second}");
    drop(up);
}

fn tasks_really_ran(env: &TestEnv) {
    until(env, "select count(*) from mdl_task_log where type = 0 and result = 0", |count| count != "0");
    until(env, "select count(*) from mdl_task_log where type = 1 and result = 0", |count| count != "0");
    until(env, LAST, |last| !last.is_empty());
    assert_ne!(hugo(env, "select count(*) from mdl_task_scheduled where lastruntime is not null"), "0");
    let seen = patiently(|| {
        Some(status(env, "hugo")).filter(|hugo| hugo["scheduled"]["outcome"]["outcome"] == "done")
    });
    assert_eq!(seen["state"], "runs", "{seen}");
    // Nothing of the password or of how PHP is called is in the log.
    let log = std::fs::read_to_string(env.state().join("logs/cron/hugo.log")).unwrap();
    assert!(log.contains("Execute scheduled task"), "{log}");
    let metrics = patiently(|| {
        let text = std::fs::read_to_string(env.state().join("made/metrics/cron.prom")).ok()?;
        Some(text).filter(|text| text.contains("outcome=\"done\""))
    });
    assert!(
        metrics.contains("provost_cron_last_run_timestamp_seconds{fleet=\"test\",site=\"hugo\"}"),
        "{metrics}"
    );
    let status = env.status();
    let of_hugo = status["sites"].as_array().unwrap().iter().find(|one| one["name"] == "hugo").unwrap();
    assert_eq!(of_hugo["cron"]["state"], "runs", "{status}");
}

fn a_damaged_site_waits_alone(env: &TestEnv) {
    let zola = status(env, "zola");
    assert_eq!(zola["state"], "unknown", "{zola}");
    assert_eq!(env.run(&["cron", "status"]).code, 3);
    assert!(env.background().contains("zola: its cron does not run"), "{}", env.background());
    env.sql("drop database test_zola with (force)");
    let before = hugo(env, LAST);
    due(env, STUCK);
    until(env, LAST, |last| last != before);
}

fn a_site_with_nothing_due_costs_no_php(env: &TestEnv) {
    let due = "select count(*) from mdl_task_scheduled where timestarted is not null";
    hugo(env, "update mdl_task_scheduled set nextruntime = extract(epoch from now())::bigint + 86400");
    hugo(env, "delete from mdl_task_adhoc where timestarted is null");
    until(env, due, |running| running == "0");
    // What ran while its row was written has set its own time again.
    hugo(env, "update mdl_task_scheduled set nextruntime = extract(epoch from now())::bigint + 86400");
    let runs = |log: &str| log.matches("=== ").count();
    let log = || std::fs::read_to_string(env.state().join("logs/cron/hugo.log")).unwrap();
    let (before, seen) = (runs(&log()), status(env, "hugo")["seen_at"].as_i64().unwrap());
    // Two looks later nothing was started.
    patiently(|| (registry_seen(env) >= seen + 20).then_some(()));
    assert_eq!(runs(&log()), before);
}

/// When the scheduler itself last looked at hugo.
fn registry_seen(env: &TestEnv) -> i64 {
    let metrics = std::fs::read_to_string(env.state().join("made/metrics/cron.prom")).unwrap();
    let line = metrics
        .lines()
        .find(|line| line.starts_with("provost_cron_seen_timestamp_seconds") && line.contains("hugo"));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0)
}

fn a_site_in_maintenance_is_not_run(env: &TestEnv) {
    let page = env.state().join("data/sites/hugo/climaintenance.html");
    std::fs::write(&page, "closed").unwrap();
    let before = hugo(env, LAST);
    due(env, STUCK);
    let seen = registry_seen(env);
    patiently(|| (registry_seen(env) > seen + 10).then_some(()));
    assert_eq!(hugo(env, LAST), before);
    assert_eq!(status(env, "hugo")["note"], "the site is in maintenance");
    std::fs::remove_file(&page).unwrap();
    until(env, LAST, |last| last != before);
}

fn a_task_that_hangs_is_parked_and_the_site_is_not(env: &TestEnv) {
    let _lock = Lock::take(env);
    due(env, STUCK);
    until(env, DELAY, |delay| delay != "0" && delay != PARKED);
    due(env, STUCK);
    until(env, DELAY, |delay| delay == PARKED);
    let hugo = patiently(|| {
        Some(status(env, "hugo")).filter(|hugo| !hugo["parked"].as_object().unwrap().is_empty())
    });
    assert!(hugo["parked"][STUCK].is_number(), "{hugo}");
    assert_eq!(hugo["troubles"][0]["what"], "parked", "{hugo}");
    assert!(env.background().contains("is parked for a day"), "{}", env.background());
    // Sessions that waited for the lock went with their process.
    let waiting = "select count(*) from pg_stat_activity where application_name like 'provost of%' and wait_event_type = 'Lock'";
    until(env, waiting, |count| count == "0");
    // The site's other tasks run on.
    let before = self::hugo(env, LAST);
    due(env, "core\\task\\file_temp_cleanup_task");
    until(env, LAST, |last| last != before);
    let released = env.run(&["cron", "unpark", "hugo"]);
    assert_eq!(released.stdout, format!("released {STUCK}\n"), "{released}");
    assert_eq!(self::hugo(env, DELAY), "0");
}

fn a_killed_scheduler_leaves_nothing(env: &TestEnv, mut cron: Running) -> Running {
    let lock = Lock::take(env);
    due(env, STUCK);
    let pid = until(
        env,
        r"select coalesce(pid, 0) from mdl_task_scheduled where classname = '\core\task\session_cleanup_task' and timestarted is not null",
        |pid| !pid.is_empty() && pid != "0",
    );
    cron.signal(Signal::KILL);
    cron.wait();
    let cron = scheduler(env);
    patiently(|| (!std::path::Path::new(&format!("/proc/{pid}/cmdline")).exists()).then_some(()));
    let blocked = "select count(*) from pg_stat_activity where application_name like 'provost of%' and wait_event_type = 'Lock'
                    and backend_start < now() - interval '30 seconds'";
    until(env, blocked, |count| count == "0");
    drop(lock);
    cron
}

fn a_server_that_was_stopped_is_waited_for(env: &TestEnv) {
    let pid_file = env.state().join("data/servers/main/postmaster.pid");
    let pid: i32 = std::fs::read_to_string(pid_file).unwrap().lines().next().unwrap().parse().unwrap();
    let before = hugo(env, LAST);
    due(env, "core\\task\\file_temp_cleanup_task");
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), Signal::INT).unwrap();
    patiently(|| env.background().contains("answers again").then_some(()));
    assert!(env.background().contains("the cron of its sites waits for it"), "{}", env.background());
    until(env, LAST, |last| last != before);
}

#[test]
fn the_cron_of_a_site_on_mariadb() {
    let moodle = Moodle::real();
    if !moodle.is_real() {
        return;
    }
    let env = TestEnv::with_fleet_on(Engine::Mariadb, &moodle, &["hugo"]);
    env.write_fleet(&format!("{}\n[cron]\nperiod = \"10s\"\n", env.fleet()));
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");
    let mut cron = scheduler(&env);
    let hugo = |sql: &str| env.mariadb("test_hugo", sql);
    for lane in [0, 1] {
        let ran = format!("select count(*) from mdl_task_log where type = {lane} and result = 0");
        patiently(|| (hugo(&ran) != "0").then_some(()));
    }
    let seen = patiently(|| {
        Some(status(&env, "hugo")).filter(|hugo| hugo["scheduled"]["outcome"]["outcome"] == "done")
    });
    assert_eq!(seen["state"], "runs", "{seen}");
    let report = env.run(&["cron", "status"]);
    assert_eq!(report.code, 0, "{report}");
    cron.signal(Signal::INT);
    assert_eq!(cron.wait(), Some(0), "{}", env.background());
    assert_eq!(env.left_at_work(), Vec::<String>::new());
}
