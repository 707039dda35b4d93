//! The verbs about builds: `codebase list`, `diff`, `build`, `verify` and `gc`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::json;

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
    assert_eq!(listed["builds"][0]["locked_by"], json!(["main"]), "the newest is the first");
    assert_eq!(listed["builds"][1]["locked_by"], json!([]));
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
    assert_eq!(by_tree["files"][1]["added"], json!(["mod/x/library.php"]));
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
    // The fleet goes back to it, once what lies beside its file is as it was then.
    let back = ["build", "HEAD~1:main", "--lock"];
    insta::assert_snapshot!("builds_back_refused", scene.told(&back));
    assert_eq!(git(&env.path(""), &["status", "--porcelain"]).unwrap(), "", "nothing was written");
    git(&env.path(""), &["checkout", "-q", "HEAD~1", "--", "own"]).unwrap();
    insta::assert_snapshot!("builds_back", scene.told(&back));
    assert_eq!(git(&env.path(""), &["diff", "HEAD~1", "--", "fleet.lock"]).unwrap(), "");
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
fn what_is_freed_is_what_was_stated() {
    let scene = Scene::new();
    let env = &scene.env;
    scene.second();
    assert_eq!(env.run(&["apply"]).code, 0);
    let taken = || {
        let mut files = BTreeMap::new();
        blocks(&env.state().join("made/builds"), &mut files);
        blocks(&env.path("cache/provost/store/blobs"), &mut files);
        files.values().sum::<u64>()
    };
    let before = taken();
    let done = scene.json(&["gc", "--yes"]);
    let stated = done["plan"]["bytes"].as_u64().unwrap();
    assert!(stated > 0, "{done}");
    assert_eq!(done["collected"]["bytes"], done["plan"]["bytes"]);
    // What the build had for itself goes too: its configuration, its record and its stamps.
    let freed = before - taken();
    let own = done["plan"]["builds"][0]["bytes"].as_u64().unwrap();
    assert!(own >= stated && freed >= own && freed < own + 64 * 1024, "{freed} of {stated} and {own}");
}

