//! What an edit means, on the values: what its text has to read back as.

use toml::{Table, Value};

use super::{Edit, Refusal, dotted};

/// What is at a path.
pub(super) fn at<'v>(table: &'v Table, path: &[String]) -> Option<&'v Value> {
    let (first, rest) = path.split_first()?;
    let value = table.get(first)?;
    if rest.is_empty() { Some(value) } else { at(value.as_table()?, rest) }
}

/// What the file is to mean after an edit.
pub(super) fn after(before: &Table, edit: &Edit) -> Result<Table, Refusal> {
    let mut table = before.clone();
    match edit {
        Edit::Set { path, value } => put(&mut table, path, value.clone())?,
        Edit::Remove { path } => take(&mut table, path),
        Edit::Insert { path, keys } => add(&mut table, path, Value::Table(keys.iter().cloned().collect()))?,
        Edit::InsertAll { tables } => {
            for (path, keys) in tables {
                add(&mut table, path, Value::Table(keys.iter().cloned().collect()))?;
            }
        }
        Edit::Copy { from, to } => {
            let nothing = || {
                Refusal::new(
                    0..0,
                    format!("there is no `[{}]` to copy", dotted(from)),
                    "name one that is there",
                )
            };
            let value = at(before, from).filter(|value| value.is_table()).ok_or_else(nothing)?;
            add(&mut table, to, value.clone())?;
        }
    }
    Ok(table)
}

fn put(table: &mut Table, path: &[String], value: Value) -> Result<(), Refusal> {
    let Some((last, above)) = path.split_last() else { return Err(nowhere()) };
    let mut at = table;
    for name in above {
        let next = at.entry(name.clone()).or_insert_with(|| Value::Table(Table::new()));
        let leads_through = || format!("the way to `{}` leads through a value", dotted(path));
        at = next.as_table_mut().ok_or_else(|| Refusal::new(0..0, leads_through(), "edit it by hand"))?;
    }
    at.insert(last.clone(), value);
    Ok(())
}

fn add(table: &mut Table, path: &[String], value: Value) -> Result<(), Refusal> {
    match at(table, path) {
        Some(there) if *there == value => Ok(()),
        Some(_) => {
            let message = format!("there is a `{}` already", dotted(path));
            Err(Refusal::new(0..0, message, "give another name, or take that one out first"))
        }
        None => put(table, path, value),
    }
}

fn take(table: &mut Table, path: &[String]) {
    match path {
        [] => {}
        [last] => drop(table.remove(last)),
        [first, rest @ ..] => {
            if let Some(below) = table.get_mut(first).and_then(Value::as_table_mut) {
                take(below, rest);
            }
        }
    }
}

fn nowhere() -> Refusal {
    Refusal::new(0..0, "an edit names a key or a table", "this is a fault of Provost's: please report it")
}

/// Whether a file reads as it is meant to. A table that lost its last key may be gone with it: without a header it was only
/// there by what was in it.
pub(super) fn same(read: &Table, wanted: &Table, edit: &Edit) -> bool {
    let Edit::Remove { path } = edit else { return read == wanted };
    let (mut read, mut wanted) = (read.clone(), wanted.clone());
    for length in (1..path.len()).rev() {
        for table in [&mut read, &mut wanted] {
            if at(table, &path[..length]).and_then(Value::as_table).is_some_and(Table::is_empty) {
                take(table, &path[..length]);
            }
        }
    }
    read == wanted
}
