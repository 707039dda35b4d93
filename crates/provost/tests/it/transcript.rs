//! The whole path on real Moodle: an empty directory, two sites, and back to one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::environment::{Engine, Output, TestEnv};
use crate::http::Browser;
use crate::moodle::Moodle;

/// What people read, less what depends on the Moodle at hand.
fn told(env: &TestEnv, output: &Output) -> String {
    let text = env.filter(&output.to_string());
    let lines = text.lines().map(|line| match line.find("Moodle ") {
        Some(at) if line.contains("locked:") || line.contains("schema clean") => {
            format!("{}Moodle …", &line[..at])
        }
        _ if line.starts_with("    Moodle  ") => "    Moodle  …".to_owned(),
        _ if line.contains("files, ") => "✓ build/main/assemble ([TIME]): …".to_owned(),
        _ if ["PostgreSQL ", "MariaDB "].iter().any(|engine| line.contains(engine))
            && line.contains("answers") =>
        {
            "✓ server/main/make ([TIME]): …".to_owned()
        }
        _ if line.starts_with("    managed server  ") => "    managed server  …".to_owned(),
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Side by side, steps begin and end as they like: their lines are sorted.
fn sorted(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines.join("\n")
}

#[test]
fn from_an_empty_directory_to_two_sites_and_back() {
    there_and_back(Engine::Postgresql);
}

#[test]
fn from_an_empty_directory_to_two_sites_and_back_on_mariadb() {
    there_and_back(Engine::Mariadb);
}

/// What people read is the same on both.
fn there_and_back(engine: Engine) {
    let moodle = Moodle::real();
    let env = TestEnv::with_fleet_on(engine, &moodle, &["hugo"]);
    let kept = env.kept();
    insta::assert_snapshot!("check", told(&env, &env.run(&["check"])));
    insta::assert_snapshot!("plan", told(&env, &env.run(&["plan"])));
    assert!(!env.path("fleet.lock").exists(), "a plan writes nothing");
    assert_eq!(env.kept(), kept, "a plan writes nothing");

    let sampler = Sampler::start(&env);
    let applied = env.run(&["apply"]);
    let seen = sampler.stop();
    assert_eq!(applied.code, 0, "{applied}");
    insta::assert_snapshot!("apply", sorted(&told(&env, &applied)));
    assert!(seen.control, "the sampler sees command lines at all");
    for name in ["site-hugo-admin", "site-hugo-database", "server-main-admin"] {
        let secret = env.secret(name).unwrap();
        let shown: Vec<&String> = seen.lines.iter().filter(|line| line.contains(&secret)).collect();
        assert!(shown.is_empty(), "{name} was on a command line: {shown:?}");
        assert!(!applied.to_string().contains(&secret), "{name} was printed");
    }

    let again = env.run(&["plan", "--detailed-exitcode"]);
    assert_eq!((again.stdout.as_str(), again.code), ("Nothing to do.\n", 0), "{again}");
    assert_eq!(env.run(&["apply"]).stdout, "Nothing to do.\n");
    assert_eq!(env.site_state("hugo"), "stopped", "a server at rest is told as stopped, not as absent");

    let up = env.up();
    assert_eq!(env.site_state("hugo"), "installed");
    if moodle.is_real() {
        // Core leaves this one out when it does not know its own script for the one that runs: see install.php.
        let left_out = "select count(*) from mdl_config_plugins \
                        where plugin = 'analytics' and name = 'predictionsprocessor'";
        let found = match engine {
            Engine::Postgresql => env.sql_in("test_hugo", left_out),
            Engine::Mariadb => env.mariadb("test_hugo", left_out),
        };
        assert_eq!(found, "1", "every default setting is there");
    }
    let password = env.secret("site-hugo-admin").unwrap();
    assert!(Browser::new(env.port, "hugo.localhost").login(&password), "hugo's admin gets in");
    assert!(!Browser::new(env.port, "hugo.localhost").login("wrong"), "nobody else does");
    let unknown = Browser::new(env.port, "unknown.localhost").get("/login/index.php");
    assert_eq!(unknown.status, 404);

    env.write_fleet(&format!("{}\n[site.zola]\nurl = \"{}\"\n", env.fleet(), env.url("zola")));
    insta::assert_snapshot!("plan_with_a_second_site", told(&env, &env.run(&["plan"])));
    let added = env.run(&["apply"]);
    assert_eq!(added.code, 0, "{added}");
    insta::assert_snapshot!("apply_with_a_second_site", told(&env, &added));
    let password = env.secret("site-zola-admin").unwrap();
    assert!(Browser::new(env.port, "zola.localhost").login(&password), "zola is served without a restart");
    assert!(env.background().lines().all(|line| !line.contains("started again")), "{}", env.background());

    assert_eq!(env.on_server(engine, "test_zola"), "2", "a database and its role");
    assert_eq!(env.account("zola").is_some(), rustix::process::geteuid().is_root());

    let with_both = env.fleet();
    env.write_fleet(with_both.split("\n[site.zola]").next().unwrap());
    let refused = env.run(&["apply"]);
    insta::assert_snapshot!("refused", told(&env, &refused));
    assert_eq!(env.site_state("zola"), "unwanted");
    assert!(Browser::new(env.port, "zola.localhost").login(&password), "nothing was done");
    let allowed = env.run(&["apply", "--allow-destroy"]);
    assert_eq!(allowed.code, 0, "{allowed}");
    insta::assert_snapshot!("allowed", told(&env, &allowed));
    assert_eq!(Browser::new(env.port, "zola.localhost").get("/login/index.php").status, 404);
    let password = env.secret("site-hugo-admin").unwrap();
    assert!(Browser::new(env.port, "hugo.localhost").login(&password), "the other site goes on");
    assert_eq!(env.site_state("zola"), "not listed");
    assert!(left_of(&env, "zola").is_empty(), "left: {:?}", left_of(&env, "zola"));
    assert_eq!(env.on_server(engine, "test_zola"), "0", "the database and its role are gone");
    assert_eq!(env.account("zola"), None, "its Unix account and group are gone");
    assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n");
    drop(up);
}

/// Paths that still name a site.
fn left_of(env: &TestEnv, site: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = [
        "keep/secrets",
        "data/sites",
        "made/sites",
        "made/hosts",
        "made/web/nginx",
        "made/web/php-fpm",
        "logs/sites",
    ]
    .map(|below| env.state().join(below))
    .to_vec();
    while let Some(directory) = waiting.pop() {
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().contains(site) {
                found.push(entry.path().display().to_string());
            }
        }
    }
    found
}

/// Looks at every command line on the machine, over and over.
struct Sampler {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<BTreeSet<String>>,
    control: std::process::Child,
}

struct Sampled {
    lines: BTreeSet<String>,
    /// Whether a word that was on a command line was seen there.
    control: bool,
}

impl Sampler {
    fn start(env: &TestEnv) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let ended = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut lines = BTreeSet::new();
            while !ended.load(Ordering::Relaxed) {
                for entry in std::fs::read_dir("/proc").unwrap().flatten() {
                    if entry.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit())
                        && let Ok(line) = std::fs::read(entry.path().join("cmdline"))
                    {
                        lines.insert(String::from_utf8_lossy(&line).replace('\0', " "));
                    }
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            lines
        });
        // Below the test's directory, so that it would be found if it were left.
        let mut command = std::process::Command::new("sleep");
        let control = command.arg("100000.125").current_dir(env.path("home")).spawn().unwrap();
        Self { stop, thread, control }
    }

    fn stop(mut self) -> Sampled {
        self.stop.store(true, Ordering::Relaxed);
        let lines = self.thread.join().unwrap();
        self.control.kill().unwrap();
        self.control.wait().unwrap();
        let control = lines.iter().any(|line| line.contains("100000.125"));
        Sampled { lines, control }
    }
}
