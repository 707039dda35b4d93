//! Opening a template for content that is made by hand, closing it again, and giving up what was made.

use provost_engine::context::Context;
use provost_fleet::lock::Lock;
use provost_fleet::model::Template;
use provost_fleet::name::Name;

use super::{TemplateKind, look_at_mark};
use crate::accounts;
use crate::database;
use crate::kind_vhost::{self, ServeError};
use crate::mark::{Mark, Stage, TemplateMark};
use crate::secrets::{self, Generated};
use crate::site::install::Installation;
use crate::site::{SiteError, files};
use crate::up::{Place, Rounds};

/// Why a template could not be opened, closed or reset.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// It has no URL.
    #[error("the template `{0}` has no `url`, so nobody could come in")]
    NoUrl(Name),
    /// It was not made yet, or not to its end.
    #[error("the template `{0}` is not made yet")]
    NotMade(Name),
    /// It is open.
    #[error("the template `{0}` is open")]
    Open(Name),
    /// It is closed.
    #[error("the template `{0}` is closed")]
    Closed(Name),
    /// What it is could not be used.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// It could not be served, or served no more.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

impl From<sqlx::Error> for DoorError {
    fn from(error: sqlx::Error) -> Self {
        Self::Site(error.into())
    }
}

impl From<crate::server::ServerError> for DoorError {
    fn from(error: crate::server::ServerError) -> Self {
        Self::Site(error.into())
    }
}

/// A template that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Where.
    pub url: String,
    /// Its administrator's user name.
    pub user: String,
    /// The file that holds the password, where that was generated.
    pub password_file: Option<camino::Utf8PathBuf>,
    /// What became of the running services, in words.
    pub served: String,
}

impl TemplateKind {
    /// Opens a template: visitors may come, and nothing can be cloned from it. From now on it counts as one that was edited.
    pub async fn open(&self, cx: &Context, lock: &Lock, name: &Name) -> Result<Opened, DoorError> {
        let (site_name, template) = self.declared(name)?;
        if !template.can_open {
            return Err(DoorError::NoUrl(name.clone()));
        }
        let made_of = self.made_of(cx, name, template).await?;
        let site = &template.site;
        // Before anybody can come in: what is open is known to be.
        let mark = TemplateMark { edited: true, open: true, ..made_of };
        self.remark(cx, &site_name, template, &mark).await?;
        let mut admin = self.servers.admin(cx, &site.database, None).await?;
        database::let_in(&mut admin.sql, &site.database_name).await?;
        drop(admin);
        let installation = self.installation(&site_name, template, &mark);
        let user = accounts::site(cx, &self.fleet_id.id, &site_name).await.map_err(SiteError::from)?;
        let rendered = installation.render(cx)?;
        files::write_config(cx, &site_name, &rendered, &user)?;
        files::make_logs(cx, &site_name, &user)?;
        files::open_to_web(cx, &site_name, site, &rendered)?;
        let served =
            kind_vhost::serve(cx, &self.fleet, lock, &self.fleet_id, &site_name, &Rounds::default()).await?;
        let generated = site.admin.password.is_none();
        let secret = Generated::SiteAdmin(&site_name);
        if generated {
            secrets::read_or_make(&cx.paths, &secret).map_err(SiteError::from)?;
        }
        Ok(Opened {
            url: site.url.to_string(),
            user: site.admin.user.clone(),
            password_file: generated.then(|| secret.path(&cx.paths)),
            served: served.to_owned(),
        })
    }

    /// Closes a template that was opened. Returns the size of its database, in words.
    pub async fn shut(&self, cx: &Context, name: &Name) -> Result<String, DoorError> {
        let (site_name, template) = self.declared(name)?;
        let mark = self.mark_of(cx, template).await?.filter(|mark| mark.stage == Stage::Installed);
        let made_of = mark.and_then(|mark| mark.template).ok_or_else(|| DoorError::NotMade(name.clone()))?;
        if !made_of.open {
            return Err(DoorError::Closed(name.clone()));
        }
        let place = Place::of(&template.site);
        kind_vhost::serve_no_more(cx, &self.fleet, &self.fleet_id, &site_name, &place, &Rounds::default())
            .await?;
        files::remove_host_links(cx, &site_name, None)?;
        Ok(self.close(cx, format!("{}/{name}", super::NAME), name, *made_of).await?)
    }

    /// Gives up what was made in a template by hand: the next apply makes it anew.
    pub async fn reset(&self, cx: &Context, name: &Name) -> Result<(), DoorError> {
        let (site_name, template) = self.declared(name)?;
        let made_of = self.made_of(cx, name, template).await?;
        // A declaration that no template has.
        let mark = TemplateMark { edited: false, declared: String::new(), ..made_of };
        Ok(self.remark(cx, &site_name, template, &mark).await?)
    }

    /// What a template is made of that is whole and closed.
    async fn made_of(
        &self,
        cx: &Context,
        name: &Name,
        template: &Template,
    ) -> Result<TemplateMark, DoorError> {
        let mark = self.mark_of(cx, template).await?.filter(|mark| mark.stage == Stage::Installed);
        let made_of = mark.and_then(|mark| mark.template).ok_or_else(|| DoorError::NotMade(name.clone()))?;
        if made_of.open { Err(DoorError::Open(name.clone())) } else { Ok(*made_of) }
    }

    async fn mark_of(&self, cx: &Context, template: &Template) -> Result<Option<Mark>, SiteError> {
        let mut admin = self.servers.admin(cx, &template.site.database, None).await?;
        let found = database::look(&mut admin.sql).await?.remove(&template.site.database_name);
        let comment = found.and_then(|found| found.database).flatten();
        Ok(look_at_mark(comment.as_deref(), &self.fleet_id.id))
    }

    async fn remark(
        &self,
        cx: &Context,
        site_name: &Name,
        template: &Template,
        mark: &TemplateMark,
    ) -> Result<(), SiteError> {
        let mark = self.full_mark(cx, site_name, template, mark.clone());
        let mut admin = self.servers.admin(cx, &template.site.database, None).await?;
        Ok(database::set_mark(&mut admin.sql, &template.site.database_name, &mark).await?)
    }

    fn installation<'a>(
        &'a self,
        site_name: &'a Name,
        template: &'a Template,
        mark: &'a TemplateMark,
    ) -> Installation<'a> {
        Installation {
            servers: &self.servers,
            references: &self.references,
            fleet_id: &self.fleet_id,
            name: site_name,
            site: &template.site,
            tree: &mark.tree,
            template: Some(mark),
        }
    }
}
