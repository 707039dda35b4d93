//! Giving a site another name, another URL, or both: not its end and another one's beginning.
//!
//! **The name** is that of its database and role, its dataroot, its account, its secrets, its logs and its made files. All of them move, at
//! no cost: nothing is copied but names. A `database_name` or a `dataroot` that the file gives stays what it is.
//!
//! **The URL** is in texts all over the database. Core's search and replace does what it does right, the agent the rest; see
//! `php/agent/address.php`. Visitors meet the page of maintenance meanwhile.
//!
//! A database says by its mark what its site was called until all else is done, and its tables say which addresses are being replaced:
//! killed anywhere, it is known what is left to do, also when the file was put back meanwhile.

mod address;
mod files;

use std::collections::{BTreeMap, HashMap};

use camino::Utf8PathBuf;
use provost_engine::context::Context;
use provost_engine::paths::Paths;
use provost_engine::plan::Step;
use provost_fleet::model::Fleet;
use provost_fleet::name::Name;
use serde::{Deserialize, Serialize};

use crate::accounts;
use crate::database::{self, Found};
use crate::mark::{Mark, Stage, Whose, whose};
use crate::secrets::{self, Generated};
use crate::site::install::Installation;
use crate::site::{SiteError, copy, dataroot, files as site_files};
use crate::up;

pub(crate) use address::NOTE;

/// What a site is called no more, or is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Former {
    /// Its name until now.
    pub name: Name,
    /// The database that it is in.
    pub database: String,
    /// Whether giving it the other name was begun.
    #[serde(default)]
    pub begun: bool,
}

/// The databases of a server that carry a site's mark. Read once: with thousands of sites, reading all marks anew for each of them takes
/// longer than all else that a plan does.
#[derive(Default)]
pub(crate) struct Ours<'a> {
    all: Vec<(&'a String, Mark)>,
    /// The first of each site, by its place among all.
    site: HashMap<Name, usize>,
    /// Those that say what their site was called, by that.
    was: HashMap<Name, Vec<usize>>,
}

impl<'a> Ours<'a> {
    /// The marks of the sites that one server has.
    pub(crate) fn marks(&self) -> impl Iterator<Item = &Mark> {
        self.all.iter().map(|(_, mark)| mark)
    }

    /// Reads the marks. Templates have a kind of their own.
    pub(crate) fn among(found: &'a BTreeMap<String, Found>, fleet: &str) -> Self {
        let mut ours = Self::default();
        for (database, one) in found {
            let Some(comment) = &one.database else { continue };
            let Whose::Ours(mark) = whose(comment.as_deref(), fleet) else { continue };
            if mark.template.is_some() {
                continue;
            }
            let place = ours.all.len();
            ours.site.entry(mark.site.clone()).or_insert(place);
            if let Some(was) = &mark.was {
                ours.was.entry(was.clone()).or_default().push(place);
            }
            ours.all.push((database, mark));
        }
        ours
    }

    fn of(&self, site: &Name) -> Option<&(&'a String, Mark)> {
        self.site.get(site).map(|place| &self.all[*place])
    }

    fn that_were(&self, name: &Name) -> impl Iterator<Item = &(&'a String, Mark)> {
        self.was.get(name).into_iter().flatten().map(|place| &self.all[*place])
    }
}

/// A site that may be there under another name.
pub(crate) struct Sought<'a> {
    /// Its name.
    pub(crate) site: &'a Name,
    /// What it was called, as the file says.
    pub(crate) was: Option<&'a Name>,
}

