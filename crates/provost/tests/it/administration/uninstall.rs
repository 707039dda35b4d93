//! A plugin that is taken away: its data while its code is there, then its code.

use crate::environment::{Engine, TestEnv};
use crate::http::Browser;
use crate::moodle::Moodle;

#[test]
#[ignore = "real Moodles with a plugin, some minutes: run it with `--run-ignored all`"]
fn a_plugin_goes_with_its_data_and_then_with_its_code() {
    let moodle = Moodle::real();
    let plugins = moodle.plugins();
    let Some(plugin) = plugins.iter().find(|plugin| plugin.component.starts_with("mod_")) else {
        println!("no plugin can be had here");
        return;
    };
    for engine in [Engine::Postgresql, Engine::Mariadb] {
        let env = TestEnv::with_fleet_on(engine, &moodle, &["hugo", "zola"]);
        let without = env.fleet();
        let line = format!(
            "{} = {{ git = \"{}\", branch = \"{}\" }}\n",
            plugin.component,
            plugin.git.display(),
            plugin.branch
        );
        // The file that `init` writes has the table, with nothing in it.
        let head = without.lines().find(|line| line.ends_with(".plugins]")).unwrap();
        env.write_fleet(&without.replacen(&format!("{head}\n"), &format!("{head}\n{line}"), 1));
        let applied = env.run(&["apply"]);
        assert_eq!(applied.code, 0, "{applied}");
        goes(&env, &plugin.component, &without);
    }
}

fn tables(env: &TestEnv, plugin: &str) -> String {
    let like = format!("mdl\\_{}%", plugin.trim_start_matches("mod_"));
    let asked = "select count(*) as n from information_schema.tables where table_name like :like";
    env.run(&["sql", "--csv", asked, "-p", &format!("like={like}")]).stdout
}

fn goes(env: &TestEnv, plugin: &str, without: &str) {
    let _up = env.up();
    let there = tables(env, plugin);
    assert!(!there.contains("hugo,0") && !there.contains("zola,0"), "{there}");
    let declared = env.run(&["plugins", "uninstall", plugin, "--sites", "*", "--yes"]);
    assert!(declared.code == 4 || declared.code == 64, "the codebase has it: {declared}");
    assert!(declared.stderr.contains("take it out") || declared.stderr.contains("take "), "{declared}");

    env.write_fleet(without);
    let held = env.run(&["apply"]);
    assert!(
        held.stdout.contains("provost plugins uninstall")
            || held.stderr.contains("provost plugins uninstall"),
        "{held}"
    );
    assert_eq!(tables(env, plugin), there, "nothing goes by itself");

    let shown = env.run(&["plugins", "uninstall", plugin, "--site", "hugo"]);
    assert!(shown.code == 4 && shown.stdout.contains("version"), "{shown}");
    let gone = env.run(&["plugins", "uninstall", plugin, "--site", "hugo", "--yes"]);
    assert!(gone.code == 0 && gone.stderr.contains("on a build without them"), "{gone}");
    let now = tables(env, plugin);
    assert!(now.contains("hugo,0") && !now.contains("zola,0"), "{now}");
    let listed = env.run(&["plugins", "list", plugin, "--site", "hugo"]);
    assert!(listed.stderr.contains("0 rows"), "{listed}");
    assert!(
        Browser::new(env.port, "hugo.localhost").get("/login/index.php").status == 200,
        "visitors come in"
    );

    // Its data may stay, if that is said.
    let kept = env.run(&["plugins", "uninstall", plugin, "--keep-data", "--site", "zola", "--yes"]);
    assert_eq!(kept.code, 0, "{kept}");
    assert!(!tables(env, plugin).contains("zola,0"));
    let listed = env.run(&["plugins", "list", plugin, "--site", "zola"]);
    assert!(listed.stdout.contains("missing"), "{listed}");
    assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n");
}
