//! The end of a site: disabled first, confirmed, copied, and nothing left.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::environment::{Engine, TestEnv};
use crate::http::Browser;
use crate::moodle::Moodle;

/// Every path below the state and run directories, and in what they hold, where a site's name stands; the copy, the registry and
/// the logs of the whole fleet apart.
fn traces(env: &TestEnv, site: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![env.state(), env.run_directory()];
    // The scheduler of cron writes the metrics of all sites again with each round.
    let apart = [
        "builds",
        "deleted",
        "registry.sqlite",
        "registry.sqlite-wal",
        "servers",
        "agent",
        "store",
        "metrics",
    ];
    while let Some(directory) = waiting.pop() {
        for entry in std::fs::read_dir(&directory).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
            if apart.contains(&name.as_str()) {
                continue;
            }
            let link =
                std::fs::read_link(&path).map(|target| target.display().to_string()).unwrap_or_default();
            if name.contains(site) || link.contains(site) {
                found.push(path.display().to_string());
            }
            let kind = entry.file_type().unwrap();
            let log = path.extension().is_some_and(|extension| extension == "log");
            if kind.is_dir() {
                waiting.push(path);
            } else if kind.is_file()
                && !log
                && std::fs::read_to_string(&path).is_ok_and(|text| text.contains(site))
            {
                found.push(format!("in {}", path.display()));
            }
        }
    }
    found.extend(env.account(site));
    found
}

fn copy_of(env: &TestEnv) -> (PathBuf, serde_json::Value) {
    let output = env.run(&["--json", "site", "list", "--deleted"]);
    let copies: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    let path = PathBuf::from(copies[0]["path"].as_str().unwrap());
    let manifest = std::fs::read_to_string(path.join("manifest.json")).unwrap();
    (path, serde_json::from_str(&manifest).unwrap())
}

#[test]
fn a_deleted_site_leaves_nothing_but_a_copy_that_restores() {
    let env = TestEnv::with_fleet(&Moodle::real(), &["zola"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let up = env.up();
    let password = env.secret("site-zola-admin").unwrap();
    assert!(Browser::new(env.port, "zola.localhost").login(&password));
    crate::site_maintenance::check(&env);
    let dataroot = env.state().join("data/sites/zola");
    std::fs::create_dir_all(dataroot.join("filedir/ab/cd")).unwrap();
    std::fs::write(dataroot.join("filedir/ab/cd/abcd"), "an essay").unwrap();
    let users = env.sql_in("test_zola", "select string_agg(username, ' ' order by id) from mdl_user");

    let refused = env.run(&["site", "delete", "zola", "--yes"]);
    assert!(refused.code == 4 && refused.stderr.contains("site `zola` is enabled"), "{refused}");
    assert_eq!(env.run(&["site", "disable", "zola"]).code, 0);
    let shown = env.run(&["site", "delete", "zola"]);
    assert!(shown.code == 4 && shown.stderr.contains("database and role  test_zola on main ("), "{shown}");
    assert!(shown.stderr.contains("nobody confirmed it"), "{shown}");
    assert!(env.fleet().contains("[site.zola]"), "nothing was done");

    let deleted = env.run(&["site", "delete", "zola", "--yes"]);
    assert_eq!(deleted.code, 0, "{deleted}");
    assert!(!env.fleet().contains("zola"), "{}", env.fleet());
    assert_eq!(traces(&env, "zola"), Vec::<String>::new());
    let names = "select datname from pg_database union select rolname from pg_roles";
    assert!(!env.sql(names).contains("zola"), "{}", env.sql(names));
    assert_eq!(Browser::new(env.port, "zola.localhost").get("/").status, 404);
    assert_eq!(env.run(&["plan", "--detailed-exitcode"]).stdout, "Nothing to do.\n");

    let (copy, manifest) = copy_of(&env);
    assert!(manifest["gone_at"].is_string() && manifest["dump"]["tables"].as_u64() > Some(1), "{manifest}");
    assert!(manifest["declared"].as_str().unwrap().contains("[site.zola]"), "{manifest}");
    let text = copy.join("database.dump").display().to_string();
    env.sql("create database restored");
    let restore = Command::new("pg_restore")
        .args(["--no-owner", "--exit-on-error", "-h"])
        .arg(env.run_directory().join("main"))
        .args(["-U", "provost", "-d", "restored", &text])
        .env("PGPASSWORD", env.secret("server-main-admin").unwrap())
        .output()
        .unwrap();
    assert!(restore.status.success(), "{}", String::from_utf8_lossy(&restore.stderr));
    assert_eq!(env.sql_in("restored", "select string_agg(username, ' ' order by id) from mdl_user"), users);
    env.sql("drop database restored");
    assert_eq!(std::fs::read_to_string(copy.join("dataroot/filedir/ab/cd/abcd")).unwrap(), "an essay");
    assert!(!copy.join("dataroot/cache").exists() && !copy.join("database.login").exists());
    let mode = |path: &Path| {
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions())
    };
    assert_eq!(mode(&copy) & 0o777, 0o700, "nobody else looks into it");

    // When its time has come it goes, and not before.
    assert_eq!(env.run(&["apply"]).code, 0);
    assert!(copy.exists());
    let past = manifest.to_string().replace(manifest["keep_until"].as_str().unwrap(), "2001-01-01T00:00:00Z");
    std::fs::write(copy.join("manifest.json"), past).unwrap();
    let pruned = env.run(&["apply"]);
    assert!(
        !copy.exists() && pruned.stderr.contains("was kept until 2001-01-01T00:00:00Z, and is gone"),
        "{pruned}"
    );
    drop(up);
}

#[test]
fn a_deletion_that_was_killed_goes_on_where_it_was() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo", "zola"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    assert_eq!(env.run(&["site", "disable", "zola"]).code, 0);
    for wait in [50, 300, 600, 900, 1200, 1500] {
        let mut killed = env.spawn(&["site", "delete", "zola", "--yes"]);
        std::thread::sleep(std::time::Duration::from_millis(wait));
        killed.signal(rustix::process::Signal::KILL);
        killed.wait();
    }
    let deleted = env.run(&["site", "delete", "zola", "--yes"]);
    // The last one may have come to its end.
    assert!(deleted.code == 0 || deleted.stderr.contains("means no site"), "{deleted}");
    assert_eq!(traces(&env, "zola"), Vec::<String>::new());
    assert_eq!(env.listed(&[]), "hugo installed");
    let copies: Vec<_> = std::fs::read_dir(env.state().join("data/deleted")).unwrap().flatten().collect();
    assert_eq!(copies.len(), 1, "{copies:?}");
}

