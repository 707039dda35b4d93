//! `provost journal`: who did what, when, to which sites, with which result.

use provost_engine::store::{Entry, OperationId, OperationState, UnitEntry, UnitState};
use serde::Serialize;

use crate::session::{Access, Call, Session};
use crate::{OpsError, errands, fanout, scripts, sql};

/// Most units of one operation that are told: an archive session has tens of thousands, and `provost archive report` for them.
const MOST_UNITS: u32 = 5_000;

/// The state of what ended well.
pub const DONE: UnitState = UnitState::Done;

/// Operations, newest first.
#[derive(Debug, Serialize)]
pub struct Journal {
    /// Version of this form.
    pub schema: u32,
    /// The operations.
    pub operations: Vec<Line>,
}

/// One operation.
#[derive(Debug, Serialize)]
pub struct Line {
    /// What the registry has of it.
    #[serde(flatten)]
    pub entry: Entry,
    /// How it stands: `running`, `done`, `failed`, `interrupted`, or `cut-off` where its process is gone.
    pub stands: &'static str,
    /// What was asked for, in a line.
    pub what: String,
}

/// One operation, with its units.
#[derive(Debug, Serialize)]
pub struct Story {
    /// Version of this form.
    pub schema: u32,
    /// The operation.
    #[serde(flatten)]
    pub line: Line,
    /// Its units.
    pub targets: Vec<UnitEntry>,
    /// How many units are not told here.
    pub left_out: i64,
}

/// Which operation is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// This one.
    Number(i64),
    /// The newest.
    Last,
}

/// The newest operations.
///
/// # Errors
/// When the registry cannot be read.
pub fn list(call: &Call, most: u32) -> Result<Journal, OpsError> {
    let session = Session::open(call, Access::LookAtRest)?;
    let entries = session.cx.store.journal(most)?;
    let lines = entries.into_iter().map(|entry| line(&session, entry)).collect::<Result<_, _>>()?;
    Ok(Journal { schema: 1, operations: lines })
}

/// One operation with its units.
///
/// # Errors
/// When there is no such operation, or the registry cannot be read.
pub fn show(call: &Call, which: Which) -> Result<Story, OpsError> {
    let session = Session::open(call, Access::LookAtRest)?;
    let entry = find(&session, which)?;
    let targets = session.cx.store.journal_units(entry.operation.id, MOST_UNITS)?;
    let told = i64::try_from(targets.len()).unwrap_or(i64::MAX);
    let left_out = (entry.count() - told).max(0);
    Ok(Story { schema: 1, line: line(&session, entry)?, targets, left_out })
}

/// The operation that is meant.
pub(crate) fn find(session: &Session, which: Which) -> Result<Entry, OpsError> {
    let store = &session.cx.store;
    let (found, name) = match which {
        Which::Number(number) => (store.journal_entry(OperationId(number))?, number.to_string()),
        Which::Last => (store.journal(1)?.pop(), "LAST".to_owned()),
    };
    found.ok_or_else(|| OpsError::NoSuch {
        what: "operation",
        name,
        there: "`provost journal` shows those that there are".to_owned(),
    })
}

fn line(session: &Session, entry: Entry) -> Result<Line, OpsError> {
    let store = &session.cx.store;
    let holder = match entry.operation.machine.as_str() {
        // Sessions are worked on by whoever comes: `provost archive status` knows.
        "archive" => None,
        "apply" | "refill" => Some("fleet".to_owned()),
        _ => Some(fanout::lease_of(entry.operation.id)),
    };
    let gone = match holder {
        Some(subject) => store.lease_holder(&subject)?.is_none(),
        None => false,
    };
    let stands = match entry.operation.state {
        OperationState::Running if gone => "cut-off",
        OperationState::Running => "running",
        OperationState::Done => "done",
        OperationState::Failed => "failed",
        OperationState::Interrupted => "interrupted",
    };
    let what = what(&entry);
    Ok(Line { entry, stands, what })
}

fn what(entry: &Entry) -> String {
    let text = |name: &str| entry.declared.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    match entry.operation.machine.as_str() {
        sql::write::OPERATION if entry.declared["dry"] == true => format!("(only shown) {}", text("query")),
        sql::OPERATION | sql::write::OPERATION => {
            text("query").split_whitespace().collect::<Vec<_>>().join(" ")
        }
        "maintenance" => text("mode").to_owned(),
        "roles" if text("from").is_empty() => "compared".to_owned(),
        "roles" => format!("from {}", text("from")),
        "settings" => "read".to_owned(),
        scripts::OPERATION => scripts::in_words(&entry.declared),
        errands::OPERATION => errands::in_words(&entry.declared),
        _ => String::new(),
    }
}

/// Whether a unit of an operation is to be done again: everything but what is done.
pub(crate) fn is_left(unit: &UnitEntry) -> bool {
    unit.state != DONE.word()
}
