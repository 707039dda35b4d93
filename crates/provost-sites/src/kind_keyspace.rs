//! The kind `keyspace`: what a site has of a Redis, a user in both instances and the keys that it alone reaches. Named by site.

mod change;
mod observe;

use std::collections::BTreeMap;
use std::sync::Arc;

use provost_engine::context::Context;
use provost_engine::kind::{Effect, Kind, Observation, Planned, Reason, StepDraft, StepError};
use provost_engine::plan::{Change, Impact, Step, Subject};
use provost_fleet::lock::Lock;
use provost_fleet::model::Fleet;
use provost_fleet::name::Name;
use serde::{Deserialize, Serialize};

use crate::fleet_state::FleetId;
use crate::server::Servers;
use crate::server::redis::Keyspace;
use crate::{kind_redis, kind_site};

/// The kind's name.
pub const NAME: &str = "keyspace";

/// The kind `keyspace`.
pub struct KeyspaceKind {
    /// The fleet's servers.
    pub servers: Arc<Servers>,
    /// The fleet's id, by which its users are known.
    pub fleet_id: FleetId,
}

/// What a site shall have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WantedKeyspace {
    /// The redis.
    pub redis: Name,
    /// Its user there.
    pub user: String,
}

/// What a site has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenKeyspace {
    /// Whether it has all of it in the redis that it shall have it in.
    pub whole: bool,
    /// Other ones that it has something in.
    pub elsewhere: Vec<Name>,
}

/// The action that makes user and rights.
pub const CREATE: &str = "create";
/// The action that removes user and keys.
pub const DROP: &str = "drop";

impl Kind for KeyspaceKind {
    const NAME: &'static str = NAME;
    type Wanted = WantedKeyspace;
    type Seen = SeenKeyspace;

    fn wanted(&self, fleet: &Fleet, _lock: &Lock) -> BTreeMap<Name, WantedKeyspace> {
        let each = fleet.sites.iter().filter_map(|(name, site)| {
            let redis = site.redis.clone()?;
            Some((name.clone(), WantedKeyspace { redis, user: Keyspace::of(&self.fleet_id.id, name).user }))
        });
        each.collect()
    }

    async fn observe(
        &self,
        cx: &Context,
        wanted: &BTreeMap<Name, WantedKeyspace>,
    ) -> BTreeMap<Name, Observation<SeenKeyspace>> {
        self.look(cx, wanted).await
    }

    fn plan(
        &self,
        name: &Name,
        wanted: Option<&WantedKeyspace>,
        seen: &Observation<SeenKeyspace>,
    ) -> Planned {
        let elsewhere = seen.seen().map(|seen| seen.elsewhere.clone()).unwrap_or_default();
        let mut steps = Vec::new();
        match (wanted, seen) {
            (Some(want), Observation::Absent) => {
                steps.push(create(want, "the site has no keys there of its own"));
            }
            (Some(want), Observation::Partial(_, Reason(why))) => steps.push(create(want, why)),
            (Some(want), Observation::Present(SeenKeyspace { whole: false, .. })) => {
                steps.push(create(want, "the site has them elsewhere"));
            }
            _ => {}
        }
        if !elsewhere.is_empty() {
            steps.push(drop_from(name, wanted, &elsewhere));
        }
        if steps.is_empty() { Planned::InStep } else { Planned::Steps(steps) }
    }

    async fn execute(&self, cx: &Context, step: &Step) -> Result<Effect, StepError> {
        let params: Params = serde_json::from_value(step.params.clone()).map_err(StepError::failed)?;
        let site = &step.id.subject.name;
        let done = match step.id.action.as_str() {
            CREATE => self.create(cx, site, &params.redis).await,
            _ => self.drop_all(cx, site, &params).await,
        };
        done.map(Effect).map_err(StepError::failed)
    }
}

#[derive(Deserialize)]
struct Params {
    /// What something is done in.
    redis: Vec<Name>,
    /// Whether the site has none in the end.
    #[serde(default)]
    last: bool,
}

fn create(want: &WantedKeyspace, reason: &str) -> StepDraft {
    StepDraft {
        action: CREATE,
        reason: reason.to_owned(),
        changes: vec![Change::create(format!("user in redis `{}`", want.redis), &want.user)],
        after: vec![Subject::new(kind_redis::NAME, &want.redis).step(kind_redis::MAKE)],
        impact: Impact::Create,
        params: serde_json::json!({ "redis": [want.redis] }),
    }
}

/// Only when the site's PHP does not look there any more.
fn drop_from(name: &Name, wanted: Option<&WantedKeyspace>, elsewhere: &[Name]) -> StepDraft {
    let site = Subject::new(kind_site::NAME, name);
    let each =
        elsewhere.iter().map(|redis| Change::remove("sessions and caches", format!("in redis `{redis}`")));
    StepDraft {
        action: DROP,
        reason: "the site does not use them there any more".to_owned(),
        changes: each.collect(),
        after: vec![site.step(kind_site::CONFIGURE), site.step(kind_site::DELETE)],
        impact: Impact::Interrupt,
        params: serde_json::json!({ "redis": elsewhere, "last": wanted.is_none() }),
    }
}
