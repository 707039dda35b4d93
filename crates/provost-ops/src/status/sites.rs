//! Sites, as `provost status` tells them.

use std::collections::{BTreeMap, BTreeSet};

use provost_engine::plan::Subject;
use provost_engine::reconcile::Seen;
use provost_fleet::name::Name;
use provost_sites::kind_site;
use provost_sites::site::{files, traces};
use serde::Serialize;

use super::is_stopped;
use crate::OpsError;
use crate::cron::SiteCron;
use crate::session::Session;

/// A site.
#[derive(Debug, Serialize)]
pub struct SiteStatus {
    /// Its name.
    pub name: String,
    /// Its URL.
    pub url: String,
    /// `installed`, `incomplete`, `absent`, `stopped`, `foreign`, `unknown`, `unwanted`.
    pub state: String,
    /// Moodle's release, as its database says; the last one seen where the server is stopped.
    pub release: Option<String>,
    /// Tree id of the build it runs on.
    pub tree: Option<String>,
    /// Server of its database.
    pub server: String,
    /// Its cron, where it is installed and that was asked for.
    pub cron: Option<SiteCron>,
    /// Why, where there is a reason; or that what is told was seen earlier.
    pub note: Option<String>,
}

/// Every site of the file, and every one that is no longer in it and has left something.
pub(crate) fn sites_of(session: &Session, seen: &[Seen]) -> Result<Vec<SiteStatus>, OpsError> {
    Ok(sites(session, seen, &earlier(session)?))
}

/// What was seen last of each subject, and when.
pub(super) fn earlier(session: &Session) -> Result<BTreeMap<String, (String, serde_json::Value)>, OpsError> {
    let earlier = session.cx.store.observations()?.into_iter();
    Ok(earlier.map(|(subject, at, seen)| (subject, (at, seen))).collect())
}

fn sites(
    session: &Session,
    seen: &[Seen],
    earlier: &BTreeMap<String, (String, serde_json::Value)>,
) -> Vec<SiteStatus> {
    let fleet = &session.loaded.fleet;
    let of_kind = seen.iter().filter(|one| one.subject.kind == kind_site::NAME);
    let mut all: BTreeMap<String, SiteStatus> = BTreeMap::new();
    for one in of_kind {
        let name = &one.subject.name;
        let declared = fleet.sites.get(name);
        let stopped = declared.is_some_and(|site| is_stopped(session, &site.database));
        let (state, note, detail) = if stopped {
            let before = earlier.get(&one.subject.to_string());
            let note = before.map(|(at, _)| format!("as seen {at}"));
            ("stopped", note, before.map(|(_, seen)| seen["detail"].clone()).unwrap_or_default())
        } else {
            let no_longer = declared.is_none().then(|| NO_LONGER.to_owned());
            let note = one.reason.clone().or(no_longer).or_else(|| begun(&one.detail));
            (word(one, declared.is_some()), note, one.detail.clone())
        };
        let text = |key: &str| detail[key].as_str().map(str::to_owned);
        let url = declared.map(|site| site.url.to_string()).or_else(|| text("url"));
        let status = SiteStatus {
            name: name.to_string(),
            url: url.unwrap_or_default(),
            state: state.to_owned(),
            release: text("release"),
            tree: text("tree").or_else(|| files::build_of(&session.cx.paths, name)),
            server: declared.map(|site| site.database.to_string()).unwrap_or_default(),
            cron: None,
            note,
        };
        all.insert(name.to_string(), status);
    }
    // What is not in the file is looked for on the servers; those at rest are not asked, but the disk knows too.
    let former: BTreeSet<&Name> = fleet.sites.values().filter_map(|site| site.was.as_ref()).collect();
    for name in traces::sites(&session.cx.paths, &session.fleet_id.id) {
        // What a site was called is that site.
        if fleet.site(&name).is_none() && !fleet.is_spare(&name) && !former.contains(&name) {
            all.entry(name.to_string()).or_insert_with(|| not_asked(session, &name, earlier));
        }
    }
    // A site whose codebase is not locked yet was not looked for.
    for (name, site) in &fleet.sites {
        all.entry(name.to_string()).or_insert_with(|| SiteStatus {
            name: name.to_string(),
            url: site.url.to_string(),
            state: "absent".to_owned(),
            release: None,
            tree: None,
            server: site.database.to_string(),
            cron: None,
            note: None,
        });
    }
    all.into_values().collect()
}

/// A site that is no longer in the file, and that no server was asked for.
fn not_asked(
    session: &Session,
    name: &Name,
    earlier: &BTreeMap<String, (String, serde_json::Value)>,
) -> SiteStatus {
    let before = earlier.get(&Subject::new(kind_site::NAME, name).to_string());
    let text = |key: &str| before.and_then(|(_, seen)| seen["detail"][key].as_str().map(str::to_owned));
    SiteStatus {
        name: name.to_string(),
        url: text("url").or_else(|| kind_site::host_of(&session.cx, name)).unwrap_or_default(),
        state: "unwanted".to_owned(),
        release: text("release"),
        tree: files::build_of(&session.cx.paths, name).or_else(|| text("tree")),
        server: String::new(),
        cron: None,
        note: Some(match before {
            Some((at, _)) => format!("{NO_LONGER}; as seen {at}"),
            None => NO_LONGER.to_owned(),
        }),
    }
}

/// What was begun with an installed site and is not done, from its detail: visitors may meet the page of maintenance until it is.
fn begun(detail: &serde_json::Value) -> Option<String> {
    let is = |key: &str| detail[key].as_bool() == Some(true);
    let what = if detail["former"].is_object() {
        "it is to have another name"
    } else if detail["relocation"].is_object() {
        "its database is not, or not only, where the file says"
    } else if is("halted") {
        "a move of it was broken off, and visitors are kept out"
    } else if is("unsettled") {
        "the change of its address was broken off"
    } else {
        return None;
    };
    Some(format!("{what}: `provost apply` finishes it"))
}

/// Why a site is unwanted.
const NO_LONGER: &str = "no longer in the file";

fn word(one: &Seen, declared: bool) -> &'static str {
    match one.state {
        _ if !declared => "unwanted",
        "present" => "installed",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use provost_sites::kind_site::SeenSite;
    use provost_sites::rename::Former;

    use super::begun;

    #[test]
    fn what_was_begun_and_is_not_done_is_told() {
        let told = |seen: SeenSite| begun(&serde_json::to_value(seen).unwrap());
        assert_eq!(told(SeenSite::default()), None);
        assert!(told(SeenSite { halted: true, ..SeenSite::default() }).unwrap().contains("kept out"));
        assert!(told(SeenSite { unsettled: true, ..SeenSite::default() }).unwrap().contains("address"));
        let former = Former { name: "hugo".parse().unwrap(), database: "hugo".to_owned(), begun: true };
        let renamed = told(SeenSite { former: Some(former), ..SeenSite::default() });
        assert_eq!(renamed.unwrap(), "it is to have another name: `provost apply` finishes it");
    }
}
