use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use fs_err as fs;
use proptest::prelude::*;

use super::*;
use crate::build::scene::{Scene, assemble, open, resolve};
use crate::build::{Depth, verify};
use crate::testing::Place;

async fn look(place: &Place, tree: ObjectId, depth: Depth) -> Verified {
    verify(&place.cx, tree, depth).await.unwrap()
}

async fn mend(scene: &Scene, depth: Depth) -> Repaired {
    let found = look(&scene.place, scene.tree, depth).await;
    repair(&scene.place.cx, &found).await.unwrap()
}

/// Writes to a file as somebody would who may: through the link.
fn edit(path: &Utf8Path, text: &str, hide: bool) {
    let mode = fs::metadata(path).unwrap().permissions();
    fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(path, text).unwrap();
    if hide {
        fs::File::open(path).unwrap().set_modified(crate::store::modified()).unwrap();
    }
    fs::set_permissions(path, mode).unwrap();
}

fn inode(path: &Utf8Path) -> u64 {
    fs::metadata(path).unwrap().ino()
}

#[tokio::test]
async fn an_edit_in_place_is_healed_in_every_build_of_every_fleet() {
    let scene = Scene::new().await;
    let plain = assemble(&scene.place, &resolve(&scene.place, &scene.moodle, None, "plain").await).await;
    // Another fleet with the same store.
    let mut other = scene.place.cx.clone();
    let mut paths = (*other.paths).clone();
    paths.state = scene.place.root.join("other");
    other.paths = Arc::new(paths);
    let recipe = Recipe::try_from(&scene.origin.locked).unwrap();
    crate::build::assemble(&other, &crate::build::scene::step(), &recipe).await.unwrap();
    let file = "lib/moodlelib.php";
    let builds = [
        scene.build.clone(),
        scene.place.cx.paths.build(&plain.to_string()),
        other.paths.build(&scene.tree.to_string()),
    ];
    let before = inode(&builds[0].join(file));
    edit(&builds[0].join(file), "<?php // malice", false);
    for build in &builds {
        assert_eq!(fs::read_to_string(build.join(file)).unwrap(), "<?php // malice");
    }
    let done = mend(&scene, Depth::Quick).await;
    assert_eq!((done.healed.len(), done.replaced), (1, vec![file.to_owned()]));
    let others: Vec<_> = done.others.iter().map(|one| (one.build.clone(), one.files.clone())).collect();
    let mut expected =
        vec![(builds[1].clone(), vec![file.to_owned()]), (builds[2].clone(), vec![file.to_owned()])];
    expected.sort_by_key(|(build, _)| !build.starts_with(&other.paths.state));
    assert_eq!(others, expected);
    assert!(done.left.damaged.is_empty());
    let after = inode(&builds[0].join(file));
    assert_ne!(before, after);
    for build in &builds {
        assert_eq!(fs::read_to_string(build.join(file)).unwrap(), "<?php // lib\r\n");
        assert_eq!(inode(&build.join(file)), after);
        assert_eq!(fs::metadata(build.join("lib")).unwrap().permissions().mode() & 0o7777, 0o555);
        assert_eq!(fs::metadata(build).unwrap().permissions().mode() & 0o7777, 0o555);
    }
    for depth in [Depth::Quick, Depth::Rehash] {
        assert!(look(&scene.place, plain, depth).await.damaged.is_empty());
        assert!(verify(&other, scene.tree, depth).await.unwrap().damaged.is_empty());
    }
}

#[tokio::test]
async fn a_wrong_mode_or_time_is_put_right_where_it_is() {
    let scene = Scene::new().await;
    let file = scene.build.join("version.php");
    let before = inode(&file);
    fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).unwrap();
    fs::File::open(&file).unwrap().set_modified(std::time::SystemTime::now()).unwrap();
    fs::set_permissions(scene.build.join("lib"), std::fs::Permissions::from_mode(0o777)).unwrap();
    let done = mend(&scene, Depth::Quick).await;
    assert_eq!((done.healed.len(), done.put_right.len(), done.others.len()), (0, 1, 0));
    assert!(done.left.damaged.is_empty());
    assert_eq!(inode(&file), before);
}

#[tokio::test]
async fn what_was_left_unfinished_is_finished() {
    let scene = Scene::new().await;
    // Killed between the link and the rename: directories open, a name left over.
    open(&scene.build);
    fs::hard_link(scene.build.join("version.php"), scene.build.join("mod/quiz/.provost-mend-1-0")).unwrap();
    super::super::refresh_hook(&scene.build).unwrap();
    assert!(look(&scene.place, scene.tree, Depth::Quick).await.damaged.is_empty());
}

