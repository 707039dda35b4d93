//! The kind `database`: one database and one role per site, both marked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use provost_engine::context::Context;
use provost_engine::execute::full_chain;
use provost_engine::kind::{Effect, Hint, Kind, Observation, Owner, Planned, Reason, StepDraft, StepError};
use provost_engine::plan::{Change, Impact, Step, Subject};
use provost_fleet::lock::Lock;
use provost_fleet::model::Fleet;
use provost_fleet::name::Name;
use serde::{Deserialize, Serialize};

use crate::database::{self, Found};
use crate::fleet_state::FleetId;
use crate::kind_server::{self, ServerKind};
use crate::mark::{Mark, Stage, Whose, whose};
use crate::secrets::{self, Generated};
use crate::server::{ClusterState, Connection, Servers};

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
            match self.look(cx, server).await {
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

impl DatabaseKind {
    /// Everything on a server, or why nothing can be known of it. A cluster that was never made has nothing.
    async fn look(&self, cx: &Context, server: &Name) -> Result<BTreeMap<String, Found>, String> {
        let told = |error: &dyn std::error::Error| full_chain(error);
        if let Some(cluster) = self.servers.cluster(cx, server).map_err(|error| told(&error))?
            && matches!(cluster.state(), ClusterState::Absent | ClusterState::Unfinished)
        {
            return Ok(BTreeMap::new());
        }
        let mut admin = self.servers.admin(cx, server, None).await.map_err(|error| told(&error))?;
        database::look(&mut admin.sql).await.map_err(|error| told(&error))
    }

    fn tell<'a>(
        &self,
        cx: &Context,
        server: &Name,
        found: &BTreeMap<String, Found>,
        wanted: impl Iterator<Item = (&'a Name, &'a WantedDatabase)>,
        seen: &mut BTreeMap<Name, Observation<SeenDatabase>>,
    ) {
        let mut looked_for = BTreeSet::new();
        for (site, want) in wanted {
            looked_for.insert(want.name.as_str());
            let one = found.get(&want.name).cloned().unwrap_or_default();
            seen.insert(site.clone(), self.judge(cx, server, site, &want.name, &one));
        }
        for (name, one) in found.iter().filter(|(name, _)| !looked_for.contains(name.as_str())) {
            // What carries our mark under a name that nobody asks for: a site that left the file, or one that is asked for under
            // another name.
            let comment = one.database.as_ref().or(one.role.as_ref()).and_then(Option::as_deref);
            if let Whose::Ours(mark) = whose(comment, &self.fleet_id.id)
                && !matches!(seen.get(&mark.site), Some(Observation::Present(_)))
            {
                let observation = self.judge(cx, server, &mark.site, name, one);
                seen.insert(mark.site, observation);
            }
        }
    }

    fn judge(
        &self,
        cx: &Context,
        server: &Name,
        site: &Name,
        name: &str,
        found: &Found,
    ) -> Observation<SeenDatabase> {
        let fleet = &self.fleet_id.id;
        let password_kept = match secrets::read(&cx.paths, &Generated::SiteDatabase(site)) {
            Ok(Some(kept)) => database::password_matches(found, &kept).unwrap_or(true),
            Ok(None) => false,
            Err(error) => return Observation::Unknown(Reason(full_chain(&error))),
        };
        let seen = SeenDatabase { server: server.clone(), name: name.to_owned(), password_kept };
        let of_site = |whose: Whose| match whose {
            Whose::Ours(mark) if &mark.site != site => {
                Whose::Foreign(format!("it belongs to site `{}` of this fleet", mark.site))
            }
            other => other,
        };
        let role = found.role.as_ref().map(|comment| of_site(whose(comment.as_deref(), fleet)));
        let database = found.database.as_ref().map(|comment| of_site(whose(comment.as_deref(), fleet)));
        match (database, role) {
            (None, None) => Observation::Absent,
            (_, Some(Whose::Foreign(owner))) => {
                Observation::Foreign(Owner(format!("role `{name}`: {owner}")))
            }
            (None, Some(Whose::Ours(_))) => {
                Observation::Partial(seen, Reason("its creation was interrupted".to_owned()))
            }
            (Some(Whose::Ours(_)), Some(Whose::Ours(_))) => Observation::Present(seen),
            (Some(Whose::Ours(_)), None) => {
                Observation::Partial(seen, Reason("its role is missing".to_owned()))
            }
            // The role carries our mark and the database none at all: created, and killed before it was marked.
            (Some(Whose::Foreign(_)), Some(Whose::Ours(_))) if found.database == Some(None) => {
                Observation::Partial(seen, Reason("its creation was interrupted".to_owned()))
            }
            (Some(Whose::Foreign(owner)), _) => {
                Observation::Foreign(Owner(format!("database `{name}`: {owner}")))
            }
        }
    }

    async fn create(
        &self,
        cx: &Context,
        site: &Name,
        (server, name): (&Name, &str),
        admin: &mut Connection<'_>,
    ) -> Result<Effect, StepError> {
        let password =
            secrets::read_or_make(&cx.paths, &Generated::SiteDatabase(site)).map_err(StepError::failed)?;
        let mark = Mark {
            fleet: self.fleet_id.id.clone(),
            site: site.clone(),
            stage: Stage::Created,
            dataroot: None,
        };
        let failed = |error: sqlx::Error| StepError::failed(error);
        database::ensure_role(&mut admin.sql, name, &password, &mark).await.map_err(failed)?;
        let found = database::look(&mut admin.sql).await.map_err(failed)?.remove(name).unwrap_or_default();
        match &found.database {
            None => database::create(&mut admin.sql, name, &mark).await.map_err(failed)?,
            Some(None) => database::set_mark(&mut admin.sql, name, &mark).await.map_err(failed)?,
            Some(Some(_)) => {}
        }
        // Read back by coming in as the site will.
        let mut own =
            self.servers.connect(cx, server, name, name, &password).await.map_err(StepError::failed)?;
        let who: String =
            sqlx::query_scalar("select current_user::text || ' in ' || current_database()::text")
                .fetch_one(&mut own.sql)
                .await
                .map_err(failed)?;
        Ok(Effect(format!("logged in as {who}")))
    }

    async fn drop(
        &self,
        cx: &Context,
        site: &Name,
        name: &str,
        admin: &mut Connection<'_>,
    ) -> Result<Effect, StepError> {
        let failed = |error: sqlx::Error| StepError::failed(error);
        let found = database::look(&mut admin.sql).await.map_err(failed)?.remove(name).unwrap_or_default();
        for comment in found.database.iter().chain(&found.role) {
            // Looked at again right before: what is dropped is gone.
            if comment.is_some()
                && let Whose::Foreign(owner) = whose(comment.as_deref(), &self.fleet_id.id)
            {
                return Err(StepError::told(format!("`{name}` is not ours to drop: {owner}")));
            }
        }
        database::drop_database(&mut admin.sql, name).await.map_err(failed)?;
        database::drop_role(&mut admin.sql, name).await.map_err(failed)?;
        secrets::forget(&cx.paths, &Generated::SiteDatabase(site)).map_err(StepError::failed)?;
        secrets::forget(&cx.paths, &Generated::SiteAdmin(site)).map_err(StepError::failed)?;
        let left = database::look(&mut admin.sql).await.map_err(failed)?;
        if left.contains_key(name) {
            return Err(StepError::told(format!("`{name}` is still there after it was dropped")));
        }
        Ok(Effect(format!("database and role `{name}` are gone")))
    }
}
