//! The kind `build`: one immutable tree for each codebase of the lock.
//!
//! Two codebases that come to the same tree share one build; it goes by the name of the first of them, see [`builder`].
//! A build that nothing in the file wants any more is left alone: sites may still run on it.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;
use provost_engine::context::Context;
use provost_engine::kind::{Effect, Kind, Observation, Owner, Planned, Reason, StepDraft, StepError};
use provost_engine::plan::{Change, Impact, Step};
use provost_fleet::lock::{Lock, LockedCodebase};
use provost_fleet::model::Fleet;
use provost_fleet::name::Name;
use serde::{Deserialize, Serialize};

use crate::build::{
    BuildError, Hook, Origin, Shallow, assemble_locked, has_leftover, lock_build, refresh_hook,
    verify_shallow,
};
use crate::object::ObjectId;
use crate::resolve::Origins;

/// The action that makes a build.
pub const ASSEMBLE: &str = "assemble";

/// The action that replaces a build's `config.php`.
pub const REFRESH_HOOK: &str = "refresh-hook";

/// The kind `build`.
#[derive(Debug, Clone)]
pub struct BuildKind {
    /// Where zips, directories and patches that the lock names are.
    pub origins: Origins,
}

/// What the lock says about one build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Everything it is made of.
    pub codebase: LockedCodebase,
    /// The codebases that come to this tree.
    #[serde(default)]
    pub names: BTreeSet<Name>,
}

/// What was seen of one build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Its tree.
    pub tree: String,
    /// Its `config.php`.
    pub hook: Hook,
    /// Whether its directory is read-only, as it is when nobody works on it.
    pub sealed: bool,
}

/// The name under which the build of a codebase is planned: the first declared codebase with the same tree. Who waits for
/// a codebase's build waits for `build/BUILDER/assemble`. `None` when the lock does not have the codebase.
pub fn builder(fleet: &Fleet, lock: &Lock, codebase: &Name) -> Option<Name> {
    let tree = &lock.codebases.get(codebase)?.tree;
    declared(fleet, lock).find(|(_, other)| other.tree == *tree).map(|(name, _)| name.clone())
}

fn declared<'a>(fleet: &'a Fleet, lock: &'a Lock) -> impl Iterator<Item = (&'a Name, &'a LockedCodebase)> {
    lock.codebases.iter().filter(|(name, _)| fleet.codebases.contains_key(*name))
}

impl Kind for BuildKind {
    const NAME: &'static str = "build";
    type Wanted = Wanted;
    type Seen = Seen;

    fn wanted(&self, fleet: &Fleet, lock: &Lock) -> BTreeMap<Name, Wanted> {
        declared(fleet, lock)
            .filter(|(name, _)| builder(fleet, lock, name).as_ref() == Some(*name))
            .map(|(name, codebase)| {
                let same = declared(fleet, lock).filter(|(_, other)| other.tree == codebase.tree);
                let names = same.map(|(name, _)| name.clone()).collect();
                (name.clone(), Wanted { codebase: codebase.clone(), names })
            })
            .collect()
    }

    async fn observe(
        &self,
        cx: &Context,
        wanted: &BTreeMap<Name, Wanted>,
    ) -> BTreeMap<Name, Observation<Seen>> {
        let wanted: Vec<(Name, String)> =
            wanted.iter().map(|(name, wanted)| (name.clone(), wanted.codebase.tree.clone())).collect();
        let names: Vec<Name> = wanted.iter().map(|(name, _)| name.clone()).collect();
        let paths = cx.paths.clone();
        // A few looks at one file system: one thread is as fast as many.
        let looked = tokio::task::spawn_blocking(move || {
            let look = |tree: &str| look(&paths.builds(), tree);
            wanted.into_iter().map(|(name, tree)| (name, look(&tree))).collect()
        });
        match looked.await {
            Ok(seen) => seen,
            Err(panic) => {
                let unknown = |name| (name, Observation::Unknown(Reason(panic.to_string())));
                names.into_iter().map(unknown).collect()
            }
        }
    }

    fn plan(&self, _name: &Name, wanted: Option<&Wanted>, seen: &Observation<Seen>) -> Planned {
        let Some(wanted) = wanted else { return Planned::InStep };
        match seen {
            Observation::Absent => Planned::Steps(vec![assembly(wanted, "this tree is not built yet")]),
            Observation::Partial(_, Reason(why)) => Planned::Steps(vec![assembly(wanted, why)]),
            Observation::Present(seen) if seen.hook == Hook::Current && seen.sealed => Planned::InStep,
            Observation::Present(seen) => Planned::Steps(vec![refreshment(seen)]),
            Observation::Foreign(Owner(why)) | Observation::Unknown(Reason(why)) => {
                Planned::Blocked(Reason(why.clone()), None)
            }
        }
    }

