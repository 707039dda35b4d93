//! Reading back what was done: operations, newest first, and how each of their units ended.

use rusqlite::{OptionalExtension as _, Row, params};
use serde::Serialize;

use super::operations::{Operation, OperationId, OperationState, UnitState};
use super::{Store, StoreError};

/// An operation with what was asked for and how its units stand.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// The operation.
    #[serde(flatten)]
    pub operation: Operation,
    /// What was asked for.
    pub declared: serde_json::Value,
    /// Units by state.
    pub units: Vec<(String, i64)>,
}

impl Entry {
    /// How many units there are.
    pub fn count(&self) -> i64 {
        self.units.iter().map(|(_, count)| count).sum()
    }

    /// How many units are in a state.
    pub fn in_state(&self, state: UnitState) -> i64 {
        self.units.iter().filter(|(word, _)| word == state.word()).map(|(_, count)| count).sum()
    }
}

/// How one unit of an operation stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnitEntry {
    /// What it is about: `site/hugo`.
    pub subject: String,
    /// Its state's word.
    pub state: String,
    /// The last that was said of it: evidence, or why it failed.
    pub said: String,
    /// When that was; `None` where nothing was said.
    pub at: Option<String>,
}

const ENTRY: &str = "select id, machine, actor, state, created_at, declared from operation";

fn entry(row: &Row<'_>) -> Result<Entry, rusqlite::Error> {
    let declared: String = row.get(5)?;
    Ok(Entry {
        operation: Operation {
            id: OperationId(row.get(0)?),
            machine: row.get(1)?,
            actor: row.get(2)?,
            state: OperationState::parse(&row.get::<_, String>(3)?),
            created_at: row.get(4)?,
        },
        declared: serde_json::from_str(&declared).unwrap_or_default(),
        units: Vec::new(),
    })
}

impl Store {
    /// The newest operations, newest first.
    ///
    /// # Errors
    /// When the registry fails.
    pub fn journal(&self, most: u32) -> Result<Vec<Entry>, StoreError> {
        let mut entries = {
            let connection = self.lock();
            let mut statement = connection.prepare(&format!("{ENTRY} order by id desc limit ?"))?;
            let found = statement.query_map([most], entry)?;
            found.collect::<Result<Vec<_>, _>>()?
        };
        entries.iter_mut().try_for_each(|entry| self.count_units(entry))?;
        Ok(entries)
    }

    /// One operation.
    ///
    /// # Errors
    /// When the registry fails.
    pub fn journal_entry(&self, id: OperationId) -> Result<Option<Entry>, StoreError> {
        let found = self.lock().query_row(&format!("{ENTRY} where id = ?"), [id.0], entry).optional()?;
        found.map(|mut entry| self.count_units(&mut entry).map(|()| entry)).transpose()
    }

    fn count_units(&self, entry: &mut Entry) -> Result<(), StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare(
            "select state, sum(count) from total where operation = ? group by state having sum(count) > 0 order by state",
        )?;
        let counts = statement.query_map([entry.operation.id.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        entry.units = counts.collect::<Result<_, _>>()?;
        Ok(())
    }

    /// The units of an operation, in its order.
    ///
    /// # Errors
    /// When the registry fails.
    pub fn journal_units(&self, id: OperationId, most: u32) -> Result<Vec<UnitEntry>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare(
            "select unit.subject, unit.state, event.evidence, event.at from unit
               left join event on event.operation = unit.operation and event.unit = unit.seq and event.n =
                    (select max(n) from event where operation = unit.operation and unit = unit.seq)
              where unit.operation = ? order by unit.seq limit ?",
        )?;
        let rows = statement.query_map(params![id.0, most], |row| {
            Ok(UnitEntry {
                subject: row.get(0)?,
                state: row.get(1)?,
                said: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
                at: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
