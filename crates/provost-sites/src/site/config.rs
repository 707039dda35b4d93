//! The site's PHP file: what is in it for a declared site.

use std::collections::BTreeMap;

use provost_engine::context::Context;
use provost_fleet::digest::Digest;
use provost_fleet::model::Site;
use provost_fleet::name::Name;
use provost_fleet::secret::Secret;
use provost_fleet::setting::{Policy, SettingKey, Wish};
use provost_moodle::php::PhpLiteral;
use provost_moodle::site_file::{FORCED_PLUGIN_SETTINGS, SiteDatabase, SiteFile};

use super::{SiteError, dataroot, sessions};
use crate::kind_settings::short;
use crate::php::Php;
use crate::server::Servers;

/// Mode of directories that Moodle makes: its own user and group, and the group is inherited, so that nginx, which joins it,
/// can send what is below.
const DIRECTORIES: u16 = 0o2770;

/// Mode of files that Moodle makes.
const FILES: u16 = 0o660;

/// A site's PHP file: its bytes, and its name, which is made from them.
#[derive(Clone)]
pub struct Rendered {
    /// The text; it holds the database password.
    pub text: Secret,
    /// `site-DIGEST.php`.
    pub file_name: String,
    /// What it says beyond what every site needs to run, stronger than the site's settings: plugin (`core` for Moodle's own), name, value.
    pub forced: Vec<(String, String, String)>,
}

/// What the fleet file forces.
fn declared(site: &Site) -> BTreeMap<String, PhpLiteral> {
    let (mut core, mut plugins) = (BTreeMap::new(), BTreeMap::<&str, Vec<(String, PhpLiteral)>>::new());
    for (key, declared) in &site.settings {
        let (Policy::Forced, Wish::Value(value)) = (declared.policy, &declared.wish) else { continue };
        let value = PhpLiteral::from(value.as_str());
        match key.component() {
            "core" => drop(core.insert(key.name().to_owned(), value)),
            plugin => plugins.entry(plugin).or_default().push((key.name().to_owned(), value)),
        }
    }
    if !plugins.is_empty() {
        let plugins =
            plugins.into_iter().map(|(plugin, settings)| (plugin.to_owned(), PhpLiteral::Map(settings)));
        core.insert(FORCED_PLUGIN_SETTINGS.to_owned(), PhpLiteral::Map(plugins.collect()));
    }
    core
}

/// What the fleet file forces and the site's PHP file does not say yet: setting with the table that declares it, and value.
pub fn not_yet_forced(cx: &Context, name: &Name, site: &Site) -> Vec<(String, String)> {
    let forced = site.settings.iter().filter(|(_, declared)| declared.policy == Policy::Forced);
    let mut forced = forced.peekable();
    if forced.peek().is_none() {
        return Vec::new();
    }
    // Without a file nothing is forced.
    let text = std::fs::read_to_string(cx.paths.site(name).join("site.php")).unwrap_or_default();
    let line = |key: &SettingKey, value: &str| {
        format!("{} => {},", PhpLiteral::from(key.name()), PhpLiteral::from(value))
    };
    let missing = forced.filter_map(|(key, declared)| match &declared.wish {
        Wish::Value(value) if !text.contains(&line(key, value)) => {
            Some((format!("{key} ({})", declared.by), short(value)))
        }
        _ => None,
    });
    missing.collect()
}

/// Renders the file of a site.
pub fn render(
    cx: &Context,
    servers: &Servers,
    name: &Name,
    site: &Site,
    password: &Secret,
) -> Result<Rendered, SiteError> {
    let endpoint = servers.endpoint(cx, &site.database)?;
    let dataroot = dataroot(cx, name, site);
    let mut extra = declared(site);
    if let Some(php) = Php::find(&cx.machine) {
        // "Run now" of a scheduled task starts PHP from the web; nobody can set the path in the browser.
        extra.insert("pathtophp".to_owned(), PhpLiteral::from(php.cli.as_str()));
    }
    extra.extend(sessions::settings(sessions::access(cx, servers, name, site)?.as_ref()));
    let file = SiteFile {
        site: name.as_str(),
        wwwroot: &site.url.to_string(),
        database: SiteDatabase {
            kind: endpoint.dbtype,
            host: &endpoint.host,
            port: endpoint.port,
            name: &site.database_name,
            user: &site.database_name,
            password: password.expose(),
            prefix: &site.prefix,
            options: BTreeMap::new(),
        },
        dataroot: dataroot.as_str(),
        directory_permissions: DIRECTORIES,
        file_permissions: FILES,
        extra,
    };
    let text = file.render()?;
    let digest = Digest::of(text.as_bytes()).to_string();
    let file_name = format!("site-{}.php", digest.chars().take(16).collect::<String>());
    Ok(Rendered { forced: file.forced(), text: Secret::new(text), file_name })
}
