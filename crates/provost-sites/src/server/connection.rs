//! A session on a database server.

use provost_fleet::model::Engine;
use provost_fleet::secret::Secret;
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tokio::sync::SemaphorePermit;

/// A connection that counts against its server's budget.
pub struct Connection<'a> {
    /// The connection.
    pub sql: Sql,
    _permit: SemaphorePermit<'a>,
}

impl<'a> Connection<'a> {
    pub(super) fn new(sql: Sql, permit: SemaphorePermit<'a>) -> Self {
        Self { sql, _permit: permit }
    }
}

/// A session, by engine. Engines are few and known: what differs is matched on, in the modules of [`crate::database`].
pub enum Sql {
    /// On PostgreSQL.
    Postgresql(PgConnection),
}

/// Who connects where.
pub(super) struct Login<'a> {
    /// A host name, an address, or an absolute path: of a socket's directory, where the engine is PostgreSQL.
    pub(super) host: &'a str,
    /// TCP port, where it is not the default.
    pub(super) port: Option<u16>,
    pub(super) user: &'a str,
    pub(super) password: &'a Secret,
    /// A database; `None` where it does not matter which.
    pub(super) database: Option<&'a str>,
}

impl Sql {
    /// Opens a session.
    pub(super) async fn open(engine: Engine, login: &Login<'_>) -> Result<Self, sqlx::Error> {
        match engine {
            Engine::Postgresql => postgresql(login).await.map(Self::Postgresql),
            Engine::Mariadb => Err(sqlx::Error::Configuration("MariaDB is not administered yet".into())),
        }
    }

    /// What the server is.
    pub fn engine(&self) -> Engine {
        match self {
            Self::Postgresql(_) => Engine::Postgresql,
        }
    }

    /// The server's release: `15.18`.
    pub async fn release(&mut self) -> Result<String, sqlx::Error> {
        match self {
            Self::Postgresql(sql) => {
                sqlx::query_scalar("select split_part(version(), ' ', 2)").fetch_one(sql).await
            }
        }
    }
}

/// PostgreSQL's own port.
const POSTGRESQL: u16 = 5432;

async fn postgresql(login: &Login<'_>) -> Result<PgConnection, sqlx::Error> {
    let options = PgConnectOptions::new_without_pgpass()
        .username(login.user)
        .password(login.password.expose())
        .database(login.database.unwrap_or("postgres"))
        .port(login.port.unwrap_or(POSTGRESQL))
        .application_name("provost")
        // What is asked here is asked once: nothing to gain from prepared statements.
        .statement_cache_capacity(0);
    let options =
        if login.host.starts_with('/') { options.socket(login.host) } else { options.host(login.host) };
    options.connect().await
}
