//! The kind `site`: installed Moodles.

mod forsaken;
mod observe;
mod planner;
mod relocated;
mod versions;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::Utf8PathBuf;
use futures_util::StreamExt as _;
use provost_codebase::kind_build;
use provost_engine::context::Context;
use provost_engine::execute::full_chain;
use provost_engine::kind::{Effect, Kind, Observation, Planned, Reason, StepError};
use provost_engine::lease::{Lease, LeaseError};
use provost_engine::plan::{Impact, Step};
use provost_fleet::lock::{Lock, LockedCodebase};
use provost_fleet::model::Fleet;
use provost_fleet::name::Name;
use provost_moodle::config_hook::host_of_link;
use serde::{Deserialize, Serialize};

use crate::clone::Cloning;
use crate::cron;
use crate::cron::schedule::Lane;
use crate::database::{self, Found};
use crate::fleet_state::FleetId;
use crate::mark::Mark;
use crate::relocation::{self, Other};
use crate::rename::{self, Former, Ours, Renaming};
use crate::secrets::{self, Generated, References};
use crate::server::Servers;
use crate::site::install::Installation;
use crate::site::moving::{Moving, Switching, Way};
use crate::site::{self, SiteError};

/// The kind's name.
pub const NAME: &str = "site";

/// The kind `site`.
pub struct SiteKind {
    /// The fleet.
    pub fleet: Arc<Fleet>,
    /// The fleet's servers.
    pub servers: Arc<Servers>,
    /// The fleet's id.
    pub fleet_id: FleetId,
    /// For secrets that the file refers to.
    pub references: References,
}

/// What a site shall be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WantedSite {
    /// Its codebase.
    pub codebase: Name,
    /// The codebase whose step makes the build: codebases with one tree share it.
    pub builder: Name,
    /// Tree id of the codebase's build.
    pub tree: String,
    /// Moodle's release in that build.
    pub release: String,
    /// Versions in that build, by `Moodle` or component.
    #[serde(skip)]
    pub versions: BTreeMap<String, String>,
    /// wwwroot.
    pub url: String,
    /// Server of its database.
    pub server: Name,
    /// Name of its database.
    pub database_name: String,
    /// Moodle's table prefix.
    pub prefix: String,
    /// Its dataroot where it is not the default.
    pub dataroot: Option<Utf8PathBuf>,
    /// The template it is cloned from when it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<Name>,
    /// What it was called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<Name>,
    /// Where it keeps sessions and caches, where not in its database and its dataroot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis: Option<Name>,
}

/// What was seen of a site.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenSite {
    /// Tree id of the build it runs on, as its link says, else as its database remembers.
    pub tree: Option<String>,
    /// Moodle's release, as its database says.
    pub release: Option<String>,
    /// Moodle's version, as its database says.
    pub version: Option<String>,
    /// wwwroot it was installed with.
    pub url: Option<String>,
    /// Its dataroot.
    pub dataroot: Option<Utf8PathBuf>,
    /// Whether that build is not on this disk.
    #[serde(default)]
    pub build_missing: bool,
    /// What would get a lower version in the wanted build, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lowered: Vec<String>,
    /// That its database is gone, where its files are those of an installed site.
    #[serde(default)]
    pub database_gone: Option<DatabaseGone>,
    /// What it is to be called no more, where that is begun or to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former: Option<Former>,
    /// Whether nobody ever used it: its installation, its cloning or its restore was broken off.
    /// No part of what is compared before a step: it is told by the dataroot, which goes first.
    #[serde(skip)]
    pub unused: bool,
    /// Whether a change of its address was begun and not ended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsettled: bool,
    /// Made files that differ from what the file asks for, in words.
    pub differs: Vec<String>,
    /// Settings that the file forces and the configuration does not say yet: which, and with what value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unforced: Vec<(String, String)>,
    /// What is to be moved, where its database is not, or not only, where the file says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relocation: Option<Relocation>,
    /// Whether its build was made for other codebases alone than the one that the file names.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub other_codebase: bool,
    /// What has another version in the wanted build, or is in one of both alone, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differing: Vec<String>,
    /// Plugins that the wanted build is without, where it is the same else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
    /// Whether it was told to be without them, or, on the wanted build, has not been told yet that it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub released: bool,
    /// Whether a move that was interrupted keeps visitors out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub halted: bool,
    /// Where its sessions are and where they shall be, where that differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<(String, String)>,
}

