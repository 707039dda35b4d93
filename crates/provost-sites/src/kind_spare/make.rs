//! Making a spare, and removing one.

use provost_engine::context::Context;
use provost_engine::plan::Step;
use provost_fleet::model::Template;
use provost_fleet::name::Name;
use serde::Deserialize;

use super::SpareKind;
use crate::clone::Cloning;
use crate::clone::copying::snapshot;
use crate::database;
use crate::kind_template::look_at_mark;
use crate::mark::{Stage, TemplateMark, Whose, whose};
use crate::seat;
use crate::secrets::{self, Generated};
use crate::site::files::{self, Dataroot};
use crate::site::install::Installation;
use crate::site::{SiteError, remove};

/// Where its database is.
#[derive(Deserialize, Default)]
struct Place {
    #[serde(default)]
    server: Option<Name>,
    #[serde(default)]
    name: String,
}

impl SpareKind {
    pub(super) async fn make(&self, cx: &Context, step: &Step) -> Result<String, SiteError> {
        let spare = &step.id.subject.name;
        let told = |what: &str| SiteError::ReadBack(format!("{what} of the spare `{spare}`"));
        let template = Template::of_spare(spare).ok_or_else(|| told("no template can be told"))?;
        let (template, declared) =
            self.fleet.templates.get_key_value(&template).ok_or_else(|| told("the file has no template"))?;
        let site = declared.spare_site(template, spare).ok_or_else(|| told("no address can be made"))?;
        let name = site_name(spare)?;
        self.take_down(cx, &name, Some((&site.database, &site.database_name))).await?;
        let mut admin = self.servers.admin(cx, &site.database, None).await?;
        let of = database::look(&mut admin.sql).await?.remove(&declared.site.database_name);
        let of = of.and_then(|found| found.database).flatten().unwrap_or_default();
        let made_of = look_at_mark(Some(&of), &self.fleet_id.id).and_then(|mark| mark.template);
        let mark = TemplateMark {
            spare_of: Some(snapshot(&of)),
            ..made_of.map_or_else(TemplateMark::default, |made| *made)
        };
        let installation = Installation {
            servers: &self.servers,
            references: &self.references,
            fleet_id: &self.fleet_id,
            name: &name,
            site: &site,
            tree: "",
            template: Some(&mark),
        };
        // First the dataroot and last: as long as it is there, the rest is looked for.
        // What takes it takes its pool with it.
        let user = seat::account(cx, &self.fleet_id.id, &name, &site).await?;
        let installing = installation.mark(cx, Stage::Installing);
        files::fresh_dataroot(&cx.paths.dataroot(&name), &installing, &user)?;
        let password = secrets::read_or_make(&cx.paths, &Generated::SiteDatabase(&name))?;
        let created = installation.mark(cx, Stage::Created);
        database::ensure_role(&mut admin.sql, &site.database_name, &password, &created).await?;
        drop(admin);
        let made = Cloning { installation, template, declared }.run(cx, step).await?;
        // Only its agent needed them; whoever takes it has his own.
        files::remove_tree(&cx.paths.site(&name))?;
        files::remove_tree(&cx.paths.site_logs(&name))?;
        Ok(made)
    }

    pub(super) async fn delete(&self, cx: &Context, step: &Step) -> Result<String, SiteError> {
        let place: Place = serde_json::from_value(step.params.clone()).unwrap_or_default();
        let at = place.server.as_ref().map(|server| (server, place.name.as_str()));
        self.take_down(cx, &site_name(&step.id.subject.name)?, at).await?;
        Ok("its database and files are gone".to_owned())
    }

    /// Removes all that is there of a spare: its secrets first, for when all else is gone nothing leads to them.
    async fn take_down(&self, cx: &Context, name: &Name, at: Option<(&Name, &str)>) -> Result<(), SiteError> {
        secrets::forget(&cx.paths, &Generated::SiteDatabase(name))?;
        secrets::forget(&cx.paths, &Generated::SiteAdmin(name))?;
        if let Some((server, database)) = at {
            let mut admin = self.servers.admin(cx, server, None).await?;
            let found = database::look(&mut admin.sql).await?.remove(database).unwrap_or_default();
            // Looked at again right before: what is dropped is gone.
            for comment in found.comments().flatten() {
                match whose(Some(comment), &self.fleet_id.id) {
                    Whose::Ours(mark) if &mark.site == name => {}
                    _ => return Err(SiteError::ReadBack(format!("`{database}` is not ours to drop"))),
                }
            }
            if found != database::Found::default() {
                database::drop_both(&mut admin.sql, database).await?;
            }
        }
        remove::remove(cx, &self.fleet_id.id, &[name], None).await?;
        self.remove_files(cx, name).await
    }

    /// Its dataroot: also one that a site was taking, and that site is made anew.
    async fn remove_files(&self, cx: &Context, name: &Name) -> Result<(), SiteError> {
        let dataroot = cx.paths.dataroot(name);
        match files::look_at_dataroot(&dataroot)? {
            Dataroot::Absent => Ok(()),
            Dataroot::Marked(mark)
                if mark.fleet == self.fleet_id.id
                    && (&mark.site == name || mark.stage == Stage::Installing) =>
            {
                let gone = tokio::task::spawn_blocking(move || files::remove_dataroot(&dataroot)).await;
                gone.map_err(|broke| SiteError::ReadBack(format!("removing the dataroot broke: {broke}")))?
            }
            _ => Err(SiteError::ReadBack(format!("`{dataroot}` is not ours to remove"))),
        }
    }
}

fn site_name(spare: &Name) -> Result<Name, SiteError> {
    Template::spare_site_name(spare).map_err(|error| SiteError::ReadBack(error.to_string()))
}
