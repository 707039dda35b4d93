//! The checked model of a fleet: what a `fleet.toml` means once every error has been ruled out.
//!
//! Values of these types only come from [`crate::load`]; holding a [`Fleet`] is the proof that the file was valid.
//! Everything is ordered (`BTreeMap`, `BTreeSet`), so that plans made from it are the same bytes every time.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use camino::Utf8PathBuf;
use provost_moodle::component::Component;
use provost_moodle::request::MoodleRequest;
use serde::{Deserialize, Serialize};

use crate::archive::Archive;
use crate::cron::Cron;
use crate::name::{Name, NameError};
use crate::secret::SecretRef;
use crate::setting::Settings;
use crate::url::SiteUrl;

/// A whole fleet, checked: every name it mentions exists, and no two sites share an address, a database or a dataroot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fleet {
    /// `[fleet] name`; also the first part of default database names.
    pub name: Name,
    /// `[fleet] moodle_git`: where codebases take Moodle from unless they name a source of their own.
    pub moodle_git: String,
    /// `[fleet] catalogue`: the plugins directory's list, a URL or a path relative to the fleet file.
    pub catalogue: String,
    /// `[fleet] state`, if given; else the platform's default (see the binary).
    pub state: Option<Utf8PathBuf>,
    /// `[web]`: how the fleet is served.
    pub web: Web,
    /// `[cron]`: how the sites' cron is run.
    pub cron: Cron,
    /// `[database.NAME]`: the servers that sites live on.
    pub databases: BTreeMap<Name, DatabaseServer>,
    /// `[redis.NAME]`: where sites keep sessions and caches.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub redis: BTreeMap<Name, Redis>,
    /// `[codebase.NAME]`.
    pub codebases: BTreeMap<Name, Codebase>,
    /// `[template.NAME]`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub templates: BTreeMap<Name, Template>,
    /// `[site.NAME]`.
    pub sites: BTreeMap<Name, Site>,
    /// `[archive.NAME]`: sessions that move courses between sites.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub archives: BTreeMap<Name, Archive>,
}

impl Fleet {
    /// Whether a site is a spare of a template of the file.
    pub fn is_spare(&self, site: &Name) -> bool {
        let spare = Template::spare_of_site_name(site);
        spare.is_some_and(|spare| {
            let template = Template::of_spare(&spare).and_then(|name| self.templates.get_key_value(&name));
            template.is_some_and(|(name, template)| template.spare_names(name).contains(&spare))
        })
    }

    /// The sessions that name a site: each with the keys, `from` and `to`, that do.
    pub fn archives_of(&self, site: &Name) -> Vec<(&Name, Vec<&'static str>)> {
        let keys_of = |archive: &Archive| {
            let ends = [("from", &archive.from), ("to", &archive.to)].into_iter();
            ends.filter(|(_, end)| end.site == *site).map(|(key, _)| key).collect::<Vec<_>>()
        };
        let each = self.archives.iter().map(|(name, archive)| (name, keys_of(archive)));
        each.filter(|(_, keys)| !keys.is_empty()).collect()
    }

    /// A site by its name, or the site that a template is.
    pub fn site(&self, name: &Name) -> Option<&Site> {
        let template = || Some(&self.templates.get(&Template::of_site_name(name)?)?.site);
        self.sites.get(name).or_else(template)
    }
}

/// `[web]`: addresses and TLS of the fleet's own nginx.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Web {
    /// Addresses nginx listens on. Default `127.0.0.1:8080`.
    pub listen: Vec<SocketAddr>,
    /// Who ends TLS.
    pub tls: Tls,
    /// Addresses or networks (`10.0.0.0/8`) whose `X-Forwarded-For` is believed. Empty unless something stands in front.
    pub trusted_proxies: Vec<String>,
}

/// Who ends TLS for the fleet's sites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tls {
    /// Nobody: sites are `http://`.
    Off,
    /// A proxy in front of nginx; nginx itself speaks plain HTTP to it.
    Upstream,
    /// nginx, with these files (PEM).
    Files {
        /// Certificate chain.
        certificate: Utf8PathBuf,
        /// Private key.
        key: Utf8PathBuf,
    },
}

/// A database engine that Moodle runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// PostgreSQL; `$CFG->dbtype = 'pgsql'`.
    Postgresql,
    /// MariaDB; `$CFG->dbtype = 'mariadb'`.
    Mariadb,
}

impl Engine {
    /// Every engine.
    pub const ALL: [Self; 2] = [Self::Postgresql, Self::Mariadb];

    /// Its name, as its makers write it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Postgresql => "PostgreSQL",
            Self::Mariadb => "MariaDB",
        }
    }

    /// The TCP port that it has where nothing else is said.
    pub const fn port(self) -> u16 {
        match self {
            Self::Postgresql => 5432,
            Self::Mariadb => 3306,
        }
    }

    /// How the fleet file names it.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Postgresql => "postgresql",
            Self::Mariadb => "mariadb",
        }
    }
}

