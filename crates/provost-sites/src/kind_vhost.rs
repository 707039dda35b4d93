//! The kind `vhost`: for each site one file for nginx and one pool for php-fpm; and where sites share a host, a part of its `server` block.

mod render;
mod shared;

pub use render::{Files, nginx_version, render};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::Utf8Path;
use provost_engine::context::Context;
use provost_engine::execute::full_chain;
use provost_engine::files;
use provost_engine::kind::{Effect, Kind, Observation, Planned, Reason, StepDraft, StepError};
use provost_engine::plan::{Change, Impact, Step, Subject};
use provost_engine::process::Account;
use provost_fleet::lock::Lock;
use provost_fleet::model::Fleet;
use provost_fleet::name::Name;
use serde::{Deserialize, Serialize};

use crate::fleet_state::FleetId;
use crate::kind_site;
use crate::site::{self, MAINTENANCE_PAGE};
use crate::up::{Answer, Place, Pools, Rounds, Taken, Untold};
use crate::{accounts, seat, up};

/// The kind's name.
pub const NAME: &str = "vhost";
/// The action that writes both files.
pub const WRITE: &str = "write";
/// The action that removes both files.
pub const REMOVE: &str = "remove";

/// The kind `vhost`.
pub struct VhostKind {
    /// The fleet.
    pub fleet: Arc<Fleet>,
    /// The lock, for the layout of the build.
    pub lock: Arc<Lock>,
    /// The fleet's id.
    pub fleet_id: FleetId,
    /// Reloads of the running services, one for many sites.
    pub rounds: Rounds,
}

/// How a site shall be served. What is rendered from it is compared while observing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WantedVhost {
    /// The URL.
    pub url: String,
    /// Hosts that are redirected to it.
    pub aliases: Vec<String>,
    /// Whether visitors get it; else a plain page.
    pub enabled: bool,
}

/// What was seen of a virtual host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenVhost {
    /// The host that leads to the site, where a link says so.
    pub host: Option<String>,
    /// Files that are not what would be written.
    pub differs: Vec<String>,
}

impl Kind for VhostKind {
    const NAME: &'static str = NAME;
    const OF_SITES: bool = true;
    const GATHERS: bool = true;
    type Wanted = WantedVhost;
    type Seen = SeenVhost;

    fn wanted(&self, fleet: &Fleet, lock: &Lock) -> BTreeMap<Name, WantedVhost> {
        let locked = fleet.sites.iter().filter(|(_, site)| lock.codebases.contains_key(&site.codebase));
        let each = locked.map(|(name, site)| {
            let aliases = site.aliases.iter().cloned().collect();
            (name.clone(), WantedVhost { url: site.url.to_string(), aliases, enabled: site.enabled })
        });
        each.collect()
    }

    async fn observe(
        &self,
        cx: &Context,
        wanted: &BTreeMap<Name, WantedVhost>,
    ) -> BTreeMap<Name, Observation<SeenVhost>> {
        let version = nginx_version(cx).await;
        let mut seen: BTreeMap<Name, Observation<SeenVhost>> = BTreeMap::new();
        let untold = Untold::sites(&cx.paths);
        let unwanted = there(cx).into_iter().chain(untold.iter().cloned());
        // One of a template is written when that is opened, and removed when it is closed. Of a removal that was begun there is both.
        let unwanted: BTreeSet<Name> =
            unwanted.filter(|name| !wanted.contains_key(name) && self.fleet.site(name).is_none()).collect();
        if !unwanted.is_empty() {
            let mut hosts = kind_site::hosts(cx);
            for name in unwanted {
                let host = hosts.remove(&name);
                seen.insert(name, Observation::Present(SeenVhost { host, differs: Vec::new() }));
            }
        }
        let hosts = shared::hosts(cx);
        for name in wanted.keys() {
            let observation = match render(cx, &self.fleet, &self.lock, &self.fleet_id, name, version) {
                Ok(files) => look(cx, name, &files, &hosts, untold.contains(name)),
                Err(error) => Observation::Unknown(Reason(full_chain(&error))),
            };
            seen.insert(name.clone(), observation);
        }
        seen
    }

