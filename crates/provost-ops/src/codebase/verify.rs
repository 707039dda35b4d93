//! `provost codebase verify`: whether builds still are what they were made, and making them so again.

use std::collections::BTreeSet;

pub use provost_codebase::build::{Aspect, Damage, Depth, What};
use provost_codebase::build::{BuildError, Mended, list_builds, repair, verify as look};
use provost_codebase::gc::trees_of_sites;
use provost_codebase::object::ObjectId;
use provost_engine::context::Context;
use provost_engine::event::Event;
use provost_engine::lease::Lease;
use serde::Serialize;

use super::named::named;
use crate::error::{Exit, io};
use crate::session::{Access, Call, Session};
use crate::{OpsError, hints};

/// What is looked at, and how.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Builds, by codebase or tree; none means all.
    pub names: Vec<String>,
    /// Read every file.
    pub rehash: bool,
    /// Make damaged builds whole again.
    pub repair: bool,
}

/// What was found.
#[derive(Debug, Serialize)]
pub struct VerifiedAll {
    /// Version of this form.
    pub schema: u32,
    /// Build by build.
    pub builds: Vec<VerifiedBuild>,
}

/// What was found of one build.
#[derive(Debug, Serialize)]
pub struct VerifiedBuild {
    /// Its tree.
    pub tree: String,
    /// The codebases that it was made for.
    pub codebases: Vec<String>,
    /// The sites that run on it.
    pub sites: Vec<String>,
    /// How many files it should have; `None` where it could not be looked at.
    pub files: Option<u64>,
    /// How closely it was looked at.
    pub depth: Option<Depth>,
    /// Everything that was not as it should be.
    pub damaged: Vec<Damage>,
    /// What was done about it, where that was asked for.
    pub repaired: Option<RepairedBuild>,
    /// Why it could not be looked at, or not be repaired.
    pub error: Option<Fault>,
}

/// What a repair did to a build.
#[derive(Debug, Serialize)]
pub struct RepairedBuild {
    /// Contents that the store had damaged or not at all, and has again.
    pub healed: usize,
    /// Files that were put back.
    pub replaced: Vec<String>,
    /// What did not belong to it and was removed.
    pub removed: Vec<String>,
    /// Other builds that had the damage too.
    pub others: Vec<Mended>,
    /// What is still wrong.
    pub left: Vec<Damage>,
}

/// Why something could not be done, with the whole chain of causes.
#[derive(Debug, Serialize)]
pub struct Fault {
    /// From the outermost to the first cause.
    pub chain: Vec<String>,
    /// What to do next.
    pub hint: Option<String>,
}

impl VerifiedBuild {
    /// Whether it is as it should be, perhaps by now.
    pub fn is_whole(&self) -> bool {
        self.error.is_none()
            && match &self.repaired {
                Some(repaired) => repaired.left.is_empty(),
                None => self.damaged.is_empty(),
            }
    }
}

impl VerifiedAll {
    /// What it means for the exit code.
    pub fn exit(&self) -> Exit {
        if self.builds.iter().all(VerifiedBuild::is_whole) { Exit::Done } else { Exit::Targets }
    }
}

/// Looks at builds, and repairs them where that is asked for.
///
/// # Errors
/// When it cannot be told which builds there are; what is wrong with one of them is in the report.
pub async fn verify(call: &Call, options: &Options) -> Result<VerifiedAll, OpsError> {
    let access = if options.repair { Access::Change } else { Access::LookAtRest };
    let session = Session::open(call, access)?;
    let verified = verify_open(&session, options).await;
    session.close().await;
    verified
}

