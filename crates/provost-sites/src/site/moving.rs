//! Moving a site's database to another server of the same engine; and, below, its site to another build.
//!
//! In this order: an empty copy on the new server, marked as *moving* → core's page for every visitor → requests in flight end → the
//! site's role is kept out of the old database → dump, restore, every table compared → **the dataroot's mark names the new server** → the
//! new database is marked as installed → the site's PHP file → the site itself is asked → visitors come in → the old database goes, and
//! its dump is kept for a while. Before the mark changes a failure is undone, and the site is as it was; after it, the next run goes on.
//! The old database is closed from before the copy until it is gone: whatever is killed when, two databases never serve one site.

pub(crate) mod kept;
pub(crate) mod page;
mod proof;
mod switch;

pub use kept::prune;
pub(crate) use switch::Switching;

use std::time::Duration;

use camino::Utf8Path;
use provost_engine::context::Context;
use provost_engine::files::directory;
use provost_engine::plan::Step;
use provost_engine::process::Account;
use provost_fleet::model::Fleet;
use provost_moodle::agent::SiteState;
use serde::{Deserialize, Serialize};

use super::copy::database::{self as dumps, Login};
use super::install::Installation;
use super::{SiteError, dataroot, files, requirements};
use crate::accounts::{self, User};
use crate::agent::Agent;
use crate::database;
use crate::mark::{Stage, Whose, whose};
use crate::relocation::Other;
use crate::seat;
use crate::secrets::{self, Generated};
use crate::server::Connection;
use crate::up::{self, Answer, Taken};

/// How long requests in flight may take before their sessions are ended. An upload of a large file takes longer, and is told to come again.
const DRAIN: Duration = Duration::from_secs(30);

/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// How long sessions may take to go that were ended.
const ENDING: Duration = Duration::from_secs(10);

/// Longest answer of the site about itself.
const ASK: Duration = Duration::from_mins(2);

/// What is to be done about a site whose database is not, or not only, where the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// It is brought over.
    Go,
    /// It is over, and what remains is done.
    Finish,
    /// It stays, and what was begun is taken away.
    Back,
}

/// A site that is moved between database servers.
pub(crate) struct Moving<'a> {
    /// The site as the file has it; its tree is that of the build it runs on.
    pub(crate) installation: Installation<'a>,
    /// The fleet.
    pub(crate) fleet: &'a Fleet,
    /// The other database: the old one, or with [`Way::Back`] the one that was to be the new one.
    pub(crate) other: &'a Other,
}

