//! The kind `server`: managed database clusters are made here; existing servers are looked at.

mod kept;

pub use kept::Kept;

use std::collections::BTreeMap;
use std::sync::Arc;

use provost_engine::context::Context;
use provost_engine::execute::full_chain;
use provost_engine::kind::{Effect, Hint, Kind, Observation, Owner, Planned, Reason, StepDraft, StepError};
use provost_engine::plan::{Change, Impact, Step};
use provost_fleet::lock::Lock;
use provost_fleet::model::{DatabaseServer, Engine, Fleet, Location};
use provost_fleet::name::Name;
use serde::{Deserialize, Serialize};

use crate::database;
use crate::server::{ClusterState, Servers};

/// The kind `server`.
pub struct ServerKind {
    /// The fleet's servers.
    pub servers: Arc<Servers>,
}

/// What was seen of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenServer {
    /// Whether it is a cluster of our own.
    pub managed: bool,
    /// What it speaks.
    #[serde(default = "postgresql")]
    pub engine: Engine,
    /// Its release, as far as it is known: of a managed one the version that its data was made by.
    #[serde(default)]
    pub release: Option<String>,
    /// The cluster that was made under this name, where the file does not ask for it.
    #[serde(default)]
    pub kept: Option<Kept>,
}

/// The action that makes a cluster.
pub const MAKE: &str = "make";

impl Kind for ServerKind {
    const NAME: &'static str = "server";
    type Wanted = DatabaseServer;
    type Seen = SeenServer;

    fn wanted(&self, fleet: &Fleet, _lock: &Lock) -> BTreeMap<Name, DatabaseServer> {
        fleet.databases.clone()
    }

    async fn observe(
        &self,
        cx: &Context,
        wanted: &BTreeMap<Name, DatabaseServer>,
    ) -> BTreeMap<Name, Observation<SeenServer>> {
        let looks = wanted.iter().map(|(name, server)| async move {
            let seen = match server.location {
                Location::Managed => self.look_at_cluster(cx, name),
                Location::Existing { .. } => self.look_at_existing(cx, name).await,
            };
            (name.clone(), seen)
        });
        // A fleet has a handful of servers.
        let mut seen: BTreeMap<_, _> = futures_util::future::join_all(looks).await.into_iter().collect();
        for name in kept::made(cx).into_iter().filter(|name| !wanted.contains_key(name)) {
            if let Some(kept) = kept::look(cx, &name) {
                let (engine, release) = (kept.engine, kept.version.clone());
                let kept = SeenServer { managed: true, engine, release, kept: Some(kept) };
                seen.insert(name, Observation::Present(kept));
            }
        }
        seen
    }

    fn plan(&self, name: &Name, wanted: Option<&DatabaseServer>, seen: &Observation<SeenServer>) -> Planned {
        let engine = wanted.map_or(Engine::Postgresql, |server| server.engine);
        match (wanted.map(|server| &server.location), seen) {
            (Some(Location::Managed), Observation::Absent) => make(engine, "it was not made yet"),
            (Some(Location::Managed), Observation::Partial(_, Reason(why))) => make(engine, why),
            (Some(Location::Existing { .. }), Observation::Absent | Observation::Partial(..)) => {
                Planned::Blocked(
                    Reason("an existing server is not there".to_owned()),
                    Some(Hint("check `host` and `port` of this server in the fleet file".to_owned())),
                )
            }
            (None, Observation::Present(SeenServer { kept: Some(kept), .. })) => {
                let back = format!("put `[database.{name}]` back into the file");
                kept::held("it is no longer in the file", &back, kept)
            }
            (Some(Location::Existing { .. }), Observation::Present(SeenServer { kept: Some(kept), .. })) => {
                let why = "the file names an existing server, and Provost made one of this name before";
                kept::held(why, "put `managed = true` back in place of `host`", kept)
            }
            _ => Planned::InStep,
        }
    }

    async fn execute(&self, cx: &Context, step: &Step) -> Result<Effect, StepError> {
        let name = &step.id.subject.name;
        let cluster = self.servers.cluster(cx, name).map_err(StepError::failed)?;
        let cluster = cluster.ok_or_else(|| StepError::told("an existing server cannot be made"))?;
        if !matches!(cluster.state(), ClusterState::Stopped | ClusterState::Running(_)) {
            cluster.make(cx, &step.id.subject.to_string()).await.map_err(StepError::failed)?;
        }
        // Read back: it starts, and its superuser gets in.
        let mut admin = self.servers.admin(cx, name, None).await.map_err(StepError::failed)?;
        let release = admin.sql.release().await.map_err(StepError::failed)?;
        database::close_own(&mut admin.sql).await.map_err(StepError::failed)?;
        Ok(Effect(format!("{} {release} answers", cluster.engine.title())))
    }
}

fn make(engine: Engine, reason: &str) -> Planned {
    Planned::Steps(vec![StepDraft {
        action: MAKE,
        reason: reason.to_owned(),
        changes: vec![Change::create("managed server", engine.title())],
        after: Vec::new(),
        impact: Impact::Create,
        params: serde_json::Value::Null,
    }])
}

impl ServerKind {
    fn look_at_cluster(&self, cx: &Context, name: &Name) -> Observation<SeenServer> {
        let cluster = match self.servers.cluster(cx, name) {
            Ok(Some(cluster)) => cluster,
            Ok(None) => return Observation::Absent,
            Err(error) => return Observation::Unknown(Reason(full_chain(&error))),
        };
        let (engine, release) = (cluster.engine, cluster.version());
        let seen = SeenServer { managed: true, engine, release, kept: None };
        match cluster.state() {
            ClusterState::Absent => Observation::Absent,
            ClusterState::Unfinished => {
                Observation::Partial(seen, Reason("its making was interrupted".to_owned()))
            }
            // Running or not is not what the file is about: a command that needs it starts it.
            ClusterState::Stopped | ClusterState::Running(_) => Observation::Present(seen),
            ClusterState::Lost => Observation::Unknown(Reason(format!(
                "it was made once, but its data is gone from `{}`; is a disk not mounted?",
                cx.paths.cluster(name)
            ))),
            ClusterState::Other(is) => Observation::Foreign(Owner(format!(
                "it was made as {}, and the file asks for {}",
                is.title(),
                engine.title()
            ))),
            ClusterState::Foreign => {
                Observation::Foreign(Owner(format!("`{}` was not made by Provost", cx.paths.cluster(name))))
            }
        }
    }

    async fn look_at_existing(&self, cx: &Context, name: &Name) -> Observation<SeenServer> {
        let unknown = |error: &dyn std::error::Error| Observation::Unknown(Reason(full_chain(error)));
        let mut admin = match self.servers.admin(cx, name, None).await {
            Ok(admin) => admin,
            Err(error) => return unknown(&error),
        };
        let engine = admin.sql.engine();
        match admin.sql.release().await {
            Ok(release) => {
                let (release, kept) = (Some(release), kept::look(cx, name));
                Observation::Present(SeenServer { managed: false, engine, release, kept })
            }
            Err(error) => unknown(&error),
        }
    }
}

/// What an observation of an earlier version was of.
fn postgresql() -> Engine {
    Engine::Postgresql
}
