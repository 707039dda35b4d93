//! Where things lie on disk. The only place that forms these paths.
//!
//! | class | if lost |
//! |---|---|
//! | keep: registry, marks of managed servers, generated passwords | restore from backup |
//! | data: managed database clusters, dataroots | restore from backup |
//! | made: builds, per-site files, agent | `apply` remakes |
//! | store: files by hash | refilled |
//! | logs | history is lost |
//! | run: sockets, pids, locks | nothing |
//! | cache: git, zips, catalogue | fetched again |

use camino::{Utf8Path, Utf8PathBuf};
use provost_fleet::name::Name;

/// The longest path of a Unix socket that Linux takes, in bytes (`sun_path` less its final NUL).
pub const LONGEST_SOCKET_PATH: usize = 107;

/// The directories of one fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// Holds `keep`, `data`, `made` and `logs`.
    pub state: Utf8PathBuf,
    /// Sockets, pids and locks; short enough for a socket's path.
    pub run: Utf8PathBuf,
    /// Git caches, zips and catalogues, shared by all fleets of the user.
    pub cache: Utf8PathBuf,
    /// The store of files by hash: beside the cache and shared by the user's fleets where hard links reach the builds from
    /// there, else in the state directory. Whoever opens the fleet looks which it is.
    pub store: Utf8PathBuf,
}

impl Paths {
    /// The registry: operations, leases, observations.
    pub fn registry(&self) -> Utf8PathBuf {
        self.keep().join("registry.sqlite")
    }

    /// What must not be lost: the registry, marks and generated passwords.
    pub fn keep(&self) -> Utf8PathBuf {
        self.state.join("keep")
    }

    /// Rows that statements changed, as they were before, by the word that the journal has for each operation.
    pub fn undo(&self) -> Utf8PathBuf {
        self.keep().join("undo")
    }

    /// Generated passwords, one file each, readable by the owner only.
    pub fn secrets(&self) -> Utf8PathBuf {
        self.keep().join("secrets")
    }

    /// The mark that a managed server was made here: without its cluster, it is lost, not absent.
    pub fn server_mark(&self, server: &Name) -> Utf8PathBuf {
        self.server_marks().join(format!("{server}.json"))
    }

    /// Marks of all managed servers that were made here.
    pub fn server_marks(&self) -> Utf8PathBuf {
        self.keep().join("servers")
    }

    /// A managed server's cluster.
    pub fn cluster(&self, server: &Name) -> Utf8PathBuf {
        self.clusters().join(server.as_str())
    }

    /// All managed servers' clusters.
    pub fn clusters(&self) -> Utf8PathBuf {
        self.state.join("data/servers")
    }

    /// Where a managed Redis keeps its sessions.
    pub fn redis_data(&self, redis: &Name) -> Utf8PathBuf {
        self.state.join("data/redis").join(redis.as_str())
    }

    /// What is written down of a Redis: that it was made here, and what each site has of it.
    pub fn redis_book(&self, redis: &Name) -> Utf8PathBuf {
        self.redis_books().join(format!("{redis}.json"))
    }

    /// What is written down of every Redis.
    pub fn redis_books(&self) -> Utf8PathBuf {
        self.keep().join("redis")
    }

    /// The socket of one instance of a managed Redis: `sessions` or `caches`. No name has a point, so no server's directory is this one.
    pub fn redis_socket(&self, redis: &Name, purpose: &str) -> Utf8PathBuf {
        self.run.join("redis.d").join(format!("{redis}-{purpose}.sock"))
    }

    /// Where dataroots lie by default.
    pub fn dataroots(&self) -> Utf8PathBuf {
        self.state.join("data/sites")
    }

    /// The default dataroot of a site.
    pub fn dataroot(&self, site: &Name) -> Utf8PathBuf {
        self.dataroots().join(site.as_str())
    }

    /// Everything that `apply` can make again.
    pub fn made(&self) -> Utf8PathBuf {
        self.state.join("made")
    }

    /// All builds.
    pub fn builds(&self) -> Utf8PathBuf {
        self.made().join("builds")
    }

    /// One build, by its tree id.
    pub fn build(&self, tree: &str) -> Utf8PathBuf {
        self.builds().join(tree)
    }

    /// All sites' made files.
    pub fn sites(&self) -> Utf8PathBuf {
        self.made().join("sites")
    }

