//! Core's own maintenance: its page for every visitor, now or later, and the end of that.

use std::time::Duration;

use jiff::Timestamp;
use provost_engine::context::Context;
use provost_fleet::model::{Fleet, Site};
use provost_fleet::name::Name;
use serde_json::json;

use super::{MAINTENANCE_PAGE, SiteError, census, dataroot};
use crate::accounts;
use crate::agent::Agent;
use crate::fleet_state::FleetId;
use crate::server::Servers;
use crate::up::{self, Answer, Place, Taken};

/// How long the agent may take: Moodle's tree of settings is built for the message.
const DEADLINE: Duration = Duration::from_mins(2);

/// What shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Every visitor gets the page.
    On {
        /// What it says, instead of what the site says itself.
        message: Option<String>,
    },
    /// That begins in so many minutes; pages warn of it until then.
    Later {
        /// Minutes, at least 1.
        minutes: u32,
        /// As above.
        message: Option<String>,
    },
    /// Visitors come in.
    Off,
}

/// What is, read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Now {
    /// When it begins, where that is to come.
    pub from: Option<Timestamp>,
    /// Whether a visitor's request was seen to be answered so; `false` where nothing serves the site.
    pub seen: bool,
}

/// What a site is done to with.
pub struct Maintained<'a> {
    /// The fleet.
    pub fleet: &'a Fleet,
    /// Its id.
    pub fleet_id: &'a FleetId,
    /// Its servers.
    pub servers: &'a Servers,
    /// The site's name.
    pub name: &'a Name,
    /// The site.
    pub site: &'a Site,
}

impl Maintained<'_> {
    /// Sets a site's maintenance, and reads it back: from the site, from its dataroot, and as a visitor.
    pub async fn set(&self, cx: &Context, wish: &Wish) -> Result<Now, SiteError> {
        let (name, site) = (self.name, self.site);
        // Also starts a managed server that rests, and finds one that is down before PHP does.
        if census::take(cx, self.servers, name, site).await?.is_none() {
            return Err(SiteError::ReadBack("it is not installed".to_owned()));
        }
        let account = accounts::site_if_there(&cx.machine, &self.fleet_id.id, name)?;
        let account =
            account.ok_or_else(|| SiteError::ReadBack("its Unix account is gone".to_owned()))?.account;
        let params = match wish {
            Wish::On { message } => json!({ "mode": "on", "message": message }),
            Wish::Later { minutes, message } => {
                json!({ "mode": "later", "minutes": minutes, "message": message })
            }
            Wish::Off => json!({ "mode": "off" }),
        };
        let mut agent = Agent::open(cx, name, &account, Some(&format!("site/{name}"))).await?;
        let told = agent.call(cx, "maintenance.set", params, DEADLINE).await;
        agent.close().await;
        let told = told?;
        let on = matches!(wish, Wish::On { .. });
        if dataroot(cx, name, site).join(MAINTENANCE_PAGE).exists() != on {
            let what = if on { "is not there" } else { "is still there" };
            return Err(SiteError::ReadBack(format!("the page of maintenance {what}")));
        }
        let from = told["later"].as_i64().and_then(|at| Timestamp::from_second(at).ok());
        Ok(Now { from, seen: self.is_seen(cx, on).await? })
    }

    async fn is_seen(&self, cx: &Context, on: bool) -> Result<bool, SiteError> {
        if !self.site.enabled {
            return Ok(false);
        }
        let answer = if on { Answer::Unavailable } else { Answer::Login };
        let seen = up::see(cx, self.fleet, &Place::of(self.site), answer).await;
        let seen = seen.map_err(|error| SiteError::ReadBack(error.to_string()))?;
        Ok(seen == Taken::Seen)
    }
}
