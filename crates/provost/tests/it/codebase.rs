//! The verbs of codebases: `update`, `why`, `can-move`; and what a site that is there means for them.

use std::path::{Path, PathBuf};

use crate::environment::{Output, TestEnv};
use crate::moodle::{Moodle, git};

/// A fleet on the stand-in with one plugin in a repository of its own.
struct Scene {
    env: TestEnv,
    plugin: PathBuf,
}

impl Scene {
    /// `source` is the plugin's declaration, where `REPOSITORY` stands for its repository.
    fn new(source: &str) -> Self {
        let env = TestEnv::with_fleet(&Moodle::standin(), &[]);
        let plugin = env.path("mod_x");
        std::fs::create_dir_all(plugin.join("db")).unwrap();
        git(&plugin, &["init", "-q", "-b", "main"]).unwrap();
        let scene = Self { env, plugin };
        scene.release("v1", 2_024_110_100, "[405, 405]", "first");
        let source = source.replace("REPOSITORY", &scene.plugin.display().to_string());
        let text = scene.env.fleet();
        let (before, after) = text.split_once("[codebase.main.plugins]\n").unwrap();
        // The starter has an example in a comment, and a site that is not needed yet.
        let after = after.split_once("[site.").map_or(String::new(), |(_, sites)| format!("[site.{sites}"));
        let fleet = format!("{before}[codebase.main.plugins]\nmod_x = {source}\n\n{after}");
        scene.env.write_fleet(fleet.split("[site.").next().unwrap());
        scene
    }

    /// Commits and tags a version of the plugin.
    fn release(&self, tag: &str, version: u64, supported: &str, subject: &str) {
        let file = format!(
            "<?php\n$plugin->component = 'mod_x';\n$plugin->version = {version};\n$plugin->release = '{tag}';\n\
             $plugin->requires = 2024100700;\n$plugin->supported = {supported};\n"
        );
        std::fs::write(self.plugin.join("version.php"), file).unwrap();
        commit(&self.plugin, subject);
        git(&self.plugin, &["tag", tag]).unwrap();
    }

    fn told(&self, arguments: &[&str]) -> String {
        told(&self.env, &self.env.run(arguments))
    }
}

fn commit(repository: &Path, message: &str) {
    git(repository, &["add", "-A"]).unwrap();
    let who = ["-c", "user.name=t", "-c", "user.email=t@localhost"];
    git(repository, &[&who[..], &["commit", "-q", "-m", message]].concat()).unwrap();
}

