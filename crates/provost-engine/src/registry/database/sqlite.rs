//! SQLite: the fleet's own registry, for workers of one machine.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use camino::Utf8Path;
use futures_util::FutureExt as _;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, ToSql, params_from_iter};

use super::{Act, Backend, Db, Row, Value};
use crate::registry::error::RegistryError;
use crate::store::Store;

/// How long a transaction waits for another process's. Each is a few rows, but every one reaches the disk before it ends, and a
/// command for many units writes some hundred of them at a time.
const BUSY: Duration = Duration::from_mins(1);

/// So many statements stay prepared: more than there are.
const PREPARED: usize = 128;

/// Pages of this much memory at most, in KiB: 400,000 units are some 200 MB, and a page of them is read in order.
const CACHE_KIB: i64 = 16 * 1024;

/// A registry in the fleet's SQLite file. One connection writes, another looks meanwhile.
#[derive(Clone)]
pub struct SqliteRegistry {
    writer: Arc<Mutex<Connection>>,
    reader: Arc<Mutex<Connection>>,
}

impl std::fmt::Debug for SqliteRegistry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SqliteRegistry")
    }
}

impl SqliteRegistry {
    /// Opens or makes the registry of a fleet: the file that [`Store`] opens too.
    ///
    /// # Errors
    /// When the place cannot be written, the disk is full, or a later Provost wrote it.
    pub fn open(path: &Utf8Path) -> Result<Self, RegistryError> {
        drop(Store::open(path)?);
        let (writer, reader) = (connect(path)?, connect(path)?);
        reader.pragma_update(None, "query_only", true).map_err(failed)?;
        Ok(Self { writer: Arc::new(Mutex::new(writer)), reader: Arc::new(Mutex::new(reader)) })
    }
}

fn connect(path: &Utf8Path) -> Result<Connection, RegistryError> {
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        // Unlike what `apply` writes, what a session recorded cannot be looked up in the world: it survives a power cut.
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        Ok(connection)
    };
    open().map_err(failed)
}

impl Backend for SqliteRegistry {
    const NAME: &'static str = "SQLite";

    async fn perform<A: Act>(&self, act: A) -> Result<A::Out, RegistryError> {
        let connection = if A::WRITES { self.writer.clone() } else { self.reader.clone() };
        let done = tokio::task::spawn_blocking(move || {
            // A panic while holding it cannot leave a transaction open: `Open` rolls back when dropped.
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let mut open = Open::begin(&mut connection, A::WRITES)?;
            let out = act.act(&mut open).now_or_never();
            let out = out.unwrap_or_else(|| Err(RegistryError::Task("SQLite does not wait".to_owned())))?;
            open.commit()?;
            Ok(out)
        });
        done.await.map_err(|error| RegistryError::Task(error.to_string()))?
    }
}

/// An open transaction; rolled back when dropped.
struct Open<'a> {
    connection: &'a mut Connection,
    over: bool,
}

impl<'a> Open<'a> {
    fn begin(connection: &'a mut Connection, writes: bool) -> Result<Self, RegistryError> {
        connection.execute_batch(if writes { "begin immediate" } else { "begin" }).map_err(failed)?;
        Ok(Self { connection, over: false })
    }

    fn commit(mut self) -> Result<(), RegistryError> {
        self.connection.execute_batch("commit").map_err(failed)?;
        self.over = true;
        Ok(())
    }

    fn rows_now(&self, sql: &str, values: &[Value]) -> rusqlite::Result<Vec<Row>> {
        let mut statement = self.connection.prepare_cached(&sql.replace('$', "?"))?;
        let width = statement.column_count();
        let found = statement.query_map(params_from_iter(values), |row| {
            (0..width).map(|column| row.get_ref(column).map(cell)).collect::<rusqlite::Result<Vec<_>>>()
        })?;
        found.map(|row| row.map(Row::new)).collect()
    }

    fn run_now(&self, sql: &str, values: &[Value]) -> rusqlite::Result<u64> {
        let mut statement = self.connection.prepare_cached(&sql.replace('$', "?"))?;
        statement.execute(params_from_iter(values)).map(|changed| changed as u64)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if !self.over {
            // SQLite itself rolls back after some errors; then there is nothing to end.
            drop(self.connection.execute_batch("rollback"));
        }
    }
}

impl Db for Open<'_> {
    // There is one writer at a time.
    const LOCK: &'static str = "";
    const LOCK_FREE: &'static str = "";
    const CLOCK: &'static str = "select cast(unixepoch('subsec') * 1000 as integer)";
    const ADDED: &'static str = "";
    const SHARDS: u64 = 1;

    fn rows(
        &mut self,
        sql: &str,
        values: &[Value],
    ) -> impl Future<Output = Result<Vec<Row>, RegistryError>> + Send {
        std::future::ready(self.rows_now(sql, values).map_err(failed))
    }

    fn run(
        &mut self,
        sql: &str,
        values: &[Value],
    ) -> impl Future<Output = Result<u64, RegistryError>> + Send {
        std::future::ready(self.run_now(sql, values).map_err(failed))
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Int(Some(value)) => ValueRef::Integer(*value),
            Self::Real(Some(value)) => ValueRef::Real(*value),
            Self::Text(Some(value)) => ValueRef::Text(value.as_bytes()),
            Self::Int(None) | Self::Real(None) | Self::Text(None) => ValueRef::Null,
        }))
    }
}

fn cell(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Int(None),
        ValueRef::Integer(value) => Value::Int(Some(value)),
        ValueRef::Real(value) => Value::Real(Some(value)),
        ValueRef::Text(value) | ValueRef::Blob(value) => {
            Value::Text(Some(String::from_utf8_lossy(value).into_owned()))
        }
    }
}

fn failed(error: rusqlite::Error) -> RegistryError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => RegistryError::Unreachable(error.into()),
        _ => RegistryError::Sql(error.into()),
    }
}