/// A database that is to be moved, or was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relocation {
    /// What is to be done.
    pub way: Way,
    /// The other database.
    pub other: Other,
    /// Why it cannot be done, where it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// An installed site whose database is not where the file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseGone {
    /// The server that it was on, where its files say so.
    pub was_on: Option<Name>,
}

/// The action that installs.
pub const INSTALL: &str = "install";
/// The action that clones.
pub const CLONE: &str = "clone";
/// The action that gives it another name, another URL, or both.
pub const RENAME: &str = "rename";
/// The action that writes the made files again.
pub const CONFIGURE: &str = "configure";
/// The action that moves the database to another server.
pub const MOVE: &str = "move";
/// The action that moves the site to another build of the same versions.
pub const SWITCH: &str = "switch";
/// The action that removes all but the database.
pub const DELETE: &str = "delete";

impl Kind for SiteKind {
    const NAME: &'static str = NAME;
    const OF_SITES: bool = true;
    type Wanted = WantedSite;
    type Seen = SeenSite;

    fn wanted(&self, fleet: &Fleet, lock: &Lock) -> BTreeMap<Name, WantedSite> {
        let each = fleet.sites.iter().filter_map(|(name, site)| {
            let locked = lock.codebases.get(&site.codebase)?;
            let wanted = WantedSite {
                codebase: site.codebase.clone(),
                builder: kind_build::builder(fleet, lock, &site.codebase)?,
                tree: locked.tree.clone(),
                release: locked.moodle.release.clone(),
                versions: versions::of(locked),
                url: site.url.to_string(),
                server: site.database.clone(),
                database_name: site.database_name.clone(),
                prefix: site.prefix.clone(),
                dataroot: site.dataroot.clone(),
                template: site.template.clone(),
                was: site.was.clone(),
                redis: site.redis.clone(),
            };
            Some((name.clone(), wanted))
        });
        each.collect()
    }

    async fn observe(
        &self,
        cx: &Context,
        wanted: &BTreeMap<Name, WantedSite>,
    ) -> BTreeMap<Name, Observation<SeenSite>> {
        let mut seen = BTreeMap::new();
        let mut servers: BTreeMap<&Name, Result<BTreeMap<String, Found>, String>> = BTreeMap::new();
        for server in self.servers.names() {
            servers.insert(server, database::look_at(&self.servers, cx, server).await);
        }
        // A site of the file that is not asked for now is looked at when it is: hundreds of steps look again, each at its own.
        let looked = servers.iter().filter_map(|(server, found)| Some((server, found.as_ref().ok()?)));
        let marks = looked.flat_map(|(server, found)| self.marks(server, found));
        let of_the_file = |name: &Name| wanted.contains_key(name) || self.fleet.sites.contains_key(name);
        // What a site was called is that site.
        let former: BTreeSet<&Name> =
            self.fleet.sites.values().filter_map(|site| site.was.as_ref()).collect();
        let unwanted: Vec<(String, Mark)> = marks
            .filter(|(_, mark)| !of_the_file(&mark.site))
            .filter(|(_, mark)| !former.contains(&mark.site) || rename::is_unused(&cx.paths, mark))
            .filter(|(_, mark)| {
                !mark.was.as_ref().is_some_and(|was| of_the_file(was) || former.contains(was))
            })
            .collect();
        let mut hosts = if unwanted.is_empty() { BTreeMap::new() } else { hosts(cx) };
        for (database, mark) in unwanted {
            let host = [Some(&mark.site), mark.was.as_ref()]
                .into_iter()
                .flatten()
                .find_map(|name| hosts.remove(name));
            seen.insert(mark.site.clone(), self.unwanted(cx, (database, &mark), host));
        }
        let servers: BTreeMap<Name, _> =
            servers.into_iter().map(|(server, found)| (server.clone(), found)).collect();
        for (name, left) in self.forsaken(cx, &servers) {
            let why = Reason("its database is gone".to_owned());
            seen.entry(name).or_insert(Observation::Partial(left, why));
        }
        let bearings = relocation::bearings(&servers, &self.fleet_id.id);
        let fleet = &self.fleet_id.id;
        let ours = servers.iter().map(|(name, found)| {
            (name, found.as_ref().map(|found| Ours::among(found, fleet)).unwrap_or_default())
        });
        let ours: BTreeMap<&Name, Ours<'_>> = ours.collect();
        let each = wanted.iter().map(|(name, want)| {
            let (found, ours) = (servers.get(&want.server), ours.get(&want.server));
            let bearings = bearings.get(name).map_or(&[][..], Vec::as_slice);
            let relocated = self.relocated(cx, name, want, bearings, &servers);
            async move {
                if let Some(observation) = relocated {
                    return (name.clone(), observation);
                }
                let observation = match found.zip(ours) {
                    Some((Ok(found), ours)) => self.see_in_time(cx, name, want, found, ours).await,
                    Some((Err(reason), _)) => Observation::Unknown(Reason(reason.clone())),
                    None => Observation::Unknown(Reason(format!("no server is called `{}`", want.server))),
                };
                (name.clone(), observation)
            }
        });
        let each: Vec<_> = each.collect();
        let all: Vec<_> =
            futures_util::stream::iter(each).buffer_unordered(cx.limits.observations).collect().await;
        seen.extend(all);
        seen
    }

