//! Copying a database inside its server, table by table over several connections: MariaDB has no copy of a database, and a dump that
//! is read back takes Moodle's 490 tables through the parser twice.
//!
//! `CREATE TABLE … LIKE` brings columns, indexes and row format; `INSERT … SELECT` the rows, into an empty table without a second look
//! at what is unique, for it was so where it comes from. Neither brings the counter of the ids: where the newest rows were deleted it is
//! higher than what is there, and an id that something else still names must not be given again.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use provost_engine::context::Context;
use provost_fleet::name::Name;
use sqlx::{AssertSqlSafe, Row as _};

use super::{literal, quoted, run};
use crate::server::{Mariadb, ServerError, Servers, Sql};

/// Connections of one copy. Creating a table waits for the disk more than it works: it flushes twelve times, five of them because each
/// index makes the new file a page longer, three for the log of such statements. Most of that is done under the lock of the server's
/// dictionary: four connections keep it busy, and eight take as long.
pub const CONNECTIONS: usize = 4;

/// What was copied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Copied {
    /// Tables.
    pub tables: usize,
    /// Rows of all tables.
    pub rows: u64,
    /// Size of the source's tables and indexes, in bytes, as the server estimates it.
    pub bytes: u64,
}

/// Why a database was not copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The server could not be used.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The server refused something.
    #[error("cannot copy the database")]
    Sql(#[from] sqlx::Error),
    /// One table was not copied.
    #[error("cannot copy the table `{table}`")]
    Table {
        /// The table.
        table: String,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// It has what a copy by tables would lose. Moodle has none of it; a plugin or a person made it.
    #[error("`{database}` has {what}, which a copy by tables would lose")]
    Loses {
        /// The database.
        database: String,
        /// "2 views", "1 trigger".
        what: String,
    },
    /// Somebody is connected to it: a copy of what is being written is of no moment.
    #[error("{sessions} session(s) are connected to `{database}`")]
    InUse {
        /// The database.
        database: String,
        /// How many.
        sessions: u64,
    },
    /// What was copied is not what is there.
    #[error("the copy differs from `{0}` in its tables or counters")]
    Differs(String),
    /// Only MariaDB is copied so.
    #[error("the server is not MariaDB")]
    Engine,
    /// The command was cancelled.
    #[error("interrupted")]
    Cancelled,
}

/// A table of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Table {
    bytes: u64,
    /// The id that the next row gets, where the table counts.
    counter: Option<u64>,
}

type Tables = BTreeMap<String, Table>;

/// Copies all tables of a database into another that is there, marked and empty. The source is closed: nobody is connected to it and
/// nobody will be, which the caller sees to. The caller holds no connection meanwhile, for copies side by side would wait for each
/// other's. Killed in the middle it leaves a part, which is to be dropped.
///
/// # Errors
/// When the source is in use or has what would be lost, and when anything cannot be copied or is not there afterwards.
pub async fn tables(
    servers: &Servers,
    cx: &Context,
    server: &Name,
    (from, to): (&str, &str),
) -> Result<Copied, CopyError> {
    let source = {
        let mut admin = servers.admin(cx, server, None).await?;
        let sql = mariadb(&mut admin.sql)?;
        refuse_what_is_lost(sql, from).await?;
        until_unused(sql, from).await?;
        list(sql, from).await?
    };
    let mut waiting: Vec<(&String, &Table)> = source.iter().collect();
    // The largest first: one that begins last would be waited for alone.
    waiting.sort_by_key(|(name, table)| (std::cmp::Reverse(table.bytes), name.as_str()));
    let waiting: Mutex<VecDeque<&str>> = Mutex::new(waiting.iter().map(|(name, _)| name.as_str()).collect());
    let workers = (0..CONNECTIONS.min(source.len())).map(|_| work(servers, cx, server, (from, to), &waiting));
    let rows: u64 = futures_util::future::try_join_all(workers).await?.into_iter().sum();
    let mut admin = servers.admin(cx, server, None).await?;
    let sql = mariadb(&mut admin.sql)?;
    set_counters(sql, (from, to), &source).await?;
    let bytes = source.values().map(|table| table.bytes).sum();
    Ok(Copied { tables: source.len(), rows, bytes })
}

fn mariadb(sql: &mut Sql) -> Result<&mut Mariadb, CopyError> {
    match sql {
        Sql::Mariadb(sql) => Ok(sql),
        Sql::Postgresql(_) => Err(CopyError::Engine),
    }
}

/// Copies tables until none waits. Returns the rows.
async fn work(
    servers: &Servers,
    cx: &Context,
    server: &Name,
    (from, to): (&str, &str),
    waiting: &Mutex<VecDeque<&str>>,
) -> Result<u64, CopyError> {
    let next = || waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop_front();
    let mut admin = servers.admin(cx, server, None).await?;
    let sql = mariadb(&mut admin.sql)?;
    // An id may be 0, and what is there was accepted once, whatever this server's mode is.
    let session = "set session sql_mode = 'NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION', \
                   session unique_checks = 0, session foreign_key_checks = 0";
    run(sql, session.to_owned()).await?;
    let mut rows = 0;
    while let Some(table) = next() {
        let copied = tokio::select! {
            copied = copy(sql, table, (from, to)) => copied,
            () = cx.cancel.cancelled() => return Err(CopyError::Cancelled),
        };
        rows += copied.map_err(|source| CopyError::Table { table: table.to_owned(), source })?;
    }
    Ok(rows)
}

