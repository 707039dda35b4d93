//! `provost plugins uninstall`: a plugin's data goes while its code is there, then its code; in one maintenance.
//!
//! With the code gone, core drops every table whose name begins as the plugin's does; with the code still there, Moodle installs it
//! again. So a site has to be on its way to a build without the plugin before the first row goes.

use std::collections::BTreeSet;

use provost_admin::errand::PLUGINS_UNINSTALL;
use provost_fleet::name::Name;
use provost_moodle::component::Component;
use provost_sites::kind_site;
use provost_sites::site::census::{self, Maintenance};
use provost_sites::site::files::build_of;
use serde::Serialize;
use serde_json::json;

use crate::OpsError;
use crate::apply::{Allowed, Scope, apply_to};
use crate::errands::{self, ErrandOptions, Outcome, Report};
use crate::error::Exit;
use crate::session::{Access, Call, Session};
use crate::site::Targets;
use crate::site::chosen::to_change;
use crate::site::maintenance::{Wish, maintenance};
use crate::site::switch::of_site;

/// What is to go, and where.
#[derive(Debug, Clone)]
pub struct UninstallOptions {
    /// The plugins.
    pub plugins: Vec<Component>,
    /// Whether their data stays, and only the code goes.
    pub keep_data: bool,
    /// The sites, whether it is only shown, and how long one may take.
    pub errand: ErrandOptions,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Uninstalled {
    /// What was shown, and done to the data.
    #[serde(flatten)]
    pub report: Report,
    /// What became of each site's code.
    pub code: Vec<CodeGone>,
    /// What it means for the exit code.
    #[serde(skip)]
    pub exit: Exit,
}

/// What became of a site's code.
#[derive(Debug, Serialize)]
pub struct CodeGone {
    /// The site.
    pub site: String,
    /// Whether it was in maintenance before, and stays so.
    pub shut: bool,
    /// What was seen of it; absent where nothing was done.
    pub effect: Option<String>,
    /// Why it failed; the site stays in maintenance.
    pub error: Option<String>,
}

/// Why nothing was begun.
#[derive(Debug, thiserror::Error)]
pub enum UninstallError {
    /// A codebase still has it.
    #[error("codebase `{codebase}`, on which site `{site}` is to run, has {plugin}")]
    Declared {
        /// The plugin.
        plugin: Component,
        /// The codebase.
        codebase: Name,
        /// The site.
        site: Name,
    },
    /// The codebase differs in more.
    #[error("codebase `{codebase}` differs from what site `{site}` runs on in more than this: {}", .differing.join(", "))]
    More {
        /// The codebase.
        codebase: Name,
        /// The site.
        site: Name,
        /// In what, in words.
        differing: Vec<String>,
    },
    /// There is nothing to take anything from.
    #[error("site `{0}` is not installed")]
    NotInstalled(Name),
}

impl UninstallError {
    /// What to do.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Declared { plugin, codebase, .. } => format!(
                "take {plugin} out of [codebase.{codebase}.plugins] in the fleet file first, and run `provost apply`: it builds the codebase, and holds its sites"
            ),
            Self::More { .. } => {
                "name what else is gone from the codebase, too; what has another version is an upgrade"
                    .to_owned()
            }
            Self::NotInstalled(_) => "`provost apply` installs it".to_owned(),
        }
    }
}

