//! Databases and roles on PostgreSQL: looking at all of a server's at once, creating, emptying, dropping.
//!
//! Names come from the checked model (letters, digits, `_`) and are quoted all the same; passwords go as SCRAM verifiers.

mod inside;
mod scram;

pub(crate) use inside::{Inside, Place};

use std::collections::BTreeMap;

use provost_engine::context::Context;
use provost_engine::execute::full_chain;
use provost_fleet::name::Name;
use provost_fleet::secret::Secret;
use sha2::{Digest as _, Sha256};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, Row as _};

use crate::mark::Mark;
use crate::server::{ClusterState, Servers};

/// What is seen of one database and the role of the same name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The database's comment, where there is a database.
    pub database: Option<Comment>,
    /// The role's comment, where there is a role.
    pub role: Option<Comment>,
    /// The role's stored verifier, where we may read it.
    pub verifier: Option<String>,
}

/// A comment, or that there is none.
pub type Comment = Option<String>;

/// Everything on a server that could concern a fleet: databases and roles by name, in two queries.
pub async fn look(sql: &mut PgConnection) -> Result<BTreeMap<String, Found>, sqlx::Error> {
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    let databases = "select datname::text, shobj_description(oid, 'pg_database') from pg_database where not datistemplate";
    for row in sqlx::raw_sql(databases).fetch_all(&mut *sql).await? {
        found.entry(row.try_get(0)?).or_default().database = Some(row.try_get(1)?);
    }
    let superuser: bool = sqlx::query_scalar("select rolsuper from pg_roles where rolname = current_user")
        .fetch_one(&mut *sql)
        .await?;
    let roles = if superuser {
        "select rolname::text, shobj_description(oid, 'pg_authid'), rolpassword from pg_authid where rolcanlogin"
    } else {
        "select rolname::text, shobj_description(oid, 'pg_authid'), null::text from pg_roles where rolcanlogin"
    };
    for row in sqlx::raw_sql(roles).fetch_all(&mut *sql).await? {
        let one = found.entry(row.try_get(0)?).or_default();
        one.role = Some(row.try_get(1)?);
        one.verifier = row.try_get(2)?;
    }
    Ok(found)
}

/// Everything on a server of the fleet, or why nothing can be known of it. A cluster that was never made has nothing.
pub(crate) async fn look_at(
    servers: &Servers,
    cx: &Context,
    server: &Name,
) -> Result<BTreeMap<String, Found>, String> {
    let told = |error: &dyn std::error::Error| full_chain(error);
    if let Some(cluster) = servers.cluster(cx, server).map_err(|error| told(&error))?
        && matches!(cluster.state(), ClusterState::Absent | ClusterState::Unfinished)
    {
        return Ok(BTreeMap::new());
    }
    let mut admin = servers.admin(cx, server, None).await.map_err(|error| told(&error))?;
    look(&mut admin.sql).await.map_err(|error| told(&error))
}

/// Whether a role's stored verifier is that of a password; `None` where it could not be read.
pub fn password_matches(found: &Found, password: &Secret) -> Option<bool> {
    found.verifier.as_deref().map(|verifier| scram::matches(verifier, password))
}

/// Creates the role, marked before it owns anything, so that an interrupted creation is known to be ours; or sets its password.
pub async fn ensure_role(
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
    let mut salt = [0; 16];
    salt.copy_from_slice(&Sha256::digest(format!("{}/{name}", mark.fleet))[..16]);
    let verifier = scram::verifier(password, &salt);
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

/// Creates a database owned by the role of the same name, closed to everybody else, and marks it.
pub async fn create(sql: &mut PgConnection, name: &str, mark: &Mark) -> Result<(), sqlx::Error> {
    let database = quoted(name);
    // template0: whatever somebody put into template1 is not wanted in a Moodle.
    let statement = format!("create database {database} owner {database} template template0 encoding 'UTF8'");
    sql.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await?;
    close(sql, name).await?;
    set_mark(sql, name, mark).await
}

/// Closes a database to everybody but its owner.
pub async fn close(sql: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    let statement = format!("revoke connect, temporary on database {} from public", quoted(name));
    sql.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await.map(drop)
}

/// Marks a database.
pub async fn set_mark(sql: &mut PgConnection, name: &str, mark: &Mark) -> Result<(), sqlx::Error> {
    let statement = format!("comment on database {} is {}", quoted(name), literal(&mark.to_text()));
    sql.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await.map(drop)
}

/// Drops a database with whoever is connected to it; nothing happens where there is none.
pub async fn drop_database(sql: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    let statement = format!("drop database if exists {} with (force)", quoted(name));
    sql.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await.map(drop)
}

/// Drops a role; nothing happens where there is none.
pub async fn drop_role(sql: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    let statement = format!("drop role if exists {}", quoted(name));
    sql.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await.map(drop)
}

/// Whether the database that a connection is to has any table.
pub async fn has_tables(sql: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select from pg_tables where schemaname = 'public')")
        .fetch_one(sql)
        .await
}

/// A name as SQL writes it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as SQL writes it, with standard-conforming strings.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
