//! Sites that are listed, chosen, disabled and enabled again.

use crate::environment::TestEnv;
use crate::http::Browser;
use crate::moodle::Moodle;

fn rows(env: &TestEnv, arguments: &[&str]) -> Vec<serde_json::Value> {
    let output = env.run(&[&["--json", "site", "list"][..], arguments].concat());
    assert_eq!(output.code, 0, "{output}");
    let list: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    list["sites"].as_array().unwrap().clone()
}

fn names(env: &TestEnv, arguments: &[&str]) -> String {
    let rows = rows(env, arguments);
    rows.iter().map(|row| row["name"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_disabled_site_answers_a_plain_page_with_php_stopped() {
    let env = TestEnv::with_fleet(&Moodle::real(), &["hugo"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let up = env.up();
    let mut browser = Browser::new(env.port, "hugo.localhost");
    assert_eq!(browser.get("/login/index.php").status, 200);

    let disabled = env.run(&["site", "disable", "hugo"]);
    assert_eq!(disabled.code, 0, "{disabled}");
    assert!(disabled.stdout.contains("its plain page answers"), "{disabled}");
    assert!(env.fleet().contains("enabled = false"), "{}", env.fleet());
    assert!(!env.state().join("made/web/php-fpm/hugo.conf").exists(), "no pool is left that could run PHP");
    // Whichever of nginx's workers a visitor reaches, it is one that knows.
    for visit in 0..60 {
        assert_eq!(browser.get("/theme/boost/pix/favicon.ico").status, 503, "{visit}");
    }
    env.stop_php();
    for path in ["/", "/login/index.php", "/theme/boost/pix/favicon.ico", "/pluginfile.php/1/x?y=$z"] {
        let page = browser.get(path);
        assert_eq!(page.status, 503, "{path}");
        assert!(
            page.body.contains("<h1>This site is closed</h1>") && page.body.contains("hugo"),
            "{}",
            page.body
        );
    }
    env.go_on_php();
    assert_eq!(rows(&env, &[])[0]["state"], "disabled");
    assert_eq!(env.run(&["plan", "--detailed-exitcode"]).stdout, "Nothing to do.\n");
    let again = env.run(&["site", "disable", "hugo"]);
    assert!(again.code == 0 && again.stdout.contains("= hugo  is disabled already"), "{again}");

    let enabled = env.run(&["site", "enable", "--sites", "state:disabled"]);
    assert_eq!(enabled.code, 0, "{enabled}");
    assert!(!env.fleet().contains("enabled"), "{}", env.fleet());
    assert!(browser.login(&env.secret("site-hugo-admin").unwrap()));
    drop(up);
}

#[test]
fn sites_are_listed_and_chosen() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo", "zola"]);
    env.write_fleet(&env.fleet().replace("[site.zola]\n", "[site.zola]\ntags = [\"lyon\"]\n"));
    let absent = env.run(&["site", "list"]);
    insta::assert_snapshot!(env.filter(&absent.to_string()));
    assert_eq!(env.run(&["apply"]).code, 0);
    let list = env.run(&["site", "list"]);
    assert_eq!(list.code, 0, "{list}");
    assert!(list.stdout.contains("installed") && list.stdout.contains("MiB"), "{list}");
    assert_eq!(names(&env, &[]), "hugo zola");
    assert_eq!(names(&env, &["--sites", "lyon"]), "zola");
    assert_eq!(names(&env, &["--sites", "!lyon & state:installed & moodle>=4"]), "hugo");
    assert_eq!(names(&env, &["hugo"]), "hugo");

    let mut told = Vec::new();
    for arguments in [
        &["site", "list", "--sites", "state:absent"][..],
        &["site", "list", "--sites", "lyon &"],
        &["site", "disable"],
        &["site", "disable", "hugo", "lyon"],
        &["site", "disable", "hugo", "zolla"],
        &["site", "disable", "--sites", "hugo | lyno"],
        &["site", "disable", "hugo", "--sites", "*"],
        &["site", "disable", "h*"],
        &["site", "disable", "--sites", "*", "--dry-run"],
    ] {
        told.push(format!(
            "$ provost {}\n{}",
            arguments.join(" "),
            env.filter(&env.run(arguments).to_string())
        ));
    }
    insta::assert_snapshot!(told.join("\n\n"));
    assert!(!env.fleet().contains("enabled"), "nothing was changed");
}

/// A site whose database does not answer may or may not be meant: nobody guesses.
#[test]
fn what_cannot_be_known_of_a_site_is_not_guessed() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo", "zola"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let up = env.up();
    env.sql("alter role test_zola nologin");
    let list = env.run(&["site", "list", "--sites", "moodle<5"]);
    assert_eq!(list.code, 3, "{list}");
    assert!(
        list.stdout.contains("It cannot be told whether these are meant") && list.stdout.contains("zola"),
        "{list}"
    );
    let disabled = env.run(&["site", "disable", "--sites", "moodle<5"]);
    assert_eq!(disabled.code, 4, "{disabled}");
    assert!(disabled.stderr.contains("it cannot be told whether `moodle<5` means zola"), "{disabled}");
    assert!(!env.fleet().contains("enabled"));
    env.sql("alter role test_zola login");
    drop(up);
}