async fn copy(sql: &mut Mariadb, table: &str, (from, to): (&str, &str)) -> Result<u64, sqlx::Error> {
    let (source, target) =
        (format!("{}.{}", quoted(from), quoted(table)), format!("{}.{}", quoted(to), quoted(table)));
    // One round trip for both.
    let statement =
        format!("create table {target} like {source}; insert into {target} select * from {source}");
    let done = sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *sql.connection).await?;
    Ok(done.rows_affected())
}

async fn list(sql: &mut Mariadb, database: &str) -> Result<Tables, sqlx::Error> {
    let query = format!(
        "select cast(table_name as char), cast(coalesce(data_length, 0) + coalesce(index_length, 0) as char),
                cast(auto_increment as char)
         from information_schema.tables where table_schema = {} and table_type = 'BASE TABLE'",
        literal(database)
    );
    let rows = sqlx::raw_sql(AssertSqlSafe(query)).fetch_all(&mut *sql.connection).await?;
    let number = |text: Option<String>| text.and_then(|text| text.parse().ok());
    let each = rows.iter().map(|row| {
        let bytes = number(row.try_get(1)?).unwrap_or(0);
        Ok((row.try_get(0)?, Table { bytes, counter: number(row.try_get(2)?) }))
    });
    each.collect()
}

/// Gives each table the counter of its source, and sees that all is there.
async fn set_counters(sql: &mut Mariadb, (from, to): (&str, &str), source: &Tables) -> Result<(), CopyError> {
    let counters = |tables: &Tables| -> BTreeMap<String, Option<u64>> {
        tables.iter().map(|(name, table)| (name.clone(), table.counter)).collect()
    };
    let wanted = counters(source);
    let mut found = counters(&list(sql, to).await?);
    let differing = found.iter().filter_map(|(name, is)| {
        let counter = wanted.get(name).filter(|counter| *counter != is)?;
        Some((name, (*counter)?))
    });
    let alter = |(name, counter): (&String, u64)| {
        format!("alter table {}.{} auto_increment = {counter}", quoted(to), quoted(name))
    };
    let statements: Vec<String> = differing.map(alter).collect();
    if !statements.is_empty() {
        run(sql, statements.join("; ")).await?;
        found = counters(&list(sql, to).await?);
    }
    if found == wanted { Ok(()) } else { Err(CopyError::Differs(from.to_owned())) }
}

async fn refuse_what_is_lost(sql: &mut Mariadb, database: &str) -> Result<(), CopyError> {
    let name = literal(database);
    let query = format!(
        "select 'view', cast(count(*) as char) from information_schema.tables
            where table_schema = {name} and table_type <> 'BASE TABLE'
         union all select 'trigger', cast(count(*) as char) from information_schema.triggers where trigger_schema = {name}
         union all select 'routine', cast(count(*) as char) from information_schema.routines where routine_schema = {name}
         union all select 'event', cast(count(*) as char) from information_schema.events where event_schema = {name}
         union all select 'foreign key', cast(count(*) as char) from information_schema.referential_constraints
            where constraint_schema = {name}"
    );
    let mut lost = Vec::new();
    for row in sqlx::raw_sql(AssertSqlSafe(query)).fetch_all(&mut *sql.connection).await? {
        let (what, count): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        if count != "0" {
            lost.push(format!("{count} {what}{}", if count == "1" { "" } else { "s" }));
        }
    }
    if lost.is_empty() {
        return Ok(());
    }
    Err(CopyError::Loses { database: database.to_owned(), what: lost.join(" and ") })
}

/// A dump of the whole server is in each database for a second or two, and a session that was ended is listed for a moment.
async fn until_unused(sql: &mut Mariadb, database: &str) -> Result<(), CopyError> {
    let until = tokio::time::Instant::now() + Duration::from_secs(10);
    loop {
        match refuse_in_use(sql, database).await {
            Err(CopyError::InUse { .. }) if tokio::time::Instant::now() < until => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            other => return other,
        }
    }
}

async fn refuse_in_use(sql: &mut Mariadb, database: &str) -> Result<(), CopyError> {
    let query = format!(
        "select cast(count(*) as char) from information_schema.processlist
         where db = {} and id <> connection_id()",
        literal(database)
    );
    let count: String =
        sqlx::raw_sql(AssertSqlSafe(query)).fetch_one(&mut *sql.connection).await?.try_get(0)?;
    match count.parse().unwrap_or(u64::MAX) {
        0 => Ok(()),
        sessions => Err(CopyError::InUse { database: database.to_owned(), sessions }),
    }
}

#[cfg(test)]
mod tests;