impl Moving<'_> {
    /// Does it. The caller keeps the site's cron from beginning. Returns what was seen.
    pub(crate) async fn run(&self, cx: &Context, step: &Step, way: Way) -> Result<String, SiteError> {
        match way {
            Way::Go => {
                let moved = self.bring_over(cx, step).await?;
                let finished = self.finish(cx, step).await?;
                Ok(format!("{moved}; {finished}"))
            }
            Way::Finish => self.finish(cx, step).await,
            Way::Back => self.back(cx).await,
        }
    }

    async fn bring_over(&self, cx: &Context, step: &Step) -> Result<String, SiteError> {
        let site = &self.installation;
        let user = accounts::site(cx, &site.fleet_id.id, site.name).await?;
        self.check_requirements(cx).await?;
        self.fresh_copy(cx).await?;
        let copied = self.copy(cx, step, &user).await;
        match copied {
            Ok(told) => {
                // The move: from here on it only goes forward.
                let root = dataroot(cx, site.name, site.site);
                files::write_mark(&root, &site.mark(cx, Stage::Installed), &user)?;
                Ok(told)
            }
            // Interrupted, nothing can be asked of a server any more; the next run begins anew.
            Err(error) if cx.cancel.is_cancelled() => Err(error),
            Err(error) => match self.undo(cx, &site.site.database, &site.site.database_name).await {
                Ok(()) => Err(error),
                Err(second) => {
                    cx.note(format!("site {} could not be let in again: {}", site.name, second.chain()));
                    Err(error)
                }
            },
        }
    }

    async fn check_requirements(&self, cx: &Context) -> Result<(), SiteError> {
        let site = &self.installation;
        let release = site.version_of_build(cx)?.release;
        let mut admin = site.servers.admin(cx, &site.site.database, None).await?;
        requirements::check(cx, &cx.paths.build(site.tree), &release, &mut admin.sql).await
    }

    /// An empty database on the new server, marked as one that comes to be, whatever an interrupted move left there.
    async fn fresh_copy(&self, cx: &Context) -> Result<(), SiteError> {
        let site = &self.installation;
        let (server, name) = (&site.site.database, &site.site.database_name);
        let mut admin = site.servers.admin(cx, server, None).await?;
        let found = database::look(&mut admin.sql).await?.remove(name).unwrap_or_default();
        let ours = |comment: Option<&str>| match whose(comment, &site.fleet_id.id) {
            Whose::Ours(mark) => (mark.site == *site.name).then_some(mark.stage),
            Whose::Foreign(_) => None,
        };
        let password = self.password(cx)?;
        let taken = || {
            let told = format!("`{name}` on `{server}` holds something already; nothing was done to it");
            SiteError::ReadBack(told)
        };
        let our_role = found.role.as_ref().map(|role| {
            ours(role.comment.as_deref()).is_some()
                || database::password_matches(&found, &password) == Some(true)
        });
        if our_role == Some(false) {
            return Err(taken());
        }
        if let Some(comment) = &found.database {
            let stage = ours(comment.as_deref());
            let ours_to_drop = match (stage, comment) {
                (Some(Stage::Moving), _) => true,
                // Made and not used, or made and not marked: then nothing is in it.
                (Some(Stage::Created | Stage::Installing), _) | (None, None)
                    if stage.is_some() || our_role == Some(true) =>
                {
                    // One at a time: many that have one and wait for a second wait for ever.
                    drop(admin);
                    let mut inside = site.servers.admin(cx, server, Some(name)).await?;
                    let used = database::has_tables(&mut inside.sql).await?;
                    drop(inside);
                    admin = site.servers.admin(cx, server, None).await?;
                    !used
                }
                _ => false,
            };
            if !ours_to_drop {
                return Err(taken());
            }
            database::drop_database(&mut admin.sql, name).await?;
        }
        Ok(database::make(&mut admin.sql, name, &password, &site.mark(cx, Stage::Moving)).await?)
    }

    /// Shuts the site, and copies. Returns what was compared.
    async fn copy(&self, cx: &Context, step: &Step, user: &User) -> Result<String, SiteError> {
        let site = &self.installation;
        let root = dataroot(cx, site.name, site.site);
        page::put_up(&root, user)?;
        cx.progress(&step.id, "waiting for requests to end", None);
        let mut old = site.servers.admin(cx, &self.other.server, None).await?;
        close(cx, &mut old, &self.other.database).await?;
        drop(old);

        let work = kept::work(&cx.paths, site.name);
        let place = kept::place(&cx.paths);
        directory(&place, 0o700, &Account::Own).map_err(SiteError::io("make", &place))?;
        files::remove_tree(&work)?;
        directory(&work, 0o700, &Account::Own).map_err(SiteError::io("make", &work))?;
        let dump = self.dump(cx, step, &work).await?;
        cx.progress(&step.id, "restoring", None);
        self.restore(cx, &dump, &work).await?;
        cx.progress(&step.id, "comparing every table", None);
        let proven = proof::compare(cx, site, self.other).await?;
        kept::note(cx, site, self.other, &dump, &work)?;
        Ok(format!("{proven} and every counter compared"))
    }

    async fn dump(&self, cx: &Context, step: &Step, work: &Utf8Path) -> Result<super::copy::Dump, SiteError> {
        let site = &self.installation;
        cx.progress(&step.id, "dumping", None);
        let Other { server, database: name } = self.other;
        let mut inside = site.servers.admin(cx, server, Some(name)).await?;
        let (tables, engine) = (database::tables(&mut inside.sql).await?, inside.sql.engine());
        drop(inside);
        // The site's own role is kept out.
        let (user, password) = site.servers.admin_login(cx, server).await?;
        let endpoint = site.servers.endpoint(cx, server)?;
        let file = work.join("dump.login");
        let login =
            Login { file: &file, user: &user, password: &password, endpoint: &endpoint, database: name };
        let subject = (tables, format!("site/{}", site.name));
        dumps::dump_to(cx, engine, &login, &work.join(kept::DUMP), subject).await
    }

    async fn restore(
        &self,
        cx: &Context,
        dump: &super::copy::Dump,
        work: &Utf8Path,
    ) -> Result<(), SiteError> {
        let site = &self.installation;
        let name = &site.site.database_name;
        let password = self.password(cx)?;
        let endpoint = site.servers.endpoint(cx, &site.site.database)?;
        let file = work.join("restore.login");
        // As its own role: what comes to be belongs to it.
        let login =
            Login { file: &file, user: name, password: &password, endpoint: &endpoint, database: name };
        let subject = format!("site/{}", site.name);
        dumps::restore(cx, dump.engine, &login, &work.join(kept::DUMP), subject).await
    }

    /// What is left to do once the dataroot names the new server.
    async fn finish(&self, cx: &Context, step: &Step) -> Result<String, SiteError> {
        let site = &self.installation;
        cx.progress(&step.id, "asking the site", None);
        // Nothing reaches the old one, also where a person had let its role in again.
        let mut old = site.servers.admin(cx, &self.other.server, None).await?;
        let there = database::look(&mut old.sql).await?.remove(&self.other.database).unwrap_or_default();
        close(cx, &mut old, &self.other.database).await?;
        if there.database.is_none() {
            // Its role is the last that was left; of the site itself nothing is to be done.
            return self.remove_old(cx, &mut old).await;
        }
        site.set_stage(cx, Stage::Installed).await?;
        let user = accounts::site(cx, &site.fleet_id.id, site.name).await?;
        let rendered = site.render(cx)?;
        files::write_config(cx, site.name, &rendered, &user)?;
        ask(cx, site, &user, step).await?;
        files::open_to_web(cx, site.name, site.site, &rendered)?;
        page::take_down(&dataroot(cx, site.name, site.site))?;
        let seen = see(cx, self.fleet, site).await?;
        let left = self.remove_old(cx, &mut old).await?;
        Ok(format!("{seen}; {left}"))
    }

    /// Takes the old database away, and keeps its dump where there is one.
    async fn remove_old(&self, cx: &Context, old: &mut Connection<'_>) -> Result<String, SiteError> {
        let site = &self.installation;
        let Other { server, database: name } = self.other;
        let found = database::look(&mut old.sql).await?.remove(name).unwrap_or_default();
        // A run that was killed here may have left the role alone.
        let comment = found.database.unwrap_or_else(|| found.role.and_then(|role| role.comment));
        let ours = matches!(
            whose(comment.as_deref(), &site.fleet_id.id),
            Whose::Ours(mark) if mark.site == *site.name
        );
        if !ours || !database::is_kept_out(&mut old.sql, name).await? {
            return Err(SiteError::ReadBack(format!("`{name}` on `{server}` is no longer what was moved")));
        }
        let kept = kept::keep(cx, site.name)?;
        database::drop_both(&mut old.sql, name).await?;
        if database::look(&mut old.sql).await?.contains_key(name) {
            return Err(SiteError::ReadBack(format!("`{name}` on `{server}` is still there")));
        }
        Ok(match kept {
            Some(until) => {
                format!("the old database is gone from {server}, its dump is kept until {until:.0}")
            }
            None => format!("the old database is gone from {server}"),
        })
    }

    /// A move that was begun and that nobody asks for any more.
    async fn back(&self, cx: &Context) -> Result<String, SiteError> {
        let site = &self.installation;
        let home = Other { server: site.site.database.clone(), database: site.site.database_name.clone() };
        let moving = Moving { installation: self.installation, fleet: self.fleet, other: &home };
        moving.undo(cx, &self.other.server, &self.other.database).await?;
        let seen = see(cx, self.fleet, site).await?;
        Ok(format!("{seen}; the copy is gone from {}", self.other.server))
    }

    /// Lets the site into its old database again, which is `other`, and takes the copy away: last, for by it the rest is known.
    async fn undo(
        &self,
        cx: &Context,
        server: &provost_fleet::name::Name,
        name: &str,
    ) -> Result<(), SiteError> {
        let site = &self.installation;
        let mut old = site.servers.admin(cx, &self.other.server, None).await?;
        database::let_back_in(&mut old.sql, &self.other.database).await?;
        drop(old);
        let password = self.password(cx)?;
        let (home, own) = (&self.other.server, &self.other.database);
        drop(site.servers.connect(cx, home, own, own, &password).await?);
        page::take_down(&dataroot(cx, site.name, site.site))?;
        // The next move empties its place before it begins.
        drop(files::remove_tree(&kept::work(&cx.paths, site.name)));
        let mut copy = site.servers.admin(cx, server, None).await?;
        Ok(database::drop_both(&mut copy.sql, name).await?)
    }

    fn password(&self, cx: &Context) -> Result<provost_fleet::secret::Secret, SiteError> {
        let kept = secrets::read(&cx.paths, &Generated::SiteDatabase(self.installation.name))?;
        kept.ok_or_else(|| SiteError::ReadBack("the password of its database is not kept here".to_owned()))
    }
}

