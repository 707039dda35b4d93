//! `provost plan`: what would happen, and why.

use provost_engine::plan::Plan;
use provost_engine::reconcile::{Reconciled, reconcile};
use provost_fleet::lock::Lock;
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
    let planned = survey(&session).await.map(|(planned, _)| planned);
    crate::cron::note_connections(&session).await;
    session.close().await;
    if call.cancel.is_cancelled() {
        return Err(OpsError::Interrupted);
    }
    planned
}

/// Resolves what the lock lacks, observes and plans.
pub(crate) async fn survey(session: &Session) -> Result<(Planned, Lock), OpsError> {
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
    let Reconciled { seen, plan } = look(session, &lock).await?;
    cx.store.keep_observations(&seen, cx.now())?;
    Ok((Planned { schema: provost_engine::plan::SCHEMA, lock_changes, plan }, lock))
}

/// Observes and plans with a lock.
pub(crate) async fn look(session: &Session, lock: &Lock) -> Result<Reconciled, OpsError> {
    let digests = (session.loaded.digest.clone(), lock.digest());
    let kinds = session.kinds(lock);
    Ok(reconcile(&session.cx, &kinds, &session.loaded.fleet, lock, digests).await?)
}
