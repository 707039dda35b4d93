//! Errands: an operation of the agent, done at many sites at once. Shown first and asked about where what goes does not come back.

mod staged;

use std::collections::BTreeMap;
use std::time::Duration;

use camino::Utf8Path;
use provost_admin::compare::Key;
use provost_admin::errand::{Effect, Errand, Kind, SETTINGS_SET};
use provost_admin::settings::is_secret;
use provost_engine::context::Context;
use provost_engine::store::OperationId;
use provost_fleet::name::Name;
use provost_sites::agent::AgentError;
use provost_sites::errand::ErrandDoor;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::OpsError;
use crate::error::{Exit, io};
use crate::fanout::{self, Cause, Deed, Target, Touch};
use crate::reach::reach;
use crate::session::{Access, Call, Session};
use crate::site::Targets;
use crate::site::chosen::{to_ask, to_change};
use staged::Staged;

pub use provost_sites::errand::Told;

/// Name of the operation in the journal.
pub(crate) const OPERATION: &str = "errand";

/// Where an errand is done, and how.
#[derive(Debug, Clone, Default)]
pub struct ErrandOptions {
    /// The sites. One that only looks looks at all where nothing is said.
    pub targets: Targets,
    /// Only ask what would be done.
    pub dry_run: bool,
    /// How long a site may take; `None`: as long as the kind of errand says.
    pub patience: Option<Duration>,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was looked, or done.
    Done,
    /// It was only asked what would be done.
    Planned,
    /// It was shown, and not agreed to.
    Refused,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Version of this form.
    pub schema: u32,
    /// The number in the journal.
    pub operation: i64,
    /// The agent's operation.
    pub errand: &'static str,
    /// What it is to a site.
    pub effect: Effect,
    /// How it ended.
    pub outcome: Outcome,
    /// Each site.
    pub sites: Vec<Target<Told>>,
    /// Failures by their reason.
    pub causes: Vec<Cause>,
    /// Whether `provost retry` can go over it again: not where it was told a secret.
    pub can_retry: bool,
    /// What it means for the exit code.
    #[serde(skip)]
    pub exit: Exit,
}

impl Report {
    /// Whether it was only looked.
    pub fn looks(&self) -> bool {
        self.effect == Effect::Looks
    }

    /// How many changes were made, or would be.
    pub fn changes(&self) -> u64 {
        self.sites.iter().filter_map(|site| site.done.as_ref()).map(|told| told.changes).sum()
    }
}

/// Why an errand was not done at a site.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ErrandError {
    /// The site is not fit for it.
    #[error("{0}")]
    Site(String),
    /// It could not even be looked at in time.
    #[error("its database did not answer within {0} s")]
    Late(u64),
    /// The agent failed.
    #[error("{}", in_short(.0))]
    Agent(AgentError),
    /// What would be done is not what was shown.
    #[error("what would be done here is no longer what was shown, and nothing was done")]
    Differs,
}

// No source: what it says is said here, in short.
impl From<AgentError> for ErrandError {
    fn from(error: AgentError) -> Self {
        Self::Agent(error)
    }
}

/// An agent's error, without the trace that comes with what Moodle did not expect.
fn in_short(error: &AgentError) -> String {
    match error {
        AgentError::Answer { message, debug: Some(debug), .. } => {
            let first = debug.lines().next().unwrap_or_default();
            if first.is_empty() { message.clone() } else { format!("{message} ({first})") }
        }
        AgentError::Answer { message, debug: None, .. } => message.clone(),
        other => other.to_string(),
    }
}

/// Does an errand at the sites that are meant.
///
/// # Errors
/// When no sites are meant. What goes wrong at a site is told with it.
pub async fn run(
    call: &Call,
    errand: &Errand,
    options: &ErrandOptions,
    ask: impl AsyncFnOnce(&Report) -> bool,
) -> Result<Report, OpsError> {
    let names = match errand.kind.effect {
        Effect::Looks => to_ask(call, &options.targets).await?,
        Effect::Changes | Effect::Destroys => to_change(call, &options.targets).await?,
    };
    run_at(call, errand, &names, options, ask).await
}