    fn plan(&self, name: &Name, wanted: Option<&WantedVhost>, seen: &Observation<SeenVhost>) -> Planned {
        match (wanted, seen) {
            (Some(want), Observation::Absent) => {
                let changes = vec![Change::create("url", &want.url)];
                write(name, "it is not served yet", changes, Impact::Create, false)
            }
            (Some(want), Observation::Present(is) | Observation::Partial(is, _))
                if !is.differs.is_empty() =>
            {
                let changes = is.differs.iter().map(|file| Change::replace(file, "old", "new")).collect();
                // The plain page of a disabled site needs nothing of the site, which may be broken.
                write(name, "its files differ from the fleet file", changes, Impact::Change, !want.enabled)
            }
            (None, Observation::Present(is) | Observation::Partial(is, _)) => {
                Planned::Steps(vec![StepDraft {
                    action: REMOVE,
                    reason: "its site is no longer in the file".to_owned(),
                    changes: vec![Change::remove("files for nginx and php-fpm", "there")],
                    after: Vec::new(),
                    impact: Impact::Interrupt,
                    params: serde_json::json!({ "host": is.host }),
                }])
            }
            _ => Planned::InStep,
        }
    }

    async fn execute(&self, cx: &Context, step: &Step) -> Result<Effect, StepError> {
        let name = &step.id.subject.name;
        if step.id.action == REMOVE {
            let host = step.params["host"].as_str().unwrap_or_default();
            let place = Place::parse(host);
            let gone = serve_no_more(cx, &self.fleet, &self.fleet_id, name, &place, &self.rounds).await;
            gone.map_err(StepError::failed)?;
            return Ok(Effect("it is no longer served".to_owned()));
        }
        let told = serve(cx, &self.fleet, &self.lock, &self.fleet_id, name, &self.rounds).await;
        told.map(|told| Effect(told.to_owned())).map_err(StepError::failed)
    }

    fn others_run(&self, others: bool) {
        self.rounds.others_run(others);
    }
}