/// Less what is another one each time: ids of commits and trees.
fn told(env: &TestEnv, output: &Output) -> String {
    let text = env.filter(&output.to_string());
    let word = |word: &str| {
        let plain = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let id = matches!(plain.len(), 12 | 40) && plain.bytes().all(|byte| byte.is_ascii_hexdigit());
        if id { word.replace(plain, "[ID]") } else { word.to_owned() }
    };
    let line = |line: &str| line.split(' ').map(word).collect::<Vec<_>>().join(" ");
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_lock_moves_and_says_what_that_brings() {
    let scene = Scene::new("{ git = \"REPOSITORY\" }");
    let env = &scene.env;
    assert_eq!(env.run(&["apply"]).code, 0);
    insta::assert_snapshot!("update_nothing", scene.told(&["codebase", "update"]));
    let upgrade =
        "<?php\nfunction xmldb_x_upgrade($oldversion) {\n    if ($oldversion < 2024110200) {\n    }\n}\n";
    std::fs::write(scene.plugin.join("db/upgrade.php"), upgrade).unwrap();
    std::fs::write(
        scene.plugin.join("settings.php"),
        "<?php\n$settings->add(new admin_setting_configtext('mod_x/limit', '', '', 1));\n",
    )
    .unwrap();
    commit(&scene.plugin, "A security fix: CVE-2026-1234");
    scene.release("v2", 2_024_110_200, "[405, 405]", "second");
    assert!(scene.told(&["status"]).contains("updates for main: mod_x (v2, security)"));
    insta::assert_snapshot!("update_dry_run", scene.told(&["codebase", "update", "--dry-run"]));
    let before = std::fs::read_to_string(env.path("fleet.lock")).unwrap();
    assert!(before.contains("2024110100"), "a dry run writes nothing");
    // Moodle moves too, but only the plugin is asked for.
    std::fs::write(env.path("moodle/lib/new.php"), "<?php\n").unwrap();
    commit(&env.path("moodle"), "a fix");
    assert_eq!(env.run(&["codebase", "update", "mod_x"]).code, 0);
    let after = std::fs::read_to_string(env.path("fleet.lock")).unwrap();
    let commit_of = |lock: &str, section: &str| {
        let (_, rest) = lock.split_once(section).unwrap();
        rest.lines().find(|line| line.starts_with("commit = ")).unwrap().to_owned()
    };
    assert_eq!(commit_of(&before, "main.moodle]"), commit_of(&after, "main.moodle]"), "Moodle is held");
    assert_ne!(commit_of(&before, "mod_x]"), commit_of(&after, "mod_x]"));
    assert_eq!(env.run(&["codebase", "update", "--moodle"]).code, 0);
    let both = std::fs::read_to_string(env.path("fleet.lock")).unwrap();
    assert_ne!(commit_of(&after, "main.moodle]"), commit_of(&both, "main.moodle]"));
    assert_eq!(env.run(&["apply"]).code, 0);
    insta::assert_snapshot!("update_unknown_plugin", scene.told(&["codebase", "update", "mod_y"]));
    insta::assert_snapshot!(
        "update_unknown_codebase",
        scene.told(&["codebase", "update", "--codebase", "mian"])
    );
    // What cannot be a plugin is a codebase.
    assert!(scene.told(&["codebase", "update", "mian"]).contains("did you mean `main`?"));
    assert_eq!(env.run(&["codebase", "update", "main"]).code, 0);
}

#[test]
fn why_and_what_blocks_are_told() {
    let scene = Scene::new("{ git = \"REPOSITORY\" }");
    scene.release("v3", 2_025_110_100, "[500, 501]", "for a later Moodle");
    insta::assert_snapshot!("why", scene.told(&["codebase", "why", "mod_x"]));
    insta::assert_snapshot!("why_not_there", scene.told(&["codebase", "why", "mod_y"]));
    let version = std::fs::read_to_string(scene.env.path("moodle/version.php")).unwrap();
    let moodle = scene.env.path("moodle");
    git(&moodle, &["checkout", "-q", "-b", "next"]).unwrap();
    let next = version.replace("2024100700", "2025041400").replace("405", "500").replace("'4.5 ", "'5.0 ");
    std::fs::write(moodle.join("version.php"), next).unwrap();
    commit(&moodle, "5.0");
    git(&moodle, &["checkout", "-q", "main"]).unwrap();
    insta::assert_snapshot!("can_move", scene.told(&["codebase", "can-move", "main", "next"]));
    std::fs::write(
        scene.plugin.join("version.php"),
        "<?php\n$plugin->component = 'mod_x';\n$plugin->version = 2026110100;\n$plugin->incompatible = 500;\n",
    )
    .unwrap();
    commit(&scene.plugin, "not for 5.0");
    let pinned = scene.env.fleet().replace("mod_x\" }", "mod_x\", branch = \"main\" }");
    scene.env.write_fleet(&pinned);
    insta::assert_snapshot!("cannot_move", scene.told(&["codebase", "can-move", "main", "next"]));
    let json = scene.env.run(&["codebase", "can-move", "main", "next", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["plugins"][0]["verdict"], "blocked", "{json}");
}

#[test]
fn what_blocks_is_more_than_the_plugins_versions() {
    let scene = Scene::new("{ git = \"REPOSITORY\" }\nmod_page = { absent = true }");
    let moodle = scene.env.path("moodle");
    let index = moodle.join("login/logout.php");
    let text = std::fs::read_to_string(&index).unwrap();
    std::fs::write(&index, format!("{text}// Ours.\n")).unwrap();
    let patch = git(&moodle, &["diff"]).unwrap();
    std::fs::write(scene.env.path("logout.patch"), patch + "\n").unwrap();
    git(&moodle, &["checkout", "-q", "--", "."]).unwrap();
    let fleet = scene.env.fleet();
    let patched =
        fleet.replace("[codebase.main.plugins]", "patches = [\"logout.patch\"]\n[codebase.main.plugins]");
    scene.env.write_fleet(&patched);
    assert_eq!(scene.env.run(&["codebase", "update"]).code, 0);
    // Another repository, of a Moodle without that activity and that page.
    let other = scene.env.path("other");
    git(&scene.env.path("."), &["clone", "-q", "moodle", "other"]).unwrap();
    git(&other, &["rm", "-rq", "mod/page", "login/logout.php"]).unwrap();
    commit(&other, "leaner");
    git(&other, &["checkout", "-q", "-b", "lean"]).unwrap();
    let other = other.display().to_string();
    let arguments = ["codebase", "can-move", "main", "lean", "--git", &other];
    insta::assert_snapshot!("cannot_move_more", scene.told(&arguments));
    let json = scene.env.run(&[&arguments[..], &["--json"]].concat());
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let verdicts = [&json["plugins"][0]["verdict"], &json["plugins"][1]["verdict"]];
    assert_eq!(verdicts, ["blocked", "fits"], "{json}");
    assert!(json["patches"].as_str().unwrap().contains("logout.patch"), "{json}");
}

#[test]
fn all_that_moves_is_told() {
    let scene = Scene::new("{ git = \"REPOSITORY\", branch = \"main\" }");
    let env = &scene.env;
    let first = env.run(&["codebase", "update"]);
    assert!(
        first.stdout.contains("  moodle  new: 4.5") && first.stdout.contains(": tip of branch"),
        "{first}"
    );
    assert!(first.stdout.contains("  mod_x  new: "), "{first}");
    // Only a patch and a plugin that goes.
    std::fs::write(env.path("a.patch"), "--- /dev/null\n+++ b/a.txt\n@@ -0,0 +1 @@\n+a\n").unwrap();
    let fleet = env.fleet();
    let patched = fleet.replace(
        "[codebase.main.plugins]\n",
        "patches = [\"a.patch\"]\n[codebase.main.plugins]\nmod_page = { absent = true }\n",
    );
    env.write_fleet(&patched);
    insta::assert_snapshot!("update_besides", scene.told(&["codebase", "update", "--dry-run"]));
    let json = env.run(&["codebase", "update", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["codebases"][0]["absent"]["added"][0], "mod_page", "{json}");
    // A branch that was rewritten, and a tag that was moved.
    scene.release("v2", 2_024_110_200, "[405, 405]", "taken back");
    assert_eq!(env.run(&["codebase", "update"]).code, 0);
    git(&scene.plugin, &["reset", "-q", "--hard", "HEAD~1"]).unwrap();
    scene.release("v3", 2_024_110_300, "[405, 405]", "third");
    let rewritten = env.run(&["codebase", "update"]);
    assert!(rewritten.stdout.contains("mind: the branch main was rewritten"), "{rewritten}");
    env.write_fleet(&env.fleet().replace("branch = \"main\"", "tag = \"v3\""));
    let other = env.run(&["codebase", "update"]);
    assert!(!other.stdout.contains("mind:"), "{other}");
    scene.release("v4", 2_024_110_400, "[405, 405]", "fourth");
    git(&scene.plugin, &["tag", "-f", "v3", "HEAD"]).unwrap();
    let moved = env.run(&["codebase", "update"]);
    assert!(moved.stdout.contains("mind: the tag v3 was moved to another commit"), "{moved}");
}

#[test]
fn nothing_that_a_site_runs_on_goes_down() {
    let scene = Scene::new("{ git = \"REPOSITORY\", tag = \"v2\" }");
    scene.release("v2", 2_024_110_200, "[405, 405]", "second");
    let env = &scene.env;
    let down = |env: &TestEnv| env.write_fleet(&env.fleet().replace("tag = \"v2\"", "tag = \"v1\""));
    let fleet = env.fleet();
    assert_eq!(env.run(&["apply"]).code, 0);
    down(env);
    assert_eq!(env.run(&["apply"]).code, 0, "no site, no harm");
    env.write_fleet(&format!("{fleet}\n[site.hugo]\nurl = \"{}\"\n", env.url("hugo")));
    assert_eq!(env.run(&["apply"]).code, 0);
    let lock = std::fs::read_to_string(env.path("fleet.lock")).unwrap();
    down(env);
    insta::assert_snapshot!("goes_down", scene.told(&["apply"]));
    assert_eq!(std::fs::read_to_string(env.path("fleet.lock")).unwrap(), lock, "nothing was done");
    assert_eq!(env.run(&["codebase", "update"]).code, 4);
}

#[test]
fn two_users_make_the_same_tree_of_one_lock() {
    let scene = Scene::new("{ git = \"REPOSITORY\" }");
    let env = &scene.env;
    assert_eq!(env.run(&["apply"]).code, 0);
    let lock = std::fs::read_to_string(env.path("fleet.lock")).unwrap();
    // Another user: another home, another state, the same two files; and the branch has moved on since.
    scene.release("v2", 2_024_110_200, "[405, 405]", "second");
    let other = TestEnv::new();
    let fleet = env.fleet().replace(&env.state().display().to_string(), &other.state().display().to_string());
    other.write_fleet(&fleet);
    std::fs::write(other.path("fleet.lock"), &lock).unwrap();
    let applied = other.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");
    assert_eq!(std::fs::read_to_string(other.path("fleet.lock")).unwrap(), lock);
    let files = |env: &TestEnv| {
        let builds = env.state().join("made/builds");
        let list = "cd \"$1\" && find [0-9a-f]* -type f -printf '%p %m %T@\\n' -exec sha1sum {} + | sort";
        let output = std::process::Command::new("sh").args(["-c", list, "sh"]).arg(builds).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        // config.php is Provost's own, and as old as its build.
        text.lines().filter(|line| !line.contains("/config.php ")).collect::<Vec<_>>().join("\n")
    };
    assert!(files(env).lines().count() > 20);
    assert_eq!(files(env), files(&other), "the same files, modes and times");
}
