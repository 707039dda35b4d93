//! What a collection would remove.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::os::unix::ffi::OsStrExt as _;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use provost_engine::context::Context;
use serde::Serialize;

use crate::build::{BuildError, blocking, changed_at, free_leftovers, orphaned_records, read_record, trees};
use crate::object::ObjectId;
use crate::store::{Place, Store, StoreError, stamp_of};

use super::sweep::{Sweep, survivors};

/// A build that nobody needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Doomed {
    /// Its tree.
    pub tree: ObjectId,
    /// Why it may go.
    pub why: String,
    /// When it was made, in RFC 3339.
    pub made_at: Option<String>,
    /// What its removal alone frees on the disk: the files that no other build has.
    pub bytes: u64,
    /// What of that is in no store: the build's own files, and all of them where builds are copies.
    #[serde(skip)]
    pub(super) private: u64,
}

/// A build that stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// Its tree.
    pub tree: ObjectId,
    /// Who needs it.
    pub why: String,
}

/// What a collection would remove.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct GcPlan {
    /// Builds of this fleet.
    pub builds: Vec<Doomed>,
    /// Builds of this fleet that stay.
    pub kept: Vec<Kept>,
    /// How many files of the store then belong to no build.
    pub store_files: u64,
    /// What they and the builds' own files take on the disk.
    pub bytes: u64,
    /// Lists of files, kept for trees that no fleet has built.
    pub listings: u64,
    /// Records of builds that are gone.
    pub records: Vec<Utf8PathBuf>,
    /// What killed assemblies and removals left.
    pub leftovers: Vec<Utf8PathBuf>,
}

impl GcPlan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.builds.is_empty()
            && self.store_files + self.listings == 0
            && self.records.is_empty()
            && self.leftovers.is_empty()
    }
}

/// Looks for what nobody needs. `needed` are trees and who needs them, besides the sites' own links.
///
/// # Errors
/// When something cannot be seen: what is not known to be needed is then not known to be needless either.
pub async fn gc_plan(cx: &Context, needed: &BTreeMap<ObjectId, String>) -> Result<GcPlan, BuildError> {
    let (sites, builds) = (cx.paths.sites(), cx.paths.builds());
    let (store, needed, cancel) = (Store::look(&cx.paths.store()), needed.clone(), cx.cancel.clone());
    blocking(move || plan(&store, &builds, &sites, needed, &|| cancel.is_cancelled())).await
}

fn plan(
    store: &Store,
    builds: &Utf8Path,
    sites: &Utf8Path,
    mut needed: BTreeMap<ObjectId, String>,
    stop: &dyn Fn() -> bool,
) -> Result<GcPlan, BuildError> {
    for (tree, names) in trees_of_sites(sites)? {
        let run = if names.len() == 1 { "runs on it" } else { "run on it" };
        needed.insert(tree, format!("{} {run}", names.join(", ")));
    }
    let all = trees(builds).map_err(|error| StoreError::io("read", builds, error))?;
    let (kept, doomed): (Vec<_>, Vec<_>) = all.into_iter().partition(|tree| needed.contains_key(tree));
    let mut plan = GcPlan {
        kept: kept.iter().map(|tree| Kept { tree: *tree, why: needed[tree].clone() }).collect(),
        ..GcPlan::default()
    };
    let mut links: HashMap<Place, u32> = HashMap::new();
    for tree in &doomed {
        let build = builds.join(tree.to_string());
        let Links { own, bytes, private } = links_of(&build, stop)?;
        for (place, count) in own {
            *links.entry(place).or_default() += count;
        }
        let record = read_record(builds, *tree);
        let made_at = record.as_ref().map(|record| record.made_at.clone()).or_else(|| changed_at(&build));
        let names: Vec<_> = record.iter().flat_map(|record| &record.names).map(ToString::to_string).collect();
        let of =
            if names.is_empty() { String::new() } else { format!(" (it was made for {})", names.join(", ")) };
        let why = format!("no site runs on it and the lock does not name it{of}");
        plan.bytes += private;
        plan.builds.push(Doomed { tree: *tree, why, made_at, bytes, private });
    }
    let doomed: BTreeSet<ObjectId> = doomed.into_iter().collect();
    let sweep = Sweep { store, stay: survivors(store, builds, &doomed)?, stop };
    sweep.files(|_, found| {
        if found.links <= 1 + links.get(&found.place()).copied().unwrap_or(0) {
            plan.store_files += 1;
            plan.bytes += found.taken;
        }
        Ok(())
    })?;
    plan.listings = sweep.listings()?.len() as u64;
    plan.records = orphaned_records(builds)?.into_iter().map(|(path, _)| path).collect();
    plan.leftovers = free_leftovers(builds)?;
    plan.builds.sort_by_key(|one| one.tree);
    plan.kept.sort_by_key(|one| one.tree);
    Ok(plan)
}

