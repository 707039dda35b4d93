//! From a declared site to the texts of its files.

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use camino::Utf8PathBuf;
use provost_engine::context::Context;
use provost_engine::process::Program;
use provost_fleet::lock::Lock;
use provost_fleet::model::{Fleet, Tls};
use provost_fleet::name::Name;

use super::shared;
use crate::accounts::{self, AccountError};
use crate::fleet_state::FleetId;
use crate::seat::Seat;
use crate::site;
use crate::web::REQUEST_SECONDS;
use crate::web::fpm::{FpmPool, PoolUser, pool_file};
use crate::web::nginx::{
    ClosedPage, NginxSite, NginxVersion, SiteAddress, SiteTls, WebRoot, closed_file, closed_location_file,
    host_file, location_file, site_file,
};

/// The first `$branch` whose web root is `public/`.
const PUBLIC_SINCE: u32 = 501;

/// A file of a site's virtual host.
#[derive(Debug, Clone)]
pub struct File {
    /// What it is, in words.
    pub what: &'static str,
    /// Where it is.
    pub path: Utf8PathBuf,
    /// What is in it.
    pub text: String,
}

/// What a site has where it shares its host with others.
#[derive(Debug, Clone)]
pub struct Shared {
    /// Its part of the host's `server` block.
    pub site: File,
    /// That block: the same bytes whichever of the sites writes it.
    pub host: File,
}

/// What the host's file is, in words.
pub(super) const HOST: &str = "nginx file of its host";

/// What the file of a seat's pool is, in words. It is there before the site.
pub(super) const SEAT: &str = "php-fpm pool of its seat";

/// All files.
#[derive(Debug, Clone)]
pub struct Files {
    /// For nginx.
    pub nginx: File,
    /// For php-fpm; of a disabled site it is not to be there.
    pub pool: File,
    /// The pool that the site has not, of the two that it may have: its own, and that of its seat.
    pub other_pool: Option<File>,
    /// Where its pool listens.
    pub socket: Utf8PathBuf,
    /// Of a site below a path.
    pub shared: Option<Shared>,
    /// Whether visitors get the site.
    pub enabled: bool,
}

impl Files {
    /// Each, with what it is to hold; `None`: it is not to be there.
    pub fn each(&self) -> impl Iterator<Item = (&File, Option<&str>)> {
        // The site's own part comes before what includes it.
        let shared = self.shared.iter().flat_map(|shared| [&shared.site, &shared.host]);
        let nginx = shared.chain([&self.nginx]).map(|file| (file, Some(file.text.as_str())));
        nginx.chain(self.pools())
    }

    /// Those of php-fpm, likewise.
    pub(super) fn pools(&self) -> impl Iterator<Item = (&File, Option<&str>)> {
        let pool = self.enabled.then_some(self.pool.text.as_str());
        [(&self.pool, pool)].into_iter().chain(self.other_pool.iter().map(|file| (file, None)))
    }
}

/// Why the files cannot be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The site or its codebase's lock is not there.
    #[error("no site is called `{0}`, or its codebase is not locked")]
    NoSite(Name),
    /// Accounts cannot be looked up.
    #[error(transparent)]
    Account(#[from] AccountError),
}

