//! Where a session keeps what is on its way: in memory, where all of it fits, else beside the fleet's state.
//!
//! A backup is thousands of small files that live for a minute, written at the source, read, written again at the target and read again.
//! On a disk their making and the waiting for them was a quarter of a unit's time (measured: four S courses of core's generator, two
//! workers, ext4). What memory loses is lost with the machine, and made again by the unit's next attempt, as is what anybody deletes. Only a small part of the
//! memory is used: contents that the target has not got are among it, and sites live on this machine.

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::registry::{Registry, Session as Row};
use provost_fleet::archive::Archive;
use rustix::fs::{statfs, statvfs};

use super::ArchiveError;
use crate::OpsError;
use crate::session::Session;

/// Where Linux has files in memory for everybody.
const MEMORY: &str = "/dev/shm";

/// The type of such a file system, of `linux/magic.h`.
const TMPFS: u64 = 0x0102_1994;

/// The part of what is free that a session may take.
const PART: u64 = 4;

/// What a course's structure is taken for, in bytes: one of 307 activities and 1,000 people has 10 MB.
const STRUCTURE: u64 = 64 << 20;

/// A session's directories.
pub(super) struct Way {
    /// What is on its way.
    pub(super) work: Utf8PathBuf,
    /// What must outlive the machine.
    pub(super) kept: Utf8PathBuf,
}

impl Way {
    /// Those of a session: where an earlier run of it has begun, there it goes on.
    pub(super) async fn of(
        session: &Session,
        declared: &Archive,
        row: &Row,
        registry: &dyn Registry,
    ) -> Result<Self, OpsError> {
        let name = format!("{}-{}", row.id.0, row.tag());
        let kept = session.cx.paths.state.join("data/archive").join(&name);
        let Some(memory) = ours(session.cx.paths.run.file_name().unwrap_or("fleet")) else {
            return Ok(Self { work: kept.clone(), kept });
        };
        let work = memory.join(&name);
        let begun = [&kept, &work].map(|path| path.join("source").is_dir());
        let in_memory = match begun {
            [true, _] => false,
            [false, true] => true,
            [false, false] => {
                // Elsewhere than on this machine there is another memory.
                let here = declared.from.host.is_none() && declared.to.host.is_none();
                let totals = registry.totals(row.id).await.map_err(ArchiveError::from)?;
                let all = |number: i64| u64::try_from(number).unwrap_or(u64::MAX);
                here && fits(all(totals.units()), all(totals.bytes(|_| true)), free())
            }
        };
        // Whoever was quicker to make a directory of that name has it, and the disk is there for us.
        let work = if in_memory && claimed(&memory) { work } else { kept.clone() };
        Ok(Self { work, kept })
    }

    /// Removes what is left of it in memory.
    pub(super) fn clear(&self) -> std::io::Result<()> {
        // Empty now, as far as nobody needs what is in it.
        fs_err::remove_dir(&self.kept).ok();
        if self.work == self.kept {
            return Ok(());
        }
        match fs_err::remove_dir_all(&self.work) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => {
                // Other sessions may have something in it.
                self.work.parent().map(fs_err::remove_dir).transpose().ok();
                Ok(())
            }
        }
    }
}

/// The fleet's own directory in memory. `None`: there is no such memory, or somebody else has a directory of that name.
fn ours(fleet: &str) -> Option<Utf8PathBuf> {
    let memory = Utf8Path::new(MEMORY);
    let found = statfs(memory.as_std_path()).ok()?;
    let directory = memory.join(format!("provost-{fleet}"));
    let ours = match std::fs::symlink_metadata(&directory) {
        Ok(found) => {
            use std::os::unix::fs::MetadataExt as _;
            found.is_dir() && found.uid() == rustix::process::geteuid().as_raw()
        }
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    (u64::try_from(found.f_type).ok() == Some(TMPFS) && ours).then_some(directory)
}

/// Makes the fleet's own directory, and looks whose it is only then: everybody may write beside it, and nobody may take away what is ours.
fn claimed(directory: &Utf8Path) -> bool {
    use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
    // One that is there is looked at like one that was made.
    std::fs::DirBuilder::new().mode(0o711).create(directory).ok();
    std::fs::symlink_metadata(directory)
        .is_ok_and(|found| found.is_dir() && found.uid() == rustix::process::geteuid().as_raw())
}

/// Bytes that may be had there: a file system in memory promises more than there is.
fn free() -> u64 {
    let there = statvfs(MEMORY).map_or(0, |found| found.f_bavail.saturating_mul(found.f_frsize));
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    there.min(available(&text))
}

/// Memory that can be taken without anybody being swapped out, in bytes, as `/proc/meminfo` has it.
fn available(meminfo: &str) -> u64 {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or(0).saturating_mul(1024)
}

/// Whether a session's courses fit, all at once: those that fail stay until somebody has decided on them.
fn fits(units: u64, contents: u64, free: u64) -> bool {
    units.saturating_mul(STRUCTURE).saturating_add(contents) <= free / PART
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_fits_many_times_is_in_memory() {
        assert!(fits(44, 900 << 20, 16 << 30));
        assert!(!fits(44, 900 << 20, 8 << 30));
        assert!(!fits(10_000, 0, 64 << 30));
        assert!(!fits(1, u64::MAX, u64::MAX));
        assert!(!fits(u64::MAX, 1, u64::MAX));
    }

    #[test]
    fn what_is_available_is_read() {
        assert_eq!(available("MemTotal:  100 kB\nMemAvailable:   20 kB\n"), 20 * 1024);
        assert_eq!(available("MemTotal: 100 kB\n"), 0);
        assert_eq!(available("MemAvailable: many kB\n"), 0);
    }
}
