//! Editing the fleet file, and applying that edit and nothing else.

use std::collections::BTreeSet;

use provost_fleet::edit::Edit;
use provost_fleet::model::Fleet;
use provost_fleet::name::Name;
use serde::Serialize;

use crate::OpsError;
use crate::apply::{Allowed, Applied, Scope, apply_to};
use crate::edit::commit::Repository;
use crate::edit::{Edited, FleetFile};
use crate::error::Exit;
use crate::session::{Access, Call, Session};

/// How an edit is to be made.
#[derive(Debug, Clone, Default)]
pub struct EditOptions {
    /// Show what would change in the file, and write nothing.
    pub dry_run: bool,
    /// Commit the fleet file.
    pub commit: bool,
    /// Write the file, and leave the rest to `provost apply`.
    pub no_apply: bool,
}

/// What came of an edit.
#[derive(Debug, Serialize)]
pub struct Done {
    /// What changes in the fleet file, as `diff -u` shows it; empty where it says so already.
    pub diff: String,
    /// Whether that was written.
    pub written: bool,
    /// The commit's id.
    pub commit: Option<String>,
    /// What was done; absent where nothing was to be.
    pub applied: Option<Applied>,
}

impl Done {
    /// What it means for the exit code.
    pub fn exit(&self) -> Exit {
        self.applied.as_ref().map_or(Exit::Done, Applied::exit)
    }
}

/// An edit that is made of the file as it is, under its lock.
pub(crate) struct Change<'a> {
    /// The sites that it is about.
    pub(crate) sites: BTreeSet<Name>,
    /// First line of the commit's message.
    pub(crate) message: String,
    /// What it destroys, it may.
    pub(crate) allowed: Allowed,
    /// How it is to be made.
    pub(crate) options: &'a EditOptions,
}

/// Takes away what says that a site was called by one of some names, where its rename is done: the name is free again.
pub(crate) fn freed(call: &Call, fleet: &Fleet, is_wanted: impl Fn(&Name) -> bool) -> Vec<Edit> {
    let paths = call.environment.paths(fleet);
    let renamed = fleet.sites.iter().filter(|(name, site)| {
        let free = |was: &Name| is_wanted(was) && !paths.site(was).exists() && !fleet.sites.contains_key(was);
        paths.site(name).exists() && site.was.as_ref().is_some_and(free)
    });
    renamed.map(|(name, _)| Edit::remove(&["site", name.as_str(), "was"])).collect()
}

/// Makes an edit, and does for its sites what follows from it.
pub(crate) async fn edit_and_apply(
    call: &Call,
    change: &Change<'_>,
    edits: impl FnOnce(&Fleet) -> Result<Vec<Edit>, OpsError>,
) -> Result<Done, OpsError> {
    let mut file = FleetFile::open(call).await?;
    let edits = edits(&file.edit(&[])?.fleet)?;
    let edited = file.edit(&edits)?;
    let mut done = write(call, change, &mut file, &edited).await?;
    // Whoever waits for the file may have it: what is applied is read anew.
    drop(file);
    if !change.options.dry_run && !change.options.no_apply {
        done.applied = Some(apply_to(call, change.allowed, &Scope::Sites(change.sites.clone())).await?);
    }
    Ok(done)
}

/// Writes and commits an edit, as far as that is wanted.
pub(crate) async fn write(
    call: &Call,
    change: &Change<'_>,
    file: &mut FleetFile,
    edited: &Edited,
) -> Result<Done, OpsError> {
    let options = change.options;
    let written = !options.dry_run && !edited.diff.is_empty();
    let mut done = Done { diff: edited.diff.clone(), written, commit: None, applied: None };
    if !written {
        return Ok(done);
    }
    let session = Session::open(call, Access::LookAtRest)?;
    let wrote = async {
        let repository = match options.commit {
            true => Some(Repository::ready(&session.cx, call, &[file.path()]).await?),
            false => None,
        };
        file.write(edited)?;
        if let Some(repository) = repository {
            let message = format!("{}\n\nMade by `provost site`.", change.message);
            done.commit = Some(repository.commit(&session.cx, &message).await?);
        }
        Ok(done)
    };
    let wrote = wrote.await;
    session.close().await;
    wrote
}
