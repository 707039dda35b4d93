//! PostgreSQL: for workers of several machines.

use std::time::Duration;

use provost_fleet::secret::Secret;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Column as _, ConnectOptions as _, Executor as _, Row as _};
use sqlx::{Postgres, TypeInfo as _};
use tokio::sync::Mutex;

use super::postgresql_schema as schema;
use super::{Act, Backend, Db, Row, Value};
use crate::registry::error::RegistryError;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a transaction may take in all. Each is some rows; a network that swallows packets is found out by this.
const DEADLINE: Duration = Duration::from_mins(1);

/// How long a statement waits for a row that another is changing, in PostgreSQL's words. Less than `DEADLINE`.
const LOCK_WAIT: &str = "20s";

/// A worker that stops in the middle of a transaction (its machine hangs) keeps its rows locked for so long.
const IDLE: &str = "60s";

/// How often a transaction is tried when the database itself asks for another try, or when the connection had died unnoticed.
const TRIES: u32 = 5;

/// Between two tries, times the number of the try.
const BETWEEN: Duration = Duration::from_millis(20);

/// Where the registry is.
#[derive(Debug, Clone)]
pub struct PostgresAddress {
    /// A host name, an address, or the absolute path of a socket's directory.
    pub host: String,
    /// TCP port, or the number in the socket's name.
    pub port: Option<u16>,
    /// The role: it owns the database, or may create schemas in it.
    pub user: String,
    /// Its password, where it needs one.
    pub password: Option<Secret>,
    /// The database: it may be shared with others, the registry lives in its own schema.
    pub database: String,
}

impl PostgresAddress {
    fn options(&self) -> PgConnectOptions {
        let mut options = PgConnectOptions::new_without_pgpass()
            .host(&self.host)
            .username(&self.user)
            .database(&self.database)
            .application_name("provost registry")
            .options([
                ("search_path", schema::SCHEMA),
                // What is answered as recorded is on the disk, whatever the server's default is.
                ("synchronous_commit", "on"),
                ("lock_timeout", LOCK_WAIT),
                ("idle_in_transaction_session_timeout", IDLE),
            ])
            .disable_statement_logging();
        if let Some(port) = self.port {
            options = options.port(port);
        }
        if let Some(password) = &self.password {
            options = options.password(password.expose());
        }
        options
    }
}

/// A registry on PostgreSQL. One connection, made again when it breaks.
pub struct PostgresRegistry {
    options: PgConnectOptions,
    connection: Mutex<Option<PgConnection>>,
}

impl std::fmt::Debug for PostgresRegistry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PostgresRegistry")
    }
}

impl PostgresRegistry {
    /// Opens a registry, and makes or renews its tables.
    ///
    /// # Errors
    /// When it cannot be reached, the role may not make tables, or a later Provost wrote it.
    pub async fn open(address: &PostgresAddress) -> Result<Self, RegistryError> {
        let options = address.options();
        let mut connection = connect(&options).await?;
        schema::migrate(&mut connection).await?;
        Ok(Self { options, connection: Mutex::new(Some(connection)) })
    }

    async fn once<A: Act>(&self, connection: &mut PgConnection, act: &A) -> Result<A::Out, Trouble> {
        let begin = if A::WRITES { "begin" } else { "begin isolation level repeatable read, read only" };
        connection.execute(begin).await.map_err(|error| Trouble::at_begin(failed(error)))?;
        match act.act(&mut Open { connection: &mut *connection }).await {
            Ok(out) => {
                connection.execute("commit").await.map_err(|error| Trouble::broken(failed(error)))?;
                Ok(out)
            }
            Err(error) => {
                let again = asks_for_another_try(&error);
                let whole = !error.is_transient() && connection.execute("rollback").await.is_ok();
                Err(Trouble { error, again, whole })
            }
        }
    }
}

/// How a try failed.
struct Trouble {
    error: RegistryError,
    /// Whether nothing was done and another try may go well.
    again: bool,
    /// Whether the connection can be used on.
    whole: bool,
}

impl Trouble {
    /// Nothing was said yet: a connection that the server had closed is made anew.
    fn at_begin(error: RegistryError) -> Self {
        Self { error, again: true, whole: false }
    }

    /// Whether it was done is not known.
    fn broken(error: RegistryError) -> Self {
        Self { error, again: false, whole: false }
    }
}

