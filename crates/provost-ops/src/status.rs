//! `provost status`: codebases, builds, servers and sites as they are.

mod sites;
mod templates;

pub use provost_sites::server::redis::Figures;
pub use sites::SiteStatus;
pub(crate) use sites::sites_of;
pub use templates::TemplateStatus;

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use provost_codebase::git::Git;
use provost_codebase::resolve::{Waiting, known_since, waiting};
use provost_engine::plan::{Blocked, Held};
use provost_engine::reconcile::{Reconciled, Seen};
use provost_fleet::lock::LockStatus;
use provost_fleet::model::{Engine, Location};
use provost_sites::server::ClusterState;
use provost_sites::server::redis::{Looked, PairState};
use provost_sites::up::{Serving, serving};
use serde::Serialize;

use crate::OpsError;
use crate::plan::look;
use crate::session::{Access, Call, Session};

/// A fleet as it is.
#[derive(Debug, Serialize)]
pub struct Status {
    /// Version of this form.
    pub schema: u32,
    /// The fleet's name.
    pub fleet: String,
    /// Where it keeps its things.
    pub state: Utf8PathBuf,
    /// Whether `provost up` serves it.
    pub serving: Serving,
    /// Database servers.
    pub servers: Vec<ServerStatus>,
    /// Instances of Redis.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redis: Vec<Looked>,
    /// Codebases.
    pub codebases: Vec<CodebaseStatus>,
    /// Builds on disk.
    pub builds: Vec<BuildStatus>,
    /// Templates.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub templates: Vec<TemplateStatus>,
    /// Sites.
    pub sites: Vec<SiteStatus>,
    /// Left alone on purpose.
    pub held: Vec<Held>,
    /// What cannot be planned.
    pub blocked: Vec<Blocked>,
    /// How many steps `apply` would do, as far as can be seen at rest.
    pub pending: usize,
}

/// A database server.
#[derive(Debug, Serialize)]
pub struct ServerStatus {
    /// Its name.
    pub name: String,
    /// What it speaks.
    pub engine: Engine,
    /// Whether Provost runs it.
    pub managed: bool,
    /// `running`, `stopped`, `absent`, `reachable`, …
    pub state: String,
    /// Why, where there is a reason.
    pub note: Option<String>,
}

/// A codebase.
#[derive(Debug, Serialize)]
pub struct CodebaseStatus {
    /// Its name.
    pub name: String,
    /// What the file asks for.
    pub request: String,
    /// `current`, `stale` or `missing` in the lock.
    pub lock: &'static str,
    /// Moodle's release in the lock.
    pub release: Option<String>,
    /// How many plugins.
    pub plugins: usize,
    /// Tree id of its build.
    pub tree: Option<String>,
    /// Whether that build is there.
    pub built: bool,
    /// Updates that wait, by what is known here of the sources.
    pub updates: Vec<Waiting>,
    /// When the servers of the sources were asked last, such as `5 days ago`; nothing where that is less than a day.
    pub updates_known: Option<String>,
}

/// A build on disk.
#[derive(Debug, Serialize)]
pub struct BuildStatus {
    /// Tree id.
    pub tree: String,
    /// Codebases whose lock names it.
    pub codebases: Vec<String>,
    /// Sites that run on it.
    pub sites: Vec<String>,
}

/// Looks, and starts nothing: a server that is stopped is told as stopped.
pub async fn status(call: &Call) -> Result<Status, OpsError> {
    let session = Session::open(call, Access::LookAtRest)?;
    let status = tell(&session).await;
    session.close().await;
    status
}

async fn tell(session: &Session) -> Result<Status, OpsError> {
    let Reconciled { seen, plan } = look(session, &session.lock).await?;
    let mut sites = sites_of(session, &seen)?;
    let mut crons = crate::cron::sites(session).await?;
    for site in sites.iter_mut().filter(|site| matches!(site.state.as_str(), "installed" | "stopped")) {
        site.cron = crons.remove(&site.name);
    }
    Ok(Status {
        schema: 1,
        fleet: session.loaded.fleet.name.to_string(),
        state: session.cx.paths.state.clone(),
        serving: serving(&session.cx.paths),
        servers: servers(session, &seen),
        redis: session.servers.redis().look(&session.cx).await,
        codebases: codebases(session, &seen).await,
        builds: builds(session),
        templates: templates::templates(session, &seen, &sites::earlier(session)?),
        sites,
        held: plan.held,
        // What only waits for a server that rests is not in trouble: any command that needs it starts it.
        blocked: plan.blocked.into_iter().filter(|one| !rests(session, one)).collect(),
        pending: plan.steps.len(),
    })
}

