//! Writing small files so that they are never seen half written.

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::sync::atomic::{AtomicU64, Ordering};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::process::Account;

/// Writes a file beside its place and renames it there, so that a reader sees the old bytes or the new ones, and a full
/// disk leaves the old ones. `mode` is exact: the umask does not count.
pub fn write_whole(path: &Utf8Path, bytes: &[u8], mode: u32, owner: &Account) -> std::io::Result<()> {
    let aside = aside(path);
    let written = write_aside(&aside, bytes, mode, owner).and_then(|()| fs::rename(&aside, path));
    if written.is_err() {
        // The first error is the one to tell; a leftover goes with what killed processes leave.
        drop(fs::remove_file(&aside));
    }
    written
}

/// A name beside a file, for what will be it: its own for each writer, for several tasks of one process may write the same file.
fn aside(path: &Utf8Path) -> Utf8PathBuf {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let name = path.file_name().unwrap_or("file");
    path.with_file_name(format!(".{name}.{}-{number}.new", std::process::id()))
}

fn write_aside(aside: &Utf8Path, bytes: &[u8], mode: u32, owner: &Account) -> std::io::Result<()> {
    drop(fs::remove_file(aside));
    // Never wider than the owner while it is being filled: it may hold a password.
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(aside).map_err(|error| with_path(&error, "create", aside))?;
    file.write_all(bytes).map_err(|error| with_path(&error, "write", aside))?;
    give_to(aside, owner)?;
    file.set_permissions(std::fs::Permissions::from_mode(mode))
        .map_err(|error| with_path(&error, "set the mode of", aside))?;
    file.sync_all().map_err(|error| with_path(&error, "write", aside))
}

/// Makes a symlink point to `target`, replacing what is there in one rename.
pub fn link_whole(path: &Utf8Path, target: &str) -> std::io::Result<()> {
    let aside = aside(path);
    drop(fs::remove_file(&aside));
    std::os::unix::fs::symlink(target, &aside).map_err(|error| with_path(&error, "create", &aside))?;
    let renamed = fs::rename(&aside, path);
    if renamed.is_err() {
        drop(fs::remove_file(&aside));
    }
    renamed
}

/// Removes what killed processes left in a directory of files that they were writing: nobody will rename it any more, and it may hold a
/// secret. Files of processes that live stay, and so does everything else. A directory that is not there has nothing.
pub fn remove_half_written(directory: &Utf8Path) -> std::io::Result<()> {
    let entries = match directory.read_dir_utf8() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    for entry in entries.flatten() {
        if writer(entry.file_name()).is_some_and(|pid| crate::process::start_time(pid).is_none()) {
            match fs::remove_file(entry.path()) {
                // Somebody else tidies too.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                other => other?,
            }
        }
    }
    Ok(())
}

/// The process that writes a file beside its place, as the file's name says: `.NAME.PID.new`, or `.NAME.PID-NUMBER.new` of one
/// that writes several at a time.
fn writer(name: &str) -> Option<i32> {
    let (_, writer) = name.strip_prefix('.')?.strip_suffix(".new")?.rsplit_once('.')?;
    let (pid, number) = writer.split_once('-').unwrap_or((writer, "0"));
    number.parse::<u64>().ok()?;
    pid.parse().ok()
}

/// Makes a directory and what is missing above it; sets mode and owner of the last one, also when it was there.
pub fn directory(path: &Utf8Path, mode: u32, owner: &Account) -> std::io::Result<()> {
    if let Some(above) = path.parent() {
        fs::create_dir_all(above)?;
    }
    match std::fs::DirBuilder::new().mode(mode).create(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(with_path(&error, "create", path));
        }
        _ => {}
    }
    if !fs::metadata(path)?.is_dir() {
        return Err(std::io::Error::other(format!("`{path}` is not a directory")));
    }
    give_to(path, owner)?;
    fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

/// Gives a file or directory to an account; nothing to do for our own.
pub fn give_to(path: &Utf8Path, owner: &Account) -> std::io::Result<()> {
    match *owner {
        Account::Own => Ok(()),
        Account::Other { uid, gid } => std::os::unix::fs::chown(path, Some(uid), Some(gid))
            .map_err(|error| with_path(&error, "change the owner of", path)),
    }
}

fn with_path(error: &std::io::Error, verb: &str, path: &Utf8Path) -> std::io::Error {
    std::io::Error::new(error.kind(), format!("cannot {verb} `{path}`: {error}"))
}

/// Whether an error says that a disk or a quota is full.
pub fn is_disk_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn temporary() -> (tempfile::TempDir, camino::Utf8PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = camino::Utf8PathBuf::from_path_buf(directory.path().to_owned()).unwrap();
        (directory, path)
    }

    #[test]
    fn a_file_is_replaced_whole_and_has_its_mode() {
        let (_keep, directory) = temporary();
        let path = directory.join("a");
        write_whole(&path, b"one", 0o640, &Account::Own).unwrap();
        write_whole(&path, b"two", 0o640, &Account::Own).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn many_write_one_file_at_a_time_and_it_is_whole() {
        let (_keep, directory) = temporary();
        let path = directory.join("a");
        let texts: Vec<String> = (0..8).map(|writer| writer.to_string().repeat(10_000)).collect();
        std::thread::scope(|scope| {
            for text in &texts {
                scope.spawn(|| {
                    for _ in 0..20 {
                        write_whole(&path, text.as_bytes(), 0o600, &Account::Own).unwrap();
                        link_whole(&directory.join("link"), text.get(..5).unwrap()).unwrap();
                    }
                });
            }
        });
        assert!(texts.contains(&fs::read_to_string(&path).unwrap()));
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 2, "nothing is left beside it");
    }

    #[test]
    fn what_a_dead_process_was_writing_goes() {
        let (_keep, directory) = temporary();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let dead = child.id();
        child.wait().unwrap();
        let own = std::process::id();
        let left = [format!(".secret.{dead}.new"), format!(".secret.{dead}-7.new")];
        let kept =
            [".secret.OWN.new", ".secret.OWN-7.new", "secret", ".x.new", ".DEAD.new", ".secret.DEAD-.new"]
                .map(|name| name.replace("OWN", &own.to_string()).replace("DEAD", &dead.to_string()));
        for name in kept.iter().chain(&left) {
            fs::write(directory.join(name), "x").unwrap();
        }
        fs::create_dir(directory.join("below")).unwrap();
        remove_half_written(&directory).unwrap();
        assert!(left.iter().all(|name| !directory.join(name).exists()));
        // Without a name before the number it is no file of ours.
        assert!(kept.iter().all(|name| directory.join(name).exists()));
        remove_half_written(&directory.join("not-there")).unwrap();
    }

    #[test]
    fn a_link_is_replaced() {
        let (_keep, directory) = temporary();
        let path = directory.join("code");
        link_whole(&path, "../a").unwrap();
        link_whole(&path, "../b").unwrap();
        assert_eq!(fs::read_link(&path).unwrap(), std::path::Path::new("../b"));
    }
}
