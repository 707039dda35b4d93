//! What is known of a build and kept with a template: one file of each kind, named after the tree, which goes with the template.

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::files;
use provost_engine::process::Account;

use crate::site::SiteError;

/// One kind of knowledge: how its files begin and end.
pub(super) struct Told {
    pub(super) prefix: &'static str,
    pub(super) suffix: &'static str,
    pub(super) mode: u32,
}

impl Told {
    /// Where it lies, in the directory that a template has as a site.
    pub(super) fn path(&self, directory: &Utf8Path, tree: &str) -> Utf8PathBuf {
        directory.join(format!("{}{tree}{}", self.prefix, self.suffix))
    }

    /// Keeps it, in place of what is known of trees that the template was made of before.
    pub(super) fn keep(&self, directory: &Utf8Path, tree: &str, bytes: &[u8]) -> Result<(), SiteError> {
        files::directory(directory, 0o755, &Account::Own).map_err(SiteError::io("make", directory))?;
        let entries = directory.read_dir_utf8().into_iter().flatten().flatten();
        for older in entries.filter(|entry| entry.file_name().starts_with(self.prefix)) {
            std::fs::remove_file(older.path()).ok();
        }
        let path = self.path(directory, tree);
        files::write_whole(&path, bytes, self.mode, &Account::Own).map_err(SiteError::io("write", &path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tree_is_known_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let directory = Utf8Path::from_path(directory.path()).unwrap().join("template");
        let told = Told { prefix: "hooks-", suffix: ".json", mode: 0o444 };
        told.keep(&directory, "aa", b"1").unwrap();
        std::fs::write(directory.join("loaded-aa"), "x").unwrap();
        told.keep(&directory, "bb", b"2").unwrap();
        assert!(!told.path(&directory, "aa").exists());
        assert_eq!(std::fs::read(told.path(&directory, "bb")).unwrap(), b"2");
        assert!(directory.join("loaded-aa").exists(), "another kind");
    }
}