impl Backend for PostgresRegistry {
    const NAME: &'static str = "PostgreSQL";

    async fn perform<A: Act>(&self, act: A) -> Result<A::Out, RegistryError> {
        let mut slot = self.connection.lock().await;
        let mut tries = 0;
        loop {
            tries += 1;
            // Taken out: who is cancelled in the middle drops it, and the server rolls back.
            let mut connection = match slot.take() {
                Some(connection) => connection,
                None => connect(&self.options).await?,
            };
            let Ok(done) = tokio::time::timeout(DEADLINE, self.once(&mut connection, &act)).await else {
                return Err(RegistryError::Unreachable("it does not answer".into()));
            };
            let Err(trouble) = done else {
                *slot = Some(connection);
                return done.map_err(|trouble| trouble.error);
            };
            if trouble.whole {
                *slot = Some(connection);
            }
            if !trouble.again || tries == TRIES {
                return Err(trouble.error);
            }
            tokio::time::sleep(BETWEEN * tries).await;
        }
    }
}

async fn connect(options: &PgConnectOptions) -> Result<PgConnection, RegistryError> {
    match tokio::time::timeout(CONNECT, options.connect()).await {
        Ok(connection) => connection.map_err(failed),
        Err(_) => Err(RegistryError::Unreachable("no connection in time".into())),
    }
}

/// An open transaction.
struct Open<'a> {
    connection: &'a mut PgConnection,
}

impl Db for Open<'_> {
    const LOCK: &'static str = " for update";
    const LOCK_FREE: &'static str = " for update skip locked";
    const CLOCK: &'static str = "select cast(extract(epoch from clock_timestamp()) * 1000 as bigint)";
    // Its planner knows nothing of new rows until it has looked.
    const ADDED: &'static str = "analyze unit";
    // More than there are workers that often write at the same moment; status reads them all.
    const SHARDS: u64 = 16;

    async fn rows(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, RegistryError> {
        let found = bound(sql, values).fetch_all(&mut *self.connection).await.map_err(failed)?;
        found.iter().map(|row| cells(row).map(Row::new).map_err(failed)).collect()
    }

    async fn run(&mut self, sql: &str, values: &[Value]) -> Result<u64, RegistryError> {
        let done = bound(sql, values).execute(&mut *self.connection).await.map_err(failed)?;
        Ok(done.rows_affected())
    }
}

/// Statements are constants of ours, put together from constants of ours; values are bound.
fn bound(sql: &str, values: &[Value]) -> Query<'static, Postgres, PgArguments> {
    let query = sqlx::query(AssertSqlSafe(sql.to_owned()));
    values.iter().fold(query, |query, value| match value.clone() {
        Value::Int(value) => query.bind(value),
        Value::Real(value) => query.bind(value),
        Value::Text(value) => query.bind(value),
    })
}

fn cells(row: &PgRow) -> Result<Vec<Value>, sqlx::Error> {
    let cell = |column: &sqlx::postgres::PgColumn| match column.type_info().name() {
        "INT8" => row.try_get(column.ordinal()).map(Value::Int),
        "FLOAT8" => row.try_get(column.ordinal()).map(Value::Real),
        _ => row.try_get(column.ordinal()).map(Value::Text),
    };
    row.columns().iter().map(cell).collect()
}

/// SQLSTATEs of a server that goes, comes, or has no room.
const GONE: [&str; 5] = ["57P01", "57P02", "57P03", "53300", "25P03"];

/// SQLSTATEs of a deadlock, a serialization failure, and a lock that was not had in time: nothing was done.
const AGAIN: [&str; 3] = ["40P01", "40001", "55P03"];

pub(super) fn failed(error: sqlx::Error) -> RegistryError {
    let gone = match &error {
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| code.starts_with("08") || GONE.contains(&code.as_ref()))
        }
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        _ => false,
    };
    if gone { RegistryError::Unreachable(error.into()) } else { RegistryError::Sql(error.into()) }
}

fn asks_for_another_try(error: &RegistryError) -> bool {
    let RegistryError::Sql(source) = error else { return false };
    let Some(sqlx::Error::Database(error)) = source.downcast_ref() else { return false };
    error.code().is_some_and(|code| AGAIN.contains(&code.as_ref()))
}
