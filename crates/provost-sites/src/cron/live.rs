//! Real sites: looked at by SQL, run by PHP.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use provost_engine::context::Context;
use provost_fleet::model::{Fleet, Location, Site};
use provost_fleet::name::Name;

use super::look::{self, LookError, Sight, Working};
use super::run::{self, Job};
use super::schedule::Lane;
use super::world::{Ran, World};
use crate::fleet_state::FleetId;
use crate::server::Servers;

/// Reads the fleet file anew: `None` where it has faults, which were told.
pub type Reload = Box<dyn Fn() -> Option<Arc<Fleet>> + Send + Sync>;

/// The sites of a fleet.
pub struct Live {
    fleet: RwLock<Arc<Fleet>>,
    reload: Reload,
    servers: Arc<Servers>,
    fleet_id: FleetId,
    /// Whether managed servers that end are started again by us; `up` does so itself.
    keep_servers: bool,
    /// Sites of existing servers, and whether a pool stands before their database.
    pooled: Mutex<BTreeMap<Name, bool>>,
}

impl Live {
    /// Sites of a fleet whose file may change meanwhile.
    pub fn new(
        fleet: Arc<Fleet>,
        servers: Arc<Servers>,
        fleet_id: FleetId,
        reload: Reload,
        keep_servers: bool,
    ) -> Self {
        Self { fleet: RwLock::new(fleet), reload, servers, fleet_id, keep_servers, pooled: Mutex::default() }
    }

    fn fleet(&self) -> Arc<Fleet> {
        self.fleet.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn site(&self, name: &Name) -> Option<Site> {
        self.fleet().sites.get(name).cloned()
    }

    /// Refuses a site whose database is behind a pool that breaks Moodle's locks. Asked once for each site of an existing server.
    async fn refuse_pool(&self, cx: &Context, name: &Name, site: &Site) -> Result<(), LookError> {
        let managed =
            self.servers.declared(&site.database).is_ok_and(|server| server.location == Location::Managed);
        let known =
            |live: &Self| live.pooled.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied();
        if managed {
            return Ok(());
        }
        let pooled = match known(self) {
            Some(pooled) => pooled,
            None => look::pooled(cx, &self.servers, site).await?,
        };
        self.pooled.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), pooled);
        if pooled { Err(LookError::Pooled) } else { Ok(()) }
    }

    /// Ends what a run left in the site's database.
    async fn end_sessions(&self, cx: &Context, name: &Name, site: &Site, lane: Lane) {
        let (server, database) = (&site.database, vec![site.database_name.clone()]);
        let ended =
            look::end_sessions(cx, &self.servers, server, database, &run::application(name, lane)).await;
        if let Err(error) = ended
            && !error.of_server()
        {
            cx.note(format!("{name}: sessions of its cron may be left: {error}"));
        }
    }
}

impl World for Live {
    fn sites(&self) -> BTreeMap<Name, Name> {
        if let Some(fleet) = (self.reload)() {
            *self.fleet.write().unwrap_or_else(PoisonError::into_inner) = fleet;
        }
        let fleet = self.fleet();
        // A server that the file got since we started is not ours to open.
        let known = |server: &Name| self.servers.names().any(|name| name == server);
        let sites = fleet.sites.iter().filter(|(_, site)| known(&site.database));
        sites.map(|(name, site)| (name.clone(), site.database.clone())).collect()
    }

    async fn look(&self, cx: &Context, name: &Name) -> Result<Sight, LookError> {
        let site = self.site(name).ok_or(LookError::Foreign)?;
        self.refuse_pool(cx, name, &site).await?;
        look::look(cx, &self.servers, &self.fleet_id.id, name, &site).await
    }

    async fn run(&self, cx: &Context, name: &Name, lane: Lane, kills: &BTreeMap<String, u32>) -> Ran {
        let Some(site) = self.site(name) else { return Ran::nothing("it is no longer in the file") };
        let fleet = self.fleet();
        let job = Job {
            name,
            site: &site,
            lane,
            rules: &fleet.cron,
            servers: &self.servers,
            fleet_id: &self.fleet_id.id,
        };
        let mut ran = job.run(cx, kills).await;
        if ran.ended_by_us {
            self.end_sessions(cx, name, &site, lane).await;
            job.settle(cx, &mut ran, kills).await;
        }
        if !cx.cancel.is_cancelled() {
            ran.after = self.look(cx, name).await.ok();
            ran.read_back(lane);
        }
        ran
    }

    async fn clear_up(&self, cx: &Context) {
        let fleet = self.fleet();
        for server in self.servers.names() {
            let of_server = fleet.sites.values().filter(|site| site.database == *server);
            let databases = of_server.map(|site| site.database_name.clone()).collect();
            // A server that does not answer has no sessions of ours that anybody could end; the first looks tell why.
            look::end_sessions(cx, &self.servers, server, databases, run::APPLICATIONS).await.ok();
        }
    }

    async fn revive(&self, cx: &Context, server: &Name) {
        if self.keep_servers {
            // What cannot be started shows at the next look.
            self.servers.keep_running(cx, server).await.ok();
        }
    }
}

/// What a run was at, for its report.
pub(super) fn told(working: Option<&Working>) -> Option<String> {
    working.map(Working::key)
}
