//! What is there of a site's database and role, told from their marks and, where these leave it open, from what it holds.

use std::collections::{BTreeMap, BTreeSet};

use provost_engine::context::Context;
use provost_engine::execute::full_chain;
use provost_engine::kind::{Observation, Owner, Reason};
use provost_fleet::name::Name;

use super::{DatabaseKind, SeenDatabase, WantedDatabase};
use crate::database::{self, Found, Inside, Place};
use crate::mark::{Mark, Stage, Whose, whose};
use crate::relocation::{self, Bearing, Sighting, Whereabouts};
use crate::rename::{self, Ours, Sought};
use crate::secrets::{self, Generated};
use crate::site::files::installed_mark;

impl DatabaseKind {
    /// What is there of the databases that sites of the file have on one server.
    pub(super) async fn see_wanted<'a>(
        &self,
        cx: &Context,
        found: &BTreeMap<String, Found>,
        wanted: impl Iterator<Item = (&'a Name, &'a WantedDatabase)>,
        seen: &mut BTreeMap<Name, Observation<SeenDatabase>>,
    ) {
        let ours = Ours::among(found, &self.fleet_id.id);
        for (site, want) in wanted {
            let sought = Sought { site, was: want.was.as_ref() };
            let unused = |mark: &Mark| rename::is_unused(&cx.paths, mark);
            match sought.among(&ours, |name| self.fleet.sites.contains_key(name), unused) {
                Ok(None) => {}
                // The site's own step gives the database its name, in one go with all else.
                Ok(Some(_)) => {
                    let (server, name) = (want.server.clone(), want.name.clone());
                    let renamed =
                        SeenDatabase { server, name, password_kept: true, mark_lost: false, unused: false };
                    seen.insert(site.clone(), Observation::Present(renamed));
                    continue;
                }
                Err(why) => {
                    seen.insert(site.clone(), Observation::Unknown(Reason(why)));
                    continue;
                }
            }
            let one = found.get(&want.name).cloned().unwrap_or_default();
            let place = Place {
                fleet: &self.fleet_id.id,
                site,
                server: &want.server,
                database: &want.name,
                prefix: &want.prefix,
                dataroot: want.dataroot.as_deref(),
            };
            let inside = place.ask(&self.servers, cx, &one).await;
            let observation = match self.judge(cx, &want.server, site, &want.name, &one, inside) {
                Observation::Absent => {
                    match want.was.as_ref().and_then(|was| rename::lost(cx, &self.fleet_id.id, was)) {
                        Some(why) => Observation::Unknown(Reason(why)),
                        None => self.left_behind(cx, &place),
                    }
                }
                // What it is for is gone, and its site was installed: see what the site's own kind says of it.
                Observation::Partial(seen, _)
                    if one.database.is_none() && place.installed_files(cx).is_some() =>
                {
                    let why = "it is gone: an empty one, for the site's dump to be restored into";
                    Observation::Partial(seen, Reason(why.to_owned()))
                }
                // A clone that was never one has its role; its database comes to be as a copy.
                Observation::Partial(seen, _)
                    if want.clone
                        && one.database.is_none()
                        && one.role.is_some()
                        && place.installed_files(cx).is_none() =>
                {
                    Observation::Present(seen)
                }
                other => other,
            };
            seen.insert(site.clone(), observation);
        }
    }

    /// A site without a database is new, unless its files say that it was installed on a server that left the file.
    fn left_behind(&self, cx: &Context, place: &Place<'_>) -> Observation<SeenDatabase> {
        let before = place.installed_files(cx).and_then(|mark| mark.server);
        let Some(server) = before.filter(|server| self.servers.declared(server).is_err()) else {
            return Observation::Absent;
        };
        let why = format!("its site was installed on `{server}`, which is no longer in the file");
        let name = place.database.to_owned();
        Observation::Partial(
            SeenDatabase { server, name, password_kept: true, mark_lost: false, unused: false },
            Reason(why),
        )
    }

    /// What carries our mark on one server under a name that nobody asks for: a site that left the file, or one that is asked for
    /// under another name.
    pub(super) async fn see_others(
        &self,
        cx: &Context,
        server: &Name,
        found: &BTreeMap<String, Found>,
        of_interest: impl Fn(&Name) -> bool,
        seen: &mut BTreeMap<Name, Observation<SeenDatabase>>,
    ) {
        // By the file, whatever is asked for now: what a site of the file names is not another one's to drop.
        let sites = &self.fleet.sites;
        let here = sites.values().filter(|site| &site.database == server);
        let looked_for: BTreeSet<&str> = here.map(|site| site.database_name.as_str()).collect();
        let former: BTreeSet<&Name> = sites.values().filter_map(|site| site.was.as_ref()).collect();
        for (name, one) in found.iter().filter(|(name, _)| !looked_for.contains(name.as_str())) {
            // One that was created and not marked, by whoever was killed or by a server that ended what he had asked of it.
            let unmarked = one.database == Some(None);
            let role = one.role.as_ref().and_then(|role| role.comment.as_deref());
            let comment = one.database.as_ref().map_or(role, |comment| comment.as_deref().or(role));
            if let Whose::Ours(mark) = whose(comment, &self.fleet_id.id)
                // Templates have a kind of their own.
                && mark.template.is_none()
                // Whether a password is the one that we keep takes thousands of digests.
                && of_interest(&mark.site)
                // One whose rename was begun, and the file was put back or edited again, is what it was.
                && mark.was.as_ref().is_none_or(|was| !sites.contains_key(was) && !former.contains(was))
                // A role alone says nothing of a site that is asked for elsewhere.
                && (one.database.is_some() || !seen.contains_key(&mark.site))
                && !matches!(seen.get(&mark.site), Some(Observation::Present(_)))
            {
                let inside =
                    if unmarked { Some(self.look_into(cx, server, &mark.site, name).await) } else { None };
                let mut observation = self.judge(cx, server, &mark.site, name, one, inside);
                if let Observation::Present(seen) | Observation::Partial(seen, _) = &mut observation {
                    // By the role's mark where there is no other: a role holds nothing, and of a database without a mark only one goes
                    // that holds nothing, as is asked below.
                    seen.unused = rename::is_unused(&cx.paths, &mark);
                }
                // What else is in it is not ours to judge.
                let nothing = matches!(&observation, Observation::Partial(seen, _) if !seen.mark_lost);
                if !unmarked || nothing {
                    seen.insert(mark.site, observation);
                }
            }
        }
    }

    /// What a database holds that nobody asks for. Tables with another prefix than Moodle's own are somebody's.
    async fn look_into(
        &self,
        cx: &Context,
        server: &Name,
        site: &Name,
        database: &str,
    ) -> Result<Inside, String> {
        let place =
            Place { fleet: &self.fleet_id.id, site, server, database, prefix: "mdl_", dataroot: None };
        place.look(&self.servers, cx).await
    }

    /// Sites whose database is not, or not only, where the file says: the site's own kind moves it, and all that belongs to it.
    pub(super) fn see_relocated(
        &self,
        cx: &Context,
        wanted: &BTreeMap<Name, WantedDatabase>,
        looked: &BTreeMap<Name, Result<BTreeMap<String, Found>, String>>,
        seen: &mut BTreeMap<Name, Observation<SeenDatabase>>,
    ) {
        let bearings = relocation::bearings(looked, &self.fleet_id.id);
        let unseen = |server: &Name| looked.get(server)?.as_ref().err().cloned();
        for (site, want) in wanted {
            let bearings = bearings.get(site).map_or(&[][..], Vec::as_slice);
            let settled =
                |one: &Bearing| one.server == want.server && one.stage == Stage::Installed && !one.role_only;
            if bearings.len() == 1 && settled(&bearings[0]) {
                continue;
            }
            let dataroot = want.dataroot.clone().unwrap_or_else(|| cx.paths.dataroot(site));
            let mark = installed_mark(&dataroot, &self.fleet_id.id, site);
            let files = mark.as_ref().and_then(|mark| mark.server.as_ref());
            let sighting = Sighting { wanted: &want.server, files, bearings, unseen: &unseen };
            let observation = match sighting.judge() {
                Whereabouts::Here => continue,
                // What there is of a role elsewhere changes nothing of the database here.
                Whereabouts::Left(other)
                    if bearings.iter().any(|one| one.server == other.server && one.role_only) =>
                {
                    continue;
                }
                Whereabouts::Both(why) | Whereabouts::Unseen(why) => Observation::Unknown(Reason(why)),
                Whereabouts::There(_) | Whereabouts::Left(_) | Whereabouts::GivenUp(_) => {
                    let (server, name) = (want.server.clone(), want.name.clone());
                    Observation::Present(SeenDatabase {
                        server,
                        name,
                        password_kept: true,
                        mark_lost: false,
                        unused: false,
                    })
                }
            };
            // What is not known of the server that the file names stays unknown.
            if !matches!(seen.get(site), Some(Observation::Unknown(_) | Observation::Foreign(_))) {
                seen.insert(site.clone(), observation);
            }
        }
    }

    /// Judges from the marks, and from what the database holds where that was asked.
    fn judge(
        &self,
        cx: &Context,
        server: &Name,
        site: &Name,
        name: &str,
        found: &Found,
        inside: Option<Result<Inside, String>>,
    ) -> Observation<SeenDatabase> {
        let fleet = &self.fleet_id.id;
        let (password_kept, proven) = match secrets::read(&cx.paths, &Generated::SiteDatabase(site)) {
            Ok(Some(kept)) => {
                let same = database::password_matches(found, &kept);
                (same.unwrap_or(true), same.unwrap_or(false))
            }
            Ok(None) => (false, false),
            Err(error) => return Observation::Unknown(Reason(full_chain(&error))),
        };
        let mut seen = SeenDatabase {
            server: server.clone(),
            name: name.to_owned(),
            password_kept,
            mark_lost: false,
            unused: false,
        };
        let of_site = |whose: Whose| match whose {
            Whose::Ours(mark) if &mark.site != site => {
                Whose::Foreign(format!("it belongs to site `{}` of this fleet", mark.site))
            }
            other => other,
        };
        let role = found.role.as_ref().map(|role| of_site(whose(role.comment.as_deref(), fleet)));
        let database = found.database.as_ref().map(|comment| of_site(whose(comment.as_deref(), fleet)));
        let unmarked = found.database == Some(None);
        // A role that the administrator made anew carries no mark either.
        let unmarked_role = found.role.as_ref().is_some_and(|role| role.comment.is_none());
        let strangers_role = matches!(role, Some(Whose::Foreign(_))) && !unmarked_role;
        // The password that we generated for the site proves as much as a mark.
        let proven_role = unmarked_role && proven;
        let without_rights = found.role.as_ref().is_some_and(|role| !role.rights);
        match inside {
            Some(Ok(Inside::ThisSite(_))) if !strangers_role => {
                seen.mark_lost = true;
                let mark =
                    if unmarked { "its mark is gone" } else { "its mark says that it is not installed" };
                return Observation::Partial(
                    seen,
                    Reason(format!("{mark}, but what it holds is this site of this fleet")),
                );
            }
            Some(Ok(Inside::OfRole(owner))) if !strangers_role => {
                return Observation::Unknown(Reason(format!(
                    "what it holds is this site of this fleet, but its tables belong to role `{owner}` and not to `{name}`; \
                     restore it as that role"
                )));
            }
            // Copied from a template of ours, and killed before it was marked. Nobody has used it.
            Some(Ok(Inside::Copy)) if unmarked && matches!(role, Some(Whose::Ours(_))) => {
                return Observation::Partial(seen, Reason("its copying was interrupted".to_owned()));
            }
            Some(Ok(Inside::Else | Inside::Copy)) if unmarked => {
                return foreign(name, "it carries no mark of Provost, and what it holds is not this site");
            }
            Some(Err(why)) if unmarked => {
                return foreign(
                    name,
                    &format!("it carries no mark of Provost, and cannot be looked into: {why}"),
                );
            }
            Some(Err(why)) => return Observation::Unknown(Reason(why)),
            _ => {}
        }
        let role = match role {
            None => RoleIs::Absent,
            Some(Whose::Foreign(owner)) if !proven_role => RoleIs::Foreign(owner),
            Some(_) => RoleIs::Ours,
        };
        let interrupted = || Reason("its creation was interrupted".to_owned());
        match (database, role) {
            (None, RoleIs::Absent) => Observation::Absent,
            (_, RoleIs::Foreign(owner)) => Observation::Foreign(Owner(format!("role `{name}`: {owner}"))),
            (None, RoleIs::Ours) => Observation::Partial(seen, interrupted()),
            (Some(Whose::Ours(_)), RoleIs::Ours) if without_rights => {
                Observation::Partial(seen, Reason("its role has no rights on it".to_owned()))
            }
            (Some(Whose::Ours(_)), RoleIs::Ours) if proven_role => {
                Observation::Partial(seen, Reason("its role has lost its mark".to_owned()))
            }
            (Some(Whose::Ours(_)), RoleIs::Ours) => Observation::Present(seen),
            (Some(Whose::Ours(_)), RoleIs::Absent) => {
                Observation::Partial(seen, Reason("its role is missing".to_owned()))
            }
            // The role is ours and the database has no mark at all: created, and killed before it was marked.
            (Some(Whose::Foreign(_)), RoleIs::Ours) if unmarked => Observation::Partial(seen, interrupted()),
            (Some(Whose::Foreign(owner)), _) => foreign(name, &owner),
        }
    }
}

/// Whose a database's role is.
enum RoleIs {
    Absent,
    Ours,
    /// Not ours; why not.
    Foreign(String),
}

fn foreign(name: &str, why: &str) -> Observation<SeenDatabase> {
    Observation::Foreign(Owner(format!("database `{name}`: {why}")))
}