/// Why a site could not be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Its account could not be had.
    #[error(transparent)]
    Account(#[from] accounts::AccountError),
    /// Its files could not be rendered.
    #[error(transparent)]
    Render(#[from] render::RenderError),
    /// Its files could not be written or removed.
    #[error("cannot write the files of nginx and php-fpm")]
    Io(#[from] std::io::Error),
    /// Its seat could not be made ready.
    #[error(transparent)]
    Seat(#[from] site::SiteError),
    /// The running services do not take it up.
    #[error(transparent)]
    Up(#[from] up::UpError),
}

/// Writes a site's files and has the running services take them up. Returns what became of that, in words.
pub(crate) async fn serve(
    cx: &Context,
    fleet: &Fleet,
    lock: &Lock,
    fleet_id: &FleetId,
    name: &Name,
    rounds: &Rounds,
) -> Result<&'static str, ServeError> {
    // Before anything reads the files: php-fpm does not start when a pool's user or nginx's is missing.
    let user = accounts::site(cx, &fleet_id.id, name).await?;
    let version = nginx_version(cx).await;
    let was_untold = Untold::sites(&cx.paths).contains(name);
    let untold = Untold::note(&cx.paths, name)?;
    if let Some(site) = fleet.site(name) {
        seat::settle(cx, &user, name, site)?;
    }
    let files = render(cx, fleet, lock, fleet_id, name, version)?;
    let one = up::FILES.lock().await;
    let pools = match was_untold || !pools_are(&files) || (files.enabled && !up::listens(cx, &files.socket)) {
        true => Pools::Changed,
        false => Pools::AsTheyAre,
    };
    write_all(cx, &files)?;
    for stale in shared::others(cx, name, files.shared.as_ref()) {
        remove_if_there(&stale)?;
    }
    shared::tidy(cx)?;
    drop(one);
    let place = fleet.site(name).map_or_else(|| Place::parse(""), Place::of);
    let to_be = || match (files.enabled, is_maintained(cx, fleet, name)) {
        (false, _) => Answer::Unavailable,
        (true, true) => Answer::Maintenance,
        (true, false) => Answer::Login,
    };
    let answer = to_be();
    let taken = match rounds.reload(cx, fleet, &place, answer, pools).await {
        // Maintenance began or ended while it waited for others.
        Err(up::UpError::NotTakenUp { .. }) if to_be() != answer => {
            up::see(cx, fleet, &place, to_be()).await?
        }
        other => other?,
    };
    untold.told();
    Ok(match taken {
        Taken::NothingRuns => "written",
        Taken::Told => "written, and told to the running services",
        Taken::Seen => match answer {
            Answer::Unavailable => "written, and its plain page answers",
            Answer::Maintenance => "written, and its maintenance page answers",
            Answer::Login | Answer::Nothing => "written, and its login page answers",
        },
    })
}

/// Whether Moodle answers every request with its maintenance page.
fn is_maintained(cx: &Context, fleet: &Fleet, name: &Name) -> bool {
    let site = fleet.site(name);
    site.is_some_and(|site| site::dataroot(cx, name, site).join(MAINTENANCE_PAGE).exists())
}

/// Removes a site's files and has the running services forget it.
pub(crate) async fn serve_no_more(
    cx: &Context,
    fleet: &Fleet,
    fleet_id: &FleetId,
    name: &Name,
    place: &Place,
    rounds: &Rounds,
) -> Result<(), ServeError> {
    let untold = Untold::note(&cx.paths, name)?;
    let of_seat = seat::pool_of(cx, &fleet_id.id, name)?;
    let one = up::FILES.lock().await;
    let own = [cx.paths.vhosts(), cx.paths.pools()].map(|directory| directory.join(format!("{name}.conf")));
    for path in own.iter().chain(&of_seat) {
        remove_if_there(path)?;
    }
    for stale in shared::others(cx, name, None) {
        remove_if_there(&stale)?;
    }
    shared::tidy(cx)?;
    drop(one);
    rounds.reload(cx, fleet, place, Answer::Nothing, Pools::Changed).await?;
    remove_if_there(&cx.paths.pool_socket(name))?;
    untold.told();
    Ok(())
}

fn write(name: &Name, reason: &str, changes: Vec<Change>, impact: Impact, at_once: bool) -> Planned {
    // Nobody is let in before the site is whole.
    let before =
        [kind_site::INSTALL, kind_site::CLONE, kind_site::RENAME, kind_site::CONFIGURE, kind_site::MOVE];
    let after = before.map(|action| Subject::new(kind_site::NAME, name).step(action)).to_vec();
    Planned::Steps(vec![StepDraft {
        action: WRITE,
        reason: reason.to_owned(),
        changes,
        after: if at_once { Vec::new() } else { after },
        impact,
        params: serde_json::Value::Null,
    }])
}

/// Names that have a file.
fn there(cx: &Context) -> Vec<Name> {
    let entries = std::fs::read_dir(cx.paths.vhosts()).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".conf")?.parse().ok());
    names.collect()
}

fn look(cx: &Context, name: &Name, files: &Files, hosts: &[String], untold: bool) -> Observation<SeenVhost> {
    let read = |file: &render::File| std::fs::read_to_string(&file.path).ok();
    let found: Vec<_> = files.each().map(|(file, wanted)| (file, wanted, read(file))).collect();
    let of_others = [render::HOST, render::SEAT];
    if found.iter().all(|(file, _, text)| text.is_none() || of_others.contains(&file.what)) {
        return Observation::Absent;
    }
    let stale = shared::others_in(hosts, cx, name, files.shared.as_ref()).is_empty();
    let stale = (!stale).then(|| "files of its former host".to_owned());
    // The host's file is written by whichever of its sites comes first: one of them tells that it is to be.
    let tells =
        |file: &render::File| file.what != render::HOST || shared::is_first(files.shared.as_ref(), name);
    let differing =
        found.into_iter().filter(|(file, wanted, text)| text.as_deref() != *wanted && tells(file));
    Observation::Present(SeenVhost {
        host: None,
        differs: differing
            .map(|(file, ..)| file.what.to_owned())
            .chain(stale)
            .chain(untold.then(|| "what the running services have read".to_owned()))
            .collect(),
    })
}

fn write_all(cx: &Context, all: &Files) -> std::io::Result<()> {
    for directory in [cx.paths.vhosts(), cx.paths.pools()] {
        files::directory(&directory, 0o755, &Account::Own)?;
    }
    if let Some(directory) = all.shared.as_ref().and_then(|shared| shared.site.path.parent()) {
        files::directory(directory, 0o755, &Account::Own)?;
    }
    for (file, wanted) in all.each() {
        match wanted {
            Some(text) => files::write_whole(&file.path, text.as_bytes(), 0o644, &Account::Own)?,
            None => remove_if_there(&file.path)?,
        }
    }
    // Read back: what is there is what was meant.
    for (file, wanted) in all.each() {
        let there = match std::fs::read_to_string(&file.path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            other => Some(other?),
        };
        if there.as_deref() != wanted {
            return Err(std::io::Error::other(format!("`{}` is not what was meant", file.path)));
        }
    }
    Ok(())
}

/// Whether the files of pools are as they are to be.
fn pools_are(files: &Files) -> bool {
    files.pools().all(|(file, wanted)| std::fs::read_to_string(&file.path).ok().as_deref() == wanted)
}

fn remove_if_there(path: &Utf8Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
