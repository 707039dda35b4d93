//! Making a template, and removing one.

use provost_engine::context::Context;
use provost_engine::plan::Step;
use provost_fleet::model::Template;
use provost_fleet::name::Name;
use serde::Deserialize;

use super::{TemplateKind, content, look_at_mark};
use crate::accounts;
use crate::database;
use crate::mark::{Mark, Stage, TemplateMark};
use crate::secrets::{self, Generated};
use crate::server::Sql;
use crate::site::files::{self, Dataroot};
use crate::site::install::{Installation, Installed};
use crate::site::{SiteError, remove};

#[derive(Deserialize, Default)]
struct Params {
    #[serde(default)]
    tree: String,
    #[serde(default)]
    release: String,
    #[serde(default)]
    branch: String,
    #[serde(default)]
    declared: String,
    #[serde(default)]
    drop: Option<Place>,
}

/// Where an older one of its name is.
#[derive(Deserialize)]
struct Place {
    server: Name,
    name: String,
}

impl TemplateKind {
    pub(super) async fn make(&self, cx: &Context, step: &Step) -> Result<String, SiteError> {
        let name = &step.id.subject.name;
        let params: Params = serde_json::from_value(step.params.clone()).unwrap_or_default();
        let template = self.fleet.templates.get(name);
        let template =
            template.ok_or_else(|| SiteError::ReadBack(format!("no template is called `{name}`")))?;
        let site = site_name(name)?;
        if let Some(place) = &params.drop {
            self.drop_database(cx, &site, place).await?;
        }
        remove_files(cx, &self.fleet_id.id, &site).await?;
        let mark = TemplateMark {
            tree: params.tree.clone(),
            release: params.release,
            branch: params.branch,
            declared: params.declared,
            ..TemplateMark::default()
        };
        let installation = Installation {
            servers: &self.servers,
            references: &self.references,
            fleet_id: &self.fleet_id,
            name: &site,
            site: &template.site,
            tree: &params.tree,
            template: Some(&mark),
        };
        self.create_database(cx, &installation.mark(cx, Stage::Installing), template).await?;
        let Installed { user, .. } = installation.install(cx, step).await?;
        let courses = self.give(cx, step, &site, template, &user).await?;
        let content = content::remember(cx, &self.references.base, &site, &template.courses)?;
        let closed =
            self.close(cx, step.id.subject.to_string(), name, TemplateMark { content, ..mark }).await?;
        let courses = if courses == 0 { String::new() } else { format!(", {courses} course(s)") };
        Ok(format!("Moodle {}, schema clean{courses}; closed, {closed}", template_release(step)))
    }

    /// Role and database; the role is marked before it owns anything.
    async fn create_database(&self, cx: &Context, mark: &Mark, template: &Template) -> Result<(), SiteError> {
        let database = &template.site.database_name;
        let password = secrets::read_or_make(&cx.paths, &Generated::SiteDatabase(&mark.site))?;
        let mut admin = self.servers.admin(cx, &template.site.database, None).await?;
        if !database::copies_whole(&admin.sql) {
            return Ok(database::make(&mut admin.sql, database, &password, mark).await?);
        }
        database::ensure_role(&mut admin.sql, database, &password, mark).await?;
        let there = database::look(&mut admin.sql).await?.remove(database).and_then(|found| found.database);
        // One that carries no mark yet, under a role that does: made, and killed before it was marked.
        if there.is_some_and(|comment| comment.is_none()) {
            database::drop_database(&mut admin.sql, database).await?;
        }
        Ok(database::create(&mut admin.sql, database, mark).await?)
    }

    /// Restores the template's courses, each read back. Returns how many.
    async fn give(
        &self,
        cx: &Context,
        step: &Step,
        site: &Name,
        template: &Template,
        user: &accounts::User,
    ) -> Result<usize, SiteError> {
        if template.courses.is_empty() {
            return Ok(0);
        }
        let before = content::without_users(cx, step, (site, user), Some("0")).await?;
        let given = self.restore_all(cx, step, site, template, user).await;
        content::without_users(cx, step, (site, user), before.as_deref()).await?;
        given
    }

