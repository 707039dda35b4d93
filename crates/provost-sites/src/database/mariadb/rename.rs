//! A database takes another name.

use provost_fleet::secret::Secret;
use sqlx::Row as _;

use super::{
    create, drop_database, drop_user, end_sessions, ensure_user, look, quoted, run, set_mark, tables_of,
};
use crate::mark::{Mark, Stage};
use crate::server::Mariadb;

/// How many tables change their database in one statement: what has to be undone when the server dies in the middle.
const TABLES_AT_ONCE: usize = 50;

/// How long what a killed run asked the server for is waited for, in seconds. It goes on until the statement ends, and a statement is
/// at most fifty tables, a few seconds on a slow disk.
const OTHERS: u32 = 120;

/// Gives a database and its user another name: MariaDB has no word for that, so tables go one by one, each with all that is in it, into
/// a database of the new name, which says until the end what it was. The one of the old name is dropped when it is empty.
pub(in crate::database) async fn rename(
    sql: &mut Mariadb,
    from: &str,
    to: &str,
    password: &Secret,
    mark: &Mark,
) -> Result<(), sqlx::Error> {
    if from == to {
        set_mark(sql, to, mark).await?;
        return ensure_user(sql, to, password).await;
    }
    // The two names in the same order, whichever way it goes: the file may have been put back meanwhile.
    let (one, other) = if from < to { (from, to) } else { (to, from) };
    lock(sql, one, other).await?;
    let renamed = rename_alone(sql, from, to, password, mark).await;
    let unlock = sqlx::query("do release_lock(md5(concat(?, '/', ?)))").bind(one).bind(other);
    let unlocked = unlock.execute(&mut *sql.connection).await;
    renamed.and(unlocked.map(drop))
}

/// Waits for whoever renames between the two: a killed run's statement goes on, and tables that it has yet to rename would be gone when
/// their turn comes here. The server takes the lock back when that session ends.
async fn lock(sql: &mut Mariadb, one: &str, other: &str) -> Result<(), sqlx::Error> {
    let lock = format!("select cast(coalesce(get_lock(md5(concat(?, '/', ?)), {OTHERS}), 0) as char)");
    let lock = sqlx::query(sqlx::AssertSqlSafe(lock)).bind(one).bind(other);
    let taken: String = lock.fetch_one(&mut *sql.connection).await?.try_get(0)?;
    if taken == "1" {
        return Ok(());
    }
    Err(sqlx::Error::Protocol(format!(
        "another session still renames between `{one}` and `{other}`, after {OTHERS} seconds"
    )))
}

async fn rename_alone(
    sql: &mut Mariadb,
    from: &str,
    to: &str,
    password: &Secret,
    mark: &Mark,
) -> Result<(), sqlx::Error> {
    let there = look(sql).await?;
    let has = |name: &str| there.get(name).is_some_and(|found| found.database.is_some());
    if has(from) {
        if !has(to) {
            create(sql, to, &Mark { stage: Stage::Created, ..mark.clone() }).await?;
        }
        end_sessions(sql, from).await;
        let tables = tables_of(sql, from).await?;
        for some in tables.chunks(TABLES_AT_ONCE) {
            let each = some.iter().map(|table| {
                let table = quoted(table);
                format!("{}.{table} to {}.{table}", quoted(from), quoted(to))
            });
            run(sql, format!("rename table {}", each.collect::<Vec<_>>().join(", "))).await?;
        }
        set_mark(sql, to, mark).await?;
        drop_user(sql, from).await?;
        // What may have come meanwhile is not dropped with it.
        if tables_of(sql, from).await?.is_empty() {
            drop_database(sql, from).await?;
        }
    }
    ensure_user(sql, to, password).await
}
