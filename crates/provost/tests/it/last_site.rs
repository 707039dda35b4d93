//! When a fleet's last site goes, nothing of the fleet stays on the machine outside of its state directory.

use crate::environment::TestEnv;
use crate::moodle::Moodle;

fn without_sites(env: &TestEnv) {
    env.write_fleet(env.fleet().split("\n[site.").next().unwrap());
}

#[test]
fn the_last_site_takes_the_web_account_and_the_runtime_directory_with_it() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo", "zola"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    if !rustix::process::geteuid().is_root() {
        println!("not root: there are no accounts to look at");
    }
    assert_eq!(env.web_account().is_some(), rustix::process::geteuid().is_root());
    let both = env.fleet();
    env.write_fleet(both.split("\n[site.zola]").next().unwrap());
    assert_eq!(env.run(&["apply", "--allow-destroy"]).code, 0);
    assert_eq!(env.web_account().is_some(), rustix::process::geteuid().is_root(), "a site is left");
    assert!(env.run_directory().exists(), "a site is left");

    without_sites(&env);
    let removed = env.run(&["apply", "--allow-destroy"]);
    assert_eq!(removed.code, 0, "{removed}");
    assert_eq!(env.web_account(), None, "{removed}");
    assert!(!env.run_directory().exists(), "{removed}");
    assert!(!env.state().join("data/nginx").exists(), "it belonged to the account");

    // An empty fleet can be served, too, and leaves nothing; and sites can come back.
    drop(env.up());
    assert_eq!(env.web_account(), None);
    assert!(!env.run_directory().exists());
    env.write_fleet(&both);
    let again = env.run(&["apply"]);
    assert_eq!(again.code, 0, "{again}");
}

#[test]
fn while_the_fleet_is_up_they_stay_until_it_ends() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let up = env.up();
    without_sites(&env);
    let removed = env.run(&["apply", "--allow-destroy"]);
    assert_eq!(removed.code, 0, "{removed}");
    assert_eq!(env.web_account().is_some(), rustix::process::geteuid().is_root(), "nginx runs as it");
    assert!(env.run_directory().join("nginx.pid").exists());
    drop(up);
    assert_eq!(env.web_account(), None, "{}", env.background());
    assert!(!env.run_directory().exists(), "{}", env.background());
}

#[test]
fn what_a_killed_up_left_goes_with_the_next_apply_that_finds_it_ended() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let mut up = env.up();
    up.signal(rustix::process::Signal::KILL);
    up.wait();
    without_sites(&env);
    for _ in 0..2 {
        let removed = env.run(&["apply", "--allow-destroy"]);
        assert_eq!(removed.code, 0, "{removed}");
    }
    assert_eq!(env.web_account(), None);
    assert!(!env.run_directory().exists());
}
