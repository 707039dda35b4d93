//! `provost plan`: what would happen, and why.

use std::collections::{BTreeMap, BTreeSet};

use provost_engine::plan::Plan;
use provost_engine::reconcile::{Reconciled, reconcile};
use provost_fleet::lock::Lock;
use provost_fleet::name::Name;
use serde::Serialize;

use crate::OpsError;
use crate::lockfile::{self, LockChange};
use crate::session::{Access, Call, Session};

/// A plan, with what the lock would become.
#[derive(Debug, Serialize)]
pub struct Planned {
    /// Version of this form.
    pub schema: u32,
    /// What `apply` would change in the lock.
    pub lock_changes: Vec<LockChange>,
    /// The steps.
    pub plan: Plan,
}

impl Planned {
    /// Whether `apply` would do nothing.
    pub fn is_empty(&self) -> bool {
        self.lock_changes.is_empty() && self.plan.is_empty()
    }
}

/// Plans, and writes nothing but observations.
pub async fn plan(call: &Call) -> Result<Planned, OpsError> {
    let session = Session::open(call, Access::Look)?;
    let planned = survey(&session, None).await.map(|(planned, _)| planned);
    crate::cron::note_connections(&session).await;
    note_shared_hosts(&session);
    session.close().await;
    if call.cancel.is_cancelled() {
        return Err(OpsError::Interrupted);
    }
    planned
}

/// Says which sites are below one host: what `check` warns of, where it is about to happen.
fn note_shared_hosts(session: &Session) {
    let mut hosts: BTreeMap<&str, Vec<&Name>> = BTreeMap::new();
    for (name, site) in session.loaded.fleet.sites.iter().filter(|(_, site)| site.url.below().is_some()) {
        hosts.entry(site.url.host()).or_default().push(name);
    }
    for (host, sites) in hosts.iter().filter(|(_, sites)| sites.len() > 1) {
        let first = sites.iter().take(SHARING).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let more = match sites.len().saturating_sub(SHARING) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        session.cx.note(format!(
            "the sites {first}{more} share the host `{host}`: they do not protect each other from scripts"
        ));
    }
}

/// How many sites of one host are named: one line is read, hundreds of names are not.
const SHARING: usize = 5;

/// Resolves what the lock lacks, observes and plans; of what is named by site only some, where these are given.
pub(crate) async fn survey(
    session: &Session,
    only: Option<&BTreeSet<Name>>,
) -> Result<(Planned, Lock), OpsError> {
    let cx = &session.cx;
    let lock =
        provost_codebase::resolve::resolve_lock(cx, &session.origins(), &session.loaded.fleet, &session.lock)
            .await;
    let lock = lock.map_err(|error| match cx.cancel.is_cancelled() {
        true => OpsError::Interrupted,
        false => OpsError::Resolve(Box::new(error)),
    })?;
    crate::codebase::downgrade::check(session, &lock).await?;
    let lock_changes = lockfile::changes(&session.lock, &lock);
    let Reconciled { seen, plan } = look_at(session, &lock, only).await?;
    cx.store.keep_observations(&seen, cx.now())?;
    Ok((Planned { schema: provost_engine::plan::SCHEMA, lock_changes, plan }, lock))
}

/// Observes and plans with a lock.
pub(crate) async fn look(session: &Session, lock: &Lock) -> Result<Reconciled, OpsError> {
    look_at(session, lock, None).await
}

/// As [`look`], of what is named by site only some, where these are given.
pub(crate) async fn look_at(
    session: &Session,
    lock: &Lock,
    only: Option<&BTreeSet<Name>>,
) -> Result<Reconciled, OpsError> {
    let digests = (session.loaded.digest.clone(), lock.digest());
    let kinds = session.kinds(lock);
    let _one_moment = session.servers.surveying();
    Ok(reconcile(&session.cx, &kinds, &session.loaded.fleet, lock, digests, only).await?)
}
