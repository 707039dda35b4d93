//! Sites whose database is not, or not only, on the server that the file names.

use std::collections::BTreeMap;

use provost_engine::context::Context;
use provost_engine::kind::{Observation, Reason};
use provost_fleet::name::Name;

use super::{Relocation, SeenSite, SiteKind, WantedSite};
use crate::database::Found;
use crate::mark::Stage;
use crate::relocation::{Bearing, Other, Sighting, Whereabouts};
use crate::site::files;
use crate::site::moving::Way;

impl SiteKind {
    /// What is to be said of such a site; `None` of one that is where the file says, and nowhere else.
    pub(super) fn relocated(
        &self,
        cx: &Context,
        name: &Name,
        want: &WantedSite,
        bearings: &[Bearing],
        servers: &BTreeMap<Name, Result<BTreeMap<String, Found>, String>>,
    ) -> Option<Observation<SeenSite>> {
        let dataroot = want.dataroot.clone().unwrap_or_else(|| cx.paths.dataroot(name));
        let mark = files::installed_mark(&dataroot, &self.fleet_id.id, name);
        let unseen = |server: &Name| servers.get(server)?.as_ref().err().cloned();
        let files_say = mark.as_ref().and_then(|mark| mark.server.as_ref());
        let sighting = Sighting { wanted: &want.server, files: files_say, bearings, unseen: &unseen };
        let (way, other) = match sighting.judge() {
            Whereabouts::Here => return None,
            Whereabouts::Unseen(why) => return Some(Observation::Unknown(Reason(why))),
            Whereabouts::Both(why) => {
                let hint = "put the server that it was on before back into the file; drop by hand the database that is none of its";
                return Some(Observation::Unknown(Reason(format!("{why}; {hint}"))));
            }
            Whereabouts::There(other) => (Way::Go, other),
            Whereabouts::Left(other) => (Way::Finish, other),
            Whereabouts::GivenUp(other) => (Way::Back, other),
        };
        // Without a server that was seen nothing is known of it.
        let here = servers.get(&want.server)?;
        if let Err(why) = here {
            return Some(Observation::Unknown(Reason(why.clone())));
        }
        if mark.is_none() {
            let why = format!("its dataroot `{dataroot}` is gone; is a disk not mounted?");
            return Some(Observation::Unknown(Reason(why)));
        }
        let refused = if way == Way::Go { self.refused(want, &other, bearings) } else { None };
        Some(Observation::Present(SeenSite {
            tree: files::build_of(&cx.paths, name),
            dataroot: Some(dataroot),
            url: Some(want.url.clone()),
            relocation: Some(Relocation { way, other, refused }),
            ..SeenSite::default()
        }))
    }

    /// Why a database cannot be brought over.
    fn refused(&self, want: &WantedSite, other: &Other, bearings: &[Bearing]) -> Option<String> {
        let engine = |server: &Name| Some(self.fleet.databases.get(server)?.engine);
        let (is, wanted) = (engine(&other.server)?, engine(&want.server)?);
        if is != wanted {
            return Some(format!(
                "its database `{}` is on `{}`, which is {}, and the file says `{}`, which is {}: a dump of one is nothing to the other",
                other.database,
                other.server,
                is.title(),
                want.server,
                wanted.title()
            ));
        }
        let unfinished =
            bearings.iter().any(|one| one.server == other.server && one.stage != Stage::Installed);
        unfinished.then(|| format!("what is on `{}` was never finished", other.server))
    }
}
