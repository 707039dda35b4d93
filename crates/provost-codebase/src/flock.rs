//! Locks between processes: an empty file that one holds locked. The kernel lets go of it when the holder dies, so there
//! is nothing to clean up and no number that could belong to somebody else.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::sync::{Arc, LazyLock, PoisonError};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use provost_engine::context::Context;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// How often a held lock is tried again. What is waited for are downloads and assemblies of a second or more.
const PATIENCE: Duration = Duration::from_millis(50);

/// A lock that is held until dropped.
#[derive(Debug)]
pub struct Flock {
    file: File,
    turn: Option<Turn>,
}

/// A turn among those in this process who want the same lock.
type Turn = OwnedMutexGuard<()>;

/// Who has a turn, by the path of the lock. What a process does side by side takes turns here and says nothing: on the file, it would
/// meet itself and take itself for another process.
static TURNS: LazyLock<std::sync::Mutex<HashMap<Utf8PathBuf, Arc<Mutex<()>>>>> =
    LazyLock::new(Default::default);

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
        // Only now: who has the next turn finds the file free.
        drop(self.turn.take());
    }
}

/// The turns for a lock. What nobody waits for any more is forgotten.
fn turns_for(path: &Utf8Path) -> Arc<Mutex<()>> {
    // A panic elsewhere leaves the map as it was.
    let mut turns = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
    turns.retain(|_, turn| Arc::strong_count(turn) > 1);
    turns.entry(path.to_owned()).or_default().clone()
}

impl Flock {
    /// Takes a lock, waiting for whoever holds it; `waiting` is told once if that is another process.
    ///
    /// # Errors
    /// When the file cannot be made, or the command is cancelled.
    pub async fn take(cx: &Context, path: &Utf8Path, waiting: &str) -> Result<Self, FlockError> {
        let turn = tokio::select! {
            () = cx.cancel.cancelled() => return Err(FlockError::Cancelled(path.to_owned())),
            turn = turns_for(path).lock_owned() => turn,
        };
        let mut lock = Self::wait(cx, path, waiting, Self::try_take).await?;
        lock.turn = Some(turn);
        Ok(lock)
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
            Ok(()) => Ok(Some(Self { file, turn: None })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Place;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn a_process_takes_turns_with_itself_and_says_nothing() {
        const TURNS_TAKEN: usize = 20;
        let place = Place::new();
        let path = place.root.join("x.lock");
        let inside = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let mut all = Vec::new();
        for _ in 0..TURNS_TAKEN {
            let (cx, path, inside) = (place.cx.clone(), path.clone(), inside.clone());
            all.push(tokio::spawn(async move {
                let lock = Flock::take(&cx, &path, "waiting for another").await.unwrap();
                assert!(!inside.swap(true, std::sync::atomic::Ordering::SeqCst), "one at a time");
                tokio::task::yield_now().await;
                inside.store(false, std::sync::atomic::Ordering::SeqCst);
                drop(lock);
            }));
        }
        for one in all {
            one.await.unwrap();
        }
        assert_eq!(place.told(), "");
        assert!(Arc::strong_count(&turns_for(&path)) == 2, "nobody has it");
    }

    #[tokio::test]
    async fn another_process_is_told_of_and_who_waits_can_be_cancelled() {
        let place = Place::new();
        let path = place.root.join("x.lock");
        // A file opened anew is to the kernel what another process is.
        let other = Flock::try_take(&path).unwrap().unwrap();
        let (cx, at) = (place.cx.clone(), path.clone());
        let waiting = tokio::spawn(async move { Flock::take(&cx, &at, "waiting for another").await });
        while !place.told().contains("waiting for another") {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let (cx, at) = (place.cx.clone(), path.clone());
        let second = tokio::spawn(async move { Flock::take(&cx, &at, "waiting for another").await });
        place.cx.cancel.cancel();
        for one in [waiting, second] {
            assert!(matches!(one.await.unwrap(), Err(FlockError::Cancelled(_))));
        }
        drop(other);
    }
}
