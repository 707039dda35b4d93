//! The kind `site`: installed Moodles.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::Utf8PathBuf;
use futures_util::StreamExt as _;
use provost_codebase::kind_build;
use provost_engine::context::Context;
use provost_engine::execute::full_chain;
use provost_engine::kind::{Effect, Hint, Kind, Observation, Owner, Planned, Reason, StepDraft, StepError};
use provost_engine::plan::{Change, Impact, Step, Subject};
use provost_fleet::lock::Lock;
use provost_fleet::model::{Fleet, Site};
use provost_fleet::name::Name;
use serde::{Deserialize, Serialize};

use crate::database::{self, Found};
use crate::fleet_state::FleetId;
use crate::mark::{Mark, Stage, Whose, whose};
use crate::secrets::{self, Generated, References};
use crate::server::{ClusterState, Servers};
use crate::site::files::{self, Dataroot};
use crate::site::install::Installation;
use crate::site::{self, SiteError, config, facts};
use crate::{accounts, kind_database};

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
    /// wwwroot.
    pub url: String,
    /// Server of its database.
    pub server: Name,
    /// Name of its database.
    pub database_name: String,
    /// Its dataroot where it is not the default.
    pub dataroot: Option<Utf8PathBuf>,
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
    /// Made files that differ from what the file asks for, in words.
    pub differs: Vec<String>,
}

/// The action that installs.
pub const INSTALL: &str = "install";
/// The action that writes the made files again.
pub const CONFIGURE: &str = "configure";
/// The action that removes all but the database.
pub const DELETE: &str = "delete";

