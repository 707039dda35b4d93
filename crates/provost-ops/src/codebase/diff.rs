//! `provost codebase diff`: what two builds differ in, as versions and as files. Neither need be built.

use std::collections::{BTreeMap, BTreeSet};

use provost_codebase::build::{BuildError, FileDiff, diff_files, list_locked, read_versions};
use provost_fleet::lock::LockedCodebase;
use serde::Serialize;

use super::named::{Named, named};
use crate::OpsError;
use crate::session::{Access, Call, Session};

/// What two builds differ in.
#[derive(Debug, Serialize)]
pub struct Diff {
    /// Version of this form.
    pub schema: u32,
    /// The first.
    pub from: Side,
    /// The second.
    pub to: Side,
    /// `moodle` and plugins that differ. Those that come with Moodle are told only where a build has no record of what it is made of.
    pub parts: Vec<PartDiff>,
    /// Plugins of Moodle's own that are taken out: only in the first, only in the second.
    pub absent: Lists,
    /// Patches, by their path and the beginning of their digest.
    pub patches: Lists,
    /// Files, where these were asked for.
    pub files: Option<Vec<PartFiles>>,
}

/// One of the two.
#[derive(Debug, Serialize)]
pub struct Side {
    /// As it was named.
    pub name: String,
    /// The commit of the fleet's repository whose lock it is from.
    pub revision: Option<String>,
    /// Its tree.
    pub tree: String,
}

/// What differs of one part.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct PartDiff {
    /// `moodle`, or the component.
    pub part: String,
    /// In the first; `None` where only the second has it.
    pub from: Option<PartVersion>,
    /// In the second.
    pub to: Option<PartVersion>,
}

/// A part of a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartVersion {
    /// `$version` or `$plugin->version`.
    pub version: String,
    /// For people.
    pub release: Option<String>,
    /// Commit or tree.
    pub object: Option<String>,
    /// Where it comes from.
    pub source: Option<String>,
}

/// What only one of two has.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Lists {
    /// Only the second.
    pub added: Vec<String>,
    /// Only the first.
    pub removed: Vec<String>,
}

/// Files of one part that differ; paths are from the top of the build.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct PartFiles {
    /// `moodle`, or the component.
    pub part: String,
    /// The files.
    #[serde(flatten)]
    pub files: FileDiff,
}

impl Diff {
    /// Whether the two are one tree.
    pub fn is_same(&self) -> bool {
        self.from.tree == self.to.tree
    }
}

/// Compares two builds, each named by a codebase, a tree or `REV:NAME`; with `files` their files too.
///
/// # Errors
/// When one of them is not known, or nobody knows what it is made of.
pub async fn diff(call: &Call, from: &str, to: &str, files: bool) -> Result<Diff, OpsError> {
    let session = Session::open(call, Access::LookAtRest)?;
    let diff = compare(&session, from, to, files).await;
    session.close().await;
    diff
}

async fn compare(session: &Session, from: &str, to: &str, files: bool) -> Result<Diff, OpsError> {
    let (first, second) = (named(session, from).await?, named(session, to).await?);
    let parts = match (&first.locked, &second.locked) {
        (Some(before), Some(after)) => differing(of_lock(before), of_lock(after)),
        _ => differing(of_files(session, &first).await?, of_files(session, &second).await?),
    };
    let (absent, patches) = besides(first.locked.as_ref(), second.locked.as_ref());
    let files = if files { Some(compare_files(session, &first, &second).await?) } else { None };
    let side = |name: &str, one: &Named| Side {
        name: name.to_owned(),
        revision: one.revision.clone(),
        tree: one.tree.to_string(),
    };
    Ok(Diff { schema: 1, parts, absent, patches, files, from: side(from, &first), to: side(to, &second) })
}

/// What two locks differ in besides their parts: plugins of Moodle's own that are taken out, and patches.
pub(super) fn besides(first: Option<&LockedCodebase>, second: Option<&LockedCodebase>) -> (Lists, Lists) {
    let absent = |one: Option<&LockedCodebase>| -> Vec<String> {
        one.iter().flat_map(|locked| locked.absent.keys()).map(ToString::to_string).collect()
    };
    let patches = |one: Option<&LockedCodebase>| -> Vec<String> {
        let patches = one.into_iter().flat_map(|locked| &locked.patches);
        patches.map(|patch| format!("{} {:.12}", patch.path, patch.sha256)).collect()
    };
    (only_in(&absent(first), &absent(second)), only_in(&patches(first), &patches(second)))
}

fn only_in(first: &[String], second: &[String]) -> Lists {
    let lacking =
        |from: &[String], to: &[String]| from.iter().filter(|one| !to.contains(one)).cloned().collect();
    Lists { added: lacking(second, first), removed: lacking(first, second) }
}

type Parts = BTreeMap<String, PartVersion>;

