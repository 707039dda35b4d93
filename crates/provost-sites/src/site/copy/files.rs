//! The files of a dataroot, but for what Moodle makes again and what must never come back.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;
use provost_moodle::site_file::LOCAL_REQUEST_DIRECTORY;
use tokio_util::sync::CancellationToken;

use super::super::SiteError;
use super::super::files::PHP_TEMPORARY;
use super::Files;

/// Caches, sessions, locks. A cache of the old site would beat the database of a restored one: `muc` names stores and the old site's
/// identifier, and core does not empty it.
const LEFT_OUT: [&str; 8] =
    ["cache", "localcache", "temp", "sessions", "lock", "muc", PHP_TEMPORARY, LOCAL_REQUEST_DIRECTORY];

/// Files under their content's hash, which nobody changes: they are linked where that can be done. The site that they are linked
/// from is disabled, and gone right after.
const IMMUTABLE: &str = "filedir";

/// A file of the copy: its path below it, and its size.
type Inventory = BTreeMap<Utf8PathBuf, u64>;

pub(super) async fn copy(cx: &Context, from: &Utf8Path, to: &Utf8Path) -> Result<Files, SiteError> {
    let (from, to, cancel) = (from.to_owned(), to.to_owned(), cx.cancel.clone());
    let copied = tokio::task::spawn_blocking(move || {
        let mut walk = Walk { from: &from, to: &to, cancel: &cancel, meant: Inventory::new() };
        walk.directory(Utf8Path::new(""))?;
        let meant = walk.meant;
        let mut there = Inventory::new();
        inventory(&to, Utf8Path::new(""), &mut there)?;
        if there != meant {
            let told = format!("of {} files {} are in the copy as they were", meant.len(), there.len());
            return Err(SiteError::ReadBack(told));
        }
        Ok(Files {
            count: u64::try_from(there.len()).unwrap_or(u64::MAX),
            bytes: there.values().sum(),
            left_out: LEFT_OUT.map(str::to_owned).to_vec(),
        })
    });
    copied.await.map_err(|broke| SiteError::ReadBack(format!("copying the files broke: {broke}")))?
}

struct Walk<'a> {
    from: &'a Utf8Path,
    to: &'a Utf8Path,
    cancel: &'a CancellationToken,
    meant: Inventory,
}

impl Walk<'_> {
    fn directory(&mut self, below: &Utf8Path) -> Result<(), SiteError> {
        let (from, to) = (self.from.join(below), self.to.join(below));
        std::fs::create_dir_all(&to).map_err(SiteError::io("make", &to))?;
        for entry in from.read_dir_utf8().map_err(SiteError::io("read", &from))? {
            if self.cancel.is_cancelled() {
                return Err(SiteError::ReadBack("interrupted".to_owned()));
            }
            let entry = entry.map_err(SiteError::io("read", &from))?;
            if below.as_str().is_empty() && LEFT_OUT.contains(&entry.file_name()) {
                continue;
            }
            let below = below.join(entry.file_name());
            let kind = entry.file_type().map_err(SiteError::io("read", entry.path()))?;
            if kind.is_dir() {
                self.directory(&below)?;
            } else if kind.is_file() {
                self.file(&below)?;
            }
            // Links lead to somewhere else, and Moodle makes none; sockets and pipes have no content.
        }
        Ok(())
    }

    fn file(&mut self, below: &Utf8Path) -> Result<(), SiteError> {
        let (from, to) = (self.from.join(below), self.to.join(below));
        let linked = below.starts_with(IMMUTABLE) && std::fs::hard_link(&from, &to).is_ok();
        if !linked {
            std::fs::copy(&from, &to).map_err(SiteError::io("copy", &from))?;
        }
        let size = std::fs::metadata(&from).map_err(SiteError::io("read", &from))?.size();
        self.meant.insert(below.to_owned(), size);
        Ok(())
    }
}

fn inventory(root: &Utf8Path, below: &Utf8Path, all: &mut Inventory) -> Result<(), SiteError> {
    let here = root.join(below);
    for entry in here.read_dir_utf8().map_err(SiteError::io("read", &here))? {
        let entry = entry.map_err(SiteError::io("read", &here))?;
        let below = below.join(entry.file_name());
        let found = entry.metadata().map_err(SiteError::io("read", entry.path()))?;
        if found.is_dir() {
            inventory(root, &below, all)?;
        } else {
            all.insert(below, found.size());
        }
    }
    Ok(())
}
