//! Setting what differs, through Moodle, and reading it back.

use std::collections::BTreeSet;
use std::time::Duration;

use provost_engine::context::Context;
use provost_fleet::name::Name;
use provost_fleet::setting::{Wish, is_secret};
use serde_json::{Value, json};

use super::observe::{Fetched, LookError, SOWN};
use super::{SettingsKind, stored};
use crate::accounts;
use crate::agent::{Agent, AgentError};
use crate::secrets::SecretError;
use crate::site::SiteError;

/// How long the settings of a site may take: some reset the caches of a theme, or of all.
const ALLOWED: Duration = Duration::from_mins(5);

/// Why a site's settings are not set.
#[derive(Debug, thiserror::Error)]
pub(super) enum SetError {
    #[error("the site is not installed")]
    NotInstalled,
    #[error("the site's Unix account is gone")]
    NoAccount,
    #[error(transparent)]
    Site(#[from] SiteError),
    #[error(transparent)]
    Look(#[from] LookError),
    #[error(transparent)]
    Agent(#[from] AgentError),
    #[error(
        "Moodle took {0}, and stores it otherwise: write it in the file as `provost settings get` shows it"
    )]
    Otherwise(String),
}

impl SettingsKind {
    pub(super) async fn set(&self, cx: &Context, name: &Name) -> Result<String, SetError> {
        let (Some(site), Some(_)) = (self.fleet.sites.get(name), self.mark(cx, name)) else {
            return Err(SetError::NotInstalled);
        };
        let settings = stored(site);
        let fetched = Fetched::default();
        let has = self.has(cx, name, &settings).await.map_err(LookError::from)?;
        let seen = self.compared(cx, &settings, &has, &fetched).await?;
        let mut wanted: Vec<Value> = Vec::new();
        for (key, declared) in &settings {
            let text = key.to_string();
            if !seen.differing.contains_key(&text) && !seen.unsown.contains_key(&text) {
                continue;
            }
            let secret = is_secret(key.name()) || matches!(declared.wish, Wish::Secret(_));
            let value = match &declared.wish {
                Wish::Absent => None,
                Wish::Value(value) => Some(value.clone()),
                Wish::Secret(reference) => {
                    Some(self.secret(cx, key, reference, &fetched).await?.expose().to_owned())
                }
            };
            wanted.push(
                json!({ "component": key.component(), "name": key.name(), "value": value, "secret": secret }),
            );
        }
        if wanted.is_empty() {
            return Ok("they are as they shall be".to_owned());
        }
        let user = accounts::site_if_there(&cx.machine, &self.fleet_id.id, name).map_err(SiteError::from)?;
        let account = user.ok_or(SetError::NoAccount)?.account;
        let count = wanted.len();
        let mut agent = Agent::open(cx, name, &account, Some(&format!("{}/{name}", super::NAME))).await?;
        let done = async {
            agent.call(cx, "settings.set", json!({ "settings": wanted }), ALLOWED).await?;
            if !seen.unsown.is_empty() {
                let sown: BTreeSet<&String> =
                    has.sown.iter().chain(seen.unsown.keys()).filter(|one| !one.is_empty()).collect();
                let sown = sown.into_iter().map(String::as_str).collect::<Vec<_>>().join(",");
                agent.call(cx, "site.mark", json!({ "marks": { SOWN: sown } }), ALLOWED).await?;
            }
            Ok::<_, AgentError>(())
        }
        .await;
        agent.close().await;
        done?;
        let has = self.has(cx, name, &settings).await.map_err(LookError::from)?;
        let left = self.compared(cx, &settings, &has, &fetched).await?;
        match left.differing.keys().chain(left.unsown.keys()).next() {
            None => Ok(format!("{count} set, and read back")),
            Some(setting) => Err(SetError::Otherwise(setting.clone())),
        }
    }
}

impl From<SecretError> for SetError {
    fn from(error: SecretError) -> Self {
        Self::Site(error.into())
    }
}
