//! Dumping and restoring with MariaDB's programs.

use std::io::{BufRead as _, BufReader};

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;
use provost_engine::process::{Account, Program};

use super::super::super::SiteError;
use super::Login;

/// What `mariadb-dump` writes when all is written.
const END: &[u8] = b"-- Dump completed";

/// What it writes before each table.
const TABLE: &[u8] = b"CREATE TABLE ";

pub(super) fn dumping(cx: &Context, login: &Login<'_>, to: &Utf8Path) -> Result<Program, SiteError> {
    // One snapshot of all tables, without keeping anybody out; bytes that are no text as digits.
    Ok(logged_in(tool(cx, "mariadb-dump")?, login)?
        .args(["--single-transaction", "--quick", "--hex-blob", "--no-tablespaces"])
        .args([format!("--result-file={to}"), login.database.to_owned()]))
}

pub(super) fn restoring(cx: &Context, login: &Login<'_>, dump: &Utf8Path) -> Result<Program, SiteError> {
    let program = logged_in(tool(cx, "mariadb")?, login)?;
    Ok(program.args([format!("--execute=source {dump}"), login.database.to_owned()]))
}

/// The options file must be the first argument.
fn logged_in(program: Program, login: &Login<'_>) -> Result<Program, SiteError> {
    let place = match (login.endpoint.host.starts_with('/'), login.endpoint.port) {
        (true, _) => format!("socket={}", quoted(&login.endpoint.host)),
        (false, None) => format!("host={}", quoted(&login.endpoint.host)),
        (false, Some(port)) => format!("host={}\nport={port}", quoted(&login.endpoint.host)),
    };
    let (user, password) = (quoted(login.user), quoted(login.password.expose()));
    let text =
        format!("[client]\n{place}\nuser={user}\npassword={password}\ndefault-character-set=utf8mb4\n");
    provost_engine::files::write_whole(login.file, text.as_bytes(), 0o600, &Account::Own)
        .map_err(SiteError::io("write", login.file))?;
    Ok(program.arg(format!("--defaults-file={}", login.file)))
}

/// A value as option files write it.
fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// How many tables a dump has that reads to its end.
pub(super) async fn tables_in(dump: &Utf8Path) -> Result<u64, SiteError> {
    let path = dump.to_owned();
    let read = tokio::task::spawn_blocking(move || count(&path));
    read.await.map_err(|broke| SiteError::ReadBack(format!("reading the dump broke: {broke}")))?
}

fn count(path: &Utf8PathBuf) -> Result<u64, SiteError> {
    let failed = |source| SiteError::Io { verb: "read", path: path.clone(), source };
    let mut lines = BufReader::new(std::fs::File::open(path).map_err(failed)?);
    let (mut tables, mut whole, mut line) = (0, false, Vec::new());
    loop {
        // A line is a statement of at most the server's largest packet, 16 MiB unless somebody raised it.
        line.clear();
        if lines.read_until(b'\n', &mut line).map_err(failed)? == 0 {
            break;
        }
        tables += u64::from(line.starts_with(TABLE));
        whole = line.starts_with(END) || (whole && line.iter().all(u8::is_ascii_whitespace));
    }
    if !whole {
        return Err(SiteError::ReadBack("the dump has no end".to_owned()));
    }
    Ok(tables)
}

fn tool(cx: &Context, name: &'static str) -> Result<Program, SiteError> {
    cx.machine.program(name).map(Program::new).ok_or(SiteError::NoTool(name))
}
