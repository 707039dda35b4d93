//! `provost codebase build`: makes builds of what the lock says, or said, and points no site to them.

use std::time::Instant;

use camino::Utf8PathBuf;
use provost_codebase::build::{BuildError, Origin, assemble_locked};
use provost_codebase::kind_build::ASSEMBLE;
use provost_engine::event::Event;
use provost_engine::lease::Lease;
use provost_engine::plan::Subject;
use provost_fleet::lock::LockStatus;
use provost_fleet::name::Name;
use serde::Serialize;

use super::going_back;
use super::named::{Named, all_locked, named};
use crate::session::{Access, Call, Session};
use crate::{OpsError, lockfile};

/// What is to be built.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// By codebase, tree or `REV:NAME`; none means all that the lock names.
    pub names: Vec<String>,
    /// Write what earlier locks had into the lock as well.
    pub lock: bool,
}

/// What was built.
#[derive(Debug, Serialize)]
pub struct BuiltAll {
    /// Version of this form.
    pub schema: u32,
    /// One by one.
    pub builds: Vec<Built>,
}

/// A build that is there now.
#[derive(Debug, Serialize)]
pub struct Built {
    /// The codebase, where it was named by one.
    pub codebase: Option<String>,
    /// The commit of the fleet's repository whose lock it is from; `None` is the lock as it is.
    pub revision: Option<String>,
    /// Its tree.
    pub tree: String,
    /// Moodle's release.
    pub release: String,
    /// Where it lies.
    pub path: Utf8PathBuf,
    /// Whether it was there before.
    pub was_there: bool,
    /// Whether the lock was changed to name it.
    pub locked: bool,
    /// How many files it has.
    pub files: u64,
    /// How many of them were not in the store.
    pub imported: u64,
}

/// Builds what is named, or all that the lock names.
///
/// # Errors
/// When something is not there to be built, or cannot be had any more. What was built by then stays; the lock is written when all is
/// built.
pub async fn build(call: &Call, options: &Options) -> Result<BuiltAll, OpsError> {
    let session = Session::open(call, Access::Change)?;
    let built = build_open(&session, options).await;
    session.close().await;
    built
}

async fn build_open(session: &Session, options: &Options) -> Result<BuiltAll, OpsError> {
    let _lease = Lease::take(&session.cx, "fleet").await?;
    let mut wanted = Vec::new();
    for name in &options.names {
        wanted.push(named(session, name).await?);
    }
    if options.names.is_empty() {
        wanted = all_locked(session)?;
    }
    for one in wanted.iter().filter(|one| one.revision.is_none()) {
        if let Some(name) = &one.codebase
            && session.lock.status(&session.loaded.fleet, name) == LockStatus::Stale
        {
            session.cx.note(format!("the file says another {name} than the lock, which is what is built"));
        }
    }
    let lock = if options.lock { Some(going_back::lock_with(session, &wanted).await?) } else { None };
    let mut builds = Vec::new();
    for (at, one) in wanted.iter().enumerate() {
        builds.push(build_one(session, one, (at + 1, wanted.len())).await?);
    }
    if let Some(lock) = lock.filter(|lock| *lock != session.lock) {
        going_back::note_held(session, &lock).await;
        lockfile::write(&lockfile::path(&session.loaded.path), &lock)?;
        for (one, built) in wanted.iter().zip(&mut builds) {
            built.locked = one.codebase.as_ref().is_some_and(|name| {
                lock.codebases.get(name) == one.locked.as_ref()
                    && session.lock.codebases.get(name) != one.locked.as_ref()
            });
        }
    }
    Ok(BuiltAll { schema: 1, builds })
}

async fn build_one(session: &Session, one: &Named, at: (usize, usize)) -> Result<Built, OpsError> {
    let cx = &session.cx;
    let lost = || BuildError::NoOrigin(one.tree);
    let locked = one.locked.clone().ok_or_else(lost)?;
    let release = locked.moodle.release.clone();
    let name: Option<Name> = one.codebase.clone().or_else(|| format!("tree-{:.12}", one.tree).parse().ok());
    let step = Subject::new("build", &name.ok_or_else(lost)?).step(ASSEMBLE);
    let origin = Origin { locked, names: one.codebase.iter().cloned().collect() };
    cx.emit(&Event::StepStarted { step: step.clone(), number: at.0, of: at.1 });
    let begun = Instant::now();
    let assembled = match assemble_locked(cx, &step, &one.origins, &origin).await {
        Err(error) => {
            let told = if error.is_cancelled() { "interrupted".to_owned() } else { error.to_string() };
            cx.emit(&Event::StepFailed { step, error: told });
            return Err(error.into());
        }
        Ok(assembled) => assembled,
    };
    let effect = match assembled.was_there {
        true => "it was there already".to_owned(),
        false => format!("{} files, {} of them new to the store", assembled.files, assembled.imported),
    };
    cx.emit(&Event::StepFinished { step, took: begun.elapsed(), effect });
    Ok(Built {
        codebase: one.codebase.as_ref().map(ToString::to_string),
        revision: one.revision.clone(),
        tree: one.tree.to_string(),
        release,
        path: assembled.path,
        was_there: assembled.was_there,
        locked: false,
        files: assembled.files,
        imported: assembled.imported,
    })
}
