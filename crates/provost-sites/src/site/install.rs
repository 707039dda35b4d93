//! Installing a site, and writing its made files again.
//!
//! Core's script refuses a database that has tables, so finishing a broken install means dropping and redoing. Its exit status is
//! not evidence: the version in the database must be the build's, and the schema must be what the code declares.

mod lifeline;
mod output;

use std::time::Duration;

use provost_engine::context::Context;
use provost_engine::plan::Step;
use provost_engine::process::{ProcessError, Program};
use provost_fleet::model::Site;
use provost_fleet::name::Name;
use provost_fleet::secret::Secret;
use provost_moodle::agent::SiteState;
use provost_moodle::components::Layout;
use provost_moodle::version_php::CoreVersion;
use tokio::io::AsyncWriteExt as _;

use self::output::{Log, watch};
use super::config::{self, Rendered};
use super::files::Dataroot;
use super::{SiteError, dataroot, files, requirements};
use crate::accounts::{self, User};
use crate::agent::{self, Agent, CLI_SETTINGS};
use crate::database;
use crate::fleet_state::FleetId;
use crate::mark::{Mark, Stage, TemplateMark};
use crate::php::Php;
use crate::secrets::{self, Generated, References};
use crate::server::{Connection, Servers};

/// Longest install. Core's script takes 40 s on two quiet cores; many plugins on a busy machine take minutes.
const LONGEST: Duration = Duration::from_mins(30);

/// Longest check of a schema.
const CHECK: Duration = Duration::from_mins(10);

/// What installing a site works with.
#[derive(Clone, Copy)]
pub struct Installation<'a> {
    /// The fleet's servers.
    pub servers: &'a Servers,
    /// For secrets that the file refers to.
    pub references: &'a References,
    /// The fleet's id.
    pub fleet_id: &'a FleetId,
    /// The site.
    pub name: &'a Name,
    /// Its declaration.
    pub site: &'a Site,
    /// The tree id of its build.
    pub tree: &'a str,
    /// What its mark says where the site is a template.
    pub template: Option<&'a TemplateMark>,
}

/// A site that was installed and read back, and that nobody was told of yet.
pub(crate) struct Installed {
    /// What was seen of it.
    pub(crate) seen: String,
    /// Whom its PHP runs as.
    pub(crate) user: User,
    /// Its configuration.
    pub(crate) rendered: Rendered,
}

