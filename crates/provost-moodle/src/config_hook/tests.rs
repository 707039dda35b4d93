//! The hook is run by PHP itself, on a tree whose `lib/setup.php` tells what it was given.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;
use std::{fs, thread};

use tempfile::TempDir;

use super::*;

/// Stands for Moodle's `lib/setup.php`: prints the settings, the site that child processes would get, and every global
/// variable that was not there before.
const SETUP_PHP: &str = r"<?php
echo json_encode([
    'dbname' => $GLOBALS['CFG']->dbname ?? null,
    'environment' => getenv('PROVOST_SITE'),
    'constant' => PROVOST_SITE,
    'leaked' => array_values(array_diff(
        array_keys($GLOBALS), ['_GET', '_POST', '_COOKIE', '_FILES', '_SERVER', '_ENV', '_REQUEST', 'argv', 'argc', 'CFG']
    )),
    'setup' => basename(dirname(__DIR__)),
]), PHP_EOL;
";

struct Layout {
    made: TempDir,
}

impl Layout {
    /// A made directory with one build and the sites `hugo` (hosts `hugo.example.org`, `localhost`) and `zola`.
    fn new() -> Self {
        let layout = Self { made: tempfile::tempdir().expect("a directory") };
        layout.write("builds/tree/config.php", CONFIG_PHP);
        layout.write("builds/tree/lib/setup.php", SETUP_PHP);
        layout.write("builds/tree/index.php", "<?php require_once __DIR__ . '/config.php';");
        fs::create_dir_all(layout.path("hosts")).expect("hosts");
        for site in ["hugo", "zola"] {
            layout.publish(site, "d1", &format!("{site}_one"));
            let host = layout.path(&format!("hosts/{site}.example.org"));
            symlink(host_link_target(site, "d1"), host).expect("a link");
        }
        symlink(host_link_target("hugo", "d1"), layout.path("hosts/localhost")).expect("a link");
        layout
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.made.path().join(relative)
    }

    fn write(&self, relative: &str, text: &str) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        fs::write(path, text).expect("written");
    }

    /// Writes a site's file and points its own link to it.
    fn publish(&self, site: &str, digest: &str, database: &str) {
        let file = format!("sites/{site}/{}", site_file_name(digest));
        self.write(&file, &format!("<?php return ['dbname' => '{database}'];"));
        replace(&self.path(&format!("sites/{site}/site.php")), &site_link_target(digest));
    }

    /// Runs one PHP script of the build on the command line.
    fn php(&self, site: Option<&str>, script: &str) -> Output {
        let mut command = Command::new("php");
        command.env_remove(SITE_VARIABLE).args(["-n", "-d", "display_errors=stderr"]);
        if let Some(site) = site {
            command.env(SITE_VARIABLE, site);
        }
        command.arg(self.path(script)).output().expect("PHP runs")
    }

    fn stdout(&self, site: Option<&str>, script: &str) -> String {
        let output = self.php(site, script);
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{script}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }
}

fn replace(link: &Path, target: &str) {
    let aside = link.with_extension("new");
    symlink(target, &aside).expect("a link");
    fs::rename(aside, link).expect("renamed");
}

/// Says so once and returns true if there is no PHP to test with.
#[allow(clippy::print_stderr)]
fn no_php() -> bool {
    let missing = Command::new("php").arg("-v").output().is_err();
    if missing {
        eprintln!("skipped: there is no `php` on this machine");
    }
    missing
}