impl Kind for SiteKind {
    const NAME: &'static str = NAME;
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
                url: site.url.to_string(),
                server: site.database.clone(),
                database_name: site.database_name.clone(),
                dataroot: site.dataroot.clone(),
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
            servers.insert(server, self.look(cx, server).await);
        }
        for found in servers.values().flatten() {
            for mark in self.marks(found) {
                if !wanted.contains_key(&mark.site) {
                    seen.insert(mark.site.clone(), Self::unwanted(cx, &mark));
                }
            }
        }
        let each = wanted.iter().map(|(name, want)| {
            let found = servers.get(&want.server);
            async move {
                let observation = match found {
                    Some(Ok(found)) => self.see(cx, name, want, found).await,
                    Some(Err(reason)) => Observation::Unknown(Reason(reason.clone())),
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
            (Some(want), Observation::Absent) => install(name, want, "it is not installed", Impact::Create),
            (Some(want), Observation::Partial(_, Reason(why))) => {
                install(name, want, &format!("{why}: it is installed anew"), Impact::Create)
            }
            (Some(want), Observation::Present(is)) => plan_present(want, is),
            (None, Observation::Present(is) | Observation::Partial(is, _)) => delete(name, is),
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
            CONFIGURE => {
                let tree = step.params["tree"].as_str().unwrap_or_default();
                self.installation(name, tree)?.configure(cx, step).await
            }
            _ => {
                let dataroot = step.params["dataroot"].as_str().map(Utf8PathBuf::from);
                let removed = site::remove::remove(cx, &self.fleet_id.id, name, dataroot).await;
                removed.map(|()| "its files are gone".to_owned())
            }
        };
        done.map(Effect).map_err(StepError::failed)
    }
}

fn install(name: &Name, want: &WantedSite, reason: &str, impact: Impact) -> Planned {
    Planned::Steps(vec![StepDraft {
        action: INSTALL,
        reason: reason.to_owned(),
        changes: vec![
            Change::create("Moodle", &want.release),
            Change::create("url", &want.url),
            Change::create("build", short(&want.tree)),
        ],
        after: vec![build_step(want), Subject::new("database", name).step(kind_database::CREATE)],
        impact,
        params: serde_json::json!({ "tree": want.tree }),
    }])
}

fn build_step(want: &WantedSite) -> provost_engine::plan::StepId {
    Subject::new(kind_build::BuildKind::NAME, &want.builder).step(kind_build::ASSEMBLE)
}

/// The first 12 digits of a tree id: enough to tell builds apart by eye.
fn short(tree: &str) -> String {
    tree.chars().take(12).collect()
}

fn plan_present(want: &WantedSite, is: &SeenSite) -> Planned {
    if let Some(url) = is.url.as_ref().filter(|url| **url != want.url) {
        return Planned::Blocked(
            Reason(format!("it was installed as {url}, and the file says {}", want.url)),
            Some(Hint(
                "put the old url back: this version cannot rename a site, whose texts hold its URL"
                    .to_owned(),
            )),
        );
    }
    if let Some((is, want)) = is.dataroot.as_ref().zip(want.dataroot.as_ref()).filter(|(is, want)| is != want)
    {
        return Planned::Blocked(
            Reason(format!("its dataroot is `{is}`, and the file says `{want}`")),
            Some(Hint("put the old dataroot back: this version cannot move files".to_owned())),
        );
    }
    let tree = is.tree.as_ref().unwrap_or(&want.tree);
    if *tree != want.tree && is.build_missing {
        return Planned::Blocked(
            Reason(format!("its build {} is gone from this disk, and the lock names another", short(tree))),
            Some(Hint("take the fleet.lock that named it back from git, and apply".to_owned())),
        );
    }
    // Made files are mended on the build the site runs on, also of a site that is held.
    if !is.differs.is_empty() {
        return configure(want, is, tree);
    }
    if *tree == want.tree {
        return Planned::InStep;
    }
    let on = is.release.as_deref().unwrap_or("an unknown release");
    Planned::Held(
        Reason(format!(
            "behind: on {on} ({}), locked is {} ({})",
            short(tree),
            want.release,
            short(&want.tree)
        )),
        Hint("run `provost upgrade start`".to_owned()),
    )
}

fn configure(want: &WantedSite, is: &SeenSite, tree: &str) -> Planned {
    Planned::Steps(vec![StepDraft {
        action: CONFIGURE,
        reason: "its made files differ from the fleet file".to_owned(),
        changes: is.differs.iter().map(|what| Change::replace(what, "old", "new")).collect(),
        after: vec![build_step(want)],
        impact: Impact::Change,
        params: serde_json::json!({ "tree": tree }),
    }])
}

fn delete(name: &Name, is: &SeenSite) -> Planned {
    let mut changes = vec![Change::remove("site", is.url.as_deref().unwrap_or("unfinished"))];
    changes.extend(is.dataroot.as_ref().map(|dataroot| Change::remove("dataroot", dataroot.as_str())));
    Planned::Steps(vec![StepDraft {
        action: DELETE,
        reason: "it is no longer in the file".to_owned(),
        changes,
        after: vec![Subject::new(crate::kind_vhost::NAME, name).step(crate::kind_vhost::REMOVE)],
        impact: Impact::Destroy,
        params: serde_json::json!({ "dataroot": is.dataroot }),
    }])
}

impl SiteKind {
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
        })
    }

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

    fn marks(&self, found: &BTreeMap<String, Found>) -> Vec<Mark> {
        let ours = found.values().filter_map(|one| {
            let comment = one.database.as_ref()?;
            match whose(comment.as_deref(), &self.fleet_id.id) {
                Whose::Ours(mark) => Some(mark),
                Whose::Foreign(_) => None,
            }
        });
        ours.collect()
    }

    /// A site that carries our mark and is not in the file.
    fn unwanted(cx: &Context, mark: &Mark) -> Observation<SeenSite> {
        let host = host_of(cx, &mark.site);
        let seen = SeenSite {
            tree: files::build_of(&cx.paths, &mark.site),
            dataroot: mark.dataroot.clone().map(Utf8PathBuf::from),
            url: host,
            ..SeenSite::default()
        };
        match mark.stage {
            Stage::Installed => Observation::Present(seen),
            Stage::Created | Stage::Installing => {
                Observation::Partial(seen, Reason("its installation was not finished".to_owned()))
            }
        }
    }

    async fn see(
        &self,
        cx: &Context,
        name: &Name,
        want: &WantedSite,
        found: &BTreeMap<String, Found>,
    ) -> Observation<SeenSite> {
        let dataroot = want.dataroot.clone().unwrap_or_else(|| cx.paths.dataroot(name));
        let comment = found.get(&want.database_name).and_then(|one| one.database.clone());
        let stage = match comment.as_ref().map(|comment| whose(comment.as_deref(), &self.fleet_id.id)) {
            None => None,
            Some(Whose::Ours(mark)) if &mark.site == name => Some(mark),
            // The database's own kind says whose it is; without it there is no site of ours.
            Some(Whose::Ours(_) | Whose::Foreign(_)) => return Observation::Absent,
        };
        let at = stage.as_ref().and_then(|mark| mark.dataroot.clone()).map_or(dataroot, Utf8PathBuf::from);
        let files = match files::look_at_dataroot(&at) {
            Ok(files) => files,
            Err(error) => return Observation::Unknown(Reason(error.chain())),
        };
        let seen = SeenSite { dataroot: Some(at.clone()), ..SeenSite::default() };
        match judge(&self.fleet_id.id, name, stage.map(|mark| mark.stage), &files, &at) {
            Judged::Absent => Observation::Absent,
            Judged::Partial(why) => Observation::Partial(seen, Reason(why)),
            Judged::Foreign(why) => Observation::Foreign(Owner(why)),
            Judged::Unknown(why) => Observation::Unknown(Reason(why)),
            Judged::Installed => match self.see_installed(cx, name, want, seen).await {
                Ok(observation) => observation,
                Err(error) => Observation::Unknown(Reason(error.chain())),
            },
        }
    }

    async fn see_installed(
        &self,
        cx: &Context,
        name: &Name,
        want: &WantedSite,
        mut seen: SeenSite,
    ) -> Result<Observation<SeenSite>, SiteError> {
        let Some(declared) = self.fleet.sites.get(name) else { return Ok(Observation::Absent) };
        let Some(password) = secrets::read(&cx.paths, &Generated::SiteDatabase(name))? else {
            return Ok(Observation::Unknown(Reason(
                "the password of its database is not kept here".to_owned(),
            )));
        };
        let database = &want.database_name;
        let mut own = self.servers.connect(cx, &want.server, database, database, &password).await?;
        let Some(facts) = facts::read(&mut own.sql, &declared.prefix).await? else {
            return Ok(Observation::Unknown(Reason(format!(
                "it is marked as installed, but `{database}` has no tables of Moodle's with the prefix `{}`",
                declared.prefix
            ))));
        };
        seen.version = facts.version;
        seen.release = facts.release;
        seen.url = facts.own.get("wwwroot").cloned();
        let linked = files::build_of(&cx.paths, name);
        seen.differs = self.differences(cx, name, declared, &password, linked.is_some())?;
        seen.tree = linked.or_else(|| facts.own.get("tree").cloned());
        // The wanted build is made by a step of its own, in the same plan: only another one can be missing for good.
        let other = seen.tree.as_ref().filter(|tree| **tree != want.tree);
        seen.build_missing = other.is_some_and(|tree| !cx.paths.build(tree).exists());
        Ok(Observation::Present(seen))
    }

    fn differences(
        &self,
        cx: &Context,
        name: &Name,
        declared: &Site,
        password: &provost_fleet::secret::Secret,
        linked: bool,
    ) -> Result<Vec<String>, SiteError> {
        let rendered = config::render(cx, &self.servers, name, declared, password)?;
        let mut differs = Vec::new();
        if !linked {
            differs.push("link to its build".to_owned());
        }
        let directory = cx.paths.site(name);
        let target = |path: &camino::Utf8Path| {
            std::fs::read_link(path).ok().and_then(|target| target.to_str().map(str::to_owned))
        };
        let kept = target(&directory.join("site.php")).as_deref() == Some(rendered.file_name.as_str())
            && directory.join(&rendered.file_name).exists();
        if !kept {
            differs.push("configuration".to_owned());
        }
        let link = target(&cx.paths.hosts().join(declared.url.host()));
        if link.as_deref() != Some(files::host_target(name, &rendered.file_name).as_str()) {
            differs.push("link of its host".to_owned());
        }
        if accounts::site_if_there(&cx.machine, &self.fleet_id.id, name)?.is_none() {
            differs.push("Unix account".to_owned());
        }
        Ok(differs)
    }
}