/// Shows what is used of the plugins, asks, and takes them away.
///
/// # Errors
/// When a site is not to run on a build without them. What goes wrong at a site is told with it.
pub async fn uninstall(
    call: &Call,
    options: &UninstallOptions,
    ask: impl AsyncFnOnce(&Report) -> bool,
) -> Result<Uninstalled, OpsError> {
    let names = to_change(call, &options.errand.targets).await?;
    let shut = prepare(call, &names, &options.plugins).await?;
    let plugins: Vec<String> = options.plugins.iter().map(ToString::to_string).collect();
    let errand = PLUGINS_UNINSTALL.with(json!({ "plugins": plugins, "keep": options.keep_data }));
    let mut open = Targets::default();
    let mut hindered = None;
    let agreed = async |report: &Report| {
        if !ask(report).await {
            return false;
        }
        let changed =
            report.sites.iter().filter(|site| site.done.as_ref().is_some_and(|told| told.changes > 0));
        open.names = changed.map(|site| site.site.clone()).filter(|site| !shut.contains(site)).collect();
        hindered = close(call, &open).await.err();
        hindered.is_none()
    };
    let report = errands::run_at(call, &errand, &names, &options.errand, agreed).await?;
    if let Some(error) = hindered {
        return Err(error);
    }
    if report.outcome != Outcome::Done {
        let exit = report.exit;
        return Ok(Uninstalled { report, code: Vec::new(), exit });
    }
    // Also where there was nothing to take away: the code may be there still, after an interruption.
    let failed: BTreeSet<&String> =
        report.sites.iter().filter(|site| site.error.is_some()).map(|site| &site.site).collect();
    let ready: BTreeSet<Name> =
        names.iter().filter(|name| !failed.contains(&name.to_string())).cloned().collect();
    let code = without_code(call, &ready, &shut).await?;
    open.names.retain(|site| code.iter().any(|one| one.site == *site && one.error.is_none()));
    if !open.names.is_empty() {
        maintenance(call, &open, &Wish::Off).await?;
    }
    let exit = match report.exit {
        Exit::Done if code.iter().any(|one| one.error.is_some()) => Exit::Targets,
        other => other,
    };
    Ok(Uninstalled { report, code, exit })
}

/// Sees that each site is to run on a build that is without the plugins, and is the same else; returns those that are in maintenance.
async fn prepare(call: &Call, names: &[Name], plugins: &[Component]) -> Result<BTreeSet<String>, OpsError> {
    let session = Session::open(call, Access::Look)?;
    let seen = async {
        let mut shut = BTreeSet::new();
        for name in names {
            see(&session, name, plugins).await?;
            let Some(site) = session.loaded.fleet.sites.get(name) else { continue };
            let census = census::take(&session.cx, &session.servers, name, site).await.ok().flatten();
            if census.is_some_and(|census| census.maintenance == Maintenance::On) {
                shut.insert(name.to_string());
            }
        }
        Ok(shut)
    };
    let seen = seen.await;
    session.close().await;
    seen
}

async fn see(session: &Session, name: &Name, plugins: &[Component]) -> Result<(), OpsError> {
    let Some(site) = session.loaded.fleet.sites.get(name) else { return Ok(()) };
    let (codebase, site) = (site.codebase.clone(), name.clone());
    let Some(tree) = build_of(&session.cx.paths, name) else {
        return Err(UninstallError::NotInstalled(site).into());
    };
    let locked = session.lock.codebases.get(&codebase);
    let locked = locked.ok_or_else(|| OpsError::NotLocked(codebase.clone()))?;
    if let Some(plugin) = plugins.iter().find(|plugin| locked.plugins.contains_key(*plugin)) {
        return Err(UninstallError::Declared { plugin: plugin.clone(), codebase, site }.into());
    }
    let differing = kind_site::differing(&session.cx, &tree, locked).await;
    let removed = kind_site::removed(&session.cx, &tree, locked).await;
    let named = |part: &String| plugins.iter().any(|plugin| plugin.to_string() == *part);
    if differing.len() == removed.len() && removed.iter().all(named) {
        return Ok(());
    }
    Err(UninstallError::More { codebase, site, differing }.into())
}

/// Keeps visitors out.
async fn close(call: &Call, sites: &Targets) -> Result<(), OpsError> {
    if sites.names.is_empty() {
        return Ok(());
    }
    let closed = maintenance(call, sites, &Wish::On { message: None }).await?;
    match closed.sites.into_iter().find_map(|site| Some((site.site.parse().ok()?, site.error?))) {
        Some((site, why)) => Err(OpsError::Unreadable { site, why }),
        None => Ok(()),
    }
}

/// Brings sites to their builds without the plugins.
async fn without_code(
    call: &Call,
    sites: &BTreeSet<Name>,
    shut: &BTreeSet<String>,
) -> Result<Vec<CodeGone>, OpsError> {
    if sites.is_empty() {
        return Ok(Vec::new());
    }
    let applied = apply_to(call, Allowed::default(), &Scope::Sites(sites.clone())).await?;
    let one = |name: &Name| {
        let (effect, error) = of_site(&applied, name);
        let held = applied.planned.plan.held.iter().find(|one| one.subject.name == *name);
        let error = error.or_else(|| held.map(|one| format!("held: {}", one.reason)));
        CodeGone { site: name.to_string(), shut: shut.contains(name.as_str()), effect, error }
    };
    Ok(sites.iter().map(one).collect())
}
