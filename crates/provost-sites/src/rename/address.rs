//! The addresses in a site's database: its URL, and the path of its dataroot.

use std::time::Duration;

use camino::Utf8Path;
use provost_engine::context::Context;
use provost_engine::plan::Step;
use provost_fleet::url::SiteUrl;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Renaming;
use crate::accounts::User;
use crate::agent::Agent;
use crate::database;
use crate::site::{SiteError, dataroot};

/// The mark in the site that says which addresses are being replaced.
pub(crate) const NOTE: &str = "renaming";

/// Longest that replacing may take. Each table is read once or twice: minutes for some gigabytes of texts.
const REPLACE: Duration = Duration::from_hours(6);

/// Longest that anything else of the agent may take here.
const SHORT: Duration = Duration::from_mins(10);

/// How long requests that were there before maintenance began may go on, before their sessions are ended.
const DRAIN: Duration = Duration::from_secs(10);

/// How many places are told of in which an address stays: one line each.
const TOLD: usize = 20;

/// What is under way, kept in the site until it is done.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Note {
    /// Addresses that are to be replaced: URLs and directories.
    from: Vec<String>,
    /// Whether visitors were let in before.
    open: bool,
}

impl Renaming<'_> {
    /// Replaces the addresses in texts, if there is one that is not right, and says what the site is. Returns what was done.
    pub(super) async fn readdress(
        &self,
        cx: &Context,
        step: &Step,
        user: &User,
        dataroot_before: Option<&Utf8Path>,
    ) -> Result<Vec<String>, SiteError> {
        let site = &self.installation;
        let subject = step.id.subject.to_string();
        let url = site.site.url.to_string();
        let agent = Agent::open(cx, site.name, &user.account, Some(&subject)).await?;
        let (note, agent) =
            finished(agent, async |agent| self.begin(cx, agent, dataroot_before).await).await?;
        agent.close().await;
        let pairs = self.pairs(cx, &note);
        let mut told = Vec::new();
        if !pairs.is_empty() {
            self.drain(cx).await?;
            cx.progress(&step.id, "replacing its addresses", None);
            let agent = Agent::open(cx, site.name, &user.account, Some(&subject)).await?;
            let (done, agent) = finished(agent, async |agent| {
                Ok(agent.call(cx, "address.replace", json!({ "pairs": pairs }), REPLACE).await?)
            })
            .await?;
            agent.close().await;
            let core = done["core"].as_array().map_or(0, Vec::len);
            let values = done["values"].as_u64().unwrap_or(0);
            told.push(format!(
                "it answers at {url}; core replaced in {core} table(s), {values} more value(s) here"
            ));
            cx.progress(&step.id, "reading back", None);
        }
        // A fresh process: what it says is what visitors get.
        let agent = Agent::open(cx, site.name, &user.account, Some(&subject)).await?;
        let (left, agent) = finished(agent, async |agent| self.end(cx, agent, &pairs, &note).await).await?;
        agent.close().await;
        for one in left.iter().take(TOLD) {
            cx.note(format!("{}: an old address stays in {one}", site.name));
        }
        match left.len() {
            0 => {}
            some => told.push(format!("an old address stays in {some} place(s), each for a reason")),
        }
        Ok(told)
    }

    /// Notes what is to be replaced, and shuts visitors out where there is something.
    async fn begin(
        &self,
        cx: &Context,
        agent: &mut Agent,
        dataroot_before: Option<&Utf8Path>,
    ) -> Result<Note, SiteError> {
        let site = &self.installation;
        let facts = agent.call(cx, "site.facts", json!({}), SHORT).await?;
        let url = site.site.url.to_string();
        if facts["installed"] != true || facts["wwwroot"] != url.as_str() {
            return Err(SiteError::ReadBack(format!(
                "with its new configuration it takes itself for {}",
                facts["wwwroot"]
            )));
        }
        let mark = |name: &str| facts["marks"][name].as_str();
        let kept = mark(NOTE).and_then(|note| serde_json::from_str::<Note>(note).ok());
        let is_page = dataroot(cx, site.name, site.site).join(crate::site::MAINTENANCE_PAGE).exists();
        let mut note = kept.unwrap_or(Note { from: Vec::new(), open: !is_page });
        let here = dataroot(cx, site.name, site.site);
        let urls = mark("wwwroot").map(str::to_owned).filter(|is| *is != url);
        let path = dataroot_before.filter(|path| *path != here).map(|path| path.as_str().to_owned());
        for from in urls.into_iter().chain(path) {
            if !note.from.contains(&from) {
                note.from.push(from);
            }
        }
        if note.from.is_empty() {
            return Ok(note);
        }
        // An address that was begun to be put in is to be replaced as well, if the file says another one by now.
        for now in [url, here.into_string()] {
            if !note.from.contains(&now) {
                note.from.push(now);
            }
        }
        let text = serde_json::to_string(&note).unwrap_or_default();
        agent.call(cx, "site.mark", json!({ "marks": { (NOTE): text } }), SHORT).await?;
        agent.call(cx, "maintenance.set", json!({ "mode": "on", "message": null }), SHORT).await?;
        Ok(note)
    }

    /// What takes the place of what. The address of another site below an old host is none of ours.
    fn pairs(&self, cx: &Context, note: &Note) -> Vec<Value> {
        let site = &self.installation;
        let (url, here) = (site.site.url.to_string(), dataroot(cx, site.name, site.site).into_string());
        let pairs = note.from.iter().filter_map(|from| {
            let to = if from.contains("://") { &url } else { &here };
            if from == to {
                return None;
            }
            Some(json!({ "from": from, "to": to, "except": self.others_below(from) }))
        });
        // The longest first: one address may be the beginning of another.
        let mut pairs: Vec<Value> = pairs.collect();
        pairs.sort_by_key(|pair| std::cmp::Reverse(pair["from"].as_str().map_or(0, str::len)));
        pairs
    }

    /// Paths of other sites below the host of a URL that has none itself.
    fn others_below(&self, url: &str) -> Vec<&str> {
        let Ok(from) = url.parse::<SiteUrl>() else { return Vec::new() };
        if from.below().is_some() {
            return Vec::new();
        }
        let others = self.fleet.sites.iter().filter(|(name, _)| *name != self.installation.name);
        let here = others.filter(|(_, site)| {
            site.url.host() == from.host() && site.url.port_or_default() == from.port_or_default()
        });
        here.filter_map(|(_, site)| site.url.below()).collect()
    }

    /// Waits for requests that were under way, and ends what does not end.
    async fn drain(&self, cx: &Context) -> Result<(), SiteError> {
        let site = &self.installation.site;
        let mut admin = self.installation.servers.admin(cx, &site.database, None).await?;
        let until = tokio::time::Instant::now() + DRAIN;
        while database::sessions(&mut admin.sql, &site.database_name).await? > 0 {
            if tokio::time::Instant::now() > until || cx.cancel.is_cancelled() {
                database::end_sessions(&mut admin.sql, &site.database_name).await?;
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// Looks for the old addresses, says in the site what it is, and lets visitors in where they were. Returns where an old address stays,
    /// and why.
    async fn end(
        &self,
        cx: &Context,
        agent: &mut Agent,
        pairs: &[Value],
        note: &Note,
    ) -> Result<Vec<String>, SiteError> {
        let site = &self.installation;
        let mut left = Vec::new();
        if !pairs.is_empty() {
            let found = agent.call(cx, "address.search", json!({ "pairs": pairs }), REPLACE).await?;
            for place in found["found"].as_array().into_iter().flatten() {
                let (table, column) = (place["table"].as_str(), place["column"].as_str());
                let rows = place["rows"].as_u64().unwrap_or(0);
                let at = format!("{}.{} ({rows})", table.unwrap_or_default(), column.unwrap_or_default());
                match place["why"].as_str() {
                    Some(why) => left.push(format!("{at}: {why}")),
                    None => {
                        return Err(SiteError::ReadBack(format!("an old address is still in {at}")));
                    }
                }
            }
        }
        let url = site.site.url.to_string();
        let marks = json!({ "marks": { "site": site.name, "wwwroot": url } });
        agent.call(cx, "site.mark", marks, SHORT).await?;
        if !note.from.is_empty() {
            if note.open {
                agent.call(cx, "maintenance.set", json!({ "mode": "off" }), SHORT).await?;
            }
            agent.call(cx, "site.mark", json!({ "marks": { (NOTE): null } }), SHORT).await?;
        }
        Ok(left)
    }
}

/// Works with an agent, and lets it go where that fails.
async fn finished<T>(
    mut agent: Agent,
    work: impl AsyncFnOnce(&mut Agent) -> Result<T, SiteError>,
) -> Result<(T, Agent), SiteError> {
    match work(&mut agent).await {
        Ok(done) => Ok((done, agent)),
        Err(error) => {
            agent.close().await;
            Err(error)
        }
    }
}
