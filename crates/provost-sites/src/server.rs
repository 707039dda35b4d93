//! Database servers: where they are, running the managed ones, and the few connections a command opens to them.

mod connection;
mod managed;
pub(crate) mod mariadb;
mod postgresql;
pub mod redis;
pub mod registry;
mod run_directory;
mod survey;

pub use connection::{Connection, Mariadb, Sql, all_have_left};
pub use managed::{Cluster, ClusterState};
pub use mariadb::MariadbTools;
pub use postgresql::PostgresTools;
pub(crate) use run_directory::{make as make_run_directory, remove as remove_run_directory};
pub(crate) use survey::Looked;
pub use survey::Surveying;

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::Utf8PathBuf;
use provost_engine::context::Context;
use provost_fleet::model::{DatabaseServer, Engine, Fleet, Location};
use provost_fleet::name::Name;
use provost_fleet::secret::Secret;
use tokio::sync::{Mutex, OnceCell, Semaphore};

use crate::secrets::{self, Generated, References, SecretError};

/// The superuser of managed clusters.
pub const MANAGED_ADMIN: &str = "provost";

/// Most connections of one command to one server at once. A managed server allows 200 and sites need theirs; of an existing one that
/// allows fewer, `SHARE` says how many are ours.
pub const CONNECTIONS: usize = 24;

/// One connection of so many that a server allows us is ours: the others are for its sites.
const SHARE: usize = 4;

/// Connections that we need in any case: a copy of a database has four, and somebody asks meanwhile.
const LEAST: usize = 5;

/// How long a connection may take to come about. A server that needs longer is down for all practical purposes.
const CONNECT: std::time::Duration = std::time::Duration::from_secs(15);

/// Why a server could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The server is not in the fleet file.
    #[error("no database server is called `{0}`")]
    NoSuch(Name),
    /// The cluster of a managed server is another engine's than the file asks for.
    #[error("the managed server `{server}` was made as {}, and the file asks for {}", is.title(), wanted.title())]
    OtherEngine {
        /// The server.
        server: Name,
        /// What it is.
        is: Engine,
        /// What the file asks for.
        wanted: Engine,
    },
    /// PostgreSQL's programs are missing.
    #[error("PostgreSQL is not installed")]
    NoPostgres,
    /// MariaDB's programs are missing.
    #[error("MariaDB is not installed")]
    NoMariadb,
    /// A managed cluster was not made yet.
    #[error("the managed server `{0}` was not made yet")]
    NotMade(Name),
    /// A managed server is stopped, and this command does not start servers.
    #[error("the managed server `{0}` is stopped")]
    Stopped(Name),
    /// A managed cluster was made and is not where it was.
    #[error("the data of the managed server `{server}` is gone from `{directory}`")]
    Lost {
        /// The server.
        server: Name,
        /// Where its data was.
        directory: Utf8PathBuf,
    },
    /// The directory of a cluster is somebody else's.
    #[error("`{0}` holds something that Provost did not make")]
    ForeignCluster(Utf8PathBuf),
    /// A file or directory failed.
    #[error("cannot prepare the managed server `{server}`")]
    Io {
        /// The server.
        server: Name,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A program of the server failed.
    #[error("the managed server `{server}` did not {verb}")]
    Program {
        /// The server.
        server: Name,
        /// What it should do.
        verb: &'static str,
        /// Why not.
        #[source]
        source: provost_engine::process::ProcessError,
    },
    /// A server did not come up; it said why in its log.
    #[error("the managed server `{server}` did not start:\n{log}")]
    Log {
        /// The server.
        server: Name,
        /// The end of its log.
        log: String,
    },
    /// A server does not end.
    #[error("the managed server `{0}` did not stop")]
    StillThere(Name),
    /// An account is missing.
    #[error(transparent)]
    Account(#[from] crate::accounts::AccountError),
    /// The path of the socket is too long for the kernel.
    #[error("the socket `{path}` has {} bytes, more than {}", path.as_str().len(), provost_engine::paths::LONGEST_SOCKET_PATH)]
    SocketPath {
        /// The path.
        path: Utf8PathBuf,
    },
    /// No connection came about.
    #[error("cannot connect to the database server `{server}`")]
    Connect {
        /// The server.
        server: Name,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// No connection came about in time.
    #[error("the database server `{0}` did not answer within {seconds} s", seconds = CONNECT.as_secs())]
    Timeout(Name),
    /// A secret could not be had.
    #[error("cannot have the password of the server `{server}`")]
    Secret {
        /// The server.
        server: Name,
        /// Why.
        #[source]
        source: SecretError,
    },
    /// The command was cancelled.
    #[error("interrupted")]
    Cancelled,
}

/// How a site reaches its database, for its `$CFG`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Moodle's `dbtype`.
    pub dbtype: &'static str,
    /// A host, an address, or an absolute path: of the directory of a Unix socket for PostgreSQL, of the socket for MariaDB.
    pub host: String,
    /// TCP port, where it is not the default.
    pub port: Option<u16>,
}

/// All servers of a fleet, for the length of one command. Managed ones that it starts are stopped by [`Servers::close`],
/// unless somebody else uses them.
pub struct Servers {
    fleet: Arc<Fleet>,
    starting: Starting,
    references: References,
    open: BTreeMap<Name, Open>,
    redis: redis::Redises,
    survey: survey::Survey,
}

/// Whether a command starts managed servers that it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Starting {
    /// It does.
    Allowed,
    /// It only looks: a stopped server is told as stopped.
    Never,
}

