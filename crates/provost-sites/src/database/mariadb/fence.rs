//! Keeping a site out of its database on MariaDB, and comparing two copies of one.

use std::collections::BTreeMap;

use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Row as _};

use super::{account, end_sessions, literal, quoted, run, shut};
use crate::server::Mariadb;

/// How many tables one statement reads.
const TABLES: usize = 50;

/// See [`super::super::keep_out`].
pub(in crate::database) async fn keep_out(sql: &mut Mariadb, name: &str) -> Result<(), sqlx::Error> {
    shut(sql, name).await?;
    end_sessions(sql, name).await;
    Ok(())
}

/// See [`super::super::is_kept_out`].
pub(in crate::database) async fn is_kept_out(sql: &mut Mariadb, name: &str) -> Result<bool, sqlx::Error> {
    let query = format!(
        "select cast(count(*) as char) from mysql.global_priv where User = {} and Host = {}
            and coalesce(json_value(Priv, '$.account_locked'), '0') not in ('1', 'true')",
        literal(name),
        literal(sql.host)
    );
    let open: String =
        sqlx::raw_sql(AssertSqlSafe(query)).fetch_one(&mut *sql.connection).await?.try_get(0)?;
    Ok(open == "0")
}

/// See [`super::super::let_back_in`].
pub(in crate::database) async fn let_back_in(sql: &mut Mariadb, name: &str) -> Result<(), sqlx::Error> {
    let account = account(sql, name);
    run(sql, format!("alter user {account} account unlock")).await
}

/// See [`super::super::contents`].
pub(in crate::database) async fn contents(
    sql: &mut MySqlConnection,
) -> Result<BTreeMap<String, String>, sqlx::Error> {
    let tables =
        "select cast(table_name as char), cast(auto_increment as char) from information_schema.tables
                   where table_schema = database() and table_type = 'BASE TABLE' order by 1";
    let mut contents = BTreeMap::new();
    let mut names = Vec::new();
    for row in sqlx::raw_sql(tables).fetch_all(&mut *sql).await? {
        let (name, counter): (String, Option<String>) = (row.try_get(0)?, row.try_get(1)?);
        contents.insert(format!("counter {name}"), counter.unwrap_or_else(|| "none".to_owned()));
        names.push(name);
    }
    for some in names.chunks(TABLES) {
        let each = some.iter().map(|name| {
            format!("select {} as name, cast(count(*) as char) as found from {}", literal(name), quoted(name))
        });
        let counts = each.collect::<Vec<_>>().join(" union all ");
        let mut found: BTreeMap<String, String> = BTreeMap::new();
        for row in sqlx::raw_sql(AssertSqlSafe(counts)).fetch_all(&mut *sql).await? {
            found.insert(row.try_get(0)?, row.try_get(1)?);
        }
        let quoted: Vec<String> = some.iter().map(|name| quoted(name)).collect();
        let sums = format!("checksum table {} extended", quoted.join(", "));
        for row in sqlx::raw_sql(AssertSqlSafe(sums)).fetch_all(&mut *sql).await? {
            // It names the database, too: `test_hugo.mdl_user`.
            let (name, sum): (String, Option<i64>) = (row.try_get_unchecked(0)?, row.try_get_unchecked(1)?);
            let table = name.split_once('.').map_or(name.as_str(), |(_, table)| table);
            if let (Some(rows), Some(sum)) = (found.get(table), sum) {
                contents.insert(table.to_owned(), format!("{rows} rows, {sum}"));
            }
        }
        // What has no sum cannot be compared, and is told as a difference.
        for (name, rows) in found {
            contents.entry(name).or_insert_with(|| format!("{rows} rows, which cannot be read"));
        }
    }
    Ok(contents)
}