#[test]
fn what_another_fleet_of_the_same_user_has_built_stays() {
    let scene = Scene::new();
    let (env, first) = (&scene.env, scene.only_build());
    let text = env.fleet().replace("/state\"", "/other\"").replace("name = \"test\"", "name = \"other\"");
    std::fs::write(env.path("other.toml"), text).unwrap();
    let other = |arguments: &[&str]| env.run(&[&["--file", "other.toml"], arguments].concat());
    let applied = other(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");
    scene.second();
    assert_eq!(env.run(&["apply"]).code, 0);
    let done = scene.json(&["gc", "--yes"]);
    assert_eq!(done["collected"]["builds"].as_array().unwrap().len(), 1, "{done}");
    assert_eq!(done["plan"]["store_files"], 0, "the other fleet links every file: {done}");
    assert!(!first.exists());
    let its = env.path("other/made/builds").join(first.file_name().unwrap());
    assert!(std::fs::metadata(its.join("mod/x/version.php")).unwrap().nlink() >= 2, "the store has it");
    let whole = other(&["codebase", "verify", "--rehash"]);
    assert_eq!(whole.code, 0, "{whole}");
    // Damage in the one is healed in the other: they share the file.
    append(&its.join("local/own/lib.php"));
    assert_eq!(scene.run(&["verify"]).code, 3);
    let repaired = other(&["codebase", "verify", "--repair"]);
    assert_eq!(repaired.code, 0, "{repaired}");
    assert_eq!(scene.run(&["verify", "--rehash"]).code, 0);
}

#[test]
fn somebody_at_a_terminal_is_asked() {
    let scene = Scene::new();
    let (env, first) = (&scene.env, scene.only_build());
    scene.second();
    assert_eq!(env.run(&["apply"]).code, 0);
    let answered = |answer: &str| {
        let program = env.command(&[]);
        let line = format!("{} codebase gc", program.get_program().to_str().unwrap());
        let mut command = std::process::Command::new("script");
        command.args(["-qec", &line, "/dev/null"]).current_dir(env.path("")).env_clear();
        command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(answer.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, said) = answered("n\n");
    assert!(code == Some(4) && said.contains("Remove all that? [y/N]") && first.exists(), "{code:?}: {said}");
    let (code, said) = answered("y\n");
    assert!(code == Some(0) && said.contains("Removed 1 build"), "{code:?}: {said}");
    assert!(!first.exists());
}

#[test]
fn downloads_and_imports_that_nobody_used_for_long_go() {
    let scene = Scene::new();
    let env = &scene.env;
    let zip = directory(env, "cache/provost/zip").join("a".repeat(64) + ".zip");
    let catalogue = directory(env, "cache/provost/catalogue").join("pluglist-0123456789abcdef.json");
    for path in [&zip, &catalogue] {
        std::fs::write(path, "0".repeat(2048)).unwrap();
        age(path);
    }
    scene.second();
    assert_eq!(env.run(&["apply"]).code, 0);
    assert_eq!(scene.run(&["build", "HEAD~1:main"]).code, 0);
    // The plugin that is kept with the fleet file came in twice; both builds are there still, so both stay.
    let pins = env.path("cache/provost/git/imported.git/refs/provost");
    let all: Vec<PathBuf> = std::fs::read_dir(&pins).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(all.len(), 2);
    for pin in &all {
        age(pin);
    }
    insta::assert_snapshot!("builds_gc_caches", scene.told(&["gc", "--yes"]));
    assert!(!zip.exists() && !catalogue.exists());
    // Their records went with the build.
    insta::assert_snapshot!("builds_gc_imports", scene.told(&["gc", "--yes"]));
    assert_eq!(std::fs::read_dir(&pins).unwrap().count(), 1);
    assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n");
    assert_eq!(scene.run(&["verify", "--rehash"]).code, 0);
    assert_eq!(scene.run(&["build", "HEAD~1:main"]).code, 0, "what went can be had again");
}

fn age(path: &Path) {
    let then = std::time::SystemTime::now() - std::time::Duration::from_hours(24 * 100);
    std::fs::File::open(path).unwrap().set_modified(then).unwrap();
}

/// What files take on the disk, by device and inode.
fn blocks(directory: &Path, files: &mut BTreeMap<(u64, u64), u64>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let found = std::fs::symlink_metadata(&path).unwrap();
        if found.is_dir() {
            blocks(&path, files);
        } else {
            files.insert((found.dev(), found.ino()), found.blocks() * 512);
        }
    }
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
    assert_eq!(scene.json(&["list"])["builds"][1]["sites"], json!(["hugo"]));
    std::fs::remove_dir_all(site).unwrap();
}

#[test]
fn what_the_kept_copy_of_a_deleted_site_was_made_on_stays() {
    let scene = Scene::new();
    let (env, first) = (&scene.env, scene.only_build());
    scene.second();
    assert_eq!(env.run(&["apply"]).code, 0);
    let copy = directory(env, "state/data/deleted/zola-20261121T120000Z");
    let manifest = json!({
        "schema": 1, "fleet": "f", "site": "zola", "url": "http://zola.localhost", "declared": "", "release": null,
        "tree": first.file_name().unwrap().to_str().unwrap(), "server": "main", "database": "test_zola",
        "made_at": "2026-11-21T12:00:00Z", "keep_until": "2096-12-21T12:00:00Z", "gone_at": "2026-11-21T12:01:00Z",
        "dump": { "engine": "postgresql", "bytes": 1, "sha256": "0", "tables": 1 }, "files": { "count": 0, "bytes": 0, "left_out": [] },
    });
    std::fs::write(copy.join("manifest.json"), manifest.to_string()).unwrap();
    let plan = scene.json(&["gc", "--yes"])["plan"].clone();
    assert!(plan["kept"].to_string().contains("the copy of zola that is kept was made on it"), "{plan}");
    assert!(first.exists());
    // Of a copy that cannot be read nobody knows which build it needs.
    std::fs::write(copy.join("manifest.json"), "{}").unwrap();
    insta::assert_snapshot!("builds_gc_copy_unreadable", scene.told(&["gc", "--yes"]));
    assert!(first.exists());
    std::fs::remove_dir_all(copy).unwrap();
    assert_eq!(scene.run(&["gc", "--yes"]).code, 0);
    assert!(!first.exists());
}

#[test]
fn a_site_that_is_ahead_of_a_lock_that_was_taken_back_is_told_as_that() {
    let scene = Scene::new();
    let env = &scene.env;
    scene.second();
    env.write_fleet(&format!("{}\n[site.hugo]\nurl = \"{}\"\n", env.fleet(), env.url("hugo")));
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");
    git(&env.path(""), &["checkout", "-q", "HEAD~1", "--", "own"]).unwrap();
    insta::assert_snapshot!("builds_back_held", scene.told(&["build", "HEAD~1:main", "--lock"]));
    insta::assert_snapshot!("builds_ahead", told(env, &env.run(&["plan"])));
    // Another site on the same codebase gets what the lock names; the first one stays where it is.
    env.write_fleet(&format!("{}\n[site.zola]\nurl = \"{}\"\n", env.fleet(), env.url("zola")));
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");
    insta::assert_snapshot!("builds_list_sites", scene.told(&["list"]));
    let listed = scene.json(&["list"]);
    let on = |build: usize| {
        (listed["builds"][build]["sites"].clone(), listed["builds"][build]["locked_by"].clone())
    };
    let expected = [(json!(["hugo"]), json!([])), (json!(["zola"]), json!(["main"]))];
    assert_eq!([on(0), on(1)], expected, "{listed}");
    // Without its record, a build is asked itself.
    let record = format!("{}.json", listed["builds"][0]["tree"].as_str().unwrap());
    std::fs::remove_file(env.state().join("made/builds/.records").join(record)).unwrap();
    let held = env.run(&["plan"]);
    assert!(held.stdout.contains("its version of local_own (2024110200 to 2024110100)"), "{held}");
    let gc = scene.run(&["gc", "--yes"]);
    assert_eq!((gc.code, scene.builds().len()), (0, 2), "one is locked, the other one runs: {gc}");
}

fn sorted(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines.join("\n")
}

#[test]
fn builds_of_a_real_moodle_are_repaired_removed_and_made_again() {
    let moodle = Moodle::real();
    if !moodle.is_real() {
        return;
    }
    let env = TestEnv::with_fleet(&moodle, &[]);
    // The starter may have a site.
    let fleet = env.fleet();
    let fleet = fleet.split("\n[site.").next().unwrap().split("[codebase.main.plugins]").next().unwrap();
    let plugin = |version: u64| {
        let text = format!(
            "<?php\n$plugin->component = 'local_own';\n$plugin->version = {version};\n$plugin->requires = 2020061500;\n"
        );
        std::fs::write(directory(&env, "own/local_own").join("version.php"), text).unwrap();
    };
    plugin(2_024_110_100);
    env.write_fleet(&format!(
        "{fleet}\n[codebase.main.plugins]\nlocal_own = {{ path = \"own/local_own\" }}\n"
    ));
    std::fs::write(env.path(".gitignore"), "*\n!fleet.*\n!own\n!own/**\n").unwrap();
    git(&env.path(""), &["init", "-q", "-b", "main"]).unwrap();
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");
    commit(&env.path(""), "one");
    let first = builds(&env).pop().unwrap();
    let top = if first.join("public").is_dir() { first.join("public") } else { first.clone() };
    append(&top.join("mod/forum/lib.php"));
    // Another build has the same file, and with it the damage.
    plugin(2_024_110_200);
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");
    commit(&env.path(""), "two");
    let second = builds(&env).into_iter().find(|build| *build != first).unwrap();
    let shown = top.strip_prefix(&first).unwrap().join("mod/forum/lib.php");
    let damaged = env.run(&["codebase", "verify", "--rehash"]);
    assert_eq!(damaged.code, 3, "{damaged}");
    let named = format!("mod_forum\n    changed  {}", shown.display());
    assert!(damaged.stdout.contains(&named), "{damaged}");
    let repaired = env.run(&["codebase", "verify", "--rehash", "--repair"]);
    assert_eq!(repaired.code, 0, "{repaired}");
    let diff = env.run(&["codebase", "diff", "HEAD~1:main", "main", "--files"]);
    assert!(diff.stdout.contains("local_own: 0 added, 0 removed, 1 changed"), "{diff}");
    assert!(!diff.stdout.contains("moodle:"), "{diff}");
    let collected = env.run(&["codebase", "gc", "--yes"]);
    assert_eq!(collected.code, 0, "{collected}");
    assert!(!first.exists() && second.exists());
    let built = env.run(&["codebase", "build", "HEAD~1:main"]);
    assert_eq!(built.code, 0, "{built}");
    assert!(first.exists(), "by the same tree id: {built}");
    let clean = env.run(&["codebase", "verify", "--rehash"]);
    assert_eq!(clean.code, 0, "{clean}");
}
