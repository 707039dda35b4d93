//! A session on a database server.

use std::sync::LazyLock;
use std::time::Duration;

use provost_fleet::model::Engine;
use provost_fleet::secret::Secret;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlSslMode};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, Row};
use tokio::sync::SemaphorePermit;
use tokio_util::task::TaskTracker;

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

    /// Takes leave of the server and waits for it, where as many are opened as there are sites.
    pub async fn close(self) {
        let left = match self.sql {
            Sql::Postgresql(sql) => sql.close().await,
            Sql::Mariadb(sql) => sql.connection.leave().await,
        };
        // Whoever is gone already needs no leave.
        drop(left);
    }
}

/// A session, by engine. Engines are few and known: what differs is matched on, in the modules of [`crate::database`].
pub enum Sql {
    /// On PostgreSQL.
    Postgresql(PgConnection),
    /// On MariaDB.
    Mariadb(Mariadb),
}

/// A session on MariaDB.
pub struct Mariadb {
    /// The session.
    pub connection: Leaving,
    /// The host that sites' users come in from, as MariaDB sees it: a user is a name and a host there.
    pub(crate) host: &'static str,
}

/// A session that takes leave when it is dropped: MariaDB writes a line into its log for each that is only lost, and every plan would
/// leave some in the log of somebody's server.
pub struct Leaving(Option<MySqlConnection>);

/// Sessions that are being taken leave of while nobody waits.
static LEAVING: LazyLock<TaskTracker> = LazyLock::new(TaskTracker::new);

/// Longest that the program waits at its end for words of leave to be sent, which are one packet each.
const LEAVE: Duration = Duration::from_secs(1);

/// Waits, at the end of the program, until every session that was dropped has taken leave: the last ones are dropped when it has nothing
/// more to do, and would be lost with it.
pub async fn all_have_left() {
    LEAVING.close();
    // A server that takes no word of leave any more writes what it likes.
    tokio::time::timeout(LEAVE, LEAVING.wait()).await.ok();
}

/// It is taken out where it ends.
const ENDED: &str = "a session that has ended is not used";

impl Leaving {
    async fn leave(mut self) -> Result<(), sqlx::Error> {
        match self.0.take() {
            Some(connection) => connection.close().await,
            None => Ok(()),
        }
    }
}

impl std::ops::Deref for Leaving {
    type Target = MySqlConnection;

    fn deref(&self) -> &MySqlConnection {
        self.0.as_ref().expect(ENDED)
    }
}

impl std::ops::DerefMut for Leaving {
    fn deref_mut(&mut self) -> &mut MySqlConnection {
        self.0.as_mut().expect(ENDED)
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        let (Some(connection), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) else {
            return;
        };
        LEAVING.spawn_on(connection.close(), &runtime);
    }
}

/// Who connects where.
pub(super) struct Login<'a> {
    /// A host name, an address, or an absolute path: of a socket's directory for PostgreSQL, of a socket for MariaDB.
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
            Engine::Mariadb => mariadb(login).await.map(Self::Mariadb),
        }
    }

    /// Runs statements.
    pub(crate) async fn run(&mut self, statements: String) -> Result<(), sqlx::Error> {
        let statements = sqlx::raw_sql(AssertSqlSafe(statements));
        match self {
            Self::Postgresql(sql) => sql.execute(statements).await.map(drop),
            Self::Mariadb(sql) => sql.connection.execute(statements).await.map(drop),
        }
    }

    /// Rows of a query whose columns are texts.
    pub(crate) async fn rows(&mut self, query: String) -> Result<Vec<Vec<Option<String>>>, sqlx::Error> {
        let query = sqlx::raw_sql(AssertSqlSafe(query));
        match self {
            Self::Postgresql(sql) => query.fetch_all(sql).await?.iter().map(texts).collect(),
            Self::Mariadb(sql) => query.fetch_all(&mut *sql.connection).await?.iter().map(texts).collect(),
        }
    }

    /// What the server is.
    pub fn engine(&self) -> Engine {
        match self {
            Self::Postgresql(_) => Engine::Postgresql,
            Self::Mariadb(_) => Engine::Mariadb,
        }
    }

    /// The session, where it is one on PostgreSQL.
    ///
    /// # Errors
    /// On another engine: for what is done there in its own way, or not yet.
    pub fn postgresql(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        match self {
            Self::Postgresql(sql) => Ok(sql),
            Self::Mariadb(_) => Err(sqlx::Error::Configuration(NotOn(Engine::Mariadb.title()).into())),
        }
    }

    /// How many connections the server allows this session's role at once.
    pub(super) async fn most_connections(&mut self) -> Result<usize, sqlx::Error> {
        let text: String = match self {
            Self::Postgresql(sql) => {
                let query =
                    "select least(current_setting('max_connections')::int, nullif(rolconnlimit, -1))::text
                             from pg_roles where rolname = current_user";
                sqlx::raw_sql(query).fetch_one(sql).await?.try_get(0)?
            }
            Self::Mariadb(sql) => {
                let query = "select cast(least(@@max_connections, if(@@max_user_connections > 0,
                             @@max_user_connections, @@max_connections)) as char)";
                sqlx::raw_sql(query).fetch_one(&mut *sql.connection).await?.try_get(0)?
            }
        };
        Ok(text.parse().unwrap_or(0))
    }

    /// How many sessions of all roles run a statement now, this one left out.
    ///
    /// # Errors
    /// The server's.
    pub async fn active(&mut self) -> Result<u32, sqlx::Error> {
        let text: String = match self {
            Self::Postgresql(sql) => {
                let query = "select count(*)::text from pg_stat_activity where state = 'active'
                             and backend_type = 'client backend' and pid <> pg_backend_pid()";
                sqlx::raw_sql(query).fetch_one(sql).await?.try_get(0)?
            }
            Self::Mariadb(sql) => {
                let query = "select cast(count(*) as char) from information_schema.processlist
                             where command in ('Query', 'Execute') and id <> connection_id()";
                sqlx::raw_sql(query).fetch_one(&mut *sql.connection).await?.try_get(0)?
            }
        };
        Ok(text.parse().unwrap_or(0))
    }

    /// The server's release: `15.18`, `10.11.6`.
    ///
    /// # Errors
    /// Also when it speaks MariaDB's language and is none.
    pub async fn release(&mut self) -> Result<String, sqlx::Error> {
        match self {
            Self::Postgresql(sql) => {
                sqlx::query_scalar("select split_part(version(), ' ', 2)").fetch_one(sql).await
            }
            Self::Mariadb(sql) => {
                let version: String = sqlx::raw_sql("select cast(version() as char)")
                    .fetch_one(&mut *sql.connection)
                    .await?
                    .try_get(0)?;
                release_of_mariadb(&version)
                    .ok_or_else(|| sqlx::Error::Configuration(NoMariadb(version).into()))
            }
        }
    }
}

