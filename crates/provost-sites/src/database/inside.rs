//! What a database holds, where its mark does not tell.
//!
//! A plain dump has no comment on the database, so a restored one has lost our mark; and one that was restored into a database that
//! `apply` made anew carries the mark of an empty one. Moodle's own tables still say whose site they are.

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;
use provost_engine::execute::full_chain;
use provost_fleet::model::Template;
use provost_fleet::name::Name;

use super::Found;
use crate::mark::{Mark, Stage, Whose, whose};
use crate::server::Servers;
use crate::site::facts::{self, Facts};
use crate::site::files;

/// Where a site of the fleet should have its database.
pub(crate) struct Place<'a> {
    /// The fleet's id.
    pub(crate) fleet: &'a str,
    /// The site.
    pub(crate) site: &'a Name,
    /// Its server.
    pub(crate) server: &'a Name,
    /// Name of its database and role.
    pub(crate) database: &'a str,
    /// Moodle's table prefix.
    pub(crate) prefix: &'a str,
    /// Its dataroot, where it is not the default.
    pub(crate) dataroot: Option<&'a Utf8Path>,
}

/// What a database holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Inside {
    /// No table.
    Nothing,
    /// This site of this fleet, as Moodle's tables say.
    ThisSite(Facts),
    /// This site of this fleet, in tables of another role.
    OfRole(String),
    /// A copy of a template of this fleet that is nobody's site yet.
    Copy,
    /// Something else.
    Else,
}

impl Place<'_> {
    /// What the database holds, where its mark leaves that open; `None` where it does not. An error is told in words.
    pub(crate) async fn ask(
        &self,
        servers: &Servers,
        cx: &Context,
        found: &Found,
    ) -> Option<Result<Inside, String>> {
        let open = match &found.database {
            None => false,
            Some(None) => true,
            Some(Some(comment)) => match whose(Some(comment), self.fleet) {
                // A dataroot is only marked as installed when Moodle's installation had ended.
                Whose::Ours(mark) => {
                    &mark.site == self.site
                        && !matches!(mark.stage, Stage::Installed | Stage::Moving)
                        && self.installed_files(cx).is_some()
                }
                Whose::Foreign(_) => false,
            },
        };
        if open { Some(self.look(servers, cx).await) } else { None }
    }

    /// Looks into the database.
    pub(crate) async fn look(&self, servers: &Servers, cx: &Context) -> Result<Inside, String> {
        let told = |error: &dyn std::error::Error| full_chain(error);
        let admin = servers.admin(cx, self.server, Some(self.database)).await;
        let mut admin = admin.map_err(|error| told(&error))?;
        let sql = &mut admin.sql;
        let Some(facts) = facts::read(sql, self.prefix).await.map_err(|error| told(&error))? else {
            let used = super::has_tables(sql).await.map_err(|error| told(&error))?;
            return Ok(if used { Inside::Else } else { Inside::Nothing });
        };
        let own = |name: &str| facts.own.get(name).map(String::as_str);
        if own("fleet") == Some(self.fleet) && own("site").is_some_and(is_template) {
            return Ok(Inside::Copy);
        }
        if own("fleet") != Some(self.fleet) || own("site") != Some(self.site.as_str()) {
            return Ok(Inside::Else);
        }
        let owner = super::owner_of_table(sql, &format!("{}config", self.prefix)).await;
        Ok(match owner.map_err(|error| told(&error))? {
            Some(owner) if owner != self.database => Inside::OfRole(owner),
            Some(_) | None => Inside::ThisSite(facts),
        })
    }

    /// Where the site's files should be.
    pub(crate) fn dataroot(&self, cx: &Context) -> Utf8PathBuf {
        self.dataroot.map_or_else(|| cx.paths.dataroot(self.site), Utf8Path::to_owned)
    }

    /// The mark of the site's dataroot, where that is there and says that the site was installed.
    pub(crate) fn installed_files(&self, cx: &Context) -> Option<Mark> {
        files::installed_mark(&self.dataroot(cx), self.fleet, self.site)
    }
}

/// Whether a name is that under which a template is a site.
fn is_template(site: &str) -> bool {
    site.parse().ok().and_then(|site| Template::of_site_name(&site)).is_some()
}
