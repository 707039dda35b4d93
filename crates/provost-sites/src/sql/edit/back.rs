//! Rows that were changed, put back as they were.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use provost_engine::context::Context;
use provost_fleet::model::{Engine, Site};
use provost_fleet::name::Name;

use super::session::{begin, connect, in_time, run};
use super::text::{by_number, columns, id_of, literal, named, numbered};
use super::{EditError, Touched, Verb};
use crate::server::{Servers, Sql};

/// What came of putting rows back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutBack {
    /// So many rows are as they were.
    Rows(usize),
    /// They were as before already.
    Nothing,
}

/// Puts rows back as they were, in one transaction, where nobody has changed them since.
///
/// # Errors
/// When somebody has: then nothing is put back.
pub async fn put_back(
    cx: &Context,
    servers: &Servers,
    name: &Name,
    site: &Site,
    touched: &Touched,
    patience: Duration,
) -> Result<PutBack, EditError> {
    in_time(cx, patience, async {
        let mut own = connect(cx, servers, name, site).await?;
        if !touched.table.starts_with(&site.prefix) {
            return Err(EditError::Table(touched.table.clone()));
        }
        begin(&mut own.sql, patience, false).await?;
        let done = back(&mut own.sql, touched).await;
        run(&mut own.sql, if done.is_ok() { "commit" } else { "rollback" }).await?;
        own.close().await;
        done
    })
    .await
}

async fn back(sql: &mut Sql, touched: &Touched) -> Result<PutBack, EditError> {
    if columns(sql, &touched.table).await? != touched.columns {
        return Err(EditError::Since(vec!["the table itself".to_owned()]));
    }
    let all = if touched.before.is_empty() { &touched.after } else { &touched.before };
    if all.is_empty() {
        return Ok(PutBack::Nothing);
    }
    let meant = numbered(touched, all)?;
    let now = by_number(sql, touched, &meant, true).await?;
    if now == touched.before {
        return Ok(PutBack::Nothing);
    }
    if now != touched.after {
        return Err(EditError::Since(changed(touched, &now)));
    }
    match touched.verb {
        Verb::Insert => {
            run(sql, &format!("delete from {} where {meant}", touched.table)).await?;
        }
        Verb::Delete => {
            for row in &touched.before {
                run(sql, &insert_of(sql.engine(), touched, row)).await?;
            }
        }
        Verb::Update => {
            for row in &touched.before {
                run(sql, &update_of(sql.engine(), touched, row)?).await?;
            }
        }
    }
    let now = by_number(sql, touched, &meant, false).await?;
    if now == touched.before { Ok(PutBack::Rows(touched.count())) } else { Err(EditError::Differs) }
}

/// Numbers of rows that are neither as they were written nor as they were before.
fn changed(touched: &Touched, now: &[Vec<Option<String>>]) -> Vec<String> {
    let number = |row: &[Option<String>]| id_of(touched, row).unwrap_or_default();
    let known: BTreeMap<String, &Vec<Option<String>>> = now.iter().map(|row| (number(row), row)).collect();
    let was: BTreeMap<String, &Vec<Option<String>>> =
        touched.after.iter().map(|row| (number(row), row)).collect();
    let every = known.keys().chain(was.keys()).collect::<BTreeSet<_>>();
    every
        .into_iter()
        .filter(|id| known.get(*id) != was.get(*id))
        .map(|id| format!("{} {id}", touched.table))
        .collect()
}

fn insert_of(engine: Engine, touched: &Touched, row: &[Option<String>]) -> String {
    let names: Vec<String> = touched.columns.iter().map(|column| named(engine, &column.name)).collect();
    let values: Vec<String> = touched
        .columns
        .iter()
        .zip(row)
        .map(|(column, value)| literal(engine, column, value.as_deref()))
        .collect();
    format!("insert into {} ({}) values ({})", touched.table, names.join(", "), values.join(", "))
}

fn update_of(engine: Engine, touched: &Touched, row: &[Option<String>]) -> Result<String, EditError> {
    let set: Vec<String> = touched
        .columns
        .iter()
        .zip(row)
        .filter(|(column, _)| column.name != "id")
        .map(|(column, value)| {
            format!("{} = {}", named(engine, &column.name), literal(engine, column, value.as_deref()))
        })
        .collect();
    let meant = numbered(touched, &[row.to_vec()])?;
    Ok(format!("update {} set {} where {meant}", touched.table, set.join(", ")))
}
