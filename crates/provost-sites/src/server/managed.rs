//! A managed PostgreSQL cluster: made once, started when needed, stopped when the last of those who use it lets go.
//!
//! Two lock files in the run directory say who uses it. Everybody who does holds `NAME.users` shared; starting and
//! stopping happens under `NAME.gate`, held alone. The kernel drops both when a process is killed, so a server that a killed
//! run left behind is taken over by the next one.

use std::fs::File;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;
use provost_engine::event::Event;
use provost_engine::files;
use provost_engine::paths::{LONGEST_SOCKET_PATH, Paths};
use provost_engine::process::{Account, Program};
use provost_fleet::name::Name;

use super::postgres_tools::PostgresTools;
use super::{MANAGED_ADMIN, ServerError, Starting, run_directory};
use crate::accounts;
use crate::secrets::{self, Generated};

/// The socket's name in its directory; the port is part of it.
const SOCKET: &str = ".s.PGSQL.5432";

/// The mark inside a cluster; PostgreSQL minds no file that it does not know.
const INSIDE: &str = "provost.json";

/// How long a server may take to start: after a kill it replays its log first, up to `max_wal_size`.
const START: Duration = Duration::from_mins(5);

/// How long the processes of a killed postmaster get to end by themselves.
const LEFTOVERS: Duration = Duration::from_secs(10);

/// How long a fast shutdown may take: it writes one checkpoint.
const STOP: Duration = Duration::from_mins(2);

/// A managed cluster of the fleet.
#[derive(Debug, Clone)]
pub struct Cluster {
    server: Name,
    directory: Utf8PathBuf,
    mark: Utf8PathBuf,
    sockets: Utf8PathBuf,
    run: Utf8PathBuf,
    log: Utf8PathBuf,
}

/// How a cluster is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterState {
    /// Never made.
    Absent,
    /// Its making was interrupted.
    Unfinished,
    /// Made, not running.
    Stopped,
    /// Running, with this process id.
    Running(i32),
    /// Made once; its data is not there.
    Lost,
    /// Somebody else's directory.
    Foreign,
}

impl Cluster {
    /// The cluster of a server; nothing is touched.
    pub fn new(paths: &Paths, server: &Name) -> Self {
        Self {
            server: server.clone(),
            directory: paths.cluster(server),
            mark: paths.server_mark(server),
            sockets: paths.server_socket_directory(server),
            run: paths.run.clone(),
            log: paths.logs().join(format!("server-{server}.log")),
        }
    }

    /// Where its socket is.
    pub fn socket_directory(&self) -> &Utf8Path {
        &self.sockets
    }

    /// Where its log is.
    pub fn log(&self) -> &Utf8Path {
        &self.log
    }

    /// How it is, told from files and the process table alone.
    pub fn state(&self) -> ClusterState {
        // The mark inside comes into place with the cluster; the one outside tells when the cluster is lost.
        let made = self.mark.exists() || self.directory.join(INSIDE).exists();
        if !self.directory.join("PG_VERSION").exists() {
            return match (made, is_empty_or_absent(&self.directory), self.unfinished().exists()) {
                (true, ..) => ClusterState::Lost,
                (false, true, true) => ClusterState::Unfinished,
                (false, true, false) => ClusterState::Absent,
                (false, false, _) => ClusterState::Foreign,
            };
        }
        if !made {
            return ClusterState::Foreign;
        }
        self.postmaster().map_or(ClusterState::Stopped, ClusterState::Running)
    }

    /// Clusters are made here and renamed into place, so that one is there whole or not at all.
    fn unfinished(&self) -> Utf8PathBuf {
        self.directory.with_extension("making")
    }

    /// The process id of a living postmaster of this cluster.
    fn postmaster(&self) -> Option<i32> {
        let text = std::fs::read_to_string(self.directory.join("postmaster.pid")).ok()?;
        let mut lines = text.lines();
        let pid: i32 = lines.next()?.trim().parse().ok()?;
        // After a power cut the number may be another program's: its working directory is the cluster only if it is ours.
        let at_work_in = std::fs::read_link(format!("/proc/{pid}/cwd")).ok()?;
        (at_work_in == self.directory.canonicalize().ok()?).then_some(pid)
    }

    fn tools(&self, cx: &Context) -> Result<PostgresTools, ServerError> {
        let version = PostgresTools::version_of(&self.directory);
        PostgresTools::find(&cx.machine, version).ok_or(ServerError::NoPostgres)
    }