fn servers(session: &Session, seen: &[Seen]) -> Vec<ServerStatus> {
    let fleet = &session.loaded.fleet;
    let of_kind = seen.iter().filter(|one| one.subject.kind == "server");
    let each = of_kind.filter_map(|one| {
        let name = &one.subject.name;
        let declared = fleet.databases.get(name)?;
        let managed = matches!(declared.location, Location::Managed);
        let cluster = session.servers.cluster(&session.cx, name).ok().flatten();
        let state = match cluster.map(|cluster| cluster.state()) {
            Some(ClusterState::Running(_)) => "running",
            Some(ClusterState::Stopped) => "stopped",
            Some(ClusterState::Absent) => "absent",
            Some(ClusterState::Unfinished) => "incomplete",
            Some(ClusterState::Lost) => "lost",
            Some(ClusterState::Other(_)) => "another engine",
            Some(ClusterState::Foreign) => "foreign",
            None if one.state == "present" => "reachable",
            None => one.state,
        };
        Some(ServerStatus {
            name: name.to_string(),
            engine: declared.engine,
            managed,
            state: state.to_owned(),
            note: one.reason.clone(),
        })
    });
    each.collect()
}

async fn codebases(session: &Session, seen: &[Seen]) -> Vec<CodebaseStatus> {
    let fleet = &session.loaded.fleet;
    // Without git, or with a broken cache, there is nothing to tell of updates; `doctor` and `plan` say why.
    let git = Git::find(&session.cx).await.ok();
    let mut told = Vec::new();
    for (name, codebase) in &fleet.codebases {
        let locked = session.lock.codebases.get(name);
        let built = seen
            .iter()
            .any(|one| one.subject.kind == "build" && &one.subject.name == name && one.state == "present");
        let updates = match (&git, session.lock.status(fleet, name)) {
            (Some(git), LockStatus::Current(locked)) => {
                waiting(git, codebase, locked).await.unwrap_or_default()
            }
            _ => Vec::new(),
        };
        told.push(CodebaseStatus {
            name: name.to_string(),
            request: codebase.moodle.to_string(),
            lock: match session.lock.status(fleet, name) {
                LockStatus::Current(_) => "current",
                LockStatus::Stale => "stale",
                LockStatus::Missing => "missing",
            },
            release: locked.map(|locked| locked.moodle.release.clone()),
            plugins: codebase.plugins.len(),
            tree: locked.map(|locked| locked.tree.clone()),
            built,
            updates,
            updates_known: git.as_ref().and_then(|git| known_since(git, codebase)),
        });
    }
    told
}

fn builds(session: &Session) -> Vec<BuildStatus> {
    let paths = &session.cx.paths;
    let mut builds: BTreeMap<String, BuildStatus> = BTreeMap::new();
    for entry in std::fs::read_dir(paths.builds()).into_iter().flatten().flatten() {
        let Ok(tree) = entry.file_name().into_string() else { continue };
        if !tree.starts_with('.') {
            let build = BuildStatus { tree: tree.clone(), codebases: Vec::new(), sites: Vec::new() };
            builds.insert(tree, build);
        }
    }
    for (name, locked) in &session.lock.codebases {
        if let Some(build) = builds.get_mut(&locked.tree) {
            build.codebases.push(name.to_string());
        }
    }
    for name in session.loaded.fleet.sites.keys() {
        let tree = provost_sites::site::files::build_of(&session.cx.paths, name);
        if let Some(build) = tree.and_then(|tree| builds.get_mut(&tree)) {
            build.sites.push(name.to_string());
        }
    }
    builds.into_values().collect()
}

/// Whether something is blocked only because its site's server is stopped.
fn rests(session: &Session, blocked: &Blocked) -> bool {
    let (fleet, name) = (&session.loaded.fleet, &blocked.subject.name);
    if let ("keyspace" | "site", Some(site)) = (blocked.subject.kind.as_str(), fleet.sites.get(name))
        && site.redis.as_ref().is_some_and(|redis| redis_is_stopped(session, redis))
    {
        return true;
    }
    let site = match blocked.subject.kind.as_str() {
        "template" => fleet.templates.get(name).map(|template| &template.site),
        "database" | "site" | "settings" | "vhost" => fleet.sites.get(name),
        _ => None,
    };
    site.is_some_and(|site| is_stopped(session, &site.database))
}

fn redis_is_stopped(session: &Session, redis: &provost_fleet::name::Name) -> bool {
    let pair = session.servers.redis().pair(&session.cx, redis).ok().flatten();
    pair.is_some_and(|pair| pair.state() == PairState::Made && !pair.stopped().is_empty())
}

fn is_stopped(session: &Session, server: &provost_fleet::name::Name) -> bool {
    let cluster = session.servers.cluster(&session.cx, server).ok().flatten();
    cluster.is_some_and(|cluster| cluster.state() == ClusterState::Stopped)
}