/// `[database.NAME]`: a server that sites live on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DatabaseServer {
    /// What it speaks.
    pub engine: Engine,
    /// Whether Provost runs it.
    pub location: Location,
}

/// Where a database server is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Location {
    /// `managed = true`: a private server of this fleet, on a Unix socket in the run directory.
    Managed,
    /// An existing server, reached over TCP, or over a Unix socket when `host` is an absolute path.
    Existing {
        /// Host name, address, or absolute path: of the directory of a Unix socket for PostgreSQL, of the socket for MariaDB.
        host: String,
        /// TCP port (for PostgreSQL also the socket's number); `None` is the engine's default.
        port: Option<u16>,
        /// A role that may create databases and roles.
        admin: AdminLogin,
    },
}

/// The login with which Provost administers an existing server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AdminLogin {
    /// Role name.
    pub user: String,
    /// Its password.
    pub password: SecretRef,
}

/// `[redis.NAME]`: two instances of Redis, one for sessions and one for caches. What is full forgets caches, and must never forget
/// sessions, so one instance cannot be both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Redis {
    /// `managed = true`: private instances of this fleet, on Unix sockets in the run directory.
    Managed {
        /// Memory that sessions may take, in MiB. Default [`Redis::MEMORY`].
        sessions_mib: u32,
        /// Memory that caches may take, in MiB. Default [`Redis::MEMORY`].
        caches_mib: u32,
    },
    /// Existing instances.
    Existing {
        /// The one for sessions, which evicts nothing.
        sessions: RedisAddress,
        /// The one for caches, which evicts what was not used for long.
        caches: RedisAddress,
        /// A user of both that may make users.
        admin: AdminLogin,
    },
}

impl Redis {
    /// Memory of each managed instance where nothing is said, in MiB: some 50,000 sessions, or the caches of some 50 sites.
    pub const MEMORY: u32 = 256;

    /// What a site says that uses none of several.
    pub const NONE: &'static str = "none";

    /// The TCP port that Redis has where nothing else is said.
    pub const PORT: u16 = 6379;
}

/// Where an existing Redis is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RedisAddress {
    /// Host name, address, or absolute path of a Unix socket.
    pub host: String,
    /// TCP port; `None` is [`Redis::PORT`].
    pub port: Option<u16>,
}

/// `[codebase.NAME]`: a Moodle and its plugins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Codebase {
    /// Which Moodle, in the grammar of `provost_moodle::request`.
    pub moodle: MoodleRequest,
    /// Where it comes from: the codebase's `git`, else the fleet's `moodle_git`. A URL or an absolute path.
    pub git: String,
    /// Its plugins by component.
    pub plugins: BTreeMap<Component, PluginSource>,
    /// `patches`: files of changes, relative to the fleet file, applied in this order to Moodle and its plugins.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub patches: Vec<Utf8PathBuf>,
}

/// Where a plugin comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PluginSource {
    /// `{ git = "…" }`: a git repository at a tag, a branch or a commit.
    Git {
        /// URL or absolute path.
        url: String,
        /// What to take of it.
        at: GitAt,
    },
    /// `{}` or `"VERSION"`: a release of the plugins directory.
    Catalogue {
        /// Its release, tag or version number; `None` is the newest one for the Moodle at hand.
        version: Option<String>,
    },
    /// `{ zip = "…" }`: an archive.
    Zip {
        /// URL (`http`, `https`), or a path; a relative one starts at the fleet file.
        location: String,
    },
    /// `{ path = "…" }`: a directory.
    Directory {
        /// A relative one starts at the fleet file.
        path: Utf8PathBuf,
    },
    /// `{ absent = true }`: one that comes with Moodle and must not be there.
    Absent,
}

/// A place in a git history, as the user named it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GitAt {
    /// A tag's name.
    Tag(String),
    /// A branch's name.
    Branch(String),
    /// A full commit id: 40 hexadecimal digits.
    Commit(String),
    /// Nothing was said: the branch or release that fits the Moodle best, see `provost_moodle::branch_choice`.
    Default,
}