async fn verify_open(session: &Session, options: &Options) -> Result<VerifiedAll, OpsError> {
    let cx = &session.cx;
    let _lease = if options.repair { Some(Lease::take(cx, "fleet").await?) } else { None };
    let paths = &cx.paths;
    let known = list_builds(&paths.builds()).map_err(io("read", paths.builds()))?;
    let mut wanted: BTreeSet<ObjectId> = BTreeSet::new();
    for name in &options.names {
        wanted.insert(named(session, name).await?.tree);
    }
    if options.names.is_empty() {
        wanted = known.iter().map(|build| build.tree).collect();
    }
    let running = trees_of_sites(&paths.sites()).map_err(OpsError::store)?;
    let depth = if options.rehash { Depth::Rehash } else { Depth::Quick };
    let mut builds = Vec::new();
    for (at, tree) in wanted.iter().enumerate() {
        let record = known.iter().find(|build| build.tree == *tree).and_then(|build| build.record.as_ref());
        let codebases: Vec<String> =
            record.iter().flat_map(|record| &record.names).map(ToString::to_string).collect();
        let sites = running.get(tree).cloned().unwrap_or_default();
        tell(cx, "looking at", (at + 1, wanted.len()), *tree, &codebases);
        builds.push(verify_one(cx, *tree, depth, codebases, sites).await?);
    }
    if options.repair {
        let damaged: Vec<usize> = (0..builds.len()).filter(|at| !builds[*at].damaged.is_empty()).collect();
        for (number, at) in damaged.iter().enumerate() {
            let (build, tree) = (&mut builds[*at], wanted.iter().nth(*at));
            let Some(tree) = tree else { continue };
            tell(cx, "repairing", (number + 1, damaged.len()), *tree, &build.codebases);
            repair_one(cx, *tree, build).await?;
        }
    }
    Ok(VerifiedAll { schema: 1, builds })
}

fn tell(cx: &Context, doing: &str, (number, of): (usize, usize), tree: ObjectId, codebases: &[String]) {
    let names = if codebases.is_empty() { String::new() } else { format!(" ({})", codebases.join(", ")) };
    cx.emit(&Event::Started { what: format!("[{number}/{of}] {doing} {tree:.12}{names}") });
}

async fn verify_one(
    cx: &Context,
    tree: ObjectId,
    depth: Depth,
    codebases: Vec<String>,
    sites: Vec<String>,
) -> Result<VerifiedBuild, OpsError> {
    let tree_name = tree.to_string();
    let found = if cx.paths.build(&tree_name).is_dir() { Some(look(cx, tree, depth).await) } else { None };
    let (verified, error) = match found {
        Some(Ok(verified)) => (Some(verified), None),
        Some(Err(error)) if cx.cancel.is_cancelled() || error.is_cancelled() => {
            return Err(OpsError::Interrupted);
        }
        Some(Err(error)) => (None, Some(fault(&error))),
        None => (None, Some(not_built())),
    };
    Ok(VerifiedBuild {
        tree: tree_name,
        codebases,
        sites,
        files: verified.as_ref().map(|verified| verified.files),
        depth: verified.as_ref().map(|verified| verified.depth),
        damaged: verified.map(|verified| verified.damaged).unwrap_or_default(),
        repaired: None,
        error,
    })
}

async fn repair_one(cx: &Context, tree: ObjectId, build: &mut VerifiedBuild) -> Result<(), OpsError> {
    match repair_and_look(cx, tree, build.depth.unwrap_or(Depth::Quick)).await {
        Ok(repaired) => build.repaired = Some(repaired),
        Err(error) if cx.cancel.is_cancelled() || error.is_cancelled() => return Err(OpsError::Interrupted),
        Err(error) => build.error = Some(fault(&error)),
    }
    Ok(())
}

/// Looks once more: the repair of another build may have healed this one.
async fn repair_and_look(cx: &Context, tree: ObjectId, depth: Depth) -> Result<RepairedBuild, BuildError> {
    let repaired = repair(cx, &look(cx, tree, depth).await?).await?;
    Ok(RepairedBuild {
        healed: repaired.healed.len() + repaired.put_right.len(),
        replaced: repaired.replaced,
        removed: repaired.removed,
        others: repaired.others,
        left: repaired.left.damaged,
    })
}

fn not_built() -> Fault {
    Fault {
        chain: vec!["it is not built".to_owned()],
        hint: Some("`provost apply` builds what the lock names".to_owned()),
    }
}

fn fault(error: &BuildError) -> Fault {
    let mut chain = vec![error.to_string()];
    let mut cause = std::error::Error::source(error);
    while let Some(one) = cause {
        chain.push(one.to_string());
        cause = one.source();
    }
    Fault { chain, hint: hints::of(error) }
}
