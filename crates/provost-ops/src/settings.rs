//! `provost settings`: what settings sites have, and where they differ.

pub mod declared;
pub mod write;

use std::collections::BTreeSet;
use std::time::Duration;

use provost_admin::compare::{Base, Compared, Key, Pool, SiteValues, compare};
use provost_admin::settings::{Ground, fits, is_secret, of_site, state};
use provost_fleet::model::Fleet;
use provost_fleet::name::Name;
use provost_fleet::setting::Wish;
use provost_sites::settings::{Read, read};
use provost_sites::sql::QuestionError;
use serde::Serialize;
use serde_json::json;

use crate::OpsError;
use crate::error::Exit;
use crate::fanout::{self, Cause, Deed, Target, Touch};
use crate::session::{Access, Call, Session};
use crate::site::Targets;
use crate::site::chosen::to_ask;

/// How long a site may take: it reads some thousand short rows.
const PATIENCE: Duration = Duration::from_mins(1);

/// Settings that are meant: `core/theme`, `theme` for short, `mod_quiz/*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    plugin: String,
    name: String,
}

impl std::str::FromStr for Pattern {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (plugin, name) = text.split_once('/').unwrap_or(("core", text));
        let plugin = if plugin == "moodle" { "core" } else { plugin };
        match plugin.is_empty() || name.is_empty() {
            true => Err("write PLUGIN/NAME, such as core/theme; `*` stands for anything"),
            false => Ok(Self { plugin: plugin.to_owned(), name: name.to_owned() }),
        }
    }
}

impl Pattern {
    fn means(&self, plugin: &str, name: &str) -> bool {
        fits(&self.plugin, plugin) && fits(&self.name, name)
    }

    /// Whether it means one setting, which can be absent.
    fn is_one(&self) -> bool {
        !self.plugin.contains('*') && !self.name.contains('*')
    }
}

/// Settings of sites.
#[derive(Debug, Serialize)]
pub struct Got {
    /// Version of this form.
    pub schema: u32,
    /// The settings, site by site.
    pub settings: Vec<GotSetting>,
    /// Sites that could not be read, by cause.
    pub causes: Vec<Cause>,
    /// What it means for the exit code.
    #[serde(skip)]
    pub exit: Exit,
}

/// One setting of one site.
#[derive(Debug, Serialize)]
pub struct GotSetting {
    /// The site.
    pub site: String,
    /// Which: `core/theme`.
    pub setting: String,
    /// `set`, `forced` or `absent`.
    pub how: &'static str,
    /// Its value; `None` where it is absent, or a secret.
    pub value: Option<String>,
    /// Its value is a secret, and not told.
    pub secret: bool,
}

/// Where sites differ.
#[derive(Debug, Serialize)]
pub struct Diff {
    /// Version of this form.
    pub schema: u32,
    /// Version of the list of what is state, and not compared.
    pub state_list: u32,
    /// Most rows of a site that are state or identity.
    pub left_out: usize,
    /// What was compared.
    #[serde(flatten)]
    pub compared: Compared,
    /// Sites that could not be read, by cause.
    pub causes: Vec<Cause>,
    /// What it means for the exit code.
    #[serde(skip)]
    pub exit: Exit,
}

/// The values of settings on sites.
///
/// # Errors
/// When no sites are meant. What goes wrong at a site is told with it.
pub async fn get(call: &Call, patterns: &[Pattern], targets: &Targets) -> Result<Got, OpsError> {
    let (targets, causes, fleet) = read_all(call, targets).await?;
    let exit = fanout::exit(call.cancel.is_cancelled(), &targets);
    let secrets = declared_secrets(&fleet);
    let of =
        |target: &Target<Read>| target.done.as_ref().map(|read| got(&target.site, read, patterns, &secrets));
    let settings = targets.iter().filter_map(of).flatten().collect();
    Ok(Got { schema: 1, settings, causes, exit })
}

/// The settings that the fleet file declares as secrets: their names need not say so.
fn declared_secrets(fleet: &Fleet) -> BTreeSet<String> {
    let all = fleet.sites.values().flat_map(|site| &site.settings);
    all.filter(|(_, declared)| matches!(declared.wish, Wish::Secret(_)))
        .map(|(key, _)| key.to_string())
        .collect()
}

