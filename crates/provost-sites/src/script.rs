//! Scripts inside one site: those of Moodle and its plugins, and an administrator's own.

use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;
use provost_engine::process::{Account, Input, Output, ProcessError, Program};
use provost_fleet::name::Name;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::agent::{self, CLI_SETTINGS};
use crate::php::Php;

/// Most of each output that is kept of a site, in bytes: many sites are at work, and all is kept until it is printed.
const CAPTURE: usize = 1 << 20;

/// What is run in each site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum Script {
    /// A script of the build, by its path there: `admin/cli/cfg.php`.
    Cli {
        /// The path.
        path: Utf8PathBuf,
        /// Its arguments.
        arguments: Vec<String>,
    },
    /// A text in PHP, with Moodle loaded.
    Php {
        /// The text, from `<?php` on.
        text: String,
        /// What it finds in `$params`.
        params: Value,
    },
}

/// What a script wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
    /// On standard output.
    pub out: String,
    /// On standard error.
    pub err: String,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// Why a script did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// PHP is missing.
    #[error("PHP is not installed")]
    NoPhp,
    /// The agent's files could not be unpacked.
    #[error("cannot unpack the agent")]
    Unpack(#[source] std::io::Error),
    /// It is no script of the site's build.
    #[error("its build has no script `{0}`")]
    NoScript(Utf8PathBuf),
    /// It could not be run, or was ended.
    #[error(transparent)]
    Process(ProcessError),
    /// It ended with a failure.
    #[error("it {status}{}", told(log))]
    Failed {
        /// How it ended.
        status: String,
        /// The end of what it wrote.
        log: String,
    },
}

fn told(log: &str) -> String {
    if log.is_empty() { String::new() } else { format!(": {log}") }
}

/// Whether a path can be one of a build: below it, and a script.
pub fn is_script(path: &Utf8Path) -> bool {
    let plain = |part| matches!(part, camino::Utf8Component::Normal(_));
    path.extension() == Some("php") && path.components().all(plain)
}

impl Script {
    /// Runs it in a site, as the site's account. The site's database server runs already.
    ///
    /// # Errors
    /// When it cannot be run, takes longer than `patience`, or ends with another status than 0.
    pub async fn run(
        &self,
        cx: &Context,
        site: &Name,
        account: &Account,
        patience: Duration,
    ) -> Result<Said, ScriptError> {
        let php = Php::find(&cx.machine).ok_or(ScriptError::NoPhp)?;
        let code = cx.paths.code(site);
        let program = Program::new(&php.cli).args(CLI_SETTINGS);
        let program = match self {
            Self::Cli { path, arguments } => program.arg(find(&code, path)?).args(arguments),
            Self::Php { text, params } => {
                let ours = agent::unpack(&cx.paths).map_err(ScriptError::Unpack)?;
                let before = format!("auto_prepend_file={}", ours.join("script.php"));
                program
                    .args(["-d", &before, "--"])
                    .arg(code.join("config.php"))
                    .env("PROVOST_PARAMS", params.to_string())
                    .input(Input::Bytes(text.clone().into_bytes()))
            }
        };
        let program = program
            .env("PROVOST_SITE", site.as_str())
            .account(account.clone())
            .subject(format!("site/{site}"))
            .capture(CAPTURE)
            .deadline(patience);
        let began = Instant::now();
        let output = cx.run(program).await.map_err(ScriptError::Process)?;
        let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        said(&output, took_ms)
    }
}

fn said(output: &Output, took_ms: u64) -> Result<Said, ScriptError> {
    if !output.success() {
        return Err(ScriptError::Failed { status: output.status.to_string(), log: output.log() });
    }
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    Ok(Said { out: output.text(), err, took_ms })
}

/// A script of a build: from Moodle 5.1 on it may be below `public`.
fn find(code: &Utf8Path, path: &Utf8Path) -> Result<String, ScriptError> {
    let no = || ScriptError::NoScript(path.to_owned());
    if !is_script(path) {
        return Err(no());
    }
    let places = [code.join(path), code.join("public").join(path)];
    places.into_iter().find(|place| place.is_file()).map(Utf8PathBuf::into_string).ok_or_else(no)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_a_path_below_the_build() {
        for path in ["admin/cli/cfg.php", "cli.php", "mod/x/cli/a.php"] {
            assert!(is_script(path.into()), "{path}");
        }
        for path in
            ["/etc/x.php", "../x.php", "admin/../../x.php", "admin/cli/cfg", "", "-r.php/..", "./../a.php"]
        {
            assert!(!is_script(path.into()), "{path}");
        }
    }
}
