use std::collections::BTreeSet;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use provost_engine::plan::Subject;

use super::leftovers::lock_path;
use super::links::stays_inside;
use super::*;
use crate::git::Source;
use crate::object::ObjectId;
use crate::testing::{MOODLE, Place, Repository, chain, git, version_php};

fn step() -> provost_engine::plan::StepId {
    Subject::new("build", &"lts".parse().unwrap()).step("assemble")
}

fn part(repository: &Repository, path: &str) -> Part {
    let source = Source::parse(repository.path.as_str()).unwrap();
    Part { source, commit: repository.head(), reference: None, path: path.to_owned() }
}

/// The tree id by git itself, of an index with the same content.
fn tree_by_git(place: &Place, parts: &[(&Repository, &str)]) -> ObjectId {
    let judge = place.root.join("judge");
    fs::create_dir_all(&judge).unwrap();
    git(&judge, &["init", "--quiet"]);
    git(&judge, &["read-tree", "--empty"]);
    for (repository, path) in parts {
        git(&judge, &["fetch", "--quiet", repository.path.as_str(), "HEAD"]);
        if path.is_empty() {
            git(&judge, &["read-tree", "FETCH_HEAD"]);
        } else {
            git(&judge, &["rm", "-r", "-q", "--cached", "--ignore-unmatch", path]);
            git(&judge, &["read-tree", &format!("--prefix={path}/"), "FETCH_HEAD"]);
        }
    }
    git(&judge, &["write-tree"]).parse().unwrap()
}

fn recipe(place: &Place, parts: &[(&Repository, &str)]) -> Recipe {
    let tree = tree_by_git(place, parts);
    Recipe::new(tree, parts.iter().map(|(repository, path)| part(repository, path)).collect())
}

/// Everything below a directory: path, mode, content.
fn all(directory: &Utf8Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in next.read_dir_utf8().unwrap() {
            let path = entry.unwrap().into_path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let name = path.strip_prefix(directory).unwrap();
            let mode = metadata.permissions().mode() & 0o7777;
            if metadata.is_symlink() {
                found.insert(format!("{name} -> {}", fs::read_link(&path).unwrap().display()));
            } else if metadata.is_dir() {
                found.insert(format!("{name}/ {mode:o}"));
                waiting.push(path);
            } else {
                found.insert(format!("{name} {mode:o} {}", metadata.len()));
            }
        }
    }
    found
}