    async fn restore_all(
        &self,
        cx: &Context,
        step: &Step,
        site: &Name,
        template: &Template,
        user: &accounts::User,
    ) -> Result<usize, SiteError> {
        let dataroot = cx.paths.dataroot(site);
        let database = &template.site.database_name;
        let mut inside = self.servers.admin(cx, &template.site.database, Some(database)).await?;
        let engine = inside.sql.engine();
        let table = |name: &str| database::quoted(engine, &format!("{}{name}", template.site.prefix));
        let courses = table("course");
        let category = format!("select cast(min(id) as char(20)) from {}", table("course_categories"));
        let category = number(&mut inside.sql, category).await?;
        for (number, course) in template.courses.iter().enumerate() {
            let of = template.courses.len() as u64;
            cx.progress(&step.id, format!("restoring {course}"), Some((number as u64, of)));
            let before = count(&mut inside.sql, &courses).await?;
            let path = self.references.base.join(course);
            content::restore(cx, step, (site, user, &dataroot), (&path, category)).await?;
            let after = count(&mut inside.sql, &courses).await?;
            if after != before + 1 {
                let message =
                    format!("core's script ended well, but `{course}` is not there: {after} course(s)");
                return Err(SiteError::ReadBack(message));
            }
        }
        Ok(template.courses.len())
    }

    pub(super) async fn delete(&self, cx: &Context, step: &Step) -> Result<String, SiteError> {
        let params: Params = serde_json::from_value(step.params.clone()).unwrap_or_default();
        let site = site_name(&step.id.subject.name)?;
        // First the secrets: when all else is gone, nothing leads to them.
        secrets::forget(&cx.paths, &Generated::SiteDatabase(&site))?;
        secrets::forget(&cx.paths, &Generated::SiteAdmin(&site))?;
        if let Some(place) = &params.drop {
            self.drop_database(cx, &site, place).await?;
            let mut admin = self.servers.admin(cx, &place.server, None).await?;
            database::drop_role(&mut admin.sql, &place.name).await?;
        }
        remove_files(cx, &self.fleet_id.id, &site).await?;
        remove::remove(cx, &self.fleet_id.id, &[&site], None).await?;
        Ok("its database and files are gone".to_owned())
    }

    /// Drops the database of an older template. Looked at again right before: what is dropped is gone.
    async fn drop_database(&self, cx: &Context, site: &Name, place: &Place) -> Result<(), SiteError> {
        let mut admin = self.servers.admin(cx, &place.server, None).await?;
        let found = database::look(&mut admin.sql).await?.remove(&place.name).unwrap_or_default();
        let Some(Some(comment)) = &found.database else { return Ok(()) };
        match look_at_mark(Some(comment), &self.fleet_id.id) {
            Some(mark) if &mark.site == site => {
                Ok(database::drop_database(&mut admin.sql, &place.name).await?)
            }
            _ => Err(SiteError::ReadBack(format!("`{}` is not ours to drop", place.name))),
        }
    }
}

fn site_name(template: &Name) -> Result<Name, SiteError> {
    Template::site_name(template).map_err(|error| SiteError::ReadBack(error.to_string()))
}

fn template_release(step: &Step) -> &str {
    step.params["release"].as_str().unwrap_or_default()
}

/// Removes the dataroot of an older template, where it carries its mark.
async fn remove_files(cx: &Context, fleet: &str, site: &Name) -> Result<(), SiteError> {
    let dataroot = cx.paths.dataroot(site);
    match files::look_at_dataroot(&dataroot)? {
        Dataroot::Absent => Ok(()),
        Dataroot::Marked(mark) if mark.fleet == fleet && &mark.site == site => {
            let gone = tokio::task::spawn_blocking(move || files::remove_dataroot(&dataroot)).await;
            gone.map_err(|broke| SiteError::ReadBack(format!("removing the dataroot broke: {broke}")))?
        }
        _ => Err(SiteError::ReadBack(format!("`{dataroot}` is not ours to remove"))),
    }
}

/// How many rows a table has.
async fn count(sql: &mut Sql, table: &str) -> Result<i64, sqlx::Error> {
    number(sql, format!("select cast(count(*) as char(20)) from {table}")).await
}

/// The number that a query answers with, as text.
async fn number(sql: &mut Sql, query: String) -> Result<i64, sqlx::Error> {
    let told = sql.rows(query).await?.into_iter().flatten().flatten().next();
    told.and_then(|text| text.trim().parse().ok()).ok_or(sqlx::Error::RowNotFound)
}
