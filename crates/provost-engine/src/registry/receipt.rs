//! Receipts: the proof that a unit arrived.

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::unit::Seq;

/// Checks signatures. Whoever has the public half of the key can.
pub trait Verifier: Send + Sync {
    /// How the key is known: told again in the receipt.
    fn key_id(&self) -> String;

    /// Whether the signature is that key's, of exactly these bytes.
    fn verifies(&self, body: &[u8], signature: &[u8]) -> bool;
}

/// A receipt whose signature was verified in this process. There is no other way to have one, and no way past `prove` without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    body: String,
    digest: String,
    signature: Vec<u8>,
    key_id: String,
}

impl Receipt {
    /// Verifies a receipt.
    ///
    /// # Errors
    /// When the signature is not the key's, of this body.
    pub fn verified(body: String, signature: Vec<u8>, verifier: &dyn Verifier) -> Result<Self, ReceiptError> {
        let key_id = verifier.key_id();
        if !verifier.verifies(body.as_bytes(), &signature) {
            return Err(ReceiptError { key_id });
        }
        Ok(Self { digest: digest(&body), body, signature, key_id })
    }

    /// What was signed.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// SHA-256 of the body, in hexadecimal digits.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The signature.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// How the key is known.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }
}

/// A receipt whose signature is not the key's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the receipt was not signed by the key {key_id}, or was changed since")]
pub struct ReceiptError {
    /// How the key is known.
    pub key_id: String,
}

/// A receipt as a registry keeps it: whoever can write there may have changed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoredReceipt {
    /// Which unit.
    pub unit: Seq,
    /// What was signed.
    pub body: String,
    /// SHA-256 of the body, in hexadecimal digits.
    pub digest: String,
    /// The signature.
    pub signature: Vec<u8>,
    /// How the key is known.
    pub key_id: String,
    /// When it was kept.
    pub at: Timestamp,
}

impl StoredReceipt {
    /// Verifies it.
    ///
    /// # Errors
    /// When the signature is not the key's, of this body.
    pub fn verify(self, verifier: &dyn Verifier) -> Result<Receipt, ReceiptError> {
        Receipt::verified(self.body, self.signature, verifier)
    }
}

fn digest(body: &str) -> String {
    Sha256::digest(body.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
