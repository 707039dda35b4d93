//! Databases and roles on PostgreSQL. A role's password goes there as a SCRAM verifier.

mod count;
pub(super) mod fence;
mod scram;

use std::collections::BTreeMap;

use provost_fleet::secret::Secret;
use sha2::{Digest as _, Sha256};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, Row as _};

use super::{Found, Role};
use crate::mark::Mark;

pub(super) use count::{counted, tables};
pub(super) use scram::matches as password_matches;

/// Everything on a server that could concern a fleet: databases and roles by name, in two queries.
pub(super) async fn look(sql: &mut PgConnection) -> Result<BTreeMap<String, Found>, sqlx::Error> {
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    let databases = "select datname::text, shobj_description(oid, 'pg_database') from pg_database where not datistemplate";
    for row in sqlx::raw_sql(databases).fetch_all(&mut *sql).await? {
        found.entry(row.try_get(0)?).or_default().database = Some(row.try_get(1)?);
    }
    let superuser: bool = sqlx::query_scalar("select rolsuper from pg_roles where rolname = current_user")
        .fetch_one(&mut *sql)
        .await?;
    // Also roles that are kept out: of a database that was moved away, or dropped by a run that was killed, such a one is what is left.
    let roles = if superuser {
        "select rolname::text, shobj_description(oid, 'pg_authid'), rolcanlogin, rolpassword from pg_authid where rolname !~ '^pg_'"
    } else {
        "select rolname::text, shobj_description(oid, 'pg_authid'), rolcanlogin, null::text from pg_roles where rolname !~ '^pg_'"
    };
    for row in sqlx::raw_sql(roles).fetch_all(&mut *sql).await? {
        let one = found.entry(row.try_get(0)?).or_default();
        one.role = Some(Role { comment: row.try_get(1)?, rights: row.try_get(2)? });
        one.verifier = row.try_get(3)?;
    }
    Ok(found)
}

/// Creates the role, marked before it owns anything, so that an interrupted creation is known to be ours; or sets its password.
pub(super) async fn ensure_role(
    sql: &mut PgConnection,
    name: &str,
    password: &Secret,
    mark: &Mark,
) -> Result<(), sqlx::Error> {
    let there: bool = sqlx::query_scalar("select exists (select from pg_roles where rolname = $1)")
        .bind(name)
        .fetch_one(&mut *sql)
        .await?;
    // Only a superuser may name these of a role that is there, even to say what is so already.
    let (verb, rights) =
        if there { ("alter", "") } else { ("create", "nosuperuser nocreatedb nocreaterole") };
    let verifier = verifier(name, password, mark);
    let mut transaction = sql.begin().await?;
    let role = quoted(name);
    let statement = format!("{verb} role {role} login {rights} password '{verifier}'");
    transaction.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await?;
    let comment = format!("comment on role {role} is {}", literal(&mark.to_text()));
    transaction.execute(sqlx::raw_sql(AssertSqlSafe(comment))).await?;
    // An administrator that is no superuser must be a member of the role to give a database to it.
    let grant = format!(
        "do $$ begin if not (select rolsuper from pg_roles where rolname = current_user)
           then execute format('grant %I to current_user', {}); end if; end $$",
        literal(name)
    );
    transaction.execute(sqlx::raw_sql(AssertSqlSafe(grant))).await?;
    transaction.commit().await
}

/// Renames a database with its role, and marks both as another site's; all of it, or nothing where the database has another comment by
/// now. A role of the new name, which was made for the site and owns nothing, gives way. Nobody is connected to the database.
pub(crate) async fn take_over(
    sql: &mut PgConnection,
    (from, comment): (&str, &str),
    to: &str,
    password: &Secret,
    mark: &Mark,
) -> Result<bool, sqlx::Error> {
    let verifier = verifier(to, password, mark);
    let (old, new, text) = (quoted(from), quoted(to), literal(&mark.to_text()));
    let mut transaction = sql.begin().await?;
    let same: Option<bool> = sqlx::query_scalar(
        "select shobj_description(oid, 'pg_database') = $2 from pg_database where datname = $1",
    )
    .bind(from)
    .bind(comment)
    .fetch_optional(&mut *transaction)
    .await?
    .flatten();
    if same != Some(true) {
        return Ok(false);
    }
    let statements = format!(
        "drop role if exists {new};
         alter role {old} rename to {new};
         alter role {new} login password '{verifier}';
         comment on role {new} is {text};
         alter database {old} rename to {new};
         comment on database {new} is {text}"
    );
    transaction.execute(sqlx::raw_sql(AssertSqlSafe(statements))).await?;
    transaction.commit().await?;
    Ok(true)
}

/// What the server keeps of a role's password.
fn verifier(name: &str, password: &Secret, mark: &Mark) -> String {
    let mut salt = [0; 16];
    salt.copy_from_slice(&Sha256::digest(format!("{}/{name}", mark.fleet))[..16]);
    scram::verifier(password, &salt)
}

/// Creates a database owned by the role of the same name, closed to everybody else, and marks it.
pub(super) async fn create(sql: &mut PgConnection, name: &str, mark: &Mark) -> Result<(), sqlx::Error> {
    let database = quoted(name);
    // template0: whatever somebody put into template1 is not wanted in a Moodle.
    let statement = format!("create database {database} owner {database} template template0 encoding 'UTF8'");
    sql.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await?;
    close(sql, name).await?;
    set_mark(sql, name, mark).await
}

/// How many tenths of a second a server may take to end a copy: it removes the files first.
const ENDING: u32 = 300;

