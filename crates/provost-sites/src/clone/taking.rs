//! Taking a spare: a clone that was made earlier, with an identity of its own, becomes the site by being renamed.
//!
//! The server decides whose a spare is: one transaction renames role and database and marks them, or nothing happens. From then on the
//! database is that of a site that is being made, so whoever is killed later leaves what any killed clone leaves, and the site is made
//! anew; what is left of the spare's files is found by its kind. Beside that, whoever takes a spare holds its lease: who makes, removes
//! or takes the same one does not begin.

use std::time::Instant;

use camino::Utf8Path;
use provost_engine::context::Context;
use provost_engine::lease::{Lease, LeaseError};
use provost_engine::plan::Step;
use provost_fleet::model::{Site, Template};
use provost_fleet::name::Name;

use super::copying::Source;
use super::{Cloning, Places, files};
use crate::accounts::{self, User};
use crate::database::{self, postgresql};
use crate::kind_spare;
use crate::kind_template::look_at_mark;
use crate::mark::Stage;
use crate::secrets::{self, Generated};
use crate::server::Sql;
use crate::site::files::{self as site_files, Dataroot};
use crate::site::{SiteError, dataroot};

/// A spare that is this site's now, by the server's word.
struct Taken {
    spare: Name,
    /// Under which it was a site.
    name: Name,
    site: Site,
    _lease: Lease,
}

