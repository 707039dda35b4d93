//! What goes with a site, for showing before anything does.

use camino::Utf8Path;
use provost_engine::context::Context;
use provost_engine::execute::full_chain;
use provost_fleet::name::Name;
use provost_sites::mark::Stage;
use provost_sites::seat;
use provost_sites::site::files::{Dataroot, look_at_dataroot};
use provost_sites::site::{census, copy, dataroot, traces};
use serde::Serialize;

use super::DeleteError;
use crate::OpsError;
use crate::archive::see_free;
use crate::session::{Access, Call, Session};
use crate::site::chosen::nobody;
use crate::status::sites_of;

/// A site that is to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Doomed {
    /// Its name.
    pub name: Name,
    /// Its URL.
    pub url: String,
    /// Whether the fleet file has it; else an earlier deletion did not come to its end, or the file was edited by hand.
    pub declared: bool,
    /// Whether it was installed.
    pub installed: bool,
    /// Why its database cannot be read, though it was installed: no final copy can be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
    /// Server and name of its database.
    pub database: Option<(String, String)>,
    /// The database's size, in bytes. Not compared: a server that tidies up changes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_bytes: Option<Size>,
    /// Size of the files that Moodle knows, each content once, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files_bytes: Option<Size>,
    /// Its dataroot.
    pub dataroot: Option<String>,
}

impl Doomed {
    /// Whether nothing is to go but what was shown. Less is no change: what a killed deletion asked of a server may end meanwhile.
    pub fn is_at_most(&self, shown: &Self) -> bool {
        let same_or_gone = |is: &Option<String>, was: &Option<String>| is.is_none() || is == was;
        self.name == shown.name
            && self.url == shown.url
            && self.declared == shown.declared
            && (shown.installed || !self.installed)
            && (shown.unreadable.is_some() || self.unreadable.is_none())
            && (self.database.is_none() || self.database == shown.database)
            && same_or_gone(&self.dataroot, &shown.dataroot)
    }
}

/// A size that is shown, and no part of what was agreed to.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(transparent)]
pub struct Size(pub u64);

