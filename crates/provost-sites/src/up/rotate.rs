//! Rotation of logs, by size: `access.log` becomes `access.log.1`, and so on.

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;

/// A log is rotated above this many bytes: large enough to look back some days, small enough to open.
const LARGEST: u64 = 32 << 20;

/// How many old logs are kept of each.
const KEPT: u32 = 5;

/// Rotates what has grown too large. Returns whether anything was, and the services must open their logs anew.
pub(super) fn rotate(cx: &Context) -> bool {
    let mut rotated = false;
    for directory in directories(&cx.paths.logs()) {
        for log in logs(&directory) {
            if std::fs::metadata(&log).is_ok_and(|found| found.len() > LARGEST) {
                rotated |= shift(&log, KEPT);
                if log.file_name().is_some_and(|name| name.starts_with("nginx")) {
                    // nginx would make it for all to read.
                    private(&log).ok();
                }
            }
        }
    }
    rotated
}

/// Makes a log for its owner and group alone, or makes it so: an address that was asked for may hold a token of some site.
pub(super) fn private(log: &Utf8Path) -> std::io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    let file = std::fs::OpenOptions::new().append(true).create(true).mode(0o640).open(log)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o640))
}

fn directories(logs: &Utf8Path) -> Vec<Utf8PathBuf> {
    let sites = std::fs::read_dir(logs.join("sites")).into_iter().flatten().flatten();
    let mut all: Vec<Utf8PathBuf> =
        sites.filter_map(|entry| Utf8PathBuf::from_path_buf(entry.path()).ok()).collect();
    all.push(logs.join("cron"));
    all.push(logs.to_owned());
    all
}

fn logs(directory: &Utf8Path) -> Vec<Utf8PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let paths = entries.filter_map(|entry| Utf8PathBuf::from_path_buf(entry.path()).ok());
    // PostgreSQL writes to a file that it never opens anew; its log stays.
    paths
        .filter(|path| {
            path.extension() == Some("log")
                && !path.file_name().is_some_and(|name| name.starts_with("server-"))
        })
        .collect()
}

fn shift(log: &Utf8Path, kept: u32) -> bool {
    let numbered = |number: u32| Utf8PathBuf::from(format!("{log}.{number}"));
    for number in (1..kept).rev() {
        // Missing ones are no fault: there were not so many yet.
        std::fs::rename(numbered(number), numbered(number + 1)).ok();
    }
    std::fs::rename(log, numbered(1)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_logs_move_up_and_the_oldest_goes() {
        let directory = tempfile::tempdir().unwrap();
        let log = Utf8PathBuf::from_path_buf(directory.path().join("access.log")).unwrap();
        for text in ["a", "b", "c", "d"] {
            std::fs::write(&log, text).unwrap();
            assert!(shift(&log, 2));
        }
        let read = |number: u32| std::fs::read_to_string(format!("{log}.{number}")).unwrap();
        assert_eq!((read(1).as_str(), read(2).as_str()), ("d", "c"));
        assert!(!log.exists() && !Utf8PathBuf::from(format!("{log}.3")).exists());
        private(&log).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&log.metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o640);
    }
}