    async fn execute(&self, cx: &Context, step: &Step) -> Result<Effect, StepError> {
        let done = match step.id.action.as_str() {
            ASSEMBLE => execute_assemble(cx, &self.origins, step).await,
            REFRESH_HOOK => execute_refresh(cx, step).await,
            other => return Err(StepError::told(format!("a build has no action `{other}`"))),
        };
        done.map_err(
            |error| if error.is_cancelled() { StepError::Cancelled } else { StepError::failed(error) },
        )
    }
}

fn look(builds: &Utf8Path, tree: &str) -> Observation<Seen> {
    let Ok(id) = tree.parse::<ObjectId>() else {
        return Observation::Unknown(Reason(format!("the lock has `{tree}` where a tree's id should be")));
    };
    let unknown = |error: std::io::Error| Observation::Unknown(Reason(format!("cannot look at it: {error}")));
    match verify_shallow(&builds.join(tree)) {
        Err(error) => unknown(error),
        Ok(Shallow::Foreign(what)) => Observation::Foreign(Owner(what)),
        Ok(Shallow::Build { hook, sealed }) => {
            Observation::Present(Seen { tree: tree.to_owned(), hook, sealed })
        }
        Ok(Shallow::Nothing) => match has_leftover(builds, id) {
            Err(error) => unknown(error),
            Ok(false) => Observation::Absent,
            Ok(true) => Observation::Partial(
                Seen { tree: tree.to_owned(), hook: Hook::Missing, sealed: false },
                Reason("its assembly was not finished".to_owned()),
            ),
        },
    }
}

fn assembly(wanted: &Wanted, reason: &str) -> StepDraft {
    let codebase = &wanted.codebase;
    let mut changes = vec![Change::create("Moodle", &codebase.moodle.release)];
    changes.extend(codebase.plugins.iter().map(|(component, plugin)| {
        let version = match &plugin.release {
            Some(release) if *release != plugin.version => format!("{release} ({})", plugin.version),
            _ => plugin.version.clone(),
        };
        Change::create(component.to_string(), version)
    }));
    StepDraft {
        action: ASSEMBLE,
        reason: reason.to_owned(),
        changes,
        after: Vec::new(),
        impact: Impact::Create,
        params: serde_json::json!({ "codebase": codebase, "names": wanted.names }),
    }
}

fn refreshment(seen: &Seen) -> StepDraft {
    let (reason, from) = match seen.hook {
        Hook::Other => ("its config.php is not the one of this Provost", "another"),
        Hook::Missing => ("its config.php is missing", "none"),
        Hook::Current => ("it is not read-only: a change of its config.php was not finished", "unfinished"),
    };
    StepDraft {
        action: REFRESH_HOOK,
        reason: reason.to_owned(),
        changes: vec![Change::replace("config.php", from, "the one of this Provost")],
        after: Vec::new(),
        impact: Impact::Change,
        params: serde_json::json!({ "tree": seen.tree }),
    }
}

async fn execute_assemble(cx: &Context, origins: &Origins, step: &Step) -> Result<Effect, BuildError> {
    let wanted: Wanted = serde_json::from_value(step.params.clone()).map_err(BuildError::Step)?;
    let origin = Origin { locked: wanted.codebase, names: wanted.names };
    let assembled = assemble_locked(cx, &step.id, origins, &origin).await?;
    read_back(cx, &origin.locked.tree)?;
    if assembled.was_there {
        return Ok(Effect(format!("{} was there already", origin.locked.tree)));
    }
    let linked = assembled.files - assembled.imported.min(assembled.files);
    Ok(Effect(format!(
        "{} files, {} of them from git and {linked} from the store",
        assembled.files, assembled.imported
    )))
}

async fn execute_refresh(cx: &Context, step: &Step) -> Result<Effect, BuildError> {
    #[derive(Deserialize)]
    struct Params {
        tree: ObjectId,
    }
    let params: Params = serde_json::from_value(step.params.clone()).map_err(BuildError::Step)?;
    let _lock = lock_build(cx, &cx.paths.builds(), params.tree).await?;
    refresh_hook(&cx.paths.build(&params.tree.to_string()))?;
    read_back(cx, &params.tree.to_string())?;
    Ok(Effect("config.php is the one of this Provost".to_owned()))
}

/// Looks whether there is a whole build now.
fn read_back(cx: &Context, tree: &str) -> Result<(), BuildError> {
    match look(&cx.paths.builds(), tree) {
        Observation::Present(Seen { hook: Hook::Current, sealed: true, .. }) => Ok(()),
        other => Err(BuildError::NotWhole(format!("its place says `{}`", other.word()))),
    }
}

#[cfg(test)]
mod tests;