/// Does an errand at sites.
///
/// # Errors
/// As [`run`].
pub(crate) async fn run_at(
    call: &Call,
    errand: &Errand,
    names: &[Name],
    options: &ErrandOptions,
    ask: impl AsyncFnOnce(&Report) -> bool,
) -> Result<Report, OpsError> {
    let looks = options.dry_run || errand.kind.effect == Effect::Looks;
    let session = Session::open(call, if looks { Access::Look } else { Access::Change })?;
    let staged = errand.file.as_ref().map(|file| Staged::new(&session.cx, file).map_err(io("read", file)));
    let staged = staged.transpose()?;
    let file = staged.as_ref().map(|staged| staged.path.as_path());
    let report = Round { session: &session, errand, options, file }.run(names, ask).await;
    session.close().await;
    report
}

/// What a site showed beforehand, or why it could not.
type Shown = Result<Told, String>;

/// An errand, on its way through the sites.
struct Round<'a> {
    session: &'a Session,
    errand: &'a Errand,
    options: &'a ErrandOptions,
    /// Where the sites find the file that they read.
    file: Option<&'a Utf8Path>,
}

impl Round<'_> {
    async fn run(&self, names: &[Name], ask: impl AsyncFnOnce(&Report) -> bool) -> Result<Report, OpsError> {
        let nothing_shown = BTreeMap::new();
        match (self.errand.kind.effect, self.options.dry_run) {
            (Effect::Looks, _) => self.go(names, false, &nothing_shown).await,
            (_, true) => {
                Ok(Report { outcome: Outcome::Planned, ..self.go(names, true, &nothing_shown).await? })
            }
            (Effect::Changes, false) => self.go(names, false, &nothing_shown).await,
            (Effect::Destroys, false) => self.shown_first(names, ask).await,
        }
    }

    /// Shows what would be done, and does exactly that if it is agreed to.
    async fn shown_first(
        &self,
        names: &[Name],
        ask: impl AsyncFnOnce(&Report) -> bool,
    ) -> Result<Report, OpsError> {
        let mut plan = self.go(names, true, &BTreeMap::new()).await?;
        if self.session.cx.cancel.is_cancelled() {
            return Err(OpsError::Interrupted);
        }
        let failed = plan.sites.iter().any(|target| target.error.is_some());
        if plan.changes() == 0 && !failed {
            return Ok(plan);
        }
        plan.outcome = Outcome::Planned;
        if plan.changes() > 0 && !ask(&plan).await {
            return Ok(Report { outcome: Outcome::Refused, exit: Exit::Refused, ..plan });
        }
        // Sites of which nothing could be shown are part of it, as failed: it is this operation that is tried again.
        let told = |target: &Target<Told>| match (&target.done, &target.error) {
            (Some(told), _) if told.changes > 0 => Some(Ok(told.clone())),
            (_, Some(error)) => Some(Err(error.clone())),
            _ => None,
        };
        let shown: BTreeMap<Name, Shown> =
            plan.sites.iter().filter_map(|target| Some((target.site.parse().ok()?, told(target)?))).collect();
        let names: Vec<Name> = shown.keys().cloned().collect();
        self.go(&names, false, &shown).await
    }

    async fn go(&self, names: &[Name], dry: bool, shown: &BTreeMap<Name, Shown>) -> Result<Report, OpsError> {
        let (session, errand) = (self.session, self.errand);
        let looks = dry || errand.kind.effect == Effect::Looks;
        let deed = Deed {
            operation: OPERATION,
            declared: errand.declared(dry, self.options.patience),
            touch: if looks { Touch::Look } else { Touch::Change },
        };
        // What was begun at a site is finished: whoever asks to stop gets no new ones, and no half ones.
        let cx = Context { cancel: CancellationToken::new(), ..session.cx.clone() };
        let work = async |name: &Name| {
            let told = self.at(&cx, name, dry, shown.get(name)).await;
            // What is only looked at before somebody is asked is no answer yet.
            if dry == self.options.dry_run { fanout::streamed(&cx, name, told) } else { told }
        };
        let evidence = |told: &Told| match looks {
            true => format!("{} row(s)", told.rows.rows.len()),
            false => format!("{} change(s)", told.changes),
        };
        let done = fanout::each(session, &deed, names, work, evidence).await?;
        Ok(Report {
            schema: 1,
            operation: done.operation.0,
            errand: errand.kind.operation,
            effect: errand.kind.effect,
            outcome: Outcome::Done,
            can_retry: !errand.secret,
            causes: fanout::causes(&session.loaded.fleet, &done.targets),
            exit: fanout::exit(session.cx.cancel.is_cancelled(), &done.targets),
            sites: done.targets,
        })
    }

    async fn at(
        &self,
        cx: &Context,
        name: &Name,
        dry: bool,
        shown: Option<&Shown>,
    ) -> Result<Told, ErrandError> {
        let shown = match shown {
            Some(Err(why)) => return Err(ErrandError::Site(why.clone())),
            Some(Ok(told)) => Some(told),
            None => None,
        };
        let kind = self.errand.kind;
        let patience = self.options.patience.unwrap_or(kind.allowed);
        // A database whose tables somebody locks answers to no look either.
        let reached = tokio::time::timeout(patience, reach(self.session, name)).await;
        let late = |_| ErrandError::Late(patience.as_secs());
        let (_, account) = reached.map_err(late)?.map_err(ErrandError::Site)?;
        let mut door = ErrandDoor::open(cx, name, &account, patience).await?;
        let told = async {
            if let Some(shown) = shown
                && door.tell(cx, kind.operation, self.errand.request(true, self.file)).await? != *shown
            {
                return Err(ErrandError::Differs);
            }
            Ok(door.tell(cx, kind.operation, self.errand.request(dry, self.file)).await?)
        }
        .await;
        door.close().await;
        told.map(|told| without_secrets(kind, told))
    }
}

