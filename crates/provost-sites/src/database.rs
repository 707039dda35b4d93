//! Databases and roles: looking at all of a server's at once, creating, emptying, dropping.
//!
//! What differs between engines is in a module for each. Names come from the checked model (letters, digits, `_`) and are quoted all
//! the same; passwords go as verifiers, never in clear.

mod inside;
pub mod mariadb;
pub(crate) mod postgresql;

pub(crate) use inside::{Inside, Place};
pub(crate) use mariadb::native_verifier;

use std::collections::BTreeMap;
use std::time::Duration;

use provost_engine::context::Context;
use provost_engine::execute::full_chain;
use provost_fleet::model::Engine;
use provost_fleet::name::Name;
use provost_fleet::secret::Secret;

use crate::mark::Mark;
use crate::server::{ClusterState, Looked, Servers, Sql};

/// What is seen of one database and the role of the same name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The database's comment, where there is a database.
    pub database: Option<Comment>,
    /// The role, where there is one.
    pub role: Option<Role>,
    /// The role's stored verifier, where we may read it.
    pub verifier: Option<String>,
}

impl Found {
    /// The comments of what is there: the database's, and the role's.
    pub fn comments(&self) -> impl Iterator<Item = &Comment> {
        self.database.iter().chain(self.role.iter().map(|role| &role.comment))
    }
}

/// A comment, or that there is none.
pub type Comment = Option<String>;

/// What is seen of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its comment; where an engine has none for roles, that of the database that it has rights on.
    pub comment: Comment,
    /// Whether it has its rights on the database of its name. On PostgreSQL it has them from the database's beginning, as its owner,
    /// unless it is kept from logging in.
    pub rights: bool,
}

/// Everything on a server that could concern a fleet: databases and roles by name, in a constant number of queries.
pub async fn look(sql: &mut Sql) -> Result<BTreeMap<String, Found>, sqlx::Error> {
    match sql {
        Sql::Postgresql(sql) => postgresql::look(sql).await,
        Sql::Mariadb(sql) => mariadb::look(sql).await,
    }
}

/// Everything on a server of the fleet, or why nothing can be known of it. A cluster that was never made has nothing. While a survey is
/// under way it is what that saw first.
pub(crate) async fn look_at(servers: &Servers, cx: &Context, server: &Name) -> Looked {
    match servers.surveyed(server) {
        Some(cell) => cell.get_or_init(|| look_at_now(servers, cx, server)).await.clone(),
        None => look_at_now(servers, cx, server).await,
    }
}

async fn look_at_now(servers: &Servers, cx: &Context, server: &Name) -> Looked {
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
    found.verifier.as_deref().map(|verifier| {
        postgresql::password_matches(verifier, password) || mariadb::password_matches(verifier, password)
    })
}

/// Makes database and role of one name, both marked and the one for the other alone, out of nothing or out of what an interrupted
/// making left; and sets the role's password. The caller has seen that what is there is ours.
pub async fn make(sql: &mut Sql, name: &str, password: &Secret, mark: &Mark) -> Result<(), sqlx::Error> {
    if let Sql::Postgresql(sql) = sql {
        postgresql::end_creations(sql, name).await?;
    }
    let there = look(sql).await?.remove(name).unwrap_or_default().database;
    match sql {
        Sql::Postgresql(sql) => {
            // The role comes first: it owns the database from the beginning.
            postgresql::ensure_role(sql, name, password, mark).await?;
            match there {
                None => postgresql::create(sql, name, mark).await,
                // Made, and killed before it was closed.
                Some(None) => {
                    postgresql::close(sql, name).await?;
                    postgresql::set_mark(sql, name, mark).await
                }
                Some(Some(_)) => Ok(()),
            }
        }
        Sql::Mariadb(sql) => {
            // The database comes first: its mark is the user's too.
            match there {
                None => mariadb::create(sql, name, mark).await?,
                Some(None) => mariadb::set_mark(sql, name, mark).await?,
                Some(Some(_)) => {}
            }
            mariadb::ensure_user(sql, name, password).await
        }
    }
}

/// Creates the role, marked; or sets the password of the one that is there.
pub async fn ensure_role(
    sql: &mut Sql,
    name: &str,
    password: &Secret,
    mark: &Mark,
) -> Result<(), sqlx::Error> {
    match sql {
        Sql::Postgresql(sql) => postgresql::ensure_role(sql, name, password, mark).await,
        Sql::Mariadb(sql) => mariadb::ensure_user(sql, name, password).await,
    }
}

/// Creates an empty, marked database for the role of the same name, closed to everybody else.
pub async fn create(sql: &mut Sql, name: &str, mark: &Mark) -> Result<(), sqlx::Error> {
    match sql {
        Sql::Postgresql(sql) => postgresql::create(sql, name, mark).await,
        Sql::Mariadb(sql) => mariadb::create(sql, name, mark).await,
    }
}

