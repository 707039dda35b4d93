//! What is there of a site, told from its database, its dataroot and its made files.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;
use provost_engine::execute::full_chain;
use provost_engine::kind::{Observation, Owner, Reason};
use provost_fleet::model::Site;
use provost_fleet::name::Name;

use super::{DatabaseGone, SeenSite, SiteKind, WantedSite, versions};
use crate::accounts;
use crate::database::{Found, Inside, Place};
use crate::mark::{Mark, Stage, Whose, whose};
use crate::rename::{self, Former, Ours, Sought};
use crate::secrets::{self, Generated};
use crate::site::facts::{self, Facts};
use crate::site::files::{self, Dataroot};
use crate::site::moving::page;
use crate::site::{SiteError, caches, config, sessions};

/// The longest look at one site. Tables that are locked would keep it for as long as the server allows, and all other sites with it.
const LOOK: std::time::Duration = std::time::Duration::from_secs(30);

impl SiteKind {
    /// The marks of sites on a server, but for those of databases that a site of the file names: whosever they are, that has to be told first.
    pub(super) fn marks(&self, server: &Name, found: &BTreeMap<String, Found>) -> Vec<(String, Mark)> {
        let sites = self.fleet.sites.iter().filter(|(_, site)| &site.database == server);
        let named: BTreeMap<&str, &Name> =
            sites.map(|(name, site)| (site.database_name.as_str(), name)).collect();
        let ours = found.iter().filter_map(|(database, one)| {
            let comment = one.database.as_ref()?;
            match whose(comment.as_deref(), &self.fleet_id.id) {
                // Templates have a kind of their own.
                Whose::Ours(mark) if mark.template.is_some() => None,
                Whose::Ours(mark) => {
                    let of_another = named.get(database.as_str()).is_some_and(|site| **site != mark.site);
                    (!of_another).then(|| (database.clone(), mark))
                }
                Whose::Foreign(_) => None,
            }
        });
        ours.collect()
    }

    /// A site that carries our mark and is not in the file.
    pub(super) fn unwanted(
        &self,
        cx: &Context,
        (database, mark): (String, &Mark),
        host: Option<String>,
    ) -> Observation<SeenSite> {
        // Of a rename that was begun, what is made may have either name, and so may the dataroot.
        let former = mark.was.clone().map(|name| Former { name, database, begun: true });
        let names: Vec<&Name> = [&mark.site].into_iter().chain(&mark.was).collect();
        let said = mark.dataroot.clone().map(Utf8PathBuf::from);
        let mut places = said.iter().cloned().chain(names.iter().map(|name| cx.paths.dataroot(name)));
        // A database that was made again, or is half made, does not say where the files are.
        let lies = places.find(|path| self.is_of(path, &names));
        let seen = SeenSite {
            tree: names.iter().find_map(|name| files::build_of(&cx.paths, name)),
            dataroot: lies.or_else(|| said.clone()),
            url: host,
            former,
            unused: rename::is_unused(&cx.paths, mark),
            ..SeenSite::default()
        };
        match mark.stage {
            Stage::Installed => Observation::Present(seen),
            Stage::Created | Stage::Installing | Stage::Moving => {
                Observation::Partial(seen, Reason("its installation was not finished".to_owned()))
            }
        }
    }

    /// Whether a dataroot is that of a site of this fleet, which has one of some names.
    fn is_of(&self, path: &Utf8Path, names: &[&Name]) -> bool {
        match files::look_at_dataroot(path) {
            Ok(Dataroot::Marked(mark)) => mark.fleet == self.fleet_id.id && names.contains(&&mark.site),
            _ => false,
        }
    }