struct Open {
    permits: Semaphore,
    /// Whether the permits were cut down to what the server allows.
    budget: OnceCell<()>,
    /// The managed cluster, held once it is used.
    cluster: Mutex<Option<managed::InUse>>,
    /// Whether it was waited for in vain: one command waits once.
    silent: std::sync::atomic::AtomicBool,
}

impl Servers {
    /// Servers of a fleet; nothing is started or opened.
    pub fn new(fleet: Arc<Fleet>, references: References, starting: Starting) -> Self {
        let open = fleet
            .databases
            .keys()
            .map(|name| {
                let permits = Semaphore::new(CONNECTIONS);
                let open = Open {
                    permits,
                    budget: OnceCell::new(),
                    cluster: Mutex::new(None),
                    silent: std::sync::atomic::AtomicBool::new(false),
                };
                (name.clone(), open)
            })
            .collect();
        let redis = redis::Redises::new(fleet.clone(), references.clone(), starting);
        Self { fleet, starting, references, open, redis, survey: survey::Survey::default() }
    }

    /// As long as what is returned lives, each server is looked at once, and all kinds judge the same moment. Not while anything is changed:
    /// a step looks for itself.
    pub fn surveying(&self) -> Surveying<'_> {
        self.survey.begin()
    }

    /// Where the look at a server goes while a survey is under way.
    pub(crate) fn surveyed(&self, server: &Name) -> Option<Arc<OnceCell<Looked>>> {
        self.survey.cell(server)
    }

    /// Where the fleet's sites keep sessions and caches.
    pub fn redis(&self) -> &redis::Redises {
        &self.redis
    }

    /// All servers' names.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.open.keys()
    }

    /// The declaration of a server.
    pub fn declared(&self, server: &Name) -> Result<&DatabaseServer, ServerError> {
        self.fleet.databases.get(server).ok_or_else(|| ServerError::NoSuch(server.clone()))
    }

    /// The managed cluster of a server, where it is managed.
    pub fn cluster(&self, cx: &Context, server: &Name) -> Result<Option<Cluster>, ServerError> {
        let declared = self.declared(server)?;
        Ok(match declared.location {
            Location::Managed => Some(Cluster::new(&cx.paths, server, declared.engine)),
            Location::Existing { .. } => None,
        })
    }

    /// How sites reach a server.
    pub fn endpoint(&self, cx: &Context, server: &Name) -> Result<Endpoint, ServerError> {
        let declared = self.declared(server)?;
        let dbtype = match declared.engine {
            Engine::Postgresql => "pgsql",
            Engine::Mariadb => "mariadb",
        };
        let (host, port) = match &declared.location {
            Location::Managed => {
                (Cluster::new(&cx.paths, server, declared.engine).address().into_string(), None)
            }
            Location::Existing { host, port, .. } => (host.clone(), *port),
        };
        Ok(Endpoint { dbtype, host, port })
    }

    /// Whom the administrator of a server logs in as, and with what.
    pub(crate) async fn admin_login(
        &self,
        cx: &Context,
        server: &Name,
    ) -> Result<(String, Secret), ServerError> {
        let failed = |source| ServerError::Secret { server: server.clone(), source };
        Ok(match &self.declared(server)?.location {
            Location::Managed => {
                let secret = secrets::read(&cx.paths, &Generated::ServerAdmin(server)).map_err(failed)?;
                (MANAGED_ADMIN.to_owned(), secret.ok_or_else(|| ServerError::NotMade(server.clone()))?)
            }
            Location::Existing { admin, .. } => {
                let secret = self.references.resolve(cx, &admin.password).await;
                (admin.user.clone(), secret.map_err(failed)?)
            }
        })
    }

    /// Opens a connection as the administrator, to a database or to none in particular. Starts a managed server
    /// that was made and is stopped.
    pub async fn admin(
        &self,
        cx: &Context,
        server: &Name,
        database: Option<&str>,
    ) -> Result<Connection<'_>, ServerError> {
        let (user, password) = self.admin_login(cx, server).await?;
        let mut connection = self.open(cx, server, database, &user, &password).await?;
        self.keep_to_budget(server, &mut connection).await?;
        Ok(connection)
    }

    /// Cuts our connections down to our share of what the server allows, asked for once. The administrator comes first and alone: what
    /// is looked at first of a server is all of it.
    async fn keep_to_budget(
        &self,
        server: &Name,
        connection: &mut Connection<'_>,
    ) -> Result<(), ServerError> {
        let open = self.open.get(server).ok_or_else(|| ServerError::NoSuch(server.clone()))?;
        let ask = async || {
            let allowed = connection.sql.most_connections().await?;
            open.permits.forget_permits(CONNECTIONS - share(allowed));
            Ok(())
        };
        let asked = open.budget.get_or_try_init(ask).await;
        asked.copied().map_err(|source| ServerError::Connect { server: server.clone(), source })
    }

    /// How many more connections to a server there may be.
    #[cfg(test)]
    pub(crate) fn free(&self, server: &Name) -> Option<usize> {
        self.open.get(server).map(|open| open.permits.available_permits())
    }

    /// Opens a connection as some role.
    pub async fn connect(
        &self,
        cx: &Context,
        server: &Name,
        database: &str,
        user: &str,
        password: &Secret,
    ) -> Result<Connection<'_>, ServerError> {
        self.open(cx, server, Some(database), user, password).await
    }

    async fn open(
        &self,
        cx: &Context,
        server: &Name,
        database: Option<&str>,
        user: &str,
        password: &Secret,
    ) -> Result<Connection<'_>, ServerError> {
        let declared = self.declared(server)?;
        let open = self.open.get(server).ok_or_else(|| ServerError::NoSuch(server.clone()))?;
        let permit = tokio::select! {
            permit = open.permits.acquire() => permit.map_err(|_| ServerError::Cancelled)?,
            () = cx.cancel.cancelled() => return Err(ServerError::Cancelled),
        };
        let (host, port) = match &declared.location {
            Location::Managed => {
                self.ensure_running(cx, server).await?;
                (Cluster::new(&cx.paths, server, declared.engine).address().into_string(), None)
            }
            Location::Existing { host, port, .. } => (host.clone(), *port),
        };
        let login = connection::Login { host: &host, port, user, password, database };
        let connecting = tokio::time::timeout(CONNECT, Sql::open(declared.engine, &login));
        let sql = tokio::select! {
            done = connecting => done.map_err(|_| ServerError::Timeout(server.clone()))?,
            () = cx.cancel.cancelled() => return Err(ServerError::Cancelled),
        }
        .map_err(|source| ServerError::Connect { server: server.clone(), source })?;
        Ok(Connection::new(sql, permit))
    }

    /// Makes a managed server run, and holds it so that nobody stops it under us. Returns its socket's directory.
    pub async fn ensure_running(&self, cx: &Context, server: &Name) -> Result<Utf8PathBuf, ServerError> {
        let open = self.open.get(server).ok_or_else(|| ServerError::NoSuch(server.clone()))?;
        let Some(cluster) = self.cluster(cx, server)? else {
            return Err(ServerError::NoSuch(server.clone()));
        };
        let mut held = open.cluster.lock().await;
        if held.is_none() {
            if open.silent.load(std::sync::atomic::Ordering::Relaxed) {
                return Err(ServerError::Timeout(server.clone()));
            }
            let holding = cluster.hold(cx, self.starting).await;
            let silent = matches!(holding, Err(ServerError::Timeout(_)));
            open.silent.store(silent, std::sync::atomic::Ordering::Relaxed);
            *held = Some(holding?);
        }
        Ok(cluster.socket_directory().to_owned())
    }

    /// Starts a managed server again that died, and takes hold of one that was made meanwhile.
    pub async fn keep_running(&self, cx: &Context, server: &Name) -> Result<(), ServerError> {
        let Some(cluster) = self.cluster(cx, server)? else { return Ok(()) };
        match cluster.state() {
            ClusterState::Running(_) | ClusterState::Stopped => {}
            _ => return Ok(()),
        }
        if cluster.state() == ClusterState::Stopped {
            if let Some(open) = self.open.get(server) {
                // What we held is gone; holding anew starts it.
                drop(open.cluster.lock().await.take());
            }
            cx.note(format!("the database server `{server}` is down; it is started again"));
        }
        if let Some(open) = self.open.get(server) {
            open.silent.store(false, std::sync::atomic::Ordering::Relaxed);
        }
        self.ensure_running(cx, server).await.map(drop)
    }

    /// Lets go of what this command used; stops managed servers that nobody else uses.
    pub async fn close(&self, cx: &Context) {
        for (name, open) in &self.open {
            let Some(held) = open.cluster.lock().await.take() else { continue };
            if let Err(error) = held.release(cx).await {
                cx.note(format!("the managed server `{name}` was not stopped: {error}"));
            }
        }
        self.redis.close(cx).await;
    }
}

/// How many connections of so many that a server allows are ours.
fn share(allowed: usize) -> usize {
    (allowed / SHARE).clamp(LEAST, CONNECTIONS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_server_is_left_to_its_sites() {
        assert_eq!([0, 20, 40, 100, 1000].map(share), [5, 5, 10, 24, 24]);
    }
}
