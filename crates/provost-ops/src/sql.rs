//! `provost sql`: one reading statement, asked of the databases of many sites at once.

mod saved;
pub mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use provost_engine::store::OperationId;
use provost_fleet::model::{Engine, Fleet};
use provost_fleet::name::Name;
use provost_moodle::sql::{Given, Value};
pub use provost_sites::sql::Rows;
use provost_sites::sql::edit::EditError;
use provost_sites::sql::{Question, QuestionError};
use serde::{Deserialize, Serialize};

use crate::error::Exit;
use crate::fanout::{self, Cause, Deed, Target, Touch};
use crate::retry::written_otherwise;
use crate::session::{Access, Call, Session};
use crate::site::Targets;
use crate::site::chosen::to_ask;
use crate::{OpsError, hints};

pub use saved::{SavedQueries, SavedQuery, list};

/// Name of the operation in the journal.
pub(crate) const OPERATION: &str = "sql";

/// What is asked, and of whom.
#[derive(Debug, Clone)]
pub struct SqlOptions {
    /// The statement.
    pub source: Source,
    /// Values of its parameters.
    pub values: Vec<Given>,
    /// The sites; all where nothing is said.
    pub targets: Targets,
    /// Most rows that are taken of a site.
    pub most_rows: usize,
    /// How long a site may take.
    pub patience: Duration,
}

/// Where the statement comes from.
#[derive(Debug, Clone)]
pub enum Source {
    /// Itself.
    Text(String),
    /// A saved query of the fleet, by its name.
    Saved(String),
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Asked {
    /// Version of this form.
    pub schema: u32,
    /// The number in the journal.
    pub operation: i64,
    /// The statement.
    pub query: String,
    /// Each site.
    pub sites: Vec<Target<Rows>>,
    /// Failures by their reason.
    pub causes: Vec<Cause>,
    /// What it means for the exit code.
    #[serde(skip)]
    pub exit: Exit,
}

/// Why nobody was asked.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// It cannot be asked on an engine of the fleet.
    #[error("this cannot be asked{}", .engine.map_or_else(String::new, |engine| format!(" on {}", engine.title())))]
    Question {
        /// On which, where only some have it.
        engine: Option<Engine>,
        /// Why not.
        #[source]
        source: QuestionError,
    },
    /// It cannot be run on an engine of the fleet, so that what it changes could be kept.
    #[error("this cannot be run{}", .engine.map_or_else(String::new, |engine| format!(" on {}", engine.title())))]
    Edit {
        /// On which, where only some have it.
        engine: Option<Engine>,
        /// Why not.
        #[source]
        source: EditError,
    },
    /// A parameter has two values.
    #[error("`{0}` is given twice")]
    Twice(String),
    /// A saved query cannot be used.
    #[error(transparent)]
    Saved(#[from] saved::SavedError),
}

impl SqlError {
    /// What it means for the exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Saved(error) if !error.is_usage() => Exit::Failed,
            _ => Exit::Usage,
        }
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Question { source, .. } => hints::of(source),
            Self::Edit { source, .. } => hints::of(source),
            Self::Twice(_) => None,
            Self::Saved(error) => error.hint(),
        }
    }
}

/// What the journal keeps of a question: enough to ask it again.
#[derive(Debug, Serialize, Deserialize)]
struct Declared {
    query: String,
    #[serde(default)]
    texts: BTreeMap<String, String>,
    #[serde(default)]
    numbers: BTreeMap<String, i64>,
    most_rows: usize,
    timeout_s: u64,
    /// The operation that this one goes over again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    again: Option<i64>,
}

/// Asks.
///
/// # Errors
/// When it is no reading statement on an engine of the chosen sites, or no sites are meant. What goes wrong at a site is told with it.
pub async fn ask(call: &Call, options: &SqlOptions) -> Result<Asked, OpsError> {
    let text = saved::text_of(call, &options.source)?;
    let values = values_of(&options.values)?;
    let question = Question { text, values, most_rows: options.most_rows, patience: options.patience };
    let names = to_ask(call, &options.targets).await?;
    ask_sites(call, &question, &names, None).await
}

