//! Counting in a site's database on PostgreSQL.

use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Row as _};

use super::super::Counted;
use super::quoted;

/// See [`super::super::counted`].
pub(in crate::database) async fn counted(
    sql: &mut PgConnection,
    prefix: &str,
    patience: Duration,
) -> Result<Option<Counted>, sqlx::Error> {
    let table = |name: &str| quoted(&format!("{prefix}{name}"));
    let there: bool =
        sqlx::query_scalar("select to_regclass($1) is not null and to_regclass($2) is not null")
            .bind(table("config"))
            .bind(table("config_plugins"))
            .fetch_one(&mut *sql)
            .await?;
    if !there {
        return Ok(None);
    }
    let query = format!(
        "select 'core', name::text, value from {} where name in ('release', 'maintenance_enabled', 'maintenance_later')
         union all select plugin::text, name::text, value from {}
          where name = 'version' or (plugin = 'tool_task' and name = 'lastcronstart')",
        table("config"),
        table("config_plugins"),
    );
    let mut counted = Counted::default();
    for row in sqlx::raw_sql(AssertSqlSafe(query)).fetch_all(&mut *sql).await? {
        let value: Option<String> = row.try_get(2)?;
        counted.settings.push((row.try_get(0)?, row.try_get(1)?, value.unwrap_or_default()));
    }
    let size: i64 =
        sqlx::query_scalar("select pg_database_size(current_database())").fetch_one(&mut *sql).await?;
    counted.database_bytes = u64::try_from(size).ok();
    let add = format!(
        "select coalesce(sum(size), 0)::text from (select max(filesize) as size from {} group by contenthash) one",
        table("files")
    );
    let patience = format!("set statement_timeout = {}", patience.as_millis());
    sqlx::raw_sql(AssertSqlSafe(patience)).execute(&mut *sql).await?;
    // A table that is not there, or too large to be added up, is a size that is not known.
    let added: Result<String, sqlx::Error> = sqlx::query_scalar(AssertSqlSafe(add)).fetch_one(sql).await;
    counted.files_bytes = added.ok().and_then(|text| text.parse().ok());
    Ok(Some(counted))
}

/// See [`super::super::tables`].
pub(in crate::database) async fn tables(sql: &mut PgConnection) -> Result<String, sqlx::Error> {
    sqlx::query_scalar(
        "select count(*)::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'",
    )
    .fetch_one(sql)
    .await
}
