//! A place of its own for each test: directories, a port, a cleared environment; and nothing left behind.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::moodle::Moodle;

/// A fleet of a test.
pub(crate) struct TestEnv {
    root: tempfile::TempDir,
    pub(crate) port: u16,
}

/// The database engine that a test's fleet runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Postgresql,
    Mariadb,
}

/// What a run of the program gave.
pub(crate) struct Output {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}------- stderr -------\n{}[exit status: {}]", self.stdout, self.stderr, self.code)
    }
}

/// A program in the background; ended with SIGINT when dropped.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.0.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).ok();
    }

    pub(crate) fn wait(&mut self) -> Option<i32> {
        self.0.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            self.signal(rustix::process::Signal::INT);
            self.0.wait().ok();
        }
    }
}

impl TestEnv {
    /// A directory that other users can look into: as root, services run under accounts of their own.
    pub(crate) fn new() -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::Builder::new().prefix("pvt").tempdir_in("/tmp").unwrap();
        std::fs::set_permissions(root.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        for directory in ["home", "state", "cache/provost", "run"] {
            std::fs::create_dir_all(root.path().join(directory)).unwrap();
        }
        if let Some(cache) = crate::moodle::cache() {
            // Repositories are shared; what a test imports is its own, so that tests do not wait for each other, and say so.
            let own = root.path().join("cache/provost/git");
            std::fs::create_dir(&own).unwrap();
            for entry in std::fs::read_dir(cache).into_iter().flatten().flatten() {
                if !entry.file_name().to_string_lossy().starts_with("imported.") {
                    std::os::unix::fs::symlink(entry.path(), own.join(entry.file_name())).unwrap();
                }
            }
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { root, port }
    }

    /// With a fleet file that has the given sites on a Moodle.
    pub(crate) fn with_fleet(moodle: &Moodle, sites: &[&str]) -> Self {
        let env = Self::new();
        let mut arguments: Vec<String> = ["init", "--name", "test", "--state"].map(str::to_owned).to_vec();
        arguments.extend([env.state().display().to_string(), "--moodle-git".to_owned(), moodle.git(&env)]);
        arguments.extend(["--moodle".to_owned(), moodle.reference.clone()]);
        arguments.extend(["--listen".to_owned(), format!("127.0.0.1:{}", env.port)]);
        for site in sites {
            arguments.extend(["--site".to_owned(), format!("{site}={}", env.url(site))]);
        }
        let written = env.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(written.code, 0, "{written}");
        env
    }

    /// With a fleet file that has the given sites, on a managed server of an engine.
    pub(crate) fn with_fleet_on(engine: Engine, moodle: &Moodle, sites: &[&str]) -> Self {
        let env = Self::with_fleet(moodle, sites);
        if engine == Engine::Mariadb {
            let fleet = env.fleet();
            assert!(fleet.contains("\nmanaged = true\n"), "{fleet}");
            env.write_fleet(&fleet.replace("\nmanaged = true\n", "\nmanaged = true\nengine = \"mariadb\"\n"));
        }
        env
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.root.path().join(below)
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.path("state")
    }

    /// What there is in the directory of the state, in order. A fleet that was never applied has the key of its receipts: `init` made it.
    pub(crate) fn kept(&self) -> Vec<PathBuf> {
        let mut kept = below(&self.state());
        kept.sort();
        kept
    }

    pub(crate) fn url(&self, site: &str) -> String {
        format!("http://{site}.localhost:{}", self.port)
    }

    pub(crate) fn fleet(&self) -> String {
        std::fs::read_to_string(self.path("fleet.toml")).unwrap()
    }

    pub(crate) fn write_fleet(&self, text: &str) {
        std::fs::write(self.path("fleet.toml"), text).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_provost"));
        command
            .args(arguments)
            .current_dir(self.root.path())
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
            .env("HOME", self.path("home"))
            .env("USER", "tester")
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let output = self.command(arguments).output().unwrap();
        Output {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code().unwrap_or(-1),
        }
    }

    /// Starts the program, its outputs in a file.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Running {
        let log = std::fs::File::create(self.path("background.log")).unwrap();
        let mut command = self.command(arguments);
        command.stdout(log.try_clone().unwrap()).stderr(log);
        Running(command.spawn().unwrap())
    }

    /// Starts the program while another one is in the background; what it says is lost.
    pub(crate) fn spawn_aside(&self, arguments: &[&str]) -> Running {
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Running(command.spawn().unwrap())
    }

    /// `provost up`, once it says that the fleet is up.
    pub(crate) fn up(&self) -> Running {
        let mut running = self.spawn(&["up"]);
        let begun = Instant::now();
        while !self.background().contains("The fleet is up") {
            let ended = running.0.try_wait().unwrap();
            assert!(ended.is_none() && begun.elapsed() < Duration::from_mins(1), "{}", self.background());
            std::thread::sleep(Duration::from_millis(50));
        }
        running
    }