/// `[template.NAME]`: a closed site that others are cloned from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Template {
    /// The site that it is. Its files and accounts go by the name [`Template::site_name`].
    pub site: Site,
    /// Whether it has a URL of its own, at which it can be opened; else the site's is one that leads nowhere.
    pub can_open: bool,
    /// Course backups that are restored into it, in this order; relative ones start at the fleet file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub courses: Vec<Utf8PathBuf>,
    /// How many clones are kept ready.
    #[serde(skip_serializing_if = "is_zero")]
    pub spares: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Template {
    /// Most spares of one template: more than anybody opens in the minutes that making others takes.
    pub const MOST_SPARES: u32 = 99;

    /// What stands before the name of a spare in the name of the site that it is.
    pub const SPARE_PREFIX: &'static str = "spare-";

    /// The names of a template's spares: `school-1`, `school-2`.
    pub fn spare_names(&self, template: &Name) -> Vec<Name> {
        (1..=self.spares).filter_map(|number| format!("{template}-{number}").parse().ok()).collect()
    }

    /// The name under which a spare is a site: no site of the file may have it.
    ///
    /// # Errors
    /// When it would be too long for a name.
    pub fn spare_site_name(spare: &Name) -> Result<Name, NameError> {
        format!("{}{spare}", Self::SPARE_PREFIX).parse()
    }

    /// The spare that a site is, as its name says.
    pub fn spare_of_site_name(site: &Name) -> Option<Name> {
        site.as_str().strip_prefix(Self::SPARE_PREFIX)?.parse().ok()
    }

    /// A spare as a site, as long as nobody has taken it: no visitor comes to it, and nothing can lead to its address.
    pub fn spare_site(&self, template: &Name, spare: &Name) -> Option<Site> {
        let number = spare.as_str().rsplit('-').next()?;
        let host = format!("{}{spare}.invalid", Self::SPARE_PREFIX).replace('_', "-");
        Some(Site {
            url: format!("http://{host}").parse().ok()?,
            aliases: BTreeSet::new(),
            template: Some(template.clone()),
            database_name: format!("{}_spare{number}", self.site.database_name),
            dataroot: None,
            full_name: spare.to_string(),
            short_name: spare.to_string(),
            admin: SiteAdmin { password: None, ..self.site.admin.clone() },
            ..self.site.clone()
        })
    }

    /// The name of the template of a spare.
    pub fn of_spare(spare: &Name) -> Option<Name> {
        spare.as_str().rsplit_once('-')?.0.parse().ok()
    }

    /// What stands before a template's name in the name of the site that it is.
    pub const PREFIX: &'static str = "template-";

    /// The name under which a template is a site: no site of the file may have it.
    ///
    /// # Errors
    /// When it would be too long for a name.
    pub fn site_name(template: &Name) -> Result<Name, NameError> {
        format!("{}{template}", Self::PREFIX).parse()
    }

    /// The template that a site is, as its name says; whether there is such a template is another question.
    pub fn of_site_name(site: &Name) -> Option<Name> {
        site.as_str().strip_prefix(Self::PREFIX)?.parse().ok()
    }
}

/// `[site.NAME]`: one Moodle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Site {
    /// The site's wwwroot, without a trailing slash.
    pub url: SiteUrl,
    /// Other host names that lead to it (answered with a redirect to `url`).
    pub aliases: BTreeSet<String>,
    /// What it was called: whatever is there under that name is this site, and is renamed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<Name>,
    /// The template it is cloned from when it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<Name>,
    /// The codebase it runs on.
    pub codebase: Name,
    /// The server its database lives on.
    pub database: Name,
    /// Its database and role name. Default `FLEET_SITE`, with `-` written `_`.
    pub database_name: String,
    /// Moodle's table prefix. Default `mdl_`.
    pub prefix: String,
    /// Where it keeps sessions and caches; without, in its database and its dataroot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis: Option<Name>,
    /// Its dataroot, if not the default (`<state>/data/sites/NAME`).
    pub dataroot: Option<Utf8PathBuf>,
    /// Free words that selectors find it by.
    pub tags: BTreeSet<String>,
    /// Whether visitors get it. Without, nginx answers a plain page and no PHP runs for it. Default true.
    pub enabled: bool,
    /// The first administrator.
    pub admin: SiteAdmin,
    /// Moodle's site name. Default: the site's name.
    pub full_name: String,
    /// Moodle's short site name. Default: the site's name.
    pub short_name: String,
    /// Moodle language code that the site is installed with. Default `en`.
    pub language: String,
    /// What it may use.
    pub limits: Limits,
    /// Settings that the file declares for it: those of its profiles, of its template and its own, merged. None of a template: it is made
    /// once, and what it declares is its clones'.
    #[serde(skip_serializing_if = "Settings::is_empty")]
    pub settings: Settings,
}

/// The administrator that a site is installed with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SiteAdmin {
    /// User name. Default `admin`.
    pub user: String,
    /// Address; Moodle wants one. Default `admin@HOST`, or `admin@HOST.invalid` where the host has no dot.
    pub email: String,
    /// Password; generated and kept in the state directory when not given.
    pub password: Option<SecretRef>,
}

/// What one site may use of the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// PHP's `memory_limit`, in MiB. Default 256.
    pub memory_mib: u32,
    /// Largest upload, in MiB. Default 100.
    pub upload_mib: u32,
    /// Most PHP processes at once. Default 5.
    pub workers: u32,
}

impl Limits {
    /// Those of a site that declares none.
    pub const USUAL: Self = Self { memory_mib: 256, upload_mib: 100, workers: 5 };
}
