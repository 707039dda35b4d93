//! That nothing of a deleted site is left: looked for in every place where sites leave something, not taken from what was done.

use camino::Utf8PathBuf;
use provost_fleet::name::Name;
use provost_sites::secrets::Generated;
use provost_sites::site::copy;
use provost_sites::{accounts, kind_site};

use super::{DeleteError, Doomed};
use crate::OpsError;
use crate::session::Session;

/// Finds nothing, or tells what it found.
pub(super) async fn none(session: &Session, gone: &Doomed) -> Result<(), OpsError> {
    let name = &gone.name;
    let mut left = on_disk(session, name);
    // One that is a place of its own may be a mount point, and stays as an empty directory.
    let own = gone.dataroot.as_ref().map(Utf8PathBuf::from);
    let own = own.filter(|path| path.read_dir_utf8().is_ok_and(|mut entries| entries.next().is_some()));
    left.extend(own.map(|path| format!("`{path}`")));
    let seen = crate::plan::look(session, &session.lock).await?.seen;
    let ours = seen.iter().filter(|one| one.subject.name == *name && one.state != "absent");
    left.extend(ours.filter_map(|one| match one.subject.kind.as_str() {
        "database" => Some("its database or role".to_owned()),
        "keyspace" => Some("its user or keys in Redis".to_owned()),
        _ => None,
    }));
    // A server that does not answer is not seen above, and may have all of it.
    if let Some(kept) = copy::unsettled(&session.cx.paths).remove(name)
        && !copy::is_database_gone(&session.cx, &session.servers, &kept).await
    {
        left.push(format!("its database or role, as far as `{}` answers", kept.manifest.server));
    }
    left.sort();
    left.dedup();
    if left.is_empty() { Ok(()) } else { Err(DeleteError::Left { site: name.clone(), left }.into()) }
}

/// What is left of a site on this machine, but for its database and a dataroot at a place of its own; in words.
pub(crate) fn on_disk(session: &Session, name: &Name) -> Vec<String> {
    let paths = &session.cx.paths;
    let places = [
        paths.dataroot(name),
        paths.site(name),
        paths.vhosts().join(format!("{name}.conf")),
        paths.pools().join(format!("{name}.conf")),
        paths.pool_socket(name),
        paths.site_logs(name),
        Generated::SiteDatabase(name).path(paths),
        Generated::SiteAdmin(name).path(paths),
        Generated::SiteRedis(name).path(paths),
    ];
    let mut left: Vec<String> = places
        .into_iter()
        .filter(|path| path.symlink_metadata().is_ok())
        .map(|path| format!("`{path}`"))
        .collect();
    left.extend(kind_site::host_of(&session.cx, name).map(|host| format!("the link of `{host}`")));
    let account = accounts::site_if_there(&session.cx.machine, &session.fleet_id.id, name);
    if session.cx.machine.root && account.is_ok_and(|account| account.is_some()) {
        left.push("its Unix account".to_owned());
    }
    left
}