    pub(crate) fn background(&self) -> String {
        std::fs::read_to_string(self.path("background.log")).unwrap_or_default()
    }

    pub(crate) fn secret(&self, name: &str) -> Option<String> {
        let text = std::fs::read_to_string(self.state().join("keep/secrets").join(name)).ok()?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    pub(crate) fn status(&self) -> serde_json::Value {
        let output = self.run(&["--json", "status"]);
        serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output}"))
    }

    pub(crate) fn site_state(&self, site: &str) -> String {
        let status = self.status();
        let sites = status["sites"].as_array().unwrap();
        let found = sites.iter().find(|one| one["name"] == site).unwrap_or(&serde_json::Value::Null);
        found["state"].as_str().unwrap_or("not listed").to_owned()
    }

    /// Ends every PHP process of the fleet's master, as if PHP were broken: `up` starts the master again after a second, so it is
    /// stopped, not ended.
    pub(crate) fn stop_php(&self) {
        let pid = std::fs::read_to_string(self.run_directory().join("php-fpm.pid")).unwrap();
        let pid = rustix::process::Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    }

    /// Lets [`Self::stop_php`]'s master go on.
    pub(crate) fn go_on_php(&self) {
        let pid = std::fs::read_to_string(self.run_directory().join("php-fpm.pid")).unwrap();
        let pid = rustix::process::Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
    }

    /// Sites and their states, as `site list` has them.
    pub(crate) fn listed(&self, arguments: &[&str]) -> String {
        let output = self.run(&[&["--json", "site", "list"][..], arguments].concat());
        let list: serde_json::Value =
            serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output}"));
        let rows = list["sites"].as_array().unwrap().iter();
        let told =
            rows.map(|row| format!("{} {}", row["name"].as_str().unwrap(), row["state"].as_str().unwrap()));
        told.collect::<Vec<_>>().join(", ")
    }

    /// What is different from run to run, replaced.
    pub(crate) fn filter(&self, text: &str) -> String {
        let text = text.replace(&self.root.path().display().to_string(), "[TEMP]");
        let text = text.replace(&format!(":{}", self.port), ":[PORT]");
        let mut filtered = String::new();
        for line in text.lines() {
            // Progress of long steps comes by the clock; steps that run side by side end as they like.
            if !line.starts_with('…') {
                filtered.push_str(&without_times_and_trees(line));
                filtered.push('\n');
            }
        }
        filtered
    }

    /// Where sockets and locks of the fleet are: as root not below the test's own directory.
    pub(crate) fn run_directory(&self) -> PathBuf {
        let id = eight(&self.state().display().to_string());
        let above = if rustix::process::geteuid().is_root() { "/run".into() } else { self.path("run") };
        above.join("provost").join(id)
    }

    /// Asks the fleet's own server, as its administrator; the answer is without decoration.
    pub(crate) fn sql(&self, sql: &str) -> String {
        self.sql_in("postgres", sql)
    }

    /// What asks one database of the fleet's own server.
    pub(crate) fn psql(&self, database: &str, sql: &str) -> Command {
        let mut command = Command::new("psql");
        command.arg("-h").arg(self.run_directory().join("main"));
        command.args(["-U", "provost", "-d", database, "-XAtc", sql]);
        command.env("PGPASSWORD", self.secret("server-main-admin").unwrap());
        command
    }

    /// Asks one database of the fleet's own server.
    pub(crate) fn sql_in(&self, database: &str, sql: &str) -> String {
        let output = self.psql(database, sql).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Asks the fleet's own MariaDB, as its administrator; the answer is without decoration.
    pub(crate) fn mariadb(&self, database: &str, sql: &str) -> String {
        let socket = self.run_directory().join("main/mariadb.sock").display().to_string();
        let password = self.secret("server-main-admin").unwrap();
        let options = self.path("client.cnf").display().to_string();
        let arguments = ["--execute", sql, "--database", database];
        crate::mariadb::client(&socket, ("provost", &password), &options, &arguments).unwrap()
    }

    /// How many databases and roles of a name the fleet's own server has; one database and its role are 2.
    pub(crate) fn on_server(&self, engine: Engine, name: &str) -> String {
        match engine {
            Engine::Postgresql => self.sql(&format!(
                "select (select count(*) from pg_roles where rolname = '{name}')
                      + (select count(*) from pg_database where datname = '{name}')"
            )),
            Engine::Mariadb => self.mariadb(
                "mysql",
                &format!(
                    "select (select count(*) from information_schema.schemata where schema_name = '{name}')
                          + (select count(*) from global_priv where User = '{name}')"
                ),
            ),
        }
    }

    /// The account that a site's PHP runs as, where there is one: only root makes them.
    pub(crate) fn account(&self, site: &str) -> Option<String> {
        let name = format!("pv-{site}-{}", eight(&format!("{}/{site}", self.fleet_id()?)));
        is_account_or_group(&name).then_some(name)
    }

    /// The account that nginx runs as, where there is one.
    pub(crate) fn web_account(&self) -> Option<String> {
        let name = format!("pv-web-{}", eight(&self.fleet_id()?));
        is_account_or_group(&name).then_some(name)
    }

    fn fleet_id(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.state().join("keep/fleet.json")).ok()?;
        let kept: serde_json::Value = serde_json::from_str(&text).ok()?;
        kept["id"].as_str().map(str::to_owned)
    }

    /// The accounts and groups of seats that are nobody's, by name.
    pub(crate) fn free_seats(&self) -> Vec<String> {
        let Some(fleet) = self.fleet_id() else { return Vec::new() };
        let of_fleet = format!("-{}", eight(&fleet));
        let lists = ["/etc/passwd", "/etc/group"].map(|list| std::fs::read_to_string(list).unwrap());
        let names = lists.iter().flat_map(|list| list.lines()).map(|line| line.split(':').next().unwrap());
        let mut names: Vec<String> = names
            .filter(|name| name.starts_with("pv_seat") && name.ends_with(&of_fleet))
            .map(str::to_owned)
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// nginx's account and free seats go with the last site; a test may have ended before that.
    fn remove_accounts_of_nobody(&self) {
        for name in self.free_seats() {
            Command::new("userdel").arg(&name).stderr(Stdio::null()).status().ok();
            Command::new("groupdel").arg(&name).stderr(Stdio::null()).status().ok();
        }
        if let Some(name) = self.web_account() {
            Command::new("userdel").arg(&name).stderr(Stdio::null()).status().ok();
        }
    }

    /// Programs that still run and have to do with this place.
    pub(crate) fn left_at_work(&self) -> Vec<String> {
        let needle = self.root.path().display().to_string();
        let own = std::process::id();
        let entries = std::fs::read_dir("/proc").unwrap().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        pids.filter(|pid| *pid != own)
            .filter_map(|pid| {
                let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
                let line = String::from_utf8_lossy(&line).replace('\0', " ");
                let inside = std::fs::read_link(format!("/proc/{pid}/cwd")).ok();
                let ours =
                    line.contains(&needle) || inside.is_some_and(|cwd| cwd.starts_with(self.root.path()));
                ours.then(|| format!("{pid} {line}"))
            })
            .collect()
    }
}

