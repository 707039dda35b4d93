//! The end of a site: everything but its database, which is a thing of its own.

use camino::Utf8PathBuf;
use provost_engine::context::Context;
use provost_fleet::name::Name;

use super::SiteError;
use super::files;
use crate::{accounts, seat};

/// Removes a site's links, dataroot, logs and account. Each part may be gone already. A site that was taken out in the midst of a rename
/// has two names, and parts under either.
pub async fn remove(
    cx: &Context,
    fleet_id: &str,
    names: &[&Name],
    dataroot: Option<Utf8PathBuf>,
) -> Result<(), SiteError> {
    for name in names {
        files::remove_host_links(cx, name, None)?;
    }
    if let Some(dataroot) = dataroot {
        match files::look_at_dataroot(&dataroot)? {
            files::Dataroot::Marked(mark) if mark.fleet == fleet_id && names.contains(&&mark.site) => {
                // A dataroot can be large; the runtime's threads are for waiting, not for this.
                let gone = tokio::task::spawn_blocking(move || files::remove_dataroot(&dataroot)).await;
                gone.map_err(|broke| SiteError::ReadBack(format!("removing the dataroot broke: {broke}")))??;
            }
            files::Dataroot::Absent => files::remove_empty_dataroot(&dataroot)?,
            _ => return Err(SiteError::ReadBack(format!("`{dataroot}` is not ours to remove"))),
        }
    }
    for name in names {
        remove_named(cx, fleet_id, name).await?;
    }
    Ok(())
}

/// What is called as the site is, but for its dataroot.
async fn remove_named(cx: &Context, fleet_id: &str, name: &Name) -> Result<(), SiteError> {
    files::remove_tree(&cx.paths.site(name))?;
    // What a move left that was killed; the dumps of moves that are over serve their time.
    files::remove_tree(&super::moving::kept::work(&cx.paths, name))?;
    files::remove_tree(&cx.paths.site_logs(name))?;
    remove_cron_logs(cx, name)?;
    if let Some(user) = accounts::site_if_there(&cx.machine, fleet_id, name)? {
        seat::remove(&cx.paths, &user)?;
    }
    Ok(accounts::remove_site(cx, fleet_id, name).await?)
}

/// The log of the site's cron, and those that were set aside: `NAME.log`, `NAME.log.1`.
fn remove_cron_logs(cx: &Context, name: &Name) -> Result<(), SiteError> {
    let (logs, own) = (cx.paths.cron_logs(), format!("{name}.log"));
    let Ok(entries) = logs.read_dir_utf8() else { return Ok(()) };
    for entry in entries.flatten() {
        let rest = entry.file_name().strip_prefix(&own);
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) {
            std::fs::remove_file(entry.path()).map_err(SiteError::io("remove", entry.path()))?;
        }
    }
    Ok(())
}