    /// A site that is there under another name.
    pub(super) async fn see_former(
        &self,
        cx: &Context,
        name: &Name,
        want: &WantedSite,
        former: Former,
        mark: &Mark,
    ) -> Observation<SeenSite> {
        let before = mark.dataroot.clone().map_or_else(|| cx.paths.dataroot(&former.name), Utf8PathBuf::from);
        let after = want.dataroot.clone().unwrap_or_else(|| cx.paths.dataroot(name));
        let ours = |path: &Utf8Path| self.is_of(path, &[&former.name, name]);
        // Of a rename that was begun and taken back, it may be where the other name has it.
        let other = cx.paths.dataroot(&former.name);
        let Some(dataroot) = [&before, &after, &other].into_iter().find(|path| ours(path)).cloned() else {
            return Observation::Unknown(Reason(format!(
                "it was `{}`, whose dataroot `{before}` is gone; is a disk not mounted?",
                former.name
            )));
        };
        let facts = async {
            let mut inside = self.servers.admin(cx, &want.server, Some(&former.database)).await?;
            Ok::<_, SiteError>(facts::read(&mut inside.sql, &want.prefix).await?)
        };
        // Between the two halves of a database there may be none to be had. One that cannot be read before is not touched.
        let facts = match facts.await {
            Ok(Some(facts)) => facts,
            _ if former.begun => Facts::default(),
            Ok(None) => {
                return Observation::Unknown(Reason(format!(
                    "it was `{}`, and `{}` has no tables of Moodle's with the prefix `{}`",
                    former.name, former.database, want.prefix
                )));
            }
            Err(error) => return Observation::Unknown(Reason(full_chain(&error))),
        };
        let linked = [&former.name, name].into_iter().find_map(|name| files::build_of(&cx.paths, name));
        let tree = linked.or_else(|| facts.own.get("tree").cloned());
        let other = tree.as_ref().filter(|tree| **tree != want.tree);
        Observation::Present(SeenSite {
            build_missing: other.is_some_and(|tree| !cx.paths.build(tree).exists()),
            tree,
            release: facts.release,
            version: facts.version,
            url: facts.own.get("wwwroot").cloned(),
            dataroot: Some(dataroot),
            former: Some(former),
            ..SeenSite::default()
        })
    }

    /// Looks at one, under whichever name it is there; not for ever, where somebody has locked its tables.
    pub(super) async fn see_in_time(
        &self,
        cx: &Context,
        name: &Name,
        want: &WantedSite,
        found: &BTreeMap<String, Found>,
        ours: &Ours<'_>,
    ) -> Observation<SeenSite> {
        let sought = Sought { site: name, was: want.was.as_ref() };
        let unused = |mark: &Mark| rename::is_unused(&cx.paths, mark);
        let looked = async {
            match sought.among(ours, |name| self.fleet.sites.contains_key(name), unused) {
                Ok(None) => match (self.see(cx, name, want, found).await, want.was.as_ref()) {
                    (Observation::Absent, Some(was)) => match rename::lost(cx, &self.fleet_id.id, was) {
                        Some(why) => Observation::Unknown(Reason(why)),
                        None => Observation::Absent,
                    },
                    (seen, _) => seen,
                },
                Ok(Some((former, mark))) => self.see_former(cx, name, want, former, &mark).await,
                Err(why) => Observation::Unknown(Reason(why)),
            }
        };
        tokio::select! {
            looked = tokio::time::timeout(LOOK, looked) => looked.unwrap_or_else(|_elapsed| {
                Observation::Unknown(Reason(format!("its database did not answer within {} s", LOOK.as_secs())))
            }),
            () = cx.cancel.cancelled() => Observation::Unknown(Reason("it was not looked at to the end".to_owned())),
        }
    }