async fn postgresql(login: &Login<'_>) -> Result<PgConnection, sqlx::Error> {
    let options = PgConnectOptions::new_without_pgpass()
        .username(login.user)
        .password(login.password.expose())
        .database(login.database.unwrap_or("postgres"))
        .port(login.port.unwrap_or(Engine::Postgresql.port()))
        .application_name("provost")
        // What is asked here is asked once: nothing to gain from prepared statements.
        .statement_cache_capacity(0);
    let options =
        if login.host.starts_with('/') { options.socket(login.host) } else { options.host(login.host) };
    options.connect().await
}

/// What every session of ours begins with: the server's own mode decides over what a quoted text means, and a lock that somebody holds
/// would be waited for during a day.
const SESSION: &str =
    "set session sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION', session lock_wait_timeout = 60";

async fn mariadb(login: &Login<'_>) -> Result<Mariadb, sqlx::Error> {
    let mut options = MySqlConnectOptions::new()
        .username(login.user)
        .password(login.password.expose())
        .statement_cache_capacity(0)
        .pipes_as_concat(false)
        .no_engine_substitution(false);
    if let Some(database) = login.database {
        options = options.database(database);
    }
    let local = login.host.starts_with('/');
    options = if local {
        options.socket(login.host).ssl_mode(MySqlSslMode::Disabled)
    } else {
        options.host(login.host).port(login.port.unwrap_or(Engine::Mariadb.port()))
    };
    let mut connection = options.connect().await?;
    connection.execute(sqlx::raw_sql(SESSION)).await?;
    // Over the network, sites may come from any machine of the fleet; what an account may do is the same.
    Ok(Mariadb { connection: Leaving(Some(connection)), host: if local { "localhost" } else { "%" } })
}

/// Something that is done on one engine alone.
#[derive(Debug, thiserror::Error)]
#[error("this version of Provost cannot do it on {0}")]
struct NotOn(&'static str);

/// A row, all of whose columns are texts.
fn texts<'r, R>(row: &'r R) -> Result<Vec<Option<String>>, sqlx::Error>
where
    R: Row,
    usize: sqlx::ColumnIndex<R>,
    Option<String>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    (0..row.len()).map(|column| row.try_get(column)).collect()
}

/// Something else that speaks MariaDB's language.
#[derive(Debug, thiserror::Error)]
#[error("it is no MariaDB; it says `{0}`")]
struct NoMariadb(String);

/// The release in what a server says of itself: `5.5.5-10.11.6-MariaDB-0+deb12u1`, where the first number is for old programs.
fn release_of_mariadb(version: &str) -> Option<String> {
    let (before, _) = version.split_once("-MariaDB")?;
    Some(before.rsplit('-').next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_told_from_what_a_server_says() {
        assert_eq!(release_of_mariadb("10.11.19-MariaDB-0+deb12u1").as_deref(), Some("10.11.19"));
        assert_eq!(release_of_mariadb("5.5.5-10.6.18-MariaDB-log").as_deref(), Some("10.6.18"));
        assert_eq!(release_of_mariadb("8.0.36-0ubuntu0.22.04.1"), None);
    }
}
