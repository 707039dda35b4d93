//! The dump of a site's database, read back.

use std::fmt::Write as _;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;
use provost_engine::process::{Account, Program};
use provost_fleet::secret::Secret;
use sha2::{Digest as _, Sha256};

use super::super::SiteError;
use super::{Copied, Dump};
use crate::database;
use crate::secrets::{self, Generated};
use crate::server::{Endpoint, PostgresTools};

/// How long one dump may take. The largest Moodles have some hundred GiB, at 30 MiB/s and more.
pub(super) const DEADLINE: Duration = Duration::from_hours(24);

/// How much of the dump's list of contents is read: a line of some 100 bytes for each object, of which Moodle has 3,000.
const LIST: usize = 16 * 1024 * 1024;

/// How much of the dump is in memory while its digest is made.
const CHUNK: usize = 1024 * 1024;

pub(super) async fn dump(cx: &Context, copied: &Copied<'_>, to: &Utf8Path) -> Result<Dump, SiteError> {
    let (name, site) = (copied.name, copied.site);
    let password = secrets::read(&cx.paths, &Generated::SiteDatabase(name))?;
    let password = password
        .ok_or_else(|| SiteError::ReadBack("the password of its database is not kept here".to_owned()))?;
    let role = &site.database_name;
    let mut own = copied.servers.connect(cx, &site.database, role, role, &password).await?;
    let tables = database::tables(&mut own.sql).await?;
    let endpoint = copied.servers.endpoint(cx, &site.database)?;
    let login_file = to.with_extension("login");
    let program = login(tool(cx, "pg_dump")?, &login_file, &password, &endpoint, role)?
        .args(["--format=custom", "--no-owner", "--no-privileges", "--lock-wait-timeout=60s"])
        .arg(format!("--file={to}"))
        .deadline(DEADLINE)
        .subject(format!("site/{name}"));
    let dumped = cx.run(program).await.and_then(provost_engine::process::Output::ok);
    std::fs::remove_file(&login_file).map_err(SiteError::io("remove", &login_file))?;
    dumped.map_err(SiteError::Dump)?;
    read_back(cx, to, tables).await?;
    let (bytes, sha256) = digest(to.to_owned()).await?;
    Ok(Dump { bytes, sha256, tables })
}

/// Has a program log in to a site's database as the site. The password goes into a file, which the caller removes: what is in an
/// environment can be read as long as the program runs.
pub(super) fn login(
    program: Program,
    file: &Utf8Path,
    password: &Secret,
    endpoint: &Endpoint,
    database: &str,
) -> Result<Program, SiteError> {
    let line = format!("*:*:*:*:{}\n", password.expose().replace('\\', "\\\\").replace(':', "\\:"));
    provost_engine::files::write_whole(file, line.as_bytes(), 0o600, &Account::Own)
        .map_err(SiteError::io("write", file))?;
    Ok(program
        .args(["--no-password".to_owned(), format!("--host={}", endpoint.host)])
        .args([format!("--port={}", endpoint.port.unwrap_or(5432))])
        .args([format!("--username={database}"), format!("--dbname={database}")])
        .env("PGPASSFILE", file.as_str()))
}

/// That the dump reads to its end, and has every table of the database.
async fn read_back(cx: &Context, dump: &Utf8Path, tables: u64) -> Result<(), SiteError> {
    let whole = tool(cx, "pg_restore")?.args(["--file=/dev/null", dump.as_str()]).deadline(DEADLINE);
    cx.run(whole).await.and_then(provost_engine::process::Output::ok).map_err(SiteError::Dump)?;
    let list = tool(cx, "pg_restore")?.args(["--list", dump.as_str()]).capture(LIST);
    let list = cx.run(list).await.and_then(provost_engine::process::Output::ok).map_err(SiteError::Dump)?;
    let listed = list.text().lines().filter(|line| line.contains(" TABLE DATA ")).count();
    if u64::try_from(listed).unwrap_or_default() != tables {
        let told = format!("the database has {tables} tables, and its dump {listed}");
        return Err(SiteError::ReadBack(told));
    }
    Ok(())
}

/// The newest of PostgreSQL's programs here: it reads every older server.
pub(super) fn tool(cx: &Context, name: &'static str) -> Result<Program, SiteError> {
    let found = PostgresTools::find(&cx.machine, None).map(|tools| tools.program(name));
    let found = found.filter(|path| path.exists()).or_else(|| cx.machine.program(name));
    found.map(Program::new).ok_or(SiteError::NoTool(name))
}

pub(super) async fn digest(path: Utf8PathBuf) -> Result<(u64, String), SiteError> {
    let read = tokio::task::spawn_blocking(move || {
        use std::io::Read as _;
        let failed = |source| SiteError::Io { verb: "read", path: path.clone(), source };
        let mut file = std::fs::File::open(&path).map_err(failed)?;
        let (mut hasher, mut bytes, mut chunk) = (Sha256::new(), 0, vec![0; CHUNK]);
        loop {
            let got = file.read(&mut chunk).map_err(failed)?;
            if got == 0 {
                let mut digest = String::new();
                for byte in hasher.finalize() {
                    write!(digest, "{byte:02x}").ok();
                }
                return Ok((bytes, digest));
            }
            bytes += got as u64;
            hasher.update(&chunk[..got]);
        }
    });
    read.await.map_err(|broke| SiteError::ReadBack(format!("reading the dump broke: {broke}")))?
}
