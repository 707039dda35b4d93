//! Errands: one thing that an operation of the agent does inside a site, for as many sites as are meant.
//!
//! Each answers with rows of a table. One that changes something can be asked what it would do (`dry`), and answers in the same form.

mod kinds;

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use kinds::KINDS;
pub use kinds::*;

/// What an errand is to a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// It only looks.
    Looks,
    /// It changes something that can be changed back.
    Changes,
    /// What it takes away is gone: shown first, and asked about.
    Destroys,
}

/// One kind of errand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The agent's operation.
    pub operation: &'static str,
    /// What it is to a site.
    pub effect: Effect,
    /// How long a site may take unless something else is said; far more than an honest one needs.
    pub allowed: Duration,
}

impl Kind {
    /// An errand of this kind.
    pub fn with(&'static self, params: Value) -> Errand {
        Errand { kind: self, params, secret: false, file: None }
    }

    /// An errand of this kind, with a secret among what it is told.
    pub fn with_secret(&'static self, params: Value) -> Errand {
        Errand { kind: self, params, secret: true, file: None }
    }
}

/// What is to be done, wherever it is done.
#[derive(Clone, PartialEq)]
pub struct Errand {
    /// Its kind.
    pub kind: &'static Kind,
    /// What the operation is told.
    pub params: Value,
    /// Whether a secret is among that: then nothing of it is written down, and it cannot be done again out of the journal.
    pub secret: bool,
    /// A file that the sites read; they find its place in `file`.
    pub file: Option<Utf8PathBuf>,
}

impl std::fmt::Debug for Errand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let params = if self.secret { &Value::Null } else { &self.params };
        f.debug_struct("Errand")
            .field("operation", &self.kind.operation)
            .field("params", params)
            .finish_non_exhaustive()
    }
}

/// Why an errand of the journal cannot be done again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unrepeatable {
    /// It had a secret.
    #[error("it was told a secret, which is not kept")]
    Secret,
    /// It was only asked what it would do.
    #[error("it was only asked what it would do")]
    Dry,
    /// This program does not know it.
    #[error("another version of Provost wrote it")]
    Unknown,
}

/// An errand as the journal has it.
#[derive(Serialize, Deserialize)]
struct Declared {
    errand: String,
    effect: String,
    #[serde(default)]
    params: Option<Value>,
    #[serde(default)]
    dry: bool,
    #[serde(default)]
    timeout_s: Option<u64>,
    #[serde(default)]
    file: Option<Utf8PathBuf>,
}

impl Errand {
    /// With a file that the sites read.
    pub fn file(self, file: Utf8PathBuf) -> Self {
        Self { file: Some(file), ..self }
    }

    /// What the agent is told, with the place where it finds the file.
    pub fn request(&self, dry: bool, file: Option<&Utf8Path>) -> Value {
        let mut params = self.params.clone();
        if let Value::Object(fields) = &mut params {
            fields.insert("dry".to_owned(), json!(dry));
            if let Some(file) = file {
                fields.insert("file".to_owned(), json!(file));
            }
        }
        params
    }

    /// What the journal keeps.
    pub fn declared(&self, dry: bool, timeout: Option<Duration>) -> Value {
        let declared = Declared {
            errand: self.kind.operation.to_owned(),
            effect: format!("{:?}", self.kind.effect),
            params: (!self.secret).then(|| self.params.clone()),
            dry,
            timeout_s: timeout.map(|timeout| timeout.as_secs()),
            file: self.file.clone(),
        };
        serde_json::to_value(declared).unwrap_or_default()
    }

    /// The errand that the journal has, and how long a site might take.
    ///
    /// # Errors
    /// When it cannot be done again.
    pub fn again(declared: &Value) -> Result<(Self, Option<Duration>), Unrepeatable> {
        let declared: Declared =
            serde_json::from_value(declared.clone()).map_err(|_| Unrepeatable::Unknown)?;
        let is_it = |kind: &&&'static Kind| {
            kind.operation == declared.errand && format!("{:?}", kind.effect) == declared.effect
        };
        let kind: &'static Kind = KINDS.iter().find(is_it).ok_or(Unrepeatable::Unknown)?;
        if declared.dry {
            return Err(Unrepeatable::Dry);
        }
        let params = declared.params.ok_or(Unrepeatable::Secret)?;
        let errand = Self { file: declared.file, ..kind.with(params) };
        Ok((errand, declared.timeout_s.map(Duration::from_secs)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_journal_keeps_can_be_done_again() {
        for kind in KINDS {
            let errand = kind.with(json!({ "a": 1 }));
            let (again, timeout) =
                Errand::again(&errand.declared(false, Some(Duration::from_secs(7)))).unwrap();
            assert_eq!((again, timeout), (errand, Some(Duration::from_secs(7))));
        }
        assert_eq!(Errand::again(&json!({ "x": 1 })), Err(Unrepeatable::Unknown));
        let gone = json!({ "errand": "gone", "effect": "Looks", "params": {} });
        assert_eq!(Errand::again(&gone), Err(Unrepeatable::Unknown));
    }

    #[test]
    fn a_secret_is_not_kept() {
        let errand = USERS_PASSWORD.with_secret(json!({ "user": "admin", "password": "s3cret" }));
        let declared = errand.declared(false, None);
        assert!(!declared.to_string().contains("s3cret"), "{declared}");
        assert_eq!(Errand::again(&declared), Err(Unrepeatable::Secret));
        assert_eq!(Errand::again(&errand.declared(true, None)), Err(Unrepeatable::Dry));
    }
}
