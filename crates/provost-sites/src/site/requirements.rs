//! What a build asks of the machine, seen to before a site is touched: its `environment.xml` against the live database server and PHP.
//!
//! Core checks the same when it installs; by then the database would be emptied.

use std::collections::BTreeSet;

use camino::Utf8Path;
use provost_engine::context::Context;
use provost_engine::process::Program;
use provost_fleet::model::Engine;
use provost_moodle::components::Layout;
use provost_moodle::environment::{Environment, Machine};

use super::SiteError;
use crate::php::Php;
use crate::server::Sql;

/// Sees to it that a build of a release can run on the server of a session and on this machine's PHP. A build without an
/// `environment.xml` asks for nothing.
///
/// # Errors
/// When something that Moodle insists on is not there; all of it is told.
pub(super) async fn check(
    cx: &Context,
    build: &Utf8Path,
    release: &str,
    sql: &mut Sql,
) -> Result<(), SiteError> {
    let layout = Layout::detect(|path| build.join(path).exists()).unwrap_or(Layout { public: false });
    let path = build.join(layout.plugin_path("admin/environment.xml"));
    let xml = match std::fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        other => other.map_err(SiteError::io("read", &path))?,
    };
    let environment = Environment::read(&xml, release)
        .map_err(|source| SiteError::Environment { path: path.clone(), source })?;
    let php = Php::find(&cx.machine).ok_or(SiteError::NoPhp)?;
    let (version, extensions) = ask_php(cx, &php).await?;
    let (vendor, extension) = match sql.engine() {
        Engine::Postgresql => ("postgres", "pgsql"),
        Engine::Mariadb => ("mariadb", "mysqli"),
    };
    let database = sql.release().await?;
    let machine = Machine { vendor, database: &database, php: &version, extensions: &extensions };
    let mut unmet: Vec<String> = environment.unmet(&machine).iter().map(ToString::to_string).collect();
    if !extensions.contains(extension) {
        unmet.push(format!("PHP lacks {extension}, by which it reaches the database"));
    }
    if unmet.is_empty() {
        return Ok(());
    }
    Err(SiteError::Requirements { release: release.to_owned(), unmet: unmet.join("; ") })
}

/// Sees to it that PHP, of the command line and of the web, has the extension by which Moodle reaches Redis, new enough to log in as a
/// user.
///
/// # Errors
/// When one of them has not.
pub(crate) async fn check_redis(cx: &Context) -> Result<(), SiteError> {
    let php = Php::find(&cx.machine).ok_or(SiteError::NoPhp)?;
    let version = Program::new(&php.cli).args(["-r", "echo phpversion('redis') ?: 'none';"]);
    let version =
        cx.run(version).await.and_then(provost_engine::process::Output::ok).map_err(SiteError::Php)?;
    let (version, mut lacks) = (version.text(), Vec::new());
    if version.trim() == "none" {
        lacks.push("PHP lacks redis, by which it reaches sessions and caches".to_owned());
    } else if !knows_users(version.trim()) {
        lacks.push(format!("PHP's extension redis is {}, and logs in as a user from 5.3 on", version.trim()));
    }
    if let Some(fpm) = &php.fpm {
        let modules = cx.run(Program::new(fpm).arg("-m")).await.and_then(provost_engine::process::Output::ok);
        if !modules.map_err(SiteError::Php)?.text().lines().any(|line| line.trim() == "redis") {
            lacks.push("php-fpm lacks redis, by which it reaches sessions and caches".to_owned());
        }
    }
    if lacks.is_empty() { Ok(()) } else { Err(SiteError::NoPhpRedis(lacks.join("; "))) }
}

/// Whether a release of the extension takes a name beside a password.
fn knows_users(version: &str) -> bool {
    let mut parts = version.split('.').map_while(|part| part.parse::<u32>().ok());
    (parts.next(), parts.next()) >= (Some(5), Some(3))
}

/// PHP's version and its extensions, in small letters. They are asked of the command line's PHP, which installs.
async fn ask_php(cx: &Context, php: &Php) -> Result<(String, BTreeSet<String>), SiteError> {
    let ask = |argument: &str| Program::new(&php.cli).arg(argument);
    let failed = SiteError::Php;
    let version =
        cx.run(ask("--version")).await.and_then(provost_engine::process::Output::ok).map_err(failed)?;
    let modules = cx.run(ask("-m")).await.and_then(provost_engine::process::Output::ok).map_err(failed)?;
    Ok((
        version_of(&version.text()),
        modules.text().lines().map(|line| line.trim().to_ascii_lowercase()).collect(),
    ))
}

/// The version in `PHP 8.2.29 (cli) (built: …)`.
fn version_of(text: &str) -> String {
    text.split_whitespace().nth(1).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_extension_logs_in_as_a_user_from_5_3_on() {
        for (version, knows) in [("5.2.2", false), ("5.3.7", true), ("6.0.2", true), ("", false)] {
            assert_eq!(super::knows_users(version), knows, "{version}");
        }
    }

    #[test]
    fn phps_version_is_the_second_word() {
        assert_eq!(super::version_of("PHP 8.2.29 (cli) (built: Jul  3 2025 16:16:05) (NTS)\n…"), "8.2.29");
        assert_eq!(super::version_of(""), "");
    }
}
