//! A managed PostgreSQL: how its cluster is made, started and stopped.

mod tools;

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;
use provost_engine::files;
use provost_engine::process::{Program, Status};
use provost_fleet::secret::Secret;

use super::managed::{Cluster, Readiness, START, STOP};
use super::{MANAGED_ADMIN, ServerError};

pub use tools::PostgresTools;

/// The socket's name in its directory; the port is part of it.
pub(super) const SOCKET: &str = ".s.PGSQL.5432";

/// Whether a directory is a cluster of PostgreSQL.
pub(super) fn is_cluster(directory: &Utf8Path) -> bool {
    directory.join("PG_VERSION").exists()
}

/// The major version that made a cluster.
pub(super) fn version_of(directory: &Utf8Path) -> Option<String> {
    PostgresTools::version_of(directory).map(|major| major.to_string())
}

/// The process id of a living postmaster of a cluster.
pub(super) fn postmaster(cluster: &Cluster) -> Option<i32> {
    let text = std::fs::read_to_string(cluster.directory.join("postmaster.pid")).ok()?;
    let pid: i32 = text.lines().next()?.trim().parse().ok()?;
    // After a power cut the number may be another program's: its working directory is the cluster only if it is ours.
    let at_work_in = std::fs::read_link(format!("/proc/{pid}/cwd")).ok()?;
    (at_work_in == cluster.directory.canonicalize().ok()?).then_some(pid)
}

/// What a postmaster leaves behind when it is killed, and refuses to start beside.
pub(super) fn locks(cluster: &Cluster) -> Vec<Utf8PathBuf> {
    vec![cluster.directory.join("postmaster.pid"), cluster.sockets.join(format!("{SOCKET}.lock"))]
}

fn tools(cluster: &Cluster, cx: &Context) -> Result<PostgresTools, ServerError> {
    let version = PostgresTools::version_of(&cluster.directory);
    PostgresTools::find(&cx.machine, version).ok_or(ServerError::NoPostgres)
}

/// Makes a cluster in an empty directory. Returns its version.
pub(super) async fn initialise(
    cluster: &Cluster,
    cx: &Context,
    making: &Utf8Path,
    password: &Secret,
    subject: &str,
) -> Result<Option<String>, ServerError> {
    let io = |source| ServerError::Io { server: cluster.server.clone(), source };
    let account = cluster.user(cx)?.account;
    let tools = tools(cluster, cx)?;
    // A file of its own account: standard input is a pipe of ours, which another user cannot open by name.
    let given = making.with_extension("password");
    files::write_whole(&given, password.expose().as_bytes(), 0o400, &account).map_err(io)?;
    let initdb = Program::new(tools.program("initdb"))
        .args(["--pgdata", making.as_str(), "--username", MANAGED_ADMIN, "--pwfile", given.as_str()])
        .args(["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"])
        // The root collation of Unicode: names sort as people expect whatever the machine's locales are.
        .args(collation(tools.major).iter().copied())
        .account(account.clone())
        .subject(subject);
    let made = cluster.control(cx, initdb, "initialise").await;
    fs_err::remove_file(&given).map_err(io)?;
    made?;
    files::write_whole(&making.join("postgresql.auto.conf"), SETTINGS.as_bytes(), 0o600, &account)
        .map_err(io)?;
    Ok(version_of(making))
}

/// Whether it takes connections.
pub(super) async fn answers(cluster: &Cluster, cx: &Context) -> Result<Readiness, ServerError> {
    let ask = Program::new(tools(cluster, cx)?.program("pg_isready")).args([
        "--quiet",
        "--host",
        cluster.sockets.as_str(),
    ]);
    let answer = cx.run(ask).await.map_err(|source| ServerError::Program {
        server: cluster.server.clone(),
        verb: "answer",
        source,
    })?;
    Ok(match answer.status {
        Status::Code(0) => Readiness::Ready,
        // Connections are refused, for it starts.
        Status::Code(1) => Readiness::Starting,
        _ => Readiness::Silent,
    })
}

/// Starts it and waits until it takes connections.
///
/// Whoever was killed while it started or stopped the server left one on its way: `pg_ctl` then finds its lock file and gives up. One
/// that was being started comes up by itself, one that was being stopped goes.
pub(super) async fn start(cluster: &Cluster, cx: &Context) -> Result<(), ServerError> {
    for _ in 1..TRIES {
        let started = begin(cluster, cx).await;
        if started.is_ok() || cx.cancel.is_cancelled() || !cluster.directory.join("postmaster.pid").exists() {
            return started;
        }
        tokio::time::sleep(BETWEEN).await;
        if answers(cluster, cx).await? == Readiness::Ready {
            return Ok(());
        }
    }
    begin(cluster, cx).await
}

/// How often a start is tried while another server's lock file is there.
const TRIES: u32 = 8;

/// How long is waited in between: a shutdown of an idle server takes less.
const BETWEEN: Duration = Duration::from_secs(1);

async fn begin(cluster: &Cluster, cx: &Context) -> Result<(), ServerError> {
    let begin = Program::new(tools(cluster, cx)?.program("pg_ctl"))
        .args(["start", "--wait", "--silent", "--pgdata", cluster.directory.as_str()])
        .args(["--log", cluster.log.as_str()])
        .arg(format!("--timeout={}", START.as_secs()))
        .arg(format!("--options=-k {} -c listen_addresses=''", shell_quoted(&cluster.sockets)))
        .account(cluster.user(cx)?.account)
        .deadline(START + Duration::from_secs(10));
    cluster.control(cx, begin, "start").await
}

/// Stops it and waits until it is down.
pub(super) async fn stop(cluster: &Cluster, cx: &Context) -> Result<(), ServerError> {
    let end = Program::new(tools(cluster, cx)?.program("pg_ctl"))
        .args(["stop", "--wait", "--silent", "--mode=fast", "--pgdata", cluster.directory.as_str()])
        .arg(format!("--timeout={}", STOP.as_secs()))
        .account(cluster.user(cx)?.account)
        .deadline(STOP + Duration::from_secs(10));
    cluster.control(cx, end, "stop").await
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
