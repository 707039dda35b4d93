//! Rows that were changed, put back as they were.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use provost_engine::context::Context;
use provost_fleet::model::{Engine, Site};
use provost_fleet::name::Name;

use super::session::{begin, connect, identifier, in_time, run};
use super::text::{by_number, columns, id_of, literal, named, numbered};
use super::{EditError, Touched, Verb};
use crate::server::{Servers, Sql};

/// What came of putting rows back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PutBack {
    /// How many rows were put back.
    pub rows: usize,
    /// The rows that somebody has changed since, by table and number: they stay.
    pub changed: Vec<String>,
}

/// Puts rows back as they were, in one transaction: each that nobody has changed since. One that is as it was already is let be. `dry` gives
/// up the transaction.
///
/// # Errors
/// The database's, and when the table has other columns by now: then nothing is put back.
pub async fn put_back(
    cx: &Context,
    servers: &Servers,
    name: &Name,
    site: &Site,
    touched: &Touched,
    patience: Duration,
    dry: bool,
) -> Result<PutBack, EditError> {
    in_time(cx, patience, async {
        let mut own = connect(cx, servers, name, site).await?;
        if !touched.table.starts_with(&site.prefix) {
            return Err(EditError::Table(touched.table.clone()));
        }
        if touched.identifier.is_some() && identifier(&mut own.sql, &site.prefix).await? != touched.identifier
        {
            return Err(EditError::OtherSite);
        }
        begin(&mut own.sql, patience, false).await?;
        let done = back(&mut own.sql, touched).await;
        run(&mut own.sql, if done.is_ok() && !dry { "commit" } else { "rollback" }).await?;
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
        return Ok(PutBack::default());
    }
    let now = by_number(sql, touched, &numbered(touched, all)?, true).await?;
    let (touched, changed) = unchanged(touched, &now);
    let touched = &touched;
    if touched.count() == 0 {
        return Ok(PutBack { rows: 0, changed });
    }
    let all = if touched.before.is_empty() { &touched.after } else { &touched.before };
    let meant = numbered(touched, all)?;
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
    if now == touched.before {
        Ok(PutBack { rows: touched.count(), changed })
    } else {
        Err(EditError::Differs)
    }
}

/// The rows that are as they were written, apart from those that are neither so nor as they were before.
fn unchanged(touched: &Touched, now: &[Vec<Option<String>>]) -> (Touched, Vec<String>) {
    let number = |row: &[Option<String>]| id_of(touched, row).unwrap_or_default();
    let known = |rows: &[Vec<Option<String>>]| -> BTreeMap<String, Vec<Option<String>>> {
        rows.iter().map(|row| (number(row), row.clone())).collect()
    };
    let (before, after, now) = (known(&touched.before), known(&touched.after), known(now));
    let is = |id: &String| now.get(id);
    let every: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let others = |id: &&&String| is(id) != after.get(**id) && is(id) != before.get(**id);
    let changed = every.iter().filter(others).map(|id| format!("{} {id}", touched.table)).collect();
    let still = |row: &&Vec<Option<String>>| {
        let id = number(row);
        is(&id) == after.get(&id) && is(&id) != before.get(&id)
    };
    let left = Touched {
        before: touched.before.iter().filter(still).cloned().collect(),
        after: touched.after.iter().filter(still).cloned().collect(),
        ..touched.clone()
    };
    (left, changed)
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