/// What is shown of a setting that is a secret is only whether it is another one.
fn without_secrets(kind: &Kind, mut told: Told) -> Told {
    if kind.operation != SETTINGS_SET.operation {
        return told;
    }
    for row in &mut told.rows.rows {
        let name = row.first().cloned().flatten().unwrap_or_default();
        let (of, name) = name.split_once('/').unwrap_or(("core", &name));
        if is_secret(&Key { of: of.into(), name: name.into() }) {
            let hidden = ["(secret)", "(another secret)"];
            for (value, word) in row.iter_mut().skip(1).zip(hidden) {
                *value = value.as_ref().map(|_| word.to_owned());
            }
        }
    }
    told
}

/// Does again what an errand of the journal left, at sites.
pub(crate) async fn again(
    call: &Call,
    operation: OperationId,
    declared: &serde_json::Value,
    names: &[Name],
    ask: impl AsyncFnOnce(&Report) -> bool,
) -> Result<Report, OpsError> {
    let (errand, patience) = Errand::again(declared).map_err(|why| OpsError::NoRetry {
        operation: operation.0,
        hint: format!("{why}: run the command again"),
    })?;
    let options = ErrandOptions { patience, ..ErrandOptions::default() };
    run_at(call, &errand, names, &options, ask).await
}

/// What the journal has of an errand, in a line.
pub(crate) fn in_words(declared: &serde_json::Value) -> String {
    let mut words = vec![declared["errand"].as_str().unwrap_or_default().to_owned()];
    if declared["dry"].as_bool() == Some(true) {
        words.push("(only shown)".to_owned());
    }
    for (name, value) in declared["params"].as_object().into_iter().flatten() {
        match value {
            serde_json::Value::Null => {}
            serde_json::Value::String(text) => words.push(format!("{name}={text}")),
            other => words.push(format!("{name}={other}")),
        }
    }
    words.join(" ")
}
