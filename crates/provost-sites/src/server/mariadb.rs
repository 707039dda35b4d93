//! A managed MariaDB: how its data directory is made, started and stopped.
//!
//! It listens on a Unix socket alone. Its programs read no file but the one that lies in its own directory: what the machine's
//! own MariaDB is set to is not for ours.

mod tools;

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;
use provost_engine::files;
use provost_engine::process::{Input, Program};
use provost_fleet::model::Engine;
use provost_fleet::secret::Secret;
use rustix::process::{Pid, Signal};
use tokio::io::AsyncReadExt as _;

use super::connection::{Login, Sql};
use super::managed::{Cluster, START, STOP};
use super::{MANAGED_ADMIN, ServerError};
use crate::database::native_verifier;
use crate::secrets::{self, Generated};

pub use tools::MariadbTools;

/// The socket's name in its directory.
pub(super) const SOCKET: &str = "mariadb.sock";

/// What the server is set to, in its data directory.
const CONFIGURATION: &str = "provost.cnf";

/// How long a server that takes connections may need for its first words.
const GREETING: Duration = Duration::from_secs(5);

/// How often a server that starts or stops is looked at.
const PAUSE: Duration = Duration::from_millis(50);

/// How much of its log is told when it does not start, in bytes.
const LOG_TOLD: u64 = 4096;

/// Whether a directory is a data directory of MariaDB: its tables of accounts are there.
pub(super) fn is_cluster(directory: &Utf8Path) -> bool {
    directory.join("mysql").is_dir()
}

/// The release that made it, or that it was last upgraded to.
pub(super) fn version_of(directory: &Utf8Path) -> Option<String> {
    let read = |name: &str| std::fs::read_to_string(directory.join(name)).ok();
    let text = read("mariadb_upgrade_info").or_else(|| read("mysql_upgrade_info"))?;
    let version = text.trim().split('-').next()?;
    Some(version.to_owned()).filter(|version| !version.is_empty())
}

/// The server at work in a data directory. Its own file of the number is written late and stays after a kill; where it works is true
/// from the beginning to the end.
pub(super) fn server_process(cluster: &Cluster) -> Option<i32> {
    let is_server = |pid: &Pid| {
        let name =
            std::fs::read_to_string(format!("/proc/{}/comm", pid.as_raw_nonzero())).unwrap_or_default();
        matches!(name.trim(), "mariadbd" | "mysqld")
    };
    let pid = cluster.processes().into_iter().find(is_server)?;
    Some(pid.as_raw_nonzero().get())
}

/// What a killed server leaves behind.
pub(super) fn locks(cluster: &Cluster) -> Vec<Utf8PathBuf> {
    vec![pid_file(cluster), cluster.sockets.join(SOCKET)]
}

fn pid_file(cluster: &Cluster) -> Utf8PathBuf {
    cluster.directory.join("mariadbd.pid")
}

/// Where it keeps temporary tables and sorts. Not in a directory that other servers use: each removes, when it starts, what looks like
/// a temporary table there, also another's that is in use.
fn temporary(cluster: &Cluster, cx: &Context) -> Result<Utf8PathBuf, ServerError> {
    let path = cluster.directory.with_extension("temporary");
    files::directory(&path, 0o700, &cluster.user(cx)?.account)
        .map_err(|source| ServerError::Io { server: cluster.server.clone(), source })?;
    Ok(path)
}

fn tools(cx: &Context) -> Result<MariadbTools, ServerError> {
    MariadbTools::find(&cx.machine).ok_or(ServerError::NoMariadb)
}