impl Sought<'_> {
    /// Looks for it among the databases of its server that are ours. `wanted` says whether the file has a site of a name, `unused` whether
    /// nobody ever used what carries a mark (see [`is_unused`]). Returns what it was and what its mark says; `None` where it has its name,
    /// or is not there.
    ///
    /// # Errors
    /// In words, where it cannot be told which of two it is, or where it is not whole.
    pub(crate) fn among(
        &self,
        ours: &Ours<'_>,
        wanted: impl Fn(&Name) -> bool,
        unused: impl Fn(&Mark) -> bool,
    ) -> Result<Option<(Former, Mark)>, String> {
        let of = |name: &Name| ours.of(name);
        let former = |name: &Name, database: &str, mark: &Mark, begun: bool| {
            Some((Former { name: name.clone(), database: database.to_owned(), begun }, mark.clone()))
        };
        let own = of(self.site);
        if let Some((database, mark)) = own
            && let Some(was) = &mark.was
        {
            // Of a database in two halves the old one has the rest of the tables, and says where the files are.
            let (database, mark) = of(was).map_or((*database, mark), |(database, mark)| (*database, mark));
            return Ok(former(was, database, mark, true));
        }
        // A rename that was begun, and the file was put back.
        let turned = ours.that_were(self.site).find(|(_, mark)| !wanted(&mark.site));
        if let Some((database, mark)) = turned {
            return Ok(former(&mark.site, database, own.map_or(mark, |(_, own)| own), true));
        }
        let begun = self
            .was
            .and_then(|was| Some((was, &ours.that_were(was).find(|(_, mark)| !wanted(&mark.site))?.1.site)));
        if let Some((was, other)) = begun {
            return Err(format!(
                "its rename from `{was}` to `{other}` was not finished: put that name back, and apply"
            ));
        }
        let Some((was, (database, mark))) = self.was.and_then(|was| Some((was, of(was)?))) else {
            return Ok(None);
        };
        if own.is_some() {
            return Err(format!(
                "it is there, and so is `{was}`, which it was: take `was` out of the file, or put `{was}` back into it"
            ));
        }
        if let Some(first) = &mark.was {
            return Err(format!(
                "its rename from `{first}` to `{was}` was not finished: put that name back, and apply"
            ));
        }
        match mark.stage {
            Stage::Installed => Ok(former(was, database, mark, false)),
            Stage::Created | Stage::Installing if unused(mark) => Ok(None),
            Stage::Created | Stage::Installing | Stage::Moving => {
                Err(format!("it was `{was}`, which is not whole: put that name back, and apply"))
            }
        }
    }
}

/// Whether what carries a mark was never a site that anybody used: its making was broken off, and its files say nothing else, or that all
/// of it is in a final copy, which is there. Where such a site is called otherwise in the file, what there is of it goes, and the site is
/// made under its new name.
pub(crate) fn is_unused(paths: &Paths, mark: &Mark) -> bool {
    let begun = matches!(mark.stage, Stage::Created | Stage::Installing) && mark.was.is_none();
    let at = mark.dataroot.clone().map_or_else(|| paths.dataroot(&mark.site), Utf8PathBuf::from);
    begun
        && match site_files::installed_mark(&at, &mark.fleet, &mark.site) {
            None => true,
            Some(installed) => installed.copy.is_some_and(|path| copy::is_copy_of(path.as_ref(), &mark.site)),
        }
}

/// Why a site that is nowhere is not to be made anew under its other name: it was installed, and only its database is gone. In words.
pub(crate) fn lost(cx: &Context, fleet_id: &str, was: &Name) -> Option<String> {
    let dataroot = cx.paths.dataroot(was);
    site_files::installed_mark(&dataroot, fleet_id, was)?;
    Some(format!(
        "it was `{was}`, whose dataroot `{dataroot}` is that of an installed site, and whose database is gone: put that name back"
    ))
}

/// What renaming a site works with.
pub struct Renaming<'a> {
    /// The site, as it shall be.
    pub installation: Installation<'a>,
    /// The fleet, for the addresses of other sites.
    pub fleet: &'a Fleet,
    /// What it was, where its name is another one.
    pub former: Option<&'a Former>,
}

