//! Two small sites on a tree of a few pages, in a temporary directory.

use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{PermissionsExt as _, chown, lchown, symlink};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};

use super::super::fpm::{self, FpmMain, FpmPool, OpcacheSizing, PoolUser};
use super::super::nginx::{self, NginxMain, NginxSite, OLDEST, SiteAddress, SiteTls, WebRoot, WorkerUser};
use super::http::{Answer, ask};
use super::programs::{Output, Server, find, php_fpm, run, skipped};

/// The hosts of the two sites; the directories are called the same.
pub(super) const NAMES: [&str; 2] = ["one.example", "two.example"];

/// Users that every Debian has, with their ids: of the two sites, and of nginx.
const USERS: [(&str, &str, u32, u32); 2] = [("daemon", "daemon", 1, 1), ("nobody", "nogroup", 65534, 65534)];
const WEB: WorkerUser<'static> = WorkerUser { user: "www-data", group: "www-data" };

/// Pages that would run if nginx let them.
pub(super) const INTERNAL_FILES: &[&str] = &[
    "config.php",
    "install.php",
    "version.php",
    "admin/cli/cron.php",
    "mod/x/cli/y.php",
    "lib/tests/fixtures/a.php",
    "lib/behat/lib.php",
    "vendor/a.php",
    "lib/classes/a.php",
    "mod/x/db/access.php",
    "lang/en/moodle.php",
    ".git/x.php",
    "a.PHP",
    "a.phtml",
    "a.php.bak",
    "a.php~",
    "a.inc",
    "README.md",
    "composer.json",
    "mod/x/db/install.xml",
    "admin/environment.xml",
    "lib/upgrade.txt",
    "mod/x/templates/a.mustache",
    "behat.yml.dist",
    ".htaccess",
];

/// Paths that are no file, or ask for one in a roundabout way.
pub(super) const INTERNAL_PATHS: &[&str] = &[
    "/nothing.php",
    "/nothing.php/page.php",
    "/page.php.txt/x",
    "/config.php/x",
    "/sub/../config.php",
    "/%63onfig.php",
    "/lib//classes//a.php",
    "/sub/%2e%2e/config.php",
    "/..%2f..%2fetc/passwd",
    "/config.php%0a",
    "/page.php%0a",
    "/config%2ephp",
    "/.git/config",
    "/dataroot/",
    "/dataroot",
    "/empty/",
];

/// Pages of the tree: name and text. `count` is included by all.
const PAGES: &[(&str, &str)] = &[
    (
        "page.php",
        "foreach (['SCRIPT_FILENAME','DOCUMENT_ROOT','SCRIPT_NAME','PATH_INFO','PHP_SELF','REQUEST_URI','QUERY_STRING','HTTP_HOST','SERVER_NAME','SERVER_PORT','REQUEST_SCHEME','HTTPS','HTTP_PROXY','HTTP_X_FORWARDED_FOR','HTTP_CLIENT_IP','REMOTE_ADDR'] as $k) echo $k, '=', var_export($_SERVER[$k] ?? null, true), \"\\n\";",
    ),
    (
        "send.php",
        "header('Etag: \"sha1\"'); header('X-Accel-Redirect: ' . rawurlencode(rawurldecode($_SERVER['QUERY_STRING'])));",
    ),
    (
        "include.php",
        "$f = $_SERVER['QUERY_STRING']; $r = @include $f; echo var_export($r, true), ' cached=', var_export(isset(opcache_get_status()['scripts'][$f]), true);",
    ),
    (
        "limits.php",
        "foreach (['memory_limit','upload_max_filesize','post_max_size','max_input_vars','upload_tmp_dir','open_basedir','user_ini.filename','disable_functions','cgi.fix_pathinfo','opcache.validate_permission','display_errors'] as $k) echo $k, '=', ini_get($k), \"\\n\"; echo implode(' ', array_intersect(array_keys(getenv()), ['PATH', 'HOME', 'USER', 'TMPDIR'])), ' ', sys_get_temp_dir(), ' ', ini_set('memory_limit', '512M');",
    ),
    ("index.php", "echo 'index';"),
    ("sub/index.php", "echo 'sub';"),
];

/// The fleet's directory, and what it takes to start it.
pub(super) struct Fleet {
    directory: tempfile::TempDir,
    pub(super) port: u16,
    root: bool,
    nginx: PathBuf,
    fpm: PathBuf,
}

impl Fleet {
    /// Writes everything; nothing, with a line that says why, where a program is missing.
    pub(super) fn new() -> Option<Self> {
        let (Some(nginx), Some(fpm)) = (find("nginx"), php_fpm()) else {
            skipped("nginx or php-fpm");
            return None;
        };
        let directory =
            tempfile::Builder::new().prefix("web").tempdir_in("/tmp").expect("a temporary directory");
        let root = rustix::process::geteuid().is_root();
        let free = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = free.local_addr().expect("a bound port").port();
        let fleet = Self { directory, port, root, nginx, fpm };
        fs_err::set_permissions(fleet.directory(), std::fs::Permissions::from_mode(0o755)).expect("a mode");
        fleet.write_trees();
        fleet.write_all();
        Some(fleet)
    }

