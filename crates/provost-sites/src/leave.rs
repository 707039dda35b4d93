//! The end of a fleet's last site: what the fleet has outside of its state directory goes, nginx's account and the run directory.
//!
//! Neither is planned: both come to be with whatever needs them first, and go when nothing does.

use provost_engine::context::Context;
use provost_engine::execute::full_chain;
use provost_engine::lease::Lease;
use tokio_util::sync::CancellationToken;

use crate::fleet_state::FleetId;
use crate::site::files;
use crate::up::{self, Serving};
use crate::{accounts, seat, server};

/// Called at the end of a command that may have changed things, after it has let go of everything. Nothing happens while a site is
/// left, or while the fleet is up: then the end of `up` comes here too.
pub async fn leave(cx: &Context, fleet_id: &FleetId) {
    if sites_left(cx) {
        return;
    }
    // Also at the end of a command that was interrupted.
    let cx = &Context { cancel: CancellationToken::new(), ..cx.clone() };
    // Nobody installs a site or starts the services meanwhile; who is at it already will come here in the end.
    let (Ok(_fleet), Ok(_up)) = (Lease::take(cx, "fleet").await, Lease::take(cx, up::LEASE).await) else {
        return;
    };
    if sites_left(cx) || up::serving(&cx.paths) != Serving::Down || up::services_live(&cx.paths) {
        return;
    }
    if let Err(error) = seat::remove_all(cx, &fleet_id.id).await {
        cx.note(format!("accounts of free seats stay: {}", error.chain()));
    }
    if let Err(error) = accounts::remove_web(cx, &fleet_id.id).await {
        cx.note(format!("nginx's account stays: {}", full_chain(&error)));
    }
    let removed = files::remove_tree(&cx.paths.nginx_temporary()).map_err(|error| error.chain());
    let removed =
        removed.and_then(|()| server::remove_run_directory(&cx.paths).map_err(|error| error.to_string()));
    if let Err(why) = removed {
        cx.note(format!("what nginx and the servers left behind stays: {why}"));
    }
}

/// Whether a site has files that are made for it. What cannot be read counts as one.
fn sites_left(cx: &Context) -> bool {
    let has = |directory: &camino::Utf8Path| match std::fs::read_dir(directory) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    };
    has(&cx.paths.sites()) || has(&cx.paths.vhosts())
}
