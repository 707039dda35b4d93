//! Whether a site can be worked in: it is of the file, its server answers, it is installed.

use provost_engine::process::Account;
use provost_fleet::model::Site;
use provost_fleet::name::Name;
use provost_sites::accounts;
use provost_sites::site::census;

use crate::session::Session;

/// Finds a site of the fleet, starts its server, and sees that it is installed; else says why it cannot be used.
pub(crate) async fn reach<'a>(session: &'a Session, name: &Name) -> Result<(&'a Site, Account), String> {
    let cx = &session.cx;
    let site = session.loaded.fleet.sites.get(name).ok_or("it is not in the fleet file")?;
    let seen = census::is_installed(cx, &session.servers, name, site).await;
    if !seen.map_err(|error| error.chain())? {
        return Err("it is not installed".to_owned());
    }
    let user = accounts::site_if_there(&cx.machine, &session.fleet_id.id, name);
    let account = user.map_err(|error| error.to_string())?.ok_or("its Unix account is gone")?.account;
    Ok((site, account))
}
