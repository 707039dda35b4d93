//! Sessions and caches in Redis: each site is a user of its own there and reaches nothing of another's, and nothing is left when it goes.

use std::process::Command;
use std::time::Duration;

use crate::environment::{Engine, TestEnv};
use crate::http::Browser;
use crate::moodle::Moodle;

const TABLE: &str = "\n[redis.main]\nmanaged = true\ncaches_memory = \"64M\"\n";

impl TestEnv {
    fn add(&self, table: &str) {
        let fleet = self.fleet();
        let at = fleet.find("\n[codebase.").unwrap();
        self.write_fleet(&format!("{}{table}{}", &fleet[..at], &fleet[at..]));
    }

    fn redis_socket(&self, purpose: &str) -> std::path::PathBuf {
        self.run_directory().join(format!("redis.d/main-{purpose}.sock"))
    }

    /// Asks one instance as some user; the password goes by the environment.
    fn redis(&self, purpose: &str, user: &str, password: &str, words: &[&str]) -> String {
        let mut command = Command::new("redis-cli");
        command
            .arg("-s")
            .arg(self.redis_socket(purpose))
            .args(["--user", user, "--no-auth-warning"])
            .args(words);
        let output = command.env("REDISCLI_AUTH", password).output().unwrap();
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).trim().to_owned()
    }

    fn redis_admin(&self, purpose: &str, words: &[&str]) -> String {
        self.redis(purpose, "provost", &self.secret("redis-main-admin").unwrap(), words)
    }

    /// Number of the database with a site's sessions.
    fn session_database(&self, site: &str) -> String {
        let book = std::fs::read_to_string(self.state().join("keep/redis/main.json")).unwrap();
        let book: serde_json::Value = serde_json::from_str(&book).unwrap();
        book["sites"][site]["database"].to_string()
    }

    /// User and prefix of a site, as its own rules tell them.
    fn keyspace(&self, site: &str) -> (String, String) {
        let users = self.redis_admin("caches", &["ACL", "LIST"]);
        let line = users
            .lines()
            .find(|line| line.contains(&format!("_{site} on ")))
            .unwrap_or_else(|| panic!("{users}"));
        let user = line.split(' ').nth(1).unwrap().to_owned();
        let prefix = line.split(" ~").nth(1).unwrap().split('*').next().unwrap().to_owned();
        (user, prefix)
    }

    fn keys(&self, purpose: &str, database: &str) -> Vec<String> {
        let all = self.redis_admin(purpose, &["-n", database, "KEYS", "*"]);
        all.lines().map(str::to_owned).filter(|key| !key.is_empty()).collect()
    }
}

/// Everything of a site's user that could lead to another one's keys, tried.
fn is_confined(env: &TestEnv, site: &str, other: &str) {
    let (user, _) = env.keyspace(site);
    let password = env.secret(&format!("site-{site}-redis")).unwrap();
    let (_, other_prefix) = env.keyspace(other);
    let (own, theirs) = (env.session_database(site), env.session_database(other));
    let refused = |purpose: &str, words: &[&str]| {
        let answer = env.redis(purpose, &user, &password, words);
        assert!(answer.contains("NOPERM"), "{user} in {purpose}: {words:?}: {answer}");
    };
    let (key, whole) = (format!("{other_prefix}x"), "0");
    for purpose in ["sessions", "caches"] {
        for words in [
            &["GET", &key][..],
            &["SET", &key, "1"],
            &["DEL", &key],
            &["HGETALL", &key],
            &["KEYS", "*"],
            &["RANDOMKEY"],
            &["MONITOR"],
            &["FLUSHALL"],
            &["CONFIG", "GET", "*"],
            &["ACL", "LIST"],
            &["CLIENT", "LIST"],
            &["SWAPDB", "1", "2"],
            &["EVAL", "return redis.call('get', 'x')", "0"],
        ] {
            refused(purpose, words);
        }
    }
    refused("caches", &["SCAN", "0"]);
    refused("sessions", &["SELECT", &theirs]);
    refused("sessions", &["SELECT", "0"]);
    let scanned = env.redis("sessions", &user, &password, &["-n", &own, "SCAN", whole]);
    assert!(!scanned.contains(&other_prefix), "{scanned}");
    // The one that every connection begins in has nothing.
    assert_eq!(env.keys("sessions", "0"), Vec::<String>::new());
    // Without a password, and by another one's, nobody comes in.
    let theirs = env.secret(&format!("site-{other}-redis")).unwrap();
    assert!(env.redis("sessions", &user, &theirs, &["PING"]).contains("WRONGPASS"));
    assert!(env.redis("sessions", "default", "x", &["PING"]).contains("WRONGPASS"));
}