    fn plan(&self, name: &Name, wanted: Option<&WantedSite>, seen: &Observation<SeenSite>) -> Planned {
        match (wanted, seen) {
            (Some(want), Observation::Absent) => {
                planner::install(name, want, "it is not installed", Impact::Create)
            }
            (Some(want), Observation::Partial(SeenSite { database_gone: Some(gone), .. }, Reason(why))) => {
                planner::without_database(want, gone, why)
            }
            (Some(want), Observation::Partial(_, Reason(why))) => {
                planner::install(name, want, &format!("{why}: it is installed anew"), Impact::Create)
            }
            (Some(want), Observation::Present(is)) => planner::present(name, want, is),
            (None, Observation::Present(is) | Observation::Partial(is, _)) => planner::delete(name, is),
            _ => Planned::InStep,
        }
    }

    async fn execute(&self, cx: &Context, step: &Step) -> Result<Effect, StepError> {
        let name = &step.id.subject.name;
        let done = match step.id.action.as_str() {
            INSTALL => {
                let tree = step.params["tree"].as_str().unwrap_or_default();
                self.installation(name, tree)?.run(cx, step).await
            }
            CLONE => {
                let template = step.params["template"].as_str().unwrap_or_default();
                self.cloning(name, template)?.run(cx, step).await
            }
            RENAME => self.rename(cx, step).await,
            CONFIGURE => {
                let tree = step.params["tree"].as_str().unwrap_or_default();
                self.installation(name, tree)?.configure(cx, step).await
            }
            MOVE => {
                let _no_cron = self.without_cron(cx, name).await?;
                let decided: Relocation =
                    serde_json::from_value(step.params["relocation"].clone()).map_err(StepError::failed)?;
                let tree = step.params["tree"].as_str().unwrap_or_default();
                let installation = self.installation(name, tree)?;
                let moving = Moving { installation, fleet: &self.fleet, other: &decided.other };
                moving.run(cx, step, decided.way).await
            }
            SWITCH => {
                let _no_cron = self.without_cron(cx, name).await?;
                let [tree, from] =
                    ["tree", "from"].map(|which| step.params[which].as_str().unwrap_or_default());
                let installation = self.installation(name, tree)?;
                let released = step.params["released"].as_bool() == Some(true);
                Switching { installation, fleet: &self.fleet, from, released }.run(cx, step).await
            }
            _ => {
                let former: Option<Former> =
                    serde_json::from_value(step.params["former"].clone()).map_err(StepError::failed)?;
                let names: Vec<&Name> =
                    [name].into_iter().chain(former.iter().map(|former| &former.name)).collect();
                let mut no_cron = Vec::new();
                for name in &names {
                    no_cron.extend(self.without_cron(cx, name).await?);
                }
                // Under the name that it has now they are its database's, while it has one; those of the other one nothing else leads to.
                let forsaken = step.params["forsaken"].as_bool() == Some(true);
                for former in names.iter().skip(usize::from(!forsaken)) {
                    secrets::forget(&cx.paths, &Generated::SiteDatabase(former))
                        .map_err(StepError::failed)?;
                    secrets::forget(&cx.paths, &Generated::SiteAdmin(former)).map_err(StepError::failed)?;
                }
                let dataroot = step.params["dataroot"].as_str().map(Utf8PathBuf::from);
                let removed = site::remove::remove(cx, &self.fleet_id.id, &names, dataroot).await;
                drop(no_cron);
                removed.map(|()| "its files are gone".to_owned())
            }
        };
        done.map(Effect).map_err(StepError::failed)
    }
}

