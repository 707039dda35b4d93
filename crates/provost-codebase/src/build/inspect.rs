//! Whether a build still is what it was made: every changed, missing or extra file is named, down to the plugin.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;
use fs_err as fs;
use provost_engine::context::Context;
use provost_moodle::config_hook::config_php;
use provost_moodle::version_php::PluginVersion;
use rustix::fs::{CWD, Mode as Permissions, OFlags};
use serde::{Deserialize, Serialize};

use crate::flock::Flock;
use crate::git::{Git, parse_ls_tree};
use crate::object::{Mode, ObjectId};
use crate::store::{Key, Stamp, Store, StoreError, stamp_of};

use super::leftovers::lock_path;
use super::record::BuildRecord;
use super::rehash::rehash;
use super::stamps::Stamps;
use super::walk::{Broken, Finding, Walk, Walked};
use super::{BuildError, HOOK_MODE, HOOK_NAME, Recipe, TreePlan, read_record};

/// Fewest threads of a walk: looks wait for the kernel's locks and the disk as often as they work.
const FEWEST_THREADS: usize = 2;

/// How closely a build is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Depth {
    /// Every file's inode, size, time and mode; nothing is read.
    Quick,
    /// Every file is read.
    Rehash,
}

/// What of a file changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aspect {
    /// It has another length.
    Size,
    /// It was written to, or touched.
    Time,
    /// It has another mode.
    Mode,
    /// It is not the file that was linked: somebody put another one there.
    Inode,
    /// It was read, and has another content.
    Content,
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// It changed.
    Changed(BTreeSet<Aspect>),
    /// It is not there.
    Missing,
    /// It is there and should not be.
    Extra,
    /// It is something else: a directory, a symlink, a socket.
    Type,
}

impl What {
    pub(super) fn changed<const N: usize>(aspects: [Aspect; N]) -> Self {
        Self::Changed(aspects.into())
    }
}

/// One file, or directory, that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// Relative to the build; `.` is the build itself.
    pub path: String,
    /// The plugin that it is part of, also one that comes with Moodle, or `moodle`. `None` for `config.php`, and where there is no record of the plugins.
    pub component: Option<String>,
    /// What is wrong.
    pub what: What,
    #[serde(skip)]
    pub(super) finding: Finding,
}

/// What a look at a whole build found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// The build.
    pub tree: ObjectId,
    /// How closely it was looked at: a build whose files are not on record is always read.
    pub depth: Depth,
    /// How many files and symlinks it should have, without `config.php`.
    pub files: u64,
    /// Everything that is not as it should be, in the order of the paths.
    pub damaged: Vec<Damage>,
}

/// Looks at a whole build of this fleet. One whose files were not on record, and are as they should be, is from then on.
///
/// # Errors
/// When it is not there, cannot be read or its list of files is lost; [`BuildError::Cancelled`].
pub async fn verify(cx: &Context, tree: ObjectId, depth: Depth) -> Result<Verified, BuildError> {
    let builds = cx.paths.builds();
    let waiting = format!("waiting for another provost that works on the build {tree}");
    let _lock = Flock::take_shared(cx, &lock_path(&builds, tree), &waiting).await?;
    let store = Store::look(&cx.paths.store());
    let plan = plan_of(cx, &store, &builds, tree).await?;
    let (cancel, threads) = (cx.cancel.clone(), cx.machine.cores);
    super::assemble::blocking(move || {
        verify_build(&store, &builds, &plan, depth, threads, &|| cancel.is_cancelled())
    })
    .await
}

/// The list of a build's files: the kept one, else from git by what the build's record says.
pub(super) async fn plan_of(
    cx: &Context,
    store: &Store,
    builds: &Utf8Path,
    tree: ObjectId,
) -> Result<TreePlan, BuildError> {
    if let Some(plan) = kept_plan(store, tree) {
        return Ok(plan);
    }
    let locked = read_record(builds, tree).and_then(|record| record.locked);
    let locked = locked.ok_or(BuildError::NoListing(tree))?;
    let store = &Store::open(store.root())?;
    let _held = store.hold(cx).await?;
    Recipe::try_from(&locked)?.plan(&Git::find(cx).await?, store).await
}

/// The list of a build's files if the store has it, and it is right.
pub(crate) fn kept_plan(store: &Store, tree: ObjectId) -> Option<TreePlan> {
    let listing = parse_ls_tree(store.kept_listing(tree)?).ok()?;
    TreePlan::new(listing).ok().filter(|plan| plan.tree() == tree)
}