#[test]
fn a_deletion_that_was_killed_at_its_very_end_is_ended() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo", "zola"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    assert_eq!(env.run(&["site", "disable", "zola"]).code, 0);
    assert_eq!(env.run(&["site", "delete", "zola", "--yes"]).code, 0);
    // Nothing of the site is left, and neither of two copies says so.
    let (copy, manifest) = copy_of(&env);
    let unsettled = manifest.to_string().replace(&manifest["gone_at"].to_string(), "null");
    let older = unsettled.replace(manifest["made_at"].as_str().unwrap(), "2001-01-01T00:00:00Z");
    std::fs::write(copy.join("manifest.json"), unsettled).unwrap();
    let other = copy.with_file_name("zola-20010101T000000Z");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("manifest.json"), older).unwrap();

    let deleted = env.run(&["site", "delete", "zola", "--yes"]);
    assert_eq!(deleted.code, 0, "{deleted}");
    assert!(copy_of(&env).1["gone_at"].is_string() && copy.exists() && !other.exists(), "{deleted}");
    let again = env.run(&["site", "delete", "zola", "--yes"]);
    assert!(again.code == 64 && again.stderr.contains("means no site"), "{again}");
}

#[test]
fn what_a_site_of_the_file_is_in_is_not_deleted_with_a_name_that_is_gone() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo", "zola"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let up = env.up();
    let databases = || {
        env.sql(
            "select string_agg(datname, ' ' order by datname) from pg_database where datname like 'test%'",
        )
    };
    assert_eq!(databases(), "test_hugo test_zola");
    // It is to have another name, and has not yet.
    let before = env.fleet();
    assert_eq!(env.run(&["site", "rename", "hugo", "emil", "--no-apply"]).code, 0);
    let refused = env.run(&["site", "delete", "hugo", "--yes"]);
    assert!(refused.code == 4 && refused.stderr.contains("site `hugo` is to be called `emil`"), "{refused}");
    assert!(!env.listed(&[]).contains("hugo"), "{}", env.listed(&[]));
    env.write_fleet(&before);
    // Another site names its database, and does not say that it was called so.
    env.write_fleet(&before.replace("[site.zola]", "[site.emil]\ndatabase_name = \"test_zola\""));
    let deleted = env.run(&["site", "delete", "zola", "--yes"]);
    assert_eq!(databases(), "test_hugo test_zola", "{deleted}");
    env.write_fleet(&before);
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{deleted}\n{applied}");
    assert!(Browser::new(env.port, "zola.localhost").login(&env.secret("site-zola-admin").unwrap()));
    drop(up);
}