impl Installation<'_> {
    /// Installs the site from nothing, or anew over what a broken install left. Returns what was seen of it.
    pub async fn run(&self, cx: &Context, step: &Step) -> Result<String, SiteError> {
        let Installed { seen, user, rendered } = self.install(cx, step).await?;
        let root = dataroot(cx, self.name, self.site);
        files::write_mark(&root, &self.mark(cx, Stage::Installed), &user)?;
        self.set_stage(cx, Stage::Installed).await?;
        files::open_to_web(cx, self.name, self.site, &rendered)?;
        Ok(seen)
    }

    /// Installs it, and tells nobody: marks and the host's link are the caller's.
    pub(crate) async fn install(&self, cx: &Context, step: &Step) -> Result<Installed, SiteError> {
        let version = self.version_of_build(cx)?;
        let root = dataroot(cx, self.name, self.site);
        // Never planned; but what follows empties a dataroot.
        if let Dataroot::Marked(Mark { stage: Stage::Installed, .. }) = files::look_at_dataroot(&root)? {
            return Err(SiteError::ReadBack(format!("`{root}` is the dataroot of an installed site")));
        }
        self.check_requirements(cx, &version).await?;
        let user = accounts::site(cx, &self.fleet_id.id, self.name).await?;
        self.empty_database(cx, step).await?;
        files::fresh_dataroot(&root, &self.mark(cx, Stage::Installing), &user)?;
        files::make_logs(cx, self.name, &user)?;
        files::point_to_build(cx, self.name, self.tree)?;
        let rendered = self.render(cx)?;
        files::write_config(cx, self.name, &rendered, &user)?;
        self.run_core(cx, step, &user).await?;
        let mut seen = self.read_back(cx, step, &user, &version).await?;
        if let Some(caches) = self.settle_caches(cx, step, &user).await? {
            seen = format!("{seen}, {caches}");
        }
        Ok(Installed { seen, user, rendered })
    }

    /// Writes the made files again, and sees that the site still comes up with them.
    pub async fn configure(&self, cx: &Context, step: &Step) -> Result<String, SiteError> {
        let user = accounts::site(cx, &self.fleet_id.id, self.name).await?;
        files::make_logs(cx, self.name, &user)?;
        if files::build_of(&cx.paths, self.name).is_none() {
            files::point_to_build(cx, self.name, self.tree)?;
        }
        let rendered = self.render(cx)?;
        files::write_config(cx, self.name, &rendered, &user)?;
        let agent = Agent::open(cx, self.name, &user.account, Some(&step.id.subject.to_string())).await?;
        let (state, moodle) = (agent.ready.state, agent.ready.moodle.clone());
        agent.close().await;
        if state == SiteState::NotInstalled {
            return Err(SiteError::ReadBack(
                "with its new configuration the site finds no Moodle".to_owned(),
            ));
        }
        let caches = self.settle_caches(cx, step, &user).await?;
        files::open_to_web(cx, self.name, self.site, &rendered)?;
        Ok(format!(
            "Moodle {moodle} comes up{}",
            caches.map(|caches| format!(", {caches}")).unwrap_or_default()
        ))
    }

    pub(crate) fn render(&self, cx: &Context) -> Result<Rendered, SiteError> {
        let password = secrets::read_or_make(&cx.paths, &Generated::SiteDatabase(self.name))?;
        config::render(cx, self.servers, self.name, self.site, &password)
    }

    pub(crate) fn mark(&self, cx: &Context, stage: Stage) -> Mark {
        Mark {
            fleet: self.fleet_id.id.clone(),
            site: self.name.clone(),
            stage,
            dataroot: Some(dataroot(cx, self.name, self.site).into_string()),
            was: None,
            server: Some(self.site.database.clone()),
            copy: None,
            template: self.template.cloned().map(Box::new),
        }
    }

    /// The version that the database must have afterwards.
    pub(crate) fn version_of_build(&self, cx: &Context) -> Result<CoreVersion, SiteError> {
        let build = cx.paths.build(self.tree);
        let layout = Layout::detect(|path| build.join(path).exists());
        let path = build.join(layout.unwrap_or(Layout { public: false }).version_php());
        let bytes = std::fs::read(&path).map_err(SiteError::io("read", &path))?;
        CoreVersion::read(&bytes).map_err(|error| {
            SiteError::ReadBack(format!("the build's version.php cannot be understood: {error}"))
        })
    }

    async fn check_requirements(&self, cx: &Context, version: &CoreVersion) -> Result<(), SiteError> {
        let mut admin = self.servers.admin(cx, &self.site.database, None).await?;
        requirements::check(cx, &cx.paths.build(self.tree), &version.release, &mut admin.sql).await
    }

    /// Leaves an empty, marked database, whatever a broken install left in it.
    async fn empty_database(&self, cx: &Context, step: &Step) -> Result<(), SiteError> {
        let name = &self.site.database_name;
        let mut inside = self.servers.admin(cx, &self.site.database, Some(name)).await?;
        let used = database::has_tables(&mut inside.sql).await?;
        drop(inside);
        let mut admin = self.servers.admin(cx, &self.site.database, None).await?;
        let mark = self.mark(cx, Stage::Installing);
        if used {
            cx.progress(&step.id, "dropping what the unfinished install left", None);
            database::drop_database(&mut admin.sql, name).await?;
            database::create(&mut admin.sql, name, &mark).await?;
        } else {
            database::set_mark(&mut admin.sql, name, &mark).await?;
        }
        Ok(())
    }

    pub(crate) async fn set_stage(&self, cx: &Context, stage: Stage) -> Result<(), SiteError> {
        let mut admin = self.servers.admin(cx, &self.site.database, None).await?;
        Ok(database::set_mark(&mut admin.sql, &self.site.database_name, &self.mark(cx, stage)).await?)
    }

    /// Runs core's `install_database.php`; a file put before it reads the password from standard input.
    async fn run_core(&self, cx: &Context, step: &Step, user: &User) -> Result<(), SiteError> {
        let php = Php::find(&cx.machine).ok_or(SiteError::NoPhp)?;
        let ours = agent::unpack(&cx.paths).map_err(SiteError::io("unpack", cx.paths.agents()))?;
        let code = cx.paths.code(self.name);
        let script = ["", "public/"].map(|root| code.join(format!("{root}admin/cli/install_database.php")));
        let script = script.into_iter().find(|path| path.is_file()).ok_or(SiteError::NoInstaller(code))?;
        let program = Program::new(&php.cli)
            .args(CLI_SETTINGS)
            .args(["-d", &format!("auto_prepend_file={}", ours.join("install.php"))])
            .arg(script)
            .env("PROVOST_SITE", self.name.as_str())
            .account(user.account.clone())
            .subject(step.id.subject.to_string())
            .deadline(LONGEST);
        let answers = self.answers(cx).await?;
        let mut running = cx.start(program).await.map_err(SiteError::Install)?;
        if let Some(mut stdin) = running.stdin.take() {
            // A broken pipe shows in the status and in what was written.
            stdin.write_all(format!("{}\n", answers.expose()).as_bytes()).await.ok();
        }
        let mut log = Log::default();
        let watched = watch(cx, step, &mut running, &mut log);
        let status = tokio::select! {
            status = watched => status,
            () = cx.cancel.cancelled() => {
                running.end().await;
                if let Some(last) = log.last() {
                    cx.note(format!("{}: Moodle's installer last said: {last}", step.id));
                }
                return Err(SiteError::Install(ProcessError::Cancelled { program: "php".to_owned() }));
            }
            () = self.database_lost(cx) => {
                running.end().await;
                return Err(SiteError::InstallLost { server: self.site.database.clone(), log: log.end() });
            }
            () = tokio::time::sleep(LONGEST) => {
                running.end().await;
                // Some plugins' installers go round for ever; what they say tells which.
                return Err(SiteError::InstallEndless { longest: LONGEST, log: log.end() });
            }
        };
        running.forget();
        let lost = |source| SiteError::Install(ProcessError::Lost { program: "php".to_owned(), source });
        let status = status.map_err(lost)?;
        if status == provost_engine::process::Status::Code(0) {
            return Ok(());
        }
        let (program, log) = ("install_database.php".to_owned(), log.end());
        Err(SiteError::Install(ProcessError::Failed { program, status, log }))
    }

    /// The password of the site's first administrator.
    pub(crate) async fn admin_password(&self, cx: &Context) -> Result<Secret, SiteError> {
        Ok(match &self.site.admin.password {
            Some(reference) => self.references.resolve(cx, reference).await?,
            None => secrets::read_or_make(&cx.paths, &Generated::SiteAdmin(self.name))?,
        })
    }

    /// A connection to the site's database as its own role.
    pub(crate) async fn own_connection(
        &self,
        cx: &Context,
        database: &str,
    ) -> Result<Connection<'_>, SiteError> {
        let password = secrets::read_or_make(&cx.paths, &Generated::SiteDatabase(self.name))?;
        Ok(self.servers.connect(cx, &self.site.database, database, database, &password).await?)
    }

    async fn answers(&self, cx: &Context) -> Result<Secret, SiteError> {
        let admin = &self.site.admin;
        let password = self.admin_password(cx).await?;
        let answers = serde_json::json!({
            "adminuser": admin.user,
            "adminpass": password.expose(),
            "adminemail": admin.email,
            "fullname": self.site.full_name,
            "shortname": self.site.short_name,
            "lang": self.site.language,
        });
        Ok(Secret::new(answers.to_string()))
    }

    /// Asks the site itself, from a fresh process: version, schema, and our marks in it.
    async fn read_back(
        &self,
        cx: &Context,
        step: &Step,
        user: &User,
        version: &CoreVersion,
    ) -> Result<String, SiteError> {
        cx.progress(&step.id, "reading back", None);
        let subject = step.id.subject.to_string();
        let mut agent = Agent::open(cx, self.name, &user.account, Some(&subject)).await?;
        let checked = self.check(cx, &mut agent, version).await;
        agent.close().await;
        checked
    }

    async fn check(
        &self,
        cx: &Context,
        agent: &mut Agent,
        version: &CoreVersion,
    ) -> Result<String, SiteError> {
        if agent.ready.state != SiteState::Ok {
            return Err(SiteError::ReadBack(format!(
                "core's script ended well, but the site is {:?}",
                agent.ready.state
            )));
        }
        let facts = agent.call(cx, "site.facts", serde_json::json!({}), CHECK).await?;
        let told = facts["version"].as_str().unwrap_or_default();
        if told.parse() != Ok(version.version.clone()) {
            return Err(SiteError::ReadBack(format!(
                "the database says version {told}, the build has {}",
                version.version
            )));
        }
        if facts["wwwroot"].as_str() != Some(self.site.url.to_string().as_str()) {
            return Err(SiteError::ReadBack(format!("the site takes itself for {}", facts["wwwroot"])));
        }
        let schema = agent.call(cx, "schema.check", serde_json::json!({}), CHECK).await?;
        let differences = schema["differences"].as_array().map_or(0, Vec::len);
        if differences > 0 {
            return Err(SiteError::ReadBack(format!(
                "the database differs from what the code declares in {differences} place(s), first: {}",
                schema["differences"][0]
            )));
        }
        self.check_language(cx, agent).await?;
        let marks = serde_json::json!({ "marks": {
            "fleet": self.fleet_id.id,
            "site": self.name,
            "wwwroot": self.site.url.to_string(),
            "tree": self.tree,
            "origin": "install",
        }});
        agent.call(cx, "site.mark", marks, CHECK).await?;
        Ok(format!("Moodle {}, schema clean", version.release))
    }
}

impl Installation<'_> {
    /// Core downloads language packs, and installs in English without a word in its exit status when it cannot.
    async fn check_language(&self, cx: &Context, agent: &mut Agent) -> Result<(), SiteError> {
        let asked = serde_json::json!({ "component": "core", "name": "lang" });
        let answer = agent.call(cx, "config.get", asked, CHECK).await?;
        let is = answer["values"]["lang"].as_str().unwrap_or("en");
        if is != self.site.language {
            cx.note(format!(
                "site {} is installed in `{is}`: the language pack `{}` could not be downloaded",
                self.name, self.site.language
            ));
        }
        Ok(())
    }
}
