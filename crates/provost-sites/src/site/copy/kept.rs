//! The copies that are kept, and the end of those that have served their time.

use camino::Utf8PathBuf;
use jiff::Timestamp;
use provost_engine::context::Context;
use provost_engine::paths::Paths;
use provost_fleet::name::Name;

use super::super::SiteError;
use super::super::files::remove_tree;
use super::{Manifest, place};

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

/// Removes copies that have served their time, and what killed runs left of others. A copy of a site that is not gone stays.
pub fn prune(cx: &Context) {
    let now = cx.now();
    for one in kept(&cx.paths) {
        if one.manifest.gone_at.is_some() && one.manifest.keep_until <= now {
            let until = one.manifest.keep_until;
            cx.note(match remove_tree(&one.path) {
                Ok(()) => format!("the copy of {} was kept until {until}, and is gone", one.manifest.site),
                Err(error) => format!("the copy of {} stays: {}", one.manifest.site, error.chain()),
            });
        }
    }
    let place = place(&cx.paths.state);
    for entry in place.read_dir_utf8().into_iter().flatten().flatten() {
        if entry.file_name().starts_with('.') && is_left(&entry, now) {
            drop(remove_tree(entry.path()));
        }
    }
}

/// Whether nobody can still be at work on a copy that has not come to its place: after a week.
fn is_left(entry: &camino::Utf8DirEntry, now: Timestamp) -> bool {
    const WEEK: i64 = 7 * 24 * 3600;
    let changed = entry.metadata().and_then(|found| found.modified()).ok();
    let changed = changed.and_then(|at| Timestamp::try_from(at).ok());
    changed.is_some_and(|at| now.as_second() - at.as_second() > WEEK)
}
