//! The kind `spare`: clones that are kept ready for whoever opens a site next.
//!
//! A spare is a site under a name of its own (see [`Template::spare_site_name`]), made as every clone is, with an identity of its own, and
//! not served. Its database says which state of its template it is a copy of: one of an older state is made anew, and never taken. How it
//! is taken stands in [`crate::clone`]. Nobody has anything in a spare, so removing one destroys nothing.

mod make;
mod observe;
mod planner;

use std::collections::BTreeMap;
use std::sync::Arc;

use provost_engine::context::Context;
use provost_engine::kind::{Effect, Kind, Observation, Planned, Reason, StepError};
use provost_engine::plan::Step;
use provost_fleet::lock::Lock;
use provost_fleet::model::{Fleet, Template};
use provost_fleet::name::Name;
use serde::{Deserialize, Serialize};

use crate::clone::copying::snapshot;
use crate::fleet_state::FleetId;
use crate::mark::Mark;
use crate::secrets::References;
use crate::server::Servers;

/// The kind's name.
pub const NAME: &str = "spare";
/// The action that makes one, from nothing or anew.
pub const MAKE: &str = "make";
/// The action that removes one.
pub const DELETE: &str = "delete";

/// The kind `spare`.
pub struct SpareKind {
    /// The fleet.
    pub fleet: Arc<Fleet>,
    /// The fleet's servers.
    pub servers: Arc<Servers>,
    /// The fleet's id.
    pub fleet_id: FleetId,
    /// For secrets that the file refers to.
    pub references: References,
}

/// What a spare shall be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WantedSpare {
    /// Its template.
    pub template: Name,
    /// The name under which it is a site.
    pub site: Name,
    /// Server of its database.
    pub server: Name,
    /// Name of its database and role.
    pub database_name: String,
}

/// What was seen of a spare.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenSpare {
    /// Server of its database.
    pub server: Option<Name>,
    /// Name of its database.
    pub database_name: String,
    /// Whether its template is another one by now.
    pub stale: bool,
    /// Why its template cannot be cloned at all, in words.
    pub template: Option<String>,
}

/// Whether a spare, by the marks of the dataroots, is a copy of what its template is now.
pub fn is_of(spare: &Mark, template: &Mark) -> bool {
    let made = spare.template.as_ref().and_then(|made| made.spare_of.as_deref());
    made == Some(snapshot(&template.to_text()).as_str())
}

impl Kind for SpareKind {
    const NAME: &'static str = NAME;
    type Wanted = WantedSpare;
    type Seen = SeenSpare;

    fn wanted(&self, fleet: &Fleet, lock: &Lock) -> BTreeMap<Name, WantedSpare> {
        let locked =
            fleet.templates.iter().filter(|(_, one)| lock.codebases.contains_key(&one.site.codebase));
        let each = locked.flat_map(|(name, template)| {
            template.spare_names(name).into_iter().filter_map(move |spare| {
                let site = template.spare_site(name, &spare)?;
                let wanted = WantedSpare {
                    template: name.clone(),
                    site: Template::spare_site_name(&spare).ok()?,
                    server: site.database,
                    database_name: site.database_name,
                };
                Some((spare, wanted))
            })
        });
        each.collect()
    }

    async fn observe(
        &self,
        cx: &Context,
        wanted: &BTreeMap<Name, WantedSpare>,
    ) -> BTreeMap<Name, Observation<SeenSpare>> {
        self.see(cx, wanted).await
    }

    fn plan(&self, name: &Name, wanted: Option<&WantedSpare>, seen: &Observation<SeenSpare>) -> Planned {
        match (wanted, seen) {
            (Some(want), Observation::Absent) => planner::make(want, "there is none yet"),
            (Some(want), Observation::Partial(is, Reason(why))) => planner::mend(want, is, why),
            (Some(want), Observation::Present(is)) => planner::present(want, is),
            (None, Observation::Present(is) | Observation::Partial(is, _)) => planner::delete(name, is),
            _ => Planned::InStep,
        }
    }

    async fn execute(&self, cx: &Context, step: &Step) -> Result<Effect, StepError> {
        let done = match step.id.action.as_str() {
            MAKE => self.make(cx, step).await,
            _ => self.delete(cx, step).await,
        };
        done.map(Effect).map_err(StepError::failed)
    }
}

/// What whoever works on a spare holds.
pub(crate) fn subject(spare: &Name) -> String {
    format!("{NAME}/{spare}")
}
