//! Sites that get another name, another URL, or both: nothing of them is lost, and nothing of what they were is left.

use crate::environment::{Engine, TestEnv};
use crate::http::Browser;
use crate::moodle::Moodle;

impl TestEnv {
    fn ask_own(&self, engine: Engine, database: &str, sql: &str) -> String {
        match engine {
            Engine::Postgresql => self.sql_in(database, sql),
            Engine::Mariadb => self.mariadb(database, sql),
        }
    }
}

/// Texts with an address, in what core replaces, in what it skips, and in what it would break.
fn plant(env: &TestEnv, engine: Engine, database: &str, url: &str, dataroot: &str) {
    let json = url.replace('/', "\\/");
    let encoded = url.replace(':', "%3A").replace('/', "%2F");
    let serialised = format!("a:1:{{s:4:\"text\";s:{}:\"{url}/page\";}}", url.len() + 5);
    let block =
        base64(format!("O:8:\"stdClass\":1:{{s:4:\"text\";s:{}:\"{url}/page\";}}", url.len() + 5).as_bytes());
    let long = format!("{}{url}", "-".repeat(255 - url.len()));
    let https = url.replacen("http:", "https:", 1);
    let values = [
        ("json", format!("{{\"a\":\"{json}/x\"}}")),
        ("encoded", format!("u={encoded}%2Fx")),
        ("serialised", serialised),
        ("https", format!("{https}/x")),
        ("relative", format!("src=\"{}/x\"", url.trim_start_matches("http:"))),
        ("another", format!("{url}9/x and {url}.example")),
        ("directory", format!("{dataroot}/geoip and {dataroot}2")),
    ];
    // The text `\` is a sign of MariaDB's.
    let text = |text: &str| match engine {
        Engine::Postgresql => format!("'{text}'"),
        Engine::Mariadb => format!("'{}'", text.replace('\\', "\\\\")),
    };
    let mut sql = String::new();
    for (name, value) in &values {
        sql.push_str(&format!(
            "insert into mdl_config_plugins (plugin, name, value) values ('local_x', '{name}', {});",
            text(value)
        ));
    }
    sql.push_str(&format!(
        "update mdl_course set summary = {} where id = 1;",
        text(&format!("<a href=\"{url}/x\">x</a>"))
    ));
    sql.push_str(&format!("update mdl_user set institution = {} where username = 'admin';", text(&long)));
    sql.push_str(&format!(
        "insert into mdl_config_log (userid, timemodified, plugin, name, value) values (2, 1, 'local_x', 'x', {});",
        text(url)
    ));
    sql.push_str(&format!(
        "insert into mdl_block_instances (blockname, parentcontextid, showinsubcontexts, requiredbytheme, pagetypepattern, \
         defaultregion, defaultweight, configdata, timecreated, timemodified) \
         values ('html', 1, 0, 0, 'site-index', 'side-pre', 0, {}, 1, 1);",
        text(&block)
    ));
    env.ask_own(engine, database, &sql);
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for some in bytes.chunks(3) {
        let number =
            some.iter().chain(&[0, 0]).take(3).fold(0_usize, |number, byte| number << 8 | usize::from(*byte));
        for at in 0..4 {
            let letter = char::from(LETTERS[number >> (18 - 6 * at) & 63]);
            text.push(if at <= some.len() { letter } else { '=' });
        }
    }
    text
}

/// What became of the planted texts.
fn check(
    env: &TestEnv,
    engine: Engine,
    database: &str,
    (old, url): (&str, &str),
    (before, dataroot): (&str, &str),
) {
    let value = |name: &str| {
        env.ask_own(
            engine,
            database,
            &format!("select value from mdl_config_plugins where plugin = 'local_x' and name = '{name}'"),
        )
    };
    let json = url.replace('/', "\\/");
    assert_eq!(value("json"), format!("{{\"a\":\"{json}/x\"}}"));
    assert_eq!(value("encoded"), format!("u={}%2Fx", url.replace(':', "%3A").replace('/', "%2F")));
    let serialised = format!("a:1:{{s:4:\"text\";s:{}:\"{url}/page\";}}", url.len() + 5);
    assert_eq!(value("serialised"), serialised);
    assert_eq!(value("https"), format!("{url}/x"));
    assert_eq!(value("relative"), format!("src=\"{}/x\"", url.trim_start_matches("http:")));
    assert_eq!(value("another"), format!("{old}9/x and {old}.example"), "not on the boundary of a URL");
    assert_eq!(value("directory"), format!("{dataroot}/geoip and {before}2"));
    let summary = env.ask_own(engine, database, "select summary from mdl_course where id = 1");
    assert_eq!(summary, format!("<a href=\"{url}/x\">x</a>"));
    let block = env.ask_own(engine, database, "select configdata from mdl_block_instances where blockname = 'html' and parentcontextid = 1 and pagetypepattern = 'site-index' order by id desc limit 1");
    let expected = format!("O:8:\"stdClass\":1:{{s:4:\"text\";s:{}:\"{url}/page\";}}", url.len() + 5);
    assert_eq!(block, base64(expected.as_bytes()));
    // What would have been cut, and what was logged, is as it was.
    let long = env.ask_own(engine, database, "select institution from mdl_user where username = 'admin'");
    assert!(long.ends_with(&format!("-{old}")) && long.len() == 255, "{long}");
    let logged = env.ask_own(engine, database, "select value from mdl_config_log where plugin = 'local_x'");
    assert_eq!(logged, old);
}

