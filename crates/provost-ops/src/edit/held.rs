//! The fleet file under its lock.
//!
//! What is locked is the file itself: nothing is left beside it in the user's repository. A write puts another file in its place,
//! so that one is locked before it gets there, and who waited for the old one sees that it has lost its name.

use std::fs::{File, Permissions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::event::Event;

use crate::OpsError;
use crate::error::io;
use crate::session::Call;

/// How often a held lock is tried again. Who holds it may download.
const PATIENCE: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(super) struct Held {
    path: Utf8PathBuf,
    file: File,
}

impl Held {
    pub(super) async fn take(call: &Call) -> Result<Self, OpsError> {
        let mut told = false;
        loop {
            let found = call.fleet_path().canonicalize_utf8().and_then(|path| Ok((open(&path)?, path)));
            let (file, path) = match found {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Err(OpsError::NoFile(call.file.clone()));
                }
                found => found.map_err(io("open", &call.file))?,
            };
            match file.try_lock() {
                Ok(()) if has_its_name(&file, &path) => return Ok(Self { path, file }),
                Ok(()) => continue,
                Err(TryLockError::Error(error)) => return Err(io("lock", &call.file)(error)),
                Err(TryLockError::WouldBlock) => {}
            }
            if !std::mem::replace(&mut told, true) {
                let text = format!("waiting for another edit of {}", call.file);
                call.reporter.event(&Event::Note { text });
            }
            tokio::select! {
                () = call.cancel.cancelled() => return Err(OpsError::Interrupted),
                () = tokio::time::sleep(PATIENCE) => {}
            }
        }
    }

    pub(super) fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// What the file with the name holds, whoever wrote it.
    pub(super) fn read(&self) -> Result<String, OpsError> {
        std::fs::read_to_string(&self.path).map_err(io("read", &self.path))
    }

    pub(super) fn write(&mut self, text: &str) -> Result<(), OpsError> {
        let name = self.path.file_name().unwrap_or("fleet.toml");
        let aside = self.path.with_file_name(format!(".{name}.{}.new", std::process::id()));
        let written = self.write_aside(&aside, text).and_then(|file| {
            std::fs::rename(&aside, &self.path)?;
            Ok(file)
        });
        if written.is_err() {
            // The first error is the one to tell; a leftover is overwritten next time.
            drop(std::fs::remove_file(&aside));
        }
        self.file = written.map_err(io("write", &self.path))?;
        Ok(())
    }

    fn write_aside(&self, aside: &Utf8Path, text: &str) -> io::Result<File> {
        drop(std::fs::remove_file(aside));
        let old = self.file.metadata()?;
        let mut options = File::options();
        let mut file = options.write(true).create_new(true).mode(0o600).open(aside)?;
        file.try_lock()?;
        file.write_all(text.as_bytes())?;
        let new = file.metadata()?;
        if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
            keep_owner(aside, old.uid(), old.gid())?;
        }
        file.set_permissions(Permissions::from_mode(old.mode() & 0o7777))?;
        file.sync_all()?;
        Ok(file)
    }
}

/// For reading and writing where that is allowed: some file systems lock nothing else.
fn open(path: &Utf8Path) -> io::Result<File> {
    match File::options().read(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => File::open(path),
        opened => opened,
    }
}

fn has_its_name(file: &File, path: &Utf8Path) -> bool {
    let same = || Ok::<_, io::Error>((file.metadata()?, std::fs::metadata(path)?));
    same().is_ok_and(|(one, two)| (one.dev(), one.ino()) == (two.dev(), two.ino()))
}

/// Who is not root cannot give a file away. Then it is theirs, as after a checkout, but stays in its group where it can.
fn keep_owner(path: &Utf8Path, uid: u32, gid: u32) -> io::Result<()> {
    let give = |uid| match std::os::unix::fs::chown(path, uid, Some(gid)) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(false),
        other => other.map(|()| true),
    };
    if !give(Some(uid))? {
        give(None)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(path: &Utf8Path) -> Held {
        Held { path: path.to_owned(), file: open(path).unwrap() }
    }

    #[test]
    fn a_write_keeps_the_mode_and_the_lock() {
        let directory = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(directory.path().join("fleet.toml")).unwrap();
        std::fs::write(&path, "one").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let mut first = held(&path);
        first.file.try_lock().unwrap();
        let waiting = held(&path);
        first.write("two").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o640);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left beside it");
        assert!(open(&path).unwrap().try_lock().is_err(), "the new one is held as the old one was");
        assert!(!has_its_name(&waiting.file, &path), "who waited for the old one tries again");
    }
}
