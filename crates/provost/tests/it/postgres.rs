//! A PostgreSQL that Provost did not make, for the tests that need one.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::environment::TestEnv;

/// A server of the test's own, on a Unix socket; stopped when dropped. PostgreSQL does not run as root, so then it runs as `postgres`.
pub(crate) struct Server {
    root: tempfile::TempDir,
    programs: PathBuf,
}

/// Of its administrators, `super` and `boss`.
pub(crate) const PASSWORD: &str = "an-admin's password";

impl Server {
    pub(crate) fn start() -> Self {
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

    pub(crate) fn path(&self, below: &str) -> String {
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

    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> Output {
        self.as_postgres(self.programs.join(program), arguments)
    }

    /// Runs SQL as the superuser and returns the answer, without decoration.
    pub(crate) fn sql(&self, sql: &str) -> String {
        self.sql_in("postgres", sql)
    }

    pub(crate) fn sql_in(&self, database: &str, sql: &str) -> String {
        let output = self.psql(database, &["-XAtc", sql]);
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn psql(&self, database: &str, arguments: &[&str]) -> Output {
        let socket = self.path("socket");
        let to = ["-h", &socket, "-U", "super", "-d", database, "-v", "ON_ERROR_STOP=1"];
        self.run("psql", &[&to, arguments].concat())
    }

    /// A plain dump of a database, as an administrator makes one.
    pub(crate) fn dump(&self, database: &str) -> String {
        let (socket, file) = (self.path("socket"), self.path("dump.sql"));
        self.run("pg_dump", &["-h", &socket, "-U", "super", "-f", &file, database]);
        file
    }

    /// Restores a plain dump into a database that is there.
    pub(crate) fn restore(&self, database: &str, file: &str) {
        self.psql(database, &["-Xqf", file]);
    }

    /// Makes this the server of a fleet.
    pub(crate) fn declare(&self, env: &TestEnv) {
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
