//! Cloning a site from a template: its database is copied by the server, its files are brought over, and then it is made itself.
//!
//! Done in this order, the first two side by side: database and files; identity, in one batch of SQL that Moodle has not seen the copy
//! before; then one process of PHP, which does what only PHP can do and says what Moodle takes the site for; then the marks, and the
//! host's link. That process is the read-back of the batch, for it is the first that ever sees the clone; what it does itself is read
//! back from the database by us. A clone that was killed anywhere is not marked as installed, and is made anew.

mod ahead;
mod components;
pub(crate) mod copying;
pub(crate) mod files;
pub(crate) mod hooks;
pub(crate) mod identity;
pub(crate) mod keys;
pub mod rules;
mod taking;
mod told;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;
use provost_engine::files as engine_files;
use provost_engine::plan::Step;
use provost_fleet::digest::Digest;
use provost_fleet::model::{Engine, Template};
use provost_fleet::name::Name;
use provost_moodle::agent::SiteState;
use serde_json::Value;

use self::copying::Source;
use self::identity::Identity;
use crate::accounts::User;
use crate::agent::{Agent, Started};
use crate::mark::{Mark, Stage};
use crate::seat;
use crate::server::Sql;
use crate::site::config::Rendered;
use crate::site::files::{self as site_files, Dataroot};
use crate::site::install::Installation;
use crate::site::{SiteError, dataroot};

/// Longest that Moodle may take for its part. It takes a fifth of a second; settings that are encrypted anew take some more.
const MOODLE: Duration = Duration::from_mins(2);

/// What cloning a site works with.
pub struct Cloning<'a> {
    /// The site, as an installation would have it; the build is the template's.
    pub installation: Installation<'a>,
    /// The template's name.
    pub template: &'a Name,
    /// Its declaration.
    pub declared: &'a Template,
}

/// Where template and clone are.
struct Places {
    from_url: String,
    from_dataroot: Utf8PathBuf,
    to_url: String,
    to_dataroot: Utf8PathBuf,
}

/// The clone's files, and the process that waits to see it.
struct Prepared {
    user: User,
    rendered: Rendered,
    agent: Started,
    brought: files::Brought,
}

