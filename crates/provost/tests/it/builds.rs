//! The verbs about builds: `codebase list`, `diff`, `build`, `verify` and `gc`.

use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::environment::{Output, TestEnv};
use crate::moodle::{Moodle, git};

/// A fleet in a git repository, on the stand-in, with a plugin from a repository and one that is kept with the fleet file.
struct Scene {
    env: TestEnv,
}

impl Scene {
    /// With one commit, `one`, and what its lock names built.
    fn new() -> Self {
        let scene = Self { env: TestEnv::with_fleet(&Moodle::standin(), &[]) };
        let env = &scene.env;
        // The scene loses its cache later on, and that must not be that of who runs the tests.
        std::fs::remove_file(env.path("cache/provost/git")).ok();
        git(&directory(env, "mod_x"), &["init", "-q", "-b", "main"]).unwrap();
        scene.plugins(2_024_110_100, "1.0");
        let fleet = env.fleet();
        let before = fleet.split("[codebase.main.plugins]").next().unwrap();
        let plugins = format!(
            "[codebase.main.plugins]\nmod_x = {{ git = \"{}\", branch = \"main\" }}\nlocal_own = {{ path = \"own/local_own\" }}\n",
            env.path("mod_x").display()
        );
        env.write_fleet(&format!("{before}{plugins}"));
        std::fs::write(env.path(".gitignore"), "*\n!fleet.*\n!own\n!own/**\n").unwrap();
        git(&env.path(""), &["init", "-q", "-b", "main"]).unwrap();
        let applied = env.run(&["apply"]);
        assert_eq!(applied.code, 0, "{applied}");
        commit(&env.path(""), "one");
        scene
    }

    /// Another version of both plugins.
    fn plugins(&self, version: u64, release: &str) {
        for (component, place) in [("mod_x", "mod_x"), ("local_own", "own/local_own")] {
            let text = format!(
                "<?php\n$plugin->component = '{component}';\n$plugin->version = {version};\n$plugin->release = '{release}';\n\
                 $plugin->requires = 2024100700;\n"
            );
            let place = directory(&self.env, place);
            std::fs::write(place.join("version.php"), text).unwrap();
            std::fs::write(place.join("lib.php"), "<?php // The same in all versions.\n").unwrap();
        }
        commit(&self.env.path("mod_x"), release);
    }

    /// A second version of the plugins, in the lock and in a commit `two`; not built.
    fn second(&self) {
        self.plugins(2_024_110_200, "2.0");
        std::fs::rename(self.env.path("mod_x/lib.php"), self.env.path("mod_x/library.php")).unwrap();
        commit(&self.env.path("mod_x"), "renamed");
        let updated = self.env.run(&["codebase", "update"]);
        assert_eq!(updated.code, 0, "{updated}");
        commit(&self.env.path(""), "two");
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.env.run(&[&["codebase"], arguments].concat())
    }

    fn told(&self, arguments: &[&str]) -> String {
        told(&self.env, &self.run(arguments))
    }

    fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output}"))
    }

    /// The builds that are there.
    fn builds(&self) -> Vec<PathBuf> {
        builds(&self.env)
    }

    fn only_build(&self) -> PathBuf {
        let builds = self.builds();
        assert_eq!(builds.len(), 1);
        builds[0].clone()
    }
}

fn builds(env: &TestEnv) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(env.state().join("made/builds")).into_iter().flatten();
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    found.retain(|path| !path.file_name().unwrap().to_string_lossy().starts_with('.'));
    found.sort();
    found
}

fn directory(env: &TestEnv, below: &str) -> PathBuf {
    let place = env.path(below);
    std::fs::create_dir_all(&place).unwrap();
    place
}

fn commit(repository: &Path, message: &str) {
    git(repository, &["add", "-A"]).unwrap();
    let who = ["-c", "user.name=t", "-c", "user.email=t@localhost"];
    git(repository, &[&who[..], &["commit", "-q", "-m", message]].concat()).unwrap();
}

/// Less what is another one each time: ids, times and sizes on the disk.
fn told(env: &TestEnv, output: &Output) -> String {
    let mut text = env.filter(&output.to_string());
    for build in builds(env) {
        text = text.replace(build.file_name().unwrap().to_str().unwrap(), "[TREE]");
    }
    let lines = text.lines().map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let each = words.iter().enumerate().map(|(at, word)| {
            let next = words.get(at + 1).copied().unwrap_or_default();
            if matches!(next.trim_end_matches([',', '.']), "B" | "KiB" | "MiB" | "GiB") {
                return "[SIZE]".to_owned();
            }
            let plain = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
            let parts: Vec<&str> = plain.split(['-', ':']).collect();
            let numbers = parts.iter().all(|part| part.parse::<u32>().is_ok());
            if numbers && parts.len() == 3 { word.replace(plain, "[TIME]") } else { (*word).to_owned() }
        });
        each.collect::<Vec<_>>().join(" ")
    });
    lines.map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// Does to a file what its mode forbids, as a user would who is in a hurry.
