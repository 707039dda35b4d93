//! A managed database server: its cluster is made once, started when needed, stopped when the last of those who use it lets go.
//!
//! Two lock files in the run directory say who uses it. Everybody who does holds `NAME.users` shared; starting and
//! stopping happens under `NAME.gate`, held alone. The kernel drops both when a process is killed, so a server that a killed
//! run left behind is taken over by the next one. What differs between engines is in a module for each.

use std::fs::File;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;
use provost_engine::event::Event;
use provost_engine::files;
use provost_engine::paths::{LONGEST_SOCKET_PATH, Paths};
use provost_engine::process::{Account, Program};
use provost_fleet::model::Engine;
use provost_fleet::name::Name;

use super::{ServerError, Starting, mariadb, postgresql, run_directory};
use crate::accounts::{self, User};
use crate::secrets::{self, Generated};

/// The mark inside a cluster; no engine minds a file that it does not know.
const INSIDE: &str = "provost.json";

/// How long a server may take to start: after a kill it replays its log first, up to two gigabytes.
pub(super) const START: Duration = Duration::from_mins(5);

/// How long a server may be there and say nothing, not even that it is starting: then it hangs, and every command would hang with it.
const SILENT: Duration = Duration::from_secs(30);

/// How long the processes of a killed postmaster get to end by themselves.
const LEFTOVERS: Duration = Duration::from_secs(10);

/// How long an orderly shutdown may take: it writes one checkpoint.
pub(super) const STOP: Duration = Duration::from_mins(2);

/// A managed cluster of the fleet.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Whose data it has.
    pub engine: Engine,
    pub(super) server: Name,
    pub(super) directory: Utf8PathBuf,
    mark: Utf8PathBuf,
    pub(super) sockets: Utf8PathBuf,
    run: Utf8PathBuf,
    pub(super) log: Utf8PathBuf,
}

/// What a server says that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readiness {
    /// It takes connections.
    Ready,
    /// It is starting, or stopping.
    Starting,
    /// Nothing.
    Silent,
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
    /// Ours, with the data of another engine than is asked for.
    Other(Engine),
    /// Somebody else's directory.
    Foreign,
}

impl Cluster {
    /// The cluster of a server; nothing is touched.
    pub fn new(paths: &Paths, server: &Name, engine: Engine) -> Self {
        Self {
            engine,
            server: server.clone(),
            directory: paths.cluster(server),
            mark: paths.server_mark(server),
            sockets: paths.server_socket_directory(server),
            run: paths.run.clone(),
            log: paths.logs().join(format!("server-{server}.log")),
        }
    }

    /// The cluster that was made under a name, whatever its engine; nothing is touched.
    pub fn made(paths: &Paths, server: &Name) -> Self {
        let engine = engine_of(&paths.cluster(server));
        Self::new(paths, server, engine.unwrap_or(Engine::Postgresql))
    }

    /// Where its socket is.
    pub fn socket_directory(&self) -> &Utf8Path {
        &self.sockets
    }

    /// Where its clients find it: for PostgreSQL the directory of its socket, for MariaDB the socket.
    pub(super) fn address(&self) -> Utf8PathBuf {
        match self.engine {
            Engine::Postgresql => self.sockets.clone(),
            Engine::Mariadb => self.socket(),
        }
    }

    /// Where its log is.
    pub fn log(&self) -> &Utf8Path {
        &self.log
    }

    /// The version of the programs that made it, as far as it is written there: `15`, `10.11.6`.
    pub fn version(&self) -> Option<String> {
        match self.engine {
            Engine::Postgresql => postgresql::version_of(&self.directory),
            Engine::Mariadb => mariadb::version_of(&self.directory),
        }
    }

    /// How it is, told from files and the process table alone.
    pub fn state(&self) -> ClusterState {
        // The mark inside comes into place with the cluster; the one outside tells when the cluster is lost.
        let made = self.mark.exists() || self.directory.join(INSIDE).exists();
        match engine_of(&self.directory) {
            None => match (made, is_empty_or_absent(&self.directory), self.unfinished().exists()) {
                (true, ..) => ClusterState::Lost,
                (false, true, true) => ClusterState::Unfinished,
                (false, true, false) => ClusterState::Absent,
                (false, false, _) => ClusterState::Foreign,
            },
            Some(_) if !made => ClusterState::Foreign,
            Some(engine) if engine != self.engine => ClusterState::Other(engine),
            Some(_) => self.main_process().map_or(ClusterState::Stopped, ClusterState::Running),
        }
    }