/// Gives a site's database and role another name, and marks them. Killed anywhere and called again it goes on; of a database in two
/// halves the one of the new name is marked as not installed, with what it was.
pub(crate) async fn rename(
    sql: &mut Sql,
    from: &str,
    to: &str,
    password: &Secret,
    mark: &Mark,
) -> Result<(), sqlx::Error> {
    match sql {
        Sql::Postgresql(sql) => {
            postgresql::rename(sql, from, to, mark).await?;
            postgresql::ensure_role(sql, to, password, mark).await
        }
        Sql::Mariadb(sql) => mariadb::rename(sql, from, to, password, mark).await,
    }
}

/// How many sessions are in a database, but for ours.
pub(crate) async fn sessions(sql: &mut Sql, name: &str) -> Result<usize, sqlx::Error> {
    match sql {
        Sql::Postgresql(sql) => postgresql::sessions(sql, name).await,
        Sql::Mariadb(sql) => mariadb::sessions(sql, name).await,
    }
}

/// Ends the sessions in a database, but for ours, as far as the administrator may.
pub(crate) async fn end_sessions(sql: &mut Sql, name: &str) -> Result<(), sqlx::Error> {
    match sql {
        Sql::Postgresql(sql) => postgresql::end_sessions(sql, name).await,
        Sql::Mariadb(sql) => {
            mariadb::end_sessions(sql, name).await;
            Ok(())
        }
    }
}

/// Drops a role; nothing happens where there is none.
pub async fn drop_role(sql: &mut Sql, name: &str) -> Result<(), sqlx::Error> {
    match sql {
        Sql::Postgresql(sql) => postgresql::drop_role(sql, name).await,
        Sql::Mariadb(sql) => mariadb::drop_user(sql, name).await,
    }
}

/// A name as an engine's SQL writes it.
pub(crate) fn quoted(engine: Engine, name: &str) -> String {
    match engine {
        Engine::Postgresql => postgresql::quoted(name),
        Engine::Mariadb => mariadb::quoted(name),
    }
}

/// Whether the engine copies a whole database in one statement: then nothing is there before.
pub(crate) fn copies_whole(sql: &Sql) -> bool {
    match sql {
        Sql::Postgresql(_) => true,
        Sql::Mariadb(_) => false,
    }
}

/// Closes a database to everybody but its role.
pub async fn close(sql: &mut Sql, name: &str) -> Result<(), sqlx::Error> {
    match sql {
        Sql::Postgresql(sql) => postgresql::close(sql, name).await,
        // Nobody has rights on it whom nobody gave them.
        Sql::Mariadb(_) => Ok(()),
    }
}

/// Closes the databases that a server of our own came with to everybody but its administrator: a site has no business there.
pub(crate) async fn close_own(sql: &mut Sql) -> Result<(), sqlx::Error> {
    match sql {
        Sql::Postgresql(sql) => {
            for name in ["postgres", "template1"] {
                postgresql::close(sql, name).await?;
            }
            Ok(())
        }
        // Nobody has rights there whom nobody gave them.
        Sql::Mariadb(_) => Ok(()),
    }
}

/// Opens a database that a template's closing had closed, to its role alone.
pub(crate) async fn let_in(sql: &mut Sql, name: &str) -> Result<(), sqlx::Error> {
    match sql {
        Sql::Postgresql(sql) => postgresql::let_in(sql, name).await,
        Sql::Mariadb(sql) => mariadb::let_in(sql, name).await,
    }
}

/// Marks a database.
pub async fn set_mark(sql: &mut Sql, name: &str, mark: &Mark) -> Result<(), sqlx::Error> {
    match sql {
        Sql::Postgresql(sql) => postgresql::set_mark(sql, name, mark).await,
        Sql::Mariadb(sql) => mariadb::set_mark(sql, name, mark).await,
    }
}

/// Drops a database with whoever is connected to it; nothing happens where there is none.
pub async fn drop_database(sql: &mut Sql, name: &str) -> Result<(), sqlx::Error> {
    match sql {
        Sql::Postgresql(sql) => postgresql::drop_database(sql, name).await,
        Sql::Mariadb(sql) => mariadb::drop_database(sql, name).await,
    }
}

/// Drops database and role of one name, in the order in which an interruption leaves both known as ours.
pub async fn drop_both(sql: &mut Sql, name: &str) -> Result<(), sqlx::Error> {
    match sql {
        Sql::Postgresql(sql) => {
            // A role that owns something cannot be dropped; and what a killed run had asked for may come to be meanwhile.
            let mut tries = 5;
            loop {
                postgresql::drop_database(sql, name).await?;
                tries -= 1;
                match postgresql::drop_role(sql, name).await {
                    Err(error) if tries > 0 && postgresql::is_depended_on(&error) => {
                        tokio::time::sleep(Duration::from_millis(200)).await;
                    }
                    other => return other,
                }
            }
        }
        Sql::Mariadb(sql) => {
            // The database's mark is the user's too.
            mariadb::drop_user(sql, name).await?;
            mariadb::drop_database(sql, name).await
        }
    }
}

