//! Doing one thing to many sites: bounded, each under its lease, each written down, and one that fails holds no other up.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt as _;
use provost_engine::context::Context;
use provost_engine::event::Event;
use provost_engine::execute::full_chain;
use provost_engine::lease::Lease;
use provost_engine::plan::Subject;
use provost_engine::store::{EventKind, OperationId, OperationState};
use provost_fleet::model::Fleet;
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
    /// What it is to a site.
    pub(crate) touch: Touch,
}

/// What is done to a site, which decides over how many are at work at once, and whether others are kept away meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Touch {
    /// It is changed, by a PHP process that keeps a core busy: as many at once as there are cores, each under its site's lease.
    Change,
    /// It is looked at, by a PHP process: as many at once as there are cores, and nobody is kept away.
    Look,
    /// Its database is asked: as many at once as are observed, and nobody is kept away.
    Ask,
}

/// The lease of an operation at work: without a living holder it was cut off.
pub(crate) fn lease_of(operation: OperationId) -> String {
    format!("operation/{}", operation.0)
}

/// What came of it.
pub(crate) struct Ended<T> {
    /// Its number in the journal.
    pub(crate) operation: OperationId,
    /// Each site, in the order in which they were given.
    pub(crate) targets: Vec<Target<T>>,
}

/// Sites that failed for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// The reason; what names the site or its database in it is `…`.
    pub error: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The sites.
    pub sites: Vec<String>,
}

/// Failures by their reason, that of most sites first.
pub fn causes<T>(fleet: &Fleet, targets: &[Target<T>]) -> Vec<Cause> {
    let mut causes: Vec<Cause> = Vec::new();
    for target in targets {
        let Some(error) = &target.error else { continue };
        let site = fleet.sites.iter().find(|(name, _)| name.as_str() == target.site);
        let database = site.map(|(_, site)| site.database_name.as_str()).unwrap_or_default();
        let error = without(&without(&in_the_code(error), database), &target.site);
        match causes.iter_mut().find(|cause| cause.error == error) {
            Some(cause) => cause.sites.push(target.site.clone()),
            None => causes.push(Cause { error, hint: target.hint.clone(), sites: vec![target.site.clone()] }),
        }
    }
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.sites.len()));
    causes
}

/// A text in which files of a build are called as in Moodle's own tree: sites on two builds fail for one reason.
fn in_the_code(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, behind)) = rest.split_once("/builds/") {
        let tree = behind.split('/').next().unwrap_or_default();
        if tree.len() == 40 && tree.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let begins = before
                .rfind(|c: char| c.is_whitespace() || matches!(c, '(' | '"' | '\''))
                .map_or(0, |at| at + 1);
            out.push_str(before.get(..begins).unwrap_or_default());
            rest = behind.get(tree.len() + 1..).unwrap_or_default();
        } else {
            out.push_str(before);
            out.push_str("/builds/");
            rest = behind;
        }
    }
    out + rest
}

/// A text without a name, where that stands as a word.
fn without(text: &str, name: &str) -> String {
    if name.is_empty() {
        return text.to_owned();
    }
    let (mut out, mut rest) = (String::new(), text);
    let in_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    while let Some((before, behind)) = rest.split_once(name) {
        let inside = before.ends_with(in_word) || (before.is_empty() && out.ends_with(in_word));
        out.push_str(before);
        out.push_str(if inside || behind.starts_with(in_word) { name } else { "…" });
        rest = behind;
    }
    out + rest
}

/// Passes on what a site answered, where somebody wants answers as they come: whole tables come when all have answered.
pub(crate) fn streamed<T: Serialize, E: std::error::Error + 'static>(
    cx: &Context,
    site: &Name,
    result: Result<T, E>,
) -> Result<T, E> {
    if cx.reporter.streams() {
        let (done, error) = match &result {
            Ok(done) => (Some(done), None),
            Err(error) => (None, Some(full_chain(error))),
        };
        let answer = serde_json::json!({ "site": site, "done": done, "error": error }).to_string();
        cx.reporter.event(&Event::Answered { answer });
    }
    result
}

