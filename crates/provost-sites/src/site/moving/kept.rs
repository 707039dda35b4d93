//! The dump by which a database was moved, kept for a while once the old database is gone.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use provost_engine::context::Context;
use provost_engine::files::write_whole;
use provost_engine::paths::Paths;
use provost_engine::process::Account;
use provost_fleet::name::Name;
use serde::{Deserialize, Serialize};

use crate::relocation::Other;
use crate::site::SiteError;
use crate::site::copy::Dump;
use crate::site::files::remove_tree;
use crate::site::install::Installation;

/// How long a dump is kept: who misses something after a move misses it in the first days.
const KEEP: Duration = Duration::from_hours(7 * 24);

/// The dump's file.
pub(super) const DUMP: &str = "database.dump";

/// What it is of.
const MANIFEST: &str = "manifest.json";

/// What a kept dump is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Manifest {
    /// Version of this form.
    schema: u32,
    /// The fleet's id.
    fleet: String,
    site: Name,
    /// The database that it is a dump of.
    was: Other,
    /// The server that the site was moved to.
    moved_to: Name,
    made_at: Timestamp,
    keep_until: Timestamp,
    dump: Dump,
}

/// Where dumps of moved databases are kept.
pub(crate) fn place(paths: &Paths) -> Utf8PathBuf {
    paths.state.join("data/moved")
}

/// Where a move has its dump while it is under way.
pub(crate) fn work(paths: &Paths, site: &Name) -> Utf8PathBuf {
    place(paths).join(format!(".{site}"))
}

/// Writes down what a dump is of, when it is proven.
pub(super) fn note(
    cx: &Context,
    site: &Installation<'_>,
    was: &Other,
    dump: &Dump,
    work: &Utf8Path,
) -> Result<(), SiteError> {
    let now = cx.now();
    let keep = jiff::SignedDuration::try_from(KEEP).unwrap_or(jiff::SignedDuration::MAX);
    let manifest = Manifest {
        schema: 1,
        fleet: site.fleet_id.id.clone(),
        site: site.name.clone(),
        was: was.clone(),
        moved_to: site.site.database.clone(),
        made_at: now,
        keep_until: now.saturating_add(keep).unwrap_or(Timestamp::MAX),
        dump: dump.clone(),
    };
    let path = work.join(MANIFEST);
    let text = serde_json::to_string_pretty(&manifest).unwrap_or_default();
    write_whole(&path, text.as_bytes(), 0o600, &Account::Own).map_err(SiteError::io("write", &path))
}

/// Keeps the dump of a move that is over. Returns until when; `None` where a killed run left none.
pub(super) fn keep(cx: &Context, site: &Name) -> Result<Option<Timestamp>, SiteError> {
    let work = work(&cx.paths, site);
    let Some(manifest) = read(&work) else {
        remove_tree(&work)?;
        return Ok(None);
    };
    // Two moves of one site, there and back, may be over within a second.
    let to = place(&cx.paths).join(format!("{site}-{}", manifest.made_at.strftime("%Y%m%dT%H%M%S%.3fZ")));
    std::fs::rename(&work, &to).map_err(SiteError::io("make", &to))?;
    Ok(Some(manifest.keep_until))
}

/// Removes dumps that have served their time.
pub fn prune(cx: &Context) {
    let now = cx.now();
    for entry in place(&cx.paths).read_dir_utf8().into_iter().flatten().flatten() {
        let Some(manifest) = read(entry.path()).filter(|_| !entry.file_name().starts_with('.')) else {
            continue;
        };
        if manifest.keep_until <= now {
            let (site, until) = (manifest.site, manifest.keep_until);
            let of = format!("the dump of {site} from {}", manifest.was.server);
            cx.note(match remove_tree(entry.path()) {
                Ok(()) => format!("{of} was kept until {until}, and is gone"),
                Err(error) => format!("{of} stays: {}", error.chain()),
            });
        }
    }
}

fn read(directory: &Utf8Path) -> Option<Manifest> {
    serde_json::from_str(&std::fs::read_to_string(directory.join(MANIFEST)).ok()?).ok()
}
