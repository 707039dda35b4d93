//! A PostgreSQL that Provost did not make, with an administrator that is no superuser.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::environment::TestEnv;
use crate::http::Browser;
use crate::moodle::Moodle;

/// A server of the test's own, on a Unix socket; stopped when dropped. PostgreSQL does not run as root, so then it runs as `postgres`.
struct Server {
    root: tempfile::TempDir,
    programs: PathBuf,
}

const PASSWORD: &str = "an-admin's password";

impl Server {
    fn start() -> Self {
        let root = tempfile::Builder::new().prefix("pvs").tempdir_in("/tmp").unwrap();
        std::fs::set_permissions(root.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let server = Self { root, programs: programs().unwrap() };
        let (data, socket) = (server.path("data"), server.path("socket"));
        server.as_postgres("mkdir", &["-m", "0755", &socket]);
        server.run(
            "initdb",
            &["-D", &data, "-U", "super", "--auth=scram-sha-256", "--pwfile", &server.password()],
        );
        let options = format!("-c listen_addresses='' -c unix_socket_directories='{socket}' -c fsync=off");
        let log = server.path("log");
        server.run("pg_ctl", &["-D", &data, "-w", "-l", &log, "-o", &options, "start"]);
        server.sql("create role boss login createdb createrole password 'an-admin''s password'");
        server
    }

    fn path(&self, below: &str) -> String {
        self.root.path().join(below).display().to_string()
    }

    fn password(&self) -> String {
        let path = self.path("password");
        std::fs::write(&path, PASSWORD).unwrap();
        path
    }

    fn as_postgres(&self, program: impl AsRef<Path>, arguments: &[&str]) -> Output {
        let mut command = if rustix::process::geteuid().is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program.as_ref());
            command
        } else {
            Command::new(program.as_ref())
        };
        command.args(arguments).env("PGPASSWORD", PASSWORD).current_dir(self.root.path());
        // The postmaster keeps the outputs that it is started with: a pipe would never end.
        let log = std::fs::File::create(self.root.path().join("said")).unwrap();
        let status = command.stdout(log.try_clone().unwrap()).stderr(log).status().unwrap();
        let said = std::fs::read(self.root.path().join("said")).unwrap();
        assert!(status.success(), "{}: {}", program.as_ref().display(), String::from_utf8_lossy(&said));
        Output { status, stdout: said, stderr: Vec::new() }
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        self.as_postgres(self.programs.join(program), arguments)
    }

    /// Runs SQL as the superuser and returns the answer, without decoration.
    fn sql(&self, sql: &str) -> String {
        let socket = self.path("socket");
        let output = self.run("psql", &["-h", &socket, "-U", "super", "-d", "postgres", "-XAtc", sql]);
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Makes this the server of a fleet.
    fn declare(&self, env: &TestEnv) {
        let socket = self.path("socket");
        let here =
            format!("host = \"{socket}\"\nadmin = {{ user = \"boss\", password = {{ file = \"boss\" }} }}\n");
        std::fs::write(env.path("boss"), PASSWORD).unwrap();
        std::fs::set_permissions(env.path("boss"), std::fs::Permissions::from_mode(0o600)).unwrap();
        let fleet = env.fleet();
        assert!(fleet.contains("\nmanaged = true\n"), "{fleet}");
        env.write_fleet(&fleet.replace("managed = true\n", &here));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.path("data");
        if !std::thread::panicking() {
            self.run("pg_ctl", &["-D", &data, "-w", "-m", "immediate", "stop"]);
        } else if let Ok(text) = std::fs::read_to_string(format!("{data}/postmaster.pid"))
            && let Some(pid) = text.lines().next().and_then(|pid| pid.parse().ok())
            && let Some(pid) = rustix::process::Pid::from_raw(pid)
        {
            rustix::process::kill_process(pid, rustix::process::Signal::QUIT).ok();
        }
    }
}

/// Where the programs of the newest PostgreSQL are.
fn programs() -> Option<PathBuf> {
    let installed = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let mut all: Vec<PathBuf> = installed.map(|entry| entry.path().join("bin")).collect();
    all.retain(|path| path.join("initdb").exists());
    all.sort();
    all.pop()
}

#[test]
fn a_site_lives_on_an_existing_server() {
    let server = Server::start();
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    server.declare(&env);
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");
    assert!(!applied.to_string().contains(PASSWORD), "{applied}");
    let plan = env.run(&["plan", "--detailed-exitcode"]);
    assert_eq!((plan.stdout.as_str(), plan.code), ("Nothing to do.\n", 0), "{plan}");
    let owner = "select pg_get_userbyid(datdba) from pg_database where datname = 'test_hugo'";
    assert_eq!(server.sql(owner), "test_hugo", "a site's database is its own role's");
    let up = env.up();
    assert!(Browser::new(env.port, "hugo.localhost").login(&env.secret("site-hugo-admin").unwrap()));
    drop(up);
    assert_eq!(server.sql("select 1"), "1", "an existing server is not ours to stop");

    env.write_fleet(env.fleet().split("\n[site.hugo]").next().unwrap());
    let removed = env.run(&["apply", "--allow-destroy"]);
    assert_eq!(removed.code, 0, "{removed}");
    let left = "select count(*) from pg_roles full join pg_database on rolname = datname \
                where 'test_hugo' in (rolname, datname)";
    assert_eq!(server.sql(left), "0", "its database and its role are gone");
}

#[test]
fn a_server_that_is_down_is_unknown_and_nothing_is_planned_on_ignorance() {
    let server = Server::start();
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    server.declare(&env);
    assert_eq!(env.run(&["apply"]).code, 0);
    let data = server.path("data");
    server.run("pg_ctl", &["-D", &data, "-w", "-m", "fast", "stop"]);
    let blocked = env.run(&["apply", "--allow-destroy"]);
    let state = env.site_state("hugo");
    let options = format!("-c listen_addresses='' -c unix_socket_directories='{}'", server.path("socket"));
    server.run("pg_ctl", &["-D", &data, "-w", "-l", &server.path("log"), "-o", &options, "start"]);
    assert_eq!(blocked.code, 3, "{blocked}");
    assert!(blocked.stdout.contains("x site/hugo blocked"), "{blocked}");
    assert_eq!(state, "unknown");
    assert_eq!(env.run(&["apply"]).stdout, "Nothing to do.\n");
}

#[test]
fn somebody_elses_database_is_never_touched() {
    let server = Server::start();
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    server.declare(&env);
    server.sql("create database test_hugo");
    server.sql("comment on database test_hugo is 'the payroll'");
    let count = "select count(*) from pg_roles where rolname = 'test_hugo'";
    for arguments in [&["apply"][..], &["apply", "--allow-destroy"]] {
        let output = env.run(arguments);
        assert_eq!(output.code, 3, "{output}");
        assert!(output.stdout.contains("x database/hugo blocked: it is there but not ours"), "{output}");
    }
    let comment = "select shobj_description(oid, 'pg_database') from pg_database where datname = 'test_hugo'";
    assert_eq!(server.sql(comment), "the payroll");
    assert_eq!(server.sql(count), "0");
    // Not in the file any more: still not ours to drop.
    env.write_fleet(env.fleet().split("\n[site.hugo]").next().unwrap());
    assert_eq!(env.run(&["apply", "--allow-destroy"]).code, 0);
    assert_eq!(server.sql(comment), "the payroll");
}