fn got(site: &str, read: &Read, patterns: &[Pattern], secrets: &BTreeSet<String>) -> Vec<GotSetting> {
    let means = |plugin: &str, name: &str| patterns.iter().any(|pattern| pattern.means(plugin, name));
    let one = |plugin: &str, name: &str, how: &'static str, value: Option<&str>| {
        let secret = is_secret(&Key { of: plugin.into(), name: name.into() })
            || secrets.contains(&format!("{plugin}/{name}"));
        GotSetting {
            site: site.to_owned(),
            setting: format!("{plugin}/{name}"),
            how,
            value: value.filter(|_| !secret).map(str::to_owned),
            secret: secret && value.is_some(),
        }
    };
    let forced: BTreeSet<(&str, &str)> =
        read.forced.iter().map(|(plugin, name, _)| (plugin.as_str(), name.as_str())).collect();
    let set = read.rows.iter().filter(|(plugin, name, _)| {
        means(plugin, name) && !forced.contains(&(plugin.as_str(), name.as_str()))
    });
    let mut all: Vec<GotSetting> =
        set.map(|(plugin, name, value)| one(plugin, name, "set", Some(value))).collect();
    let stronger = read.forced.iter().filter(|(plugin, name, _)| means(plugin, name));
    all.extend(stronger.map(|(plugin, name, value)| one(plugin, name, "forced", Some(value))));
    for pattern in patterns.iter().filter(|pattern| pattern.is_one()) {
        let name = format!("{}/{}", pattern.plugin, pattern.name);
        if !all.iter().any(|found| found.setting == name) {
            all.push(one(&pattern.plugin, &pattern.name, "absent", None));
        }
    }
    all.sort_by(|a, b| a.setting.cmp(&b.setting));
    all
}

/// Compares sites in all settings that patterns mean; without patterns, in all.
///
/// # Errors
/// When no sites are meant, or `against` is none of them. What goes wrong at a site is told with it.
pub async fn diff(
    call: &Call,
    patterns: &[Pattern],
    against: Option<&str>,
    targets: &Targets,
) -> Result<Diff, OpsError> {
    let (mut read, causes, fleet) = read_all(call, &with_reference(targets, against)).await?;
    let exit = fanout::exit(call.cancel.is_cancelled(), &read);
    let mut pool = Pool::default();
    let mut sites = Vec::new();
    for target in &mut read {
        if let Some(read) = target.done.take() {
            let ground = ground(&fleet, &target.site, &read);
            sites.push(of_site(target.site.clone(), read.rows, read.forced, &ground, &mut pool));
        }
    }
    let base = base(&sites, against)?;
    let means =
        |key: &Key| patterns.is_empty() || patterns.iter().any(|pattern| pattern.means(&key.of, &key.name));
    let secrets = declared_secrets(&fleet);
    let secret = |key: &Key| is_secret(key) || secrets.contains(&key.to_string());
    let compared = compare(&sites, &base, means, secret);
    let left_out = sites.iter().map(|site| site.left_out).max().unwrap_or_default();
    Ok(Diff { schema: 1, state_list: state::VERSION, left_out, compared, causes, exit })
}

/// The sites that are meant, and the one that they are compared with.
pub(crate) fn with_reference(targets: &Targets, against: Option<&str>) -> Targets {
    let mut all = targets.clone();
    match (&mut all.selection, against) {
        (Some(selection), Some(site)) => *selection = format!("({selection}) | {site}"),
        (None, Some(site)) if !all.names.is_empty() && !all.names.iter().any(|name| name == site) => {
            all.names.push(site.to_owned());
        }
        _ => {}
    }
    all
}

/// Which class sites are compared with.
///
/// # Errors
/// When the site that was named is none of those that were read.
pub(crate) fn base(sites: &[SiteValues], against: Option<&str>) -> Result<Base, OpsError> {
    match against {
        None => Ok(Base::Largest),
        Some(name) if sites.iter().any(|site| site.site == name) => Ok(Base::Site(name.to_owned())),
        Some(name) => Err(OpsError::NoSuch {
            what: "site among those that were read",
            name: name.to_owned(),
            there: "choose it with `--sites`, too".to_owned(),
        }),
    }
}

fn ground(fleet: &Fleet, site: &str, read: &Read) -> Ground {
    let declared = fleet.sites.iter().find(|(name, _)| name.as_str() == site).map(|(_, site)| site);
    let url = declared.map(|site| site.url.to_string()).unwrap_or_default();
    let behind = url.split_once("://").map_or(url.as_str(), |(_, behind)| behind);
    let host = behind.split(['/', ':']).next().unwrap_or_default().to_owned();
    Ground {
        url,
        host,
        dataroot: read.dataroot.clone(),
        roles: read.roles.clone(),
        categories: read.categories.clone(),
    }
}

async fn read_all(
    call: &Call,
    targets: &Targets,
) -> Result<(Vec<Target<Read>>, Vec<Cause>, std::sync::Arc<Fleet>), OpsError> {
    let names = to_ask(call, targets).await?;
    let session = Session::open(call, Access::Look)?;
    let fleet = session.loaded.fleet.clone();
    let deed = Deed { operation: "settings", declared: json!({ "read": true }), touch: Touch::Ask };
    let work = async |name: &Name| {
        let site = fleet.sites.get(name).ok_or(QuestionError::NotMade)?;
        read(&session.cx, &session.servers, name, site, PATIENCE).await
    };
    let evidence = |read: &Read| format!("{} settings", read.rows.len());
    let done = fanout::each(&session, &deed, &names, work, evidence).await;
    session.close().await;
    let targets = done?.targets;
    let causes = fanout::causes(&fleet, &targets);
    Ok((targets, causes, fleet))
}