/// Ends what a killed run still has at work in the server: a database goes on being made without whoever asked for it, and is there a
/// moment after nobody saw it. Nobody else makes one of this name, for the site's lease is ours. Returns whether there is none at work.
pub(crate) async fn end_creations(sql: &mut PgConnection, name: &str) -> Result<bool, sqlx::Error> {
    let query = "select pg_terminate_backend(pid) from pg_stat_activity
                 where pid <> pg_backend_pid() and usename = current_user and starts_with(query, $1)";
    let statement = format!("create database {} ", quoted(name));
    for _ in 0..ENDING {
        if sqlx::query(query).bind(&statement).fetch_all(&mut *sql).await?.is_empty() {
            return Ok(true);
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    Ok(false)
}

/// Closes a database to everybody but its owner.
pub(super) async fn close(sql: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    let statement = format!("revoke connect, temporary on database {} from public", quoted(name));
    sql.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await.map(drop)
}

/// Marks a database.
pub(super) async fn set_mark(sql: &mut PgConnection, name: &str, mark: &Mark) -> Result<(), sqlx::Error> {
    let statement = format!("comment on database {} is {}", quoted(name), literal(&mark.to_text()));
    sql.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await.map(drop)
}

/// Drops a database with whoever is connected to it; nothing happens where there is none.
pub(crate) async fn drop_database(sql: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    let statement = format!("drop database if exists {} with (force)", quoted(name));
    sql.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await.map(drop)
}

/// Drops a role; nothing happens where there is none.
pub(super) async fn drop_role(sql: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    let statement = format!("drop role if exists {}", quoted(name));
    sql.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await.map(drop)
}

/// Whether a role could not be dropped because something is still its own.
pub(super) fn is_depended_on(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).is_some_and(|code| code == "2BP01")
}

/// Whether the database that a connection is to has any table.
pub(super) async fn has_tables(sql: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select from pg_tables where schemaname = 'public')")
        .fetch_one(sql)
        .await
}

/// A name as SQL writes it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as SQL writes it, with standard-conforming strings.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Role and database of a connection.
pub(super) async fn who_am_i(sql: &mut PgConnection) -> Result<String, sqlx::Error> {
    sqlx::query_scalar("select current_user::text || ' in ' || current_database()::text").fetch_one(sql).await
}

/// The role that a table belongs to.
pub(super) async fn owner_of_table(sql: &mut PgConnection, table: &str) -> Result<String, sqlx::Error> {
    sqlx::query_scalar("select pg_get_userbyid(relowner)::text from pg_class where oid = to_regclass($1)")
        .bind(quoted(table))
        .fetch_one(sql)
        .await
}

/// SQLSTATE of a table that is not there.
const NO_TABLE: &str = "42P01";

/// Settings of core and of ours, in one query: every site is asked by every plan.
pub(super) async fn settings(
    sql: &mut PgConnection,
    prefix: &str,
) -> Result<Option<Vec<(String, String, String)>>, sqlx::Error> {
    let (config, plugins) = (quoted(&format!("{prefix}config")), quoted(&format!("{prefix}config_plugins")));
    let query = format!(
        "select 'core', name::text, value from {config} where name in ('version', 'release')
         union all select plugin::text, name::text, value from {plugins} where plugin = 'provost'"
    );
    let rows = match sqlx::raw_sql(AssertSqlSafe(query)).fetch_all(sql).await {
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(NO_TABLE) => return Ok(None),
        other => other?,
    };
    let each = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)));
    each.collect::<Result<_, _>>().map(Some)
}

/// Gives a database back to its role and lets that in, after a template's was closed to everybody.
pub(super) async fn let_in(sql: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    let name = quoted(name);
    for statement in [
        format!("alter database {name} owner to {name}"),
        format!("alter database {name} allow_connections true"),
        format!("alter role {name} login"),
    ] {
        sql.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await?;
    }
    Ok(())
}

/// Gives database and role another name, with the mark, in one transaction: there is no moment at which only one of them has it.
pub(super) async fn rename(
    sql: &mut PgConnection,
    from: &str,
    to: &str,
    mark: &Mark,
) -> Result<(), sqlx::Error> {
    if from == to {
        return set_mark(sql, to, mark).await;
    }
    let there: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(from)
        .fetch_one(&mut *sql)
        .await?;
    if !there {
        return Ok(());
    }
    end_sessions(sql, from).await?;
    let mut transaction = sql.begin().await?;
    for statement in [
        format!("alter database {} rename to {}", quoted(from), quoted(to)),
        format!("alter role {} rename to {}", quoted(from), quoted(to)),
        format!("comment on database {} is {}", quoted(to), literal(&mark.to_text())),
    ] {
        transaction.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await?;
    }
    transaction.commit().await
}

/// How many sessions are in a database, but for ours.
pub(super) async fn sessions(sql: &mut PgConnection, name: &str) -> Result<usize, sqlx::Error> {
    let query = format!("select count(*) from pg_stat_activity where datname = $1 and {}", fence::SOMEBODYS);
    let count: i64 = sqlx::query_scalar(AssertSqlSafe(query)).bind(name).fetch_one(sql).await?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// How often it is looked whether sessions that were ended are gone, a tenth of a second apart: they end at their next signal check.
const GONE: u32 = 50;

/// Ends them, and waits until they are gone.
pub(super) async fn end_sessions(sql: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    let query = format!(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and {}",
        fence::SOMEBODYS
    );
    for _ in 0..GONE {
        if sessions(sql, name).await? == 0 {
            break;
        }
        sqlx::query(AssertSqlSafe(query.clone())).bind(name).execute(&mut *sql).await?;
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    Ok(())
}