    /// The process that serves it.
    fn main_process(&self) -> Option<i32> {
        match self.engine {
            Engine::Postgresql => postgresql::postmaster(self),
            Engine::Mariadb => mariadb::server_process(self),
        }
    }

    /// Clusters are made here and renamed into place, so that one is there whole or not at all.
    fn unfinished(&self) -> Utf8PathBuf {
        self.directory.with_extension("making")
    }

    /// The account that the engine runs as.
    pub(super) fn user(&self, cx: &Context) -> Result<User, ServerError> {
        Ok(match self.engine {
            Engine::Postgresql => accounts::postgres(&cx.machine)?,
            Engine::Mariadb => accounts::mysql(&cx.machine)?,
        })
    }

    /// Makes the cluster, its superuser's password and its mark.
    pub async fn make(&self, cx: &Context, subject: &str) -> Result<(), ServerError> {
        let io = |source| ServerError::Io { server: self.server.clone(), source };
        let user = self.user(cx)?;
        let password = secrets::read_or_make(&cx.paths, &Generated::ServerAdmin(&self.server))
            .map_err(|source| ServerError::Secret { server: self.server.clone(), source })?;
        let making = self.unfinished();
        match std::fs::remove_dir_all(&making) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io(error)),
            _ => {}
        }
        files::directory(&making, 0o700, &user.account).map_err(io)?;
        let version = match self.engine {
            Engine::Postgresql => postgresql::initialise(self, cx, &making, &password, subject).await?,
            Engine::Mariadb => mariadb::initialise(self, cx, &making, &password, subject).await?,
        };
        let mark = self.mark_text(version.as_deref());
        files::write_whole(&making.join(INSIDE), mark.as_bytes(), 0o600, &user.account).map_err(io)?;
        fs_err::rename(&making, &self.directory).map_err(io)?;
        self.write_mark(version.as_deref()).map_err(io)
    }

    fn mark_text(&self, version: Option<&str>) -> String {
        serde_json::json!({ "directory": self.directory, "engine": self.engine, "version": version })
            .to_string()
    }

    /// Writes the mark outside the cluster.
    fn write_mark(&self, version: Option<&str>) -> std::io::Result<()> {
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
            ClusterState::Other(is) => {
                return Err(ServerError::OtherEngine {
                    server: self.server.clone(),
                    is,
                    wanted: self.engine,
                });
            }
            ClusterState::Stopped if starting == Starting::Never => {
                return Err(ServerError::Stopped(self.server.clone()));
            }
            ClusterState::Stopped | ClusterState::Running(_) => {}
        }
        let gate = run_directory::lock_alone(cx, &self.run, &self.lock("gate")).await?.map_err(io)?;
        if !self.mark.exists() {
            // Its making was killed between the last rename and this.
            self.write_mark(self.version().as_deref()).map_err(io)?;
        }
        if !self.answers_or_ends(cx).await? {
            self.start(cx).await?;
        }
        let users = run_directory::lock_file(&self.run.join(self.lock("users"))).map_err(io)?;
        users.lock_shared().map_err(io)?;
        drop(gate);
        Ok(InUse { cluster: self.clone(), users, starting })
    }

    /// Whether a server that is there takes connections, now or after a while. One that a killed run was starting or stopping
    /// does neither for a moment: it is waited for, until it answers or has ended.
    async fn answers_or_ends(&self, cx: &Context) -> Result<bool, ServerError> {
        let begun = tokio::time::Instant::now();
        let mut heard = begun;
        while matches!(self.state(), ClusterState::Running(_)) {
            match self.answers(cx).await? {
                Readiness::Ready => return Ok(true),
                Readiness::Starting => heard = tokio::time::Instant::now(),
                Readiness::Silent => {}
            }
            if begun.elapsed() >= START || heard.elapsed() >= SILENT {
                return Err(ServerError::Timeout(self.server.clone()));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(false)
    }

    async fn answers(&self, cx: &Context) -> Result<Readiness, ServerError> {
        match self.engine {
            Engine::Postgresql => postgresql::answers(self, cx).await,
            // It opens its socket when it is ready, and says nothing before.
            Engine::Mariadb if mariadb::answers(self, cx).await => Ok(Readiness::Ready),
            Engine::Mariadb => Ok(Readiness::Starting),
        }
    }

    fn lock(&self, what: &str) -> String {
        format!("server-{}.{what}", self.server)
    }

    /// Its socket.
    fn socket(&self) -> Utf8PathBuf {
        self.sockets.join(match self.engine {
            Engine::Postgresql => postgresql::SOCKET,
            Engine::Mariadb => mariadb::SOCKET,
        })
    }

    async fn start(&self, cx: &Context) -> Result<(), ServerError> {
        let io = |source| ServerError::Io { server: self.server.clone(), source };
        let path = self.socket();
        if path.as_str().len() > LONGEST_SOCKET_PATH {
            return Err(ServerError::SocketPath { path });
        }
        cx.emit(&Event::Started { what: format!("starting the database server `{}`", self.server) });
        self.end_leftovers().await;
        self.remove_stale_locks().map_err(io)?;
        let user = self.user(cx)?;
        files::directory(&self.sockets, 0o755, &user.account).map_err(io)?;
        let logs = cx.paths.logs();
        files::directory(&logs, 0o755, &Account::Own).map_err(io)?;
        if !self.log.exists() {
            files::write_whole(&self.log, b"", 0o600, &user.account).map_err(io)?;
        }
        match self.engine {
            Engine::Postgresql => postgresql::start(self, cx).await,
            Engine::Mariadb => mariadb::start(self, cx).await,
        }
    }

    /// Ends what a killed server left: PostgreSQL's other processes go by themselves once they notice, and until then they hold the
    /// shared memory that a new one refuses to start beside. They are known by their working directory, which is the cluster.
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

    /// Removes the lock files of a server that is gone. An engine does it itself where the number in them is nobody's; where it is a
    /// zombie's (an init that does not reap, as in many containers) or was given to another program, it would refuse to start.
    fn remove_stale_locks(&self) -> std::io::Result<()> {
        if !self.processes().is_empty() {
            return Ok(());
        }
        let locks = match self.engine {
            Engine::Postgresql => postgresql::locks(self),
            Engine::Mariadb => mariadb::locks(self),
        };
        for lock in locks {
            match std::fs::remove_file(lock) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Processes at work in the cluster.
    pub(super) fn processes(&self) -> Vec<rustix::process::Pid> {
        let Ok(cluster) = self.directory.canonicalize() else { return Vec::new() };
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        pids.filter(|pid| std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == cluster))
            .filter_map(rustix::process::Pid::from_raw)
            .collect()
    }

    async fn stop(&self, cx: &Context) -> Result<(), ServerError> {
        // The stop happens at the end of a cancelled command too.
        let cx = Context { cancel: tokio_util::sync::CancellationToken::new(), ..cx.clone() };
        match self.engine {
            Engine::Postgresql => postgresql::stop(self, &cx).await,
            Engine::Mariadb => mariadb::stop(self).await,
        }
    }

    /// Runs one of the engine's programs to its good end.
    pub(super) async fn control(
        &self,
        cx: &Context,
        program: Program,
        verb: &'static str,
    ) -> Result<(), ServerError> {
        let output = cx.run(program).await.and_then(provost_engine::process::Output::ok);
        output.map(drop).map_err(|source| ServerError::Program { server: self.server.clone(), verb, source })
    }
}

/// The engine whose data a directory has.
fn engine_of(directory: &Utf8Path) -> Option<Engine> {
    if postgresql::is_cluster(directory) {
        Some(Engine::Postgresql)
    } else if mariadb::is_cluster(directory) {
        Some(Engine::Mariadb)
    } else {
        None
    }
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
