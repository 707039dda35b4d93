//! Errands: one thing that an operation of the agent does inside a site, for as many sites as are meant.
//!
//! Each answers with rows of a table. One that changes something can be asked what it would do (`dry`), and answers in the same form.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

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
    const fn new(operation: &'static str, effect: Effect, minutes: u64) -> Self {
        Self { operation, effect, allowed: Duration::from_mins(minutes) }
    }

    /// An errand of this kind.
    pub fn with(&'static self, params: Value) -> Errand {
        Errand { kind: self, params, secret: false, file: None }
    }

    /// An errand of this kind, with a secret among what it is told.
    pub fn with_secret(&'static self, params: Value) -> Errand {
        Errand { kind: self, params, secret: true, file: None }
    }
}

/// Empties all caches.
pub static CACHES_PURGE: Kind = Kind::new("caches.purge", Effect::Changes, 5);
/// Makes a category.
pub static CATEGORIES_CREATE: Kind = Kind::new("categories.create", Effect::Changes, 5);
/// Deletes a category.
pub static CATEGORIES_DELETE: Kind = Kind::new("categories.delete", Effect::Destroys, 240);
/// Categories of courses.
pub static CATEGORIES_LIST: Kind = Kind::new("categories.list", Effect::Looks, 5);
/// Shows, hides, moves or renames a category.
pub static CATEGORIES_SET: Kind = Kind::new("categories.set", Effect::Changes, 30);
/// Deletes courses.
pub static COURSES_DELETE: Kind = Kind::new("courses.delete", Effect::Destroys, 600);
/// Courses that fit a rule.
pub static COURSES_LIST: Kind = Kind::new("courses.list", Effect::Looks, 10);
/// Restores a backup of a course.
pub static COURSES_RESTORE: Kind = Kind::new("courses.restore", Effect::Changes, 240);
/// Shows, hides or moves courses.
pub static COURSES_SET: Kind = Kind::new("courses.set", Effect::Changes, 30);
/// The checks of the site's administration.
pub static CHECKS_RUN: Kind = Kind::new("checks.run", Effect::Looks, 10);
/// Filters and their states.
pub static FILTERS_LIST: Kind = Kind::new("filters.list", Effect::Looks, 5);
/// Sets a filter's state.
pub static FILTERS_SET: Kind = Kind::new("filters.set", Effect::Changes, 5);
/// Stops mail, or says how it is.
pub static MAIL_SET: Kind = Kind::new("mail.set", Effect::Changes, 5);
/// Says whether mail is stopped.
pub static MAIL_STATUS: Kind = Kind::new("mail.set", Effect::Looks, 5);
/// Plugins, their versions and states.
pub static PLUGINS_LIST: Kind = Kind::new("plugins.list", Effect::Looks, 5);
/// Enables or disables plugins.
pub static PLUGINS_STATE: Kind = Kind::new("plugins.state", Effect::Changes, 10);
/// Brings the list of capabilities to what the code says.
pub static ROLES_CAPABILITIES: Kind = Kind::new("roles.capabilities", Effect::Changes, 10);
/// Writes settings.
pub static SETTINGS_SET: Kind = Kind::new("settings.set", Effect::Changes, 10);
/// Scheduled tasks.
pub static TASKS_LIST: Kind = Kind::new("tasks.list", Effect::Looks, 5);
/// Runs a scheduled task.
pub static TASKS_RUN: Kind = Kind::new("tasks.run", Effect::Changes, 240);
/// Says when a scheduled task runs, and whether.
pub static TASKS_SET: Kind = Kind::new("tasks.set", Effect::Changes, 5);
/// Replaces a text in what people wrote.
pub static TEXT_REPLACE: Kind = Kind::new("text.replace", Effect::Destroys, 240);
/// Makes style sheets.
pub static THEME_BUILD: Kind = Kind::new("theme.build", Effect::Changes, 30);
/// Makes an account.
pub static USERS_CREATE: Kind = Kind::new("users.create", Effect::Changes, 5);
/// Ends sessions.
pub static USERS_LOGOUT: Kind = Kind::new("users.logout", Effect::Changes, 10);
/// Gives an account another password.
pub static USERS_PASSWORD: Kind = Kind::new("users.password", Effect::Changes, 5);
/// Suspends an account.
pub static USERS_SUSPEND: Kind = Kind::new("users.suspend", Effect::Changes, 5);

/// Every kind, for who reads one out of the journal.
static KINDS: &[&Kind] = &[
    &CACHES_PURGE,
    &CATEGORIES_CREATE,
    &CATEGORIES_DELETE,
    &CATEGORIES_LIST,
    &CATEGORIES_SET,
    &COURSES_DELETE,
    &COURSES_LIST,
    &COURSES_RESTORE,
    &COURSES_SET,
    &CHECKS_RUN,
    &FILTERS_LIST,
    &FILTERS_SET,
    &MAIL_SET,
    &MAIL_STATUS,
    &PLUGINS_LIST,
    &PLUGINS_STATE,
    &ROLES_CAPABILITIES,
    &SETTINGS_SET,
    &TASKS_LIST,
    &TASKS_RUN,
    &TASKS_SET,
    &TEXT_REPLACE,
    &THEME_BUILD,
    &USERS_CREATE,
    &USERS_LOGOUT,
    &USERS_PASSWORD,
    &USERS_SUSPEND,
];

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
