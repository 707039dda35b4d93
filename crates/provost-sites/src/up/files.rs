//! The main files of nginx and php-fpm. They name sockets and pids, so they live in the run directory and are written at each start.

use camino::Utf8PathBuf;
use provost_engine::context::Context;
use provost_engine::files as engine_files;
use provost_engine::process::{Account, Program};
use provost_fleet::model::Tls;

use super::{FPM, NGINX, Services, UpError, opcache};
use crate::site::SiteError;
use crate::web::fpm::{self, FpmMain, FpmPool, PoolUser};
use crate::web::nginx::{self, NginxMain, WorkerUser};
use crate::{accounts, seat};

/// What was written, and how the services are started with it.
pub(super) struct Written {
    nginx_file: Utf8PathBuf,
    fpm_file: Utf8PathBuf,
    ini: Utf8PathBuf,
    /// nginx's own log.
    pub(super) nginx_log: Utf8PathBuf,
    /// php-fpm's own log.
    pub(super) fpm_log: Utf8PathBuf,
}

impl Written {
    pub(super) fn nginx_program(&self, path: Utf8PathBuf) -> Program {
        Program::new(path).args(nginx::arguments(&self.nginx_file, &self.nginx_log)).subject(NGINX)
    }

    pub(super) fn fpm_program(&self, path: Utf8PathBuf) -> Program {
        let (name, value) = fpm::environment(&self.ini);
        Program::new(path).args(fpm::arguments(&self.fpm_file, &self.ini)).env(name, value).subject(FPM)
    }
}

/// The file that nginx writes its process id to.
pub(super) fn nginx_pid(paths: &provost_engine::paths::Paths) -> Utf8PathBuf {
    paths.run.join("nginx.pid")
}

/// The file that php-fpm writes its process id to.
pub(super) fn fpm_pid(paths: &provost_engine::paths::Paths) -> Utf8PathBuf {
    paths.run.join("php-fpm.pid")
}

/// Writes the main files and makes the directories they name.
pub(super) async fn write(cx: &Context, services: &Services) -> Result<Written, UpError> {
    let paths = &cx.paths;
    let web = accounts::web(cx, &services.fleet_id.id).await?;
    super::untold::forget_all(paths);
    let made = |path: &Utf8PathBuf, mode, account: &Account| {
        engine_files::directory(path, mode, account)
            .map_err(|source| UpError::Io { path: path.clone(), source })
    };
    let ini = paths.run.join("php");
    let temporary = paths.nginx_temporary();
    crate::server::make_run_directory(cx, &paths.run)
        .map_err(|source| UpError::Io { path: paths.run.clone(), source })?;
    for path in
        [paths.logs(), paths.run.join("fpm"), ini.clone(), paths.vhosts(), paths.pools(), paths.hosts()]
    {
        made(&path, 0o755, &Account::Own)?;
    }
    made(&temporary, 0o700, &web.account)?;
    let written = Written {
        nginx_file: paths.run.join("nginx.conf"),
        fpm_file: paths.run.join("php-fpm.conf"),
        nginx_log: paths.logs().join("nginx.log"),
        fpm_log: paths.logs().join("php-fpm.log"),
        ini,
    };
    let user = web.other().map(|name| WorkerUser { user: name, group: name });
    let main = NginxMain {
        user,
        workers: 0,
        pid: &nginx_pid(paths),
        temporary: &temporary,
        error_log: &written.nginx_log,
        access_log: &paths.logs().join("nginx-unknown-hosts.log"),
        sites: &paths.vhosts(),
        listen: &services.fleet.web.listen,
        ends_tls: matches!(services.fleet.web.tls, Tls::Files { .. }),
    };
    let save = |path: &Utf8PathBuf, text: &str| {
        engine_files::write_whole(path, text.as_bytes(), 0o644, &Account::Own)
            .map_err(|source| UpError::Io { path: path.clone(), source })
    };
    save(&written.nginx_file, &nginx::main_file(&main))?;
    for log in [main.error_log, main.access_log] {
        super::rotate::private(log).map_err(|source| UpError::Io { path: log.to_owned(), source })?;
    }
    // Before anything reads the files of pools. Without seats sites are served as well, only later.
    if let Err(error) = fill_seats(cx, services).await {
        cx.note(format!("no seats are kept free: {}", error.chain()));
    }
    let sites = services.fleet.sites.len() + seat::FREE;
    let sites = u32::try_from(sites).unwrap_or(u32::MAX);
    let main = FpmMain {
        pid: &fpm_pid(paths),
        error_log: &written.fpm_log,
        pools: &paths.pools(),
        most_processes: 0,
        open_files: cx.machine.root.then(|| FpmMain::open_files_for(sites)),
    };
    save(&written.fpm_file, &fpm::main_file(&main))?;
    save(&written.ini.join("provost.ini"), &fpm::master_ini(&opcache::sizing(paths, &services.fleet)))?;
    save(&paths.pools().join("_idle.conf"), &idle_pool(cx, services))?;
    Ok(written)
}

async fn fill_seats(cx: &Context, services: &Services) -> Result<(), SiteError> {
    seat::tidy(&cx.paths)?;
    seat::fill(cx, &services.fleet, &services.fleet_id.id).await.map(drop)
}

/// A pool that nobody asks for: php-fpm does not start without one, and a fleet begins without sites.
fn idle_pool(cx: &Context, services: &Services) -> String {
    let web = accounts::web_user_name(&services.fleet_id.id);
    let user = PoolUser { user: &web, group: &web, web_group: &web };
    fpm::pool_file(&FpmPool {
        name: "_idle",
        socket: &cx.paths.run.join("fpm/_idle.sock"),
        user: cx.machine.root.then_some(user),
        workers: 1,
        memory_mib: 96,
        upload_mib: 1,
        request_seconds: 60,
        error_log: &cx.paths.logs().join("php-fpm-idle.log"),
        slow_log: &cx.paths.logs().join("php-fpm-idle-slow.log"),
        temporary: &cx.paths.run,
    })
}
