//! A session of a site's own role, in which rows are changed.

use std::time::Duration;

use futures_util::StreamExt as _;
use provost_engine::context::Context;
use provost_fleet::model::Site;
use provost_fleet::name::Name;
use sqlx::{AssertSqlSafe, Executor as _};

use super::EditError;
use crate::secrets::{self, Generated};
use crate::server::{Connection, Servers, Sql};
use crate::sql::QuestionError;
use crate::sql::rows::{Collected, Rows};

pub(super) async fn connect<'s>(
    cx: &Context,
    servers: &'s Servers,
    name: &Name,
    site: &Site,
) -> Result<Connection<'s>, EditError> {
    let password = secrets::read(&cx.paths, &Generated::SiteDatabase(name)).map_err(QuestionError::from)?;
    let password = password.ok_or(QuestionError::NotMade)?;
    let database = &site.database_name;
    let own = servers.connect(cx, &site.database, database, database, &password).await;
    Ok(own.map_err(QuestionError::from)?)
}

/// Begins a transaction that sees one state of the database, and ends a little after we gave up.
pub(super) async fn begin(sql: &mut Sql, patience: Duration, read_only: bool) -> Result<(), EditError> {
    let patience = patience + Duration::from_secs(1);
    let only = if read_only { " read only" } else { "" };
    let text = match sql {
        Sql::Postgresql(_) => format!(
            "begin isolation level repeatable read{only}; set local statement_timeout = {}; set local standard_conforming_strings = on",
            patience.as_millis()
        ),
        Sql::Mariadb(_) => format!(
            "set session max_statement_time = {}; set session transaction isolation level repeatable read; \
             set session innodb_lock_wait_timeout = {}; start transaction{only}",
            patience.as_secs(),
            patience.as_secs()
        ),
    };
    match sql {
        Sql::Postgresql(sql) => sql.execute(sqlx::raw_sql(AssertSqlSafe(text))).await.map(drop)?,
        Sql::Mariadb(sql) => sql.connection.execute(sqlx::raw_sql(AssertSqlSafe(text))).await.map(drop)?,
    }
    Ok(())
}

/// Runs one statement, and returns how many rows it changed.
pub(super) async fn run(sql: &mut Sql, text: &str) -> Result<u64, EditError> {
    let text = AssertSqlSafe(text.to_owned());
    Ok(match sql {
        Sql::Postgresql(sql) => sql.execute(sqlx::raw_sql(text)).await?.rows_affected(),
        Sql::Mariadb(sql) => sql.connection.execute(sqlx::raw_sql(text)).await?.rows_affected(),
    })
}

/// Moodle's identifier of the site; none before it is installed.
pub(super) async fn identifier(sql: &mut Sql, prefix: &str) -> Result<Option<String>, EditError> {
    let text = format!("select value from {prefix}config where name = 'siteidentifier'");
    let rows = select(sql, &text, 1).await?;
    Ok(rows.rows.into_iter().next().and_then(|row| row.into_iter().next().flatten()))
}

/// The rows of one statement, as texts.
pub(super) async fn select(sql: &mut Sql, text: &str, most: usize) -> Result<Rows, EditError> {
    let mut collected = Collected::new(most);
    let text = AssertSqlSafe(text.to_owned());
    match sql {
        Sql::Postgresql(sql) => collected.take(sqlx::raw_sql(text).fetch(&mut *sql)).await?,
        Sql::Mariadb(sql) => collected.take(sqlx::raw_sql(text).fetch(&mut *sql.connection).boxed()).await?,
    }
    Ok(collected.rows)
}

pub(super) async fn in_time<T>(
    cx: &Context,
    patience: Duration,
    work: impl Future<Output = Result<T, EditError>>,
) -> Result<T, EditError> {
    tokio::select! {
        done = tokio::time::timeout(patience, work) => done.map_err(|_elapsed| QuestionError::Late(patience))?,
        () = cx.cancel.cancelled() => Err(QuestionError::Cancelled.into()),
    }
}
