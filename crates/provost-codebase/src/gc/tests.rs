use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt as _, symlink};

use camino::Utf8Path;
use fs_err as fs;

use super::*;
use crate::build::scene::{Scene, assemble, resolve, step};
use crate::build::{Depth, Recipe, list_builds, verify};
use crate::flock::Flock;
use crate::object::ObjectId;
use crate::store::Store;

fn needed(trees: &[ObjectId]) -> BTreeMap<ObjectId, String> {
    trees.iter().map(|tree| (*tree, "the lock names it".to_owned())).collect()
}

fn count(directory: &Utf8Path) -> usize {
    let all = directory.read_dir_utf8().unwrap().map(|entry| entry.unwrap());
    all.map(|entry| if entry.file_type().unwrap().is_dir() { count(entry.path()) } else { 1 }).sum()
}

async fn plan(scene: &Scene, trees: &[ObjectId]) -> GcPlan {
    gc_plan(&scene.place.cx, &needed(trees)).await.unwrap()
}

#[tokio::test]
async fn what_is_needed_stays_and_the_rest_goes() {
    let scene = Scene::new().await;
    let (cx, builds) = (&scene.place.cx, scene.place.cx.paths.builds());
    let plain = assemble(&scene.place, &resolve(&scene.place, &scene.moodle, None, "plain").await).await;
    let blobs = cx.paths.store().join("blobs");
    let all = count(&blobs);
    assert!(plan(&scene, &[scene.tree, plain]).await.is_empty());
    // What only the plugin has goes with its build.
    let planned = plan(&scene, &[plain]).await;
    assert_eq!(planned.builds.len(), 1);
    let doomed = &planned.builds[0];
    assert_eq!(
        (doomed.tree, doomed.why.as_str()),
        (scene.tree, "no site runs on it and the lock does not name it (it was made for lts)")
    );
    assert_eq!((planned.store_files, planned.listings), (3, 1));
    assert!(doomed.bytes > 0 && planned.bytes >= doomed.bytes);
    assert_eq!(planned.kept[0].why, "the lock names it");
    let done = gc_execute(cx, &planned).await.unwrap();
    assert_eq!(
        (done.builds, done.store_files, done.bytes, done.listings),
        (vec![scene.tree], 3, planned.bytes, 1)
    );
    assert_eq!(count(&blobs), all - 3);
    assert!(!scene.build.exists());
    assert_eq!(list_builds(&builds).unwrap().iter().map(|one| one.tree).collect::<Vec<_>>(), [plain]);
    assert_eq!(count(&builds.join(".records")), 2);
    assert!(plan(&scene, &[plain]).await.is_empty());
    for depth in [Depth::Quick, Depth::Rehash] {
        assert!(verify(cx, plain, depth).await.unwrap().damaged.is_empty());
    }
    assert_eq!(assemble(&scene.place, &scene.origin).await, scene.tree, "and all can be made again");
}

#[tokio::test]
async fn a_site_keeps_its_build() {
    let scene = Scene::new().await;
    let cx = &scene.place.cx;
    let planned = plan(&scene, &[]).await;
    let site = cx.paths.sites().join("hugo");
    fs::create_dir_all(&site).unwrap();
    symlink(&scene.build, site.join("code")).unwrap();
    // It was pointed there after the plan was shown.
    let done = gc_execute(cx, &planned).await.unwrap();
    assert_eq!(done.skipped, [Skipped { tree: scene.tree, why: "it is needed now: hugo".to_owned() }]);
    let again = plan(&scene, &[]).await;
    assert_eq!((again.builds.len(), again.kept[0].why.as_str()), (0, "hugo runs on it"));
    fs::remove_file(site.join("code")).unwrap();
    fs::write(site.join("code"), "").unwrap();
    gc_plan(cx, &BTreeMap::new()).await.unwrap_err();
}

#[tokio::test]
async fn what_another_fleet_links_stays() {
    let scene = Scene::new().await;
    let mut other = scene.place.cx.clone();
    let mut paths = (*other.paths).clone();
    paths.state = scene.place.root.join("other");
    other.paths = std::sync::Arc::new(paths);
    let recipe = Recipe::try_from(&scene.origin.locked).unwrap();
    crate::build::assemble(&other, &step(), &recipe).await.unwrap();
    let planned = plan(&scene, &[]).await;
    assert_eq!((planned.builds.len(), planned.store_files, planned.listings), (1, 0, 0));
    gc_execute(&scene.place.cx, &planned).await.unwrap();
    assert!(verify(&other, scene.tree, Depth::Rehash).await.unwrap().damaged.is_empty());
    crate::build::remove_build(&other.paths.builds()).unwrap();
    let done = gc_execute(&scene.place.cx, &plan(&scene, &[]).await).await.unwrap();
    assert_eq!((done.store_files, done.listings, done.forgotten), (9, 1, vec![other.paths.builds()]));
    assert_eq!(Store::look(&other.paths.store()).registered().unwrap(), [scene.place.cx.paths.builds()]);
}

#[tokio::test]
async fn a_collection_that_was_ended_is_finished_by_the_next() {
    let scene = Scene::new().await;
    let (cx, builds) = (&scene.place.cx, scene.place.cx.paths.builds());
    let planned = plan(&scene, &[]).await;
    // Killed after the first rename, half way through.
    let gone = builds.join(format!(".assembling-{}-removed-1", scene.tree));
    fs::rename(&scene.build, &gone).unwrap();
    fs::write(builds.join(format!(".records/.{}.json.1-0.new", scene.tree)), "").unwrap();
    let again = plan(&scene, &[]).await;
    assert_eq!((again.leftovers.as_slice(), again.records.len()), ([gone.clone()].as_slice(), 3));
    assert_eq!(gc_execute(cx, &planned).await.unwrap().leftovers, 1);
    assert!(plan(&scene, &[]).await.is_empty());
    assert_eq!(count(&cx.paths.store().join("blobs")) + count(&builds.join(".records")), 0);
    cx.cancel.cancel();
    assert!(gc_plan(cx, &BTreeMap::new()).await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn a_build_that_is_worked_on_stays_and_spare_copies_go() {
    let scene = Scene::new().await;
    let (cx, builds) = (&scene.place.cx, scene.place.cx.paths.builds());
    let store = Store::look(&cx.paths.store());
    let key =
        crate::store::Key { id: ObjectId::of(crate::object::Kind::Blob, b"#!/bin/sh\n"), executable: true };
    assert!(store.put_copy(key, 1).unwrap());
    let spare = store.path(key).with_file_name(format!("{}.1", store.path(key).file_name().unwrap()));
    assert_eq!(fs::metadata(&spare).unwrap().nlink(), 1);
    let lock = Flock::try_take(&builds.join(format!(".locks/{}", scene.tree))).unwrap().unwrap();
    let done = gc_execute(cx, &plan(&scene, &[]).await).await.unwrap();
    assert_eq!(done.skipped[0].why, "another provost works on it");
    assert_eq!(done.store_files, 1);
    assert!(!spare.exists() && store.path(key).exists());
    drop(lock);
}