/// Values by their names.
fn values_of(given: &[Given]) -> Result<BTreeMap<String, Value>, SqlError> {
    let mut values = BTreeMap::new();
    for Given { name, value } in given {
        if values.insert(name.clone(), value.clone()).is_some() {
            return Err(SqlError::Twice(name.clone()));
        }
    }
    Ok(values)
}

/// Asks again what an operation asked, of sites.
pub(crate) async fn again(
    call: &Call,
    operation: OperationId,
    declared: &serde_json::Value,
    names: &[Name],
) -> Result<Asked, OpsError> {
    let question = question_of(operation, declared)?;
    ask_sites(call, &question, names, Some(operation.0)).await
}

/// What the journal has of a question.
fn question_of(operation: OperationId, declared: &serde_json::Value) -> Result<Question, OpsError> {
    let declared: Declared =
        serde_json::from_value(declared.clone()).map_err(|_| written_otherwise(operation.0))?;
    let texts = declared.texts.into_iter().map(|(name, text)| (name, Value::Text(text)));
    let numbers = declared.numbers.into_iter().map(|(name, number)| (name, Value::Number(number)));
    Ok(Question {
        text: declared.query,
        values: texts.chain(numbers).collect(),
        most_rows: declared.most_rows,
        patience: Duration::from_secs(declared.timeout_s),
    })
}

async fn ask_sites(
    call: &Call,
    question: &Question,
    names: &[Name],
    again: Option<i64>,
) -> Result<Asked, OpsError> {
    let session = Session::open(call, Access::Look)?;
    let fleet = &session.loaded.fleet;
    check(fleet, question, names)?;
    let deed = Deed { operation: OPERATION, declared: declared(question, again), touch: Touch::Ask };
    let work = async |name: &Name| {
        let site = fleet.sites.get(name).ok_or(QuestionError::NotMade)?;
        fanout::streamed(&session.cx, name, question.ask(&session.cx, &session.servers, name, site).await)
    };
    let evidence = |rows: &Rows| format!("{} row(s)", rows.rows.len());
    let done = fanout::each(&session, &deed, names, work, evidence).await;
    session.close().await;
    let done = done?;
    let exit = fanout::exit(call.cancel.is_cancelled(), &done.targets);
    let causes = fanout::causes(fleet, &done.targets);
    let operation = done.operation.0;
    Ok(Asked { schema: 1, operation, query: question.text.clone(), sites: done.targets, causes, exit })
}

/// That it could be asked on every engine that is meant, before anybody is.
fn check(fleet: &Fleet, question: &Question, names: &[Name]) -> Result<(), SqlError> {
    let engines = engines(fleet, names);
    let mut faults = engines.iter().filter_map(|engine| Some((*engine, question.check(*engine).err()?)));
    if let Some((engine, source)) = faults.next() {
        // What is wrong everywhere is not the engine's.
        let everywhere = faults.count() + 1 == engines.len();
        return Err(SqlError::Question { engine: (!everywhere).then_some(engine), source });
    }
    Ok(())
}

/// The engines of sites.
fn engines(fleet: &Fleet, names: &[Name]) -> Vec<Engine> {
    let of = |name| fleet.sites.get(name).and_then(|site| fleet.databases.get(&site.database));
    let engines: BTreeSet<&str> = names.iter().filter_map(of).map(|server| server.engine.key()).collect();
    Engine::ALL.into_iter().filter(|engine| engines.contains(engine.key())).collect()
}

fn declared(question: &Question, again: Option<i64>) -> serde_json::Value {
    declared_of(&question.text, &question.values, question.most_rows, question.patience, again)
}

fn declared_of(
    text: &str,
    values: &BTreeMap<String, Value>,
    most_rows: usize,
    patience: Duration,
    again: Option<i64>,
) -> serde_json::Value {
    let (mut texts, mut numbers) = (BTreeMap::new(), BTreeMap::new());
    for (name, value) in values {
        match value {
            Value::Text(text) => drop(texts.insert(name.clone(), text.clone())),
            Value::Number(number) => drop(numbers.insert(name.clone(), *number)),
        }
    }
    let declared =
        Declared { query: text.to_owned(), texts, numbers, most_rows, timeout_s: patience.as_secs(), again };
    serde_json::to_value(declared).unwrap_or_default()
}
