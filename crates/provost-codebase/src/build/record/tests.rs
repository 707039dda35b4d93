use super::*;
use crate::build::scene::{Scene, assemble, resolve};
use crate::build::{diff_files, read_versions};

#[tokio::test]
async fn a_build_knows_what_it_is_made_of_and_for_whom() {
    let scene = Scene::new().await;
    let builds = scene.place.cx.paths.builds();
    let record = read_record(&builds, scene.tree).unwrap();
    assert_eq!(record.locked.as_ref(), Some(&scene.origin.locked));
    assert_eq!(record.names, scene.origin.names);
    // Another codebase comes to the same tree: once through an assembly that finds it there, once without one.
    let named = |name: &str| Origin { names: [name.parse().unwrap()].into(), ..scene.origin.clone() };
    assemble(&scene.place, &named("next")).await;
    note_use(&scene.place.cx, &named("third")).await.unwrap();
    note_use(&scene.place.cx, &named("third")).await.unwrap();
    let after = read_record(&builds, scene.tree).unwrap();
    assert_eq!(after.names.iter().map(ToString::to_string).collect::<Vec<_>>(), ["lts", "next", "third"]);
    assert_eq!(after.made_at, record.made_at);
}

#[tokio::test]
async fn builds_without_a_record_are_listed_by_their_files() {
    let scene = Scene::new().await;
    let builds = scene.place.cx.paths.builds();
    fs::remove_dir_all(builds.join(RECORDS)).unwrap();
    fs::create_dir(builds.join(ObjectId::new([1; 20]).to_string())).unwrap();
    let listed = list_builds(&builds).unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0].moodle, None);
    let own = &listed.iter().find(|one| one.tree == scene.tree).unwrap();
    assert_eq!((own.record.as_ref(), own.moodle.as_ref().unwrap().branch.as_str()), (None, "500"));
    note_use(&scene.place.cx, &scene.origin).await.unwrap();
    assert!(read_record(&builds, scene.tree).is_some_and(|record| record.made_at.ends_with('Z')));
    let absent = ObjectId::new([2; 20]);
    let mut elsewhere = scene.origin.clone();
    elsewhere.locked.tree = absent.to_string();
    note_use(&scene.place.cx, &elsewhere).await.unwrap();
    assert_eq!(read_record(&builds, absent), None, "there is no such build");
}

#[tokio::test]
async fn a_record_of_a_later_provost_is_read_as_far_as_it_goes() {
    let scene = Scene::new().await;
    let builds = scene.place.cx.paths.builds();
    let path = path(&builds, scene.tree);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"moodle\":", "\"later\": 1, \"moodle\":")).unwrap();
    let record = read_record(&builds, scene.tree).unwrap();
    assert_eq!((record.locked, record.names), (None, scene.origin.names.clone()));
    fs::write(&path, "torn").unwrap();
    assert_eq!(read_record(&builds, scene.tree), None);
    assert_eq!(assemble(&scene.place, &scene.origin).await, scene.tree);
    assert!(read_record(&builds, scene.tree).is_some(), "the next assembly writes it anew");
}

#[tokio::test]
async fn builds_are_compared_as_files_and_as_versions() {
    let scene = Scene::new().await;
    let plain = assemble(&scene.place, &resolve(&scene.place, &scene.moodle, None, "plain").await).await;
    let diff = diff_files(&scene.place.cx, plain, scene.tree).await.unwrap();
    assert_eq!(diff.added, ["mod/x/a/link", "mod/x/run", "mod/x/version.php"]);
    assert_eq!((diff.removed.len(), diff.changed.len()), (0, 0));
    let back = diff_files(&scene.place.cx, scene.tree, plain).await.unwrap();
    assert_eq!((back.removed, back.added.len()), (diff.added, 0));
    let versions = read_versions(&scene.place.cx, scene.tree).await.unwrap();
    let plugins: Vec<_> =
        versions.plugins.iter().map(|(name, version)| format!("{name} {version}")).collect();
    assert_eq!(plugins, ["mod_quiz 2025041400", "mod_x 2026010100"]);
    assert_eq!(versions.moodle.unwrap().branch, "500");
}
