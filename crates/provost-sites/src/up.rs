//! `provost up`: the fleet's own services in the foreground, all started and all stopped together.

mod files;
mod opcache;
mod ports;
mod probe;
mod rotate;
mod rounds;
mod serving;
mod untold;
mod workers;

pub use probe::Place;
pub use rounds::{Pools, Rounds};
pub use serving::{Answer, Serving, Taken, remove_dead_sockets, see, services_live, serving};
pub(crate) use serving::{FILES, listens, read_again};
pub(crate) use untold::Untold;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use provost_engine::context::Context;
use provost_engine::event::Event;
use provost_engine::execute::full_chain;
use provost_engine::lease::{Lease, LeaseError};
use provost_engine::process::{ProcessError, Program, Running};
use provost_fleet::model::{Fleet, Location};
use provost_fleet::name::Name;

use crate::accounts::AccountError;
use crate::clone::keys;
use crate::fleet_state::FleetId;
use crate::php::Php;
use crate::seat;
use crate::server::redis::RedisError;
use crate::server::{ServerError, Servers};

/// How often the services are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// After how long a database server that did not start is tried again: it may have to read its log of changes first.
const AGAIN: Duration = Duration::from_secs(15);

/// How often logs are looked at for rotation.
const ROTATE: Duration = Duration::from_mins(1);

/// How long a service may take until it answers.
const READY: Duration = Duration::from_secs(30);

/// How often a service that ended is started again within [`PATIENCE`] before we give up: a service that cannot live is not helped
/// by trying for ever.
const RESTARTS: usize = 5;

/// See [`RESTARTS`].
const PATIENCE: Duration = Duration::from_mins(1);

/// How many lines of a log say why a service did not live: php-fpm tells the cause two lines before the end.
const LAST_LINES: usize = 3;

