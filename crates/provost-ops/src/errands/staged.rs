//! A file of the administrator's that sites read: put where their accounts can.

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;
use provost_engine::files;
use provost_engine::process::Account;

/// A file where every site's account can read it, who knows its name; it goes with this value.
pub(super) struct Staged {
    /// Where it is.
    pub(super) path: Utf8PathBuf,
    directory: Option<Utf8PathBuf>,
}

impl Staged {
    /// Puts a file there. Sites without accounts of their own read it where it is. The directory can be passed and not listed, and its name
    /// cannot be guessed: a backup of a course names people.
    pub(super) fn new(cx: &Context, file: &Utf8Path) -> std::io::Result<Self> {
        let whole = file.canonicalize_utf8()?;
        if !cx.machine.root {
            return Ok(Self { path: whole, directory: None });
        }
        files::directory(&cx.paths.agents(), 0o755, &Account::Own)?;
        let directory = cx.paths.agents().join(format!(".file.{}", uuid::Uuid::new_v4().simple()));
        files::directory(&directory, 0o711, &Account::Own)?;
        let staged = Self { path: directory.join("file"), directory: Some(directory) };
        fs_err::copy(&whole, &staged.path)?;
        fs_err::set_permissions(&staged.path, std::os::unix::fs::PermissionsExt::from_mode(0o444))?;
        Ok(staged)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let Some(directory) = &self.directory {
            fs_err::remove_dir_all(directory).ok();
        }
    }
}
