//! Many at once: builds that share most of their files, in two fleets with one store, while others verify and collect.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use provost_engine::context::Context;

use super::{gc_execute, gc_plan};
use crate::build::scene::{resolve, step};
use crate::build::{BuildError, Depth, Origin, Recipe, assemble_for, verify};
use crate::object::ObjectId;
use crate::testing::{MOODLE, Place, version_php};

/// How many codebases there are.
const TREES: usize = 4;

/// How many assemble at once, in each fleet.
const ASSEMBLERS: usize = 3;

/// How often each of them does at least.
const ROUNDS: usize = 8;

/// How many builds are removed meanwhile and how many verified, at least: who collects gives way to who works on a build, and who
/// verifies finds those that were just removed, so that how long it takes to come by some depends on the machine.
const ENOUGH: usize = 3;

/// After how many rounds it will not come to that any more.
const FAR_TOO_MANY: usize = 5_000;

/// What was done so far.
#[derive(Default)]
struct Done {
    removed: AtomicUsize,
    verified: AtomicUsize,
}

impl Done {
    fn is_enough(&self) -> bool {
        [&self.removed, &self.verified].iter().all(|count| count.load(Ordering::Relaxed) >= ENOUGH)
    }
}

async fn origins(place: &Place) -> Vec<Origin> {
    let moodle = place.repository("moodle", &MOODLE);
    let mut origins = Vec::new();
    for number in 0..TREES {
        let own = format!("<?php // {number}");
        let files = [("version.php", &version_php("mod_x", "")[..]), ("own.php", &own), ("l@", "own.php")];
        let plugin = place.repository(&format!("x{number}"), &files);
        origins.push(resolve(place, &moodle, Some(&plugin), &format!("c{number}")).await);
    }
    origins
}

async fn assemble_often(cx: Context, origins: Arc<Vec<Origin>>, seed: usize, done: Arc<Done>) {
    for round in 0..FAR_TOO_MANY {
        if round >= ROUNDS && done.is_enough() {
            return;
        }
        let origin = &origins[(seed + round * 3) % TREES];
        let recipe = Recipe::try_from(&origin.locked).unwrap();
        assemble_for(&cx, &step(), &recipe, Some(origin)).await.unwrap();
    }
}

/// A build is whole whenever one looks, or it is not there.
async fn verify_until(cx: Context, trees: Vec<ObjectId>, ended: Arc<AtomicBool>, done: Arc<Done>) {
    while !ended.load(Ordering::Relaxed) {
        for tree in &trees {
            match verify(&cx, *tree, Depth::Rehash).await {
                Ok(verified) => {
                    assert_eq!(verified.damaged, vec![]);
                    done.verified.fetch_add(1, Ordering::Relaxed);
                }
                // Not there now: under its lock, a build is whole or absent.
                Err(BuildError::NoListing(_) | BuildError::Store(_)) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        tokio::task::yield_now().await;
    }
}

async fn collect_until(cx: Context, ended: Arc<AtomicBool>, done: Arc<Done>) {
    while !ended.load(Ordering::Relaxed) {
        let plan = gc_plan(&cx, &BTreeMap::new()).await;
        // A build that is being removed by somebody else cannot be looked through.
        let Ok(plan) = plan else { continue };
        done.removed.fetch_add(gc_execute(&cx, &plan).await.unwrap().builds.len(), Ordering::Relaxed);
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn builds_assembled_verified_and_collected_at_once_are_whole() {
    let place = Place::new();
    let origins = Arc::new(origins(&place).await);
    let trees: Vec<ObjectId> = origins.iter().map(|origin| origin.locked.tree.parse().unwrap()).collect();
    let mut second = place.cx.clone();
    let mut paths = (*second.paths).clone();
    paths.state = place.root.join("second");
    second.paths = Arc::new(paths);
    let ended = Arc::new(AtomicBool::new(false));
    let done = Arc::new(Done::default());
    let mut working = Vec::new();
    for (fleet, cx) in [&place.cx, &second].into_iter().enumerate() {
        for number in 0..ASSEMBLERS {
            working.push(tokio::spawn(assemble_often(
                cx.clone(),
                origins.clone(),
                fleet + number,
                done.clone(),
            )));
        }
    }
    let verifying = tokio::spawn(verify_until(place.cx.clone(), trees.clone(), ended.clone(), done.clone()));
    // Only one fleet collects; the files of the other must stay.
    let collecting = tokio::spawn(collect_until(place.cx.clone(), ended.clone(), done.clone()));
    for one in working {
        one.await.unwrap();
    }
    ended.store(true, Ordering::Relaxed);
    verifying.await.unwrap();
    collecting.await.unwrap();
    assert!(done.is_enough());
    for cx in [&place.cx, &second] {
        for tree in &trees {
            if cx.paths.build(&tree.to_string()).exists() {
                for depth in [Depth::Quick, Depth::Rehash] {
                    assert_eq!(verify(cx, *tree, depth).await.unwrap().damaged, vec![]);
                }
            }
        }
    }
    assert!(second.paths.build(&trees[0].to_string()).exists());
    let left = crate::store::Store::look(&place.cx.paths.store()).check(&|| false).unwrap();
    assert_eq!(left.removed, Vec::<camino::Utf8PathBuf>::new());
}