/// Whether the database that a connection is to has any table.
pub async fn has_tables(sql: &mut Sql) -> Result<bool, sqlx::Error> {
    match sql {
        Sql::Postgresql(sql) => postgresql::has_tables(sql).await,
        Sql::Mariadb(sql) => mariadb::has_tables(&mut sql.connection).await,
    }
}

/// Which role a connection is, in which database: `hugo in hugo`.
pub(crate) async fn who_am_i(sql: &mut Sql) -> Result<String, sqlx::Error> {
    match sql {
        Sql::Postgresql(sql) => postgresql::who_am_i(sql).await,
        Sql::Mariadb(sql) => mariadb::who_am_i(&mut sql.connection).await,
    }
}

/// The role that a table of the connection's database belongs to; `None` on an engine whose tables belong to nobody.
async fn owner_of_table(sql: &mut Sql, table: &str) -> Result<Option<String>, sqlx::Error> {
    match sql {
        Sql::Postgresql(sql) => postgresql::owner_of_table(sql, table).await.map(Some),
        Sql::Mariadb(_) => Ok(None),
    }
}

/// Moodle's settings of core and of ours that tell whose a site is, from the tables of a prefix: plugin, name and value; `None` where
/// there are no tables of Moodle's.
pub(crate) async fn settings(
    sql: &mut Sql,
    prefix: &str,
) -> Result<Option<Vec<(String, String, String)>>, sqlx::Error> {
    match sql {
        Sql::Postgresql(sql) => postgresql::settings(sql, prefix).await,
        Sql::Mariadb(sql) => mariadb::settings(&mut sql.connection, prefix).await,
    }
}

/// What is counted in a site's database, and the settings that tell how it fares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// Plugin (`core` for Moodle's own), name and value: release, maintenance, versions of plugins, last cron.
    pub settings: Vec<(String, String, String)>,
    /// Size of the database on its server, in bytes.
    pub database_bytes: Option<u64>,
    /// Size of the files that Moodle knows, each content once, in bytes; `None` where adding them up took too long.
    pub files_bytes: Option<u64>,
}

/// Counts in the database that a connection is to; the sizes of its files are added up for at most `patience`. `None` where there
/// are no tables of Moodle's.
pub(crate) async fn counted(
    sql: &mut Sql,
    prefix: &str,
    patience: std::time::Duration,
) -> Result<Option<Counted>, sqlx::Error> {
    match sql {
        Sql::Postgresql(sql) => postgresql::counted(sql, prefix, patience).await,
        Sql::Mariadb(sql) => mariadb::counted(&mut sql.connection, prefix, patience).await,
    }
}

/// How many tables the database that a connection is to has, whosever they are.
pub(crate) async fn tables(sql: &mut Sql) -> Result<u64, sqlx::Error> {
    let count = match sql {
        Sql::Postgresql(sql) => postgresql::tables(sql).await,
        Sql::Mariadb(sql) => mariadb::tables(&mut sql.connection).await,
    };
    Ok(count?.parse().unwrap_or_default())
}

/// Keeps a database's role out, and ends the sessions in it. An administrator still comes in.
pub(crate) async fn keep_out(sql: &mut Sql, name: &str) -> Result<(), sqlx::Error> {
    match sql {
        Sql::Postgresql(sql) => postgresql::fence::keep_out(sql, name).await,
        Sql::Mariadb(sql) => mariadb::fence::keep_out(sql, name).await,
    }
}

/// Whether the role of a database cannot come in; also where there is none.
pub(crate) async fn is_kept_out(sql: &mut Sql, name: &str) -> Result<bool, sqlx::Error> {
    match sql {
        Sql::Postgresql(sql) => postgresql::fence::is_kept_out(sql, name).await,
        Sql::Mariadb(sql) => mariadb::fence::is_kept_out(sql, name).await,
    }
}

/// Lets the role in again that [`keep_out`] kept out.
pub(crate) async fn let_back_in(sql: &mut Sql, name: &str) -> Result<(), sqlx::Error> {
    match sql {
        Sql::Postgresql(sql) => postgresql::fence::let_back_in(sql, name).await,
        Sql::Mariadb(sql) => mariadb::fence::let_back_in(sql, name).await,
    }
}

/// What the tables of the connection's database hold: of each how many rows, and a sum over them; and where each counter is. Two
/// copies of one database have the same, on servers of one engine. Reads everything.
pub(crate) async fn contents(sql: &mut Sql) -> Result<BTreeMap<String, String>, sqlx::Error> {
    match sql {
        Sql::Postgresql(sql) => postgresql::fence::contents(sql).await,
        Sql::Mariadb(sql) => mariadb::fence::contents(&mut sql.connection).await,
    }
}
