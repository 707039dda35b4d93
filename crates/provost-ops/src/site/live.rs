//! What a selection asks of sites, and a list tells of them: what the file says, and what is.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use provost_engine::execute::full_chain;
use provost_fleet::model::{Fleet, Site};
use provost_fleet::name::Name;
use provost_fleet::selector::{SiteFacts, TextKey, Version, VersionKey};
use provost_sites::site::census::{self, Census, Maintenance};

use crate::OpsError;
use crate::plan::look;
use crate::session::Session;
use crate::status::{SiteStatus, sites_of};

/// A site of the file, with what could be learnt of it.
pub(crate) struct Live<'a> {
    pub(crate) name: &'a Name,
    pub(crate) site: &'a Site,
    /// What is there; `None` where nobody looked.
    pub(crate) status: Option<SiteStatus>,
    /// What its database says; `None` where nobody asked, or it did not answer.
    pub(crate) census: Option<Census>,
    /// Why it did not answer.
    pub(crate) silent: Option<String>,
}

/// The sites of a file, without looking at any.
pub(crate) fn declared(fleet: &Fleet) -> Vec<Live<'_>> {
    let one = |(name, site)| Live { name, site, status: None, census: None, silent: None };
    fleet.sites.iter().map(one).collect()
}

/// The sites of the file as they are, and those that are no longer in it.
pub(crate) async fn looked_at(session: &Session) -> Result<(Vec<Live<'_>>, Vec<SiteStatus>), OpsError> {
    let seen = look(session, &session.lock).await?.seen;
    let mut states: BTreeMap<String, SiteStatus> =
        sites_of(session, &seen)?.into_iter().map(|site| (site.name.clone(), site)).collect();
    let each: Vec<_> = declared(&session.loaded.fleet)
        .into_iter()
        .map(|live| {
            let status = states.remove(live.name.as_str());
            ask(session, Live { status, ..live })
        })
        .collect();
    let mut all: Vec<Live<'_>> =
        futures_util::stream::iter(each).buffer_unordered(session.cx.limits.observations).collect().await;
    all.sort_by(|one, other| one.name.cmp(other.name));
    Ok((all, states.into_values().collect()))
}

async fn ask<'a>(session: &'a Session, live: Live<'a>) -> Live<'a> {
    if live.status.as_ref().is_none_or(|status| status.state != "installed") {
        return live;
    }
    match census::take(&session.cx, &session.servers, live.name, live.site).await {
        Ok(census) => Live { census, ..live },
        Err(error) => Live { silent: Some(full_chain(&error)), ..live },
    }
}

impl Live<'_> {
    /// Every word that says how the site is, the strongest first; `None` where nobody looked.
    pub(crate) fn states(&self) -> Option<Vec<String>> {
        let status = self.status.as_ref()?;
        let mut states = Vec::new();
        if !self.site.enabled {
            states.push("disabled".to_owned());
        }
        match self.census.as_ref().map(|census| census.maintenance) {
            Some(Maintenance::On | Maintenance::ButAdministrators) => states.push("maintenance".to_owned()),
            Some(Maintenance::Off | Maintenance::From(_)) | None => {}
        }
        states.push(status.state.clone());
        Some(states)
    }
}

impl SiteFacts for Live<'_> {
    fn texts(&self, key: TextKey) -> Option<Vec<String>> {
        let one = |text: &str| Some(vec![text.to_owned()]);
        let site = self.site;
        match key {
            TextKey::Name => one(self.name.as_str()),
            TextKey::Tag => Some(site.tags.iter().cloned().collect()),
            TextKey::Url => one(&site.url.to_string()),
            TextKey::Host => {
                Some([site.url.host().to_owned()].into_iter().chain(site.aliases.iter().cloned()).collect())
            }
            TextKey::Codebase => one(site.codebase.as_str()),
            TextKey::Database => one(site.database.as_str()),
            TextKey::Template => Some(site.template.iter().map(ToString::to_string).collect()),
            TextKey::State => self.states().filter(|states| states.iter().all(|state| state != "unknown")),
        }
    }

    fn version(&self, key: &VersionKey) -> Option<Option<Version>> {
        if self.status.as_ref().is_some_and(|status| status.state == "absent") {
            return Some(None);
        }
        let census = self.census.as_ref()?;
        let text = match key {
            VersionKey::Moodle => census.release.as_ref(),
            VersionKey::Plugin(component) => census.plugins.get(&component.to_string()),
        };
        Some(text.and_then(|text| Version::leading(text)))
    }
}
