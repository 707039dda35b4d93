//! Locks between processes: an empty file that one holds locked. The kernel lets go of it when the holder dies, so there
//! is nothing to clean up and no number that could belong to somebody else.

use std::fs::{File, TryLockError};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use provost_engine::context::Context;

/// How often a held lock is tried again. What is waited for are downloads and assemblies of a second or more.
const PATIENCE: Duration = Duration::from_millis(50);

/// A lock that is held until dropped.
#[derive(Debug)]
pub struct Flock {
    file: File,
}

/// Why a lock was not had.
#[derive(Debug, thiserror::Error)]
pub enum FlockError {
    /// Its file could not be opened or locked.
    #[error("cannot lock `{path}`")]
    Io {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The command was cancelled while it waited.
    #[error("interrupted while waiting for `{0}`")]
    Cancelled(Utf8PathBuf),
}

impl Drop for Flock {
    /// Closing the file would do, if nobody else had it: a child that another thread is starting at this moment has every
    /// open file until it runs its program, and with it the lock.
    fn drop(&mut self) {
        drop(self.file.unlock());
    }
}

impl Flock {
    /// Takes a lock, waiting for whoever holds it; `waiting` is told once if there is somebody.
    ///
    /// # Errors
    /// When the file cannot be made, or the command is cancelled.
    pub async fn take(cx: &Context, path: &Utf8Path, waiting: &str) -> Result<Self, FlockError> {
        Self::wait(cx, path, waiting, Self::try_take).await
    }

    /// Takes a lock that others may hold in the same way at the same time, but nobody alone.
    ///
    /// # Errors
    /// When the file cannot be made, or the command is cancelled.
    pub async fn take_shared(cx: &Context, path: &Utf8Path, waiting: &str) -> Result<Self, FlockError> {
        Self::wait(cx, path, waiting, Self::try_take_shared).await
    }

    async fn wait(
        cx: &Context,
        path: &Utf8Path,
        waiting: &str,
        attempt: fn(&Utf8Path) -> Result<Option<Self>, FlockError>,
    ) -> Result<Self, FlockError> {
        let mut told = false;
        loop {
            if let Some(lock) = attempt(path)? {
                return Ok(lock);
            }
            if !told {
                cx.note(waiting);
                told = true;
            }
            tokio::select! {
                () = cx.cancel.cancelled() => return Err(FlockError::Cancelled(path.to_owned())),
                () = tokio::time::sleep(PATIENCE) => {}
            }
        }
    }

    /// Takes a lock if nobody holds it.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn try_take(path: &Utf8Path) -> Result<Option<Self>, FlockError> {
        Self::attempt(path, File::try_lock)
    }

    /// Takes a lock together with others if nobody holds it alone.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn try_take_shared(path: &Utf8Path) -> Result<Option<Self>, FlockError> {
        Self::attempt(path, File::try_lock_shared)
    }

    fn attempt(
        path: &Utf8Path,
        how: fn(&File) -> Result<(), TryLockError>,
    ) -> Result<Option<Self>, FlockError> {
        let failed = |source| FlockError::Io { path: path.to_owned(), source };
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).map_err(failed)?;
        }
        let file = File::options().create(true).truncate(false).write(true).open(path).map_err(failed)?;
        match how(&file) {
            Ok(()) => Ok(Some(Self { file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}
