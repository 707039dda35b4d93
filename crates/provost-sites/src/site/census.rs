//! What is told of a site in a list: its versions, its sizes, its last cron, whether it is in maintenance.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use provost_engine::context::Context;
use provost_fleet::model::Site;
use provost_fleet::name::Name;

use super::{MAINTENANCE_PAGE, SiteError, dataroot, facts};
use crate::database;
use crate::secrets::{self, Generated};
use crate::server::{Servers, Sql};

/// How long a site's database may add up the sizes of its files: some million rows. A list is no reason to wait longer.
const ADDING: Duration = Duration::from_secs(20);

/// The longest that a site is asked at all.
const MOST: Duration = Duration::from_secs(30);

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Census {
    /// Moodle's release.
    pub release: Option<String>,
    /// Installed plugins and the versions that the database has.
    pub plugins: BTreeMap<String, String>,
    /// Size of the database on its server, in bytes.
    pub database_bytes: Option<u64>,
    /// Size of the files that Moodle knows, each content once, in bytes; `None` where adding them up took too long.
    pub files_bytes: Option<u64>,
    /// When cron last began.
    pub last_cron: Option<Timestamp>,
    /// Whether visitors are shut out.
    pub maintenance: Maintenance,
}

/// Core's maintenance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Maintenance {
    /// Visitors come in.
    #[default]
    Off,
    /// Every page is the maintenance page.
    On,
    /// The site's own administrators come in: the setting of Moodle's pages.
    ButAdministrators,
    /// It will begin then.
    From(Timestamp),
}

/// Asks a site's database and looks at its dataroot.
pub async fn take(
    cx: &Context,
    servers: &Servers,
    name: &Name,
    site: &Site,
) -> Result<Option<Census>, SiteError> {
    let asked = asked(cx, servers, name, site, async |sql| ask(sql, &site.prefix).await).await?;
    let Some(mut census) = asked else { return Ok(None) };
    if dataroot(cx, name, site).join(MAINTENANCE_PAGE).exists() {
        census.maintenance = Maintenance::On;
    }
    Ok(Some(census))
}

/// Whether a site is installed, by what its database says; nothing is counted there. Starts a managed server that rests.
pub async fn is_installed(
    cx: &Context,
    servers: &Servers,
    name: &Name,
    site: &Site,
) -> Result<bool, SiteError> {
    let facts = asked(cx, servers, name, site, async |sql| facts::read(sql, &site.prefix).await).await?;
    Ok(facts.is_some())
}

/// Asks a site's database, as the site's own role; `None` where it has none, or nothing in it.
async fn asked<T>(
    cx: &Context,
    servers: &Servers,
    name: &Name,
    site: &Site,
    question: impl AsyncFnOnce(&mut Sql) -> Result<Option<T>, sqlx::Error>,
) -> Result<Option<T>, SiteError> {
    let Some(password) = secrets::read(&cx.paths, &Generated::SiteDatabase(name))? else { return Ok(None) };
    let database = &site.database_name;
    let asked = async {
        let mut own = servers.connect(cx, &site.database, database, database, &password).await?;
        Ok::<_, SiteError>(question(&mut own.sql).await?)
    };
    // A table that somebody has locked is no reason for a list of hundreds to wait, nor to ignore who ends it.
    let asked = tokio::select! {
        asked = tokio::time::timeout(MOST, asked) => asked,
        () = cx.cancel.cancelled() => return Err(SiteError::ReadBack("it was not asked to the end".to_owned())),
    };
    let late = || SiteError::ReadBack(format!("its database did not answer within {} s", MOST.as_secs()));
    asked.map_err(|_elapsed| late())?
}

async fn ask(sql: &mut Sql, prefix: &str) -> Result<Option<Census>, sqlx::Error> {
    let Some(counted) = database::counted(sql, prefix, ADDING).await? else { return Ok(None) };
    let mut census = Census {
        database_bytes: counted.database_bytes,
        files_bytes: counted.files_bytes,
        ..Census::default()
    };
    for (component, name, value) in counted.settings {
        census.learn(component, &name, value);
    }
    Ok(Some(census))
}

impl Census {
    /// Takes in one value of Moodle's configuration.
    fn learn(&mut self, component: String, name: &str, value: String) {
        let time = || value.parse().ok().filter(|at| *at > 0).and_then(|at| Timestamp::from_second(at).ok());
        match (component.as_str(), name) {
            ("core", "release") => self.release = Some(value),
            // The setting is stronger: it holds now.
            ("core", "maintenance_enabled") if !matches!(value.as_str(), "" | "0") => {
                self.maintenance = Maintenance::ButAdministrators;
            }
            ("core", "maintenance_later") if self.maintenance == Maintenance::Off => {
                self.maintenance = time().map_or(Maintenance::Off, Maintenance::From);
            }
            ("core", _) => {}
            (_, "lastcronstart") => self.last_cron = time(),
            _ => {
                self.plugins.insert(component, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_now_is_stronger_than_what_will() {
        for order in
            [["maintenance_enabled", "maintenance_later"], ["maintenance_later", "maintenance_enabled"]]
        {
            let mut census = Census::default();
            for name in order {
                census.learn("core".to_owned(), name, "1800000000".to_owned());
            }
            assert_eq!(census.maintenance, Maintenance::ButAdministrators);
        }
        let mut census = Census::default();
        census.learn("core".to_owned(), "maintenance_enabled", "0".to_owned());
        census.learn("core".to_owned(), "maintenance_later", "1800000000".to_owned());
        census.learn("tool_task".to_owned(), "lastcronstart", "no number".to_owned());
        census.learn("mod_quiz".to_owned(), "version", "2024042200".to_owned());
        assert_eq!(census.maintenance, Maintenance::From(Timestamp::from_second(1_800_000_000).unwrap()));
        assert_eq!((census.last_cron, census.plugins.len()), (None, 1));
    }
}