/// Makes a data directory in an empty one, with our administrator and nobody else. Returns its version.
pub(super) async fn initialise(
    cluster: &Cluster,
    cx: &Context,
    making: &Utf8Path,
    password: &Secret,
    subject: &str,
) -> Result<Option<String>, ServerError> {
    let io = |source| ServerError::Io { server: cluster.server.clone(), source };
    let account = cluster.user(cx)?.account;
    let tools = tools(cx)?;
    let temporary = format!("--tmpdir={}", temporary(cluster, cx)?);
    let install = Program::new(&tools.install)
        .args(["--no-defaults", &format!("--datadir={making}"), "--auth-root-authentication-method=normal"])
        .args(["--skip-test-db", "--skip-name-resolve", &temporary])
        .account(account.clone())
        .directory(making)
        .subject(subject);
    cluster.control(cx, install, "initialise").await?;
    // Nobody connects to a server that bootstraps: it reads SQL and ends. What goes there is a verifier, not the password.
    let accounts = Program::new(&tools.server)
        .args(["--no-defaults", "--bootstrap", &format!("--datadir={making}"), &temporary])
        .input(Input::Secret(Secret::new(administrator(password))))
        .account(account.clone())
        .directory(making)
        .subject(subject);
    cluster.control(cx, accounts, "make its administrator").await?;
    files::write_whole(&making.join(CONFIGURATION), SETTINGS.as_bytes(), 0o600, &account).map_err(io)?;
    Ok(version_of(making))
}

/// The SQL that leaves our administrator alone, beside the account without a login that owns MariaDB's own views.
fn administrator(password: &Secret) -> String {
    format!(
        "delete from mysql.global_priv where User <> 'mariadb.sys';\n\
         flush privileges;\n\
         create user '{MANAGED_ADMIN}'@'localhost' identified via mysql_native_password using '{}';\n\
         grant all privileges on *.* to '{MANAGED_ADMIN}'@'localhost' with grant option;\n",
        native_verifier(password)
    )
}

/// Whether it takes connections. Asked as its administrator, who takes leave: about everybody who only knocks it writes a warning into its
/// log, and a plan shall leave no trace.
pub(super) async fn answers(cluster: &Cluster, cx: &Context) -> bool {
    let Ok(Some(password)) = secrets::read(&cx.paths, &Generated::ServerAdmin(&cluster.server)) else {
        return greets(cluster).await;
    };
    let host = cluster.address();
    let user = MANAGED_ADMIN;
    let login = Login { host: host.as_str(), port: None, user, password: &password, database: None };
    // In a box of its own: the types of what waits for it would become too deep for the compiler.
    match tokio::time::timeout(GREETING, Box::pin(Sql::open(Engine::Mariadb, &login))).await {
        Ok(Ok(_)) => true,
        Ok(Err(sqlx::Error::Io(_))) | Err(_) => false,
        // Whatever it does not like, it is there: who asks it something next is told why.
        Ok(Err(_)) => greets(cluster).await,
    }
}

/// Whether it speaks: it does so first. A server that is full says so, and is there.
async fn greets(cluster: &Cluster) -> bool {
    let greeting = async {
        let mut stream = tokio::net::UnixStream::connect(cluster.sockets.join(SOCKET)).await?;
        let mut first = [0; 5];
        stream.read_exact(&mut first).await.map(|_| first[4])
    };
    matches!(tokio::time::timeout(GREETING, greeting).await, Ok(Ok(HANDSHAKE | REFUSAL)))
}

/// First byte of a greeting: the version of the protocol.
const HANDSHAKE: u8 = 10;

/// First byte of an error in its place: too many connections.
const REFUSAL: u8 = 0xff;

/// Starts it and waits until it takes connections.
pub(super) async fn start(cluster: &Cluster, cx: &Context) -> Result<(), ServerError> {
    let io = |source| ServerError::Io { server: cluster.server.clone(), source };
    let account = cluster.user(cx)?.account;
    let setsid = cx.machine.program("setsid").ok_or(ServerError::NoMariadb)?;
    // Written anew each time: a newer Provost may know better.
    let configuration = cluster.directory.join(CONFIGURATION);
    files::write_whole(&configuration, SETTINGS.as_bytes(), 0o600, &account).map_err(io)?;
    let told_before = std::fs::metadata(&cluster.log).map_or(0, |found| found.len());
    // In a session of its own: the end of this command's processes is not the server's.
    let begin = Program::new(setsid)
        .args(["--fork", tools(cx)?.server.as_str()])
        .arg(format!("--defaults-file={configuration}"))
        .arg(format!("--datadir={}", cluster.directory))
        .arg(format!("--socket={}", cluster.sockets.join(SOCKET)))
        .arg(format!("--tmpdir={}", temporary(cluster, cx)?))
        .arg(format!("--pid-file={}", pid_file(cluster)))
        .arg(format!("--log-error={}", cluster.log))
        .account(account)
        .directory(&cluster.directory)
        .deadline(START);
    cluster.control(cx, begin, "start").await?;
    let patience = tokio::time::Instant::now() + START;
    // Its process is not seen at once.
    let appears = tokio::time::Instant::now() + GREETING;
    loop {
        if answers(cluster, cx).await {
            return Ok(());
        }
        let gone = server_process(cluster).is_none() && tokio::time::Instant::now() > appears;
        if gone || tokio::time::Instant::now() > patience {
            return Err(ServerError::Log {
                server: cluster.server.clone(),
                log: end_of_log(&cluster.log, told_before),
            });
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = cx.cancel.cancelled() => return Err(ServerError::Cancelled),
        }
    }
}