impl Renaming<'_> {
    /// Does it, or goes on with it. Returns what was done and seen.
    pub async fn run(&self, cx: &Context, step: &Step) -> Result<String, SiteError> {
        let site = &self.installation;
        let mut told = Vec::new();
        // From here on the database itself knows what is under way.
        let before = match self.former {
            Some(former) => {
                let before = self.take_name(cx, former).await?;
                told.push(format!("`{}` is `{}`", former.name, site.name));
                Some(before)
            }
            None => None,
        };
        let user = accounts::site(cx, &site.fleet_id.id, site.name).await?;
        site_files::make_logs(cx, site.name, &user)?;
        if site_files::build_of(&cx.paths, site.name).is_none() {
            site_files::point_to_build(cx, site.name, site.tree)?;
        }
        let rendered = site.render(cx)?;
        site_files::write_config(cx, site.name, &rendered, &user)?;
        told.extend(site.settle_caches(cx, step, &user).await?.map(str::to_owned));
        told.extend(self.readdress(cx, step, &user, before.as_deref()).await?);
        site_files::write_mark(&dataroot(cx, site.name, site.site), &site.mark(cx, Stage::Installed), &user)?;
        site_files::open_to_web(cx, site.name, site.site, &rendered)?;
        if let Some(former) = self.former {
            files::leave(cx, &former.name)?;
            self.settle_name(cx).await?;
        }
        Ok(told.join("; "))
    }

    /// Everything that is called as the site is. Returns where its dataroot was.
    async fn take_name(&self, cx: &Context, former: &Former) -> Result<Utf8PathBuf, SiteError> {
        let site = &self.installation;
        let (kept, admins) = (Generated::SiteDatabase(site.name), Generated::SiteAdmin(site.name));
        let (kept_before, admins_before) =
            (Generated::SiteDatabase(&former.name), Generated::SiteAdmin(&former.name));
        let password = match secrets::read(&cx.paths, &kept)? {
            Some(password) => password,
            None => secrets::read_or_draw(&cx.paths, &kept_before)?,
        };
        let (server, name) = (&site.site.database, &site.site.database_name);
        let before = self.dataroot_before(cx, former).await?;
        let mark = Mark {
            was: Some(former.name.clone()),
            dataroot: Some(before.clone().into_string()),
            ..site.mark(cx, Stage::Installed)
        };
        let mut admin = site.servers.admin(cx, server, None).await?;
        database::rename(&mut admin.sql, &former.database, name, &password, &mark).await?;
        drop(admin);
        // Only now: a secret under the new name alone leads to nobody, where the site leaves the file before its database has that name.
        secrets::keep(&cx.paths, &kept, &password)?;
        secrets::copy(&cx.paths, &admins_before, &admins)?;
        for before in [&kept_before, &admins_before] {
            secrets::forget(&cx.paths, before)?;
        }
        // Read back by coming in as the site will.
        let mut own = site.own_connection(cx, name).await?;
        if !database::has_tables(&mut own.sql).await? {
            return Err(SiteError::ReadBack(format!(
                "`{name}` has its name, and role `{name}` sees nothing in it"
            )));
        }
        drop(own);
        files::move_dataroot(&before, &dataroot(cx, site.name, site.site))?;
        let account = async || accounts::rename_site(cx, &site.fleet_id.id, &former.name, site.name).await;
        match account().await {
            // Somebody was killed between taking the pool's file away and telling php-fpm.
            Err(error) if error.is_busy() => {
                up::read_again(cx).await;
                account().await?;
            }
            other => other?,
        }
        files::move_logs(cx, &former.name, site.name)?;
        Ok(before)
    }

    /// Where the dataroot was before: the mark says it until the end.
    async fn dataroot_before(&self, cx: &Context, former: &Former) -> Result<Utf8PathBuf, SiteError> {
        let site = &self.installation;
        let mut admin = site.servers.admin(cx, &site.site.database, None).await?;
        let found = database::look(&mut admin.sql).await?.remove(&former.database).unwrap_or_default();
        let comment = found.database.flatten();
        let said = match whose(comment.as_deref(), &site.fleet_id.id) {
            Whose::Ours(mark) if mark.site == former.name || mark.site == *site.name => mark.dataroot,
            Whose::Ours(_) | Whose::Foreign(_) => {
                let why = format!("`{}` is not the database of site `{}`", former.database, former.name);
                return Err(SiteError::ReadBack(why));
            }
        };
        let own = cx.paths.dataroot(&former.name);
        let said = said.map_or_else(|| own.clone(), Utf8PathBuf::from);
        // The mark tells where it was before the first of two renames, where the file was put back in the midst of one.
        Ok(if !said.exists() && own.exists() { own } else { said })
    }

    /// The marks no longer say what it was.
    async fn settle_name(&self, cx: &Context) -> Result<(), SiteError> {
        let site = &self.installation;
        let name = &site.site.database_name;
        let password = secrets::read_or_make(&cx.paths, &Generated::SiteDatabase(site.name))?;
        let mark = site.mark(cx, Stage::Installed);
        let mut admin = site.servers.admin(cx, &site.site.database, None).await?;
        database::ensure_role(&mut admin.sql, name, &password, &mark).await?;
        Ok(database::set_mark(&mut admin.sql, name, &mark).await?)
    }
}

#[cfg(test)]
mod tests;
