//! The copies that are kept, and the end of those that have served their time.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;
use provost_engine::paths::Paths;
use provost_fleet::name::Name;

use super::super::SiteError;
use super::super::files::remove_tree;
use super::{Manifest, place};
use crate::database;
use crate::mark::{Whose, whose};
use crate::server::Servers;

/// A copy that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its directory.
    pub path: Utf8PathBuf,
    /// What it is of.
    pub manifest: Manifest,
}

/// All copies of a fleet that can be read, by site and age.
pub fn kept(paths: &Paths) -> Vec<Kept> {
    let mut all: Vec<Kept> = look(paths).filter_map(Result::ok).collect();
    all.sort_by(|one, other| {
        (&one.manifest.site, one.manifest.made_at).cmp(&(&other.manifest.site, other.manifest.made_at))
    });
    all
}

/// A copy that is there and cannot be read, and why: nobody knows what it needs.
pub fn unreadable(paths: &Paths) -> Option<(Utf8PathBuf, std::io::Error)> {
    look(paths).find_map(Result::err)
}

/// Whether a directory is the copy of a site, and can be read.
pub(crate) fn is_copy_of(path: &Utf8Path, site: &Name) -> bool {
    Manifest::read(path).is_ok_and(|manifest| manifest.site == *site)
}

fn look(paths: &Paths) -> impl Iterator<Item = Result<Kept, (Utf8PathBuf, std::io::Error)>> {
    let entries = place(&paths.state).read_dir_utf8().into_iter().flatten().flatten();
    let visible = entries.filter(|entry| !entry.file_name().starts_with('.'));
    visible.map(|entry| {
        let path = entry.into_path();
        match Manifest::read(&path) {
            Ok(manifest) => Ok(Kept { path, manifest }),
            Err(error) => Err((path, error)),
        }
    })
}

/// Says that a site was seen to be gone. Of its copies the newest counts; older ones are of deletions that did not come to their end,
/// and go.
pub fn settle(cx: &Context, site: &Name) -> Result<Option<Kept>, SiteError> {
    let mut unsettled: Vec<Kept> = kept(&cx.paths)
        .into_iter()
        .filter(|one| one.manifest.site == *site && one.manifest.gone_at.is_none())
        .collect();
    let Some(mut newest) = unsettled.pop() else { return Ok(None) };
    for older in unsettled {
        remove_tree(&older.path)?;
    }
    newest.manifest.gone_at = Some(cx.now());
    newest.manifest.write(&newest.path)?;
    Ok(Some(newest))
}

/// Sites of which a copy is kept that does not say whether they are gone: their deletion did not come to its end, or was ended by
/// somebody else. With the newest copy of each.
pub fn unsettled(paths: &Paths) -> BTreeMap<Name, Kept> {
    let open = kept(paths).into_iter().filter(|one| one.manifest.gone_at.is_none());
    open.map(|one| (one.manifest.site.clone(), one)).collect()
}

/// Whether neither database nor role of the site is on the server any more that a copy was made on. Not when that cannot be seen.
pub async fn is_database_gone(cx: &Context, servers: &Servers, kept: &Kept) -> bool {
    let Manifest { server, database, fleet, site, .. } = &kept.manifest;
    let Ok(mut found) = database::look_at(servers, cx, server).await else { return false };
    let Some(one) = found.remove(database) else { return true };
    let comments = one.database.into_iter().chain(one.role.map(|role| role.comment));
    // Another site may have got the name meanwhile.
    comments.map(|comment| whose(comment.as_deref(), fleet)).all(|whose| match whose {
        Whose::Ours(mark) => mark.site != *site,
        Whose::Foreign(_) => false,
    })
}

/// Removes copies that have served their time. A copy of a site that is not gone stays.
pub fn prune(cx: &Context) {
    crate::site::moving::prune(cx);
    let now = cx.now();
    for one in kept(&cx.paths) {
        // Somebody may be bringing it back.
        let free = || matches!(cx.store.lease_holder(&format!("site/{}", one.manifest.site)), Ok(None));
        if one.manifest.gone_at.is_some() && one.manifest.keep_until <= now && free() {
            let until = one.manifest.keep_until;
            cx.note(match remove_tree(&one.path) {
                Ok(()) => format!("the copy of {} was kept until {until}, and is gone", one.manifest.site),
                Err(error) => format!("the copy of {} stays: {}", one.manifest.site, error.chain()),
            });
        }
    }
}

/// Removes copies that never came to their place. Whoever makes one holds the fleet's lease, and so must the caller.
pub fn remove_unfinished(cx: &Context) {
    let place = place(&cx.paths.state);
    for entry in place.read_dir_utf8().into_iter().flatten().flatten() {
        if entry.file_name().starts_with('.')
            && let Err(error) = remove_tree(entry.path())
        {
            cx.note(format!("an unfinished copy stays: {}", error.chain()));
        }
    }
}
