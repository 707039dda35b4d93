//! The end of the original: hidden first, deleted after the quarantine, on approval, and compared once more just before.

use jiff::{SignedDuration, Timestamp};
use provost_engine::registry::{Findings, StoredReceipt};
use serde_json::json;

use super::{Ended, PhaseError, Work};
use crate::ends::EndError;

/// Hours of a quarantine's day: not a day of the calendar, whose length depends on where one is.
const HOURS_OF_A_DAY: i64 = 24;

impl Work<'_> {
    /// Hides the original.
    pub(super) async fn hide(self, stored: Option<StoredReceipt>) -> Result<Ended, PhaseError> {
        let proof = self.proof(stored).await?;
        self.phases.ends.source.hide(&self.assignment, &proof).await?;
        let until = self.quarantine_end();
        let findings = Findings { quarantine_until: Some(until), ..Findings::default() };
        let evidence = json!({ "receipt": proof.receipt(), "quarantine_until": until });
        Ok(Ended { evidence, findings, receipt: None })
    }

    /// Deletes it. When, and whether at all, is looked at here and not only where units are given out.
    pub(super) async fn delete(self, stored: Option<StoredReceipt>) -> Result<Ended, PhaseError> {
        self.may_be_deleted()?;
        let proof = self.proof(stored).await?;
        if !self.phases.ends.target.find(&self.assignment).await?.is_some_and(|copy| copy.whole) {
            let what = "the copy is gone from the target: what there is of the original stays";
            return Err(EndError::refused(what).into());
        }
        // What is left of a course whose deletion was broken off cannot be compared any more. It was, before the first of it went.
        if self.phases.ends.source.go_on_deleting(&self.assignment, &proof).await? {
            return Ok(Ended::seen(
                json!({ "receipt": proof.receipt(), "gone": "now, after it was begun before" }),
            ));
        }
        if self.phases.ends.source.look(&self.assignment).await?.is_none() {
            return Ok(Ended::seen(json!({ "receipt": proof.receipt(), "gone": "before" })));
        }
        let again = self.phases.ends.witness.compare(&self.assignment, self.copy()?).await?;
        let clean = again.settle(&self.phases.accepted.differences())?;
        let fresh = proof.recheck(&clean)?;
        self.phases.ends.source.delete(&self.assignment, &fresh).await?;
        Ok(Ended::seen(json!({ "receipt": proof.receipt(), "gone": "now" })))
    }

    fn may_be_deleted(&self) -> Result<(), PhaseError> {
        let until = self.unit.quarantine_until.ok_or(PhaseError::Incomplete("the end of the quarantine"))?;
        if self.now < until {
            let why = format!("its quarantine lasts until {until}");
            return Err(PhaseError::NotYet { why, until: Some(until) });
        }
        if self.unit.approved_at.is_none() {
            let why = "nobody has approved its deletion".to_owned();
            return Err(PhaseError::NotYet { why, until: None });
        }
        Ok(())
    }

    fn quarantine_end(&self) -> Timestamp {
        let days = i64::from(self.phases.quarantine_days);
        let length = SignedDuration::from_hours(days.saturating_mul(HOURS_OF_A_DAY));
        self.now.checked_add(length).unwrap_or(Timestamp::MAX)
    }
}
