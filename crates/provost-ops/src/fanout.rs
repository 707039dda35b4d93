//! Doing one thing to many sites: bounded, each under its lease, each written down, and one that fails holds no other up.

use std::future::Future;

use futures_util::StreamExt as _;
use provost_engine::execute::full_chain;
use provost_engine::lease::Lease;
use provost_engine::plan::Subject;
use provost_engine::store::{EventKind, OperationState};
use provost_fleet::name::Name;
use provost_sites::kind_site;
use serde::Serialize;

use crate::error::Exit;
use crate::session::Session;
use crate::{OpsError, hints};

/// What came of one site.
#[derive(Debug, Serialize)]
pub struct Target<T> {
    /// The site.
    pub site: String,
    /// What was done and seen.
    pub done: Option<T>,
    /// Why it failed.
    pub error: Option<String>,
    /// What to do about that.
    pub hint: Option<String>,
}

/// What it all means for the exit code.
pub fn exit<T>(session_cancelled: bool, targets: &[Target<T>]) -> Exit {
    match (session_cancelled, targets.iter().any(|target| target.error.is_some())) {
        (true, true) => Exit::Interrupted,
        (false, true) => Exit::Targets,
        (_, false) => Exit::Done,
    }
}

/// What is done, for the journal.
pub(crate) struct Deed {
    /// Name of the operation: `maintenance`.
    pub(crate) operation: &'static str,
    /// What was asked for. No secret.
    pub(crate) declared: serde_json::Value,
}

/// Does it, to as many sites at once as the machine has cores: each has a PHP process at work.
pub(crate) async fn each<'a, T, E, F>(
    session: &'a Session,
    deed: &Deed,
    sites: &'a [Name],
    work: impl Fn(&'a Name) -> F,
    evidence: impl Fn(&T) -> String,
) -> Result<Vec<Target<T>>, OpsError>
where
    E: std::error::Error + 'static,
    F: Future<Output = Result<T, E>>,
{
    let cx = &session.cx;
    let subject = |site: &Name| Subject::new(kind_site::NAME, site).to_string();
    let units: Vec<_> = sites.iter().map(|site| (subject(site), deed.operation.to_owned())).collect();
    let operation =
        cx.store.begin_operation(deed.operation, &session.actor(), &deed.declared, &units, cx.now())?;
    let one = async |number: usize, site: &'a Name| -> Result<Target<T>, OpsError> {
        let target = |done, error, hint| Target { site: site.to_string(), done, error, hint };
        if cx.cancel.is_cancelled() {
            cx.store.record(operation, number, EventKind::Skipped, "interrupted", cx.now())?;
            return Ok(target(None, Some("interrupted".to_owned()), None));
        }
        cx.store.record(operation, number, EventKind::Started, "", cx.now())?;
        let lease = Lease::take(cx, &subject(site)).await;
        let result = match lease {
            Ok(_lease) => work(site).await.map_err(|error| (full_chain(&error), hints::of(&error))),
            Err(error) => Err((full_chain(&error), hints::of(&error))),
        };
        let (kind, told) = match &result {
            Ok(done) => (EventKind::Finished, evidence(done)),
            Err((error, _)) => (EventKind::Failed, error.clone()),
        };
        cx.store.record(operation, number, kind, &told, cx.now())?;
        Ok(match result {
            Ok(done) => target(Some(done), None, None),
            Err((error, hint)) => target(None, Some(error), hint),
        })
    };
    let all: Vec<_> = sites.iter().enumerate().map(|(number, site)| one(number, site)).collect();
    let all: Vec<Result<Target<T>, OpsError>> =
        futures_util::stream::iter(all).buffered(cx.limits.steps).collect().await;
    let all = all.into_iter().collect::<Result<Vec<_>, _>>()?;
    let state = match (cx.cancel.is_cancelled(), all.iter().any(|target| target.error.is_some())) {
        (true, true) => OperationState::Interrupted,
        (false, true) => OperationState::Failed,
        (_, false) => OperationState::Done,
    };
    cx.store.end_operation(operation, state)?;
    Ok(all)
}