/// The host whose link leads to a site.
pub fn host_of(cx: &Context, name: &Name) -> Option<String> {
    let ours = format!("../sites/{name}/");
    let entries = std::fs::read_dir(cx.paths.hosts()).ok()?;
    entries.filter_map(Result::ok).find_map(|entry| {
        let target = std::fs::read_link(entry.path()).ok()?;
        target.to_str()?.starts_with(&ours).then(|| entry.file_name().into_string().ok())?
    })
}

/// What database and dataroot say together.
#[derive(Debug, PartialEq, Eq)]
enum Judged {
    Absent,
    Partial(String),
    Installed,
    Foreign(String),
    Unknown(String),
}

/// Judges from the stage of the database's mark and from the dataroot. Whatever could mean that data is at stake is unknown, never
/// absent.
fn judge(
    fleet: &str,
    name: &Name,
    database: Option<Stage>,
    dataroot: &Dataroot,
    path: &camino::Utf8Path,
) -> Judged {
    let files = match dataroot {
        Dataroot::Absent => None,
        Dataroot::Marked(mark) if mark.fleet == fleet && &mark.site == name => Some(mark.stage),
        Dataroot::Marked(mark) => {
            return Judged::Foreign(format!("`{path}` belongs to site `{}` of another fleet", mark.site));
        }
        Dataroot::Unmarked => {
            return Judged::Foreign(format!("`{path}` is not empty and carries no mark of Provost"));
        }
    };
    match (database, files) {
        (Some(Stage::Installed), Some(_)) => Judged::Installed,
        (Some(Stage::Installed), None) => {
            Judged::Unknown(format!("its dataroot `{path}` is gone; is a disk not mounted?"))
        }
        (_, Some(Stage::Installed)) => Judged::Unknown(format!(
            "its dataroot `{path}` is that of an installed site, but its database is not there or empty; restore it"
        )),
        (Some(Stage::Installing), _) => Judged::Partial("its installation was not finished".to_owned()),
        (Some(Stage::Created) | None, Some(_)) => {
            Judged::Partial("its installation was interrupted".to_owned())
        }
        (Some(Stage::Created) | None, None) => Judged::Absent,
    }
}

#[cfg(test)]
mod tests;
