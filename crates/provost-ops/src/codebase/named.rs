//! Builds as people name them: a codebase, the first digits of a tree, or a codebase in an earlier lock, `REV:NAME`.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use provost_codebase::build::{list_builds, read_record};
use provost_codebase::git::{Git, WorkTree};
use provost_codebase::object::ObjectId;
use provost_codebase::resolve::Origins;
use provost_fleet::lock::{Lock, LockedCodebase, LockedSource};
use provost_fleet::name::Name;

use super::no_codebase;
use crate::error::io;
use crate::session::Session;
use crate::{OpsError, lockfile};

/// The fewest digits of a tree that are taken for one.
const FEWEST_DIGITS: usize = 4;

/// How long a command works with files of an earlier revision at most: each of its downloads may take an hour.
const LONGEST_USE: Duration = Duration::from_hours(24);

/// A build that somebody named. It need not be there.
#[derive(Debug)]
pub(crate) struct Named {
    /// The codebase, where it was named by one.
    pub(crate) codebase: Option<Name>,
    /// The commit of an earlier lock.
    pub(crate) revision: Option<String>,
    /// Its tree.
    pub(crate) tree: ObjectId,
    /// What it is made of, where that is known.
    pub(crate) locked: Option<LockedCodebase>,
    /// Where zips, directories and patches of it are, as they were then.
    pub(crate) origins: Origins,
    _exported: Option<Exported>,
}

/// Files of an earlier revision, removed when they are no longer needed.
#[derive(Debug)]
struct Exported(Utf8PathBuf);

impl Drop for Exported {
    fn drop(&mut self) {
        // In the cache: what stays is in nobody's way.
        drop(fs_err::remove_dir_all(&self.0));
    }
}

/// Finds out what is meant.
///
/// # Errors
/// [`OpsError::NoSuch`] when it is nothing, or more than one thing; [`OpsError::NotLocked`].
pub(crate) async fn named(session: &Session, text: &str) -> Result<Named, OpsError> {
    if let Some((revision, name)) = text.rsplit_once(':') {
        return earlier(session, revision, name).await;
    }
    let name: Option<Name> = text.parse().ok();
    if let Some(name) = &name
        && let Some(locked) = session.lock.codebases.get(name)
    {
        return of_lock(session, name, locked);
    }
    if let Some(name) = name.filter(|name| session.loaded.fleet.codebases.contains_key(name)) {
        return Err(OpsError::NotLocked(name));
    }
    let hex = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if hex && (FEWEST_DIGITS..=40).contains(&text.len()) {
        return of_tree(session, text);
    }
    Err(no_codebase(&session.loaded.fleet, text))
}

/// All that the lock names.
pub(crate) fn all_locked(session: &Session) -> Result<Vec<Named>, OpsError> {
    session.lock.codebases.iter().map(|(name, locked)| of_lock(session, name, locked)).collect()
}

fn of_lock(session: &Session, name: &Name, locked: &LockedCodebase) -> Result<Named, OpsError> {
    Ok(Named {
        codebase: Some(name.clone()),
        revision: None,
        tree: tree_of(locked)?,
        locked: Some(locked.clone()),
        origins: session.origins(),
        _exported: None,
    })
}

fn of_tree(session: &Session, digits: &str) -> Result<Named, OpsError> {
    let builds = session.cx.paths.builds();
    let no_such = |there| OpsError::NoSuch { what: "build", name: digits.to_owned(), there };
    let known = list_builds(&builds).map_err(io("read", &builds))?.into_iter().map(|build| build.tree);
    let locked = session.lock.codebases.values();
    let locked = locked.filter_map(|locked| locked.tree.parse().ok());
    let mut found: Vec<ObjectId> = known.chain(locked).collect();
    found.retain(|tree| tree.to_string().starts_with(digits));
    found.sort();
    found.dedup();
    let tree = match *found {
        [] => return Err(no_such("`provost codebase list` shows those that there are".to_owned())),
        [tree] => tree,
        _ => {
            let all: Vec<String> = found.iter().map(ToString::to_string).collect();
            return Err(no_such(format!("it could be {}", all.join(" or "))));
        }
    };
    let in_lock = session.lock.codebases.values().find(|locked| locked.tree == tree.to_string()).cloned();
    let locked = in_lock.or_else(|| read_record(&builds, tree).and_then(|record| record.locked));
    Ok(Named { codebase: None, revision: None, tree, locked, origins: session.origins(), _exported: None })
}