#[test]
fn a_deletion_that_apply_ended_has_a_copy_whose_time_comes() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo", "zola"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    assert_eq!(env.run(&["site", "disable", "zola"]).code, 0);
    // Killed right after its copy and its edit, it has left the rest to the next apply.
    let mut killed = env.spawn(&["site", "delete", "zola", "--yes"]);
    crate::faults::wait(std::time::Duration::from_mins(1), || (!env.fleet().contains("zola")).then_some(()));
    killed.signal(rustix::process::Signal::KILL);
    killed.wait();
    assert!(copy_of(&env).1["gone_at"].is_null(), "it came to its end before it was killed");
    // What other killed runs were writing goes too: half a copy, and half a file that may hold a secret.
    let half = env.state().join("data/deleted/.zola.0123456789abcdef");
    std::fs::create_dir(&half).unwrap();
    std::fs::write(half.join("database.dump"), "half").unwrap();
    let secret = env.state().join("keep/secrets/.site-zola-database.999999999.new");
    std::fs::write(&secret, "half").unwrap();

    let applied = env.run(&["apply", "--allow-destroy"]);
    assert!(applied.code == 0 && applied.stderr.contains("site zola is gone; its copy "), "{applied}");
    assert!(copy_of(&env).1["gone_at"].is_string(), "{:?}", copy_of(&env));
    assert_eq!(traces(&env, "zola"), Vec::<String>::new());
    assert!(!half.exists() && !secret.exists());
}

#[test]
fn without_room_for_the_copy_nothing_is_deleted() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    assert_eq!(env.run(&["site", "disable", "hugo"]).code, 0);
    std::fs::create_dir_all(env.state().join("data")).unwrap();
    std::fs::write(env.state().join("data/deleted"), "in the way").unwrap();
    let refused = env.run(&["site", "delete", "hugo", "--yes"]);
    insta::assert_snapshot!(env.filter(&refused.to_string()));
    assert!(env.fleet().contains("[site.hugo]"));
    assert_eq!(env.listed(&[]), "hugo disabled");
    let gone = env.run(&["--quiet", "site", "delete", "hugo", "--yes", "--no-copy"]);
    insta::assert_snapshot!(env.filter(&gone.to_string()));
    std::fs::remove_file(env.state().join("data/deleted")).unwrap();
    assert_eq!(env.run(&["site", "list", "--deleted"]).stdout, "No copies of deleted sites are kept.\n");
}

#[test]
fn a_site_whose_role_could_not_be_made_leaves_no_password() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo", "zola"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let _up = env.up();
    assert_eq!(env.run(&["site", "disable", "zola"]).code, 0);
    assert_eq!(env.run(&["site", "delete", "zola", "--yes"]).code, 0);
    // As a kill right before the role is there: nothing is marked yet, so nothing would lead to the password.
    env.sql("alter system set default_transaction_read_only = on");
    env.sql("select pg_reload_conf()");
    let refused = env.run(&["site", "restore", "zola"]);
    assert!(refused.code == 1 && refused.stderr.contains("read-only"), "{refused}");
    assert_eq!(env.secret("site-zola-database"), None);
    let url = env.url("emil");
    assert_eq!(env.run(&["site", "create", "emil", "--url", &url]).code, 3);
    assert_eq!(env.secret("site-emil-database"), None);
    env.sql("alter system reset default_transaction_read_only");
    env.sql("select pg_reload_conf()");
    assert_eq!(env.run(&["site", "restore", "zola"]).code, 0);
    assert!(env.secret("site-zola-database").is_some());
}

