//! What the lock says of zips and directories, against what is there now.

use camino::Utf8PathBuf;
use provost_engine::context::Context;
use provost_fleet::lock::{LockedCodebase, LockedPatch, LockedSource};
use provost_moodle::component::Component;

use super::{ImportError, blocking, directory_tree_id, import_directory, import_zip};
use crate::download::{Downloads, Wanted};
use crate::git::Git;
use crate::object::ObjectId;
use crate::resolve::Origins;

/// Sees to it that every zip and directory of a lock is among the imported trees: imports again what is not.
///
/// # Errors
/// [`ImportError::OtherContent`] when what is there now is not what was locked.
pub async fn bring_back(git: &Git, origins: &Origins, locked: &LockedCodebase) -> Result<(), ImportError> {
    for (component, plugin) in &locked.plugins {
        let tree = match &plugin.source {
            LockedSource::Git { .. } => continue,
            LockedSource::Zip { tree, .. } | LockedSource::Directory { tree, .. } => tree,
        };
        let tree: ObjectId = tree.parse().map_err(|_| ImportError::OtherContent {
            component: component.clone(),
            place: plugin.source.place().to_owned(),
        })?;
        if !git.is_imported(tree).await? {
            bring_back_one(git, origins, component, &plugin.source, tree).await?;
        }
    }
    Ok(())
}

async fn bring_back_one(
    git: &Git,
    origins: &Origins,
    component: &Component,
    source: &LockedSource,
    tree: ObjectId,
) -> Result<(), ImportError> {
    let imported = match source {
        LockedSource::Git { .. } => return Ok(()),
        LockedSource::Zip { location, sha256, .. } => {
            let wanted = Wanted { sha256: Some(sha256.clone()), md5: None };
            let zip = Downloads::new(git.context()).zip(&origins.place(location)?, &wanted).await?;
            import_zip(git, &zip.path, component).await?
        }
        LockedSource::Directory { path, .. } => import_directory(git, &origins.path(path)).await?,
    };
    if imported.tree == tree {
        return Ok(());
    }
    Err(ImportError::OtherContent { component: component.clone(), place: source.place().to_owned() })
}

/// Whether a zip, a directory or a patch of this machine has another content than the lock says. One that is not there has not: what
/// was made of it may still be.
///
/// # Errors
/// When it is there and cannot be read.
pub async fn has_changed(
    cx: &Context,
    origins: &Origins,
    locked: &LockedCodebase,
) -> Result<bool, ImportError> {
    for LockedPatch { path, sha256 } in &locked.patches {
        if origins.path(path).exists() && file_digest(cx, origins.path(path)).await? != *sha256 {
            return Ok(true);
        }
    }
    for plugin in locked.plugins.values() {
        let changed = match &plugin.source {
            LockedSource::Directory { path, tree } if origins.path(path).exists() => {
                directory_tree_id(cx, &origins.path(path)).await?.to_string() != *tree
            }
            LockedSource::Zip { location, sha256, .. } if origins.path(location).exists() => {
                file_digest(cx, origins.path(location)).await? != *sha256
            }
            _ => false,
        };
        if changed {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn file_digest(cx: &Context, path: Utf8PathBuf) -> Result<String, ImportError> {
    let cancel = cx.cancel.clone();
    blocking(move || super::zip::digest_of(&path, &cancel)).await
}