fn by_force(path: &Path, deed: impl FnOnce(&Path)) {
    let above = path.parent().unwrap();
    let modes =
        [above, path].map(|path| (path, std::fs::metadata(path).ok().map(|found| found.permissions())));
    for (path, mode) in &modes {
        if let Some(mode) = mode {
            let open = std::fs::Permissions::from_mode(mode.mode() | 0o200);
            std::fs::set_permissions(path, open).unwrap();
        }
    }
    deed(path);
    for (path, mode) in modes {
        if let Some(mode) = mode.filter(|_| path.exists()) {
            std::fs::set_permissions(path, mode).unwrap();
        }
    }
}

fn append(path: &Path) {
    by_force(path, |path| {
        let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
        file.write_all(b"// A quick fix.\n").unwrap();
    });
}

#[test]
fn codebases_and_builds_are_listed() {
    let scene = Scene::new();
    let before = scene.told(&["list"]);
    scene.second();
    let locked = scene.told(&["list"]);
    assert_eq!(scene.env.run(&["apply"]).code, 0);
    insta::assert_snapshot!(
        "builds_list",
        format!("{before}\n{locked}\n{}", scene.told(&["list", "--size"]))
    );
    let listed = scene.json(&["list"]);
    assert_eq!(listed["builds"].as_array().unwrap().len(), 2);
    assert_eq!(listed["builds"][0]["locked_by"], serde_json::json!(["main"]), "the newest is the first");
    assert_eq!(listed["builds"][1]["locked_by"], serde_json::json!([]));
    assert_eq!(listed["codebases"][0]["tree"], listed["builds"][0]["tree"]);
    assert!(!scene.env.run_directory().join("main").exists(), "no server was started");
}

#[test]
fn what_was_never_applied_is_listed_too() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    insta::assert_snapshot!("builds_list_new", told(&env, &env.run(&["codebase", "list"])));
    assert_eq!(env.run(&["codebase", "verify"]).stdout, "Nothing is built yet.\n");
    let built = env.run(&["codebase", "build", "main"]);
    assert!(
        built.code == 1 && built.stderr.contains("hint: `provost apply` resolves and builds it"),
        "{built}"
    );
    assert_eq!(env.run(&["codebase", "gc"]).stdout, "Nothing to do: every build is needed.\n");
}

#[test]
fn two_locks_are_compared_whether_they_are_built_or_not() {
    let scene = Scene::new();
    let built = scene.only_build();
    scene.second();
    insta::assert_snapshot!("builds_diff", scene.told(&["diff", "HEAD~1:main", "main"]));
    insta::assert_snapshot!("builds_diff_files", scene.told(&["diff", "HEAD~1:main", "main", "--files"]));
    let tree = built.file_name().unwrap().to_str().unwrap();
    let by_tree = scene.json(&["diff", &tree[..8], "HEAD:main", "--files"]);
    assert_eq!(by_tree["parts"], scene.json(&["diff", "HEAD~1:main", "main"])["parts"]);
    assert_eq!(by_tree["files"][1]["part"], "mod_x");
    assert_eq!(by_tree["files"][1]["added"], serde_json::json!(["mod/x/library.php"]));
    assert_eq!(scene.builds(), std::slice::from_ref(&built), "nothing was built");
    assert!(scene.run(&["diff", "main", "HEAD:main", "--files"]).stdout.contains("They are the same tree"));
    // Without records, the files themselves say what they are.
    assert_eq!(scene.env.run(&["apply"]).code, 0);
    for build in scene.builds() {
        let name = format!("{}.json", build.file_name().unwrap().to_str().unwrap());
        std::fs::remove_file(build.parent().unwrap().join(".records").join(name)).unwrap();
    }
    insta::assert_snapshot!("builds_diff_without_record", scene.told(&["diff", tree, "main", "--files"]));
}

#[test]
fn names_that_mean_nothing_are_told() {
    let scene = Scene::new();
    let diff = |from: &str| scene.told(&["diff", from, "main"]);
    let all = ["mian", "abcdef", "nothing:main", "HEAD:mian", "--output=x:main", ":main", "main:"].map(diff);
    insta::assert_snapshot!("builds_names", all.join("\n"));
    std::fs::remove_dir_all(scene.env.path(".git")).unwrap();
    insta::assert_snapshot!("builds_no_repository", diff("HEAD:main"));
}

