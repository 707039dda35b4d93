use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use fs_err as fs;
use provost_engine::reconcile::survey;
use provost_fleet::model::Codebase;

use super::*;
use crate::testing::{MOODLE, Place, Repository, version_php};

/// A fleet of codebases, and the lock that it resolves to.
async fn scene(place: &Place, codebases: &[(&str, Codebase)]) -> (Fleet, Lock) {
    let fleet = crate::testing::fleet(codebases);
    let lock =
        crate::resolve::resolve_lock(&place.cx, &place.origins(), &fleet, &Lock::default()).await.unwrap();
    (fleet, lock)
}

fn kind() -> BuildKind {
    BuildKind { origins: crate::resolve::Origins { base: "/".into(), catalogue: String::new() } }
}

fn codebase(moodle: &Repository, plugin: Option<&Repository>) -> Codebase {
    let plugins = plugin.map(|plugin| {
        let at = provost_fleet::model::GitAt::Default;
        let source = provost_fleet::model::PluginSource::Git { url: plugin.path.to_string(), at };
        ("mod_x".parse().unwrap(), source)
    });
    Codebase {
        moodle: "main".parse().unwrap(),
        git: moodle.path.to_string(),
        plugins: plugins.into_iter().collect(),
        patches: Vec::new(),
    }
}

async fn steps(place: &Place, fleet: &Fleet, lock: &Lock) -> Vec<Step> {
    let wanted = kind().wanted(fleet, lock);
    let seen = kind().observe(&place.cx, &wanted).await;
    survey(&kind(), &wanted, &seen).steps
}

/// What is seen and what is planned, as text.
async fn transcript(place: &Place, fleet: &Fleet, lock: &Lock) -> String {
    let wanted = kind().wanted(fleet, lock);
    let seen = kind().observe(&place.cx, &wanted).await;
    let survey = survey(&kind(), &wanted, &seen);
    let mut text = String::new();
    for one in &survey.seen {
        writeln!(text, "{} is {}", one.subject, one.state).unwrap();
    }
    for step in &survey.steps {
        writeln!(text, "{} ({:?}): {}", step.id, step.impact, step.reason).unwrap();
        for change in &step.changes {
            let from = change.from.as_deref().unwrap_or("-");
            writeln!(text, "  {}: {from} -> {}", change.what, change.to.as_deref().unwrap_or("-")).unwrap();
        }
    }
    for one in &survey.blocked {
        writeln!(text, "{} blocked: {}", one.subject, one.reason).unwrap();
    }
    text.replace(place.root.as_str(), "ROOT")
}

async fn one(place: &Place) -> (Fleet, Lock, camino::Utf8PathBuf) {
    let moodle = place.repository("moodle", &MOODLE);
    let plugin = place.repository("x", &[("version.php", &version_php("mod_x", ""))]);
    let (fleet, lock) = scene(place, &[("lts", codebase(&moodle, Some(&plugin)))]).await;
    let path = place.cx.paths.build(&lock.codebases.values().next().unwrap().tree);
    (fleet, lock, path)
}

