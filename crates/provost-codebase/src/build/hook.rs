//! Writing `config.php` into a build.

use std::os::unix::fs::PermissionsExt as _;

use camino::Utf8Path;
use fs_err as fs;
use provost_engine::files::write_whole;
use provost_engine::process::Account;
use provost_moodle::config_hook::config_php;

use super::{BuildError, HOOK_MODE, HOOK_NAME, SEALED};
use crate::store::StoreError;

/// Writes `config.php` into a tree that is being assembled.
pub(super) fn write_hook(tree: &Utf8Path) -> Result<(), BuildError> {
    let path = tree.join(HOOK_NAME);
    let failed = |error| StoreError::io("write", &path, error);
    write_whole(&path, config_php(tree).as_bytes(), HOOK_MODE, &Account::Own).map_err(failed)?;
    Ok(())
}

/// Makes a build's own directory read-only, the last thing before it is used.
pub(super) fn seal(tree: &Utf8Path) -> Result<(), BuildError> {
    fs::set_permissions(tree, std::fs::Permissions::from_mode(SEALED))
        .map_err(|error| StoreError::io("seal", tree, error).into())
}

/// Replaces a build's `config.php` by the one of this Provost, in one rename: a request sees the old bytes or the new ones.
/// Its time is that of the change, so that PHP's opcache takes notice.
///
/// # Errors
/// When it cannot be written; the old one stays then.
pub fn refresh_hook(build: &Utf8Path) -> Result<(), BuildError> {
    let found = fs::metadata(build).map_err(|error| StoreError::io("look at", build, error))?;
    if found.permissions().mode() & 0o222 != 0 {
        // A change was not finished: perhaps a repair, which opens directories inside too.
        super::mend::reseal(build)?;
    }
    fs::set_permissions(build, std::fs::Permissions::from_mode(0o755))
        .map_err(|error| StoreError::io("open", build, error))?;
    let written = write_hook(build);
    seal(build)?;
    written
}