    pub(super) fn directory(&self) -> &Utf8Path {
        Utf8Path::from_path(self.directory.path()).expect("/tmp is UTF-8")
    }

    /// The same, as text.
    pub(super) fn root(&self) -> &str {
        self.directory().as_str()
    }

    /// Whether each site has a user of its own here.
    pub(super) fn has_users(&self) -> bool {
        self.root
    }

    pub(super) fn dataroot(&self, name: &str) -> Utf8PathBuf {
        self.directory().join("data").join(name)
    }

    fn path(&self, relative: &str) -> Utf8PathBuf {
        self.directory().join(relative)
    }

    fn write_trees(&self) {
        for (tree, style) in [("tree-one", "body {}"), ("tree-two", "html {}")] {
            for (name, text) in PAGES {
                self.write_in(tree, name, &format!("<?php require '{}'; {text}", self.path("count.php")));
            }
            self.write_in(tree, "style.css", style);
            fs_err::create_dir_all(self.path(tree).join("empty")).expect("a directory");
        }
        fs_err::write(self.path("hits"), "").expect("a file");
        fs_err::set_permissions(self.path("hits"), std::fs::Permissions::from_mode(0o666)).expect("a mode");
        let count = format!("<?php file_put_contents('{}', '.', FILE_APPEND);", self.path("hits"));
        fs_err::write(self.path("count.php"), count).expect("a file");
        for name in NAMES {
            for directory in ["data", "tmp", "logs", "sites"] {
                let path = self.path(directory).join(name);
                fs_err::create_dir_all(&path).expect("a directory");
                if directory != "sites" {
                    self.give(&path, name);
                }
            }
            symlink(self.path("tree-one"), self.path("sites").join(name).join("code")).expect("a link");
        }
        for directory in ["nginx", "pools", "php", "temporary"] {
            fs_err::create_dir_all(self.path(directory)).expect("a directory");
        }
    }

    fn write_in(&self, tree: &str, name: &str, text: &str) {
        let path = self.path(tree).join(name);
        fs_err::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        fs_err::write(&path, text).expect("a file");
        self.age(&path, 1);
    }

    /// Writes a page that counts itself, under a name it should not have.
    pub(super) fn write_page(&self, name: &str) {
        self.write_in("tree-one", name, &format!("<?php require '{}'; echo 'ran';", self.path("count.php")));
    }

    /// Sets a file's time, in seconds since 1970.
    #[allow(clippy::unused_self)] // Reads as the others do.
    pub(super) fn age(&self, path: &Utf8Path, seconds: u64) {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let file = std::fs::File::options().write(true).open(path).expect("the file is there");
        file.set_modified(time).expect("the file takes a time");
    }

    /// Makes a file that of a site's user.
    pub(super) fn give(&self, path: &Utf8Path, name: &str) {
        if self.root {
            let (_, _, uid, gid) = USERS[usize::from(name == NAMES[1])];
            chown(path, Some(uid), Some(gid)).expect("root gives files away");
        }
    }

    /// Makes a link itself that of a site's user.
    #[allow(clippy::unused_self)] // Reads as `give` does.
    pub(super) fn give_link(&self, path: &Utf8Path, name: &str) {
        let (_, _, uid, gid) = USERS[usize::from(name == NAMES[1])];
        lchown(path, Some(uid), Some(gid)).expect("root gives links away");
    }

    fn write_all(&self) {
        self.write_main(false);
        let main = fpm::main_file(&FpmMain {
            pid: &self.path("fpm.pid"),
            error_log: &self.path("logs/fpm.log"),
            pools: &self.path("pools"),
            most_processes: 8,
            open_files: self.root.then(|| FpmMain::open_files_for(2)),
        });
        fs_err::write(self.path("fpm.conf"), main).expect("a file");
        self.write_master_ini(true);
        for name in NAMES {
            self.write_site_with_aliases(name, &[&format!("old-{name}")]);
            fs_err::write(self.path("pools").join(format!("{name}.conf")), self.pool(name)).expect("a file");
        }
    }

    /// Writes `nginx.conf`.
    pub(super) fn write_main(&self, ends_tls: bool) {
        let listen = [SocketAddr::from(([127, 0, 0, 1], self.port))];
        let main = nginx::main_file(&NginxMain {
            user: self.root.then_some(WEB),
            workers: 1,
            pid: &self.path("nginx.pid"),
            temporary: &self.path("temporary"),
            error_log: &self.path("logs/nginx.log"),
            access_log: &self.path("logs/unknown.log"),
            sites: &self.path("nginx"),
            listen: &listen,
            ends_tls,
        });
        fs_err::write(self.path("nginx.conf"), main).expect("a file");
    }