impl Cloning<'_> {
    /// Takes a spare, if there is one. `None`: the site is to be cloned.
    pub(super) async fn take_a_spare(
        &self,
        cx: &Context,
        step: &Step,
        source: &Source,
        root: &Utf8Path,
    ) -> Result<Option<String>, SiteError> {
        let site = self.installation.site;
        // A dataroot elsewhere may lie on another filesystem; a password of the file's must be digested by PHP.
        let fits = !self.is_spare() && site.dataroot.is_none() && site.admin.password.is_none();
        if !fits || self.declared.spares == 0 || site_files::look_at_dataroot(root)? != Dataroot::Absent {
            return Ok(None);
        }
        let begun = Instant::now();
        let Some(taken) = self.take(cx, source).await? else { return Ok(None) };
        // Side by side: neither reads what the other writes. Neither is cut off because the other failed.
        let (named, user) =
            tokio::join!(self.take_name(cx, source, &taken), self.take_files(cx, source, &taken, root));
        let user = user?;
        self.seed_hooks(cx, source, root, &user, &named?)?;
        let installation = &self.installation;
        site_files::make_logs(cx, installation.name, &user)?;
        site_files::point_to_build(cx, installation.name, &source.made_of.tree)?;
        let rendered = installation.render(cx)?;
        site_files::write_config(cx, installation.name, &rendered, &user)?;
        installation.settle_caches(cx, step, &user).await?;
        site_files::write_mark(root, &installation.mark(cx, Stage::Installed), &user)?;
        installation.set_stage(cx, Stage::Installed).await?;
        site_files::open_to_web(cx, installation.name, site, &rendered)?;
        Ok(Some(format!(
            "Moodle {}, spare {} of {} ({:.2} s)",
            source.made_of.release,
            taken.spare,
            self.template,
            begun.elapsed().as_secs_f64()
        )))
    }

    /// Has the server give this site the first spare that is whole, of the template as it is, and in nobody else's hands.
    async fn take(&self, cx: &Context, source: &Source) -> Result<Option<Taken>, SiteError> {
        let installation = &self.installation;
        let (fleet, to) = (&installation.fleet_id.id, &installation.site.database_name);
        let mut admin = installation.servers.admin(cx, &installation.site.database, None).await?;
        let found = database::look(&mut admin.sql).await?;
        let Sql::Postgresql(sql) = &mut admin.sql else { return Ok(None) };
        if found.get(to).is_some_and(|there| there.database.is_some()) {
            return Ok(None);
        }
        for spare in self.declared.spare_names(self.template) {
            let Some(site) = self.declared.spare_site(self.template, &spare) else { continue };
            let Ok(name) = Template::spare_site_name(&spare) else { continue };
            let comment = found.get(&site.database_name).and_then(|there| there.database.clone()).flatten();
            let ready = look_at_mark(comment.as_deref(), fleet).is_some_and(|mark| {
                mark.site == name
                    && mark.stage == Stage::Installed
                    && mark.template.is_some_and(|made| made.spare_of == Some(source.snapshot()))
            });
            if !ready {
                continue;
            }
            let lease = match Lease::take(cx, &kind_spare::subject(&spare)).await {
                Err(LeaseError::Held { .. }) => continue,
                other => other.map_err(|error| SiteError::ReadBack(error.to_string()))?,
            };
            let password = secrets::read_or_make(&cx.paths, &Generated::SiteDatabase(installation.name))?;
            let mark = installation.mark(cx, Stage::Installing);
            // Compared once more by the server: what was looked at before the lease may have been taken since.
            let comment = comment.unwrap_or_default();
            let from = (site.database_name.as_str(), comment.as_str());
            match postgresql::take_over(sql, from, to, &password, &mark).await {
                Ok(true) => return Ok(Some(Taken { spare, name, site, _lease: lease })),
                Ok(false) => {}
                Err(error) => cx.note(format!("the spare {spare} could not be taken: {error}")),
            }
        }
        Ok(None)
    }

    /// Makes the spare's files and its account the site's.
    async fn take_files(
        &self,
        cx: &Context,
        source: &Source,
        taken: &Taken,
        root: &Utf8Path,
    ) -> Result<User, SiteError> {
        let installation = &self.installation;
        let fleet = &installation.fleet_id.id;
        accounts::rename_site(cx, fleet, &taken.name, installation.name).await?;
        let user = accounts::site(cx, fleet, installation.name).await?;
        let from = dataroot(cx, &taken.name, &taken.site);
        // Before it is anywhere else: a dataroot that says whose it will be is known wherever it is found.
        site_files::write_mark(&from, &installation.mark(cx, Stage::Installing), &user)?;
        files::forget_what_is_made_anew(&from)?;
        std::fs::rename(&from, root).map_err(SiteError::io("rename", &from))?;
        self.seed_components(cx, source, root, &user).await?;
        let made = Generated::SiteAdmin(&taken.name).path(&cx.paths);
        let ours = Generated::SiteAdmin(installation.name).path(&cx.paths);
        std::fs::rename(&made, ours).map_err(SiteError::io("rename", &made))?;
        secrets::forget(&cx.paths, &Generated::SiteDatabase(&taken.name))?;
        Ok(user)
    }

    /// Writes the site's names over the spare's, and reads them back as the site's own role. Returns its new identifier.
    async fn take_name(&self, cx: &Context, source: &Source, taken: &Taken) -> Result<String, SiteError> {
        let installation = &self.installation;
        let database = &installation.site.database_name;
        let places = Places {
            from_url: taken.site.url.to_string(),
            from_dataroot: dataroot(cx, &taken.name, &taken.site),
            ..self.places(cx)?
        };
        let (origin, snapshot) = (self.origin(), source.snapshot());
        let marks = self.marks(source, &places, [&origin, &snapshot]);
        let mut identity = self.identity(&marks, &places);
        identity.from_host = taken.site.url.host();
        let mut own = installation.own_connection(cx, database).await?;
        let engine = own.sql.engine();
        own.sql.run(identity.taking(engine, &source.rules())).await?;
        let told = own.sql.rows(identity.telling(engine)).await?.into_iter().next().unwrap_or_default();
        let told: Vec<&str> = told.iter().map(|text| text.as_deref().unwrap_or_default()).collect();
        let expected = identity.names_told();
        if told.get(..expected.len()) != Some(&expected[..]) {
            let message = format!("the spare was given the names {expected:?}, and says {told:?}");
            return Err(SiteError::ReadBack(message));
        }
        let identifier = told.last().copied().unwrap_or_default();
        if identifier.ends_with(installation.site.url.host()) && !identifier.contains(taken.site.url.host()) {
            return Ok(identifier.to_owned());
        }
        Err(SiteError::ReadBack("the site has the identifier that it had as a spare".to_owned()))
    }
}
