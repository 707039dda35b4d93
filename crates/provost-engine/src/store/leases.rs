//! Leases and the ledger of processes at work.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, TransactionBehavior, params};

use super::{Store, StoreError};
use crate::lease::Holder;
use crate::process::{Ledger, LedgerError, ProcessRecord};

impl Store {
    /// Takes a lease that is free or whose holder is dead. Returns its fence.
    pub(crate) fn take_lease(
        &self,
        subject: &str,
        holder: &Holder,
        at: Timestamp,
    ) -> Result<i64, StoreError> {
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found: Option<(Option<String>, i64, String)> = transaction
            .query_row("select holder, fence, since from lease where subject = ?", [subject], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let before = found.as_ref().and_then(|(holder, ..)| holder.as_deref());
        if let Some(before) = before.and_then(|text| serde_json::from_str::<Holder>(text).ok())
            && before.is_alive()
        {
            let since = found.map(|(.., since)| since).unwrap_or_default();
            return Err(StoreError::Held { subject: subject.to_owned(), holder: before, since });
        }
        let fence = found.map_or(1, |(_, fence, _)| fence + 1);
        let holder = serde_json::to_string(holder).unwrap_or_default();
        transaction.execute(
            "insert into lease (subject, holder, fence, since) values (?1, ?2, ?3, ?4)
             on conflict (subject) do update set holder = ?2, fence = ?3, since = ?4",
            params![subject, holder, fence, at.to_string()],
        )?;
        transaction.commit()?;
        Ok(fence)
    }

    /// Who holds a lease, if that process lives.
    pub fn lease_holder(&self, subject: &str) -> Result<Option<Holder>, StoreError> {
        let found: Option<Option<String>> = self
            .lock()
            .query_row("select holder from lease where subject = ?", [subject], |row| row.get(0))
            .optional()?;
        let holder = found.flatten().and_then(|text| serde_json::from_str::<Holder>(&text).ok());
        Ok(holder.filter(Holder::is_alive))
    }

    /// Gives a lease back, unless somebody took it over.
    pub(crate) fn drop_lease(&self, subject: &str, fence: i64) -> Result<(), StoreError> {
        self.lock().execute(
            "update lease set holder = null where subject = ? and fence = ?",
            params![subject, fence],
        )?;
        Ok(())
    }

    /// What is recorded as at work on a subject.
    pub(crate) fn processes_of(&self, subject: &str) -> Result<Vec<ProcessRecord>, StoreError> {
        let connection = self.lock();
        let mut statement =
            connection.prepare("select subject, pgroup, started, mark from process where subject = ?")?;
        let rows = statement.query_map([subject], read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What is recorded as at work and was started by a process that is gone.
    pub fn orphans(&self) -> Result<Vec<ProcessRecord>, StoreError> {
        let connection = self.lock();
        let mut statement =
            connection.prepare("select subject, pgroup, started, mark, holder from process")?;
        let rows = statement.query_map([], |row| Ok((read(row)?, row.get::<_, String>(4)?)))?;
        let all: Vec<(ProcessRecord, String)> = rows.collect::<Result<_, _>>()?;
        let alive =
            |holder: &str| serde_json::from_str::<Holder>(holder).is_ok_and(|holder| holder.is_alive());
        Ok(all.into_iter().filter(|(_, holder)| !alive(holder)).map(|(record, _)| record).collect())
    }

    /// Removes a record.
    pub fn remove_process(&self, record: &ProcessRecord) -> Result<(), StoreError> {
        self.lock().execute("delete from process where mark = ?", [&record.mark])?;
        Ok(())
    }
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<ProcessRecord> {
    Ok(ProcessRecord {
        subject: row.get(0)?,
        group: row.get(1)?,
        started: u64::try_from(row.get::<_, i64>(2)?).unwrap_or_default(),
        mark: row.get(3)?,
    })
}

impl Ledger for Store {
    fn begun(&self, record: &ProcessRecord) -> Result<(), LedgerError> {
        let started = i64::try_from(record.started).unwrap_or(i64::MAX);
        let holder = serde_json::to_string(&Holder::current())?;
        self.lock().execute(
            "insert into process (subject, pgroup, started, mark, holder) values (?, ?, ?, ?, ?)",
            params![record.subject, record.group, started, record.mark, holder],
        )?;
        Ok(())
    }

    fn ended(&self, record: &ProcessRecord) -> Result<(), LedgerError> {
        Ok(self.remove_process(record)?)
    }
}