#[test]
fn sessions_and_caches_of_a_site_are_its_own() {
    let moodle = Moodle::real();
    if !moodle.is_real() {
        return;
    }
    let env = TestEnv::with_fleet_on(Engine::Postgresql, &moodle, &["hugo", "zola"]);
    env.add(TABLE);
    // Clones: what is their own must not be their template's.
    let sites = env.fleet().replace("\nurl = ", "\ntemplate = \"school\"\nurl = ");
    env.write_fleet(&format!("{sites}\n[template.school]\n"));
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");
    assert!(
        applied.stderr.contains("✓ redis/main/make") && applied.stderr.contains("✓ keyspace/hugo/create"),
        "{applied}"
    );
    let again = env.run(&["plan", "--detailed-exitcode"]);
    assert_eq!(again.code, 0, "{again}");
    // At rest it is stopped, and that is told.
    let resting = env.run(&["status"]);
    assert!(resting.stdout.contains("main   sessions  managed  stopped"), "{resting}");

    let mut up = env.up();
    for site in ["hugo", "zola"] {
        let password = env.secret(&format!("site-{site}-admin")).unwrap();
        let mut browser = Browser::new(env.port, &format!("{site}.localhost"));
        assert!(browser.login(&password), "{site}");
        let (_, prefix) = env.keyspace(site);
        let caches =
            std::fs::read_to_string(env.state().join("data/sites").join(site).join("muc/config.php"))
                .unwrap();
        assert!(caches.contains(&format!("'prefix' => '{prefix}'")), "{caches}");
        let sessions = env.keys("sessions", &env.session_database(site));
        assert!(!sessions.is_empty() && sessions.iter().all(|key| key.starts_with(&prefix)), "{sessions:?}");
        assert!(env.keys("caches", "0").iter().any(|key| key.starts_with(&prefix)), "{site}");
        // Nothing was kept in the database.
        assert_eq!(
            env.sql_in(&format!("test_{site}"), "select count(*) from mdl_sessions where userid > 0"),
            "0"
        );
    }
    // The template has nothing there.
    assert!(!env.redis_admin("caches", &["ACL", "USERS"]).contains("template"));
    is_confined(&env, "hugo", "zola");
    let running = env.run(&["status"]);
    assert!(running.stdout.contains("main   caches    managed  running"), "{running}");
    let figures = std::fs::read_to_string(env.state().join("made/metrics/redis.prom")).unwrap();
    assert!(
        figures.contains("provost_redis_up{fleet=\"test\",redis=\"main\",instance=\"sessions\"} 1"),
        "{figures}"
    );

    // One that dies is started again, and nobody has to log in anew.
    let password = env.secret("site-hugo-admin").unwrap();
    let mut browser = Browser::new(env.port, "hugo.localhost");
    assert!(browser.login(&password));
    std::thread::sleep(Duration::from_millis(1200));
    kill_instance(&env, "sessions");
    crate::faults::wait(Duration::from_mins(1), || {
        (env.redis_admin("sessions", &["PING"]) == "PONG" && browser.get("/my/").status == 200).then_some(())
    });
    assert!(
        env.background().contains("the redis `main` is down; it is started again"),
        "{}",
        env.background()
    );
    let page = browser.get("/my/");
    assert!(page.body.contains("login/logout.php"), "{} {}", page.status, page.body);

    // A site that uses none any more is itself again, and leaves nothing there.
    let fleet = env.fleet();
    env.write_fleet(&fleet.replace("[site.zola]\n", "[site.zola]\nredis = \"none\"\n"));
    let plan = env.run(&["plan"]);
    assert!(
        plan.stdout.contains("everybody logs in again") && plan.stdout.contains("keyspace/zola/drop"),
        "{plan}"
    );
    let (_, prefix) = env.keyspace("zola");
    let database = env.session_database("zola");
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");
    assert!(env.keys("caches", "0").iter().all(|key| !key.starts_with(&prefix)));
    assert_eq!(env.keys("sessions", &database), Vec::<String>::new());
    assert!(!env.redis_admin("sessions", &["ACL", "USERS"]).contains("_zola"));
    assert_eq!(env.secret("site-zola-redis"), None);
    let mut browser = Browser::new(env.port, "zola.localhost");
    // The web server's PHP looks at a changed file of Moodle's every two seconds.
    std::thread::sleep(Duration::from_secs(3));
    assert!(browser.login(&env.secret("site-zola-admin").unwrap()));
    assert_eq!(env.sql_in("test_zola", "select count(*) from mdl_sessions where userid > 0"), "1");
    assert!(env.keys("caches", "0").iter().all(|key| !key.starts_with(&prefix)));

    // A site that is deleted leaves nothing there.
    let (_, prefix) = env.keyspace("hugo");
    assert_eq!(env.run(&["site", "disable", "hugo"]).code, 0);
    let deleted = env.run(&["site", "delete", "hugo", "--yes", "--no-copy"]);
    assert_eq!(deleted.code, 0, "{deleted}");
    assert!(env.keys("caches", "0").iter().all(|key| !key.starts_with(&prefix)));
    assert!(!env.redis_admin("caches", &["ACL", "USERS"]).contains("_hugo"));
    assert_eq!(env.secret("site-hugo-redis"), None);
    up.signal(rustix::process::Signal::INT);
    assert_eq!(up.wait(), Some(0), "{}", env.background());

    // Without a table in the file nothing of it is left.
    env.write_fleet(&env.fleet().replace(TABLE, "\n").replace("redis = \"none\"\n", ""));
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");
    assert!(applied.stderr.contains("✓ redis/main/remove"), "{applied}");
    for path in ["data/redis/main", "keep/redis/main.json", "keep/secrets/redis-main-admin"] {
        assert!(!env.state().join(path).exists(), "{path}");
    }
    assert_eq!(env.run(&["plan", "--detailed-exitcode"]).code, 0);
}

/// Kills one instance, as a machine that has no memory left would.
fn kill_instance(env: &TestEnv, purpose: &str) {
    let directory = env.state().join("data/redis/main").join(purpose);
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    for pid in pids {
        if std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == directory) {
            let pid = rustix::process::Pid::from_raw(pid).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        }
    }
}