#[test]
fn a_deleted_site_comes_back_as_it_was() {
    comes_back(Engine::Postgresql);
}

#[test]
fn a_deleted_site_comes_back_as_it_was_on_mariadb() {
    comes_back(Engine::Mariadb);
}

fn comes_back(engine: Engine) {
    let env = TestEnv::with_fleet_on(engine, &Moodle::standin(), &["hugo", "zola"]);
    env.write_fleet(
        &env.fleet().replace("[site.zola]\n", "[site.zola]\ntags = [\"lyon\"]\nadmin = { user = \"ops\" }\n"),
    );
    assert_eq!(env.run(&["apply"]).code, 0);
    let up = env.up();
    let file = env.state().join("data/sites/zola/filedir/ab/abcd");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "an essay").unwrap();
    let config = || match engine {
        Engine::Postgresql => env.sql_in(
            "test_zola",
            "select string_agg(name || '=' || value, ' ' order by name) from mdl_config",
        ),
        Engine::Mariadb => env.mariadb(
            "test_zola",
            "select group_concat(name, '=', value order by name separator ' ') from mdl_config",
        ),
    };
    let before = config();
    assert!(before.contains("version="), "{before}");
    let password = env.secret("site-zola-admin").unwrap();
    let never = env.run(&["site", "restore", "zola"]);
    assert!(never.code == 4 && never.stderr.contains("there is a site `zola` already"), "{never}");
    assert_eq!(env.run(&["site", "disable", "zola"]).code, 0);
    assert_eq!(env.run(&["site", "delete", "zola", "--yes"]).code, 0);
    assert!(!file.exists());

    // Killed at some moments, it begins anew.
    for wait in [100, 400, 700] {
        let mut killed = env.spawn_aside(&["site", "restore", "zola"]);
        std::thread::sleep(std::time::Duration::from_millis(wait));
        killed.signal(rustix::process::Signal::KILL);
        killed.wait();
    }
    if !env.fleet().contains("[site.zola]") {
        let restored = env.run(&["site", "restore", "zola"]);
        assert!(restored.code == 0 && restored.stdout.contains("is back, and disabled"), "{restored}");
    }
    assert_eq!(env.run(&["apply"]).code, 0);
    assert!(
        env.fleet().contains("tags = [\"lyon\"]") && env.fleet().contains("user = \"ops\""),
        "{}",
        env.fleet()
    );
    assert_eq!(env.listed(&[]), "hugo installed, zola disabled");
    assert_eq!(config(), before);
    assert_eq!(env.secret("site-zola-admin"), Some(password), "its administrator comes in as before");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "an essay");
    let enabled = env.run(&["site", "enable", "zola"]);
    assert!(enabled.code == 0 && enabled.stdout.contains("its login page answers"), "{enabled}");
    assert_eq!(env.run(&["plan", "--detailed-exitcode"]).stdout, "Nothing to do.\n");
    drop(up);

    // A copy that is damaged is not taken for the site.
    assert_eq!(env.run(&["site", "disable", "zola"]).code, 0);
    assert_eq!(env.run(&["site", "delete", "zola", "--yes"]).code, 0);
    let copies = std::fs::read_dir(env.state().join("data/deleted")).unwrap().flatten();
    let newest = copies.map(|entry| entry.path()).max().unwrap();
    let mut dump = std::fs::read(newest.join("database.dump")).unwrap();
    let middle = dump.len() / 2;
    dump[middle] ^= 1;
    std::fs::write(newest.join("database.dump"), dump).unwrap();
    let refused = env.run(&["site", "restore", "zola"]);
    assert!(refused.code == 1 && refused.stderr.contains("it is damaged"), "{refused}");
    assert_eq!(env.listed(&[]), "hugo installed");
}