#[test]
fn command_line_finds_the_site_by_its_name() {
    if no_php() {
        return;
    }
    let layout = Layout::new();
    insta::assert_snapshot!(layout.stdout(Some("hugo"), "builds/tree/index.php"), @r#"{"dbname":"hugo_one","environment":"hugo","constant":"hugo","leaked":[],"setup":"tree"}"#);
    // Through the link that a site has to its build, as people run core's scripts.
    symlink("../../builds/tree", layout.path("sites/zola/code")).expect("a link");
    insta::assert_snapshot!(layout.stdout(Some("zola"), "sites/zola/code/index.php"), @r#"{"dbname":"zola_one","environment":"zola","constant":"zola","leaked":[],"setup":"tree"}"#);
    // From 5.1 on the code is in public/.
    layout.write("builds/tree/public/lib/setup.php", SETUP_PHP);
    layout.write("builds/tree/config.php", &config_php(layout.path("builds/tree")));
    insta::assert_snapshot!(layout.stdout(Some("hugo"), "builds/tree/index.php"), @r#"{"dbname":"hugo_one","environment":"hugo","constant":"hugo","leaked":[],"setup":"public"}"#);
}

#[test]
fn command_line_without_a_site_exits_with_64() {
    if no_php() {
        return;
    }
    let layout = Layout::new();
    layout.write("sites/broken/site-d1.php", "<?php return null;");
    replace(&layout.path("sites/broken/site.php"), "site-d1.php");
    fs::create_dir_all(layout.path("sites/astray")).expect("made");
    replace(&layout.path("sites/astray/site.php"), "../../../etc/passwd");
    let refusals: Vec<String> = [
        None,
        Some(""),
        Some("nobody"),
        Some("../sites/hugo"),
        Some("hugo\n"),
        Some("Hugo"),
        Some("astray"),
        Some("broken"),
    ]
    .into_iter()
    .map(|site| {
        let output = layout.php(site, "builds/tree/index.php");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(NO_SITE_EXIT), 0), "{site:?}");
        format!("{site:?}: {}", String::from_utf8_lossy(&output.stderr).trim_end())
    })
    .collect();
    insta::assert_snapshot!(refusals.join("\n"), @r#"
    None: PROVOST_SITE: name the site to work on, as in PROVOST_SITE=hugo php admin/cli/cron.php
    Some(""): PROVOST_SITE: name the site to work on, as in PROVOST_SITE=hugo php admin/cli/cron.php
    Some("nobody"): PROVOST_SITE: there is no site 'nobody' here
    Some("../sites/hugo"): PROVOST_SITE: name the site to work on, as in PROVOST_SITE=hugo php admin/cli/cron.php
    Some("hugo\n"): PROVOST_SITE: name the site to work on, as in PROVOST_SITE=hugo php admin/cli/cron.php
    Some("Hugo"): PROVOST_SITE: name the site to work on, as in PROVOST_SITE=hugo php admin/cli/cron.php
    Some("astray"): PROVOST_SITE: there is no site 'astray' here
    Some("broken"): PROVOST_SITE: the configuration of site 'broken' cannot be read; run this as the site's user
    "#);
}

#[test]
fn a_changed_site_is_effective_at_once() {
    if no_php() {
        return;
    }
    let layout = Layout::new();
    assert!(layout.stdout(Some("hugo"), "builds/tree/index.php").contains("hugo_one"));
    layout.publish("hugo", "d2", "hugo_two");
    fs::remove_file(layout.path("sites/hugo/site-d1.php")).expect("removed");
    assert!(layout.stdout(Some("hugo"), "builds/tree/index.php").contains("hugo_two"));
}

#[test]
fn is_safe_inside_a_function_and_the_second_time() {
    if no_php() {
        return;
    }
    let layout = Layout::new();
    layout.write(
        "builds/tree/twice.php",
        "<?php
        function first() { require __DIR__ . '/config.php'; $CFG->touched = 'kept'; return implode(',', array_keys(get_defined_vars())); }
        function second() { require __DIR__ . '/config.php'; return $CFG->touched; }
        echo first(), ' ', second(), ' ', $CFG->touched;",
    );
    insta::assert_snapshot!(layout.stdout(Some("hugo"), "builds/tree/twice.php"), @r#"
    {"dbname":"hugo_one","environment":"hugo","constant":"hugo","leaked":[],"setup":"tree"}
    CFG kept kept
    "#);
}

/// PHP's own web server on a port of its own; ended when dropped.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start(layout: &Layout) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let process = Command::new("php")
            .args(["-n", "-S", &format!("127.0.0.1:{port}")])
            .arg("-t")
            .arg(layout.path("builds/tree"))
            // The command line's variable must count for nothing on the web.
            .env(SITE_VARIABLE, "zola")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("PHP serves");
        let server = Self { process, port };
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                break;
            }
            thread::sleep(Duration::from_millis(25));
        }
        server
    }

    /// Asks for `/` with this Host header, and returns the status line's code and the body.
    fn get(&self, host: Option<&str>) -> String {
        self.get_path("/", host)
    }

    fn get_path(&self, path: &str, host: Option<&str>) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("connected");
        let header = host.map(|host| format!("Host: {host}\r\n")).unwrap_or_default();
        let request = format!("GET {path} HTTP/1.0\r\n{header}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("answered");
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).unwrap_or_default();
        format!("{status} {}", body.trim_end())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        let _reaped = self.process.wait();
    }
}