/// Does it to all of them, bounded; what becomes of one is written down before the next one begins in its place.
pub(crate) async fn each<'a, T, E, F>(
    session: &'a Session,
    deed: &Deed,
    sites: &'a [Name],
    work: impl Fn(&'a Name) -> F,
    evidence: impl Fn(&T) -> String,
) -> Result<Ended<T>, OpsError>
where
    E: std::error::Error + 'static,
    F: Future<Output = Result<T, E>>,
{
    let cx = &session.cx;
    let subject = |site: &Name| Subject::new(kind_site::NAME, site).to_string();
    let units: Vec<_> = sites.iter().map(|site| (subject(site), deed.operation.to_owned())).collect();
    let operation =
        cx.store.begin_operation(deed.operation, &session.actor(), &deed.declared, &units, cx.now())?;
    let _at_work = Lease::take(cx, &lease_of(operation)).await?;
    let one = async |number: usize, site: &'a Name| -> Result<(usize, Target<T>), OpsError> {
        let target = |done, error, hint| (number, Target { site: site.to_string(), done, error, hint });
        if cx.cancel.is_cancelled() {
            cx.store.record(operation, number, EventKind::Skipped, "interrupted", cx.now())?;
            return Ok(target(None, Some("interrupted".to_owned()), None));
        }
        cx.store.record(operation, number, EventKind::Started, "", cx.now())?;
        let lease = match deed.touch {
            Touch::Change => Lease::take(cx, &subject(site)).await.map(Some),
            Touch::Look | Touch::Ask => Ok(None),
        };
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
    let at_once = match deed.touch {
        Touch::Change | Touch::Look => cx.limits.steps,
        Touch::Ask => cx.limits.observations,
    };
    let ended = AtomicUsize::new(0);
    let told = async |number: usize, site: &'a Name| {
        let target = one(number, site).await;
        let done = ended.fetch_add(1, Ordering::Relaxed) + 1;
        cx.reporter.event(&Event::Sites { what: deed.operation, done, of: sites.len() });
        target
    };
    let all: Vec<_> = sites.iter().enumerate().map(|(number, site)| told(number, site)).collect();
    // In whatever order they end: a site that hangs must not keep those behind it from beginning.
    let all: Vec<_> = futures_util::stream::iter(all).buffer_unordered(at_once).collect().await;
    let mut all = all.into_iter().collect::<Result<Vec<_>, OpsError>>()?;
    all.sort_by_key(|(number, _)| *number);
    let targets: Vec<_> = all.into_iter().map(|(_, target)| target).collect();
    let state = match (cx.cancel.is_cancelled(), targets.iter().any(|target| target.error.is_some())) {
        (true, true) => OperationState::Interrupted,
        (false, true) => OperationState::Failed,
        (_, false) => OperationState::Done,
    };
    cx.store.end_operation(operation, state)?;
    Ok(Ended { operation, targets })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_build_are_called_as_in_moodle() {
        let tree = "a".repeat(40);
        let text = format!("too long (/srv/f/builds/{tree}/course/category.php:472), /srv/builds/x/y");
        assert_eq!(in_the_code(&text), "too long (course/category.php:472), /srv/builds/x/y");
    }

    #[test]
    fn a_name_is_taken_out_where_it_is_a_word() {
        assert_eq!(
            without("database \"f_hugo\" of f_hugo2 is gone", "f_hugo"),
            "database \"…\" of f_hugo2 is gone"
        );
        assert_eq!(without("hugohugo hugo", "hugo"), "hugohugo …");
        assert_eq!(without("a-hugo hugo-a hugo.", "hugo"), "a-hugo hugo-a ….");
        assert_eq!(without("as it is", ""), "as it is");
    }
}