#[tokio::test]
async fn what_cannot_be_had_again_is_said() {
    let scene = Scene::new().await;
    edit(&scene.build.join("version.php"), "x", false);
    fs::remove_dir_all(&scene.moodle.path).unwrap();
    let found = look(&scene.place, scene.tree, Depth::Quick).await;
    repair(&scene.place.cx, &found).await.unwrap_err();
    let again = look(&scene.place, scene.tree, Depth::Quick).await;
    assert_eq!(again.damaged, found.damaged, "nothing was made worse");
    fs::remove_file(scene.place.cx.paths.builds().join(format!(".records/{}.json", scene.tree))).unwrap();
    let error = repair(&scene.place.cx, &found).await.unwrap_err();
    assert!(matches!(error, BuildError::NoOrigin(_)), "{error}");
}

/// One thing that somebody does to a build.
#[derive(Debug, Clone, Copy)]
enum Act {
    Edit,
    /// With the old time set again.
    EditUnseen,
    Replace,
    Remove,
    Mode,
    Touch,
    Directory,
    Link,
}

const ACTS: [Act; 8] =
    [Act::Edit, Act::EditUnseen, Act::Replace, Act::Remove, Act::Mode, Act::Touch, Act::Directory, Act::Link];

const FILES: [&str; 8] = [
    "version.php",
    "lib/components.json",
    "lib/moodlelib.php",
    "admin/cli/cron.php",
    "mod/quiz/version.php",
    "mod/quiz/db/subplugins.json",
    "mod/x/version.php",
    "mod/x/run",
];

fn damage(file: &Utf8Path, act: Act) {
    match act {
        Act::Edit => edit(file, "edited in place", false),
        Act::EditUnseen => edit(file, "edited in place", true),
        Act::Mode => fs::set_permissions(file, std::fs::Permissions::from_mode(0o640)).unwrap(),
        Act::Touch => {
            fs::File::open(file).unwrap().set_modified(std::time::SystemTime::now()).unwrap();
        }
        _ => fs::remove_file(file).unwrap(),
    }
    match act {
        Act::Replace => fs::write(file, "another file").unwrap(),
        Act::Directory => {
            fs::create_dir(file).unwrap();
            fs::write(file.join("in"), "it").unwrap();
        }
        Act::Link => symlink("/etc/passwd", file).unwrap(),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Whatever is done to a build, a look names exactly that, a repair makes it what it was, and a second look is clean.
    #[test]
    fn random_damage_is_found_and_repaired(
        acts in proptest::collection::btree_map(0..FILES.len(), 0..ACTS.len(), 0..6),
        extra in proptest::collection::btree_set("[a-c]{1,2}", 0..3),
        rehash: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let scene = Scene::new().await;
            let other = assemble(&scene.place, &resolve(&scene.place, &scene.moodle, None, "b").await).await;
            open(&scene.build);
            let mut expected: Vec<String> = Vec::new();
            for (file, act) in &acts {
                damage(&scene.build.join(FILES[*file]), ACTS[*act]);
                expected.push(FILES[*file].to_owned());
                if matches!(ACTS[*act], Act::Directory) {
                    expected.push(format!("{}/in", FILES[*file]));
                }
            }
            for name in &extra {
                fs::create_dir(scene.build.join("mod").join(name)).unwrap();
                fs::write(scene.build.join("mod").join(name).join("f"), "extra").unwrap();
                expected.extend([format!("mod/{name}"), format!("mod/{name}/f")]);
            }
            scene.seal();
            let depth = if rehash { Depth::Rehash } else { Depth::Quick };
            let found = look(&scene.place, scene.tree, depth).await;
            let mut named: Vec<_> = found.damaged.iter().map(|damage| damage.path.clone()).collect();
            named.sort();
            expected.sort();
            prop_assert_eq!(named, expected);
            let done = repair(&scene.place.cx, &found).await.unwrap();
            prop_assert_eq!(done.left.damaged, vec![]);
            for tree in [scene.tree, other] {
                for depth in [Depth::Quick, Depth::Rehash] {
                    prop_assert_eq!(look(&scene.place, tree, depth).await.damaged, vec![]);
                }
            }
            Ok(())
        })?;
    }
}