/// Looks at a whole build. Blocks; the caller holds its lock.
pub(super) fn verify_build(
    store: &Store,
    builds: &Utf8Path,
    plan: &TreePlan,
    depth: Depth,
    threads: usize,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Verified, BuildError> {
    let tree = plan.tree();
    let build = builds.join(tree.to_string());
    let failed = |error: rustix::io::Errno| StoreError::io("look at", &build, error);
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let root = rustix::fs::openat(CWD, build.as_str(), flags, Permissions::empty()).map_err(failed)?;
    let inode = stamp_of(&root, b"").map_err(failed)?.inode;
    let stamps =
        Stamps::read(builds, tree).filter(|stamps| stamps.root == inode && stamps.files.len() == plan.len());
    let depth = if stamps.is_some() { depth } else { Depth::Rehash };
    let walk = Walk { plan, entries: plan.entries(), stamps: stamps.as_ref(), store, root: &root, stop };
    let ended = |broken: Broken| ended(&build, broken);
    let mut walked = walk.run(threads.max(FEWEST_THREADS)).map_err(ended)?;
    if depth == Depth::Rehash {
        let wrong = rehash(&root, &walk.entries, &walked.there, threads, stop).map_err(ended)?;
        let mut known: BTreeMap<u32, usize> = BTreeMap::new();
        for (at, finding) in walked.findings.iter().enumerate() {
            known.extend(finding.file.map(|file| (file, at)));
        }
        for one in wrong {
            match known.get(&one.file).map(|at| &mut walked.findings[*at].what) {
                Some(What::Changed(aspects)) => drop(aspects.insert(Aspect::Content)),
                Some(_) => {}
                None => walked.add(
                    walk.entries[one.file as usize].path,
                    Some(one.file),
                    What::changed([Aspect::Content]),
                    Some(one.inode),
                ),
            }
        }
    }
    if stop() {
        return Err(BuildError::Cancelled);
    }
    if let Some(what) = look_at_hook(&build)? {
        walked.add(HOOK_NAME.as_bytes(), None, what, None);
    }
    if stamps.is_none() && walked.findings.is_empty() {
        stamps_of(store, inode, &walk, &walked).write(builds, tree)?;
    }
    let owners = Owners::of(store, &walk, read_record(builds, tree).as_ref());
    walked.findings.sort_by(|a, b| a.path.cmp(&b.path));
    let damaged = walked.findings.into_iter().map(|finding| owners.damage(finding)).collect();
    Ok(Verified { tree, depth, files: plan.len() as u64, damaged })
}

fn ended(build: &Utf8Path, broken: Broken) -> BuildError {
    match broken {
        None => BuildError::Cancelled,
        Some((path, error)) => {
            StoreError::io("look at", &build.join(String::from_utf8_lossy(&path).as_ref()), error).into()
        }
    }
}

/// What all files are now.
fn stamps_of(store: &Store, root: u64, walk: &Walk<'_>, walked: &Walked) -> Stamps {
    let mut files = vec![None; walk.entries.len()];
    for one in &walked.there {
        let own = !store.has_inode(walk.key(one.file), one.inode);
        files[one.file as usize] = Some(Stamp { inode: one.inode, size: one.size, own });
    }
    Stamps { root, files }
}

/// What is wrong with a build's `config.php`.
fn look_at_hook(build: &Utf8Path) -> Result<Option<What>, BuildError> {
    let path = build.join(HOOK_NAME);
    let failed = |error: std::io::Error| StoreError::io("read", &path, error);
    let found = match stamp_of(CWD, path.as_str().as_bytes()) {
        Err(rustix::io::Errno::NOENT) => return Ok(Some(What::Missing)),
        other => other.map_err(|error| failed(error.into()))?,
    };
    if !found.is_file() {
        return Ok(Some(What::Type));
    }
    let mut aspects = BTreeSet::new();
    if found.permissions() != HOOK_MODE {
        aspects.insert(Aspect::Mode);
    }
    if fs::read(&path).map_err(failed)? != config_php(build).as_bytes() {
        aspects.insert(Aspect::Content);
    }
    Ok((!aspects.is_empty()).then_some(What::Changed(aspects)))
}

/// To whom the files of a build belong.
struct Owners<'a> {
    store: &'a Store,
    /// Directories of plugins; `None` where they are not on record.
    plugins: Option<BTreeMap<Vec<u8>, String>>,
    /// `version.php` of every directory that has one: the plugins that come with Moodle.
    shipped: BTreeMap<Vec<u8>, Key>,
}

impl<'a> Owners<'a> {
    fn of(store: &'a Store, walk: &Walk<'_>, record: Option<&BuildRecord>) -> Self {
        let locked = record.and_then(|record| record.locked.as_ref());
        let plugins = locked.map(|locked| {
            let path = |path: &str| path.as_bytes().to_vec();
            locked.plugins.iter().map(|(component, one)| (path(&one.path), component.to_string())).collect()
        });
        let shipped = walk.entries.iter().filter_map(|entry| {
            let directory = entry.path.strip_suffix(b"/version.php")?;
            Some((directory.to_vec(), Key { id: entry.id, executable: entry.mode == Mode::Executable }))
        });
        Self { store, plugins, shipped: shipped.collect() }
    }

    fn damage(&self, finding: Finding) -> Damage {
        Damage {
            path: String::from_utf8_lossy(&finding.path).into_owned(),
            component: self.owner(&finding.path),
            what: finding.what.clone(),
            finding,
        }
    }

    /// The innermost plugin of the lock around a path, else the innermost that comes with Moodle, else Moodle.
    fn owner(&self, path: &[u8]) -> Option<String> {
        let plugins = self.plugins.as_ref().filter(|_| path != HOOK_NAME.as_bytes())?;
        let ends = || (0..=path.len()).rev().filter(|end| matches!(path.get(*end), None | Some(b'/')));
        let locked = ends().find_map(|end| plugins.get(&path[..end]).cloned());
        let owner = locked.or_else(|| ends().find_map(|end| self.shipped(&path[..end])));
        Some(owner.unwrap_or_else(|| "moodle".to_owned()))
    }

    /// The component in a directory, as the store has its `version.php`: that of the build may be what is damaged.
    fn shipped(&self, directory: &[u8]) -> Option<String> {
        let text = self.store.read(*self.shipped.get(directory)?).ok()?;
        Some(PluginVersion::read(&text).ok()?.component?.to_string())
    }
}

#[cfg(test)]
mod tests;
