//! Databases and users on MariaDB.
//!
//! **Marks.** A database has a comment, which is made with it in one statement. A user has none, and the attributes that MariaDB keeps
//! of it are not for others to edit; a table of ours would be one more database on somebody's server, and would tell of users that are
//! gone. So a user is known by what it is for: its database comes first and is marked, and the user of the same name that has rights on
//! that database carries its mark. Where the database is not there, a user is ours only if it has the password that we keep for the
//! site (see `kind_database::observe`): nobody else could have made it so.

pub mod copy;
mod count;
pub(super) mod fence;
mod native;
mod rename;

pub(super) use count::{counted, tables};
pub(crate) use native::{matches as password_matches, verifier as native_verifier};
pub(super) use rename::rename;

use std::collections::BTreeMap;

use provost_fleet::secret::Secret;
use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Executor as _, Row as _};

use super::{Found, Role};
use crate::mark::Mark;
use crate::server::Mariadb;

/// What Moodle's documentation asks for, and what a dump of a site by its own user needs.
const RIGHTS: &str =
    "select, insert, update, delete, create, create temporary tables, drop, index, alter, lock tables";

/// MariaDB's own databases.
const OWN: &str = "('information_schema', 'mysql', 'performance_schema', 'sys')";

/// Everything on the server, in two queries.
pub(crate) async fn look(sql: &mut Mariadb) -> Result<BTreeMap<String, Found>, sqlx::Error> {
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    let databases = format!(
        "select cast(schema_name as char), cast(schema_comment as char)
         from information_schema.schemata where schema_name not in {OWN}"
    );
    for row in sqlx::raw_sql(AssertSqlSafe(databases)).fetch_all(&mut *sql.connection).await? {
        let comment: String = row.try_get(1)?;
        found.entry(row.try_get(0)?).or_default().database =
            Some(Some(comment).filter(|text| !text.is_empty()));
    }
    // Rights on a database are kept under its name as a pattern, in which `_` stands for any letter unless it is escaped.
    let users = r"select cast(account.User as char), cast(account.Host as char),
            cast(json_value(account.Priv, '$.plugin') as char),
            cast(json_value(account.Priv, '$.authentication_string') as char),
            cast(rights.Db is not null as char)
         from mysql.global_priv as account left join mysql.db as rights
            on rights.Host = account.Host and rights.User = account.User
            and rights.Db = replace(account.User, '_', '\\_')
         where account.User <> '' and json_value(account.Priv, '$.is_role') is null";
    for row in sqlx::raw_sql(users).fetch_all(&mut *sql.connection).await? {
        let (name, host): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let (plugin, stored): (Option<String>, Option<String>) = (row.try_get(2)?, row.try_get(3)?);
        let has_rights = row.try_get::<String, _>(4)? == "1";
        let one = found.entry(name).or_default();
        // A name may have accounts for several hosts; the one that sites come in by counts.
        if one.role.is_some() && host != sql.host {
            continue;
        }
        let rights = has_rights && host == sql.host;
        let comment = if rights { one.database.clone().flatten() } else { None };
        one.role = Some(Role { comment, rights });
        let ours_to_read = plugin.as_deref() == Some(PLUGIN) && host == sql.host;
        one.verifier = Some(stored.filter(|_| ours_to_read).unwrap_or_default());
    }
    Ok(found)
}

/// How our users prove who they are.
const PLUGIN: &str = "mysql_native_password";

/// Makes or changes the user of a database: its password, and rights on that database alone. One statement, so that a user without its
/// rights is never ours. One that [`shut`] kept out is let in: a template that is made anew finds the user of the one before.
pub(super) async fn ensure_user(sql: &mut Mariadb, name: &str, password: &Secret) -> Result<(), sqlx::Error> {
    let statement = format!(
        "grant {RIGHTS} on {}.* to {} identified via {PLUGIN} using '{}'",
        pattern(name),
        account(sql, name),
        native_verifier(password)
    );
    run(sql, statement).await?;
    let_in(sql, name).await
}

/// Creates a marked database. Nobody has rights on it but its user and the server's administrators.
pub(crate) async fn create(sql: &mut Mariadb, name: &str, mark: &Mark) -> Result<(), sqlx::Error> {
    let statement = format!(
        "create database {} character set utf8mb4 collate utf8mb4_unicode_ci comment {}",
        quoted(name),
        literal(&mark.to_text())
    );
    run(sql, statement).await
}

/// Marks a database.
pub(super) async fn set_mark(sql: &mut Mariadb, name: &str, mark: &Mark) -> Result<(), sqlx::Error> {
    run(sql, format!("alter database {} comment {}", quoted(name), literal(&mark.to_text()))).await
}

/// Drops a database with whoever is connected to it; nothing happens where there is none.
pub(crate) async fn drop_database(sql: &mut Mariadb, name: &str) -> Result<(), sqlx::Error> {
    end_sessions(sql, name).await;
    run(sql, format!("drop database if exists {}", quoted(name))).await
}

/// Drops a user with its rights; nothing happens where there is none.
pub(super) async fn drop_user(sql: &mut Mariadb, name: &str) -> Result<(), sqlx::Error> {
    let account = account(sql, name);
    run(sql, format!("drop user if exists {account}")).await
}

/// A database that may be closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LookedAt {
    /// Its comment.
    pub(crate) comment: Option<String>,
    /// Size of its tables and indexes, as the server estimates it.
    pub(crate) bytes: i64,
    /// Whether its user cannot come in.
    pub(crate) locked: bool,
}