/// Why the services could not be brought or kept up.
#[derive(Debug, thiserror::Error)]
pub enum UpError {
    /// A program is missing.
    #[error("{0} is not installed")]
    Missing(&'static str),
    /// Something else listens on an address of ours.
    #[error("cannot listen on {address}: it is in use")]
    PortInUse {
        /// The address.
        address: std::net::SocketAddr,
    },
    /// An address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The fleet is up already.
    #[error("the fleet is up already (process {pid})")]
    AlreadyUp {
        /// Who serves it.
        pid: i32,
    },
    /// A database server failed.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// A Redis failed.
    #[error(transparent)]
    Redis(#[from] RedisError),
    /// An account is missing.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The lease could not be had.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// A file could not be written.
    #[error("cannot prepare `{path}`")]
    Io {
        /// Its path.
        path: Utf8PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A service could not be started.
    #[error("cannot start {service}")]
    Start {
        /// Which.
        service: &'static str,
        /// Why not.
        #[source]
        source: ProcessError,
    },
    /// A service ended and could not be kept up.
    #[error("{service} ended again and again; its log is `{log}`{}", if said.is_empty() { String::new() } else { format!(", it said: {said}") })]
    Ended {
        /// Which.
        service: &'static str,
        /// Where to look.
        log: Utf8PathBuf,
        /// The end of what it wrote.
        said: String,
    },
    /// The services were told, and do not do it.
    #[error("the running services do not take it up: {host} answers {}", status.map_or("nothing".to_owned(), |status| status.to_string()))]
    NotTakenUp {
        /// The host that was asked for, with the path where sites share it.
        host: String,
        /// The status of its login page, where there was an answer.
        status: Option<u16>,
    },
    /// A service did not answer in time.
    #[error("{service} does not answer; its log is `{log}`")]
    Silent {
        /// Which.
        service: &'static str,
        /// Where to look.
        log: Utf8PathBuf,
    },
}

/// What is served.
pub struct Services {
    /// The fleet.
    pub fleet: Arc<Fleet>,
    /// Its servers.
    pub servers: Arc<Servers>,
    /// Its id.
    pub fleet_id: FleetId,
}

/// Brings everything up, calls `ready`, and stays until the command is cancelled or a service cannot be kept up. Everything that it
/// started is stopped when it returns, but for database servers: the caller lets go of those.
pub async fn run(cx: &Context, services: &Services, ready: impl FnOnce()) -> Result<(), UpError> {
    let lease = Lease::take(cx, LEASE).await.map_err(|error| match error {
        LeaseError::Held { holder, .. } => UpError::AlreadyUp { pid: holder.pid },
        other @ LeaseError::Store(_) => UpError::Lease(other),
    })?;
    // A killed run's services are ended before their ports are looked at.
    let leases = (Lease::take(cx, FPM).await?, Lease::take(cx, NGINX).await?);
    let result = run_holding(cx, services, ready).await;
    serving::forget(&cx.paths);
    drop((leases, lease));
    match result {
        // Whatever broke while everything was being ended is not the cause.
        Err(_) if cx.cancel.is_cancelled() => Ok(()),
        other => other,
    }
}

/// Held by whoever serves the fleet.
pub(crate) const LEASE: &str = "service/up";
const FPM: &str = "service/php-fpm";
const NGINX: &str = "service/nginx";

async fn run_holding(cx: &Context, services: &Services, ready: impl FnOnce()) -> Result<(), UpError> {
    let php = Php::find(&cx.machine).and_then(|php| php.fpm).ok_or(UpError::Missing("php-fpm"))?;
    let nginx = cx.machine.program("nginx").ok_or(UpError::Missing("nginx"))?;
    ports::check(&services.fleet.web.listen)?;
    raise_open_files();
    let managed: Vec<&Name> = services
        .fleet
        .databases
        .iter()
        .filter(|(_, server)| server.location == Location::Managed)
        .map(|(name, _)| name)
        .collect();
    hold_servers(cx, services, &managed).await?;
    services.servers.redis().hold_all(cx).await?;
    let written = files::write(cx, services).await?;
    let mut fpm = Service::new("php-fpm", written.fpm_program(php), written.fpm_log.clone());
    let mut web = Service::new("nginx", written.nginx_program(nginx), written.nginx_log.clone());
    fpm.start(cx).await?;
    let up = async {
        web.start(cx).await?;
        wait_until_ready(cx, services, &mut fpm, &mut web).await?;
        serving::note(cx, &services.fleet.web.listen)
            .map_err(|source| UpError::Io { path: cx.paths.run.clone(), source })?;
        ready();
        let watched = watch(cx, services, &managed, &mut fpm, &mut web);
        // The stock of keys is kept as long as the services are, and no longer.
        tokio::select! {
            watched = watched => watched,
            () = async { keys::keep(cx, &services.fleet).await; std::future::pending().await } => Ok(()),
        }
    };
    let result = up.await;
    cx.emit(&Event::Started { what: "stopping nginx and php-fpm".to_owned() });
    web.end().await;
    fpm.end().await;
    result
}

/// Lets the services open as many files as the kernel grants us: nginx keeps two logs of each site open, and with the usual soft limit
/// of 1,024 it does not start with 500 sites.
fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let found = getrlimit(Resource::Nofile);
    // Where it cannot be raised nginx says so in its log, with the number that it wanted.
    setrlimit(Resource::Nofile, Rlimit { current: found.maximum, maximum: found.maximum }).ok();
}

/// Starts the managed servers that were made. One that was not made has no site on it yet; one that does not start keeps its own sites
/// down and nobody else's, unless there is no other.
async fn hold_servers(cx: &Context, services: &Services, managed: &[&Name]) -> Result<(), UpError> {
    let mut running = 0;
    let mut failed = None;
    for server in managed {
        match services.servers.ensure_running(cx, server).await {
            Ok(_) => running += 1,
            Err(ServerError::NotMade(name)) => {
                cx.note(format!("the server `{name}` was not made yet; `provost apply` makes it"));
            }
            Err(ServerError::Cancelled) => return Err(ServerError::Cancelled.into()),
            Err(error) => {
                cx.note(format!("{}; its sites do not answer until it starts", full_chain(&error)));
                failed = Some(error);
            }
        }
    }
    match failed {
        Some(error) if running == 0 => Err(error.into()),
        _ => Ok(()),
    }
}

/// Keeps the managed servers running: one made after we came up is held from then on, one that died is started again. One that does not
/// start is tried again after a while, and no other service ends for it.
async fn keep_servers(
    cx: &Context,
    services: &Services,
    managed: &[&Name],
    resting: &mut BTreeMap<Name, tokio::time::Instant>,
) -> Result<(), UpError> {
    for &server in managed {
        if resting.get(server).is_some_and(|until| tokio::time::Instant::now() < *until) {
            continue;
        }
        match services.servers.keep_running(cx, server).await {
            Ok(()) => {
                resting.remove(server);
            }
            Err(ServerError::Cancelled) => return Err(ServerError::Cancelled.into()),
            Err(error) => {
                // The first time says why; that it is still so is no news.
                if resting.insert(server.clone(), tokio::time::Instant::now() + AGAIN).is_none() {
                    cx.note(format!("{}; it is tried again until it starts", full_chain(&error)));
                }
            }
        }
    }
    Ok(())
}

async fn wait_until_ready(
    cx: &Context,
    services: &Services,
    fpm: &mut Service,
    web: &mut Service,
) -> Result<(), UpError> {
    let patience = tokio::time::Instant::now() + READY;
    loop {
        let silent = match (serving::pools_answer(cx), ports::answer(&services.fleet.web.listen).await) {
            (true, true) => return Ok(()),
            (false, _) => &*fpm,
            (true, false) => &*web,
        };
        if cx.cancel.is_cancelled() {
            return Ok(());
        }
        if tokio::time::Instant::now() > patience {
            return Err(UpError::Silent { service: silent.name, log: silent.log.clone() });
        }
        fpm.keep(cx).await?;
        web.keep(cx).await?;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn watch(
    cx: &Context,
    services: &Services,
    managed: &[&Name],
    fpm: &mut Service,
    web: &mut Service,
) -> Result<(), UpError> {
    let mut rotated = tokio::time::Instant::now();
    write_figures(cx, services).await;
    let mut resting = BTreeMap::new();
    loop {
        tokio::select! {
            () = cx.cancel.cancelled() => return Ok(()),
            () = tokio::time::sleep(LOOK) => {}
        }
        fpm.keep(cx).await?;
        web.keep(cx).await?;
        keep_servers(cx, services, managed, &mut resting).await?;
        services.servers.redis().keep_running(cx).await?;
        keep_seats(cx, services).await;
        if rotated.elapsed() > ROTATE {
            rotated = tokio::time::Instant::now();
            if rotate::rotate(cx) {
                serving::reopen_logs(&cx.paths);
            }
            crate::site::copy::prune(cx);
            write_figures(cx, services).await;
        }
    }
}

/// Makes free seats where few are left, unless somebody works on the fleet, whose new pools php-fpm is told of together.
async fn keep_seats(cx: &Context, services: &Services) {
    if seat::are_enough(cx, &services.fleet, &services.fleet_id.id) {
        return;
    }
    let Ok(_fleet) = Lease::take(cx, "fleet").await else { return };
    let _one = FILES.lock().await;
    match seat::fill(cx, &services.fleet, &services.fleet_id.id).await {
        Ok(true) => serving::reload_pools(cx).await,
        Ok(false) => {}
        Err(error) => cx.note(format!("no seats are kept free: {}", error.chain())),
    }
}

/// Figures that cannot be written are no reason to serve nothing.
async fn write_figures(cx: &Context, services: &Services) {
    if let Err(error) = services.servers.redis().write_figures(cx, &services.fleet.name).await {
        cx.note(format!("the figures of Redis are not written: {error}"));
    }
}

/// A child that is kept running.
struct Service {
    name: &'static str,
    program: Program,
    log: Utf8PathBuf,
    running: Option<Running>,
    started: Vec<tokio::time::Instant>,
}

impl Service {
    fn new(name: &'static str, program: Program, log: Utf8PathBuf) -> Self {
        Self { name, program, log, running: None, started: Vec::new() }
    }

    async fn start(&mut self, cx: &Context) -> Result<(), UpError> {
        cx.emit(&Event::Started { what: format!("starting {}", self.name) });
        let failed = |source| UpError::Start { service: self.name, source };
        let mut running = cx.start(self.program.clone()).await.map_err(failed)?;
        drain(&mut running);
        self.running = Some(running);
        self.started.push(tokio::time::Instant::now());
        Ok(())
    }

    /// Starts it again if it has ended.
    async fn keep(&mut self, cx: &Context) -> Result<(), UpError> {
        let ended = match self.running.as_mut() {
            Some(running) => running.has_ended(),
            None => true,
        };
        if !ended || cx.cancel.is_cancelled() {
            return Ok(());
        }
        if let Some(mut running) = self.running.take() {
            running.forget();
        }
        self.started.retain(|at| at.elapsed() < PATIENCE);
        if self.started.len() >= RESTARTS {
            let said = std::fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<&str> = said.lines().collect();
            let said = lines[lines.len().saturating_sub(LAST_LINES)..].join("; ");
            return Err(UpError::Ended { service: self.name, log: self.log.clone(), said });
        }
        cx.note(format!("{} ended; it is started again", self.name));
        tokio::time::sleep(Duration::from_millis(200)).await;
        self.start(cx).await
    }

    async fn end(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.end().await;
        }
    }
}

/// Reads what a service writes to its standard outputs, so that it never blocks on a full pipe. What matters is in its log.
fn drain(running: &mut Running) {
    running.stdin.take();
    if let Some(mut stdout) = running.stdout.take() {
        tokio::spawn(async move { tokio::io::copy(&mut stdout, &mut tokio::io::sink()).await });
    }
    if let Some(mut stderr) = running.stderr() {
        tokio::spawn(async move { tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await });
    }
}
