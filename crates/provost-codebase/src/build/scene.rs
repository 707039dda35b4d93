//! What tests of builds work with: one that was resolved, assembled and recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use provost_engine::plan::{StepId, Subject};
use provost_fleet::model::{Codebase, GitAt, PluginSource};
use provost_fleet::name::Name;

use super::{Origin, Recipe, SEALED, assemble_for};
use crate::object::ObjectId;
use crate::testing::{MOODLE, Place, Repository, version_php};

pub(crate) struct Scene {
    pub(crate) place: Place,
    pub(crate) moodle: Repository,
    pub(crate) origin: Origin,
    pub(crate) tree: ObjectId,
    pub(crate) build: Utf8PathBuf,
}

pub(crate) fn step() -> StepId {
    Subject::new("build", &"lts".parse().unwrap()).step("assemble")
}

impl Scene {
    /// A Moodle with the plugin `mod_x`, built for the codebase `lts`.
    pub(crate) async fn new() -> Self {
        let place = Place::new();
        let moodle = place.repository("moodle", &MOODLE);
        let files = [
            ("version.php", &version_php("mod_x", "")[..]),
            ("run*", "#!/bin/sh\n"),
            ("a/link@", "../version.php"),
        ];
        let plugin = place.repository("x", &files);
        let origin = resolve(&place, &moodle, Some(&plugin), "lts").await;
        let tree = assemble(&place, &origin).await;
        let build = place.cx.paths.build(&tree.to_string());
        Self { place, moodle, origin, tree, build }
    }

    /// Takes the right to write from all directories.
    pub(crate) fn seal(&self) {
        each_directory(&self.build, SEALED);
    }
}

/// What a codebase of these repositories is made of.
pub(crate) async fn resolve(
    place: &Place,
    moodle: &Repository,
    plugin: Option<&Repository>,
    name: &str,
) -> Origin {
    let plugins: BTreeMap<_, _> = plugin
        .map(|plugin| {
            let source = PluginSource::Git { url: plugin.path.to_string(), at: GitAt::Default };
            ("mod_x".parse().unwrap(), source)
        })
        .into_iter()
        .collect();
    let codebase = Codebase {
        moodle: "main".parse().unwrap(),
        git: moodle.path.to_string(),
        plugins,
        patches: Vec::new(),
    };
    let name: Name = name.parse().unwrap();
    let locked = crate::testing::resolve(place, name.as_str(), &codebase).await.unwrap().locked;
    Origin { locked, names: BTreeSet::from([name]) }
}

pub(crate) async fn assemble(place: &Place, origin: &Origin) -> ObjectId {
    let recipe = Recipe::try_from(&origin.locked).unwrap();
    assemble_for(&place.cx, &step(), &recipe, Some(origin)).await.unwrap();
    recipe.tree
}

/// Gives the right to write to all directories.
pub(crate) fn open(build: &Utf8Path) {
    each_directory(build, 0o755);
}

fn each_directory(build: &Utf8Path, mode: u32) {
    let mut waiting = vec![build.to_owned()];
    while let Some(next) = waiting.pop() {
        fs::set_permissions(&next, std::fs::Permissions::from_mode(mode)).unwrap();
        for entry in next.read_dir_utf8().unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                waiting.push(entry.into_path());
            }
        }
    }
}