/// What the removal of each build alone would free on the disk: the files that no other build has. Looks at every file.
///
/// # Errors
/// When a build cannot be looked through.
pub async fn own_bytes(cx: &Context, trees: Vec<ObjectId>) -> Result<BTreeMap<ObjectId, u64>, BuildError> {
    let (builds, cancel) = (cx.paths.builds(), cx.cancel.clone());
    blocking(move || {
        let one = |tree: ObjectId| {
            let links = links_of(&builds.join(tree.to_string()), &|| cancel.is_cancelled())?;
            Ok((tree, links.bytes))
        };
        trees.into_iter().map(one).collect()
    })
    .await
}

/// The trees that sites run on, by their links, and the names of these sites.
///
/// # Errors
/// When a link cannot be read.
pub fn trees_of_sites(sites: &Utf8Path) -> Result<BTreeMap<ObjectId, Vec<String>>, StoreError> {
    let failed = |error| StoreError::io("read", sites, error);
    let entries = match fs::read_dir(sites) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        other => other.map_err(failed)?,
    };
    let mut found: BTreeMap<ObjectId, Vec<String>> = BTreeMap::new();
    for entry in entries {
        let site = entry.map_err(failed)?;
        let link = site.path().join("code");
        let target = match fs::read_link(&link) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            other => other.map_err(failed)?,
        };
        let tree = target.file_name().and_then(|name| name.to_str()?.parse().ok());
        let name = site.file_name().to_string_lossy().into_owned();
        if let Some(tree) = tree {
            found.entry(tree).or_default().push(name);
        }
    }
    for names in found.values_mut() {
        names.sort();
    }
    Ok(found)
}

/// The files of a build.
struct Links {
    /// How often it names each.
    own: HashMap<Place, u32>,
    /// What goes with it: files that have no other name but their own in the store.
    bytes: u64,
    /// What of that has no name in the store either.
    private: u64,
}

fn links_of(build: &Utf8Path, stop: &dyn Fn() -> bool) -> Result<Links, BuildError> {
    let mut links: HashMap<Place, (u32, u32, u64)> = HashMap::new();
    let mut waiting = vec![build.to_owned().into_std_path_buf()];
    while let Some(directory) = waiting.pop() {
        if stop() {
            return Err(BuildError::Cancelled);
        }
        let failed = |error: std::io::Error| StoreError::io("look through", build, error);
        let open = fs::File::open(&directory).map_err(failed)?;
        for entry in rustix::fs::Dir::read_from(&open).map_err(|error| failed(error.into()))? {
            let entry = entry.map_err(|error| failed(error.into()))?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            let found = stamp_of(&open, name).map_err(|error| failed(error.into()))?;
            if found.is_directory() {
                waiting.push(directory.join(std::ffi::OsStr::from_bytes(name)));
            } else {
                let one = links.entry(found.place()).or_insert((0, found.links, found.taken));
                one.0 += 1;
            }
        }
    }
    let taken = |others: u32| {
        let gone = links.values().filter(|(own, all, _)| *all <= own + others);
        gone.map(|(_, _, taken)| taken).sum()
    };
    let (bytes, private) = (taken(1), taken(0));
    Ok(Links { own: links.into_iter().map(|(place, (own, _, _))| (place, own)).collect(), bytes, private })
}