fn names(directory: &Utf8Path) -> Vec<String> {
    let mut names: Vec<_> =
        directory.read_dir_utf8().unwrap().map(|entry| entry.unwrap().file_name().to_owned()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_build_is_exactly_its_tree_and_read_only() {
    let place = Place::new();
    let moodle = place.repository("moodle", &MOODLE);
    let plugin = place.repository(
        "plugin",
        &[
            ("version.php", &version_php("mod_x", "")),
            ("cli/run.sh*", "#!/bin/sh\n"),
            ("a/b/link@", "../../version.php"),
        ],
    );
    let recipe = recipe(&place, &[(&moodle, ""), (&plugin, "mod/x")]);
    let made = assemble(&place.cx, &step(), &recipe).await.unwrap();
    assert_eq!((made.files, made.imported, made.was_there), (9, 9, false));
    assert_eq!(made.path, place.cx.paths.build(&recipe.tree.to_string()));
    let hook = provost_moodle::config_hook::config_php(&made.path).len();
    let listed = all(&made.path).into_iter().collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(listed.replace(&format!("444 {hook}"), "444 HOOK"), @"
    admin/ 555
    admin/cli/ 555
    admin/cli/cron.php 555 14
    config.php 444 HOOK
    lib/ 555
    lib/components.json 444 72
    lib/moodlelib.php 444 14
    mod/ 555
    mod/quiz/ 555
    mod/quiz/db/ 555
    mod/quiz/db/subplugins.json 444 48
    mod/quiz/version.php 444 70
    mod/x/ 555
    mod/x/a/ 555
    mod/x/a/b/ 555
    mod/x/a/b/link -> ../../version.php
    mod/x/cli/ 555
    mod/x/cli/run.sh 555 10
    mod/x/version.php 444 92
    version.php 444 114
    ");
    assert_eq!(fs::metadata(&made.path).unwrap().permissions().mode() & 0o7777, 0o555);
    assert_eq!(
        fs::read(made.path.join("lib/moodlelib.php")).unwrap(),
        b"<?php // lib\r\n",
        "bytes are not converted"
    );
    assert!(fs::metadata(made.path.join("version.php")).unwrap().mtime() > 0);
    assert!(fs::metadata(made.path.join("config.php")).unwrap().mtime() > 0);
    assert_eq!(
        names(&place.cx.paths.builds()),
        [".locks".to_owned(), ".records".to_owned(), recipe.tree.to_string()]
    );
    let seen = verify_shallow(&made.path).unwrap();
    assert_eq!(seen, Shallow::Build { hook: Hook::Current, sealed: true });
}

#[tokio::test]
async fn php_files_are_counted_in_the_kept_list_or_in_the_build() {
    let place = Place::new();
    let moodle = place.repository("moodle", &MOODLE);
    let recipe = recipe(&place, &[(&moodle, "")]);
    let tree = recipe.tree.to_string();
    let paths = &place.cx.paths;
    assert_eq!(php_files(paths, &tree), None);
    let made = assemble(&place.cx, &step(), &recipe).await.unwrap();
    let there = all(&made.path).iter().filter(|line| line.contains(".php ")).count();
    assert_eq!(php_files(paths, &tree), u32::try_from(there).ok());
    fs::remove_dir_all(paths.store()).unwrap();
    assert_eq!(php_files(paths, &tree), u32::try_from(there).ok(), "also when the store is lost");
}

#[tokio::test]
async fn a_second_build_needs_no_repository() {
    let place = Place::new();
    let moodle = place.repository("moodle", &MOODLE);
    let recipe = recipe(&place, &[(&moodle, "")]);
    let first = assemble(&place.cx, &step(), &recipe).await.unwrap();
    let before = all(&first.path);
    let again = assemble(&place.cx, &step(), &recipe).await.unwrap();
    assert!(again.was_there);
    remove_build(&first.path).unwrap();
    fs::remove_dir_all(&moodle.path).unwrap();
    let warm = assemble(&place.cx, &step(), &recipe).await.unwrap();
    assert_eq!((warm.imported, warm.was_there), (0, false));
    assert_eq!(all(&warm.path), before);
}

#[tokio::test]
async fn two_builds_share_their_files() {
    let place = Place::new();
    let moodle = place.repository("moodle", &MOODLE);
    let plugin = place.repository("plugin", &[("version.php", &version_php("mod_x", ""))]);
    let first = assemble(&place.cx, &step(), &recipe(&place, &[(&moodle, "")])).await.unwrap();
    let recipe = recipe(&place, &[(&moodle, ""), (&plugin, "mod/x")]);
    let second = assemble(&place.cx, &step(), &recipe).await.unwrap();
    assert_eq!(second.imported, 1, "only what is new comes from git");
    let inode = |build: &Utf8Path| fs::metadata(build.join("lib/moodlelib.php")).unwrap().ino();
    assert_eq!(inode(&first.path), inode(&second.path));
}

#[tokio::test]
async fn leftovers_are_removed_unless_somebody_is_at_work() {
    let place = Place::new();
    let moodle = place.repository("moodle", &MOODLE);
    let recipe = recipe(&place, &[(&moodle, "")]);
    let builds = place.cx.paths.builds();
    let other: ObjectId = "1234567890123456789012345678901234567890".parse().unwrap();
    let busy: ObjectId = "abcdefabcdefabcdefabcdefabcdefabcdefabcd".parse().unwrap();
    for tree in [recipe.tree, other, busy] {
        let left = builds.join(format!(".assembling-{tree}-1/mod/x"));
        fs::create_dir_all(&left).unwrap();
        fs::write(left.join("a"), "").unwrap();
        fs::set_permissions(&left, std::fs::Permissions::from_mode(0o555)).unwrap();
        assert!(has_leftover(&builds, tree).unwrap());
    }
    let _at_work = crate::flock::Flock::try_take(&lock_path(&builds, busy)).unwrap().unwrap();
    assemble(&place.cx, &step(), &recipe).await.unwrap();
    assert!(!has_leftover(&builds, recipe.tree).unwrap());
    assert!(!has_leftover(&builds, other).unwrap());
    assert!(has_leftover(&builds, busy).unwrap());
}

/// What a kill leaves goes with the next build, also when that one has nothing to bring from git.
#[tokio::test]
async fn half_written_listings_and_records_go_with_the_next_build() {
    let place = Place::new();
    let moodle = place.repository("moodle", &MOODLE);
    let recipe = recipe(&place, &[(&moodle, "")]);
    let first = assemble(&place.cx, &step(), &recipe).await.unwrap();
    crate::build::remove_build(&first.path).unwrap();
    let left = [
        place.cx.paths.store().join(format!("trees/.{}.4194305-1.new", recipe.tree)),
        place.cx.paths.store().join("fleets/.abc.4194305-2.new"),
        place.cx.paths.builds().join(format!(".records/.{}.json.4194305-3.new", recipe.tree)),
    ];
    for path in &left {
        fs::write(path, "").unwrap();
    }
    let second = assemble(&place.cx, &step(), &recipe).await.unwrap();
    assert_eq!((second.imported, second.was_there), (0, false));
    assert!(left.iter().all(|path| !path.exists()), "{left:?}");
}

async fn fails(place: &Place, recipe: &Recipe) -> String {
    let error = assemble(&place.cx, &step(), recipe).await.unwrap_err();
    let left: Vec<_> = names(&place.cx.paths.builds())
        .into_iter()
        .filter(|name| !matches!(name.as_str(), ".locks" | ".records"))
        .collect();
    assert_eq!(left, Vec::<String>::new(), "nothing is left behind");
    chain(place, &error)
}

#[tokio::test]
async fn trees_that_cannot_be_builds_are_refused() {
    let place = Place::new();
    let own = place.repository("own", &[("version.php", ""), ("config.php", "<?php")]);
    insta::assert_snapshot!(fails(&place, &recipe(&place, &[(&own, "")])).await, @"the tree has a `config.php` of its own, where every build has Provost's");
    let link = place.repository("link", &[("version.php", ""), ("a/out@", "../../etc/passwd")]);
    insta::assert_snapshot!(fails(&place, &recipe(&place, &[(&link, "")])).await, @"the symlink `a/out` leads to `../../etc/passwd`, which is not inside the build");
    let moodle = place.repository("moodle", &MOODLE);
    let parts = vec![part(&moodle, ""), part(&link, "version.php/x")];
    insta::assert_snapshot!(fails(&place, &Recipe::new(moodle.head(), parts)).await, @"`version.php` is a file, so no plugin can be put there");
    let other: ObjectId = "1234567890123456789012345678901234567890".parse().unwrap();
    let told = fails(&place, &Recipe::new(other, vec![part(&moodle, "")])).await;
    assert!(told.ends_with(&format!(", but the lock says {other}")), "{told}");
}

#[test]
fn symlinks_stay_inside_or_are_refused() {
    for (path, target) in [("a/b/l", "../../c"), ("l", "a/b"), ("a/l", "x"), ("a/l", ".."), ("a/l", ".")] {
        assert!(stays_inside(path.as_bytes(), target.as_bytes()), "{path} {target}");
    }
    for (path, target) in
        [("l", "../x"), ("a/l", "../../x"), ("l", "/etc"), ("l", ""), ("a/b/l", "d/../../x"), ("l", "a/..")]
    {
        assert!(!stays_inside(path.as_bytes(), target.as_bytes()), "{path} {target}");
    }
}

#[tokio::test]
async fn a_cancelled_assembly_leaves_nothing() {
    let place = Place::new();
    let moodle = place.repository("moodle", &MOODLE);
    let recipe = recipe(&place, &[(&moodle, "")]);
    assemble(&place.cx, &step(), &recipe).await.unwrap();
    remove_build(&place.cx.paths.build(&recipe.tree.to_string())).unwrap();
    place.cx.cancel.cancel();
    let error = assemble(&place.cx, &step(), &recipe).await.unwrap_err();
    assert!(error.is_cancelled(), "{error:?}");
    let left: Vec<_> = names(&place.cx.paths.builds())
        .into_iter()
        .filter(|name| !matches!(name.as_str(), ".locks" | ".records"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

#[tokio::test]
async fn a_repository_that_lacks_an_object_is_said_to_be_damaged() {
    let place = Place::new();
    let moodle = place.repository("moodle", &MOODLE);
    let recipe = recipe(&place, &[(&moodle, "")]);
    let blob = moodle.git(&["rev-parse", "HEAD:lib/moodlelib.php"]);
    fs::remove_file(moodle.path.join(".git/objects").join(&blob[..2]).join(&blob[2..])).unwrap();
    let told = fails(&place, &recipe).await;
    assert_eq!(
        told,
        format!("the git repository ROOT/repositories/moodle is damaged: object {blob} is missing")
    );
}

#[tokio::test]
async fn a_damaged_cache_is_fetched_again() {
    let place = Place::new();
    let moodle = place.repository("moodle", &MOODLE);
    let mut recipe = recipe(&place, &[(&moodle, "")]);
    recipe.parts[0].source = Source::parse(&moodle.url()).unwrap();
    let git_program = crate::git::Git::find(&place.cx).await.unwrap();
    git_program.fetch(&recipe.parts[0].source, moodle.head(), None).await.unwrap();
    let cache = git_program.repository(&recipe.parts[0].source);
    // Loosen the pack, then lose one object of it.
    let pack = cache.join("objects/pack");
    let packed = names(&pack).into_iter().find(|name| name.ends_with(".pack")).map(|name| pack.join(name));
    if let Some(packed) = packed {
        let aside = place.root.join("aside.pack");
        fs::rename(&packed, &aside).unwrap();
        fs::remove_dir_all(&pack).unwrap();
        let unpack = format!("git -C {cache} unpack-objects -q < {aside}");
        assert!(std::process::Command::new("sh").args(["-c", &unpack]).status().unwrap().success());
    }
    let blob = moodle.git(&["rev-parse", "HEAD:lib/moodlelib.php"]);
    fs::remove_file(cache.join("objects").join(&blob[..2]).join(&blob[2..])).unwrap();
    let made = assemble(&place.cx, &step(), &recipe).await.unwrap();
    assert!(made.path.join("lib/moodlelib.php").is_file());
}

#[tokio::test]
async fn another_config_php_is_replaced() {
    let place = Place::new();
    let moodle = place.repository("moodle", &MOODLE);
    let made = assemble(&place.cx, &step(), &recipe(&place, &[(&moodle, "")])).await.unwrap();
    let open = |mode| fs::set_permissions(&made.path, std::fs::Permissions::from_mode(mode)).unwrap();
    open(0o755);
    fs::remove_file(made.path.join("config.php")).unwrap();
    assert_eq!(verify_shallow(&made.path).unwrap(), Shallow::Build { hook: Hook::Missing, sealed: false });
    fs::write(made.path.join("config.php"), "<?php // older").unwrap();
    open(0o555);
    assert_eq!(verify_shallow(&made.path).unwrap(), Shallow::Build { hook: Hook::Other, sealed: true });
    refresh_hook(&made.path).unwrap();
    assert_eq!(verify_shallow(&made.path).unwrap(), Shallow::Build { hook: Hook::Current, sealed: true });
}

#[test]
fn other_things_are_not_builds() {
    let place = Place::new();
    let at = |name: &str| -> Utf8PathBuf { place.root.join(name) };
    fs::write(at("file"), "").unwrap();
    fs::create_dir(at("directory")).unwrap();
    std::os::unix::fs::symlink("directory", at("link")).unwrap();
    for (name, what) in
        [("file", "a file"), ("link", "a symlink"), ("directory", "a directory without a Moodle")]
    {
        let seen = verify_shallow(&at(name)).unwrap();
        assert_eq!(seen, Shallow::Foreign(format!("{what} is where the build should be")));
    }
    assert_eq!(verify_shallow(&at("nothing")).unwrap(), Shallow::Nothing);
    remove_build(&at("nothing")).unwrap();
}