/// A site whose database was lost is disabled all the same, and is not taken for one that was never installed: its files go when that was
/// said, and then all of them.
#[test]
fn a_site_whose_database_is_lost_goes_by_a_word_of_its_own() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo", "dumas"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let up = env.up();
    env.sql("drop database test_hugo with (force)");
    let disabled = env.run(&["site", "disable", "hugo"]);
    assert!(disabled.code == 0 && !disabled.stdout.contains('✗'), "visitors get its plain page: {disabled}");
    let shown = env.run(&["site", "delete", "hugo", "--dry-run"]);
    assert!(shown.stdout.contains("no final copy of it can be made"), "{disabled}{shown}");
    // Before and after the database was made again, empty.
    for _ in 0..2 {
        let refused = env.run(&["site", "delete", "hugo", "--yes"]);
        assert!(refused.code == 4 && refused.stderr.contains("--no-copy"), "{refused}");
        assert!(env.state().join("data/sites/hugo").is_dir());
        env.run(&["apply"]);
    }
    let deleted = env.run(&["site", "delete", "hugo", "--yes", "--no-copy"]);
    assert_eq!(deleted.code, 0, "{deleted}");
    assert!(!env.state().join("data/sites/hugo").exists());
    assert!(env.account("hugo").is_none());
    assert_eq!(env.on_server(Engine::Postgresql, "test_hugo"), "0");
    assert_eq!(env.run(&["plan", "--detailed-exitcode"]).code, 0);
    drop(up);
}

#[test]
fn a_site_that_left_the_file_after_its_database_goes_too() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo", "zola"]);
    let whole = env.fleet();
    assert_eq!(env.run(&["apply"]).code, 0);
    let up = env.up();
    let without = whole.split("\n[site.hugo]").next().unwrap().to_owned();
    let zola = whole.find("\n[site.zola]").unwrap();
    env.write_fleet(&format!("{without}{}", &whole[zola..]));
    env.sql("drop database test_hugo with (force)");
    // One that somebody made again may be the site: then its files stay.
    env.sql("drop role test_hugo");
    env.sql("create database test_hugo");
    let plan = env.run(&["plan"]);
    assert!(!plan.stdout.contains("its database is gone"), "{plan}");
    env.sql("drop database test_hugo");
    let plan = env.run(&["plan"]);
    assert!(plan.stdout.contains("its database is gone"), "{plan}");
    let held = env.run(&["apply"]);
    assert!(held.code == 4 && held.stderr.contains("site/hugo"), "{held}");
    assert!(env.state().join("data/sites/hugo").is_dir());
    let gone = env.run(&["apply", "--allow-destroy"]);
    assert_eq!(gone.code, 0, "{gone}");
    assert!(env.account("hugo").is_none() && env.secret("site-hugo-admin").is_none());
    for path in ["data/sites/hugo", "made/sites/hugo", "made/hosts/hugo.localhost", "logs/sites/hugo"] {
        assert!(!env.state().join(path).exists(), "{path}");
    }
    assert!(env.state().join("data/sites/zola").is_dir());
    assert_eq!(env.run(&["plan", "--detailed-exitcode"]).code, 0);
    drop(up);
}

/// What a killed restore leaves is no data: `apply` takes it away unasked, and the copy is still there to begin anew.
#[test]
fn a_restore_that_was_killed_holds_up_nobody() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo", "zola"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let up = env.up();
    for wait in [60, 100, 150, 220, 260, 300, 340, 380, 420, 480, 540, 600, 700, 900, 1200] {
        assert_eq!(env.run(&["site", "disable", "zola"]).code, 0);
        assert_eq!(env.run(&["site", "delete", "zola", "--yes"]).code, 0);
        let mut killed = env.spawn_aside(&["site", "restore", "zola"]);
        std::thread::sleep(std::time::Duration::from_millis(wait));
        killed.signal(rustix::process::Signal::KILL);
        killed.wait();
        if env.fleet().contains("[site.zola]") {
            assert_eq!(env.run(&["apply"]).code, 0);
        } else {
            let applied = env.run(&["apply"]);
            assert_eq!(applied.code, 0, "after {wait} ms: {applied}");
            let directory = env.state().join("data/sites/zola");
            assert!(!directory.exists(), "after {wait} ms: {applied}");
            assert_eq!(env.account("zola"), None, "after {wait} ms: {applied}");
            assert_eq!(env.on_server(Engine::Postgresql, "test_zola"), "0");
            let restored = env.run(&["site", "restore", "zola"]);
            assert_eq!(restored.code, 0, "after {wait} ms: {restored}");
        }
        assert_eq!(env.run(&["plan", "--detailed-exitcode"]).code, 0);
    }
    drop(up);
}
