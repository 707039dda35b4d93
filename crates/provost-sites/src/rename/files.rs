//! What is called as the site is, on this disk.

use camino::Utf8Path;
use provost_engine::context::Context;
use provost_fleet::name::Name;

use crate::site::{SiteError, files};

/// Moves a dataroot: a matter of names, within one filesystem. Nothing happens where it was moved already.
pub(super) fn move_dataroot(from: &Utf8Path, to: &Utf8Path) -> Result<(), SiteError> {
    if from == to || !from.exists() {
        return Ok(());
    }
    if let Some(above) = to.parent() {
        fs_err::create_dir_all(above).map_err(SiteError::io("make", above))?;
    }
    // Onto an empty directory at most: the kernel refuses any other.
    std::fs::rename(from, to).map_err(|source| SiteError::Dataroot {
        from: from.to_owned(),
        to: to.to_owned(),
        source,
    })
}

/// Moves the site's logs, and those of its cron.
pub(super) fn move_logs(cx: &Context, from: &Name, to: &Name) -> Result<(), SiteError> {
    let (old, new) = (cx.paths.site_logs(from), cx.paths.site_logs(to));
    if old.exists() && !new.exists() {
        std::fs::rename(&old, &new).map_err(SiteError::io("move", &old))?;
    }
    let (logs, own) = (cx.paths.cron_logs(), format!("{from}.log"));
    let Ok(entries) = logs.read_dir_utf8() else { return Ok(()) };
    for entry in entries.flatten() {
        let Some(rest) = entry.file_name().strip_prefix(&own) else { continue };
        if rest.is_empty() || rest.starts_with('.') {
            let to = logs.join(format!("{to}.log{rest}"));
            std::fs::rename(entry.path(), to).map_err(SiteError::io("move", entry.path()))?;
        }
    }
    Ok(())
}

/// Takes away what the site had under its former name and has anew.
pub(super) fn leave(cx: &Context, name: &Name) -> Result<(), SiteError> {
    files::remove_host_links(cx, name, None)?;
    files::remove_tree(&cx.paths.site(name))?;
    files::remove_tree(&cx.paths.site_logs(name))
}