    /// Writes the master's ini file; not `guarded`, pools share what they cached, so that a test can see itself fail.
    pub(super) fn write_master_ini(&self, guarded: bool) {
        let ini = fpm::master_ini(&OpcacheSizing { php_files: 100, live_builds: 1, sites: 2 });
        let guard = "opcache.validate_permission = 1";
        assert!(ini.contains(guard), "the guard is there");
        let ini = if guarded { ini } else { ini.replace(guard, "opcache.validate_permission = 0") };
        fs_err::write(self.path("php/provost.ini"), ini).expect("a file");
    }

    /// Writes one site's file for nginx.
    pub(super) fn write_site_with_aliases(&self, name: &str, aliases: &[&str]) {
        self.write_site(name, aliases, false, SiteTls::Off, &[]);
    }

    /// Writes one site's file for nginx, for a URL with TLS or without.
    pub(super) fn write_site(
        &self,
        name: &str,
        aliases: &[&str],
        https: bool,
        tls: SiteTls<'_>,
        trusted_proxies: &[&str],
    ) {
        let text = nginx::site_file(&NginxSite {
            name,
            address: SiteAddress { https, host: name, port: (!https).then_some(self.port), below: None },
            aliases,
            listen: &[SocketAddr::from(([127, 0, 0, 1], self.port))],
            tls,
            nginx: OLDEST,
            trusted_proxies,
            code: &self.path("sites").join(name).join("code"),
            web_root: WebRoot::Code,
            router: false,
            dataroot: &self.dataroot(name),
            socket: &self.socket(name),
            access_log: &self.path("logs").join(name).join("access.log"),
            error_log: &self.path("logs").join(name).join("error.log"),
            upload_mib: 10,
            request_seconds: 60,
        });
        fs_err::write(self.path("nginx").join(format!("{name}.conf")), text).expect("a file");
    }

    fn socket(&self, name: &str) -> Utf8PathBuf {
        self.path(&format!("{name}.sock"))
    }

    fn pool(&self, name: &str) -> String {
        let (user, group, ..) = USERS[usize::from(name == NAMES[1])];
        fpm::pool_file(&FpmPool {
            name,
            socket: &self.socket(name),
            user: self.root.then_some(PoolUser { user, group, web_group: WEB.group }),
            workers: 2,
            memory_mib: 256,
            upload_mib: 10,
            request_seconds: 60,
            error_log: &self.path("logs").join(name).join("php.log"),
            slow_log: &self.path("logs").join(name).join("slow.log"),
            temporary: &self.path("tmp").join(name),
        })
    }

    /// Points the first site to the second tree, by a rename.
    pub(super) fn switch_build(&self) {
        let site = self.path("sites").join(NAMES[0]);
        symlink(self.path("tree-two"), site.join("next")).expect("a link");
        fs_err::rename(site.join("next"), site.join("code")).expect("the link is replaced");
    }

    fn nginx_command(&self) -> Command {
        let mut command = Command::new(&self.nginx);
        command.args(nginx::arguments(&self.path("nginx.conf"), Utf8Path::new("stderr")));
        command
    }

    fn fpm_command(&self) -> Command {
        let mut command = Command::new(&self.fpm);
        let directory = self.path("php");
        command.args(fpm::arguments(&self.path("fpm.conf"), &directory));
        command.envs([fpm::environment(&directory)]);
        command
    }

    /// Has nginx read the files.
    pub(super) fn test_nginx(&self) -> Output {
        run(self.nginx_command().arg("-t"))
    }

    /// Has php-fpm read the files.
    pub(super) fn test_fpm(&self) -> Output {
        run(self.fpm_command().arg("-t"))
    }

    /// Starts both, and waits until they answer.
    pub(super) fn start(&self) -> [Server; 2] {
        let quiet = |mut command: Command| {
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            Server(command.spawn().expect("the program starts"))
        };
        let servers = [quiet(self.fpm_command()), quiet(self.nginx_command())];
        let until = Instant::now() + Duration::from_secs(30);
        let up = || {
            NAMES.iter().all(|name| self.socket(name).exists())
                && std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok()
        };
        while !up() {
            assert!(Instant::now() < until, "the servers do not start: {}", self.test_nginx().text);
            std::thread::sleep(Duration::from_millis(20));
        }
        servers
    }

    /// Asks the first site.
    pub(super) fn get(&self, target: &str) -> Answer {
        ask(self.port, NAMES[0], target, &[])
    }

    /// How many pages have run.
    pub(super) fn pages_run(&self) -> usize {
        fs_err::read(self.path("hits")).map_or(0, |hits| hits.len())
    }
}
