//! A clone's files: what of a template's dataroot is copied, and how.
//!
//! Only what is content: caches, sessions, locks and temporary files hold the template's identity, and one of them is stronger than the
//! database. Contents of files lie under their SHA-1 and are never written to, so they are linked where template and clone belong to one
//! Unix user. Between two users they are copied (by reference, where the filesystem can): an inode has one owner and one mode, and
//! Moodle changes the mode of what it throws away.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::process::Account;

use crate::site::SiteError;
use crate::site::files::{PHP_TEMPORARY, remove_tree};

/// What is content.
const CONTENT: [&str; 5] = ["filedir", "lang", "models", "repository", "geoip"];

/// What is made anew or not wanted in a clone; anything else is told.
const LEFT: [&str; 14] = [
    "cache",
    "localcache",
    "localrequest",
    "muc",
    "temp",
    "trashdir",
    "sessions",
    "lock",
    "secret",
    "antivirus_quarantine",
    "climaintenance.html",
    ".htaccess",
    ".provost",
    PHP_TEMPORARY,
];

/// What was brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Brought {
    /// Files that are links to the template's.
    pub(crate) linked: u64,
    /// Files that are copies.
    pub(crate) copied: u64,
    /// Entries of the template's dataroot that nobody knows, and that were left there.
    pub(crate) unknown: Vec<String>,
}

/// Brings a template's content into a dataroot that is there and empty.
pub(crate) fn bring(from: &Utf8Path, to: &Utf8Path, account: &Account) -> Result<Brought, SiteError> {
    let mut brought = Brought::default();
    for entry in from.read_dir_utf8().map_err(SiteError::io("read", from))? {
        let entry = entry.map_err(SiteError::io("read", from))?;
        let name = entry.file_name();
        if CONTENT.contains(&name) {
            tree(entry.path(), &to.join(name), account, name == "filedir", &mut brought)?;
        } else if !LEFT.contains(&name) {
            brought.unknown.push(name.to_owned());
        }
    }
    brought.unknown.sort();
    Ok(brought)
}

/// What a site makes anew, and what holds its address or its name.
const MADE_ANEW: [&str; 7] = ["cache", "localcache", "muc", "temp", "sessions", "lock", "trashdir"];

/// Empties a dataroot of what its site makes anew.
pub(crate) fn forget_what_is_made_anew(root: &Utf8Path) -> Result<(), SiteError> {
    MADE_ANEW.iter().try_for_each(|name| remove_tree(&root.join(name)))
}

/// One directory and all below. Symlinks are not followed and not made: Moodle makes none, and one that leads out would give the clone
/// what is not the template's.
fn tree(
    from: &Utf8Path,
    to: &Utf8Path,
    account: &Account,
    may_link: bool,
    brought: &mut Brought,
) -> Result<(), SiteError> {
    let mut open: Vec<(Utf8PathBuf, Utf8PathBuf)> = vec![(from.to_owned(), to.to_owned())];
    while let Some((from, to)) = open.pop() {
        let found = fs_err::symlink_metadata(&from).map_err(SiteError::io("read", &from))?;
        if found.is_dir() {
            fs_err::create_dir_all(&to).map_err(SiteError::io("make", &to))?;
            give(&to, account, found.mode())?;
            for entry in from.read_dir_utf8().map_err(SiteError::io("read", &from))? {
                let entry = entry.map_err(SiteError::io("read", &from))?;
                open.push((entry.path().to_owned(), to.join(entry.file_name())));
            }
        } else if found.is_file() {
            // `warning.txt` of core's is written anew by some versions.
            let content = may_link && from.file_name().is_some_and(|name| name.len() == 40);
            let same_user = match account {
                Account::Own => true,
                Account::Other { uid, .. } => found.uid() == *uid,
            };
            if content && same_user && fs_err::hard_link(&from, &to).is_ok() {
                brought.linked += 1;
                continue;
            }
            // What is there is somebody else's work, and may be a link to what is read: a copy would begin by emptying both.
            if to.symlink_metadata().is_ok() {
                return Err(SiteError::io("copy to", &to)(std::io::ErrorKind::AlreadyExists.into()));
            }
            fs_err::copy(&from, &to).map_err(SiteError::io("copy", &from))?;
            give(&to, account, found.mode())?;
            brought.copied += 1;
        }
    }
    Ok(())
}

fn give(path: &Utf8Path, account: &Account, mode: u32) -> Result<(), SiteError> {
    if let Account::Other { uid, gid } = account {
        chown(path, Some(*uid), Some(*gid)).map_err(SiteError::io("give away", path))?;
    }
    let mode = std::fs::Permissions::from_mode(mode & 0o7777);
    fs_err::set_permissions(path, mode).map_err(SiteError::io("set the mode of", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_linked_and_nothing_that_is_somebodys_comes_along() {
        let scratch = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(scratch.path()).unwrap();
        let (from, to) = (root.join("template"), root.join("clone"));
        let hash = "a".repeat(40);
        for (path, text) in [
            (format!("filedir/aa/aa/{hash}"), "content"),
            ("filedir/warning.txt".to_owned(), "do not"),
            ("lang/fr/langconfig.php".to_owned(), "<?php"),
            ("muc/config.php".to_owned(), "identity"),
            ("cache/bootstrap.php".to_owned(), "identity"),
            ("secret/key/sodium.key".to_owned(), "key"),
            ("of_a_plugin/x".to_owned(), "?"),
            (".provost".to_owned(), "mark"),
        ] {
            let path = from.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        std::os::unix::fs::symlink("/etc/passwd", from.join("lang/out")).unwrap();
        std::fs::create_dir(&to).unwrap();
        let brought = bring(&from, &to, &Account::Own).unwrap();
        assert_eq!(brought, Brought { linked: 1, copied: 2, unknown: vec!["of_a_plugin".to_owned()] });
        let mut there: Vec<String> =
            to.read_dir_utf8().unwrap().map(|entry| entry.unwrap().file_name().to_owned()).collect();
        there.sort();
        assert_eq!(there, ["filedir", "lang"]);
        assert!(!to.join("lang/out").exists());
        let inode =
            |root: &Utf8Path| std::fs::metadata(root.join(format!("filedir/aa/aa/{hash}"))).unwrap().ino();
        assert_eq!(inode(&from), inode(&to));
        // Another one that brings the same at the same time never empties what both are links to.
        assert!(bring(&from, &to, &Account::Own).is_err());
        assert_eq!(std::fs::read_to_string(from.join(format!("filedir/aa/aa/{hash}"))).unwrap(), "content");
    }
}
