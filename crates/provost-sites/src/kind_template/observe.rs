//! What is there of a template, told from the comment of its database.

use std::collections::BTreeMap;

use provost_engine::context::Context;
use provost_engine::kind::{Observation, Owner, Reason};
use provost_fleet::model::Template;
use provost_fleet::name::Name;

use super::{SeenTemplate, TemplateKind, WantedTemplate, content};
use crate::database::{self, Found};
use crate::mark::{Mark, Stage, TemplateMark, Whose, whose};
use crate::secrets::{self, Generated};
use crate::site::files::{self, Dataroot};

/// All servers as they were found, or why not.
type Looked<'a> = BTreeMap<&'a Name, Result<BTreeMap<String, Found>, String>>;

impl TemplateKind {
    pub(super) async fn see(
        &self,
        cx: &Context,
        wanted: &BTreeMap<Name, WantedTemplate>,
    ) -> BTreeMap<Name, Observation<SeenTemplate>> {
        let mut looked = Looked::new();
        // A fleet that has no template and never had one asks nobody: sites ask the same servers anyway.
        for server in self.servers.names() {
            looked.insert(server, database::look_at(&self.servers, cx, server).await);
        }
        let mut seen = BTreeMap::new();
        for (name, mark, seen_one) in self.marked(&looked) {
            if !wanted.contains_key(&name) {
                seen.insert(name, judge(&mark, seen_one, true));
            }
        }
        for (name, want) in wanted {
            seen.insert(name.clone(), self.see_wanted(cx, name, want, &looked));
        }
        seen
    }

    /// Every database that carries the mark of a template of this fleet.
    fn marked(&self, looked: &Looked<'_>) -> Vec<(Name, Mark, SeenTemplate)> {
        let servers = looked.iter().filter_map(|(server, found)| Some((*server, found.as_ref().ok()?)));
        let all =
            servers.flat_map(|(server, found)| found.iter().map(move |(name, one)| (server, name, one)));
        all.filter_map(|(server, database, one)| {
            let mark = look_at_mark(one.database.as_ref()?.as_deref(), &self.fleet_id.id)?;
            let template = Template::of_site_name(&mark.site)?;
            let seen = seen_of(mark.template.as_ref()?, server, database);
            Some((template, mark, seen))
        })
        .collect()
    }

    fn see_wanted(
        &self,
        cx: &Context,
        name: &Name,
        want: &WantedTemplate,
        looked: &Looked<'_>,
    ) -> Observation<SeenTemplate> {
        let here = match looked.get(&want.server) {
            Some(Ok(found)) => found,
            Some(Err(reason)) => return Observation::Unknown(Reason(reason.clone())),
            None => return Observation::Unknown(Reason(format!("no server is called `{}`", want.server))),
        };
        let found = here.get(&want.database_name).cloned().unwrap_or_default();
        for comment in found.comments() {
            match whose(comment.as_deref(), &self.fleet_id.id) {
                Whose::Ours(mark) if mark.site == want.site => {}
                Whose::Ours(mark) => {
                    return Observation::Foreign(Owner(format!(
                        "it belongs to `{}` of this fleet",
                        mark.site
                    )));
                }
                // Made, and killed before it was marked: its role is ours.
                Whose::Foreign(_) if found.database == Some(None) && found.role.is_some() => {}
                // A role without a mark that has the password which is kept for the template.
                Whose::Foreign(_) if comment.is_none() && is_proven(cx, &want.site, &found) => {}
                Whose::Foreign(owner) => {
                    return Observation::Foreign(Owner(format!("`{}`: {owner}", want.database_name)));
                }
            }
        }
        let mut marked = self.marked(looked).into_iter().filter(|(one, ..)| one == name);
        let Some((_, mark, seen)) = marked.next() else {
            return match found.database {
                None => Observation::Absent,
                Some(_) => Observation::Partial(
                    SeenTemplate {
                        server: Some(want.server.clone()),
                        database_name: want.database_name.clone(),
                        ..SeenTemplate::default()
                    },
                    Reason("its making was interrupted".to_owned()),
                ),
            };
        };
        let dataroot = cx.paths.dataroot(&want.site);
        let files = match files::look_at_dataroot(&dataroot) {
            Ok(Dataroot::Marked(of_files)) => of_files.fleet == mark.fleet && of_files.site == mark.site,
            Ok(Dataroot::Absent) => false,
            Ok(Dataroot::Unmarked) => {
                return Observation::Foreign(Owner(format!("`{dataroot}` carries no mark of Provost")));
            }
            Err(error) => return Observation::Unknown(Reason(error.chain())),
        };
        let content = content::digest(cx, &self.references.base, &want.site, &want.courses);
        let content = match content {
            Ok(content) => content,
            Err(error) => return Observation::Unknown(Reason(error.chain())),
        };
        let made_of = mark.template.as_ref().map_or("", |template| template.content.as_str());
        let content_differs = made_of != content;
        judge(&mark, SeenTemplate { content_differs, ..seen }, files)
    }
}

/// The mark of a template of a fleet, where a comment is one.
pub(crate) fn look_at_mark(comment: Option<&str>, fleet: &str) -> Option<Mark> {
    match whose(comment, fleet) {
        Whose::Ours(mark) => mark.template.is_some().then_some(mark),
        Whose::Foreign(_) => None,
    }
}

fn seen_of(mark: &TemplateMark, server: &Name, database: &str) -> SeenTemplate {
    SeenTemplate {
        tree: mark.tree.clone(),
        release: mark.release.clone(),
        server: Some(server.clone()),
        database_name: database.to_owned(),
        declared: mark.declared.clone(),
        content_differs: false,
        edited: mark.edited,
        open: mark.open,
    }
}

/// Whether a role has the password that we generated for a site: nobody else could have set it.
fn is_proven(cx: &Context, site: &Name, found: &Found) -> bool {
    let kept = secrets::read(&cx.paths, &Generated::SiteDatabase(site)).ok().flatten();
    kept.is_some_and(|kept| database::password_matches(found, &kept) == Some(true))
}

fn judge(mark: &Mark, seen: SeenTemplate, files: bool) -> Observation<SeenTemplate> {
    match mark.stage {
        Stage::Installed if files => Observation::Present(seen),
        Stage::Installed => Observation::Partial(seen, Reason("its files are gone".to_owned())),
        Stage::Created | Stage::Installing | Stage::Moving => {
            Observation::Partial(seen, Reason("its making was not finished".to_owned()))
        }
    }
}
