//! `provost archive plan`: every course that a session would take, and what would go wrong.

use serde::Serialize;

use super::Declared;
use super::survey::{goal, survey};
use crate::OpsError;
use crate::error::Exit;
use crate::session::{Access, Call, Session};

/// What a session would do.
#[derive(Debug, Serialize)]
pub struct Planned {
    /// Version of this form.
    pub schema: u32,
    /// The session's name.
    pub name: String,
    /// The last phase that its courses go through.
    pub goal: &'static str,
    /// What would be done.
    pub plan: provost_archive::plan::Plan,
    /// What it means for the exit code.
    #[serde(skip)]
    pub exit: Exit,
}

/// Says what a session would do.
pub async fn plan(call: &Call, declared: &Declared) -> Result<Planned, OpsError> {
    let session = Session::open(call, Access::Look)?;
    let surveyed = survey(&session, declared).await;
    session.close().await;
    let surveyed = surveyed?;
    let stopped = surveyed.plan.is_stopped() || surveyed.plan.totals.stopped > 0;
    Ok(Planned {
        schema: 1,
        goal: goal(&surveyed.declared).word(),
        name: surveyed.name,
        plan: surveyed.plan,
        exit: if stopped { Exit::Targets } else { Exit::Done },
    })
}