fn of_lock(locked: &LockedCodebase) -> Parts {
    let moodle = PartVersion {
        version: locked.moodle.version.clone(),
        release: Some(locked.moodle.release.clone()),
        object: Some(locked.moodle.commit.clone()),
        source: Some(locked.moodle.source.clone()),
    };
    let plugins = locked.plugins.iter().map(|(component, plugin)| {
        let part = PartVersion {
            version: plugin.version.clone(),
            release: plugin.release.clone(),
            object: Some(plugin.source.object().to_owned()),
            source: Some(plugin.source.place().to_owned()),
        };
        (component.to_string(), part)
    });
    plugins.chain([(MOODLE.to_owned(), moodle)]).collect()
}

/// What a build is made of by its own files, where there is no record.
async fn of_files(session: &Session, one: &Named) -> Result<Parts, OpsError> {
    let versions = read_versions(&session.cx, one.tree).await?;
    let plain = |version: String, release| PartVersion { version, release, object: None, source: None };
    let moodle = versions
        .moodle
        .map(|moodle| (MOODLE.to_owned(), plain(moodle.version.to_string(), Some(moodle.release))));
    let plugins = versions.plugins.into_iter();
    let plugins =
        plugins.map(|(component, version)| (component.to_string(), plain(version.to_string(), None)));
    Ok(plugins.chain(moodle).collect())
}

/// How Moodle itself is called among the parts.
const MOODLE: &str = "moodle";

/// The parts that differ, Moodle first.
fn differing(mut first: Parts, mut second: Parts) -> Vec<PartDiff> {
    let names: BTreeSet<String> = first.keys().chain(second.keys()).cloned().collect();
    let mut parts: Vec<PartDiff> = names
        .into_iter()
        .map(|part| PartDiff { from: first.remove(&part), to: second.remove(&part), part })
        .filter(|one| one.from != one.to)
        .collect();
    parts.sort_by_key(|one| one.part != MOODLE);
    parts
}

async fn compare_files(session: &Session, first: &Named, second: &Named) -> Result<Vec<PartFiles>, OpsError> {
    for one in [first, second] {
        if let Some(locked) = &one.locked {
            list_locked(&session.cx, &one.origins, locked).await?;
        }
    }
    let all = match first.tree == second.tree {
        true => FileDiff::default(),
        false => diff_files(&session.cx, first.tree, second.tree).await.map_err(interrupted(session))?,
    };
    let locked = [first, second].into_iter().filter_map(|one| one.locked.as_ref());
    let plugins = locked.flat_map(|locked| &locked.plugins);
    let places: BTreeMap<&str, String> =
        plugins.map(|(component, plugin)| (plugin.path.as_str(), component.to_string())).collect();
    let mut parts: BTreeMap<String, FileDiff> = BTreeMap::new();
    let mut put = |paths: Vec<String>, list: fn(&mut FileDiff) -> &mut Vec<String>| {
        for path in paths {
            list(parts.entry(owner(&places, &path)).or_default()).push(path);
        }
    };
    put(all.added, |diff| &mut diff.added);
    put(all.removed, |diff| &mut diff.removed);
    put(all.changed, |diff| &mut diff.changed);
    let mut parts: Vec<PartFiles> =
        parts.into_iter().map(|(part, files)| PartFiles { part, files }).collect();
    parts.sort_by_key(|one| one.part != MOODLE);
    Ok(parts)
}

/// The innermost plugin around a path, else Moodle.
fn owner(places: &BTreeMap<&str, String>, path: &str) -> String {
    let mut above = path.match_indices('/').map(|(end, _)| &path[..end]).rev();
    above.find_map(|directory| places.get(directory)).cloned().unwrap_or_else(|| MOODLE.to_owned())
}

fn interrupted(session: &Session) -> impl Fn(BuildError) -> OpsError {
    let cancel = session.cx.cancel.clone();
    move |error| if cancel.is_cancelled() { OpsError::Interrupted } else { error.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_plugin_owns_a_file() {
        let places = BTreeMap::from([("mod/x", "mod_x".to_owned()), ("mod/x/sub/y", "xsub_y".to_owned())]);
        let owners = ["mod/x/a", "mod/x/sub/y/a", "mod/x/sub/a", "mod/xy/a", "mod/x", "a"];
        let owners = owners.map(|path| owner(&places, path));
        assert_eq!(owners, ["mod_x", "xsub_y", "mod_x", "moodle", "moodle", "moodle"]);
    }

    #[test]
    fn moodle_comes_first_and_what_is_the_same_is_left_out() {
        let part = |version: &str| PartVersion {
            version: version.to_owned(),
            release: None,
            object: None,
            source: None,
        };
        let parts = |all: &[(&str, &str)]| -> Parts {
            all.iter().map(|(name, version)| ((*name).to_owned(), part(version))).collect()
        };
        let first = parts(&[("moodle", "1"), ("block_a", "1"), ("mod_b", "1"), ("mod_d", "1")]);
        let second = parts(&[("moodle", "2"), ("block_a", "2"), ("mod_b", "1"), ("mod_c", "1")]);
        let names: Vec<String> = differing(first, second).into_iter().map(|one| one.part).collect();
        assert_eq!(names, ["moodle", "block_a", "mod_c", "mod_d"]);
    }
}
