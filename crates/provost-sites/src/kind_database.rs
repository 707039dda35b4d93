//! The kind `database`: one database and one role per site, both marked.

mod change;
mod observe;

use std::collections::BTreeMap;
use std::sync::Arc;

use provost_engine::context::Context;
use provost_engine::kind::{Effect, Hint, Kind, Observation, Planned, Reason, StepDraft, StepError};
use provost_engine::plan::{Change, Impact, Step, Subject};
use provost_fleet::lock::Lock;
use provost_fleet::model::Fleet;
use provost_fleet::name::Name;
use serde::{Deserialize, Serialize};

use crate::database;
use crate::fleet_state::FleetId;
use crate::kind_server::{self, ServerKind};
use crate::server::Servers;

/// The kind `database`. Named by site: a site has one.
pub struct DatabaseKind {
    /// The fleet's servers.
    pub servers: Arc<Servers>,
    /// The fleet's id, in every mark.
    pub fleet_id: FleetId,
}

/// Where a site's database shall be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WantedDatabase {
    /// The server.
    pub server: Name,
    /// Name of database and role.
    pub name: String,
}

/// What was seen of a site's database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenDatabase {
    /// The server.
    pub server: Name,
    /// Name of database and role.
    pub name: String,
    /// Whether the role's password is the one we keep; `true` where the server does not let us see.
    pub password_kept: bool,
}

/// The action that makes database and role.
pub const CREATE: &str = "create";

impl Kind for DatabaseKind {
    const NAME: &'static str = "database";
    type Wanted = WantedDatabase;
    type Seen = SeenDatabase;

    fn wanted(&self, fleet: &Fleet, _lock: &Lock) -> BTreeMap<Name, WantedDatabase> {
        let each = fleet.sites.iter().map(|(name, site)| {
            (name.clone(), WantedDatabase { server: site.database.clone(), name: site.database_name.clone() })
        });
        each.collect()
    }

    async fn observe(
        &self,
        cx: &Context,
        wanted: &BTreeMap<Name, WantedDatabase>,
    ) -> BTreeMap<Name, Observation<SeenDatabase>> {
        let mut seen = BTreeMap::new();
        for server in self.servers.names() {
            let here = wanted.iter().filter(|(_, database)| &database.server == server);
            match database::look_at(&self.servers, cx, server).await {
                Ok(found) => self.tell(cx, server, &found, here, &mut seen),
                Err(reason) => {
                    seen.extend(
                        here.map(|(site, _)| (site.clone(), Observation::Unknown(Reason(reason.clone())))),
                    );
                }
            }
        }
        seen
    }

    fn plan(
        &self,
        name: &Name,
        wanted: Option<&WantedDatabase>,
        seen: &Observation<SeenDatabase>,
    ) -> Planned {
        match (wanted, seen) {
            (Some(want), Observation::Absent) => create(
                want,
                "the site has no database",
                vec![Change::create("database and role", &want.name)],
            ),
            (Some(want), Observation::Partial(_, Reason(why))) => {
                create(want, why, vec![Change::create("database and role", &want.name)])
            }
            (Some(want), Observation::Present(is))
                if (&is.server, &is.name) != (&want.server, &want.name) =>
            {
                Planned::Blocked(
                    Reason(format!(
                        "it is `{}` on `{}`, and the file says `{}` on `{}`; this version cannot move databases",
                        is.name, is.server, want.name, want.server
                    )),
                    Some(Hint("put the old server and name back into the file".to_owned())),
                )
            }
            (Some(want), Observation::Present(is)) if !is.password_kept => create(
                want,
                "its role has another password",
                vec![Change::replace("password", "(secret)", "(secret)")],
            ),
            (None, Observation::Present(is) | Observation::Partial(is, _)) => {
                Planned::Steps(vec![StepDraft {
                    action: "drop",
                    reason: "its site is no longer in the file".to_owned(),
                    changes: vec![Change::remove("database and role", &is.name)],
                    after: vec![Subject::new(crate::kind_site::NAME, name).step("delete")],
                    impact: Impact::Destroy,
                    params: serde_json::json!({ "server": is.server, "name": is.name }),
                }])
            }
            _ => Planned::InStep,
        }
    }

    async fn execute(&self, cx: &Context, step: &Step) -> Result<Effect, StepError> {
        let params: WantedDatabaseParams =
            serde_json::from_value(step.params.clone()).map_err(StepError::failed)?;
        let mut admin = self.servers.admin(cx, &params.server, None).await.map_err(StepError::failed)?;
        if step.id.action == CREATE {
            self.create(cx, &step.id.subject.name, (&params.server, &params.name), &mut admin).await
        } else {
            self.drop(cx, &step.id.subject.name, &params.name, &mut admin).await
        }
    }
}

#[derive(Deserialize)]
struct WantedDatabaseParams {
    server: Name,
    name: String,
}

fn create(want: &WantedDatabase, reason: &str, changes: Vec<Change>) -> Planned {
    Planned::Steps(vec![StepDraft {
        action: CREATE,
        reason: reason.to_owned(),
        changes,
        after: vec![Subject::new(ServerKind::NAME, &want.server).step(kind_server::MAKE)],
        impact: Impact::Create,
        params: serde_json::json!({ "server": want.server, "name": want.name }),
    }])
}
