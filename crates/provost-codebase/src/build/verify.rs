//! A cheap look at a build: enough to tell whether it is one, not whether every file is right.

use std::os::unix::fs::PermissionsExt as _;

use camino::Utf8Path;
use fs_err as fs;
use provost_moodle::config_hook::config_php;
use serde::{Deserialize, Serialize};

use super::HOOK_NAME;

/// The state of a build's `config.php`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hook {
    /// The one that this Provost writes.
    Current,
    /// Another one: of an older or a newer Provost, or edited.
    Other,
    /// None.
    Missing,
}

/// What a look at a build's place shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shallow {
    /// Nothing is there.
    Nothing,
    /// A build.
    Build {
        /// Its `config.php`.
        hook: Hook,
        /// Whether its directory is read-only, as it is once nobody works on it.
        sealed: bool,
    },
    /// Something else, described.
    Foreign(String),
}

/// Looks at a build's place: one directory and two files. What is there was renamed into place whole, so that more is not
/// needed to know that it is complete.
///
/// # Errors
/// When it cannot be seen, which says nothing about what is there.
pub fn verify_shallow(build: &Utf8Path) -> std::io::Result<Shallow> {
    let found = match fs::symlink_metadata(build) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Shallow::Nothing),
        other => other?,
    };
    if !found.is_dir() {
        let what = if found.is_symlink() { "a symlink" } else { "a file" };
        return Ok(Shallow::Foreign(format!("{what} is where the build should be")));
    }
    let sealed = found.permissions().mode() & 0o222 == 0;
    let moodle = ["version.php", "public/version.php"].iter().any(|file| build.join(file).is_file());
    if !moodle {
        return Ok(Shallow::Foreign("a directory without a Moodle is where the build should be".to_owned()));
    }
    let hook = match fs::read(build.join(HOOK_NAME)) {
        Ok(bytes) if bytes == config_php(build).as_bytes() => Hook::Current,
        Ok(_) => Hook::Other,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Hook::Missing,
        Err(error) => return Err(error),
    };
    Ok(Shallow::Build { hook, sealed })
}