impl PartialEq for Size {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Size {}

/// Looks at a site that is to go. Changes nothing.
///
/// # Errors
/// When there is no such site, and when visitors still get it.
pub async fn look(call: &Call, name: &Name) -> Result<Doomed, OpsError> {
    let session = Session::open(call, Access::Look)?;
    let looked = look_with(&session, name).await;
    session.close().await;
    looked
}

async fn look_with(session: &Session, name: &Name) -> Result<Doomed, OpsError> {
    let cx = &session.cx;
    let Some(site) = session.loaded.fleet.sites.get(name) else { return undeclared(session, name).await };
    if site.enabled {
        return Err(DeleteError::Enabled(name.clone()).into());
    }
    let archives = session.loaded.fleet.archives_of(name);
    if !archives.is_empty() {
        let archives = archives.into_iter().map(|(archive, _)| archive.clone()).collect();
        return Err(DeleteError::Archived { site: name.clone(), archives }.into());
    }
    see_free(session, std::slice::from_ref(name)).await?;
    if is_served(cx, &session.fleet_id.id, name) {
        return Err(DeleteError::NotYetDisabled(name.clone()).into());
    }
    let mut doomed = Doomed {
        name: name.clone(),
        url: site.url.to_string(),
        declared: true,
        installed: false,
        unreadable: None,
        database: Some((site.database.to_string(), site.database_name.clone())),
        database_bytes: None,
        files_bytes: None,
        dataroot: Some(dataroot(cx, name, site).to_string()),
    };
    // A site that was never made has nothing to be asked.
    if traces::sites(&cx.paths, &session.fleet_id.id).contains(name) {
        // Its files say what it was, whatever has become of its database.
        let dataroot = dataroot(cx, name, site);
        let was_installed = is_installed(&dataroot, &session.fleet_id.id, name);
        let census = match census::take(cx, &session.servers, name, site).await {
            Err(error) if was_installed => Err(full_chain(&error)),
            Err(source) => return Err(DeleteError::Copy { site: name.clone(), source }.into()),
            Ok(None) if was_installed => Err(format!(
                "its database holds no Moodle with the prefix `{}`, or its password is not kept here",
                site.prefix
            )),
            Ok(census) => Ok(census),
        };
        match census {
            Ok(census) => {
                doomed.installed = census.is_some();
                doomed.database_bytes = census.as_ref().and_then(|census| census.database_bytes).map(Size);
                doomed.files_bytes = census.and_then(|census| census.files_bytes).map(Size);
            }
            Err(why) => (doomed.installed, doomed.unreadable) = (true, Some(why)),
        }
    }
    Ok(doomed)
}

/// Whether a dataroot says that its site was installed.
fn is_installed(dataroot: &Utf8Path, fleet_id: &str, name: &Name) -> bool {
    match look_at_dataroot(dataroot) {
        Ok(Dataroot::Marked(mark)) => {
            mark.fleet == fleet_id && mark.site == *name && mark.stage == Stage::Installed
        }
        // What cannot be looked at is not nothing.
        Err(_) => true,
        Ok(_) => false,
    }
}

/// Whether PHP may run for a site.
fn is_served(cx: &Context, fleet_id: &str, name: &Name) -> bool {
    seat::has_pool(cx, fleet_id, name)
}

/// A site that is not in the file, and has left something.
async fn undeclared(session: &Session, name: &Name) -> Result<Doomed, OpsError> {
    let mut sites = session.loaded.fleet.sites.iter();
    if let Some((to, _)) = sites.find(|(_, site)| site.was.as_ref() == Some(name)) {
        return Err(DeleteError::Renamed { site: name.clone(), to: to.clone() }.into());
    }
    let seen = crate::plan::look(session, &session.lock).await?.seen;
    let left = sites_of(session, &seen)?.into_iter().find(|site| site.name == name.as_str());
    let of_kind = |kind: &str| seen.iter().find(|one| one.subject.kind == kind && one.subject.name == *name);
    // Its copy may be all that knows it: then the deletion was killed at its very end.
    let kept = copy::unsettled(&session.cx.paths).remove(name).map(|kept| kept.manifest.url);
    let of_database = of_kind("database").filter(|one| one.state != "absent").map(|_| String::new());
    let Some(url) = left.map(|left| left.url).or(kept).or(of_database) else {
        return Err(nobody(&session.loaded.fleet, name.as_str()).into());
    };
    let text = |kind: &str, key: &str| Some(of_kind(kind)?.detail[key].as_str()?.to_owned());
    Ok(Doomed {
        name: name.clone(),
        url,
        declared: false,
        installed: true,
        unreadable: None,
        database: text("database", "server").zip(text("database", "name")),
        database_bytes: None,
        files_bytes: None,
        dataroot: text("site", "dataroot"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_than_was_shown_may_go_and_nothing_else() {
        let shown = Doomed {
            name: "hugo".parse().unwrap(),
            url: "https://hugo.example.org".to_owned(),
            declared: true,
            installed: true,
            unreadable: None,
            database: Some(("main".to_owned(), "hugo".to_owned())),
            database_bytes: Some(Size(1)),
            files_bytes: None,
            dataroot: Some("/srv/hugo".to_owned()),
        };
        let less = Doomed { installed: false, database: None, database_bytes: None, ..shown.clone() };
        assert!(shown.is_at_most(&shown) && less.is_at_most(&shown));
        assert!(!shown.is_at_most(&less));
        let other = Doomed { dataroot: Some("/srv/zola".to_owned()), ..shown.clone() };
        assert!(!other.is_at_most(&shown));
        assert!(!Doomed { declared: false, ..shown.clone() }.is_at_most(&shown));
    }
}