    /// Makes the cluster, its superuser's password and its mark.
    pub async fn make(&self, cx: &Context, subject: &str) -> Result<(), ServerError> {
        let io = |source| ServerError::Io { server: self.server.clone(), source };
        let user = accounts::postgres(&cx.machine)?;
        let tools = self.tools(cx)?;
        let password = secrets::read_or_make(&cx.paths, &Generated::ServerAdmin(&self.server))
            .map_err(|source| ServerError::Secret { server: self.server.clone(), source })?;
        let making = self.unfinished();
        match std::fs::remove_dir_all(&making) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io(error)),
            _ => {}
        }
        files::directory(&making, 0o700, &user.account).map_err(io)?;
        // A file of its own account: standard input is a pipe of ours, which another user cannot open by name.
        let given = making.with_extension("password");
        files::write_whole(&given, password.expose().as_bytes(), 0o400, &user.account).map_err(io)?;
        let initdb = Program::new(tools.program("initdb"))
            .args(["--pgdata", making.as_str(), "--username", MANAGED_ADMIN, "--pwfile", given.as_str()])
            .args(["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"])
            // The root collation of Unicode: names sort as people expect whatever the machine's locales are.
            .args(collation(tools.major).iter().copied())
            .account(user.account.clone())
            .subject(subject);
        let output = cx.run(initdb).await.and_then(provost_engine::process::Output::ok);
        fs_err::remove_file(&given).map_err(io)?;
        output.map_err(|source| ServerError::Program {
            server: self.server.clone(),
            verb: "initialise",
            source,
        })?;
        files::write_whole(&making.join("postgresql.auto.conf"), SETTINGS.as_bytes(), 0o600, &user.account)
            .map_err(io)?;
        files::write_whole(
            &making.join(INSIDE),
            self.mark_text(tools.major).as_bytes(),
            0o600,
            &user.account,
        )
        .map_err(io)?;
        fs_err::rename(&making, &self.directory).map_err(io)?;
        self.write_mark(tools.major).map_err(io)
    }

    fn mark_text(&self, version: Option<u32>) -> String {
        serde_json::json!({ "directory": self.directory, "version": version }).to_string()
    }

    /// Writes the mark outside the cluster.
    fn write_mark(&self, version: Option<u32>) -> std::io::Result<()> {
        if let Some(above) = self.mark.parent() {
            files::directory(above, 0o700, &Account::Own)?;
        }
        files::write_whole(&self.mark, self.mark_text(version).as_bytes(), 0o600, &Account::Own)
    }

    /// Makes it run and holds it.
    pub(super) async fn hold(&self, cx: &Context, starting: Starting) -> Result<InUse, ServerError> {
        let io = |source| ServerError::Io { server: self.server.clone(), source };
        match self.state() {
            ClusterState::Absent | ClusterState::Unfinished => {
                return Err(ServerError::NotMade(self.server.clone()));
            }
            ClusterState::Lost => {
                let (server, directory) = (self.server.clone(), self.directory.clone());
                return Err(ServerError::Lost { server, directory });
            }
            ClusterState::Foreign => return Err(ServerError::ForeignCluster(self.directory.clone())),
            ClusterState::Stopped if starting == Starting::Never => {
                return Err(ServerError::Stopped(self.server.clone()));
            }
            ClusterState::Stopped | ClusterState::Running(_) => {}
        }
        let gate = run_directory::lock_alone(cx, &self.run, &self.lock("gate")).await?.map_err(io)?;
        if !self.mark.exists() {
            // Its making was killed between the last rename and this.
            self.write_mark(PostgresTools::version_of(&self.directory)).map_err(io)?;
        }
        if !self.answers_or_ends(cx).await? {
            self.start(cx).await?;
        }
        let users = run_directory::lock_file(&self.run.join(self.lock("users"))).map_err(io)?;
        users.lock_shared().map_err(io)?;
        drop(gate);
        Ok(InUse { cluster: self.clone(), users, starting })
    }

    /// Whether a postmaster that is there takes connections, now or after a while. One that a killed run was starting or stopping
    /// does neither for a moment: it is waited for, until it answers or has ended.
    async fn answers_or_ends(&self, cx: &Context) -> Result<bool, ServerError> {
        let asking = self.tools(cx)?.program("pg_isready");
        let patience = tokio::time::Instant::now() + START;
        while matches!(self.state(), ClusterState::Running(_)) {
            let ask = Program::new(&asking).args(["--quiet", "--host", self.sockets.as_str()]);
            let answer = cx.run(ask).await;
            match answer {
                Ok(output) if output.success() => return Ok(true),
                Ok(_) if tokio::time::Instant::now() < patience => {}
                Ok(_) => return Err(ServerError::Timeout(self.server.clone())),
                Err(source) => {
                    return Err(ServerError::Program { server: self.server.clone(), verb: "answer", source });
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(false)
    }

    fn lock(&self, what: &str) -> String {
        format!("server-{}.{what}", self.server)
    }

    async fn start(&self, cx: &Context) -> Result<(), ServerError> {
        let io = |source| ServerError::Io { server: self.server.clone(), source };
        let socket = self.sockets.join(SOCKET);
        if socket.as_str().len() > LONGEST_SOCKET_PATH {
            return Err(ServerError::SocketPath { path: socket });
        }
        cx.emit(&Event::Started { what: format!("starting the database server `{}`", self.server) });
        self.end_leftovers().await;
        self.remove_stale_locks().map_err(io)?;
        let user = accounts::postgres(&cx.machine)?;
        files::directory(&self.sockets, 0o755, &user.account).map_err(io)?;
        let logs = cx.paths.logs();
        files::directory(&logs, 0o755, &Account::Own).map_err(io)?;
        if !self.log.exists() {
            files::write_whole(&self.log, b"", 0o600, &user.account).map_err(io)?;
        }
        let begin = Program::new(self.tools(cx)?.program("pg_ctl"))
            .args([
                "start",
                "--wait",
                "--silent",
                "--pgdata",
                self.directory.as_str(),
                "--log",
                self.log.as_str(),
            ])
            .arg(format!("--timeout={}", START.as_secs()))
            .arg(format!("--options=-k {} -c listen_addresses=''", shell_quoted(&self.sockets)))
            .account(user.account)
            .deadline(START + Duration::from_secs(10));
        self.control(cx, begin, "start").await
    }

    /// Ends what a killed postmaster left: its other processes go by themselves once they notice, and until then they hold the shared
    /// memory that a new postmaster refuses to start beside. They are known by their working directory, which is the cluster.
    async fn end_leftovers(&self) {
        let begun = tokio::time::Instant::now();
        loop {
            let left = self.processes();
            if left.is_empty() || begun.elapsed() > LEFTOVERS * 2 {
                return;
            }
            if begun.elapsed() > LEFTOVERS {
                for pid in left {
                    rustix::process::kill_process(pid, rustix::process::Signal::QUIT).ok();
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Removes the lock files of a postmaster that is gone. PostgreSQL does it itself where the number in them is nobody's; where it is a
    /// zombie's (an init that does not reap, as in many containers) or was given to another program, it would refuse to start.
    fn remove_stale_locks(&self) -> std::io::Result<()> {
        if !self.processes().is_empty() {
            return Ok(());
        }
        let socket_lock = self.sockets.join(format!("{SOCKET}.lock"));
        for lock in [self.directory.join("postmaster.pid"), socket_lock] {
            match std::fs::remove_file(lock) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Processes at work in the cluster.
    fn processes(&self) -> Vec<rustix::process::Pid> {
        let Ok(cluster) = self.directory.canonicalize() else { return Vec::new() };
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        pids.filter(|pid| std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == cluster))
            .filter_map(rustix::process::Pid::from_raw)
            .collect()
    }

    async fn stop(&self, cx: &Context) -> Result<(), ServerError> {
        let end = Program::new(self.tools(cx)?.program("pg_ctl"))
            .args(["stop", "--wait", "--silent", "--mode=fast", "--pgdata", self.directory.as_str()])
            .arg(format!("--timeout={}", STOP.as_secs()))
            .account(accounts::postgres(&cx.machine)?.account)
            .deadline(STOP + Duration::from_secs(10));
        // The stop happens at the end of a cancelled command too.
        let cx = Context { cancel: tokio_util::sync::CancellationToken::new(), ..cx.clone() };
        self.control(&cx, end, "stop").await
    }

    async fn control(&self, cx: &Context, program: Program, verb: &'static str) -> Result<(), ServerError> {
        let output = cx.run(program).await.and_then(provost_engine::process::Output::ok);
        output.map(drop).map_err(|source| ServerError::Program { server: self.server.clone(), verb, source })
    }
}

/// What a cluster is made with. `fsync` stays on: these are schools' data.
const SETTINGS: &str = "\
# Written by Provost when it made this cluster.
max_connections = 200
shared_buffers = '256MB'
# Moodle has some 490 tables with 2,000 indexes; dropping a site takes a lock on each.
max_locks_per_transaction = 256
max_wal_size = '2GB'
# Moodle's queries are many and short: compiling them costs more than it saves.
jit = off
log_line_prefix = '%m [%p] %u@%d '
log_min_duration_statement = '10s'
";

fn collation(major: Option<u32>) -> &'static [&'static str] {
    // `--icu-locale` came with PostgreSQL 15.
    if major.is_some_and(|major| major >= 15) { &["--locale-provider=icu", "--icu-locale=und"] } else { &[] }
}

fn shell_quoted(path: &Utf8Path) -> String {
    format!("'{}'", path.as_str().replace('\'', r"'\''"))
}

fn is_empty_or_absent(directory: &Utf8Path) -> bool {
    match std::fs::read_dir(directory) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

/// A running cluster that nobody stops while this is held.
pub(super) struct InUse {
    cluster: Cluster,
    users: File,
    starting: Starting,
}

impl InUse {
    /// Lets go; stops the server if nobody else holds it.
    pub(super) async fn release(self, cx: &Context) -> Result<(), ServerError> {
        let io = |source| ServerError::Io { server: self.cluster.server.clone(), source };
        let waiting = Context { cancel: tokio_util::sync::CancellationToken::new(), ..cx.clone() };
        let (run, lock) = (&self.cluster.run, self.cluster.lock("gate"));
        let _gate = run_directory::lock_alone(&waiting, run, &lock).await?.map_err(io)?;
        self.users.unlock().map_err(io)?;
        let alone = self.users.try_lock().is_ok();
        // Who only looks stops nothing; and services that a killed `up` left behind still need their database.
        let wanted = self.starting == Starting::Never || crate::up::services_live(&cx.paths);
        if alone && !wanted && matches!(self.cluster.state(), ClusterState::Running(_)) {
            self.cluster.stop(cx).await?;
        }
        Ok(())
    }
}