impl Cloning<'_> {
    /// Clones the site, or anew over what a broken attempt left. Returns what was done, with what each part took.
    pub async fn run(&self, cx: &Context, step: &Step) -> Result<String, SiteError> {
        let site = &self.installation;
        let root = dataroot(cx, site.name, site.site);
        // Never planned; but what follows empties a dataroot.
        if let Dataroot::Marked(Mark { stage: Stage::Installed, .. }) = site_files::look_at_dataroot(&root)? {
            return Err(SiteError::ReadBack(format!("`{root}` is the dataroot of an installed site")));
        }
        let source = self.source(cx).await?;
        if let Some(taken) = self.take_a_spare(cx, step, &source, &root).await? {
            return Ok(taken);
        }
        let bound = step.params["file_copy_from_bytes"].as_i64().unwrap_or(copying::FILE_COPY_FROM);
        let begun = Instant::now();
        // Keys that are not in stock are pure arithmetic. MariaDB waits for the disk while it copies, and leaves a core for them; PostgreSQL
        // has use for all.
        let waits = site.servers.declared(&site.site.database)?.engine == Engine::Mariadb;
        let early = async { if waits { self.keys(cx, &source).await.map(Some) } else { Ok(None) } };
        let (method, prepared, early) =
            tokio::try_join!(self.copy(cx, &source, bound), self.prepare(cx, step, &source, &root), early)?;
        let copied = begun.elapsed();
        let Prepared { user, rendered, agent, brought } = prepared;
        let keys = async { if let Some(keys) = early { Ok(keys) } else { self.keys(cx, &source).await } };
        let starting = async {
            let (secrets, identifier) = self.become_itself(cx, &source).await?;
            self.seed_hooks(cx, &source, &root, &user, &identifier)?;
            let identified = begun.elapsed();
            Ok::<_, SiteError>((secrets, identified, agent.greet(cx).await?))
        };
        let ((secrets, identified, agent), keys) = tokio::try_join!(starting, keys)?;
        self.ask_moodle(cx, &source, agent, keys).await?;
        self.read_back(cx, &source, secrets).await?;
        let answered = begun.elapsed();
        if self.is_spare() {
            // What PHP has written down so far holds the spare's address, which will be another one.
            files::forget_what_is_made_anew(&root)?;
        } else {
            site.settle_caches(cx, step, &user).await?;
        }
        site_files::write_mark(&root, &site.mark(cx, Stage::Installed), &user)?;
        site.set_stage(cx, Stage::Installed).await?;
        if !self.is_spare() {
            site_files::open_to_web(cx, site.name, site.site, &rendered)?;
        }
        for unknown in brought.unknown {
            cx.note(format!("`{unknown}` in the dataroot of template {} was not cloned", self.template));
        }
        Ok(format!(
            "Moodle {}, cloned from {} by {method} ({} MiB, {:.2} s); identity {:.2} s, Moodle {:.2} s",
            source.made_of.release,
            self.template,
            source.bytes >> 20,
            copied.as_secs_f64(),
            identified.saturating_sub(copied).as_secs_f64(),
            answered.saturating_sub(identified).as_secs_f64(),
        ))
    }

    /// Whether the clone is for whoever takes it later.
    fn is_spare(&self) -> bool {
        self.installation.template.is_some()
    }

    fn refused(&self, why: impl Into<String>, hint: Option<String>) -> SiteError {
        SiteError::Template { template: self.template.clone(), why: why.into(), hint }
    }

    /// Files, keys, and a process of PHP that has started and not yet looked.
    async fn prepare(
        &self,
        cx: &Context,
        step: &Step,
        source: &Source,
        root: &Utf8Path,
    ) -> Result<Prepared, SiteError> {
        let site = &self.installation;
        let user = seat::account(cx, &site.fleet_id.id, site.name, site.site).await?;
        site_files::fresh_dataroot(root, &site.mark(cx, Stage::Installing), &user)?;
        let brought = self.bring(cx, &user, root).await?;
        if source.made_of.encrypted {
            self.bring_key(cx, &user, root)?;
        }
        self.seed_components(cx, source, root, &user).await?;
        site_files::make_logs(cx, site.name, &user)?;
        site_files::point_to_build(cx, site.name, &source.made_of.tree)?;
        let rendered = site.render(cx)?;
        site_files::write_config(cx, site.name, &rendered, &user)?;
        let subject = step.id.subject.to_string();
        let list = self.ahead(cx, source)?;
        let agent = Agent::start(cx, site.name, &user.account, Some(&subject), list.as_deref()).await?;
        Ok(Prepared { user, rendered, agent, brought })
    }

    async fn seed_components(
        &self,
        cx: &Context,
        source: &Source,
        root: &Utf8Path,
        user: &User,
    ) -> Result<(), SiteError> {
        components::seed(cx, (&self.template_site()?, &source.made_of.tree), root, user).await
    }

    async fn bring(&self, cx: &Context, user: &User, root: &Utf8Path) -> Result<files::Brought, SiteError> {
        let from = self.template_dataroot(cx)?;
        let (to, account) = (root.to_owned(), user.account.clone());
        // Files can be many; the runtime's threads are for waiting, not for this.
        let brought = tokio::task::spawn_blocking(move || files::bring(&from, &to, &account)).await;
        brought.map_err(|broke| SiteError::ReadBack(format!("bringing the files broke: {broke}")))?
    }

    /// The template's key, which opens the settings that are encrypted with it. PHP puts a new one into its place.
    fn bring_key(&self, cx: &Context, user: &User, root: &Utf8Path) -> Result<(), SiteError> {
        let Some(key) = self.template_key(cx)? else { return Ok(()) };
        let directory = root.join("secret/key");
        for path in [root.join("secret"), directory.clone()] {
            engine_files::directory(&path, 0o2770, &user.account).map_err(SiteError::io("make", &path))?;
        }
        let path = directory.join("sodium.key");
        engine_files::write_whole(&path, &key, 0o400, &user.account).map_err(SiteError::io("write", &path))
    }

    fn template_key(&self, cx: &Context) -> Result<Option<Vec<u8>>, SiteError> {
        let path = self.template_dataroot(cx)?.join("secret/key/sodium.key");
        match std::fs::read(&path) {
            Ok(key) => Ok(Some(key)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(SiteError::Io { verb: "read", path, source }),
        }
    }

    /// Private keys of the clone's own, for the settings that hold one. They need nothing of the site, so not even its account is waited for.
    async fn keys(&self, cx: &Context, source: &Source) -> Result<Vec<Value>, SiteError> {
        let rules = source.rules();
        let wanted = rules.keys();
        let keys = keys::take(cx, wanted.len()).await?;
        let pairs = wanted.into_iter().zip(keys);
        Ok(pairs
            .map(|((plugin, name, kid_name), key)| {
                serde_json::json!({
                    "plugin": plugin, "name": name, "value": key.value, "kid_name": kid_name, "kid": key.kid,
                })
            })
            .collect())
    }

    fn identity<'b>(&'b self, marks: &'b [(&'b str, &'b str)], places: &'b Places) -> Identity<'b> {
        let (site, from) = (self.installation.site, &self.declared.site);
        Identity {
            prefix: &site.prefix,
            from_role: &from.database_name,
            to_role: &site.database_name,
            from_url: &places.from_url,
            from_host: from.url.host(),
            from_dataroot: places.from_dataroot.as_str(),
            to_dataroot: places.to_dataroot.as_str(),
            to_url: &places.to_url,
            to_host: site.url.host(),
            full_name: &site.full_name,
            short_name: &site.short_name,
            admin_user: &site.admin.user,
            admin_email: &site.admin.email,
            marks,
            keeps_notes: self.is_spare(),
        }
    }

    fn places(&self, cx: &Context) -> Result<Places, SiteError> {
        let site = &self.installation;
        Ok(Places {
            from_url: self.declared.site.url.to_string(),
            from_dataroot: self.template_dataroot(cx)?,
            to_url: site.site.url.to_string(),
            to_dataroot: dataroot(cx, site.name, site.site),
        })
    }

    /// What of the template's takes the clone's place, for PHP: the longest that fits is replaced.
    fn addresses(&self, cx: &Context) -> Result<BTreeMap<String, String>, SiteError> {
        let (places, site) = (self.places(cx)?, &self.installation);
        Ok([
            (places.from_url, places.to_url),
            (places.from_dataroot.into_string(), places.to_dataroot.into_string()),
            (self.declared.site.url.host().to_owned(), site.site.url.host().to_owned()),
        ]
        .into())
    }

    /// The name under which the template is a site.
    fn template_site(&self) -> Result<Name, SiteError> {
        Template::site_name(self.template).map_err(|error| self.refused(error.to_string(), None))
    }

    fn template_dataroot(&self, cx: &Context) -> Result<Utf8PathBuf, SiteError> {
        Ok(dataroot(cx, &self.template_site()?, &self.declared.site))
    }

    /// Takes the copy from the template to the site. Returns digests of what must be another one in the end, and the site's identifier.
    async fn become_itself(
        &self,
        cx: &Context,
        source: &Source,
    ) -> Result<(BTreeMap<String, String>, String), SiteError> {
        let site = &self.installation;
        let places = self.places(cx)?;
        let (origin, snapshot) = (self.origin(), source.snapshot());
        let marks = self.marks(source, &places, [&origin, &snapshot]);
        let identity = self.identity(&marks, &places);
        let rules = source.rules();
        let database = &site.site.database_name;
        let mut inside = site.servers.admin(cx, &site.site.database, Some(database)).await?;
        let engine = inside.sql.engine();
        let secrets = digests(&mut inside.sql, identity.secrets(engine, &rules)).await?;
        let batch = identity.batch(engine, &rules);
        inside.sql.run(batch).await?;
        let told = inside.sql.rows(identity.telling(engine)).await?.into_iter().next().unwrap_or_default();
        Ok((secrets, told.into_iter().next_back().flatten().unwrap_or_default()))
    }

    fn origin(&self) -> String {
        format!("template {}", self.template)
    }

    /// What is written into the site of it.
    fn marks<'b>(
        &'b self,
        source: &'b Source,
        places: &'b Places,
        [origin, snapshot]: [&'b str; 2],
    ) -> [(&'b str, &'b str); 6] {
        let site = &self.installation;
        [
            ("fleet", site.fleet_id.id.as_str()),
            ("site", site.name.as_str()),
            ("wwwroot", places.to_url.as_str()),
            ("tree", source.made_of.tree.as_str()),
            ("origin", origin),
            ("origin_snapshot", snapshot),
        ]
    }

    /// Has PHP do its part, and compares what Moodle takes the site for.
    async fn ask_moodle(
        &self,
        cx: &Context,
        source: &Source,
        mut agent: Agent,
        keys: Vec<Value>,
    ) -> Result<(), SiteError> {
        let site = &self.installation;
        let told = if agent.ready.state == SiteState::NotInstalled {
            Err(SiteError::ReadBack("Moodle finds nothing installed in the copy".to_owned()))
        } else {
            let password = site.admin_password(cx).await?;
            let addresses = if source.made_of.blocks { self.addresses(cx)? } else { BTreeMap::new() };
            let params = serde_json::json!({
                "password": password.expose(),
                "keys": keys,
                "rekey": source.made_of.encrypted,
                "addresses": addresses,
            });
            agent.call(cx, "site.identity", params, MOODLE).await.map_err(SiteError::from)
        };
        agent.close().await;
        let told = told?;
        let expected = [
            ("wwwroot", Value::from(site.site.url.to_string())),
            ("fullname", Value::from(site.site.full_name.as_str())),
            ("shortname", Value::from(site.site.short_name.as_str())),
            ("username", Value::from(site.site.admin.user.as_str())),
            ("email", Value::from(site.site.admin.email.as_str())),
            ("authenticates", Value::from(true)),
            ("current", Value::from(true)),
        ];
        for (what, wanted) in expected {
            if told[what] != wanted {
                let message = format!("Moodle takes `{what}` of the clone for {}, not {wanted}", told[what]);
                return Err(SiteError::ReadBack(message));
            }
        }
        self.remember_loaded(cx, source, &told["loaded"])?;
        hooks::remember(cx, &self.template_site()?, &source.made_of.tree, &told["hooks"])?;
        let identifier = told["siteidentifier"].as_str().unwrap_or_default();
        if !identifier.ends_with(site.site.url.host()) || identifier.len() <= site.site.url.host().len() {
            return Err(SiteError::ReadBack("Moodle does not know the clone's identifier".to_owned()));
        }
        let key = self.template_key(cx)?.map(|key| Digest::of(&key).to_string());
        if key.is_some() && told["encryption_key"].as_str() == key.as_deref() {
            return Err(SiteError::ReadBack("the clone has its template's encryption key".to_owned()));
        }
        Ok(())
    }

    /// Looks, after PHP has ended, whether anything secret of the template's is still there.
    async fn read_back(
        &self,
        cx: &Context,
        source: &Source,
        before: BTreeMap<String, String>,
    ) -> Result<(), SiteError> {
        let site = &self.installation;
        let places = self.places(cx)?;
        let identity = self.identity(&[], &places);
        let database = &site.site.database_name;
        // As the site's own role: what it cannot read is not its own.
        let mut own = site.own_connection(cx, database).await?;
        let engine = own.sql.engine();
        let after = digests(&mut own.sql, identity.secrets(engine, &source.rules())).await?;
        let kept: Vec<&str> = before
            .iter()
            .filter(|(what, digest)| after.get(*what) == Some(*digest))
            .map(|(what, _)| what.as_str())
            .collect();
        if kept.is_empty() {
            return Ok(());
        }
        Err(SiteError::ReadBack(format!("the clone still has its template's {}", kept.join(", "))))
    }
}

/// Runs a query of two texts a row.
async fn digests(sql: &mut Sql, query: String) -> Result<BTreeMap<String, String>, sqlx::Error> {
    let rows = sql.rows(query).await?.into_iter();
    let pairs = rows.filter_map(|row| <[Option<String>; 2]>::try_from(row).ok());
    Ok(pairs.filter_map(|[what, digest]| Some((what?, digest?))).collect())
}
