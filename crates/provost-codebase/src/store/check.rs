//! What survives a power cut: which files may not be on the disk yet, and finding those that never got there.

use std::fs::File;
use std::sync::atomic::{AtomicU64, Ordering};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::write::is_alive;
use super::{Store, StoreError};
use crate::object::{Hasher, Kind, ObjectId};

/// How the marks are named: this, the process, a number.
const UNSYNCED: &str = "unsynced-";

/// How a mark's name ends when nobody writes under it any more.
const ENDED: &str = "-ended";

/// Distinguishes marks of one process.
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// What a check of the whole store found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checked {
    /// Files whose content is what their name says.
    pub whole: u64,
    /// Files that were removed because it is not. A build that needs one takes it from git again.
    pub removed: Vec<Utf8PathBuf>,
}

impl Store {
    /// Says that files are about to be written which a power cut could lose. Tell [`Store::writing_ended`] when they are.
    pub(super) fn writing_begins(&self) -> Result<Utf8PathBuf, StoreError> {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let path = self.root.join(format!("{UNSYNCED}{}-{number}", std::process::id()));
        provost_engine::files::write_whole(
            &path,
            boot().as_bytes(),
            0o644,
            &provost_engine::process::Account::Own,
        )
        .map_err(|error| StoreError::io("write", &path, error))?;
        Ok(path)
    }

    /// Says that nobody writes under this mark any more: the next sync makes it void.
    pub(super) fn writing_ended(mark: &Utf8Path) {
        // If it cannot be renamed it stays until we are gone, and costs a sync more.
        drop(fs::rename(mark, format!("{mark}{ENDED}")));
    }

    /// Whether anybody wrote files that may not be on the disk yet.
    pub(crate) fn is_unsynced(&self) -> bool {
        !self.marks().is_empty()
    }

    /// Writes everything to the disk.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        let failed = |error: std::io::Error| StoreError::io("sync", &self.root, error);
        let root = File::open(&self.root).map_err(failed)?;
        let ended: Vec<_> = self.marks().into_iter().filter(|(path, pid)| is_void(path, *pid)).collect();
        rustix::fs::syncfs(&root).map_err(|error| failed(error.into()))?;
        for (path, _) in ended {
            drop(fs::remove_file(&path));
        }
        Ok(())
    }

    /// Whether the machine went down between writing and syncing: then any file may be empty or torn.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.marks().iter().any(|(path, _)| is_of_another_boot(path))
    }

    fn marks(&self) -> Vec<(Utf8PathBuf, i32)> {
        super::write::marked_by_processes(&self.root, UNSYNCED)
    }

    /// Hashes every file and removes those whose content is not what their name says.
    ///
    /// # Errors
    /// When the store cannot be read, or `stop` says so.
    pub fn check(&self, stop: &dyn Fn() -> bool) -> Result<Checked, StoreError> {
        let mut checked = Checked::default();
        for shard in 0..=255 {
            let directory = self.shard(shard);
            let Ok(entries) = fs::read_dir(&directory) else { continue };
            for entry in entries {
                if stop() {
                    return Err(StoreError::Cancelled);
                }
                let name = entry.map_err(|error| StoreError::io("read", &directory, error))?.file_name();
                let path = directory.join(name.to_string_lossy().as_ref());
                let named = format!("{shard:02x}{}", name.to_string_lossy());
                let named = named.get(..40).and_then(|hex| ObjectId::from_hex(hex.as_bytes()));
                let real = hash(&path).map_err(|error| StoreError::io("read", &path, error))?;
                if named == Some(real) {
                    checked.whole += 1;
                } else {
                    fs::remove_file(&path).map_err(|error| StoreError::io("remove", &path, error))?;
                    checked.removed.push(path);
                }
            }
        }
        Ok(checked)
    }
}

/// Whether nobody can still be writing under a mark.
fn is_void(path: &Utf8Path, pid: i32) -> bool {
    path.as_str().ends_with(ENDED) || !is_alive(pid) || is_of_another_boot(path)
}

fn is_of_another_boot(path: &Utf8Path) -> bool {
    fs::read_to_string(path).is_ok_and(|then| then != boot())
}

pub(super) fn hash(path: &Utf8Path) -> std::io::Result<ObjectId> {
    let mut file = File::open(path)?;
    let mut hasher = Hasher::new(Kind::Blob, file.metadata()?.len());
    let mut piece = vec![0; 64 << 10];
    loop {
        let got = std::io::Read::read(&mut file, &mut piece)?;
        if got == 0 {
            return Ok(hasher.finish());
        }
        hasher.update(&piece[..got]);
    }
}

/// A name of the time since the machine was last started.
fn boot() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default()
}