#[test]
fn an_earlier_lock_is_built_again_and_taken_back() {
    let scene = Scene::new();
    let (env, first) = (&scene.env, scene.only_build());
    scene.second();
    assert_eq!(env.run(&["apply"]).code, 0);
    assert_eq!(scene.run(&["gc", "--yes"]).code, 0);
    assert!(!first.exists() && scene.builds().len() == 1);
    // What was imported is lost too, as on another machine: the plugin's old files are in the fleet's history only.
    std::fs::remove_dir_all(env.path("cache/provost/git")).unwrap();
    insta::assert_snapshot!("builds_build", scene.told(&["build", "HEAD~1:main"]));
    assert!(first.join("local/own/version.php").exists());
    assert_eq!(scene.run(&["verify", "--rehash"]).code, 0);
    assert!(scene.run(&["build", "HEAD~1:main"]).stdout.contains("It was there already"));
    assert_eq!(
        git(&env.path(""), &["status", "--porcelain"]).unwrap(),
        "",
        "the user's files are as they were"
    );
    let left = std::fs::read_dir(env.path("cache/provost/earlier")).into_iter().flatten().flatten();
    let left: Vec<_> = left.flat_map(|one| std::fs::read_dir(one.path()).unwrap().flatten()).collect();
    assert!(left.is_empty(), "{left:?}");
    // The user takes the old lock back.
    git(&env.path(""), &["checkout", "-q", "HEAD~1", "--", "fleet.lock", "own"]).unwrap();
    assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n");
    let listed = scene.json(&["list"]);
    assert_eq!(listed["codebases"][0]["tree"], first.file_name().unwrap().to_str().unwrap());
    assert_eq!(scene.run(&["gc", "--yes"]).code, 0);
    assert_eq!(scene.builds(), [first], "the lock that is there now counts");
}

#[test]
fn what_is_edited_in_place_is_named_and_repaired_wherever_it_is() {
    let scene = Scene::new();
    let first = scene.only_build();
    scene.second();
    assert_eq!(scene.env.run(&["apply"]).code, 0);
    insta::assert_snapshot!("builds_verify_clean", sorted(&scene.told(&["verify", "--rehash"])));
    let file = first.join("local/own/lib.php");
    assert!(std::fs::metadata(&file).unwrap().nlink() >= 3, "both builds and the store have it");
    append(&file);
    by_force(&first.join("mod/x/version.php"), |path| std::fs::remove_file(path).unwrap());
    by_force(&first.join("mod/x/shell.php"), |path| std::fs::write(path, "<?php // Mine.\n").unwrap());
    by_force(&first.join("index.php"), |path| {
        std::fs::remove_file(path).unwrap();
        std::fs::write(path, "<?php // Another one.\n").unwrap();
    });
    let tree = first.file_name().unwrap().to_str().unwrap();
    insta::assert_snapshot!("builds_verify_damaged", scene.told(&["verify", tree]));
    let all = scene.run(&["verify"]);
    assert_eq!((all.code, all.stdout.matches("local/own/lib.php").count()), (3, 2), "{all}");
    let found = scene.json(&["verify", tree]);
    insta::assert_snapshot!(
        "builds_verify_json",
        serde_json::to_string_pretty(&found).unwrap().replace(tree, "[TREE]")
    );
    let sites = scene.env.run(&["plan"]);
    assert_eq!(sites.code, 0, "{sites}");
    insta::assert_snapshot!("builds_repair", scene.told(&["verify", tree, "--repair"]));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "<?php // The same in all versions.\n");
    let clean = scene.run(&["verify", "--rehash"]);
    assert_eq!(clean.code, 0, "the other build and the store are healed too: {clean}");
}

#[test]
fn damage_that_cannot_be_repaired_is_told_and_the_rest_is_repaired() {
    let scene = Scene::new();
    let (env, first) = (&scene.env, scene.only_build());
    scene.second();
    assert_eq!(env.run(&["apply"]).code, 0);
    let second = scene.builds().into_iter().find(|build| *build != first).unwrap();
    // The one is only in a plugin whose repository and cache are gone, the other in Moodle.
    append(&first.join("mod/x/version.php"));
    append(&second.join("local/own/version.php"));
    std::fs::rename(env.path("mod_x"), env.path("away")).unwrap();
    let repaired = scene.run(&["verify", "--repair"]);
    assert_eq!(repaired.code, 3, "{repaired}");
    assert_eq!(repaired.stdout.matches("it is as it should be now").count(), 1, "{repaired}");
    assert_eq!(repaired.stdout.matches("not repaired: ").count(), 1, "{repaired}");
    std::fs::rename(env.path("away"), env.path("mod_x")).unwrap();
    let repaired = scene.run(&["verify", "--repair"]);
    assert_eq!(repaired.code, 0, "{repaired}");
    assert_eq!(scene.run(&["verify", "--rehash"]).code, 0);
}