#[tokio::test]
async fn absent_is_assembled_and_then_in_step() {
    let place = Place::new();
    let (fleet, lock, _) = one(&place).await;
    insta::assert_snapshot!(transcript(&place, &fleet, &lock).await, @"
    build/lts is absent
    build/lts/assemble (Create): this tree is not built yet
      Moodle: - -> 5.0 (Build: 20250414)
      mod_x: - -> v1 (2026010100)
    ");
    let step = steps(&place, &fleet, &lock).await.remove(0);
    let effect = kind().execute(&place.cx, &step).await.unwrap();
    insta::assert_snapshot!(effect.0, @"7 files, 7 of them from git and 0 from the store");
    insta::assert_snapshot!(transcript(&place, &fleet, &lock).await, @"build/lts is present");
    let again = kind().execute(&place.cx, &step).await.unwrap();
    assert!(again.0.ends_with(" was there already"), "{again:?}");
}

#[tokio::test]
async fn partial_is_assembled() {
    let place = Place::new();
    let (fleet, lock, path) = one(&place).await;
    fs::create_dir_all(path.with_file_name(format!(".assembling-{}-1", path.file_name().unwrap()))).unwrap();
    insta::assert_snapshot!(transcript(&place, &fleet, &lock).await, @"
    build/lts is incomplete
    build/lts/assemble (Create): its assembly was not finished
      Moodle: - -> 5.0 (Build: 20250414)
      mod_x: - -> v1 (2026010100)
    ");
    let step = steps(&place, &fleet, &lock).await.remove(0);
    kind().execute(&place.cx, &step).await.unwrap();
    insta::assert_snapshot!(transcript(&place, &fleet, &lock).await, @"build/lts is present");
}

#[tokio::test]
async fn an_older_hook_is_refreshed() {
    let place = Place::new();
    let (fleet, lock, path) = one(&place).await;
    let step = steps(&place, &fleet, &lock).await.remove(0);
    kind().execute(&place.cx, &step).await.unwrap();
    fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    insta::assert_snapshot!(transcript(&place, &fleet, &lock).await, @"
    build/lts is present
    build/lts/refresh-hook (Change): it is not read-only: a change of its config.php was not finished
      config.php: unfinished -> the one of this Provost
    ");
    fs::remove_file(path.join("config.php")).unwrap();
    fs::write(path.join("config.php"), "<?php // older").unwrap();
    insta::assert_snapshot!(transcript(&place, &fleet, &lock).await, @"
    build/lts is present
    build/lts/refresh-hook (Change): its config.php is not the one of this Provost
      config.php: another -> the one of this Provost
    ");
    let step = steps(&place, &fleet, &lock).await.remove(0);
    kind().execute(&place.cx, &step).await.unwrap();
    insta::assert_snapshot!(transcript(&place, &fleet, &lock).await, @"build/lts is present");
}

#[tokio::test]
async fn what_is_not_a_build_blocks() {
    let place = Place::new();
    let (fleet, mut lock, path) = one(&place).await;
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "").unwrap();
    insta::assert_snapshot!(transcript(&place, &fleet, &lock).await, @"
    build/lts is foreign
    build/lts blocked: it is there but not ours: a file is where the build should be
    ");
    lock.codebases.values_mut().next().unwrap().tree = "../../etc".to_owned();
    insta::assert_snapshot!(transcript(&place, &fleet, &lock).await, @"
    build/lts is unknown
    build/lts blocked: the lock has `../../etc` where a tree's id should be
    ");
}

#[tokio::test]
async fn what_is_no_longer_wanted_is_left_alone() {
    let place = Place::new();
    let (mut fleet, lock, path) = one(&place).await;
    let step = steps(&place, &fleet, &lock).await.remove(0);
    kind().execute(&place.cx, &step).await.unwrap();
    fleet.codebases.clear();
    assert_eq!(transcript(&place, &fleet, &lock).await, "");
    assert!(path.is_dir());
    assert_eq!(kind().plan(&"lts".parse().unwrap(), None, &Observation::Absent), Planned::InStep);
}

#[tokio::test]
async fn codebases_with_one_tree_share_a_build() {
    let place = Place::new();
    let moodle = place.repository("moodle", &MOODLE);
    let one = codebase(&moodle, None);
    let (fleet, lock) = scene(&place, &[("a", one.clone()), ("b", one)]).await;
    let name = |text: &str| text.parse::<Name>().unwrap();
    assert_eq!(builder(&fleet, &lock, &name("b")), Some(name("a")));
    assert_eq!(builder(&fleet, &lock, &name("c")), None);
    insta::assert_snapshot!(transcript(&place, &fleet, &lock).await, @"
    build/a is absent
    build/a/assemble (Create): this tree is not built yet
      Moodle: - -> 5.0 (Build: 20250414)
    ");
}
