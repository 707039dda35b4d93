//! Counting in a site's database on MariaDB.

use std::time::Duration;

use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Row as _};

use super::super::Counted;
use super::{literal, quoted};

/// See [`super::super::counted`].
pub(in crate::database) async fn counted(
    sql: &mut MySqlConnection,
    prefix: &str,
    patience: Duration,
) -> Result<Option<Counted>, sqlx::Error> {
    let name = |name: &str| format!("{prefix}{name}");
    let there = format!(
        "select cast(table_name as char) from information_schema.tables
         where table_schema = database() and table_name in ({}, {})",
        literal(&name("config")),
        literal(&name("config_plugins"))
    );
    if sqlx::raw_sql(AssertSqlSafe(there)).fetch_all(&mut *sql).await?.len() < 2 {
        return Ok(None);
    }
    let query = format!(
        "select 'core', cast(name as char), cast(value as char) from {}
          where name in ('release', 'maintenance_enabled', 'maintenance_later')
         union all select cast(plugin as char), cast(name as char), cast(value as char) from {}
          where name = 'version' or (plugin = 'tool_task' and name = 'lastcronstart')",
        quoted(&name("config")),
        quoted(&name("config_plugins")),
    );
    let mut counted = Counted::default();
    for row in sqlx::raw_sql(AssertSqlSafe(query)).fetch_all(&mut *sql).await? {
        let value: Option<String> = row.try_get(2)?;
        counted.settings.push((row.try_get(0)?, row.try_get(1)?, value.unwrap_or_default()));
    }
    let size = "select cast(coalesce(sum(data_length + index_length), 0) as char)
                from information_schema.tables where table_schema = database()";
    let size: String = sqlx::raw_sql(size).fetch_one(&mut *sql).await?.try_get(0)?;
    counted.database_bytes = size.parse().ok();
    // A table that is not there, or too large to be added up, is a size that is not known.
    let add = format!(
        "set statement max_statement_time = {} for
         select cast(coalesce(sum(size), 0) as char) from (select max(filesize) as size from {} group by contenthash) one",
        patience.as_secs(),
        quoted(&name("files"))
    );
    let added = sqlx::raw_sql(AssertSqlSafe(add)).fetch_one(sql).await;
    let added: Option<String> = added.and_then(|row| row.try_get(0)).ok();
    counted.files_bytes = added.and_then(|text| text.parse().ok());
    Ok(Some(counted))
}

/// See [`super::super::tables`].
pub(in crate::database) async fn tables(sql: &mut MySqlConnection) -> Result<String, sqlx::Error> {
    let tables = "select cast(count(*) as char) from information_schema.tables
                  where table_schema = database() and table_type = 'BASE TABLE'";
    sqlx::raw_sql(tables).fetch_one(sql).await?.try_get(0)
}
