//! `provost cli` and `provost php`: scripts, run in many sites at once.

use provost_engine::context::Context;
use provost_engine::store::OperationId;
use provost_fleet::name::Name;
use provost_sites::script::{Script, ScriptError};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::OpsError;
use crate::errands::ErrandOptions;
use crate::error::Exit;
use crate::fanout::{self, Cause, Deed, Target, Touch};
use crate::reach::reach;
use crate::retry::written_otherwise;
use crate::session::{Access, Call, Session};
use crate::site::chosen::{to_ask, to_change};

pub use provost_sites::script::Script as What;
pub use provost_sites::script::{Said, is_script};

/// Name of the operation in the journal.
pub(crate) const OPERATION: &str = "script";

/// How long a site may take unless something else is said: an upgrade of a large site takes hours, and is not done in this way.
const PATIENCE: std::time::Duration = std::time::Duration::from_hours(1);

/// What came of a script.
#[derive(Debug, Serialize)]
pub struct ScriptReport {
    /// Version of this form.
    pub schema: u32,
    /// The number in the journal.
    pub operation: i64,
    /// Each site.
    pub sites: Vec<Target<Said>>,
    /// Failures by their reason.
    pub causes: Vec<Cause>,
    /// What it means for the exit code.
    #[serde(skip)]
    pub exit: Exit,
}

/// A script as the journal has it.
#[derive(Serialize, Deserialize)]
struct Declared {
    script: Script,
    timeout_s: u64,
    /// Name of an own command, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    command: Option<String>,
}

#[derive(Debug, thiserror::Error)]
enum OneError {
    #[error("{0}")]
    Site(String),
    #[error(transparent)]
    Script(#[from] ScriptError),
}

/// Runs a script in the sites that are meant. What it does there nobody knows before: there is no dry run.
///
/// # Errors
/// When no sites are meant. What goes wrong at a site is told with it.
pub async fn run(
    call: &Call,
    script: &Script,
    command: Option<&str>,
    looks: bool,
    options: &ErrandOptions,
) -> Result<ScriptReport, OpsError> {
    let names = match looks {
        true => to_ask(call, &options.targets).await?,
        false => to_change(call, &options.targets).await?,
    };
    let timeout_s = options.patience.unwrap_or(PATIENCE).as_secs();
    let declared = Declared { script: script.clone(), timeout_s, command: command.map(str::to_owned) };
    run_at(call, &declared, &names).await
}

/// Does again what a script of the journal left, at sites.
pub(crate) async fn again(
    call: &Call,
    operation: OperationId,
    declared: &serde_json::Value,
    names: &[Name],
) -> Result<ScriptReport, OpsError> {
    let declared = serde_json::from_value(declared.clone()).map_err(|_| written_otherwise(operation.0))?;
    run_at(call, &declared, names).await
}

async fn run_at(call: &Call, declared: &Declared, names: &[Name]) -> Result<ScriptReport, OpsError> {
    let session = Session::open(call, Access::Change)?;
    let deed = Deed {
        operation: OPERATION,
        declared: serde_json::to_value(declared).unwrap_or_default(),
        touch: Touch::Change,
    };
    // What was begun at a site is finished: whoever asks to stop gets no new ones.
    let cx = Context { cancel: CancellationToken::new(), ..session.cx.clone() };
    let patience = std::time::Duration::from_secs(declared.timeout_s);
    let work = async |name: &Name| -> Result<Said, OneError> {
        let (_, account) = reach(&session, name).await.map_err(OneError::Site)?;
        let said = declared.script.run(&cx, name, &account, patience).await;
        Ok(fanout::streamed(&cx, name, said)?)
    };
    let evidence = |said: &Said| format!("{} line(s)", said.out.lines().count());
    let done = fanout::each(&session, &deed, names, work, evidence).await;
    session.close().await;
    let done = done?;
    Ok(ScriptReport {
        schema: 1,
        operation: done.operation.0,
        causes: fanout::causes(&session.loaded.fleet, &done.targets),
        exit: fanout::exit(call.cancel.is_cancelled(), &done.targets),
        sites: done.targets,
    })
}

/// What the journal has of a script, in a line.
pub(crate) fn in_words(declared: &serde_json::Value) -> String {
    let script = &declared["script"];
    match (declared["command"].as_str(), script["path"].as_str()) {
        (Some(command), _) => format!("{command} {}", script["params"]),
        (None, Some(path)) => {
            let arguments =
                script["arguments"].as_array().into_iter().flatten().filter_map(|one| one.as_str());
            [path].into_iter().chain(arguments).collect::<Vec<_>>().join(" ")
        }
        (None, None) => {
            let text = script["text"].as_str().unwrap_or_default();
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        }
    }
}