/// A codebase as the lock had it at a revision of the repository that the fleet file is in.
async fn earlier(session: &Session, revision: &str, name: &str) -> Result<Named, OpsError> {
    let lock_path = lockfile::path(&session.loaded.path);
    let file = lock_path.file_name().unwrap_or("fleet.lock");
    let work_tree = Git::find(&session.cx).await?.work_tree(&session.base()).await?;
    let Some(commit) = work_tree.commit(revision).await? else {
        let there = format!("`git log {file}` shows those in which the lock changed");
        return Err(OpsError::NoSuch { what: "revision", name: revision.to_owned(), there });
    };
    let Some(text) = work_tree.file(&commit, file).await? else {
        let there = format!("`git log {file}` shows since when it is in git");
        return Err(OpsError::NoSuch { what: "lock", name: format!("{revision}:{file}"), there });
    };
    let lock = Lock::parse(&format!("{revision}:{file}"), &String::from_utf8_lossy(&text))
        .map_err(OpsError::Invalid)?;
    let found = lock.codebases.iter().find(|(known, _)| known.as_str() == name);
    let Some((codebase, locked)) = found else {
        let known: Vec<&str> = lock.codebases.keys().map(Name::as_str).collect();
        let there = format!("the lock of {revision} has {}", known.join(", "));
        return Err(OpsError::NoSuch { what: "codebase", name: name.to_owned(), there });
    };
    let named = Named { revision: Some(commit.clone()), ..of_lock(session, codebase, locked)? };
    let Some((exported, base)) = export(session, &work_tree, &commit, locked).await? else {
        return Ok(named);
    };
    let origins = Origins { base, ..named.origins };
    Ok(Named { origins, _exported: Some(exported), ..named })
}

/// Takes out of git what the lock of a revision needs beside it: patches, and plugins that are kept with the fleet file.
async fn export(
    session: &Session,
    work_tree: &WorkTree,
    commit: &str,
    locked: &LockedCodebase,
) -> Result<Option<(Exported, Utf8PathBuf)>, OpsError> {
    let patches = locked.patches.iter().map(|patch| patch.path.as_str());
    let plugins = locked.plugins.values().filter_map(|plugin| match &plugin.source {
        LockedSource::Directory { path, .. } => Some(path.as_str()),
        LockedSource::Zip { location, .. } if !location.contains("://") => Some(location.as_str()),
        _ => None,
    });
    let paths: Vec<&str> = patches.chain(plugins).filter(|path| !Utf8Path::new(path).is_absolute()).collect();
    if paths.is_empty() {
        return Ok(None);
    }
    remove_leftovers(&session.cx.paths.earlier());
    let exported = Exported(session.cx.paths.earlier().join(commit));
    work_tree.export(commit, &paths, &exported.0).await?;
    let base = work_tree.exported(&exported.0);
    Ok(Some((exported, base)))
}

/// Removes what killed commands left beside ours. What cannot be removed is in nobody's way.
fn remove_leftovers(own: &Utf8Path) {
    let Some(all) = own.parent() else { return };
    for entry in all.read_dir_utf8().into_iter().flatten().flatten() {
        let changed = entry.metadata().and_then(|found| found.modified());
        if changed.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > LONGEST_USE)) {
            drop(fs_err::remove_dir_all(entry.path()));
        }
    }
}

fn tree_of(locked: &LockedCodebase) -> Result<ObjectId, OpsError> {
    locked.tree.parse().map_err(|error| OpsError::Build(provost_codebase::build::BuildError::Id(error)))
}
