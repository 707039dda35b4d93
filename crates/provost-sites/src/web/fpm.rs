//! The files of the fleet's own php-fpm: one master, one pool per site.

mod main_file;
mod opcache;
mod pool;
mod start;
#[cfg(test)]
mod tests;

use camino::Utf8Path;

pub use main_file::{main_file, master_ini};
pub use opcache::{OpcacheSizing, opcache_ini};
pub use pool::pool_file;
pub use start::{arguments, environment};

/// What the fleet's `php-fpm.conf` says.
#[derive(Debug, Clone, Copy)]
pub struct FpmMain<'a> {
    /// The file the master writes its process id to.
    pub pid: &'a Utf8Path,
    /// The master's own log, with what the workers write to standard error.
    pub error_log: &'a Utf8Path,
    /// The directory of the pools' files: all `*.conf` in it are included. It must hold at least one: php-fpm does not
    /// start without a pool. The path holds no `*`, `?` or `[`.
    pub pools: &'a Utf8Path,
    /// The most PHP processes of all sites together; 0 means no limit but the pools' own.
    pub most_processes: u32,
    /// Open files that the master may have, when root starts it: see [`FpmMain::open_files_for`]. Another user cannot
    /// raise its hard limit, and php-fpm does not start when it fails to.
    pub open_files: Option<u32>,
}

impl FpmMain<'_> {
    /// How many files the master has open at most with this many pools. An idle pool has one, its socket (measured: 811
    /// for 800 pools); each of its processes adds two, for what it writes.
    pub fn open_files_for(pools: u32) -> u32 {
        pools.saturating_mul(8).saturating_add(1024)
    }
}

/// The users of a pool, when root starts php-fpm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolUser<'a> {
    /// The site's own Unix user, which its PHP runs as.
    pub user: &'a str,
    /// The site's own group. Two sites never share one.
    pub group: &'a str,
    /// The main group of nginx's workers, which may write to the socket; nobody else but the site's user may.
    pub web_group: &'a str,
}

/// What one site's pool says.
#[derive(Debug, Clone, Copy)]
pub struct FpmPool<'a> {
    /// The site's name: the pool's too.
    pub name: &'a str,
    /// The Unix socket; its directory exists and only lets the web server and the sites through.
    pub socket: &'a Utf8Path,
    /// The users; `None` unless root starts php-fpm, and then PHP runs as whoever does.
    pub user: Option<PoolUser<'a>>,
    /// Most PHP processes at once; at least 1.
    pub workers: u32,
    /// PHP's `memory_limit`, in MiB.
    pub memory_mib: u32,
    /// The largest upload, in MiB: as in [`crate::web::nginx::NginxSite::upload_mib`].
    pub upload_mib: u32,
    /// How long one request may take, in seconds, before its process is ended.
    pub request_seconds: u32,
    /// PHP's errors of this site. The site's user makes the file, so its directory must let it.
    pub error_log: &'a Utf8Path,
    /// Where in the code slow requests were; written by the master.
    pub slow_log: &'a Utf8Path,
    /// An existing directory that only the site's user may use: uploads that arrive, temporary files of PHP, sessions
    /// of libraries that use PHP's own (Moodle has its own). On the dataroot's filesystem an upload becomes a file by
    /// a rename. Not under `temp/` of the dataroot, which Moodle empties.
    pub temporary: &'a Utf8Path,
}
