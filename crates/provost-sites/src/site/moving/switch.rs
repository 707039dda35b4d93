//! Moving a site to another build of the same versions: another codebase with other patches, or the same code put together otherwise.
//! Whatever needs an upgrade of the database is no move.

use provost_engine::context::Context;
use provost_engine::plan::Step;
use provost_fleet::model::Fleet;
use provost_moodle::agent::SiteState;

use super::{ASK, close, drain, page, see};
use crate::accounts;
use crate::agent::Agent;
use crate::database;
use crate::site::install::Installation;
use crate::site::{SiteError, dataroot, files, requirements};

/// How long core's end of an upgrade may take, which has nothing to upgrade and goes through all plugins.
const SETTLE: std::time::Duration = std::time::Duration::from_mins(10);

/// A site that is moved to another build.
pub(crate) struct Switching<'a> {
    /// The site; its tree is that of the build it is to run on.
    pub(crate) installation: Installation<'a>,
    /// The fleet.
    pub(crate) fleet: &'a Fleet,
    /// The tree of the build that it ran on, which it goes back to.
    pub(crate) from: &'a str,
    /// Whether that build has plugins more, which the site was told to be without.
    pub(crate) released: bool,
}

impl Switching<'_> {
    /// Moves it, or ends what an interrupted move began. The caller keeps the site's cron from beginning. Returns what was seen.
    pub(crate) async fn run(&self, cx: &Context, step: &Step) -> Result<String, SiteError> {
        let site = &self.installation;
        let release = site.version_of_build(cx)?.release;
        let mut admin = site.servers.admin(cx, &site.site.database, None).await?;
        requirements::check(cx, &cx.paths.build(site.tree), &release, &mut admin.sql).await?;
        drop(admin);
        let user = accounts::site(cx, &site.fleet_id.id, site.name).await?;
        let root = dataroot(cx, site.name, site.site);
        page::put_up(&root, &user)?;
        let moved = self.under_maintenance(cx, step, &user).await;
        match moved {
            Ok(()) => {}
            Err(error) if cx.cancel.is_cancelled() => return Err(error),
            Err(error) => {
                // It ran on that one a moment ago.
                files::point_to_build(cx, site.name, self.from)?;
                page::take_down(&root)?;
                return Err(error);
            }
        }
        page::take_down(&root)?;
        let seen = see(cx, self.fleet, site).await?;
        Ok(format!("Moodle {release}, caches purged; {seen}"))
    }

    async fn under_maintenance(
        &self,
        cx: &Context,
        step: &Step,
        user: &accounts::User,
    ) -> Result<(), SiteError> {
        let site = &self.installation;
        cx.progress(&step.id, "waiting for requests to end", None);
        let (server, name) = (&site.site.database, &site.site.database_name);
        let mut admin = site.servers.admin(cx, server, None).await?;
        drain(cx, &mut admin, name).await?;
        if database::sessions(&mut admin.sql, name).await? > 0 {
            // Old code and new code never work in one database at the same time.
            let closed = close(cx, &mut admin, name).await;
            database::let_back_in(&mut admin.sql, name).await?;
            closed?;
        }
        drop(admin);
        files::point_to_build(cx, site.name, site.tree)?;
        let subject = step.id.subject.to_string();
        let mut agent = Agent::open(cx, site.name, &user.account, Some(&subject)).await?;
        let done = self.settle(cx, &mut agent).await;
        agent.close().await;
        done
    }

    async fn settle(&self, cx: &Context, agent: &mut Agent) -> Result<(), SiteError> {
        let site = &self.installation;
        if self.released && agent.ready.state == SiteState::UpgradePending {
            // Moodle knows by a digest of all versions that some are gone, and asks for an upgrade without a step.
            agent.call(cx, "plugins.settle", serde_json::json!({}), SETTLE).await?;
        } else if agent.ready.state != SiteState::Ok {
            return Err(SiteError::ReadBack(format!(
                "on its new build the site is {:?}: that is an upgrade, and no move",
                agent.ready.state
            )));
        }
        agent.call(cx, "caches.purge", serde_json::json!({}), ASK).await?;
        let marks = serde_json::json!({ "marks": { "tree": site.tree } });
        agent.call(cx, "site.mark", marks, ASK).await?;
        Ok(())
    }
}
