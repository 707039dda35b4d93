//! A MariaDB that Provost did not make, for the tests that need one.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::environment::TestEnv;

/// A server of the test's own, on a Unix socket; ended when dropped. As root it runs as `mysql`, as any other does.
pub(crate) struct Server {
    root: tempfile::TempDir,
    server: Option<Child>,
}

/// Of its administrators, `super` and `boss`.
pub(crate) const PASSWORD: &str = "an-admin's \\password";

/// The password, as SQL writes it.
const IN_SQL: &str = "'an-admin''s \\\\password'";

/// What an administrator needs who is none of the server: to make databases and users, to give what Moodle needs, and to see what is
/// there.
const RIGHTS: &str = "select, insert, update, delete, create, drop, index, alter, create temporary tables, lock tables, \
                      create user, process";

impl Server {
    pub(crate) fn start() -> Self {
        let root = tempfile::Builder::new().prefix("pvm").tempdir_in("/tmp").unwrap();
        std::fs::set_permissions(root.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let mut server = Self { root, server: None };
        let (data, temporary) = (server.path("data"), format!("--tmpdir={}", server.path("temporary")));
        // Not /tmp: a server that starts removes there what other servers are at work with.
        assert!(as_mysql("mkdir", &["-m", "0700", &server.path("temporary")]).status().unwrap().success());
        let made = as_mysql(
            "mariadb-install-db",
            &["--no-defaults", &format!("--datadir={data}"), "--skip-test-db", &temporary],
        )
        .arg("--auth-root-authentication-method=normal")
        .output()
        .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        server.up();
        let socket = format!("--socket={}", server.path("socket"));
        let accounts = format!(
            "create user super@localhost identified by {IN_SQL}; grant all on *.* to super@localhost with grant option;
             create user boss@localhost identified by {IN_SQL}; grant {RIGHTS} on *.* to boss@localhost with grant option"
        );
        // As in a fresh installation, `root` has no password.
        let arguments = ["--no-defaults", &socket, "--user=root", "--execute", &accounts];
        assert!(Command::new("mariadb").args(arguments).status().unwrap().success());
        server
    }

    /// Starts it, again.
    pub(crate) fn up(&mut self) {
        let options = [
            ("datadir", "data"),
            ("socket", "socket"),
            ("pid-file", "pid"),
            ("log-error", "log"),
            ("tmpdir", "temporary"),
        ];
        let mut arguments = vec!["--no-defaults".to_owned(), "--skip-networking".to_owned()];
        arguments.extend(options.map(|(name, at)| format!("--{name}={}", self.path(at))));
        // A site of Moodle is written in a tenth of the time.
        arguments.push("--innodb-flush-log-at-trx-commit=0".to_owned());
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.server = Some(
            as_mysql("mariadbd", &arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap(),
        );
        let begun = Instant::now();
        while std::os::unix::net::UnixStream::connect(self.path("socket")).is_err() {
            assert!(
                begun.elapsed() < Duration::from_mins(1),
                "{:?}",
                std::fs::read_to_string(self.path("log"))
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Stops it in order.
    pub(crate) fn down(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        let pid = std::fs::read_to_string(self.path("pid")).ok().and_then(|text| text.trim().parse().ok());
        if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).ok();
        }
        server.wait().ok();
    }

    pub(crate) fn path(&self, below: &str) -> String {
        self.root.path().join(below).display().to_string()
    }

    /// Runs SQL as the superuser and returns the answer, without decoration.
    pub(crate) fn sql(&self, sql: &str) -> String {
        self.as_user(("super", PASSWORD), &["--execute", sql]).unwrap()
    }

    /// Runs SQL as some user; the error where it is refused.
    pub(crate) fn as_user(&self, login: (&str, &str), arguments: &[&str]) -> Result<String, String> {
        client(&self.path("socket"), login, &self.path("client.cnf"), arguments)
    }

    /// A plain dump of a database, as an administrator makes one.
    pub(crate) fn dump(&self, database: &str) -> String {
        let file = self.path("dump.sql");
        let into = format!("--result-file={file}");
        let socket = format!("--socket={}", self.path("socket"));
        let options = self.path("client.cnf");
        write_options(&options, ("super", PASSWORD));
        let arguments = [&format!("--defaults-file={options}"), &socket, &into, database];
        assert!(Command::new("mariadb-dump").args(arguments).status().unwrap().success());
        file
    }

    /// Restores a plain dump into a database that is there.
    pub(crate) fn restore(&self, database: &str, file: &str) {
        self.as_user(("super", PASSWORD), &["--execute", &format!("source {file}"), database]).unwrap();
    }

    /// Makes this the server of a fleet.
    pub(crate) fn declare(&self, env: &TestEnv) {
        let socket = self.path("socket");
        let here = format!(
            "engine = \"mariadb\"\nhost = \"{socket}\"\nadmin = {{ user = \"boss\", password = {{ file = \"boss\" }} }}\n"
        );
        std::fs::write(env.path("boss"), PASSWORD).unwrap();
        std::fs::set_permissions(env.path("boss"), std::fs::Permissions::from_mode(0o600)).unwrap();
        let fleet = env.fleet();
        assert!(fleet.contains("\nmanaged = true\n"), "{fleet}");
        env.write_fleet(&fleet.replace("managed = true\n", &here));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.down();
    }
}

/// Runs SQL over a socket; the error where it is refused.
pub(crate) fn client(
    socket: &str,
    login: (&str, &str),
    options: &str,
    arguments: &[&str],
) -> Result<String, String> {
    write_options(options, login);
    let options = format!("--defaults-file={options}");
    let output = Command::new("mariadb")
        .args([&options, "--skip-column-names", "--batch", "--raw", &format!("--socket={socket}")])
        .args(arguments)
        .output()
        .unwrap();
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}

fn write_options(path: &str, (user, password): (&str, &str)) {
    let password = password.replace('\\', r"\\");
    std::fs::write(path, format!("[client]\nuser = {user}\npassword = \"{password}\"\n")).unwrap();
}

fn as_mysql(program: &str, arguments: &[&str]) -> Command {
    let mut command = if rustix::process::geteuid().is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "mysql", "--", program]);
        command
    } else {
        Command::new(program)
    };
    command.args(arguments).current_dir("/");
    command
}