    pub(super) async fn see(
        &self,
        cx: &Context,
        name: &Name,
        want: &WantedSite,
        found: &BTreeMap<String, Found>,
    ) -> Observation<SeenSite> {
        let dataroot = want.dataroot.clone().unwrap_or_else(|| cx.paths.dataroot(name));
        let found = found.get(&want.database_name).cloned().unwrap_or_default();
        let inside = self.place(name, want).ask(&self.servers, cx, &found).await;
        let mark = found.database.as_ref().map(|comment| whose(comment.as_deref(), &self.fleet_id.id));
        let (stage, facts) = match (mark, inside) {
            (mark, Some(Ok(Inside::ThisSite(facts)))) => {
                (Some(installed(&self.fleet_id.id, name, mark)), Some(facts))
            }
            (Some(Whose::Ours(mark)), _) if &mark.site == name => (Some(mark), None),
            (None, _) => (None, None),
            (Some(Whose::Foreign(_)), _) if found.database == Some(None) => (None, None),
            // The database's own kind says whose it is; without it there is no site of ours.
            (Some(Whose::Ours(_) | Whose::Foreign(_)), _) => return Observation::Absent,
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
            Judged::DatabaseGone(was_on) => {
                let on = was_on.as_ref().map(|server| format!(" on `{server}`")).unwrap_or_default();
                let why = format!(
                    "its dataroot `{at}` is that of a site that was installed{on}, and `{}` on `{}` is not there or empty",
                    want.database_name, want.server
                );
                let database_gone = Some(DatabaseGone { was_on });
                Observation::Partial(SeenSite { database_gone, ..seen }, Reason(why))
            }
            Judged::Installed => match self.see_installed(cx, name, want, seen, facts).await {
                Ok(observation) => observation,
                Err(error) => Observation::Unknown(Reason(error.chain())),
            },
        }
    }

    fn place<'a>(&'a self, name: &'a Name, want: &'a WantedSite) -> Place<'a> {
        Place {
            fleet: &self.fleet_id.id,
            site: name,
            server: &want.server,
            database: &want.database_name,
            prefix: &want.prefix,
            dataroot: want.dataroot.as_deref(),
        }
    }

    async fn see_installed(
        &self,
        cx: &Context,
        name: &Name,
        want: &WantedSite,
        mut seen: SeenSite,
        facts: Option<Facts>,
    ) -> Result<Observation<SeenSite>, SiteError> {
        let Some(declared) = self.fleet.sites.get(name) else { return Ok(Observation::Absent) };
        let Some(password) = secrets::read(&cx.paths, &Generated::SiteDatabase(name))? else {
            return Ok(Observation::Unknown(Reason(
                "the password of its database is not kept here".to_owned(),
            )));
        };
        let database = &want.database_name;
        let facts = if facts.is_some() {
            facts
        } else {
            let mut own = self.servers.connect(cx, &want.server, database, database, &password).await?;
            let facts = facts::read(&mut own.sql, &declared.prefix).await;
            own.close().await;
            facts?
        };
        let Some(facts) = facts else {
            return Ok(Observation::Unknown(Reason(format!(
                "it is marked as installed, but `{database}` has no tables of Moodle's with the prefix `{}`",
                declared.prefix
            ))));
        };
        seen.version = facts.version;
        seen.release = facts.release;
        seen.url = facts.own.get("wwwroot").cloned();
        seen.unsettled = facts.own.contains_key(rename::NOTE);
        let linked = files::build_of(&cx.paths, name);
        seen.sessions = sessions::moved(&cx.paths.site(name).join("site.php"), declared)
            .map(|(from, to)| (from.to_owned(), to.to_owned()));
        seen.unforced = config::not_yet_forced(cx, name, declared);
        seen.differs = self.differences(cx, name, declared, &password, linked.is_some())?;
        seen.tree = linked.or_else(|| facts.own.get("tree").cloned());
        // The wanted build is made by a step of its own, in the same plan: only another one can be missing for good.
        let other = seen.tree.as_ref().filter(|tree| **tree != want.tree);
        if let Some(tree) = other {
            let is = versions::of_build(cx, tree).await;
            seen.lowered = versions::lowered(&is, &want.versions);
            seen.differing = versions::differing(&is, &want.versions);
            seen.removed = versions::removed(&is, &want.versions);
            seen.released = !seen.removed.is_empty() && may_go(&seen.removed, facts.own.get("released"));
            seen.other_codebase = versions::is_of_others(cx, tree, &want.codebase);
        }
        if seen.tree.as_ref() == Some(&want.tree) {
            // The mark goes when the site has been told.
            seen.released = facts.own.contains_key("released");
        }
        seen.halted = seen.dataroot.as_deref().is_some_and(page::is_ours);
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
        let mut differs = Vec::new();
        if !linked {
            differs.push("link to its build".to_owned());
        }
        let directory = cx.paths.site(name);
        let target = |path: &Utf8Path| {
            std::fs::read_link(path).ok().and_then(|target| target.to_str().map(str::to_owned))
        };
        let access = match sessions::access(cx, &self.servers, name, declared) {
            // What it has of its Redis is made in the same plan, and then written down.
            Err(SiteError::NoKeyspace { .. }) => None,
            other => Some(other?),
        };
        let rendered = match &access {
            Some(_) => Some(config::render(cx, &self.servers, name, declared, password)?.file_name),
            None => None,
        };
        let kept = rendered.as_ref().is_some_and(|rendered| {
            target(&directory.join("site.php")).as_deref() == Some(rendered.as_str())
                && directory.join(rendered).exists()
        });
        if !kept {
            differs.push("configuration".to_owned());
        }
        let link = target(&cx.paths.hosts().join(files::link_name(declared)));
        if rendered.is_none_or(|rendered| link != Some(files::host_target(name, &rendered))) {
            differs.push("link of its host".to_owned());
        }
        let dataroot = crate::site::dataroot(cx, name, declared);
        if access.is_none_or(|access| caches::differs(&dataroot, access.as_ref())) {
            differs.push("cache configuration".to_owned());
        }
        if accounts::site_if_there(&cx.machine, &self.fleet_id.id, name)?.is_none() {
            differs.push("Unix account".to_owned());
        }
        Ok(differs)
    }
}

