//! `provost codebase gc`: removes the builds that nobody needs, and their files. Plan, show, do.

use std::collections::BTreeMap;

pub use provost_codebase::gc::{ClearedCaches, Collected, Doomed, GcPlan, Kept, Skipped, StaleCaches};
use provost_codebase::gc::{clear_caches, gc_execute, gc_plan, stale_caches};
use provost_codebase::object::ObjectId;
use provost_engine::lease::Lease;
use provost_engine::plan::Subject;
use provost_sites::kind_site;
use provost_sites::site::copy;
use serde::Serialize;

use crate::OpsError;
use crate::error::Exit;
use crate::session::{Access, Call, Session};

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// There was nothing to do.
    Nothing,
    /// Nobody said yes; nothing was done.
    Refused,
    /// It was done.
    Done,
}

/// A collection.
#[derive(Debug, Serialize)]
pub struct GarbageReport {
    /// Version of this form.
    pub schema: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// What would go, and what stays.
    pub plan: GcPlan,
    /// What would go of the caches.
    pub caches: StaleCaches,
    /// What went.
    pub collected: Option<Collected>,
    /// What went of the caches.
    pub cleared: Option<ClearedCaches>,
}

impl GarbageReport {
    /// What it means for the exit code.
    pub fn exit(&self) -> Exit {
        match (self.outcome, &self.collected) {
            (Outcome::Refused, _) => Exit::Refused,
            (_, Some(collected)) if !collected.skipped.is_empty() => Exit::Targets,
            _ => Exit::Done,
        }
    }
}

/// Plans, asks, and removes. While it is asked, nobody applies.
///
/// # Errors
/// When something cannot be seen or removed; what is left is whole, and the next collection goes on.
pub async fn gc(
    call: &Call,
    ask: impl AsyncFnOnce(&GcPlan, &StaleCaches) -> bool,
) -> Result<GarbageReport, OpsError> {
    let session = Session::open(call, Access::Change)?;
    let report = collect(&session, ask).await;
    session.close().await;
    report
}

async fn collect(
    session: &Session,
    ask: impl AsyncFnOnce(&GcPlan, &StaleCaches) -> bool,
) -> Result<GarbageReport, OpsError> {
    let cx = &session.cx;
    let _lease = Lease::take(cx, "fleet").await?;
    let plan = gc_plan(cx, &needed(session)?).await?;
    let caches = stale_caches(cx, &session.origins(), session.lock.codebases.values()).await?;
    let nothing = plan.is_empty() && caches.is_empty();
    let agreed = !nothing && ask(&plan, &caches).await;
    if cx.cancel.is_cancelled() {
        return Err(OpsError::Interrupted);
    }
    let outcome = match (nothing, agreed) {
        (true, _) => Outcome::Nothing,
        (_, true) => Outcome::Done,
        (_, false) => Outcome::Refused,
    };
    let mut report = GarbageReport { schema: 1, outcome, plan, caches, collected: None, cleared: None };
    if agreed {
        report.collected = Some(gc_execute(cx, &report.plan).await?);
        report.cleared = Some(clear_caches(cx, &report.caches).await?);
    }
    Ok(report)
}

/// The trees that are needed besides those that the sites' links lead to, and why.
fn needed(session: &Session) -> Result<BTreeMap<ObjectId, String>, OpsError> {
    let mut needed: BTreeMap<ObjectId, Vec<String>> = BTreeMap::new();
    for (name, locked) in &session.lock.codebases {
        if let Ok(tree) = locked.tree.parse() {
            needed.entry(tree).or_default().push(format!("the lock names it for {name}"));
        }
    }
    // A site whose link was lost gets it back from what its database remembers; that is what was seen last.
    let seen: BTreeMap<String, serde_json::Value> =
        session.cx.store.observations()?.into_iter().map(|(subject, _, seen)| (subject, seen)).collect();
    for name in session.loaded.fleet.sites.keys() {
        if session.cx.paths.code(name).is_symlink() {
            continue;
        }
        let before = seen.get(&Subject::new(kind_site::NAME, name).to_string());
        let tree = before.and_then(|seen| seen["detail"]["tree"].as_str()?.parse().ok());
        if let Some(tree) = tree {
            needed.entry(tree).or_default().push(format!("{name} was last seen on it"));
        }
    }
    // The copy of a site that was deleted comes back on the build that it was made on. Of one that cannot be read nobody knows which.
    if let Some((path, source)) = copy::unreadable(&session.cx.paths) {
        return Err(OpsError::Io { verb: "read the copy of a deleted site in", path, source });
    }
    for one in copy::kept(&session.cx.paths) {
        if let Some(tree) = one.manifest.tree.as_ref().and_then(|tree| tree.parse().ok()) {
            let why = format!("the copy of {} that is kept was made on it", one.manifest.site);
            needed.entry(tree).or_default().push(why);
        }
    }
    Ok(needed.into_iter().map(|(tree, why)| (tree, why.join("; "))).collect())
}