/// Waits for what is at work in a database, keeps its role out, and sees that nobody is in it.
async fn close(cx: &Context, admin: &mut Connection<'_>, name: &str) -> Result<(), SiteError> {
    drain(cx, admin, name).await?;
    database::keep_out(&mut admin.sql, name).await?;
    let until = tokio::time::Instant::now() + ENDING;
    loop {
        let sessions = database::sessions(&mut admin.sql, name).await?;
        if sessions == 0 && database::is_kept_out(&mut admin.sql, name).await? {
            return Ok(());
        }
        if tokio::time::Instant::now() > until || cx.cancel.is_cancelled() {
            let told = format!(
                "{sessions} session(s) in `{name}` could not be ended, or its role could not be locked"
            );
            return Err(SiteError::ReadBack(told));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Waits until nobody is at work in a database, for at most [`DRAIN`].
async fn drain(cx: &Context, admin: &mut Connection<'_>, name: &str) -> Result<(), SiteError> {
    let until = tokio::time::Instant::now() + DRAIN;
    while tokio::time::Instant::now() < until && !cx.cancel.is_cancelled() {
        if database::sessions(&mut admin.sql, name).await? == 0 {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Asks the site itself, from a fresh process, whether it is what it was.
async fn ask(cx: &Context, site: &Installation<'_>, user: &User, step: &Step) -> Result<(), SiteError> {
    let mut agent = Agent::open(cx, site.name, &user.account, Some(&step.id.subject.to_string())).await?;
    let state = agent.ready.state;
    let facts = agent.call(cx, "site.facts", serde_json::json!({}), ASK).await;
    agent.close().await;
    let facts = facts?;
    if state == SiteState::NotInstalled {
        return Err(SiteError::ReadBack("Moodle finds nothing installed in its new database".to_owned()));
    }
    let expected = [
        (&facts["wwwroot"], site.site.url.to_string()),
        (&facts["marks"]["site"], site.name.to_string()),
        (&facts["marks"]["fleet"], site.fleet_id.id.clone()),
    ];
    match expected.iter().find(|(is, wanted)| is.as_str() != Some(wanted)) {
        None => Ok(()),
        Some((is, wanted)) => Err(SiteError::ReadBack(format!("the site says {is}, not {wanted}"))),
    }
}

/// Looks at the site as a visitor, where anything serves it.
async fn see(cx: &Context, fleet: &Fleet, site: &Installation<'_>) -> Result<&'static str, SiteError> {
    let maintained = dataroot(cx, site.name, site.site).join(super::MAINTENANCE_PAGE).exists();
    // By what serves it now: whether it is to be served otherwise is seen to after this step.
    let open = seat::has_pool(cx, &site.fleet_id.id, site.name);
    let answer = match (open, maintained) {
        (false, _) => Answer::Unavailable,
        (true, true) => Answer::Maintenance,
        (true, false) => Answer::Login,
    };
    // A site that has no virtual host yet is not looked at: its own step comes after this one.
    if !cx.paths.vhosts().join(format!("{}.conf", site.name)).exists() {
        return Ok("Moodle comes up");
    }
    let seen = up::see(cx, fleet, &up::Place::of(site.site), answer).await;
    Ok(match (seen.map_err(|error| SiteError::ReadBack(error.to_string()))?, answer) {
        (Taken::Seen, Answer::Login) => "its login page answers",
        (Taken::Seen, Answer::Maintenance) => "its maintenance page answers",
        (Taken::Seen, _) => "its plain page answers",
        (Taken::NothingRuns | Taken::Told, _) => "Moodle comes up",
    })
}
