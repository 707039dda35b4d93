//! Keeping a site out of its database on PostgreSQL, and comparing two copies of one.

use std::collections::BTreeMap;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor as _, Row as _};

use super::{literal, quoted};

/// How many tables one query reads: the statement stays some 10 KiB long.
const TABLES: usize = 50;

/// Sessions of somebody: the server's own workers come and go, and are nobody's. What a session is may be hidden from an administrator
/// that is no superuser.
pub(super) const SOMEBODYS: &str = "usesysid is not null and coalesce(backend_type, 'client backend') = 'client backend' and pid <> pg_backend_pid()";

/// See [`super::super::keep_out`].
pub(in crate::database) async fn keep_out(sql: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    run(sql, format!("alter role {} nologin", quoted(name))).await?;
    run(
        sql,
        format!(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = {} and {SOMEBODYS}",
            literal(name)
        ),
    )
    .await
}

/// See [`super::super::is_kept_out`].
pub(in crate::database) async fn is_kept_out(
    sql: &mut PgConnection,
    name: &str,
) -> Result<bool, sqlx::Error> {
    let logs_in: Option<bool> = sqlx::query_scalar("select rolcanlogin from pg_roles where rolname = $1")
        .bind(name)
        .fetch_optional(sql)
        .await?;
    Ok(logs_in != Some(true))
}

/// See [`super::super::let_back_in`].
pub(in crate::database) async fn let_back_in(sql: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    run(sql, format!("alter role {} login", quoted(name))).await
}

/// See [`super::super::contents`]. A row counts by what it holds, wherever it lies.
pub(in crate::database) async fn contents(
    sql: &mut PgConnection,
) -> Result<BTreeMap<String, String>, sqlx::Error> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where c.relkind = 'r' and n.nspname = 'public' order by 1",
    )
    .fetch_all(&mut *sql)
    .await?;
    let mut contents = BTreeMap::new();
    for some in tables.chunks(TABLES) {
        let each = some.iter().map(|table| {
            format!(
                "select {}, count(*)::text || ' rows, ' || coalesce(sum(hashtextextended(provost_row::text, 0)::numeric), 0)::text from {} provost_row",
                literal(table),
                quoted(table)
            )
        });
        let query = each.collect::<Vec<_>>().join(" union all ");
        for row in sqlx::raw_sql(AssertSqlSafe(query)).fetch_all(&mut *sql).await? {
            contents.insert(row.try_get(0)?, row.try_get(1)?);
        }
    }
    // Of a sequence that was never used nothing is kept but that.
    let counters =
        "select 'counter ' || sequencename::text, coalesce(last_value::text, 'unused') from pg_sequences
                     where schemaname = 'public'";
    for row in sqlx::raw_sql(counters).fetch_all(sql).await? {
        contents.insert(row.try_get(0)?, row.try_get(1)?);
    }
    Ok(contents)
}

async fn run(sql: &mut PgConnection, statement: String) -> Result<(), sqlx::Error> {
    sql.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await.map(drop)
}
