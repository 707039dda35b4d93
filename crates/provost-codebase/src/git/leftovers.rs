//! What a killed git leaves in a repository of the cache.

use std::time::{Duration, Instant, SystemTime};

use camino::Utf8Path;
use fs_err as fs;

use super::fetch::DOWNLOAD;
use super::{Git, GitError};
use crate::flock::FlockError;

/// How often a git that is still at work is looked for again.
const PATIENCE: Duration = Duration::from_millis(50);

/// How long it is waited for. One that was killed is gone in a moment; one that was left alone may have an hour's work before it,
/// and then it is better to say so than to wait.
const WAIT: Duration = Duration::from_secs(20);

impl Git {
    /// Removes lock files and unfinished packs of a git that was killed; called with our own lock on the repository held, so
    /// that no other Provost works on it. Whether a git is still alive there (of a killed Provost of another fleet, or the
    /// user's own) is told by who stands in the directory: `git -C` does. Where one does, only what is older than any download goes.
    pub(super) async fn remove_leftovers(&self, repository: &Utf8Path) -> Result<(), GitError> {
        let lock = repository.join("shallow.lock");
        let end = Instant::now() + WAIT;
        let mut busy = is_busy(repository);
        // Without the lock, the other one is in nobody's way.
        while busy && lock.exists() && Instant::now() < end {
            tokio::select! {
                () = self.context().cancel.cancelled() => return Err(FlockError::Cancelled(lock).into()),
                () = tokio::time::sleep(PATIENCE) => {}
            }
            busy = is_busy(repository);
        }
        remove(repository, if busy { DOWNLOAD } else { Duration::ZERO });
        Ok(())
    }
}

fn remove(repository: &Utf8Path, age: Duration) {
    // Held during a whole download at a depth; while it is there no git fetches.
    remove_if_older(&repository.join("shallow.lock"), age);
    // Ours alone, so that one of the user's own is never meant.
    each(&repository.join("refs/provost"), |name| name.ends_with(".lock"), age);
    each(&repository.join("objects/pack"), |name| name.starts_with("tmp_"), age);
    // These are held for moments, but also by others.
    for name in ["packed-refs.lock", "config.lock", "HEAD.lock"] {
        remove_if_older(&repository.join(name), DOWNLOAD);
    }
}

fn each(directory: &Utf8Path, wanted: impl Fn(&str) -> bool, age: Duration) {
    let Ok(entries) = directory.read_dir_utf8() else { return };
    for entry in entries.flatten().filter(|entry| wanted(entry.file_name())) {
        remove_if_older(entry.path(), age);
    }
}

fn remove_if_older(path: &Utf8Path, age: Duration) {
    let made = fs::symlink_metadata(path).and_then(|found| found.modified());
    if made.is_ok_and(|at| SystemTime::now().duration_since(at).unwrap_or_default() >= age) {
        drop(fs::remove_file(path));
    }
}

/// Whether a git that may write is at work in a repository. Where that cannot be told, one may be.
fn is_busy(repository: &Utf8Path) -> bool {
    let (Ok(repository), Ok(all)) = (repository.canonicalize_utf8(), fs::read_dir("/proc")) else {
        return true;
    };
    let number = |name: &str| name.bytes().all(|letter| letter.is_ascii_digit());
    all.flatten().filter(|entry| entry.file_name().to_str().is_some_and(number)).any(|process| {
        let path = process.path();
        // Those of other users cannot be read, and cannot write to our cache; the dead stand nowhere.
        fs::read_link(path.join("cwd")).is_ok_and(|at| at == *repository.as_std_path())
            && fs::read(path.join("cmdline")).is_ok_and(|arguments| may_write(&arguments))
    })
}

/// Whether a command line is that of a git which is not one of our readers.
fn may_write(arguments: &[u8]) -> bool {
    const READERS: [&[u8]; 5] = [b"cat-file", b"ls-tree", b"log", b"rev-list", b"upload-pack"];
    let mut words = arguments.split(|byte| *byte == 0);
    let name = words.next().and_then(|path| path.rsplit(|byte| *byte == b'/').next()).unwrap_or_default();
    name.starts_with(b"git") && !words.any(|word| READERS.contains(&word))
}

#[cfg(test)]
mod tests;
