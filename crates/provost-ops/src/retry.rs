//! `provost retry`: what failed or was not reached in an operation, done again.

use provost_engine::store::Entry;
use provost_fleet::name::Name;

use crate::OpsError;
use crate::errands::{self, Report};
use crate::journal::{self, Which};
use crate::scripts::{self, ScriptReport};
use crate::session::{Access, Call, Session};
use crate::site::Targets;
use crate::site::maintenance::{self, Maintenance};
use crate::sql::write::{self, Written};
use crate::sql::{self, Asked};

/// Most sites of one operation: a fleet has some thousand.
const MOST: u32 = 100_000;

/// What came of it.
pub enum Retried {
    /// Nothing was left to do.
    Nothing {
        /// The operation.
        operation: i64,
    },
    /// A statement was asked again.
    Sql(Asked),
    /// An errand was done again.
    Errand(Report),
    /// Rows were changed.
    Rows(Written),
    /// A script was run.
    Script(ScriptReport),
    /// Maintenance was set.
    Maintenance(Maintenance),
}

/// What is asked about before it is done again.
pub enum Planned<'a> {
    /// An errand.
    Errand(&'a Report),
    /// Rows that are changed.
    Rows(&'a Written),
}

/// That an operation cannot be read.
pub(crate) fn written_otherwise(operation: i64) -> OpsError {
    OpsError::NoRetry {
        operation,
        hint: "another version of Provost wrote it: run the command again".to_owned(),
    }
}

/// Does again what is left of an operation.
///
/// # Errors
/// When there is no such operation, it still runs, or it is not one that is gone over again in this way.
pub async fn retry(
    call: &Call,
    which: Which,
    ask: impl AsyncFnOnce(Planned<'_>) -> bool,
) -> Result<Retried, OpsError> {
    let (entry, names) = {
        let session = Session::open(call, Access::LookAtRest)?;
        let entry = meant(&session, which)?;
        refuse(&session, &entry)?;
        let units = session.cx.store.journal_units(entry.operation.id, MOST)?;
        let left = units.iter().filter(|unit| journal::is_left(unit));
        let names = left.filter_map(|unit| unit.subject.strip_prefix("site/")?.parse::<Name>().ok());
        // A site that left the fleet meanwhile has nothing to be done again.
        let fleet = &session.loaded.fleet;
        let names: Vec<Name> = names.filter(|name| fleet.sites.contains_key(name)).collect();
        (entry, names)
    };
    let operation = entry.operation.id;
    if names.is_empty() {
        return Ok(Retried::Nothing { operation: operation.0 });
    }
    let targets = Targets { names: names.iter().map(ToString::to_string).collect(), selection: None };
    match entry.operation.machine.as_str() {
        errands::OPERATION => {
            let ask = async |report: &Report| ask(Planned::Errand(report)).await;
            errands::again(call, operation, &entry.declared, &names, ask).await.map(Retried::Errand)
        }
        write::OPERATION => {
            let ask = async |written: &Written| ask(Planned::Rows(written)).await;
            write::again(call, operation, &entry.declared, targets, ask).await.map(Retried::Rows)
        }
        scripts::OPERATION => {
            scripts::again(call, operation, &entry.declared, &names).await.map(Retried::Script)
        }
        maintenance::OPERATION => {
            let wish = maintenance::wish_of(&entry.declared).ok_or_else(|| written_otherwise(operation.0))?;
            maintenance::maintenance(call, &targets, &wish).await.map(Retried::Maintenance)
        }
        _ => sql::again(call, operation, &entry.declared, &names).await.map(Retried::Sql),
    }
}

/// The operation that is meant. Settings and roles that somebody looked at meanwhile are not what `LAST` means: nothing of them can be left.
fn meant(session: &Session, which: Which) -> Result<Entry, OpsError> {
    const LOOKS: u32 = 50;
    let looked = |entry: &Entry| {
        let (machine, declared) = (entry.operation.machine.as_str(), &entry.declared);
        (machine == "settings" && declared["read"] == true)
            || (machine == "roles" && declared.get("compared").is_some())
    };
    if which == Which::Last
        && let Some(entry) = session.cx.store.journal(LOOKS)?.into_iter().find(|entry| !looked(entry))
    {
        return Ok(entry);
    }
    journal::find(session, which)
}

fn refuse(session: &Session, entry: &Entry) -> Result<(), OpsError> {
    let operation = entry.operation.id;
    let hint = match entry.operation.machine.as_str() {
        write::OPERATION if entry.declared["dry"] == true => {
            "it was only shown: run the command again".to_owned()
        }
        sql::OPERATION
        | errands::OPERATION
        | write::OPERATION
        | maintenance::OPERATION
        | scripts::OPERATION => {
            let lease = crate::fanout::lease_of(operation);
            match session.cx.store.lease_holder(&lease)? {
                None => return Ok(()),
                Some(holder) => format!("it is at work, in process {}: wait for it", holder.pid),
            }
        }
        "apply" | "refill" => "`provost apply` goes on where it was".to_owned(),
        "archive" => "`provost archive retry` does it for sessions".to_owned(),
        _ => format!(
            "run the same command again; `provost journal {}` shows the sites that failed",
            operation.0
        ),
    };
    Err(OpsError::NoRetry { operation: operation.0, hint })
}
