//! Sites that left the file when nothing but their files was left: no server has their database any more, so no mark there tells of them.

use std::collections::{BTreeMap, BTreeSet};

use provost_engine::context::Context;
use provost_fleet::name::Name;

use super::{DatabaseGone, SeenSite, SiteKind};
use crate::database::Found;
use crate::mark::{Mark, Whose, whose};
use crate::site::files::{self, Dataroot};
use crate::site::traces;

impl SiteKind {
    /// The dataroots at their default place that carry our mark and whose site is known neither to the file nor to any server. None as
    /// long as a server does not answer, nor where the files name a server that left the file: their database may be there.
    pub(super) fn forsaken(
        &self,
        cx: &Context,
        servers: &BTreeMap<Name, Result<BTreeMap<String, Found>, String>>,
    ) -> Vec<(Name, SeenSite)> {
        let Ok(found) = servers.values().map(Result::as_ref).collect::<Result<Vec<_>, _>>() else {
            return Vec::new();
        };
        let databases: Vec<(&String, Option<&str>)> = found
            .iter()
            .flat_map(|found| found.iter())
            .filter_map(|(name, one)| {
                let role = one.role.as_ref().and_then(|role| role.comment.as_deref());
                Some((name, one.database.as_ref()?.as_deref().or(role)))
            })
            .collect();
        let marks = databases.iter().filter_map(|(_, comment)| match whose(*comment, &self.fleet_id.id) {
            Whose::Ours(mark) => Some(mark),
            Whose::Foreign(_) => None,
        });
        let known: BTreeSet<Name> =
            marks.flat_map(|Mark { site, was, .. }| [Some(site), was]).flatten().collect();
        // What an administrator made again carries no mark, and may be the site.
        let may_be = |name: &Name| {
            let own = name.as_str().replace('-', "_");
            databases.iter().any(|(database, comment)| comment.is_none() && database.ends_with(&own))
        };
        let former: BTreeSet<&Name> =
            self.fleet.sites.values().filter_map(|site| site.was.as_ref()).collect();
        let of_the_file = |name: &Name| {
            self.fleet.site(name).is_some() || self.fleet.is_spare(name) || former.contains(name)
        };
        let left = traces::dataroots(&cx.paths)
            .filter(|name| !of_the_file(name) && !known.contains(name) && !may_be(name));
        left.filter_map(|name| {
            let dataroot = cx.paths.dataroot(&name);
            let Ok(Dataroot::Marked(mark)) = files::look_at_dataroot(&dataroot) else { return None };
            let ours = mark.fleet == self.fleet_id.id && mark.site == name && mark.template.is_none();
            let was_on = mark.server.filter(|server| ours && servers.contains_key(server))?;
            let seen = SeenSite {
                tree: files::build_of(&cx.paths, &name),
                dataroot: Some(dataroot),
                database_gone: Some(DatabaseGone { was_on: Some(was_on) }),
                ..SeenSite::default()
            };
            Some((name, seen))
        })
        .collect()
    }
}