/// Whether a site's database says that plugins may go.
fn may_go(plugins: &[String], mark: Option<&String>) -> bool {
    let marked: Vec<&str> = mark.map(|mark| mark.split(',').collect()).unwrap_or_default();
    plugins.iter().all(|plugin| marked.contains(&plugin.as_str()))
}

/// The mark that a database will have that holds this site: its own kind marks it again.
fn installed(fleet: &str, name: &Name, mark: Option<Whose>) -> Mark {
    let dataroot = match mark {
        Some(Whose::Ours(mark)) => mark.dataroot,
        _ => None,
    };
    Mark {
        fleet: fleet.to_owned(),
        site: name.clone(),
        stage: Stage::Installed,
        dataroot,
        was: None,
        server: None,
        copy: None,
        template: None,
    }
}

/// What database and dataroot say together.
#[derive(Debug, PartialEq, Eq)]
enum Judged {
    Absent,
    Partial(String),
    Installed,
    Foreign(String),
    Unknown(String),
    /// The files of an installed site, and no database: by the files it was on this server.
    DatabaseGone(Option<Name>),
}

/// Judges from the stage of the database's mark and from the dataroot. Whatever could mean that data is at stake is never absent.
fn judge(fleet: &str, name: &Name, database: Option<Stage>, dataroot: &Dataroot, path: &Utf8Path) -> Judged {
    let files = match dataroot {
        Dataroot::Absent => None,
        Dataroot::Marked(mark) if mark.fleet == fleet && &mark.site == name => Some(mark),
        Dataroot::Marked(mark) => {
            let whose = if mark.fleet == fleet { "this" } else { "another" };
            return Judged::Foreign(format!("`{path}` belongs to site `{}` of {whose} fleet", mark.site));
        }
        Dataroot::Unmarked => {
            return Judged::Foreign(format!("`{path}` is not empty and carries no mark of Provost"));
        }
    };
    match (database, files.map(|mark| mark.stage)) {
        (Some(Stage::Installed), Some(_)) => Judged::Installed,
        (Some(Stage::Installed), None) => {
            Judged::Unknown(format!("its dataroot `{path}` is gone; is a disk not mounted?"))
        }
        (_, Some(Stage::Installed)) => Judged::DatabaseGone(files.and_then(|mark| mark.server.clone())),
        (Some(Stage::Installing | Stage::Moving), _) => {
            Judged::Partial("its installation was not finished".to_owned())
        }
        (Some(Stage::Created) | None, Some(_)) => {
            Judged::Partial("its installation was interrupted".to_owned())
        }
        (Some(Stage::Created) | None, None) => Judged::Absent,
    }
}

#[cfg(test)]
mod tests;
