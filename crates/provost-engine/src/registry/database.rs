//! The small door through which the rules reach either database.
//!
//! An [`Act`] is what happens in one transaction, written once, over [`Db`]; a [`Backend`] performs it. Statements are written with
//! `$1`, `$2`, … and in the part of SQL that both databases read alike.

pub(super) mod postgresql;
pub(super) mod postgresql_schema;
pub(super) mod sqlite;

use std::future::Future;

use jiff::Timestamp;

use super::error::RegistryError;
use super::phase::Phase;
use super::state::State;

/// What is bound to a statement or found in a column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// A whole number, or null.
    Int(Option<i64>),
    /// A number, or null.
    Real(Option<f64>),
    /// A text, or null.
    Text(Option<String>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Int(Some(value.into()))
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(Some(value.into()))
    }
}

impl From<Option<i64>> for Value {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Real(Some(value))
    }
}

impl From<Option<f64>> for Value {
    fn from(value: Option<f64>) -> Self {
        Self::Real(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(Some(value))
    }
}

impl From<Option<String>> for Value {
    fn from(value: Option<String>) -> Self {
        Self::Text(value)
    }
}

/// Milliseconds since 1970: what both databases compare alike.
impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Int(Some(value.as_millisecond()))
    }
}

impl From<Option<Timestamp>> for Value {
    fn from(value: Option<Timestamp>) -> Self {
        Self::Int(value.map(Timestamp::as_millisecond))
    }
}

/// The values of a statement, in order.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::registry::database::Value::from($value)),*] };
}
pub(super) use values;

/// A row that was found. Columns are read in their order.
pub(crate) struct Row(std::vec::IntoIter<Value>);

impl Row {
    pub(super) fn new(values: Vec<Value>) -> Self {
        Self(values.into_iter())
    }

    pub(super) fn maybe_int(&mut self) -> Result<Option<i64>, RegistryError> {
        match self.0.next() {
            Some(Value::Int(value)) => Ok(value),
            // SQLite tells the type of a value, and a null has none.
            Some(Value::Text(None) | Value::Real(None)) => Ok(None),
            other => Err(foreign("whole number", other.as_ref())),
        }
    }

    pub(super) fn int(&mut self) -> Result<i64, RegistryError> {
        self.maybe_int()?.ok_or_else(|| foreign("whole number", None))
    }

    pub(super) fn small(&mut self) -> Result<i32, RegistryError> {
        let value = self.int()?;
        i32::try_from(value).map_err(|_| foreign("small number", Some(&Value::from(value))))
    }

    pub(super) fn maybe_real(&mut self) -> Result<Option<f64>, RegistryError> {
        match self.0.next() {
            Some(Value::Real(value)) => Ok(value),
            Some(Value::Int(None) | Value::Text(None)) => Ok(None),
            other => Err(foreign("number", other.as_ref())),
        }
    }

    pub(super) fn real(&mut self) -> Result<f64, RegistryError> {
        self.maybe_real()?.ok_or_else(|| foreign("number", None))
    }

    pub(super) fn maybe_text(&mut self) -> Result<Option<String>, RegistryError> {
        match self.0.next() {
            Some(Value::Text(value)) => Ok(value),
            Some(Value::Int(None) | Value::Real(None)) => Ok(None),
            other => Err(foreign("text", other.as_ref())),
        }
    }

    pub(super) fn text(&mut self) -> Result<String, RegistryError> {
        self.maybe_text()?.ok_or_else(|| foreign("text", None))
    }

    pub(super) fn maybe_time(&mut self) -> Result<Option<Timestamp>, RegistryError> {
        let read = |ms| Timestamp::from_millisecond(ms).map_err(|_| foreign("time", Some(&Value::from(ms))));
        self.maybe_int()?.map(read).transpose()
    }

    /// A time that is written for people.
    pub(super) fn written_time(&mut self) -> Result<Timestamp, RegistryError> {
        let text = self.text()?;
        text.parse().map_err(|_| RegistryError::Foreign { what: "time", value: text })
    }

    pub(super) fn json(&mut self) -> Result<serde_json::Value, RegistryError> {
        let text = self.text()?;
        serde_json::from_str(&text).map_err(|_| RegistryError::Foreign { what: "JSON", value: text })
    }

    pub(super) fn phase(&mut self) -> Result<Phase, RegistryError> {
        let text = self.text()?;
        Phase::parse(&text).ok_or(RegistryError::Foreign { what: "phase", value: text })
    }

    pub(super) fn state(&mut self) -> Result<State, RegistryError> {
        let text = self.text()?;
        State::parse(&text).ok_or(RegistryError::Foreign { what: "state", value: text })
    }
}

fn foreign(what: &'static str, value: Option<&Value>) -> RegistryError {
    RegistryError::Foreign { what, value: format!("{value:?}") }
}

/// An open transaction.
pub(crate) trait Db: Send {
    /// At the end of a query for rows that are to be changed.
    const LOCK: &'static str;
    /// The same, but leaves out what somebody else is changing.
    const LOCK_FREE: &'static str;
    /// A query for the time of the database's machine, in milliseconds since 1970.
    const CLOCK: &'static str;
    /// A statement to be run when many units were added, if the database wants one.
    const ADDED: &'static str;
    /// Among how many rows each total is spread, so that workers do not wait for each other's commits.
    const SHARDS: u64;

    /// Rows of a query.
    fn rows(
        &mut self,
        sql: &str,
        values: &[Value],
    ) -> impl Future<Output = Result<Vec<Row>, RegistryError>> + Send;

    /// Runs a statement and says how many rows it changed.
    fn run(&mut self, sql: &str, values: &[Value])
    -> impl Future<Output = Result<u64, RegistryError>> + Send;
}

/// The first row of a query.
pub(super) async fn first<D: Db>(
    db: &mut D,
    sql: &str,
    values: &[Value],
) -> Result<Option<Row>, RegistryError> {
    Ok(db.rows(sql, values).await?.into_iter().next())
}

/// `($1, $2), ($3, $4)`: places for rows of values.
pub(super) fn places(rows: usize, width: usize) -> String {
    let row = |row: usize| {
        let places: Vec<String> = (1..=width).map(|place| format!("${}", row * width + place)).collect();
        format!("({})", places.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// `'waiting', 'failed'`: words of ours, for a list.
pub(super) fn words(states: &[State]) -> String {
    states.iter().map(|state| format!("'{}'", state.word())).collect::<Vec<_>>().join(", ")
}

/// What happens in one transaction.
pub(crate) trait Act: Send + Sync + 'static {
    /// What it gives back.
    type Out: Send + 'static;
    /// Whether it changes anything.
    const WRITES: bool = true;

    /// Does it. It is rolled back where this fails, and may be done again where the database asked for it.
    fn act<D: Db>(&self, db: &mut D) -> impl Future<Output = Result<Self::Out, RegistryError>> + Send;
}

/// A database that performs acts.
pub(crate) trait Backend: Send + Sync {
    /// What it is, for people.
    const NAME: &'static str;

    /// Performs an act in a transaction.
    fn perform<A: Act>(&self, act: A) -> impl Future<Output = Result<A::Out, RegistryError>> + Send;
}
