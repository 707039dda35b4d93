//! The dump of a site's database, read back; and the way back from it.

mod mariadb;
mod postgresql;

use std::fmt::Write as _;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;
use provost_engine::process::{Output, Program};
use provost_fleet::model::Engine;
use provost_fleet::secret::Secret;
use sha2::{Digest as _, Sha256};

use super::super::SiteError;
use super::{Copied, Dump};
use crate::database;
use crate::secrets::{self, Generated};
use crate::server::Endpoint;

/// How long one dump may take. The largest Moodles have some hundred GiB, at 30 MiB/s and more.
const DEADLINE: Duration = Duration::from_hours(24);

/// How much of the dump is in memory while its digest is made.
const CHUNK: usize = 1024 * 1024;

/// How a program logs in to a site's database.
pub(crate) struct Login<'a> {
    /// Where the password is while the program runs: what is in an environment or an argument can be read by others.
    pub(crate) file: &'a Utf8Path,
    /// The site's own role, or an administrator.
    pub(crate) user: &'a str,
    pub(crate) password: &'a Secret,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) database: &'a str,
}

pub(super) async fn dump(cx: &Context, copied: &Copied<'_>, to: &Utf8Path) -> Result<Dump, SiteError> {
    let (name, site) = (copied.name, copied.site);
    let password = secrets::read(&cx.paths, &Generated::SiteDatabase(name))?;
    let password = password
        .ok_or_else(|| SiteError::ReadBack("the password of its database is not kept here".to_owned()))?;
    let role = &site.database_name;
    let mut own = copied.servers.connect(cx, &site.database, role, role, &password).await?;
    let (tables, engine) = (database::tables(&mut own.sql).await?, own.sql.engine());
    drop(own);
    let endpoint = copied.servers.endpoint(cx, &site.database)?;
    let file = to.with_extension("login");
    let login = Login { file: &file, user: role, password: &password, endpoint: &endpoint, database: role };
    dump_to(cx, engine, &login, to, (tables, format!("site/{name}"))).await
}

/// Dumps a database, and reads the dump back: it must have as many tables as are said.
pub(crate) async fn dump_to(
    cx: &Context,
    engine: Engine,
    login: &Login<'_>,
    to: &Utf8Path,
    (tables, subject): (u64, String),
) -> Result<Dump, SiteError> {
    let program = match engine {
        Engine::Postgresql => postgresql::dumping(cx, login, to),
        Engine::Mariadb => mariadb::dumping(cx, login, to),
    };
    run(cx, program?.subject(subject), login.file).await?;
    let listed = match engine {
        Engine::Postgresql => postgresql::tables_in(cx, to).await?,
        Engine::Mariadb => mariadb::tables_in(to).await?,
    };
    if listed != tables {
        return Err(SiteError::ReadBack(format!("the database has {tables} tables, and its dump {listed}")));
    }
    let (bytes, sha256) = digest(to.to_owned()).await?;
    Ok(Dump { engine, bytes, sha256, tables })
}

/// Fills an empty database from a dump of the same engine.
pub(crate) async fn restore(
    cx: &Context,
    engine: Engine,
    login: &Login<'_>,
    dump: &Utf8Path,
    subject: String,
) -> Result<(), SiteError> {
    let program = match engine {
        Engine::Postgresql => postgresql::restoring(cx, login, dump),
        Engine::Mariadb => mariadb::restoring(cx, login, dump),
    };
    run(cx, program?.subject(subject), login.file).await
}

/// Runs a program, and removes its login whatever becomes of it.
async fn run(cx: &Context, program: Program, login: &Utf8Path) -> Result<(), SiteError> {
    let ran = cx.run(program.deadline(DEADLINE)).await.and_then(Output::ok);
    std::fs::remove_file(login).map_err(SiteError::io("remove", login))?;
    ran.map(drop).map_err(SiteError::Dump)
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
