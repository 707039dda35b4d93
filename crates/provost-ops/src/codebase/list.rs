//! `provost codebase list`: the codebases of the file, and the builds that are kept.

use std::collections::BTreeMap;

use provost_codebase::build::list_builds;
use provost_codebase::gc::{own_bytes, trees_of_sites};
use provost_codebase::object::ObjectId;
use provost_fleet::lock::LockStatus;
use serde::Serialize;

use crate::OpsError;
use crate::error::io;
use crate::session::{Access, Call, Session};

/// Codebases and builds.
#[derive(Debug, Serialize)]
pub struct Listed {
    /// Version of this form.
    pub schema: u32,
    /// The codebases of the file.
    pub codebases: Vec<ListedCodebase>,
    /// The builds on disk, the newest first.
    pub builds: Vec<ListedBuild>,
}

/// A codebase of the file.
#[derive(Debug, Serialize)]
pub struct ListedCodebase {
    /// Its name.
    pub name: String,
    /// What the file asks for.
    pub request: String,
    /// `current`, `stale` or `missing` in the lock.
    pub lock: &'static str,
    /// Moodle's release in the lock.
    pub release: Option<String>,
    /// How many plugins.
    pub plugins: usize,
    /// The tree that the lock names.
    pub tree: Option<String>,
    /// Whether that tree is built.
    pub built: bool,
    /// The sites that the file puts on it.
    pub sites: Vec<String>,
    /// Those of them that run on the tree that the lock names.
    pub running: Vec<String>,
}

/// A build on disk.
#[derive(Debug, Serialize)]
pub struct ListedBuild {
    /// Its tree.
    pub tree: String,
    /// Moodle's release, by the build's own files.
    pub release: Option<String>,
    /// When it was made, in RFC 3339.
    pub made_at: Option<String>,
    /// The codebases that it was ever made or used for.
    pub codebases: Vec<String>,
    /// The codebases for which the lock names it now.
    pub locked_by: Vec<String>,
    /// The sites that run on it.
    pub sites: Vec<String>,
    /// What its removal alone would free on the disk, where that was asked for.
    pub own_bytes: Option<u64>,
}

/// Lists. With `size`, every file of every build is looked at.
///
/// # Errors
/// When the builds or the links of the sites cannot be read.
pub async fn list(call: &Call, size: bool) -> Result<Listed, OpsError> {
    let session = Session::open(call, Access::LookAtRest)?;
    let listed = tell(&session, size).await;
    session.close().await;
    listed
}

async fn tell(session: &Session, size: bool) -> Result<Listed, OpsError> {
    let paths = &session.cx.paths;
    let known = list_builds(&paths.builds()).map_err(io("read", paths.builds()))?;
    let running = trees_of_sites(&paths.sites()).map_err(OpsError::store)?;
    let trees: Vec<ObjectId> = known.iter().map(|build| build.tree).collect();
    let sizes = if size { own_bytes(&session.cx, trees.clone()).await? } else { BTreeMap::new() };
    let fleet = &session.loaded.fleet;
    let codebases = fleet.codebases.iter().map(|(name, codebase)| {
        let locked = session.lock.codebases.get(name);
        let tree: Option<ObjectId> = locked.and_then(|locked| locked.tree.parse().ok());
        let declared = fleet.sites.iter().filter(|(_, site)| site.codebase == *name);
        let sites: Vec<String> = declared.map(|(site, _)| site.to_string()).collect();
        let on_it = tree.and_then(|tree| running.get(&tree)).cloned().unwrap_or_default();
        ListedCodebase {
            name: name.to_string(),
            request: codebase.moodle.to_string(),
            lock: match session.lock.status(fleet, name) {
                LockStatus::Current(_) => "current",
                LockStatus::Stale => "stale",
                LockStatus::Missing => "missing",
            },
            release: locked.map(|locked| locked.moodle.release.clone()),
            plugins: locked.map_or(codebase.plugins.len(), |locked| locked.plugins.len()),
            tree: tree.map(|tree| tree.to_string()),
            built: tree.is_some_and(|tree| trees.contains(&tree)),
            running: sites.iter().filter(|site| on_it.contains(site)).cloned().collect(),
            sites,
        }
    });
    let builds = known.into_iter().map(|build| {
        let tree = build.tree.to_string();
        let locked_by = session.lock.codebases.iter().filter(|(_, locked)| locked.tree == tree);
        ListedBuild {
            release: build.moodle.map(|moodle| moodle.release),
            made_at: build.made_at,
            codebases: build
                .record
                .iter()
                .flat_map(|record| &record.names)
                .map(ToString::to_string)
                .collect(),
            locked_by: locked_by.map(|(name, _)| name.to_string()).collect(),
            sites: running.get(&build.tree).cloned().unwrap_or_default(),
            own_bytes: sizes.get(&build.tree).copied(),
            tree,
        }
    });
    let mut builds: Vec<ListedBuild> = builds.collect();
    builds.sort_by(|a, b| b.made_at.cmp(&a.made_at).then_with(|| a.tree.cmp(&b.tree)));
    Ok(Listed { schema: 1, codebases: codebases.collect(), builds })
}
