//! `provost site list`: sites, what they run on, how large they are, and how they are.

use provost_fleet::selector::Answer;
use provost_sites::site::census::Maintenance;
use serde::Serialize;

use super::chosen::{self, Targets};
use super::live::{Live, looked_at};
use crate::OpsError;
use crate::session::{Access, Call, Session};
use crate::status::SiteStatus;

/// The list.
#[derive(Debug, Serialize)]
pub struct SiteList {
    /// Version of this form.
    pub schema: u32,
    /// The sites that were asked for, by name.
    pub sites: Vec<SiteRow>,
    /// Sites of which it cannot be told whether they were asked for, for their database does not answer.
    pub unknown: Vec<String>,
}

/// A site.
#[derive(Debug, Serialize)]
pub struct SiteRow {
    /// Its name.
    pub name: String,
    /// Its URL.
    pub url: String,
    /// `installed`, `disabled`, `maintenance`, `incomplete`, `absent`, `foreign`, `unknown`, or `unwanted`: no longer in the file.
    pub state: String,
    /// Whether visitors get it, as the file says.
    pub enabled: bool,
    /// Moodle's maintenance: `off`, `on`, `but-administrators`, or since when it will be on.
    pub maintenance: Option<String>,
    /// Moodle's release, as its database says.
    pub release: Option<String>,
    /// Its codebase.
    pub codebase: String,
    /// Tree id of the build it runs on.
    pub tree: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Server of its database.
    pub server: String,
    /// Size of its database on the server, in bytes.
    pub database_bytes: Option<u64>,
    /// Size of its files, each content once, in bytes.
    pub files_bytes: Option<u64>,
    /// When its cron last began.
    pub last_cron: Option<String>,
    /// How long that is ago, in seconds.
    pub last_cron_seconds: Option<i64>,
    /// Why, where there is a reason.
    pub note: Option<String>,
}

/// Lists the sites of a selection; without one, all, those that are no longer in the file included.
pub async fn list(call: &Call, targets: &Targets) -> Result<SiteList, OpsError> {
    let selector = chosen::read(targets)?;
    let session = Session::open(call, Access::Look)?;
    chosen::known(&session.loaded.fleet, targets)?;
    let looked = looked_at(&session).await;
    let listed = looked.and_then(|(live, unwanted)| {
        let mut list = SiteList { schema: 1, sites: Vec::new(), unknown: Vec::new() };
        for live in &live {
            match selector.as_ref().map_or(Answer::Yes, |selector| selector.matches(live)) {
                Answer::Yes => list.sites.push(row(&session, live)),
                Answer::Unknown => list.unknown.push(live.name.to_string()),
                Answer::No => {}
            }
        }
        match &selector {
            None => list.sites.extend(unwanted.into_iter().map(unwanted_row)),
            Some(selector) if list.sites.is_empty() && list.unknown.is_empty() => {
                return Err(chosen::nobody(&session.loaded.fleet, &selector.to_string()).into());
            }
            Some(_) => {}
        }
        Ok(list)
    });
    session.close().await;
    listed
}

fn row(session: &Session, live: &Live<'_>) -> SiteRow {
    let (site, census) = (live.site, live.census.as_ref());
    let status = live.status.as_ref();
    let last_cron = census.and_then(|census| census.last_cron);
    let state = live.states().and_then(|states| states.into_iter().next());
    SiteRow {
        name: live.name.to_string(),
        url: site.url.to_string(),
        state: state.unwrap_or_else(|| "unknown".to_owned()),
        enabled: site.enabled,
        maintenance: census.map(|census| match census.maintenance {
            Maintenance::Off => "off".to_owned(),
            Maintenance::On => "on".to_owned(),
            Maintenance::ButAdministrators => "but-administrators".to_owned(),
            Maintenance::From(at) => at.to_string(),
        }),
        release: census
            .and_then(|census| census.release.clone())
            .or_else(|| status.and_then(|status| status.release.clone())),
        codebase: site.codebase.to_string(),
        tree: status.and_then(|status| status.tree.clone()),
        tags: site.tags.iter().cloned().collect(),
        server: site.database.to_string(),
        database_bytes: census.and_then(|census| census.database_bytes),
        files_bytes: census.and_then(|census| census.files_bytes),
        last_cron: last_cron.map(|at| at.to_string()),
        last_cron_seconds: last_cron.map(|at| session.cx.now().as_second() - at.as_second()),
        note: live.silent.clone().or_else(|| status.and_then(|status| status.note.clone())),
    }
}

/// A site that is no longer in the file, and not gone yet.
fn unwanted_row(status: SiteStatus) -> SiteRow {
    SiteRow {
        name: status.name,
        url: status.url,
        state: status.state,
        enabled: false,
        maintenance: None,
        release: status.release,
        codebase: String::new(),
        tree: status.tree,
        tags: Vec::new(),
        server: status.server,
        database_bytes: None,
        files_bytes: None,
        last_cron: None,
        last_cron_seconds: None,
        note: status.note,
    }
}
