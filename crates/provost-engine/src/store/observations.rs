//! The last observations, with their times.

use jiff::Timestamp;
use rusqlite::{TransactionBehavior, params};

use super::{Store, StoreError};
use crate::reconcile::Seen;

impl Store {
    /// Keeps what was seen.
    pub fn keep_observations(&self, seen: &[Seen], at: Timestamp) -> Result<(), StoreError> {
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Three things a site: with thousands of sites, reading the statement anew for each takes longer than all the writing.
        let mut statement = transaction.prepare(
            "insert into observation (subject, at, seen) values (?1, ?2, ?3)
             on conflict (subject) do update set at = ?2, seen = ?3",
        )?;
        let at = at.to_string();
        for one in seen {
            let text = serde_json::to_string(one).unwrap_or_default();
            statement.execute(params![one.subject.to_string(), at, text])?;
        }
        drop(statement);
        transaction.commit()?;
        Ok(())
    }

    /// The last observation of everything: subject, time, JSON of a [`Seen`].
    pub fn observations(&self) -> Result<Vec<(String, String, serde_json::Value)>, StoreError> {
        let connection = self.lock();
        let mut statement =
            connection.prepare("select subject, at, seen from observation order by subject")?;
        let rows = statement.query_map([], |row| {
            let text: String = row.get(2)?;
            Ok((row.get(0)?, row.get(1)?, serde_json::from_str(&text).unwrap_or_default()))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
