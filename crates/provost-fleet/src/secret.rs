//! Secrets: references to them in the fleet file, and values that do not show themselves.

use std::fmt;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

/// Where a secret is to be had: `{ env = "…" }`, `{ file = "…" }` or `{ command = ["…"] }`. Never the value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretRef {
    /// An environment variable of the process that runs `provost`.
    Env(String),
    /// A file; relative to the fleet file. One trailing line end is not part of the secret.
    File(Utf8PathBuf),
    /// A program and its arguments; its standard output is the secret, less one trailing line end.
    Command(Vec<String>),
}

/// A secret's value. `Debug` shows `***`; there is no `Display` and no `Serialize`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// Returns the value, for the one place that must hand it on (standard input, a protected file, a login).
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