fn life(engine: Engine) {
    let env = TestEnv::with_fleet_on(engine, &Moodle::real(), &["hugo"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let up = env.up();
    let password = env.secret("site-hugo-admin").unwrap();
    assert!(Browser::new(env.port, "hugo.localhost").login(&password));
    let dataroot = |site: &str| env.state().join("data/sites").join(site).display().to_string();
    plant(&env, engine, "test_hugo", &env.url("hugo"), &dataroot("hugo"));

    // Another name, and from a host of its own to below one.
    let url = format!("http://schools.localhost:{}/school", env.port);
    let renamed = env.run(&["site", "rename", "hugo", "zola", "--url", &url]);
    assert_eq!(renamed.code, 0, "{renamed}");
    assert!(renamed.stdout.contains("✓ hugo -> zola  `hugo` is `zola`; it answers at"), "{renamed}");
    for left in ["user.institution (1): it would be cut at 255 characters", "stays in config_log.value ("] {
        assert!(renamed.stderr.contains(left), "{left}: {renamed}");
    }
    assert!(env.fleet().contains("[site.zola]") && env.fleet().contains("was = \"hugo\""), "{}", env.fleet());
    let mut browser = Browser::below(env.port, "schools.localhost", "/school");
    assert!(browser.login(&password), "the same administrator with the same password");
    assert_eq!(Browser::new(env.port, "hugo.localhost").get("/login/index.php").status, 404);
    check(&env, engine, "test_zola", (&env.url("hugo"), &url), (&dataroot("hugo"), &dataroot("zola")));
    nothing_is_left(&env, engine, "hugo");
    let plan = env.run(&["plan", "--detailed-exitcode"]);
    assert_eq!((plan.code, plan.stdout.as_str()), (0, "Nothing to do.\n"), "{plan}");
    assert_eq!(env.listed(&[]), "zola installed");

    // Back to a host, by the file alone; `was` has done its work.
    let fleet = env.fleet().replace(&url, &env.url("zola")).replace("was = \"hugo\"\n", "");
    env.write_fleet(&fleet);
    let plan = env.run(&["plan"]);
    assert!(plan.stdout.contains("site/zola/rename  its URL is another one"), "{plan}");
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");
    assert!(Browser::new(env.port, "zola.localhost").login(&password));
    assert_eq!(Browser::below(env.port, "schools.localhost", "/school").get("/login/index.php").status, 404);
    let summary = env.ask_own(engine, "test_zola", "select summary from mdl_course where id = 1");
    assert_eq!(summary, format!("<a href=\"{}/x\">x</a>", env.url("zola")));
    assert_eq!(env.run(&["plan", "--detailed-exitcode"]).code, 0);
    drop(up);
}

/// Nothing is called as the site was.
fn nothing_is_left(env: &TestEnv, engine: Engine, site: &str) {
    assert_eq!(env.on_server(engine, &format!("test_{site}")), "0");
    assert!(env.account(site).is_none());
    for path in [
        format!("data/sites/{site}"),
        format!("made/sites/{site}"),
        format!("made/hosts/{site}.localhost"),
        format!("made/web/nginx/{site}.conf"),
        format!("made/web/php-fpm/{site}.conf"),
        format!("logs/sites/{site}"),
        format!("keep/secrets/site-{site}-admin"),
        format!("keep/secrets/site-{site}-database"),
    ] {
        assert!(!env.state().join(&path).exists(), "{path}");
    }
}

#[test]
fn a_site_takes_another_name_and_another_url() {
    life(Engine::Postgresql);
}

#[test]
fn a_site_on_mariadb_takes_another_name_and_another_url() {
    life(Engine::Mariadb);
}

/// The stand-in has no more than names, but these are the same.
fn names(engine: Engine) {
    let env = TestEnv::with_fleet_on(engine, &Moodle::standin(), &["hugo", "dumas"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let up = env.up();
    let password = env.secret("site-hugo-admin").unwrap();
    let dataroot = |site: &str| env.state().join("data/sites").join(site).display().to_string();
    let long = format!(
        "insert into mdl_config_plugins (plugin, name, value) values ('x', 'y', '{}/x')",
        dataroot("hugo")
    );
    env.ask_own(engine, "test_hugo", &long);

    let refused = env.run(&["site", "rename", "hugo", "dumas"]);
    assert!(refused.code == 4 && refused.stderr.contains("there is a site `dumas` already"), "{refused}");
    let nobody = env.run(&["site", "rename", "hugoo", "zola"]);
    assert!(nobody.code == 64 && nobody.stderr.contains("did you mean `hugo`?"), "{nobody}");
    assert_eq!(env.run(&["site", "rename", "hugo"]).code, 64);

    // By the file, and shown before it is done: nothing is destroyed.
    let fleet = env.fleet().replace("[site.hugo]\n", "[site.zola]\nwas = \"hugo\"\n");
    env.write_fleet(&fleet);
    let plan = env.run(&["plan"]);
    for line in
        ["vhost/hugo/remove", "site/zola/rename  it was `hugo`", "hugo -> zola", "test_hugo -> test_zola"]
    {
        assert!(plan.stdout.contains(line), "{line}: {plan}");
    }
    assert!(!plan.stdout.contains("drop") && !plan.stdout.contains("delete"), "{plan}");
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");
    // The address is the same.
    assert!(Browser::new(env.port, "hugo.localhost").login(&password), "{applied}");
    let value = env.ask_own(engine, "test_zola", "select value from mdl_config_plugins where plugin = 'x'");
    assert_eq!(value, format!("{}/x", dataroot("zola")));
    let marks = env.ask_own(
        engine,
        "test_zola",
        "select value from mdl_config_plugins where plugin = 'provost' and name in ('site', 'renaming')",
    );
    assert_eq!(marks, "zola");
    assert_eq!(env.on_server(engine, "test_hugo"), "0");
    assert!(env.account("hugo").is_none());
    let plan = env.run(&["plan", "--detailed-exitcode"]);
    assert_eq!((plan.code, plan.stdout.as_str()), (0, "Nothing to do.\n"), "{plan}");

    // And again by the verb, which is done again without harm.
    for expected in ["✓ zola -> hugo", "= zola -> hugo"] {
        let renamed = env.run(&["site", "rename", "zola", "hugo"]);
        assert!(renamed.code == 0 && renamed.stdout.contains(expected), "{renamed}");
    }
    assert!(Browser::new(env.port, "hugo.localhost").login(&password));
    assert_eq!(env.listed(&[]), "dumas installed, hugo installed");
    drop(up);
}

#[test]
fn a_name_is_changed_with_all_that_has_it() {
    names(Engine::Postgresql);
}

#[test]
fn a_name_is_changed_on_mariadb() {
    names(Engine::Mariadb);
}

/// Killed at many moments, the next `apply` ends what was begun; and nothing is there twice, or gone.
fn killed(engine: Engine) {
    let env = TestEnv::with_fleet_on(engine, &Moodle::standin(), &["hugo"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    // It holds the server that is asked below, and serves what comes and goes.
    let up = env.up();
    let password = env.secret("site-hugo-admin").unwrap();
    let (mut is, mut other) = ("hugo", "zola");
    for wait in [40, 150, 250, 350, 450, 600, 800] {
        let fleet = env.fleet().replace(&format!("was = \"{other}\"\n"), "");
        let url = fleet.lines().find(|line| line.starts_with("url")).unwrap().to_owned();
        let renamed = fleet
            .replace(&format!("[site.{is}]\n"), &format!("[site.{other}]\nwas = \"{is}\"\n"))
            .replace(&url, &format!("url = \"{}\"", env.url(&format!("{other}{wait}"))));
        env.write_fleet(&renamed);
        killed_after(&env, &["apply"], wait);
        let applied = env.run(&["apply"]);
        assert_eq!(applied.code, 0, "after {wait} ms: {applied}");
        assert_eq!(env.listed(&[]), format!("{other} installed"), "after {wait} ms");
        assert_eq!(env.on_server(engine, &format!("test_{is}")), "0", "after {wait} ms");
        assert_eq!(env.on_server(engine, &format!("test_{other}")), "2", "after {wait} ms");
        assert_eq!(env.secret(&format!("site-{other}-admin")).as_ref(), Some(&password));
        (is, other) = (other, is);
    }
    // The file is put back while the change is under way.
    let before = env.fleet().replace(&format!("was = \"{other}\"\n"), "");
    env.write_fleet(&before.replace(&format!("[site.{is}]\n"), &format!("[site.{other}]\nwas = \"{is}\"\n")));
    killed_after(&env, &["apply"], 400);
    env.write_fleet(&before.replace(&format!("[site.{is}]\n"), &format!("[site.{is}]\nwas = \"{other}\"\n")));
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");
    assert_eq!(env.listed(&[]), format!("{is} installed"));
    let url = env
        .fleet()
        .lines()
        .find_map(|line| Some(line.strip_prefix("url = \"http://")?.split(':').next()?.to_owned()));
    assert!(Browser::new(env.port, &url.unwrap()).login(&password));
    drop(up);
}

#[test]
fn a_rename_that_was_killed_goes_on() {
    killed(Engine::Postgresql);
}

#[test]
fn a_rename_that_was_killed_on_mariadb_goes_on() {
    killed(Engine::Mariadb);
}

/// Taken out of the file in the midst of a rename it is gone under both names, whatever had which. The same where its removal was killed.
#[test]
fn a_site_that_is_taken_out_in_the_midst_of_its_rename_leaves_nothing() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["dumas"]);
    let without = env.fleet();
    assert_eq!(env.run(&["apply"]).code, 0);
    let up = env.up();
    for wait in [150, 250, 350, 450, 600] {
        let site = |name: &str| format!("\n[site.{name}]\nurl = \"{}\"\n", env.url("hugo"));
        env.write_fleet(&format!("{without}{}", site("hugo")));
        let applied = env.run(&["apply"]);
        assert_eq!(applied.code, 0, "{applied}");
        env.write_fleet(&format!("{without}{}was = \"hugo\"\n", site("zola")));
        killed_after(&env, &["apply"], wait);
        env.write_fleet(&without);
        killed_after(&env, &["apply", "--allow-destroy"], wait / 2);
        let applied = env.run(&["apply", "--allow-destroy"]);
        assert_eq!(applied.code, 0, "after {wait} ms: {applied}");
        for name in ["hugo", "zola"] {
            nothing_is_left(&env, Engine::Postgresql, name);
        }
        let plan = env.run(&["plan", "--detailed-exitcode"]);
        assert_eq!(plan.code, 0, "after {wait} ms: {plan}");
    }
    drop(up);
}

fn killed_after(env: &TestEnv, arguments: &[&str], milliseconds: u64) {
    let mut running = env.spawn_aside(arguments);
    std::thread::sleep(std::time::Duration::from_millis(milliseconds));
    running.signal(rustix::process::Signal::KILL);
    running.wait();
}

/// What cannot be read is not torn apart as well: neither by the verb, nor by an edit of the file.
#[test]
fn a_site_that_cannot_be_read_keeps_its_name() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["dumas", "hugo", "zola"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let up = env.up();
    let before = env.fleet();
    env.sql("drop database test_hugo with (force)");
    env.sql_in("test_zola", "drop table mdl_config");
    for (site, why) in [("hugo", "is not there or empty"), ("zola", "has no tables of Moodle's")] {
        let refused = env.run(&["site", "rename", site, "emile"]);
        assert!(refused.code == 4 && refused.stderr.contains(why), "{site}: {refused}");
        assert_eq!(env.fleet(), before);
        let edited =
            before.replace(&format!("[site.{site}]\n"), &format!("[site.emile]\nwas = \"{site}\"\n"));
        assert_ne!(edited, before);
        env.write_fleet(&edited);
        let applied = env.run(&["apply"]);
        assert!(applied.code != 0, "{applied}");
        assert!(env.state().join(format!("data/sites/{site}")).is_dir(), "{applied}");
        assert!(!env.state().join("data/sites/emile").exists() && env.account("emile").is_none());
        assert_eq!(env.on_server(Engine::Postgresql, "test_emile"), "0", "{applied}");
        env.write_fleet(&before);
    }
    drop(up);
}

#[test]
fn a_name_that_was_given_up_is_free_again() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let up = env.up();
    assert_eq!(env.run(&["site", "rename", "hugo", "zola"]).code, 0);
    assert!(env.fleet().contains("was = \"hugo\""));
    let created = env.run(&["site", "create", "hugo", "--url", &env.url("emile")]);
    assert_eq!(created.code, 0, "{created}");
    assert!(!env.fleet().contains("was"), "{}", env.fleet());
    assert_eq!(env.listed(&[]), "hugo installed, zola installed");
    assert_eq!(env.run(&["plan", "--detailed-exitcode"]).code, 0);
    drop(up);
}
