//! Settings and roles of real Moodles of both engines, compared: what was changed by hand is found, and nothing else.

use std::os::unix::fs::PermissionsExt as _;

use crate::environment::{Output, TestEnv};

/// What is changed by hand: plugin, name, value.
const EDITS: [(&str, &str, &str); 12] = [
    ("", "theme", "classic"),
    ("", "forcelogin", "1"),
    ("", "smtppass", "a-secret-value"),
    ("", "defaultuserroleid", "5"),
    ("", "supportpage", "https://help.example.org/"),
    ("", "newone", "made by hand"),
    ("quiz", "timelimit", "600"),
    ("mod_forum", "madeup", "x,\"y\""),
    ("enrol_manual", "roleid", "4"),
    ("theme_boost", "brandcolor", "#113344"),
    ("tool_task", "madeup", "1"),
    ("assign", "nosuch", ""),
];

/// What is done by hand to three roles.
const ROLES: &str = include_str!("roles_edits.php");

impl TestEnv {
    fn settings(&self, arguments: &[&str]) -> Output {
        self.run(&[&["settings"], arguments].concat())
    }
}

#[test]
#[ignore = "three real Moodles, some minutes: run it with `--run-ignored all`"]
fn what_was_changed_by_hand_is_found_and_nothing_else() {
    let env = crate::sql::fleet();
    let _up = env.up();
    let equal = env.settings(&["diff"]);
    assert!(equal.code == 0 && equal.stdout.starts_with("3 sites are equal: dumas, hugo, zola\n"), "{equal}");
    assert!(!equal.stdout.contains("differ"), "{equal}");

    for (plugin, name, value) in EDITS {
        let set = [format!("--name={name}"), format!("--set={value}"), format!("--component={plugin}")];
        let set: Vec<&str> =
            set.iter().take(if plugin.is_empty() { 2 } else { 3 }).map(String::as_str).collect();
        env.core("hugo", "admin/cli/cfg.php", &set);
    }
    insta::assert_snapshot!("settings_diff", env.settings(&["diff"]));
    let json = env.run(&["--json", "settings", "diff", "--against", "zola"]);
    let told: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let class = &told["classes"][1];
    assert_eq!(class["sites"], serde_json::json!(["hugo"]), "{json}");
    assert_eq!(class["differences"].as_array().unwrap().len(), EDITS.len(), "{json}");
    assert!(!json.stdout.contains("a-secret-value"), "{json}");
    let some = env.settings(&["diff", "mod_*/*", "theme", "--sites", "hugo | dumas", "--against", "dumas"]);
    assert!(some.stdout.contains("1 site differs in 2 settings: hugo"), "{some}");
    let other = env.settings(&["diff", "--against", "sand"]);
    assert!(other.code == 64 && other.stderr.contains("`sand`"), "{other}");
    let got = env.settings(&["get", "theme", "smtppass", "nosuch", "theme_boost/brandcol*"]);
    insta::assert_snapshot!("settings_get", got);
    let forced = env.run(&["--json", "settings", "get", "pathtophp", "--site", "hugo"]);
    let told: serde_json::Value = serde_json::from_str(&forced.stdout).unwrap();
    assert_eq!(told["settings"][0]["how"], "forced", "{forced}");
    roles(&env);
}

/// Three roles that were changed by hand are found, and nothing is after they were brought to the other sites.
fn roles(env: &TestEnv) {
    let equal = env.run(&["roles", "diff"]);
    assert!(equal.code == 0 && equal.stdout.starts_with("3 sites are equal: dumas, hugo, zola\n"), "{equal}");
    let script = env.path("roles.php");
    std::fs::write(&script, ROLES).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o644)).unwrap();
    let config = env.state().join("made/sites/hugo/code/config.php");
    env.core("hugo", script.to_str().unwrap(), &[config.to_str().unwrap()]);
    insta::assert_snapshot!("roles_diff", env.run(&["roles", "diff"]));
    let some = env.run(&["roles", "diff", "teacher", "--against", "hugo"]);
    assert!(some.stdout.contains("2 sites differ in 1 line: dumas, zola"), "{some}");
    let sites = ["--from", "hugo", "--sites", "zola | dumas", "--yes"];
    let synced =
        env.run(&[&["roles", "sync", "student", "teacher", "tutor", "manager"], &sites[..]].concat());
    assert_eq!(synced.code, 0, "{synced}");
    let equal = env.run(&["roles", "diff"]);
    assert!(equal.code == 0 && equal.stdout.starts_with("3 sites are equal: dumas, hugo, zola\n"), "{equal}");
}
