use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use camino::Utf8PathBuf;
use fs_err as fs;

use super::*;
use crate::build::scene::{Scene, open};

/// `path: component: what`, one line each.
fn told(verified: &Verified) -> String {
    let line = |damage: &Damage| {
        let component = damage.component.as_deref().unwrap_or("-");
        format!("{}: {component}: {}\n", damage.path, serde_json::to_string(&damage.what).unwrap())
    };
    verified.damaged.iter().map(line).collect()
}

async fn look(scene: &Scene, depth: Depth) -> Verified {
    verify(&scene.place.cx, scene.tree, depth).await.unwrap()
}

async fn tells(scene: &Scene) -> String {
    told(&look(scene, Depth::Quick).await)
}

#[tokio::test]
async fn a_new_build_is_as_it_should_be() {
    let scene = Scene::new().await;
    for depth in [Depth::Quick, Depth::Rehash] {
        let verified = look(&scene, depth).await;
        assert_eq!((told(&verified).as_str(), verified.files, verified.depth), ("", 9, depth));
    }
}

#[tokio::test]
async fn every_damage_is_named_with_its_plugin() {
    let scene = Scene::new().await;
    let at = |path: &str| scene.build.join(path);
    open(&scene.build);
    // In place, through the link; with its time set back, which only reading can show.
    let write = |path: &str, text: &str| {
        fs::set_permissions(at(path), std::fs::Permissions::from_mode(0o644)).unwrap();
        fs::write(at(path), text).unwrap();
        fs::set_permissions(at(path), std::fs::Permissions::from_mode(0o444)).unwrap();
    };
    write("mod/x/version.php", "<?php // changed");
    write("lib/moodlelib.php", "<?php // LIB\r\n");
    fs::File::open(at("lib/moodlelib.php")).unwrap().set_modified(crate::store::modified()).unwrap();
    // Replaced by one of the same content, time and mode.
    let text = fs::read(at("version.php")).unwrap();
    fs::remove_file(at("version.php")).unwrap();
    fs::write(at("new"), &text).unwrap();
    fs::rename(at("new"), at("version.php")).unwrap();
    fs::File::open(at("version.php")).unwrap().set_modified(crate::store::modified()).unwrap();
    fs::set_permissions(at("version.php"), std::fs::Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(at("admin/cli/cron.php"), std::fs::Permissions::from_mode(0o777)).unwrap();
    fs::remove_dir_all(at("mod/quiz/db")).unwrap();
    fs::remove_file(at("mod/quiz/version.php")).unwrap();
    fs::create_dir(at("mod/quiz/version.php")).unwrap();
    fs::create_dir(at("mod/y")).unwrap();
    fs::write(at("mod/y/a"), "").unwrap();
    fs::write(at("mod/x/b"), "").unwrap();
    fs::remove_file(at("mod/x/a/link")).unwrap();
    symlink("/etc/passwd", at("mod/x/a/link")).unwrap();
    fs::write(at("config.php"), "<?php // mine").unwrap();
    scene.seal();
    fs::set_permissions(at("lib"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let quick = "\
        admin/cli/cron.php: moodle: {\"changed\":[\"mode\"]}\n\
        config.php: -: {\"changed\":[\"content\"]}\n\
        lib: moodle: {\"changed\":[\"mode\"]}\n\
        mod/quiz/db/subplugins.json: mod_quiz: \"missing\"\n\
        mod/quiz/version.php: mod_quiz: \"type\"\n\
        mod/x/a/link: mod_x: {\"changed\":[\"content\"]}\n\
        mod/x/b: mod_x: \"extra\"\n\
        mod/x/version.php: mod_x: {\"changed\":[\"size\",\"time\"]}\n\
        mod/y: moodle: \"extra\"\n\
        mod/y/a: moodle: \"extra\"\n\
        version.php: moodle: {\"changed\":[\"inode\"]}\n";
    assert_eq!(tells(&scene).await, quick);
    let rehashed = told(&look(&scene, Depth::Rehash).await);
    let expected = quick
        .replace(
            "lib: moodle: {\"changed\":[\"mode\"]}\n",
            "lib: moodle: {\"changed\":[\"mode\"]}\nlib/moodlelib.php: moodle: {\"changed\":[\"content\"]}\n",
        )
        .replace("[\"size\",\"time\"]", "[\"size\",\"time\",\"content\"]");
    assert_eq!(rehashed, expected);
}

#[tokio::test]
async fn a_directory_behind_a_symlink_is_not_the_directory() {
    let scene = Scene::new().await;
    open(&scene.build);
    let aside = scene.place.root.join("quiz");
    fs::rename(scene.build.join("mod/quiz"), &aside).unwrap();
    symlink(&aside, scene.build.join("mod/quiz")).unwrap();
    scene.seal();
    assert_eq!(
        tells(&scene).await,
        "mod/quiz: mod_quiz: \"type\"\nmod/quiz/db/subplugins.json: mod_quiz: \"missing\"\nmod/quiz/version.php: mod_quiz: \"missing\"\n"
    );
}

#[tokio::test]
async fn a_build_whose_files_are_not_on_record_is_read_once() {
    let scene = Scene::new().await;
    let record = crate::build::stamps::path(&scene.place.cx.paths.builds(), scene.tree);
    fs::write(&record, "torn by a power cut").unwrap();
    assert_eq!(look(&scene, Depth::Quick).await.depth, Depth::Rehash);
    assert_eq!(look(&scene, Depth::Quick).await.depth, Depth::Quick);
    // Put back from a backup: all inodes are others, and nothing is wrong.
    let copy = |name: &str| -> Utf8PathBuf { scene.build.with_file_name(name) };
    let copied =
        std::process::Command::new("cp").args(["-a", scene.build.as_str(), copy("copy").as_str()]).status();
    assert!(copied.unwrap().success());
    fs::rename(&scene.build, copy("old")).unwrap();
    fs::rename(copy("copy"), &scene.build).unwrap();
    let inode = |path: Utf8PathBuf| fs::metadata(path).unwrap().ino();
    assert_ne!(inode(scene.build.join("version.php")), inode(copy("old").join("version.php")));
    for depth in [Depth::Rehash, Depth::Quick] {
        let verified = look(&scene, Depth::Quick).await;
        assert_eq!((told(&verified).as_str(), verified.depth), ("", depth));
    }
}

#[tokio::test]
async fn the_list_of_files_comes_from_git_if_the_store_is_lost() {
    let scene = Scene::new().await;
    fs::remove_dir_all(scene.place.cx.paths.store().join("trees")).unwrap();
    fs::create_dir(scene.place.cx.paths.store().join("trees")).unwrap();
    assert_eq!(tells(&scene).await, "");
    fs::remove_dir_all(scene.place.cx.paths.store().join("trees")).unwrap();
    fs::remove_file(scene.place.cx.paths.builds().join(format!(".records/{}.json", scene.tree))).unwrap();
    let error = verify(&scene.place.cx, scene.tree, Depth::Quick).await.unwrap_err();
    assert!(matches!(error, BuildError::NoListing(_)), "{error}");
}

#[tokio::test]
async fn a_cancelled_look_ends() {
    let scene = Scene::new().await;
    scene.place.cx.cancel.cancel();
    let error = verify(&scene.place.cx, scene.tree, Depth::Rehash).await.unwrap_err();
    assert!(error.is_cancelled(), "{error}");
}
