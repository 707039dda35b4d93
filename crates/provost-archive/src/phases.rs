//! The phases of a unit, each idempotent and checked by its effect.
//!
//! A phase that was begun and not recorded is entered again: it asks an end for what shall be, and the end looks first. What a later
//! phase must know of an earlier one stands in the unit's [`Dossier`], which is kept in the registry in the same transaction as the
//! phase's end.

mod bring;
mod clean;
mod dossier;
mod error;
mod on_purpose;
mod prove;

pub use dossier::Dossier;
pub use error::{PhaseError, Weight};
pub use on_purpose::accepted;
pub(crate) use on_purpose::as_difference;
pub use prove::{ReceiptVerifier, kept};

use jiff::Timestamp;
use provost_engine::registry::{Findings, Phase, Receipt, StoredReceipt, Unit};
use serde_json::{Value, json};

use crate::accepting::Accepting;
use crate::ends::{Assignment, EndError, Ends, UnitKey};
use crate::receipt::Key;

/// All that phases work with.
pub struct Phases {
    /// The platforms.
    pub ends: Ends,
    /// The fleet's key, by which receipts are signed.
    pub key: Key,
    /// The fleet's id, from which units have their names.
    pub fleet: String,
    /// The session's tag, likewise.
    pub session: String,
    /// What is accepted, and so stops nobody.
    pub accepted: Accepting,
    /// Days between hiding an original and deleting it.
    pub quarantine_days: u32,
}

/// A phase that ended well.
#[derive(Debug)]
pub struct Ended {
    /// What was seen of its effect.
    pub evidence: Value,
    /// What is kept with the unit.
    pub findings: Findings,
    /// The receipt; of `prove` alone, and always there.
    pub receipt: Option<Receipt>,
}

impl Ended {
    fn seen(evidence: Value) -> Self {
        Self { evidence, findings: Findings::default(), receipt: None }
    }

    fn knowing(evidence: Value, dossier: &Dossier) -> Result<Self, PhaseError> {
        let findings = Findings { facts: Some(dossier.to_facts()?), ..Findings::default() };
        Ok(Self { evidence, findings, receipt: None })
    }
}

/// A unit as a phase sees it.
pub(crate) struct Work<'a> {
    phases: &'a Phases,
    unit: &'a Unit,
    dossier: Dossier,
    assignment: Assignment,
    now: Timestamp,
}

impl Phases {
    /// The unit's name at both ends.
    ///
    /// # Errors
    /// When the fleet's id can be no part of a name.
    pub fn key_of(&self, unit: &Unit) -> Result<UnitKey, PhaseError> {
        let number = u64::try_from(unit.seq).unwrap_or_default();
        Ok(UnitKey::new(&self.fleet, &self.session, number)?)
    }

    /// Runs the phase that a unit is in. `stored` is its receipt, where it has one.
    ///
    /// # Errors
    /// What is in the way, and what that means for the unit.
    pub async fn run(
        &self,
        unit: &Unit,
        stored: Option<StoredReceipt>,
        now: Timestamp,
    ) -> Result<Ended, PhaseError> {
        let work = self.work(unit, now)?;
        match unit.place.phase {
            Phase::Prepare => work.prepare().await,
            Phase::Backup | Phase::Transport if self.ends.same_site => Ok(Ended::seen(json!("one site"))),
            Phase::Backup => work.back_up().await,
            Phase::Transport => work.carry().await,
            Phase::Restore => work.restore().await,
            Phase::PostProcess => work.post_process().await,
            Phase::Prove => work.prove().await,
            Phase::Hide => work.hide(stored).await,
            Phase::Delete => work.delete(stored).await,
        }
    }

    /// Brings both ends back to what they were before the unit was begun.
    ///
    /// # Errors
    /// What is in the way.
    pub async fn undo(&self, unit: &Unit, now: Timestamp) -> Result<Value, PhaseError> {
        let work = self.work(unit, now)?;
        if self.ends.same_site {
            let kept = self.ends.target.put_back(&work.assignment).await?;
            return Ok(match kept.as_slice() {
                [] => json!("the course is where and what it was"),
                kept => json!(format!("the course was put back, but for {}", kept.join("; "))),
            });
        }
        // Whoever deleted the original by hand, or had it deleted, has nothing left but the copy.
        let original = self.ends.source.look(&work.assignment).await?;
        if original.is_none() && self.ends.target.find(&work.assignment).await?.is_some_and(|copy| copy.whole)
        {
            let what =
                "the original is gone from the source: the copy is all that is left of the course, and stays";
            return Err(EndError::course(what).into());
        }
        self.ends.target.discard(&work.assignment).await?;
        self.ends.source.discard(&work.assignment).await?;
        if unit.place.phase >= Phase::Hide && original.is_some() {
            self.ends.source.show(&work.assignment).await?;
        }
        match self.ends.target.find(&work.assignment).await? {
            None => Ok(json!("nothing of it is left at the target")),
            Some(left) => Err(PhaseError::still_there(left.course)),
        }
    }

    fn work<'a>(&'a self, unit: &'a Unit, now: Timestamp) -> Result<Work<'a>, PhaseError> {
        let dossier = Dossier::from_facts(&unit.facts)?;
        let assignment = Assignment {
            key: self.key_of(unit)?,
            session: unit.session.0,
            number: u64::try_from(unit.seq).unwrap_or_default(),
            course: unit.source_id.ok_or(PhaseError::Incomplete("the course's id"))?,
            shortname: unit.label.clone(),
            backed_up_at: dossier.backup.as_ref().and_then(|backup| backup.made_at),
            names: dossier.names.clone(),
            place: dossier.place.clone(),
        };
        Ok(Work { phases: self, unit, dossier, assignment, now })
    }
}

impl Work<'_> {
    /// The course's id at the target, once it is restored.
    fn copy(&self) -> Result<i64, PhaseError> {
        self.unit.target_id.ok_or(PhaseError::Incomplete("the copy's id"))
    }
}

#[cfg(test)]
mod tests;
