//! The signed proof that a course arrived, without which nothing is cleaned.
//!
//! ```text
//! Comparison ──settle──► Clean ──Key::sign──► Receipt ──verify──► Proof ──recheck(Clean)──► Fresh
//!                                             kept, exported       hide asks for it           delete asks for it
//! ```
//!
//! Each arrow is the only way to what it points at: none of these types can be written down, read from a file or made by hand, but a
//! [`Receipt`], which proves nothing until it is verified. A phase that hides takes a [`Proof`], one that deletes a [`Fresh`].

mod key;
mod statement;
#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use provost_fleet::digest::Digest;
use serde::{Deserialize, Serialize};

pub use key::{Key, KeyError, PublicKey};
pub use statement::{About, End, Statement};

use crate::census::Clean;

/// A statement, and the signature of a fleet's key under exactly its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The statement's JSON, as it was signed.
    statement: String,
    /// The key's public half, for people who hold several: verification uses the one it is given.
    key: PublicKey,
    /// Ed25519, in base64.
    signature: String,
}

/// Why a receipt proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// It is no receipt.
    #[error("this is no receipt")]
    Unreadable(#[source] serde_json::Error),
    /// Its signature is another key's, or its text was changed.
    #[error("the receipt was not signed with this key, or was changed since")]
    Signature,
    /// It was written by a version that this one does not know.
    #[error("the receipt has version {0}, and this program knows {known}", known = statement::SCHEMA)]
    Schema(u32),
    /// It is about another unit.
    #[error("the receipt is about {field} `{says}`, and `{asked}` is asked for")]
    AboutAnother {
        /// Which part differs.
        field: &'static str,
        /// What the receipt says.
        says: String,
        /// What was asked.
        asked: String,
    },
    /// A new comparison is not of the two courses that the receipt is about.
    #[error("what was compared again is not what the receipt is about")]
    OtherCourses,
}

/// A receipt whose signature was verified, and which is about the unit that was asked for. Only [`Receipt::verify`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    statement: Statement,
    receipt: Digest,
}

/// A proof whose two courses were compared again just now, with nothing left over. Only [`Proof::recheck`] makes one.
#[derive(Debug)]
pub struct Fresh<'a> {
    proof: &'a Proof,
}

impl Receipt {
    /// The receipt's own digest, under which the registry keeps it.
    pub fn digest(&self) -> Digest {
        Digest::of(format!("{}\n{}\n{}", self.key, self.signature, self.statement).as_bytes())
    }

    /// As text, to be kept and exported.
    pub fn to_text(&self) -> Result<String, ReceiptError> {
        serde_json::to_string_pretty(self).map_err(ReceiptError::Unreadable)
    }

    /// From the text of a file or of the registry.
    pub fn from_text(text: &str) -> Result<Self, ReceiptError> {
        serde_json::from_str(text).map_err(ReceiptError::Unreadable)
    }

    /// The key that it says it was signed with. Believe it only after verification.
    pub fn claimed_key(&self) -> &PublicKey {
        &self.key
    }

    /// The signature, in base64, as the registry keeps it.
    pub fn signature(&self) -> &str {
        &self.signature
    }

    /// Verifies the signature with a key that the caller trusts, and returns what was signed.
    pub fn read(&self, key: &PublicKey) -> Result<Statement, ReceiptError> {
        let signature = STANDARD.decode(&self.signature).map_err(|_| ReceiptError::Signature)?;
        if !key.verifies(self.statement.as_bytes(), &signature) {
            return Err(ReceiptError::Signature);
        }
        let statement: Statement = serde_json::from_str(&self.statement).map_err(ReceiptError::Unreadable)?;
        if statement.schema == statement::SCHEMA {
            Ok(statement)
        } else {
            Err(ReceiptError::Schema(statement.schema))
        }
    }

    /// Verifies the signature, and that this is the receipt of exactly this unit.
    pub fn verify(&self, key: &PublicKey, about: &About) -> Result<Proof, ReceiptError> {
        let statement = self.read(key)?;
        statement.about.is(about)?;
        Ok(Proof { statement, receipt: self.digest() })
    }
}

impl Proof {
    /// What was signed.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// The digest of the receipt.
    pub fn receipt(&self) -> &Digest {
        &self.receipt
    }

    /// Takes a comparison that was made just now. It must be of the same two courses.
    pub fn recheck(&self, again: &Clean) -> Result<Fresh<'_>, ReceiptError> {
        let comparison = again.comparison();
        let about = &self.statement.about;
        if comparison.source.course == about.source.course && comparison.target.course == about.target.course
        {
            Ok(Fresh { proof: self })
        } else {
            Err(ReceiptError::OtherCourses)
        }
    }
}

impl Fresh<'_> {
    /// The proof.
    pub fn proof(&self) -> &Proof {
        self.proof
    }
}
