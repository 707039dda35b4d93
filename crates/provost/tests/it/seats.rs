//! Seats: a site that is cloned while the fleet is up gets a pool that listens already, and nobody else's compiled code is lost for it.

use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use crate::clones::fleet;
use crate::environment::TestEnv;
use crate::http::Browser;
use crate::moodle::Moodle;

/// By this one start of php-fpm is told from the next.
fn incarnation(env: &TestEnv) -> (u64, i64) {
    let found = std::fs::metadata(env.run_directory().join("php-fpm.pid")).unwrap();
    (found.ino(), found.mtime_nsec())
}

/// The user that owns a site's files.
fn user_of(env: &TestEnv, site: &str) -> u32 {
    std::fs::metadata(env.state().join("data/sites").join(site)).unwrap().uid()
}

fn seat(env: &TestEnv, uid: u32) -> PathBuf {
    env.state().join(format!("made/seats/{uid}"))
}

fn pool(env: &TestEnv, name: &str) -> PathBuf {
    env.state().join(format!("made/web/php-fpm/{name}.conf"))
}

#[test]
fn a_clone_takes_a_seat_and_the_last_site_takes_all_of_them() {
    if Moodle::all().is_empty() || !rustix::process::geteuid().is_root() {
        println!("there is no Moodle here, or no root: then there are no accounts, and no seats");
        return;
    }
    let env = fleet(&Moodle::real(), &["c1".to_owned()]);
    let text = env.fleet();
    let (head, template) = (text.split("\n[site.").next().unwrap(), "\n[template.school]\n");
    env.write_fleet(&format!("{head}{template}"));
    let up = env.up();
    let free = env.free_seats();
    assert!(free.len() >= 4, "{free:?}");

    let before = incarnation(&env);
    let created = env.run(&["site", "create", "c1", "--url", &env.url("c1"), "--template", "school"]);
    assert_eq!(created.code, 0, "{created}");
    assert!(created.stderr.contains("its login page answers"), "{created}");
    assert_eq!(incarnation(&env), before, "php-fpm was not started anew");
    assert!(Browser::new(env.port, "c1.localhost").login(&env.secret("site-c1-admin").unwrap()));
    let uid = user_of(&env, "c1");
    assert!(pool(&env, &format!("seat.{uid}")).exists() && !pool(&env, "c1").exists());
    assert_eq!(std::fs::read_link(seat(&env, uid).join("logs")).unwrap(), env.state().join("logs/sites/c1"));
    assert!(env.account("c1").is_some() && env.free_seats().len() == free.len() - 1);
    assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n");

    // With another name it keeps its user, and its pool.
    let renamed = env.run(&["site", "rename", "c1", "c2", "--url", &env.url("c2")]);
    assert_eq!(renamed.code, 0, "{renamed}");
    assert_eq!(user_of(&env, "c2"), uid);
    assert_eq!(std::fs::read_link(seat(&env, uid).join("logs")).unwrap(), env.state().join("logs/sites/c2"));
    assert!(Browser::new(env.port, "c2.localhost").login(&env.secret("site-c2-admin").unwrap()));

    // Limits of its own: a pool of its own.
    env.write_fleet(&env.fleet().replace("[site.c2]\n", "[site.c2]\nworkers = 2\n"));
    let limited = env.run(&["apply"]);
    assert_eq!(limited.code, 0, "{limited}");
    assert!(pool(&env, "c2").exists() && !pool(&env, &format!("seat.{uid}")).exists());
    assert!(!seat(&env, uid).exists());
    assert!(Browser::new(env.port, "c2.localhost").login(&env.secret("site-c2-admin").unwrap()));
    assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n");

    // Another one is disabled, comes back into its seat, and is deleted from it.
    let created = env.run(&["site", "create", "c3", "--url", &env.url("c3"), "--template", "school"]);
    assert_eq!(created.code, 0, "{created}");
    let uid = user_of(&env, "c3");
    for (verb, open) in [("disable", false), ("enable", true), ("disable", false)] {
        let switched = env.run(&["site", verb, "c3"]);
        assert_eq!(switched.code, 0, "{switched}");
        assert_eq!(pool(&env, &format!("seat.{uid}")).exists(), open, "{verb}");
    }
    let deleted = env.run(&["site", "delete", "c3", "--yes", "--no-copy"]);
    assert_eq!(deleted.code, 0, "{deleted}");
    assert!(!seat(&env, uid).exists() && env.account("c3").is_none());

    drop(up);
    env.write_fleet(head);
    let removed = env.run(&["apply", "--allow-destroy"]);
    assert_eq!(removed.code, 0, "{removed}");
    assert_eq!(env.free_seats(), Vec::<String>::new(), "{removed}");
    assert!(std::fs::read_dir(env.state().join("made/seats")).unwrap().next().is_none());
}