/// `(1.2 s)` becomes `([TIME])`, and 12 or 40 hexadecimal digits `[TREE]`.
fn without_times_and_trees(line: &str) -> String {
    let mut words = Vec::new();
    for word in line.split(' ') {
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let hex = matches!(bare.len(), 12 | 40) && bare.bytes().all(|byte| byte.is_ascii_hexdigit());
        words.push(if hex { word.replace(bare, "[TREE]") } else { word.to_owned() });
    }
    let line = words.join(" ");
    match (line.find(" ("), line.find(" s): ")) {
        (Some(from), Some(to)) if from < to && line[from + 2..to].parse::<f64>().is_ok() => {
            format!("{} ([TIME]): {}", &line[..from], &line[to + 5..])
        }
        _ => line,
    }
}

/// The first digits of a text's digest, as names of accounts and directories have them.
fn eight(text: &str) -> String {
    provost_fleet::digest::Digest::of(text.as_bytes()).as_str().chars().take(8).collect()
}

fn is_account_or_group(name: &str) -> bool {
    ["/etc/passwd", "/etc/group"].iter().any(|list| {
        let list = std::fs::read_to_string(list).unwrap_or_default();
        list.lines().any(|line| line.split(':').next() == Some(name))
    })
}

impl Drop for TestEnv {
    fn drop(&mut self) {
        // Sites go the way a user would send them: as root they have accounts of their own.
        let fleet = std::fs::read_to_string(self.path("fleet.toml")).unwrap_or_default();
        if let Some(at) = fleet.find("\n[site.") {
            std::fs::write(self.path("fleet.toml"), &fleet[..=at]).ok();
            self.run(&["--quiet", "apply", "--allow-destroy"]);
        }
        // A git that read objects for a command ends when it finds its input closed: right after the command, not before.
        let mut left = self.left_at_work();
        for _ in 0..40 {
            if left.is_empty() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
            left = self.left_at_work();
        }
        for line in &left {
            let pid = line.split(' ').next().and_then(|pid| pid.parse().ok());
            if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
                rustix::process::kill_process(pid, rustix::process::Signal::KILL).ok();
            }
        }
        self.remove_accounts_of_nobody();
        std::fs::remove_dir_all(self.run_directory()).ok();
        make_removable(self.root.path());
        assert!(left.is_empty() || std::thread::panicking(), "left at work: {left:#?}");
    }
}

/// Builds are read-only.
fn make_removable(path: &Path) {
    Command::new("chmod").arg("-R").arg("u+w").arg(path).status().ok();
}

/// All that is below a directory, itself not.
pub(crate) fn below(directory: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.is_symlink() {
            all.extend(below(&path));
        }
        all.push(path);
    }
    all
}