#[test]
fn what_nobody_needs_is_shown_and_removed_when_that_is_allowed() {
    let scene = Scene::new();
    let (env, first) = (&scene.env, scene.only_build());
    insta::assert_snapshot!("builds_gc_nothing", scene.told(&["gc"]));
    scene.second();
    assert_eq!(env.run(&["apply"]).code, 0);
    std::fs::create_dir(env.state().join(format!("made/builds/.assembling-{}-1", "a".repeat(40)))).unwrap();
    let refused = scene.run(&["gc"]);
    insta::assert_snapshot!("builds_gc_refused", told(env, &refused));
    assert!(first.exists(), "nothing was done");
    let asked = scene.json(&["gc"]);
    assert_eq!((asked["outcome"].as_str(), asked["collected"].is_null()), (Some("refused"), true));
    assert_eq!(asked["plan"]["builds"][0]["tree"], first.file_name().unwrap().to_str().unwrap());
    insta::assert_snapshot!("builds_gc_done", told(env, &scene.run(&["gc", "--yes"])));
    assert!(!first.exists() && scene.builds().len() == 1);
    assert_eq!(scene.run(&["verify", "--rehash"]).code, 0, "what is left is whole");
    let nothing = scene.json(&["gc"]);
    assert_eq!(nothing["outcome"], "nothing");
}

#[test]
fn what_a_site_runs_on_stays() {
    let scene = Scene::new();
    let (env, first) = (&scene.env, scene.only_build());
    scene.second();
    assert_eq!(env.run(&["apply"]).code, 0);
    // Neither site nor lock is asked for more than its link.
    let site = env.state().join("made/sites/hugo");
    std::fs::create_dir_all(&site).unwrap();
    std::os::unix::fs::symlink(&first, site.join("code")).unwrap();
    let nothing = scene.run(&["gc", "--yes"]);
    assert_eq!(nothing.code, 0, "{nothing}");
    assert_eq!(scene.builds().len(), 2);
    assert_eq!(scene.json(&["list"])["builds"][1]["sites"], serde_json::json!(["hugo"]));
    std::fs::remove_dir_all(site).unwrap();
}

#[test]
fn a_site_that_is_ahead_of_a_lock_that_was_taken_back_is_told_as_that() {
    let scene = Scene::new();
    let env = &scene.env;
    scene.second();
    env.write_fleet(&format!("{}\n[site.hugo]\nurl = \"{}\"\n", env.fleet(), env.url("hugo")));
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");
    git(&env.path(""), &["checkout", "-q", "HEAD~1", "--", "fleet.lock", "own"]).unwrap();
    insta::assert_snapshot!("builds_ahead", told(env, &env.run(&["plan"])));
    let gc = scene.run(&["gc", "--yes"]);
    assert_eq!((gc.code, scene.builds().len()), (0, 2), "one is locked, the other one runs: {gc}");
    assert_eq!(scene.json(&["list"])["builds"][0]["sites"], serde_json::json!(["hugo"]));
}

fn sorted(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines.join("\n")
}

#[test]
fn a_file_of_a_real_moodle_is_edited_named_and_repaired() {
    let moodle = Moodle::real();
    if !moodle.is_real() {
        return;
    }
    let env = TestEnv::with_fleet(&moodle, &[]);
    // The starter may have a site.
    let fleet = env.fleet();
    env.write_fleet(fleet.split("\n[site.").next().unwrap());
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");
    let build = builds(&env).pop().unwrap();
    let top = if build.join("public").is_dir() { build.join("public") } else { build.clone() };
    append(&top.join("mod/forum/lib.php"));
    let damaged = env.run(&["codebase", "verify"]);
    assert_eq!(damaged.code, 3, "{damaged}");
    let shown = top.strip_prefix(&build).unwrap().join("mod/forum/lib.php");
    assert!(damaged.stdout.contains(&format!("changed  {}", shown.display())), "{damaged}");
    let repaired = env.run(&["codebase", "verify", "--repair"]);
    assert_eq!(repaired.code, 0, "{repaired}");
    let clean = env.run(&["codebase", "verify", "--rehash"]);
    assert_eq!(clean.code, 0, "{clean}");
}
