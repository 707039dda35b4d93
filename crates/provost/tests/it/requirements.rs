//! What a Moodle's environment.xml asks for is seen to before its site is touched, on both engines.

use crate::environment::{Engine, TestEnv};
use crate::moodle::{Moodle, git};

/// A block for every release, as core's file has them.
fn environment(database: &str, php: &str, extension: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><COMPATIBILITY_MATRIX><MOODLE version=\"1.0\">\
         <DATABASE level=\"required\"><VENDOR name=\"mariadb\" version=\"{database}\"/>\
         <VENDOR name=\"postgres\" version=\"{database}\"/></DATABASE><PHP version=\"{php}\" level=\"required\"/>\
         <PHP_EXTENSIONS><PHP_EXTENSION name=\"{extension}\" level=\"required\"/></PHP_EXTENSIONS>\
         </MOODLE></COMPATIBILITY_MATRIX>"
    )
}

/// Gives the stand-in of a test an environment.xml.
fn demand(env: &TestEnv, xml: &str) {
    let repository = env.path("moodle");
    std::fs::write(repository.join("admin/environment.xml"), xml).unwrap();
    git(&repository, &["add", "-A"]).unwrap();
    let commit = ["-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "-q", "-m", "demands"];
    git(&repository, &commit).unwrap();
}

fn what_is_not_met_stops_an_install(engine: Engine, title: &str) {
    let env = TestEnv::with_fleet_on(engine, &Moodle::standin(), &["hugo"]);
    demand(&env, &environment("99.1", "99.2", "telepathy"));
    let output = env.run(&["apply"]);
    assert_eq!(output.code, 3, "{output}");
    for told in [
        format!("it needs {title} 99.1, and the server is 1"),
        "it needs PHP 99.2, and here is 8.".to_owned(),
        "PHP lacks telepathy".to_owned(),
        "hint: nothing was done to the site".to_owned(),
    ] {
        assert!(output.to_string().contains(&told), "{told}: {output}");
    }
    assert!(!env.state().join("data/sites/hugo").exists(), "the site was not begun");
    std::fs::remove_file(env.path("fleet.lock")).unwrap();
    demand(&env, &environment("1.0", "8.0", "JSON"));
    let met = env.run(&["apply"]);
    assert_eq!(met.code, 0, "{met}");
}

#[test]
fn what_is_not_met_stops_an_install_on_postgresql() {
    what_is_not_met_stops_an_install(Engine::Postgresql, "PostgreSQL");
}

#[test]
fn what_is_not_met_stops_an_install_on_mariadb() {
    what_is_not_met_stops_an_install(Engine::Mariadb, "MariaDB");
}