/// Renders all files of a site. Nothing is written.
pub fn render(
    cx: &Context,
    fleet: &Fleet,
    lock: &Lock,
    fleet_id: &FleetId,
    name: &Name,
    version: NginxVersion,
) -> Result<Files, RenderError> {
    let missing = || RenderError::NoSite(name.clone());
    let site = fleet.site(name).ok_or_else(missing)?;
    let locked = lock.codebases.get(&site.codebase).ok_or_else(missing)?;
    let public = locked.moodle.branch.parse::<u32>().is_ok_and(|branch| branch >= PUBLIC_SINCE);
    let logs = cx.paths.site_logs(name);
    let dataroot = site::dataroot(cx, name, site);
    let aliases: Vec<&str> = site.aliases.iter().map(String::as_str).collect();
    let trusted: Vec<&str> = fleet.web.trusted_proxies.iter().map(String::as_str).collect();
    let seat = Seat::of_site(cx, &fleet_id.id, name, site)?;
    let socket = seat.map_or_else(|| cx.paths.pool_socket(name), |seat| seat.socket(&cx.paths));
    let nginx = NginxSite {
        name: name.as_str(),
        address: SiteAddress {
            https: site.url.is_https(),
            host: site.url.host(),
            port: site.url.port(),
            below: site.url.below(),
        },
        aliases: &aliases,
        listen: &fleet.web.listen,
        tls: match &fleet.web.tls {
            Tls::Off => SiteTls::Off,
            Tls::Upstream => SiteTls::Upstream,
            Tls::Files { certificate, key } => SiteTls::Files { certificate, key },
        },
        nginx: version,
        trusted_proxies: &trusted,
        code: &cx.paths.code(name),
        web_root: if public { WebRoot::Public } else { WebRoot::Code },
        // Routing through `r.php` needs `$CFG->routerconfigured`; what Moodle has no file for is a 404 until then.
        router: false,
        dataroot: &dataroot,
        socket: &socket,
        access_log: &logs.join("access.log"),
        error_log: &logs.join("error.log"),
        upload_mib: site.limits.upload_mib,
        request_seconds: REQUEST_SECONDS,
    };
    let site_user = accounts::site_user_name(&fleet_id.id, name);
    let web_user = accounts::web_user_name(&fleet_id.id);
    let user = PoolUser { user: &site_user, group: &site_user, web_group: &web_user };
    let pool = FpmPool {
        name: name.as_str(),
        socket: &socket,
        user: cx.machine.root.then_some(user),
        workers: site.limits.workers,
        memory_mib: site.limits.memory_mib,
        upload_mib: site.limits.upload_mib,
        request_seconds: REQUEST_SECONDS,
        error_log: &logs.join("php.log"),
        slow_log: &logs.join("slow.log"),
        temporary: &dataroot.join(site::files::PHP_TEMPORARY),
    };
    let own = File {
        what: "php-fpm pool",
        path: cx.paths.pools().join(format!("{name}.conf")),
        text: pool_file(&pool),
    };
    let (pool, other_pool) = match seat {
        None => (own, None),
        Some(seat) => {
            let text = seat.text(&cx.paths, &fleet_id.id);
            (File { what: SEAT, path: seat.pool(&cx.paths), text }, Some(own))
        }
    };
    let page = ClosedPage { title: &site.full_name, language: &site.language };
    let shared = site.url.below().map(|_| Shared {
        site: File {
            what: "nginx file below its host",
            path: shared::part(cx, site.url.host(), name),
            text: if site.enabled { location_file(&nginx) } else { closed_location_file(&nginx, &page) },
        },
        host: File {
            what: HOST,
            path: shared::host(cx, site.url.host()),
            text: host_file(&nginx, &shared::parts(cx, site.url.host())),
        },
    });
    Ok(Files {
        shared,
        nginx: File {
            what: "nginx file",
            path: cx.paths.vhosts().join(format!("{name}.conf")),
            text: match site.enabled {
                true => site_file(&nginx),
                false => closed_file(&nginx, &page),
            },
        },
        pool,
        other_pool,
        socket,
        enabled: site.enabled,
    })
}

/// The version of this machine's nginx; the oldest that works where there is none yet, whose syntax every later one reads.
///
/// A process asks once for as long as the program's file is the same one.
pub async fn nginx_version(cx: &Context) -> NginxVersion {
    static KNOWN: Mutex<Option<(Utf8PathBuf, SystemTime, NginxVersion)>> = Mutex::new(None);
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let asked = async {
        let nginx = cx.machine.program("nginx")?;
        let changed = std::fs::metadata(&nginx).and_then(|file| file.modified()).ok()?;
        if let Some((path, then, version)) = &*known()
            && *path == nginx
            && *then == changed
        {
            return Some(*version);
        }
        let output = cx.run(Program::new(&nginx).arg("-v")).await.ok()?;
        let version = NginxVersion::parse(&String::from_utf8_lossy(&output.stderr))?;
        *known() = Some((nginx, changed, version));
        Some(version)
    };
    asked.await.unwrap_or(crate::web::nginx::OLDEST)
}
