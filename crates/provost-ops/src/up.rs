//! `provost up`: runs the fleet's own services in the foreground.

use provost_sites::up::{self, Services};

use crate::OpsError;
use crate::session::{Access, Call, Session};

/// Starts everything, says so through `ready`, and stays until the call is cancelled or a service cannot be kept up.
pub async fn up(call: &Call, ready: impl FnOnce(&[String])) -> Result<(), OpsError> {
    let session = Session::open(call, Access::Change)?;
    let services = Services {
        fleet: session.loaded.fleet.clone(),
        servers: session.servers.clone(),
        fleet_id: session.fleet_id.clone(),
    };
    let paths = &session.cx.paths;
    let sites = session.loaded.fleet.sites.iter();
    let served = sites.filter(|(name, _)| paths.vhosts().join(format!("{name}.conf")).exists());
    let urls: Vec<String> = served.map(|(_, site)| site.url.to_string()).collect();
    let ended = up::run(&session.cx, &services, || ready(&urls)).await;
    session.close().await;
    Ok(ended?)
}