/// What a log gained, its last lines.
fn end_of_log(log: &Utf8Path, before: u64) -> String {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = std::fs::File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(before.min(length).max(length.saturating_sub(LOG_TOLD))))?;
        let mut told = Vec::new();
        file.take(LOG_TOLD).read_to_end(&mut told)?;
        Ok(told)
    };
    let told = read().unwrap_or_default();
    let told = String::from_utf8_lossy(&told);
    let errors: Vec<&str> = told.lines().filter(|line| line.contains("[ERROR]")).collect();
    if errors.is_empty() { told.trim().to_owned() } else { errors.join("\n") }
}

/// Stops it and waits until it is down.
pub(super) async fn stop(cluster: &Cluster) -> Result<(), ServerError> {
    let patience = tokio::time::Instant::now() + STOP;
    if let Some(pid) = server_process(cluster).and_then(Pid::from_raw) {
        rustix::process::kill_process(pid, Signal::TERM)
            .map_err(|error| ServerError::Io { server: cluster.server.clone(), source: error.into() })?;
    }
    while server_process(cluster).is_some() {
        if tokio::time::Instant::now() > patience {
            return Err(ServerError::StillThere(cluster.server.clone()));
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// How many databases a data directory has, beside MariaDB's own: one directory each.
pub(crate) fn databases(directory: &Utf8Path) -> Option<usize> {
    let entries = std::fs::read_dir(directory).ok()?.flatten();
    let directories = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let names = directories.filter_map(|entry| entry.file_name().into_string().ok());
    Some(names.filter(|name| !OWN.contains(&name.as_str()) && !name.starts_with(['#', '.'])).count())
}

/// Databases of MariaDB itself.
const OWN: [&str; 3] = ["mysql", "performance_schema", "sys"];

/// What it is set to. A commit waits for the disk, as is the default: these are schools' data.
const SETTINGS: &str = "\
# Written by Provost whenever it starts this server.
[mariadbd]
skip-networking
skip-name-resolve
max_connections = 200
# What Moodle's environment check asks for; the collation is the one its installer takes.
character-set-server = utf8mb4
collation-server = utf8mb4_unicode_ci
innodb_file_per_table = ON
innodb_default_row_format = dynamic
innodb_buffer_pool_size = 256M
# Moodle has some 490 tables a site, and a plan looks at two of each site's: what does not stay open is read from its file each time.
# They take memory only as tables are used.
table_open_cache = 20000
table_definition_cache = 20000
# Moodle keeps whole files of backups' metadata and large texts in one row.
max_allowed_packet = 64M
slow_query_log = OFF
symbolic-links = OFF
local_infile = OFF
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_administrators_sql_has_no_password() {
        let sql = administrator(&Secret::new("password"));
        assert!(sql.contains("using '*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19'"), "{sql}");
        assert!(!sql.contains("'password'"), "{sql}");
    }

    #[test]
    fn a_release_is_read_without_its_distribution() {
        let directory = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(directory.path()).unwrap();
        assert_eq!(version_of(path), None);
        std::fs::write(path.join("mysql_upgrade_info"), "10.11.6-MariaDB").unwrap();
        assert_eq!(version_of(path).as_deref(), Some("10.11.6"));
    }
}
