//! What is there of a site's database and role, told from their marks.

use std::collections::{BTreeMap, BTreeSet};

use provost_engine::context::Context;
use provost_engine::execute::full_chain;
use provost_engine::kind::{Observation, Owner, Reason};
use provost_fleet::name::Name;

use super::{DatabaseKind, SeenDatabase, WantedDatabase};
use crate::database::{self, Found};
use crate::mark::{Whose, whose};
use crate::secrets::{self, Generated};

impl DatabaseKind {
    pub(super) fn tell<'a>(
        &self,
        cx: &Context,
        server: &Name,
        found: &BTreeMap<String, Found>,
        wanted: impl Iterator<Item = (&'a Name, &'a WantedDatabase)>,
        seen: &mut BTreeMap<Name, Observation<SeenDatabase>>,
    ) {
        let mut looked_for = BTreeSet::new();
        for (site, want) in wanted {
            looked_for.insert(want.name.as_str());
            let one = found.get(&want.name).cloned().unwrap_or_default();
            seen.insert(site.clone(), self.judge(cx, server, site, &want.name, &one));
        }
        for (name, one) in found.iter().filter(|(name, _)| !looked_for.contains(name.as_str())) {
            // What carries our mark under a name that nobody asks for: a site that left the file, or one that is asked for under
            // another name.
            let comment = one.database.as_ref().or(one.role.as_ref()).and_then(Option::as_deref);
            if let Whose::Ours(mark) = whose(comment, &self.fleet_id.id)
                && !matches!(seen.get(&mark.site), Some(Observation::Present(_)))
            {
                let observation = self.judge(cx, server, &mark.site, name, one);
                seen.insert(mark.site, observation);
            }
        }
    }

    fn judge(
        &self,
        cx: &Context,
        server: &Name,
        site: &Name,
        name: &str,
        found: &Found,
    ) -> Observation<SeenDatabase> {
        let fleet = &self.fleet_id.id;
        let password_kept = match secrets::read(&cx.paths, &Generated::SiteDatabase(site)) {
            Ok(Some(kept)) => database::password_matches(found, &kept).unwrap_or(true),
            Ok(None) => false,
            Err(error) => return Observation::Unknown(Reason(full_chain(&error))),
        };
        let seen = SeenDatabase { server: server.clone(), name: name.to_owned(), password_kept };
        let of_site = |whose: Whose| match whose {
            Whose::Ours(mark) if &mark.site != site => {
                Whose::Foreign(format!("it belongs to site `{}` of this fleet", mark.site))
            }
            other => other,
        };
        let role = found.role.as_ref().map(|comment| of_site(whose(comment.as_deref(), fleet)));
        let database = found.database.as_ref().map(|comment| of_site(whose(comment.as_deref(), fleet)));
        match (database, role) {
            (None, None) => Observation::Absent,
            (_, Some(Whose::Foreign(owner))) => {
                Observation::Foreign(Owner(format!("role `{name}`: {owner}")))
            }
            (None, Some(Whose::Ours(_))) => {
                Observation::Partial(seen, Reason("its creation was interrupted".to_owned()))
            }
            (Some(Whose::Ours(_)), Some(Whose::Ours(_))) => Observation::Present(seen),
            (Some(Whose::Ours(_)), None) => {
                Observation::Partial(seen, Reason("its role is missing".to_owned()))
            }
            // The role carries our mark and the database none at all: created, and killed before it was marked.
            (Some(Whose::Foreign(_)), Some(Whose::Ours(_))) if found.database == Some(None) => {
                Observation::Partial(seen, Reason("its creation was interrupted".to_owned()))
            }
            (Some(Whose::Foreign(owner)), _) => {
                Observation::Foreign(Owner(format!("database `{name}`: {owner}")))
            }
        }
    }
}
