//! A site that comes back from its final copy.

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;
use provost_engine::files::{directory, give_to};
use provost_engine::process::Account;
use provost_fleet::model::Site;
use provost_fleet::name::Name;
use provost_fleet::secret::Secret;

use super::super::files::{self as site_files, Dataroot};
use super::super::{SiteError, dataroot};
use super::database::{self as database_copy, Login, digest};
use super::{ADMIN, DUMP, FILES, Kept};
use crate::accounts;
use crate::database;
use crate::fleet_state::FleetId;
use crate::mark::{self, Mark, Stage, Whose, whose};
use crate::secrets::{self, Generated};
use crate::server::Servers;

/// What is brought back, and whereto.
pub struct Restored<'a> {
    /// The fleet's id.
    pub fleet_id: &'a FleetId,
    /// Its servers.
    pub servers: &'a Servers,
    /// The site's name.
    pub name: &'a Name,
    /// The site, as the fleet file will have it.
    pub site: &'a Site,
    /// Its copy.
    pub copy: &'a Kept,
}

impl Restored<'_> {
    /// Brings database and dataroot back, all but the [last word](Self::end). Whoever is killed before that leaves what an apply takes away
    /// without asking while the file does not have the site: all of it is in the copy, as the files say. What was interrupted begins anew;
    /// a site whose data is still there is left as it is.
    ///
    /// # Errors
    /// When the copy is damaged, when something else is where the site was, and when what came back is not what was copied.
    pub async fn bring_back(&self, cx: &Context) -> Result<(), SiteError> {
        let dump = self.copy.path.join(DUMP);
        let (_, found) = digest(dump.clone()).await?;
        if found != self.copy.manifest.dump.sha256 {
            return Err(SiteError::ReadBack(format!("`{dump}` is not what was copied: it is damaged")));
        }
        let root = dataroot(cx, self.name, self.site);
        let files = match site_files::look_at_dataroot(&root)? {
            Dataroot::Absent => None,
            Dataroot::Marked(mark) if mark.fleet == self.fleet_id.id && mark.site == *self.name => {
                Some(mark.stage)
            }
            Dataroot::Marked(_) | Dataroot::Unmarked => {
                return Err(SiteError::ReadBack(format!("`{root}` is in use by something else")));
            }
        };
        let database = self.database_stage(cx).await?;
        match (database, files) {
            (Some(Stage::Installed), Some(Stage::Installed)) => return Ok(()),
            // Killed before its last word: the files are marked when all else is there.
            (Some(Stage::Installing), Some(Stage::Installed)) => {
                let password = secrets::read_or_draw(&cx.paths, &Generated::SiteDatabase(self.name))?;
                return self.is_whole(cx, &password).await;
            }
            (Some(Stage::Installed), _) | (_, Some(Stage::Installed)) => {
                return Err(SiteError::ReadBack(
                    "half of its data is still there: `provost site delete` takes that away first".to_owned(),
                ));
            }
            _ => {}
        }
        self.database(cx, &dump, database.is_some()).await?;
        let user = accounts::site(cx, &self.fleet_id.id, self.name).await?;
        site_files::fresh_dataroot(&root, &self.mark(cx, Stage::Installing), &user)?;
        let (from, to, account) = (self.copy.path.join(FILES), root.clone(), user.account.clone());
        let given = tokio::task::spawn_blocking(move || give(&from, &to, &account, true)).await;
        given.map_err(|broke| SiteError::ReadBack(format!("copying the files broke: {broke}")))??;
        self.keep_admin(cx)?;
        let copied = Mark { copy: Some(self.copy.path.to_string()), ..self.mark(cx, Stage::Installed) };
        site_files::write_mark(&root, &copied, &user)
    }

    /// The last word, when the file has the site: it is an installed one. The files say so first, for an apply makes good what a database
    /// does not say of its site, and takes away what the file does not have and a copy does.
    ///
    /// # Errors
    /// When a mark cannot be written. An apply does it again.
    pub async fn end(&self, cx: &Context) -> Result<(), SiteError> {
        let mark = self.mark(cx, Stage::Installed);
        let user = accounts::site(cx, &self.fleet_id.id, self.name).await?;
        site_files::write_mark(&dataroot(cx, self.name, self.site), &mark, &user)?;
        let mut admin = self.servers.admin(cx, &self.site.database, None).await?;
        Ok(database::set_mark(&mut admin.sql, &self.site.database_name, &mark).await?)
    }

    /// The password of its administrator is again the one that was kept.
    fn keep_admin(&self, cx: &Context) -> Result<(), SiteError> {
        let kept = self.copy.path.join(ADMIN);
        match std::fs::read_to_string(&kept) {
            Ok(text) => {
                secrets::keep(&cx.paths, &Generated::SiteAdmin(self.name), &Secret::new(text.trim_end()))?;
                Ok(())
            }
            // It was not one of ours, or the copy is older than this file.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(SiteError::io("read", &kept)(error)),
        }
    }

    fn mark(&self, cx: &Context, stage: Stage) -> Mark {
        Mark {
            fleet: self.fleet_id.id.clone(),
            site: self.name.clone(),
            stage,
            dataroot: Some(dataroot(cx, self.name, self.site).into_string()),
            was: None,
            server: Some(self.site.database.clone()),
            copy: None,
            template: None,
        }
    }

    /// How far the site's database is, where there is one. Somebody else's is an error.
    async fn database_stage(&self, cx: &Context) -> Result<Option<Stage>, SiteError> {
        let name = &self.site.database_name;
        let mut admin = self.servers.admin(cx, &self.site.database, None).await?;
        let found = database::look(&mut admin.sql).await?.remove(name).unwrap_or_default();
        let role = found.role.map(|role| whose(role.comment.as_deref(), &self.fleet_id.id));
        let is_our_role = matches!(&role, Some(Whose::Ours(mark)) if mark.site == *self.name);
        let stage = match found.database {
            None => None,
            // PostgreSQL marks a database after making it: a restore that was killed in between left it without, but with our role.
            Some(None) if is_our_role => Some(Stage::Created),
            Some(comment) => match whose(comment.as_deref(), &self.fleet_id.id) {
                Whose::Ours(mark) if mark.site == *self.name => Some(mark.stage),
                Whose::Ours(_) | Whose::Foreign(_) => return Err(in_use(name)),
            },
        };
        if role.is_some() && !is_our_role {
            return Err(in_use(name));
        }
        Ok(stage)
    }

    async fn database(&self, cx: &Context, dump: &Utf8Path, there: bool) -> Result<(), SiteError> {
        let name = &self.site.database_name;
        let secret = Generated::SiteDatabase(self.name);
        let password = secrets::read_or_draw(&cx.paths, &secret)?;
        let mark = self.mark(cx, Stage::Installing);
        let mut admin = self.servers.admin(cx, &self.site.database, None).await?;
        let (is, was) = (admin.sql.engine(), self.copy.manifest.dump.engine);
        if is != was {
            let told = format!("its dump is of {}, and the server is {}", was.title(), is.title());
            return Err(SiteError::ReadBack(told));
        }
        if there {
            database::drop_database(&mut admin.sql, name).await?;
        }
        database::make(&mut admin.sql, name, &password, &mark).await?;
        drop(admin);
        // Only now: the file does not have the site yet, and whoever is killed is found again by the mark.
        secrets::keep(&cx.paths, &secret, &password)?;
        let engine = self.copy.manifest.dump.engine;
        let file = self.copy.path.join("restore.login");
        let endpoint = self.servers.endpoint(cx, &self.site.database)?;
        let login =
            Login { file: &file, user: name, password: &password, endpoint: &endpoint, database: name };
        database_copy::restore(cx, engine, &login, dump, format!("site/{}", self.name)).await?;
        self.is_whole(cx, &password).await
    }

    /// Whether its role sees every table that was copied.
    async fn is_whole(&self, cx: &Context, password: &Secret) -> Result<(), SiteError> {
        let name = &self.site.database_name;
        let mut own = self.servers.connect(cx, &self.site.database, name, name, password).await?;
        let tables = database::tables(&mut own.sql).await?;
        let wanted = self.copy.manifest.dump.tables;
        if tables != wanted {
            return Err(SiteError::ReadBack(format!("{tables} of {wanted} tables came back")));
        }
        Ok(())
    }
}

fn in_use(name: &str) -> SiteError {
    SiteError::ReadBack(format!("`{name}` is in use by something else"))
}

/// Copies files to a site's account, with the modes that Moodle gives them. Not links: the copy stays as it is whatever the site does.
fn give(from: &Utf8Path, to: &Utf8Path, account: &Account, top: bool) -> Result<(), SiteError> {
    for entry in from.read_dir_utf8().map_err(SiteError::io("read", from))? {
        let entry = entry.map_err(SiteError::io("read", from))?;
        if top && entry.file_name() == mark::FILE {
            continue;
        }
        let target: Utf8PathBuf = to.join(entry.file_name());
        let kind = entry.file_type().map_err(SiteError::io("read", entry.path()))?;
        if kind.is_dir() {
            directory(&target, 0o2770, account).map_err(SiteError::io("make", &target))?;
            give(entry.path(), &target, account, false)?;
        } else {
            std::fs::copy(entry.path(), &target).map_err(SiteError::io("copy", entry.path()))?;
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o660);
            std::fs::set_permissions(&target, mode).map_err(SiteError::io("set the mode of", &target))?;
            give_to(&target, account).map_err(SiteError::io("give away", &target))?;
        }
    }
    Ok(())
}
