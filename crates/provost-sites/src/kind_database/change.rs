//! Making, marking and dropping a site's database and role, each read back.

use provost_engine::context::Context;
use provost_engine::kind::{Effect, StepError};
use provost_fleet::name::Name;

use super::{DatabaseKind, Params};
use crate::database::{self, Found, Inside, Place};
use crate::mark::{Mark, Stage, Whose, whose};
use crate::secrets::{self, Generated};
use crate::server::Connection;
use crate::site::facts;

impl DatabaseKind {
    /// Whoever has one lets it go before it asks for another: where each of as many steps as there are connections has one and waits for a second,
    /// they wait for ever.
    async fn admin(&self, cx: &Context, server: &Name) -> Result<Connection<'_>, StepError> {
        self.servers.admin(cx, server, None).await.map_err(StepError::failed)
    }

    pub(super) async fn create(
        &self,
        cx: &Context,
        site: &Name,
        params: &Params,
    ) -> Result<Effect, StepError> {
        let Params { server, name, only_role, .. } = params;
        let mut admin = self.admin(cx, server).await?;
        let secret = Generated::SiteDatabase(site);
        let password = secrets::read_or_draw(&cx.paths, &secret).map_err(StepError::failed)?;
        // Once there is something marked: the site may leave the file before this is done again.
        let keep = || secrets::keep(&cx.paths, &secret, &password).map_err(StepError::failed);
        let mark = Mark {
            fleet: self.fleet_id.id.clone(),
            site: site.clone(),
            stage: Stage::Created,
            dataroot: None,
            was: None,
            server: None,
            copy: None,
            template: None,
        };
        let failed = |error: sqlx::Error| StepError::failed(error);
        if *only_role && database::copies_whole(&admin.sql) {
            database::ensure_role(&mut admin.sql, name, &password, &mark).await.map_err(failed)?;
            keep()?;
            let found = database::look(&mut admin.sql).await.map_err(failed)?.remove(name);
            let Found { database, role, .. } = found.unwrap_or_default();
            if database.is_none() {
                return match role.map(|role| whose(role.comment.as_deref(), &self.fleet_id.id)) {
                    Some(Whose::Ours(_)) => Ok(Effect(format!("role `{name}` is there"))),
                    _ => Err(StepError::told(format!("role `{name}` was made, and is not there"))),
                };
            }
        }
        database::make(&mut admin.sql, name, &password, &mark).await.map_err(failed)?;
        keep()?;
        drop(admin);
        // Read back by coming in as the site will.
        let mut own =
            self.servers.connect(cx, server, name, name, &password).await.map_err(StepError::failed)?;
        let who = database::who_am_i(&mut own.sql).await.map_err(failed)?;
        Ok(Effect(format!("logged in as {who}")))
    }

    /// Marks role and database again, and closes the database as one that we made is. Its data is not touched.
    pub(super) async fn mark_again(
        &self,
        cx: &Context,
        site: &Name,
        params: &Params,
    ) -> Result<Effect, StepError> {
        let Params { server, name, prefix, dataroot, .. } = params;
        let fleet = &self.fleet_id.id;
        let place = Place { fleet, site, server, database: name, prefix, dataroot: dataroot.as_deref() };
        // Looked at again right before: our mark makes everything in it ours.
        let inside = place.look(&self.servers, cx).await.map_err(StepError::told)?;
        if !matches!(inside, Inside::ThisSite(_)) {
            return Err(StepError::told(format!("`{name}` does not hold site `{site}` of this fleet")));
        }
        let password =
            secrets::read_or_make(&cx.paths, &Generated::SiteDatabase(site)).map_err(StepError::failed)?;
        // A dataroot that is not there yet is not written down: the file may name another one by then.
        let dataroot = place.installed_files(cx).map(|_| place.dataroot(cx).into_string());
        let mark = Mark {
            fleet: fleet.clone(),
            site: site.clone(),
            stage: Stage::Installed,
            dataroot,
            was: None,
            server: Some(server.clone()),
            copy: None,
            template: None,
        };
        let failed = |error: sqlx::Error| StepError::failed(error);
        let mut admin = self.admin(cx, server).await?;
        database::ensure_role(&mut admin.sql, name, &password, &mark).await.map_err(failed)?;
        database::close(&mut admin.sql, name).await.map_err(failed)?;
        database::set_mark(&mut admin.sql, name, &mark).await.map_err(failed)?;
        let found = database::look(&mut admin.sql).await.map_err(failed)?.remove(name).unwrap_or_default();
        let told = found.database.as_ref().map(|comment| whose(comment.as_deref(), fleet));
        if told != Some(Whose::Ours(mark)) {
            return Err(StepError::told(format!("`{name}` was marked, and the mark is not there")));
        }
        drop(admin);
        // Read back by coming in as the site will.
        let mut own =
            self.servers.connect(cx, server, name, name, &password).await.map_err(StepError::failed)?;
        let facts = facts::read(&mut own.sql, prefix).await.map_err(failed)?.unwrap_or_default();
        let Some(release) = facts.release else {
            return Err(StepError::told(format!("role `{name}` does not see Moodle in it")));
        };
        Ok(Effect(format!("marked; its role sees Moodle {release}")))
    }

    pub(super) async fn drop(
        &self,
        cx: &Context,
        site: &Name,
        Params { server, name, .. }: &Params,
    ) -> Result<Effect, StepError> {
        let mut admin = self.admin(cx, server).await?;
        let failed = |error: sqlx::Error| StepError::failed(error);
        let found = database::look(&mut admin.sql).await.map_err(failed)?.remove(name).unwrap_or_default();
        for comment in found.comments() {
            // Looked at again right before: what is dropped is gone.
            if comment.is_some()
                && let Whose::Foreign(owner) = whose(comment.as_deref(), &self.fleet_id.id)
            {
                return Err(StepError::told(format!("`{name}` is not ours to drop: {owner}")));
            }
        }
        // First the secrets: what is killed in between is found again by the mark, and after the drop nothing would lead to them.
        secrets::forget(&cx.paths, &Generated::SiteDatabase(site)).map_err(StepError::failed)?;
        secrets::forget(&cx.paths, &Generated::SiteAdmin(site)).map_err(StepError::failed)?;
        database::drop_both(&mut admin.sql, name).await.map_err(failed)?;
        let left = database::look(&mut admin.sql).await.map_err(failed)?;
        if left.contains_key(name) {
            return Err(StepError::told(format!("`{name}` is still there after it was dropped")));
        }
        Ok(Effect(format!("database and role `{name}` are gone")))
    }
}
