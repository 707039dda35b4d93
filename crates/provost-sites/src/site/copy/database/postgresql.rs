//! Dumping and restoring with PostgreSQL's programs.

use camino::Utf8Path;
use provost_engine::context::Context;
use provost_engine::process::{Account, Output, Program};

use super::super::super::SiteError;
use super::{DEADLINE, Login};
use crate::server::PostgresTools;

/// How much of the dump's list of contents is read: a line of some 100 bytes for each object, of which Moodle has 3,000.
const LIST: usize = 16 * 1024 * 1024;

pub(super) fn dumping(cx: &Context, login: &Login<'_>, to: &Utf8Path) -> Result<Program, SiteError> {
    Ok(logged_in(tool(cx, "pg_dump")?, login)?
        .args(["--format=custom", "--no-owner", "--no-privileges", "--lock-wait-timeout=60s"])
        .arg(format!("--file={to}")))
}

pub(super) fn restoring(cx: &Context, login: &Login<'_>, dump: &Utf8Path) -> Result<Program, SiteError> {
    let program = logged_in(tool(cx, "pg_restore")?, login)?;
    Ok(program.args(["--no-owner", "--no-privileges", "--exit-on-error", dump.as_str()]))
}

fn logged_in(program: Program, login: &Login<'_>) -> Result<Program, SiteError> {
    let Login { file, user, password, endpoint, database } = login;
    let line = format!("*:*:*:*:{}\n", password.expose().replace('\\', "\\\\").replace(':', "\\:"));
    provost_engine::files::write_whole(file, line.as_bytes(), 0o600, &Account::Own)
        .map_err(SiteError::io("write", file))?;
    Ok(program
        .args(["--no-password".to_owned(), format!("--host={}", endpoint.host)])
        .args([format!("--port={}", endpoint.port.unwrap_or(5432))])
        .args([format!("--username={user}"), format!("--dbname={database}")])
        .env("PGPASSFILE", file.as_str()))
}

/// How many tables' data a dump has that reads to its end.
pub(super) async fn tables_in(cx: &Context, dump: &Utf8Path) -> Result<u64, SiteError> {
    let whole = tool(cx, "pg_restore")?.args(["--file=/dev/null", dump.as_str()]).deadline(DEADLINE);
    cx.run(whole).await.and_then(Output::ok).map_err(SiteError::Dump)?;
    let list = tool(cx, "pg_restore")?.args(["--list", dump.as_str()]).capture(LIST);
    let list = cx.run(list).await.and_then(Output::ok).map_err(SiteError::Dump)?;
    let listed = list.text().lines().filter(|line| line.contains(" TABLE DATA ")).count();
    Ok(u64::try_from(listed).unwrap_or_default())
}

/// The newest of PostgreSQL's programs here: it reads every older server.
fn tool(cx: &Context, name: &'static str) -> Result<Program, SiteError> {
    let found = PostgresTools::find(&cx.machine, None).map(|tools| tools.program(name));
    let found = found.filter(|path| path.exists()).or_else(|| cx.machine.program(name));
    found.map(Program::new).ok_or(SiteError::NoTool(name))
}
