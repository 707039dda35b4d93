//! What is there of a spare, told from the comment of its database and from its dataroot.

use std::collections::BTreeMap;

use provost_engine::context::Context;
use provost_engine::kind::{Observation, Owner, Reason};
use provost_fleet::model::Template;
use provost_fleet::name::Name;

use super::{SeenSpare, SpareKind, WantedSpare};
use crate::clone::copying::snapshot;
use crate::database::{self, Found};
use crate::kind_template::look_at_mark;
use crate::mark::{Stage, Whose, whose};
use crate::site::files::{self, Dataroot};

/// All servers as they were found, or why not.
type Looked<'a> = BTreeMap<&'a Name, Result<BTreeMap<String, Found>, String>>;

impl SpareKind {
    pub(super) async fn see(
        &self,
        cx: &Context,
        wanted: &BTreeMap<Name, WantedSpare>,
    ) -> BTreeMap<Name, Observation<SeenSpare>> {
        let mut seen = BTreeMap::new();
        let on_disk = self.on_disk(cx);
        // Whatever there is of a spare, its dataroot is: a fleet without spares asks nobody.
        if wanted.is_empty() && on_disk.is_empty() {
            return seen;
        }
        let mut looked = Looked::new();
        for server in self.servers.names() {
            looked.insert(server, database::look_at(&self.servers, cx, server).await);
        }
        for spare in on_disk.into_iter().filter(|spare| !wanted.contains_key(spare)) {
            let left = Reason("its files are left".to_owned());
            seen.insert(spare, Observation::Partial(SeenSpare::default(), left));
        }
        for (server, found) in &looked {
            for (name, one) in found.iter().flatten() {
                let comments = one.comments();
                let spare = comments.flatten().find_map(|comment| self.spare_of(comment));
                if let Some(spare) = spare.filter(|spare| !wanted.contains_key(spare)) {
                    let is = SeenSpare {
                        server: Some((*server).clone()),
                        database_name: name.clone(),
                        ..SeenSpare::default()
                    };
                    seen.insert(spare, Observation::Present(is));
                }
            }
        }
        for (name, want) in wanted {
            seen.insert(name.clone(), self.see_wanted(cx, name, want, &looked));
        }
        seen
    }

    /// The spare that a comment of ours is about.
    fn spare_of(&self, comment: &str) -> Option<Name> {
        let mark = look_at_mark(Some(comment), &self.fleet_id.id)?;
        mark.template.as_ref()?.spare_of.as_ref()?;
        Template::spare_of_site_name(&mark.site)
    }

    /// The spares whose dataroot is there, also one that was being taken.
    fn on_disk(&self, cx: &Context) -> Vec<Name> {
        let entries = std::fs::read_dir(cx.paths.dataroots()).into_iter().flatten().flatten();
        let sites = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<Name>().ok());
        let spares = sites.filter_map(|site| {
            let spare = Template::spare_of_site_name(&site)?;
            // A site may be called so in a fleet without spares.
            let ours = !self.fleet.sites.contains_key(&site)
                && match files::look_at_dataroot(&cx.paths.dataroot(&site)).ok()? {
                    Dataroot::Marked(mark) => {
                        mark.fleet == self.fleet_id.id && (mark.template.is_some() || mark.site != site)
                    }
                    _ => false,
                };
            ours.then_some(spare)
        });
        spares.collect()
    }

    fn see_wanted(
        &self,
        cx: &Context,
        name: &Name,
        want: &WantedSpare,
        looked: &Looked<'_>,
    ) -> Observation<SeenSpare> {
        let here = match looked.get(&want.server) {
            Some(Ok(found)) => found,
            Some(Err(reason)) => return Observation::Unknown(Reason(reason.clone())),
            None => return Observation::Unknown(Reason(format!("no server is called `{}`", want.server))),
        };
        let found = here.get(&want.database_name).cloned().unwrap_or_default();
        for comment in found.comments() {
            match whose(comment.as_deref(), &self.fleet_id.id) {
                Whose::Ours(mark) if mark.site == want.site => {}
                // Copied, and killed before it was marked: its role is ours.
                Whose::Foreign(_) if found.database == Some(None) && found.role.is_some() => {}
                Whose::Ours(mark) => {
                    return Observation::Foreign(Owner(format!(
                        "it belongs to `{}` of this fleet",
                        mark.site
                    )));
                }
                Whose::Foreign(owner) => {
                    return Observation::Foreign(Owner(format!("`{}`: {owner}", want.database_name)));
                }
            }
        }
        let (template, state) = self.template(want, here);
        let is = SeenSpare {
            server: Some(want.server.clone()),
            database_name: want.database_name.clone(),
            stale: false,
            template,
        };
        let files = match files::look_at_dataroot(&cx.paths.dataroot(&want.site)) {
            Ok(Dataroot::Marked(mark)) if mark.fleet == self.fleet_id.id => Some(mark),
            Ok(Dataroot::Absent) => None,
            Ok(_) => {
                let path = cx.paths.dataroot(&want.site);
                return Observation::Foreign(Owner(format!("`{path}` carries no mark of this fleet")));
            }
            Err(error) => return Observation::Unknown(Reason(error.chain())),
        };
        let comment = found.database.clone().flatten();
        let mark = look_at_mark(comment.as_deref(), &self.fleet_id.id);
        let whole = mark.filter(|mark| {
            let of_files = files.as_ref().filter(|files| files.site == want.site);
            mark.stage == Stage::Installed && of_files.is_some_and(|files| files.stage == Stage::Installed)
        });
        if let Some(whole) = whole {
            let of = whole.template.and_then(|made| made.spare_of);
            return Observation::Present(SeenSpare { stale: state.is_some() && of != state, ..is });
        }
        if found == Found::default() && files.is_none() {
            return match is.template {
                Some(_) => Observation::Partial(is, Reason(format!("there is no spare {name} yet"))),
                None => Observation::Absent,
            };
        }
        Observation::Partial(is, Reason("it is not whole".to_owned()))
    }

    /// Why a template cannot be cloned, and what tells its state from every other, where it is made.
    fn template(
        &self,
        want: &WantedSpare,
        here: &BTreeMap<String, Found>,
    ) -> (Option<String>, Option<String>) {
        let Some(declared) = self.fleet.templates.get(&want.template) else { return (None, None) };
        let comment =
            here.get(&declared.site.database_name).and_then(|found| found.database.clone()).flatten();
        let mark = look_at_mark(comment.as_deref(), &self.fleet_id.id);
        let Some(mark) = mark.filter(|mark| mark.stage == Stage::Installed) else { return (None, None) };
        let made = mark.template.unwrap_or_default();
        let why = match (made.open, made.blocks) {
            (true, _) => Some("is open".to_owned()),
            // They are encoded, and only PHP could write a site's address over a spare's.
            (_, true) => Some("has its address in the settings of blocks".to_owned()),
            _ => None,
        };
        (why, comment.as_deref().map(snapshot))
    }
}
