//! Sites below a path of a host that they share.

use crate::environment::TestEnv;
use crate::http::Browser;
use crate::moodle::Moodle;

/// A fleet whose sites are all below one host.
fn below(moodle: &Moodle, sites: &[&str]) -> TestEnv {
    let env = TestEnv::with_fleet(moodle, sites);
    let mut fleet = env.fleet();
    for site in sites {
        fleet = fleet.replace(&env.url(site), &format!("http://schools.localhost:{}/{site}", env.port));
    }
    env.write_fleet(&fleet);
    env
}

#[test]
fn sites_below_one_host_come_and_go_as_others_do() {
    let env = below(&Moodle::standin(), &["hugo", "zola"]);
    let plan = env.run(&["plan"]);
    assert!(plan.stderr.contains("they do not protect each other from scripts"), "{plan}");
    let up = env.up();
    let applied = env.run(&["apply"]);
    assert!(applied.code == 0 && applied.stderr.contains("its login page answers"), "{applied}");
    for site in ["hugo", "zola"] {
        let mut browser = Browser::below(env.port, "schools.localhost", &format!("/{site}"));
        assert!(browser.login(&env.secret(&format!("site-{site}-admin")).unwrap()), "{site}");
        let named = format!("MoodleSession_{site}");
        assert!(browser.cookies().iter().all(|name| *name == named), "{:?}", browser.cookies());
        // The web server's own business, below a path as well.
        let static_file = browser.get("/lib/javascript.php/1/lib/javascript-static.js");
        assert_eq!(static_file.status, 200, "what is behind a script is the script's");
        for (path, status) in [
            ("/config.php", 404),
            ("/version.php", 404),
            ("/lib/classes/x.php", 404),
            ("/nothing", 404),
            ("", 301),
        ] {
            assert_eq!(browser.get(path).status, status, "{path}");
        }
    }
    let mut host = Browser::new(env.port, "schools.localhost");
    for path in ["/", "/login/index.php", "/balzac/login/index.php", "/hugos/login/index.php"] {
        assert_eq!(host.get(path).status, 404, "{path}");
    }
    assert_eq!(env.run(&["plan", "--detailed-exitcode"]).code, 0);

    // One is disabled: the other one does not notice.
    let disabled = env.run(&["site", "disable", "hugo"]);
    assert!(disabled.code == 0 && disabled.stdout.contains("its plain page answers"), "{disabled}");
    assert_eq!(host.get("/hugo/login/index.php").status, 503);
    assert_eq!(host.get("/zola/login/index.php").status, 200);

    // It goes, and the other one has the host for itself.
    let deleted = env.run(&["site", "delete", "hugo", "--yes"]);
    assert_eq!(deleted.code, 0, "{deleted}");
    assert_eq!(host.get("/hugo/login/index.php").status, 404);
    assert_eq!(host.get("/zola/login/index.php").status, 200);
    let web = env.state().join("made/web/nginx");
    assert!(web.join("@schools.localhost.conf").exists());
    env.write_fleet(&env.fleet().replace("[site.zola]", "[site.zola]\nenabled = false"));
    assert_eq!(env.run(&["apply"]).code, 0);
    let deleted = env.run(&["site", "delete", "zola", "--yes"]);
    assert_eq!(deleted.code, 0, "{deleted}");
    assert!(!web.join("@schools.localhost.conf").exists(), "the host goes with its last site");
    assert!(!web.join("@schools.localhost.d").exists());
    drop(up);
}
