//! The fleet's key.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use provost_engine::files;
use provost_engine::paths::Paths;
use provost_engine::process::Account;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use super::{About, Receipt, ReceiptError, Statement};
use crate::census::Clean;

/// Bytes of a key, secret or public.
const BYTES: usize = 32;

/// What a public key's text begins with.
const PREFIX: &str = "ed25519:";

/// The file of the secret half, among the fleet's secrets.
const FILE: &str = "archive-receipts";

/// The secret half. It is shown nowhere.
pub struct Key(Ed25519KeyPair);

/// The public half; as text `ed25519:` and base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey([u8; BYTES]);

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Its file cannot be read or written.
    #[error("cannot use the key of receipts, `{path}`")]
    Io {
        /// Its path.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file holds no key.
    #[error("`{0}` holds no key of receipts")]
    Unreadable(Utf8PathBuf),
    /// The text is no public key.
    #[error("a public key is `ed25519:` and 44 characters of base64")]
    NotPublic,
    /// The machine gives no random numbers.
    #[error("the machine gives no random numbers")]
    NoRandom,
}

impl Key {
    /// Reads the fleet's key, or makes it. Of two who make it at once, both end with the same one.
    pub fn read_or_make(paths: &Paths) -> Result<Self, KeyError> {
        let path = paths.secrets().join(FILE);
        if let Some(key) = Self::read(&path)? {
            return Ok(key);
        }
        Self::make(paths, &path)?;
        Self::read(&path)?.ok_or(KeyError::Unreadable(path))
    }

    /// The public half, for export.
    pub fn public(&self) -> PublicKey {
        let mut bytes = [0; BYTES];
        bytes.copy_from_slice(self.0.public_key().as_ref());
        PublicKey(bytes)
    }

    /// Signs what a comparison showed.
    pub fn sign(&self, clean: &Clean, about: About, proven_at: Timestamp) -> Result<Receipt, ReceiptError> {
        let statement = serde_json::to_string(&Statement::of(clean, about, proven_at))
            .map_err(ReceiptError::Unreadable)?;
        let signature = STANDARD.encode(self.0.sign(statement.as_bytes()).as_ref());
        Ok(Receipt { statement, key: self.public(), signature })
    }

    fn read(path: &Utf8Path) -> Result<Option<Self>, KeyError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(KeyError::Io { path: path.to_owned(), source }),
        };
        let unreadable = || KeyError::Unreadable(path.to_owned());
        let seed = STANDARD.decode(text.trim_end()).map_err(|_| unreadable())?;
        Ed25519KeyPair::from_seed_unchecked(&seed).map(|pair| Some(Self(pair))).map_err(|_| unreadable())
    }

    /// Writes a new key aside and links it into place, which fails where another was faster.
    fn make(paths: &Paths, path: &Utf8Path) -> Result<(), KeyError> {
        let io = |source| KeyError::Io { path: path.to_owned(), source };
        let mut seed = [0; BYTES];
        SystemRandom::new().fill(&mut seed).map_err(|_| KeyError::NoRandom)?;
        files::directory(&paths.keep(), 0o700, &Account::Own).map_err(io)?;
        files::directory(&paths.secrets(), 0o700, &Account::Own).map_err(io)?;
        let aside = paths.secrets().join(format!(".{FILE}.{}", uuid::Uuid::new_v4().simple()));
        files::write_whole(&aside, STANDARD.encode(seed).as_bytes(), 0o400, &Account::Own).map_err(io)?;
        let linked = match std::fs::hard_link(&aside, path) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(io(error)),
            _ => Ok(()),
        };
        std::fs::remove_file(&aside).map_err(io)?;
        linked
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl PublicKey {
    /// Whether a signature is this key's, under exactly these bytes.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(message, signature).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", STANDARD.encode(self.0))
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let coded = text.trim().strip_prefix(PREFIX).ok_or(KeyError::NotPublic)?;
        let bytes = STANDARD.decode(coded).map_err(|_| KeyError::NotPublic)?;
        <[u8; BYTES]>::try_from(bytes).map(Self).map_err(|_| KeyError::NotPublic)
    }
}

impl TryFrom<String> for PublicKey {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, KeyError> {
        text.parse()
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_string()
    }
}