    /// One site's made files: `code`, `site.php`, `site-DIGEST.php`.
    pub fn site(&self, site: &Name) -> Utf8PathBuf {
        self.sites().join(site.as_str())
    }

    /// The symlink that says which build a site runs on.
    pub fn code(&self, site: &Name) -> Utf8PathBuf {
        self.site(site).join("code")
    }

    /// One symlink per host name, read by every build's `config.php`.
    pub fn hosts(&self) -> Utf8PathBuf {
        self.made().join("hosts")
    }

    /// One nginx file per site.
    pub fn vhosts(&self) -> Utf8PathBuf {
        self.made().join("web/nginx")
    }

    /// One php-fpm file per site.
    pub fn pools(&self) -> Utf8PathBuf {
        self.made().join("web/php-fpm")
    }

    /// What pools of php-fpm use that are told by their user's number, each in a directory of that name.
    pub fn seats(&self) -> Utf8PathBuf {
        self.made().join("seats")
    }

    /// The php-fpm file of the seat of a user. No site's name has a dot.
    pub fn seat_pool(&self, uid: u32) -> Utf8PathBuf {
        self.pools().join(format!("seat.{uid}.conf"))
    }

    /// The Unix socket of that pool.
    pub fn seat_socket(&self, uid: u32) -> Utf8PathBuf {
        self.run.join("fpm").join(format!("seat.{uid}.sock"))
    }

    /// Where unpacked agents lie, by their digest.
    pub fn agents(&self) -> Utf8PathBuf {
        self.made().join("agent")
    }

    /// The store of files by hash.
    pub fn store(&self) -> Utf8PathBuf {
        self.store.clone()
    }

    /// The store that a fleet has for itself alone.
    pub fn own_store(state: &Utf8Path) -> Utf8PathBuf {
        state.join("store")
    }

    /// The store that the user's fleets share.
    pub fn shared_store(cache: &Utf8Path) -> Utf8PathBuf {
        cache.join("store")
    }

    /// Log files of one site.
    pub fn site_logs(&self, site: &Name) -> Utf8PathBuf {
        self.logs().join("sites").join(site.as_str())
    }

    /// The log of one site's cron. Not among the site's own logs: those directories belong to the site's account.
    pub fn cron_log(&self, site: &Name) -> Utf8PathBuf {
        self.cron_logs().join(format!("{site}.log"))
    }

    /// Logs of all sites' cron.
    pub fn cron_logs(&self) -> Utf8PathBuf {
        self.logs().join("cron")
    }

    /// Where files for Prometheus' `node_exporter` (its textfile collector) are written.
    pub fn metrics(&self) -> Utf8PathBuf {
        self.made().join("metrics")
    }

    /// All log files.
    pub fn logs(&self) -> Utf8PathBuf {
        self.state.join("logs")
    }

    /// Where nginx keeps bodies of requests and answers that do not fit into memory.
    pub fn nginx_temporary(&self) -> Utf8PathBuf {
        self.state.join("data/nginx")
    }

    /// The directory of the sockets of one managed server.
    pub fn server_socket_directory(&self, server: &Name) -> Utf8PathBuf {
        self.run.join(server.as_str())
    }

    /// The Unix socket of one site's pool.
    pub fn pool_socket(&self, site: &Name) -> Utf8PathBuf {
        self.run.join("fpm").join(format!("{site}.sock"))
    }

    /// The git cache.
    pub fn git_cache(&self) -> Utf8PathBuf {
        self.cache.join("git")
    }

    /// Zips that were downloaded, by their content.
    pub fn zip_cache(&self) -> Utf8PathBuf {
        self.cache.join("zip")
    }

    /// Catalogues of plugins.
    pub fn catalogue_cache(&self) -> Utf8PathBuf {
        self.cache.join("catalogue")
    }

    /// Where files of an earlier revision of the fleet's repository lie while one works with them.
    pub fn earlier(&self) -> Utf8PathBuf {
        self.cache.join("earlier").join(std::process::id().to_string())
    }

    /// The part of `path` below the state directory, for messages and plans that must not depend on one machine.
    pub fn relative<'a>(&self, path: &'a Utf8Path) -> &'a Utf8Path {
        path.strip_prefix(&self.state).unwrap_or(path)
    }
}
