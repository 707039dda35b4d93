//! Core's page of maintenance, put up for the time of a move. Core looks for it before it opens the database, so that it works with none.

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::files::write_whole;

use crate::accounts::User;
use crate::site::{MAINTENANCE_PAGE, SiteError};

/// By this a page is known to be ours: one that somebody else put up stays when the move is over.
const OURS: &str = "<!-- provost: this site is being moved -->";

/// How much of a page is read to know it.
const HEAD: usize = 256;

/// Whether the page of a dataroot was put up for a move.
pub(crate) fn is_ours(dataroot: &Utf8Path) -> bool {
    use std::io::Read as _;
    let Ok(file) = std::fs::File::open(path(dataroot)) else { return false };
    let mut head = Vec::with_capacity(HEAD);
    file.take(HEAD as u64).read_to_end(&mut head).is_ok() && head.starts_with(OURS.as_bytes())
}

/// Puts the page up, where there is none: every request gets it from then on.
pub(super) fn put_up(dataroot: &Utf8Path, user: &User) -> Result<(), SiteError> {
    let path = path(dataroot);
    if path.exists() {
        return Ok(());
    }
    let text = format!(
        "{OURS}\n<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"30\">\
         <title>Maintenance</title></head>\n<body><h1>This site is being moved</h1>\n<p>It will be back in a few minutes.</p>\
         </body></html>\n"
    );
    write_whole(&path, text.as_bytes(), 0o660, &user.account).map_err(SiteError::io("write", &path))
}

/// Takes the page down, where it is ours.
pub(super) fn take_down(dataroot: &Utf8Path) -> Result<(), SiteError> {
    if !is_ours(dataroot) {
        return Ok(());
    }
    let path = path(dataroot);
    std::fs::remove_file(&path).map_err(SiteError::io("remove", &path))
}

fn path(dataroot: &Utf8Path) -> Utf8PathBuf {
    dataroot.join(MAINTENANCE_PAGE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use provost_engine::process::Account;

    #[test]
    fn only_our_own_page_is_taken_down() {
        let scene = camino_tempfile();
        let root = Utf8Path::from_path(scene.path()).unwrap();
        let user = User { name: String::new(), account: Account::Own };
        assert!(!is_ours(root));
        put_up(root, &user).unwrap();
        assert!(is_ours(root));
        take_down(root).unwrap();
        assert!(!path(root).exists());

        std::fs::write(path(root), "<html>back at 8</html>").unwrap();
        put_up(root, &user).unwrap();
        take_down(root).unwrap();
        assert_eq!(std::fs::read_to_string(path(root)).unwrap(), "<html>back at 8</html>");
    }

    fn camino_tempfile() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }
}
