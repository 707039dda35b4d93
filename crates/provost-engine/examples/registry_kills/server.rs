//! A PostgreSQL of one's own, on a Unix socket in a temporary directory; stopped when dropped. It does not run as root, so then it runs
//! as `postgres`.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use provost_engine::registry::PostgresAddress;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The server.
pub(crate) struct Server {
    root: tempfile::TempDir,
    programs: PathBuf,
}

/// Whether a power cut may cost what was answered: only where nothing is measured and no power is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "tests and benchmarks take one each")]
pub(crate) enum Durable {
    Yes,
    No,
}

impl Server {
    /// Starts one.
    ///
    /// # Errors
    /// When there is no PostgreSQL on this machine, or it does not start.
    pub(crate) fn start(durable: Durable) -> Result<Self> {
        let programs = programs().ok_or("there is no PostgreSQL on this machine")?;
        let root = tempfile::Builder::new().prefix("pvr").tempdir_in("/tmp")?;
        std::fs::set_permissions(root.path(), std::fs::Permissions::from_mode(0o777))?;
        let server = Self { root, programs };
        let (data, log) = (server.path("data"), server.path("log"));
        server.run("initdb", &["-D", &data, "-U", "registry", "--auth=trust", "--no-sync", "-E", "UTF8"])?;
        let fsync = if durable == Durable::Yes { "on" } else { "off" };
        let socket = server.host();
        let options =
            format!("-c listen_addresses='' -c unix_socket_directories='{socket}' -c fsync={fsync}");
        server.run("pg_ctl", &["-D", &data, "-w", "-l", &log, "-o", &options, "start"])?;
        Ok(server)
    }

    /// Where the registry of one of its databases is; there is `postgres` from the first.
    #[allow(dead_code, reason = "some tell others only where its socket is")]
    pub(crate) fn address(&self, database: &str) -> PostgresAddress {
        PostgresAddress {
            host: self.host(),
            port: None,
            user: "registry".to_owned(),
            password: None,
            database: database.to_owned(),
        }
    }

    /// The directory of its socket.
    pub(crate) fn host(&self) -> String {
        self.root.path().display().to_string()
    }

    /// Runs SQL and returns the answer, without decoration.
    #[allow(dead_code, reason = "not all who start one look into it")]
    pub(crate) fn sql(&self, database: &str, sql: &str) -> Result<String> {
        let host = self.host();
        self.run(
            "psql",
            &["-h", &host, "-U", "registry", "-d", database, "-v", "ON_ERROR_STOP=1", "-XAtc", sql],
        )
    }

    fn path(&self, below: &str) -> String {
        self.root.path().join(below).display().to_string()
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<String> {
        let path = self.programs.join(program);
        let mut command = if rustix::process::geteuid().is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(&path);
            command
        } else {
            Command::new(&path)
        };
        // The postmaster keeps the outputs that it is started with: a pipe would never end.
        let said = self.root.path().join(format!("said-{program}"));
        let log = std::fs::File::create(&said)?;
        command.args(arguments).current_dir(self.root.path()).stdout(log.try_clone()?).stderr(log);
        let status = command.status()?;
        let text = std::fs::read_to_string(&said)?;
        if status.success() { Ok(text.trim().to_owned()) } else { Err(format!("{program}: {text}").into()) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.path("data");
        // Whoever wants to know why it would not stop finds its log in the directory; there is nobody to tell here.
        drop(self.run("pg_ctl", &["-D", &data, "-w", "-m", "immediate", "stop"]));
    }
}

/// Where the programs of the newest PostgreSQL are: Debian keeps them out of PATH.
fn programs() -> Option<PathBuf> {
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut all: Vec<PathBuf> = installed.map(|entry| entry.path().join("bin")).collect();
    all.retain(|path| path.join("initdb").exists());
    all.sort();
    all.pop()
}