#[test]
fn web_finds_the_site_by_its_host() {
    if no_php() {
        return;
    }
    let layout = Layout::new();
    let server = Server::start(&layout);
    insta::assert_snapshot!(server.get(Some("hugo.example.org")), @r#"200 {"dbname":"hugo_one","environment":"hugo","constant":"hugo","leaked":[],"setup":"tree"}"#);
    for same in [
        "HUGO.Example.ORG",
        "hugo.example.org:8080",
        "hugo.example.org.",
        "hugo.example.org.:443",
        "localhost",
    ] {
        assert!(
            server.get(Some(same)).starts_with("200 {\"dbname\":\"hugo_one\""),
            "{same}: {}",
            server.get(Some(same))
        );
    }
    // A new file is effective with the next request of the same server process.
    layout.publish("hugo", "d2", "hugo_two");
    replace(&layout.path("hosts/hugo.example.org"), &host_link_target("hugo", "d2"));
    fs::remove_file(layout.path("sites/hugo/site-d1.php")).expect("removed");
    assert!(server.get(Some("hugo.example.org")).contains("hugo_two"));
    // A link to a file that is not there (or not readable) is another thing than an unknown host.
    insta::assert_snapshot!(server.get(Some("localhost")), @"503 This site is not available at the moment.");
}

#[test]
fn web_finds_sites_below_a_host_by_the_script() {
    if no_php() {
        return;
    }
    let layout = Layout::new();
    for (site, below) in [("hugo", "one"), ("zola", "two_2")] {
        let link = layout.path(&format!("hosts/{}", host_link_name("shared.example.org", Some(below))));
        symlink(host_link_target(site, "d1"), link).expect("a link");
        layout.write(
            &format!("builds/tree/{below}/login/index.php"),
            "<?php require_once __DIR__ . '/../../config.php';",
        );
    }
    layout.write("builds/tree/three/index.php", "<?php require_once __DIR__ . '/../config.php';");
    let server = Server::start(&layout);
    let get = |path: &str| server.get_path(path, Some("shared.example.org:8080"));
    assert!(get("/one/login/index.php").starts_with("200 {\"dbname\":\"hugo_one\""));
    assert!(get("/two_2/login/index.php/one/x?y=/one/").starts_with("200 {\"dbname\":\"zola_one\""));
    for other in ["/", "/three/index.php", "/index.php/one/"] {
        assert_eq!(get(other), "404 There is no site at this address.", "{other}");
    }
    // A host that is a site's own is that site's with all its paths.
    assert!(server.get_path("/one/login/index.php", Some("zola.example.org")).contains("zola_one"));
}

#[test]
fn web_answers_404_to_every_other_host() {
    if no_php() {
        return;
    }
    let layout = Layout::new();
    symlink("../../../etc/hostname", layout.path("hosts/astray.example.org")).expect("a link");
    symlink("site-d1.php", layout.path("hosts/short.example.org")).expect("a link");
    let server = Server::start(&layout);
    let long = format!("{}.org", "a.".repeat(126));
    let hosts = [
        "nobody.example.org",
        "../sites/hugo/site.php",
        "hosts/../hugo.example.org",
        "..",
        ".",
        ".hugo.example.org",
        "hugo..example.org",
        "hugo.example.org..",
        "[::1]",
        "hugo.example.org:",
        "hugo.example.org:99999999",
        "hugo example.org",
        "",
        "hugo.example.org/x",
        "hugo.example.org%00",
        "astray.example.org",
        "short.example.org",
        &long,
        &"a".repeat(64),
    ];
    for host in hosts {
        assert_eq!(server.get(Some(host)), "404 There is no site at this address.", "{host}");
    }
    assert_eq!(server.get(None), "404 There is no site at this address.");
}

#[test]
fn ends_without_a_closing_tag() {
    assert!(CONFIG_PHP.starts_with("<?php\n") && !CONFIG_PHP.contains("?>"));
}
