//! How contents get over, as declared.

use std::sync::Arc;

use camino::Utf8Path;
use provost_archive::transport::{Host, Landing, Origin, Route, Ssh, Transport};
use provost_fleet::archive::{Archive, End, SshHost};
use provost_sites::php::Php;
use provost_sites::site::dataroot;

use super::ArchiveError;
use super::making::Opened;
use crate::session::Session;

/// The transport of a declaration. `work` is the session's own directory.
pub(super) fn make(
    session: &Session,
    declared: &Archive,
    source: &Opened<'_>,
    target: &Opened<'_>,
    work: &Utf8Path,
) -> Result<Arc<dyn Transport>, ArchiveError> {
    let filedir = |end: &Opened<'_>| dataroot(&session.cx, end.name, end.site).join("filedir");
    let origin = Origin { host: host(session, &declared.from, source)?, filedir: filedir(source) };
    let staging = match &declared.to.host {
        Some(SshHost { directory: Some(directory), .. }) => directory.clone(),
        _ => work.join("target"),
    };
    let landing =
        Landing { host: host(session, &declared.to, target)?, staging, filedir: Some(filedir(target)) };
    Ok(Arc::new(Route::new(session.cx.clone(), origin, landing)))
}

fn host(session: &Session, declared: &End, opened: &Opened<'_>) -> Result<Host, ArchiveError> {
    let cx = &session.cx;
    let Some(remote) = &declared.host else {
        let php =
            Php::find(&cx.machine).ok_or_else(|| ArchiveError::Refused("PHP is not installed".to_owned()))?;
        return Ok(Host::Here { php: php.cli, account: opened.account.clone() });
    };
    let missing = || ArchiveError::Refused("`ssh` is not installed".to_owned());
    let destination = match &remote.user {
        Some(user) => format!("{user}@{}", remote.host),
        None => remote.host.clone(),
    };
    Ok(Host::Ssh(Ssh {
        program: cx.machine.program("ssh").ok_or_else(missing)?,
        destination,
        configuration: None,
        php: "php".to_owned(),
        environment: cx.machine.child_environment.clone(),
    }))
}