/// Looks at one database and whether its user is locked; `None` where there is no such database.
pub(crate) async fn look_at_closed(sql: &mut Mariadb, name: &str) -> Result<Option<LookedAt>, sqlx::Error> {
    let (text, host) = (literal(name), literal(sql.host));
    let query = format!(
        "select cast(schema_comment as char),
            (select cast(coalesce(sum(data_length + index_length), 0) as char) from information_schema.tables
              where table_schema = {text}),
            (select cast(max(json_value(Priv, '$.account_locked')) as char) from mysql.global_priv
              where User = {text} and Host = {host})
         from information_schema.schemata where schema_name = {text}"
    );
    let row = sqlx::raw_sql(AssertSqlSafe(query)).fetch_optional(&mut *sql.connection).await?;
    let Some(row) = row else { return Ok(None) };
    let (comment, bytes, locked): (String, String, Option<String>) =
        (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    Ok(Some(LookedAt {
        comment: Some(comment).filter(|text| !text.is_empty()),
        bytes: bytes.parse().unwrap_or(0),
        locked: matches!(locked.as_deref(), Some("1" | "true")),
    }))
}

/// Keeps a database's user out, and ends its sessions. An administrator still comes in: MariaDB cannot close a database.
pub(crate) async fn shut(sql: &mut Mariadb, name: &str) -> Result<(), sqlx::Error> {
    let account = account(sql, name);
    // A run that was killed may have dropped the user, and not yet the database.
    run(sql, format!("alter user if exists {account} account lock")).await?;
    end_sessions(sql, name).await;
    Ok(())
}

/// Lets the user of a database in again that [`shut`] kept out.
pub(super) async fn let_in(sql: &mut Mariadb, name: &str) -> Result<(), sqlx::Error> {
    let account = account(sql, name);
    run(sql, format!("alter user {account} account unlock")).await
}

/// Ends whoever is connected to a database, as far as the administrator may.
pub(super) async fn end_sessions(sql: &mut Mariadb, name: &str) {
    let sessions = "select id from information_schema.processlist where db = ? and id <> connection_id()";
    let sessions: Vec<i64> =
        sqlx::query_scalar(sessions).bind(name).fetch_all(&mut *sql.connection).await.unwrap_or_default();
    for session in sessions {
        // It may have ended meanwhile, and not every administrator may end others' sessions: who needs the database waits for them
        // then, as long as the session's `lock_wait_timeout` says.
        run(sql, format!("kill {session}")).await.ok();
    }
}

/// How many sessions are in a database, but for ours.
pub(super) async fn sessions(sql: &mut Mariadb, name: &str) -> Result<usize, sqlx::Error> {
    let query = "select cast(count(*) as char) from information_schema.processlist where db = ? and id <> connection_id()";
    let count: String = sqlx::query_scalar(query).bind(name).fetch_one(&mut *sql.connection).await?;
    Ok(count.parse().unwrap_or(0))
}

/// Names of a database's tables.
async fn tables_of(sql: &mut Mariadb, name: &str) -> Result<Vec<String>, sqlx::Error> {
    let query =
        "select cast(table_name as char) from information_schema.tables where table_schema = ? order by 1";
    sqlx::query_scalar(query).bind(name).fetch_all(&mut *sql.connection).await
}

/// Whether the session's database has any table.
pub(super) async fn has_tables(sql: &mut MySqlConnection) -> Result<bool, sqlx::Error> {
    let tables = "select cast(count(*) as char) from \
                  (select 1 from information_schema.tables where table_schema = database() limit 1) as tables_";
    let count: String = sqlx::raw_sql(tables).fetch_one(sql).await?.try_get(0)?;
    Ok(count != "0")
}

/// User and database of a session.
pub(super) async fn who_am_i(sql: &mut MySqlConnection) -> Result<String, sqlx::Error> {
    let who = "select cast(concat(substring_index(current_user(), '@', 1), ' in ', database()) as char)";
    sqlx::raw_sql(who).fetch_one(sql).await?.try_get(0)
}

/// SQLSTATE of a table that is not there.
const NO_TABLE: &str = "42S02";

/// Settings of core and of ours, in one query: every site is asked by every plan.
pub(super) async fn settings(
    sql: &mut MySqlConnection,
    prefix: &str,
) -> Result<Option<Vec<(String, String, String)>>, sqlx::Error> {
    let (config, plugins) = (format!("{prefix}config"), format!("{prefix}config_plugins"));
    let query = format!(
        "select 'core', cast(name as char), cast(value as char) from {} where name in ('version', 'release')
         union all select cast(plugin as char), cast(name as char), cast(value as char) from {} where plugin = 'provost'",
        quoted(&config),
        quoted(&plugins)
    );
    let rows = match sqlx::raw_sql(AssertSqlSafe(query)).fetch_all(sql).await {
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(NO_TABLE) => return Ok(None),
        other => other?,
    };
    let each = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)));
    each.collect::<Result<_, _>>().map(Some)
}

async fn run(sql: &mut Mariadb, statement: String) -> Result<(), sqlx::Error> {
    sql.connection.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await.map(drop)
}

/// A name as SQL writes it.
pub(crate) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A database's name where rights are given: there it is a pattern.
fn pattern(name: &str) -> String {
    quoted(&name.replace('\\', r"\\").replace('_', r"\_").replace('%', r"\%"))
}

/// A user, as sites come in.
fn account(sql: &Mariadb, name: &str) -> String {
    format!("{}@{}", literal(name), literal(sql.host))
}

/// A text as SQL writes it; the session's mode is ours, in which `\` escapes.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_are_quoted() {
        assert_eq!(quoted("a`b"), "`a``b`");
        assert_eq!(pattern("academie_hugo"), r"`academie\_hugo`");
        assert_eq!(literal(r#"{"a":"it's \"b\""}"#), r#"'{"a":"it''s \\"b\\""}'"#);
    }
}
