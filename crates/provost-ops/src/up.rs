//! `provost up`: runs the fleet's own services in the foreground.

use provost_engine::context::Context;
use provost_engine::execute::full_chain;
use provost_sites::cron::CronError;
use provost_sites::up::{self, Services};
use tokio_util::sync::CancellationToken;

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
    // Cron begins when the services are up, and ends with them.
    let (served, wait) = tokio::sync::oneshot::channel();
    let cron = cron(call, &session, wait);
    let ending = cron.1;
    let serve = async {
        let ended = up::run(&session.cx, &services, || {
            ready(&urls);
            served.send(()).ok();
        })
        .await;
        ending.cancel();
        ended
    };
    let (ended, ()) = tokio::join!(serve, cron.0);
    session.close().await;
    Ok(ended?)
}

/// What is done beside the services: spares are refilled, and the sites' cron is run; and what ends that. That cron cannot be run is no reason to serve nothing.
fn cron<'a>(
    call: &'a Call,
    session: &'a Session,
    served: tokio::sync::oneshot::Receiver<()>,
) -> (impl Future<Output = ()> + 'a, CancellationToken) {
    let cx = Context { cancel: session.cx.cancel.child_token(), ..session.cx.clone() };
    let ending = cx.cancel.clone();
    let work = async move {
        if served.await.is_err() {
            return;
        }
        let spares = crate::spares::keep_full(call, &cx);
        if !session.loaded.fleet.cron.enabled {
            return spares.await;
        }
        let cron = run_cron(call, session, &cx);
        tokio::join!(spares, cron);
    };
    (work, ending)
}

async fn run_cron(call: &Call, session: &Session, cx: &Context) {
    match crate::cron::run_open(call, session, cx, false, |_| {}).await {
        Err(CronError::Already { pid }) => {
            cx.note(format!("cron is run by another scheduler (process {pid})"));
        }
        Err(error) => cx.note(format!("cron is not run: {}", full_chain(&error))),
        Ok(()) => {}
    }
}
