//! The proof that a copy is the course, and its receipt.

use provost_engine::registry::{Receipt as Kept, StoredReceipt, Verifier};
use serde_json::json;

use super::{Ended, PhaseError, Work};
use crate::receipt::{Proof, PublicKey, Receipt};

impl Work<'_> {
    /// Compares, signs, and lets go of what was only there for the way.
    pub(super) async fn prove(self) -> Result<Ended, PhaseError> {
        let (phases, unit) = (self.phases, &self.assignment);
        let copy = self.copy()?;
        let clean = phases.ends.witness.compare(unit, copy).await?.settle(&phases.accepted.differences())?;
        let about = phases.ends.witness.about(unit, copy).await?;
        let receipt = phases.key.sign(&clean, about, self.now)?;
        let kept = kept(&receipt, &phases.key.public())?;
        phases.ends.target.open(unit, copy).await?;
        // Before the end of the phase is recorded: whoever is killed in between compares again, which needs neither.
        phases.ends.source.discard(unit).await?;
        phases.ends.target.tidy(unit).await?;
        let accepted: Vec<_> = clean.settled().iter().map(|settled| &settled.name).collect();
        let evidence = json!({ "receipt": kept.digest(), "accepted": accepted });
        let mut ended = Ended::seen(evidence);
        ended.receipt = Some(kept);
        Ok(ended)
    }

    /// The proof that lets the course go: the stored receipt, verified with the fleet's own key, and about exactly this unit.
    pub(super) async fn proof(&self, stored: Option<StoredReceipt>) -> Result<Proof, PhaseError> {
        let stored = stored.ok_or(PhaseError::NoReceipt)?;
        let about = self.phases.ends.witness.about(&self.assignment, self.copy()?).await?;
        let receipt = Receipt::from_text(&stored.body)?;
        Ok(receipt.verify(&self.phases.key.public(), &about)?)
    }
}

/// A receipt in the form that a registry keeps: its whole text as the body, and the signature that stands in it.
///
/// # Errors
/// When the signature is not this key's.
pub fn kept(receipt: &Receipt, key: &PublicKey) -> Result<Kept, PhaseError> {
    let body = receipt.to_text()?;
    let signature = receipt.signature().as_bytes().to_vec();
    Ok(Kept::verified(body, signature, &ReceiptVerifier(key.clone()))?)
}

/// Verifies what a registry keeps: the text of a receipt, and the signature that stands in it.
pub struct ReceiptVerifier(pub PublicKey);

impl Verifier for ReceiptVerifier {
    fn key_id(&self) -> String {
        self.0.to_string()
    }

    fn verifies(&self, body: &[u8], signature: &[u8]) -> bool {
        let receipt = std::str::from_utf8(body).ok().and_then(|text| Receipt::from_text(text).ok());
        receipt.is_some_and(|receipt| {
            receipt.signature().as_bytes() == signature && receipt.read(&self.0).is_ok()
        })
    }
}