/// How long a run of a site's cron is waited for before the site is removed: no account can go whose processes live. A run that
/// takes longer is a reason to try again later.
const CRON: std::time::Duration = std::time::Duration::from_mins(3);

impl SiteKind {
    /// Waits until no task of the site is at work, and keeps new ones from beginning while the leases are held.
    async fn without_cron(&self, cx: &Context, name: &Name) -> Result<Vec<Lease>, StepError> {
        let until = tokio::time::Instant::now() + CRON;
        let mut held = Vec::new();
        for subject in [Lane::Scheduled, Lane::Adhoc].map(|lane| cron::subject(name, lane)) {
            held.push(loop {
                match Lease::take(cx, &subject).await {
                    Err(LeaseError::Held { .. })
                        if tokio::time::Instant::now() < until && !cx.cancel.is_cancelled() =>
                    {
                        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                    }
                    taken => break taken.map_err(StepError::failed)?,
                }
            });
        }
        Ok(held)
    }

    async fn rename(&self, cx: &Context, step: &Step) -> Result<String, SiteError> {
        let name = &step.id.subject.name;
        let former: Option<Former> = serde_json::from_value(step.params["former"].clone()).ok().flatten();
        let mut held = Vec::new();
        for site in former.iter().map(|former| &former.name).chain([name]) {
            held.extend(
                self.without_cron(cx, site).await.map_err(|error| SiteError::ReadBack(full_chain(&error)))?,
            );
        }
        let tree = step.params["tree"].as_str().unwrap_or_default();
        let installation =
            self.installation(name, tree).map_err(|error| SiteError::ReadBack(full_chain(&error)))?;
        let renaming = Renaming { installation, fleet: &self.fleet, former: former.as_ref() };
        let renamed = renaming.run(cx, step).await;
        drop(held);
        renamed
    }

    fn cloning<'a>(&'a self, name: &'a Name, template: &str) -> Result<Cloning<'a>, StepError> {
        let found = self.fleet.templates.iter().find(|(name, _)| name.as_str() == template);
        let (template, declared) =
            found.ok_or_else(|| StepError::told(format!("no template is called `{template}`")))?;
        Ok(Cloning { installation: self.installation(name, "")?, template, declared })
    }

    fn installation<'a>(&'a self, name: &'a Name, tree: &'a str) -> Result<Installation<'a>, StepError> {
        let site = self.fleet.sites.get(name);
        let site = site.ok_or_else(|| StepError::told(format!("no site is called `{name}`")))?;
        Ok(Installation {
            servers: &self.servers,
            references: &self.references,
            fleet_id: &self.fleet_id,
            name,
            site,
            tree,
            template: None,
        })
    }
}

/// The addresses whose links lead to sites, by site: a host, and `/` and a path where it is shared.
pub(crate) fn hosts(cx: &Context) -> BTreeMap<Name, String> {
    let entries = std::fs::read_dir(cx.paths.hosts()).into_iter().flatten().flatten();
    let each = entries.filter_map(|entry| {
        let target = std::fs::read_link(entry.path()).ok()?;
        let (site, _) = target.to_str()?.strip_prefix("../sites/")?.split_once('/')?;
        let link = entry.file_name().into_string().ok()?;
        let (host, below) = host_of_link(&link);
        let address = below.map_or_else(|| host.to_owned(), |below| format!("{host}/{below}"));
        Some((site.parse().ok()?, address))
    });
    each.collect()
}

/// What has another version in a locked codebase than in a build, or is in one of both alone, in words: nothing where a site can be moved
/// from the one to the other.
pub async fn differing(cx: &Context, tree: &str, locked: &LockedCodebase) -> Vec<String> {
    versions::differing(&versions::of_build(cx, tree).await, &versions::of(locked))
}

/// The plugins of a build that a locked codebase is without, where nothing else differs between them; else nothing.
pub async fn removed(cx: &Context, tree: &str, locked: &LockedCodebase) -> Vec<String> {
    versions::removed(&versions::of_build(cx, tree).await, &versions::of(locked))
}

/// The address whose link leads to a site: its host, and `/` and its path where it shares that.
pub fn host_of(cx: &Context, name: &Name) -> Option<String> {
    hosts(cx).remove(name)
}
