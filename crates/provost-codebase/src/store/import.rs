//! From a git repository into the store.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use provost_engine::context::Context;
use provost_engine::process::Running;

use super::{Key, Store, StoreError};
use crate::git::{BatchPipe, Git, GitError, Reply, Source};
use crate::object::{Kind, ObjectId};

/// Contents up to this many bytes go through memory to the writing threads; larger ones are written as they are read.
const SMALL: u64 = 1 << 20;

/// How many small contents wait to be written, at most: 32 MB if all are as large as may be, far less in a Moodle.
const WAITING: usize = 32;

/// Threads that write. Each waits for the journal half of its time; more of them only queue there.
const WRITERS: usize = 2;

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Imported {
    /// Files written.
    pub files: u64,
}

/// One content to write, in one or both modes.
struct Job {
    id: ObjectId,
    keys: Vec<Key>,
    content: Vec<u8>,
}

impl Store {
    /// Writes files out of a repository into the store. `done` counts them as they are written.
    ///
    /// # Errors
    /// [`GitError::Damaged`] when the repository lacks one, [`StoreError::Full`], [`StoreError::Cancelled`].
    pub async fn import(
        &self,
        cx: &Context,
        git: &Git,
        source: &Source,
        keys: &[Key],
        done: &Arc<AtomicU64>,
    ) -> Result<Imported, StoreError> {
        if keys.is_empty() {
            return Ok(Imported::default());
        }
        self.remove_leftovers();
        let (running, pipe) = git.batch(source).await?;
        let mark = self.writing_begins()?;
        let imported = self.write_all(cx, git, source, keys, done, running, pipe).await;
        Self::writing_ended(&mark);
        imported
    }

    #[expect(clippy::too_many_arguments, reason = "the second half of `import`, between its marks")]
    async fn write_all(
        &self,
        cx: &Context,
        git: &Git,
        source: &Source,
        keys: &[Key],
        done: &Arc<AtomicU64>,
        mut running: Running,
        pipe: BatchPipe,
    ) -> Result<Imported, StoreError> {
        let (store, repository, keys) = (self.clone(), source.to_string(), keys.to_vec());
        let (done, cancel) = (Arc::clone(done), cx.cancel.clone());
        let work = tokio::task::spawn_blocking(move || {
            let stop = || cancel.is_cancelled();
            read_and_write(&store, pipe, &repository, &keys, &done, &stop)
        });
        let mut work = std::pin::pin!(work);
        let ended = tokio::select! {
            ended = &mut work => ended,
            () = cx.cancel.cancelled() => {
                // Without git the pipe ends, and with it the threads.
                running.end().await;
                drop(work.await);
                return Err(StoreError::Cancelled);
            }
        };
        running.end().await;
        match ended {
            Ok(Ok(files)) => Ok(Imported { files }),
            Ok(Err(Failure::Missing(id))) => Err(git.damaged(source, id.to_string()).into()),
            Ok(Err(Failure::Store(error))) => Err(error),
            Ok(Err(Failure::Pipe(source))) => Err(GitError::from(source).into()),
            Err(panic) => Err(GitError::Answer(panic.to_string()).into()),
        }
    }
}

/// Writes a content of a length under a key.
type Write<'a> = dyn Fn(ObjectId, Key, &mut dyn Read, u64) -> Result<(), StoreError> + Sync + 'a;

enum Failure {
    Missing(ObjectId),
    Store(StoreError),
    Pipe(std::io::Error),
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Pipe(error)
    }
}

fn read_and_write(
    store: &Store,
    pipe: BatchPipe,
    repository: &str,
    keys: &[Key],
    done: &AtomicU64,
    stop: &dyn Fn() -> bool,
) -> Result<u64, Failure> {
    let mut wanted: BTreeMap<ObjectId, Vec<Key>> = BTreeMap::new();
    for key in keys {
        wanted.entry(key.id).or_default().push(*key);
    }
    // Git reads a pack best in the order in which we were asked: that of the tree.
    let mut seen = std::collections::BTreeSet::new();
    let ids: Vec<ObjectId> = keys.iter().map(|key| key.id).filter(|id| seen.insert(*id)).collect();
    let (send, receive) = sync_channel::<Job>(WAITING);
    let receive = Mutex::new(receive);
    let failed: Mutex<Option<StoreError>> = Mutex::new(None);
    let write = |id: ObjectId, key: Key, content: &mut dyn Read, length: u64| {
        let found = store.put(key, content, length)?;
        if found != id {
            return Err(StoreError::Content { repository: repository.to_owned(), id });
        }
        done.fetch_add(1, Ordering::Relaxed);
        Ok(())
    };
    let read = std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| write_jobs(&receive, &failed, &write));
        }
        let read = pipe.ask(&ids, |id, reply, content| {
            if stop() || lock(&failed).is_some() {
                return Err(Failure::Store(StoreError::Cancelled));
            }
            let Reply::Object { kind: Kind::Blob, length, .. } = reply else {
                return Err(Failure::Missing(id));
            };
            let keys = wanted.remove(&id).unwrap_or_default();
            take(id, keys, content, length, &send, &write)
        });
        drop(send);
        read
    });
    match (lock(&failed).take(), read) {
        (Some(error), _) => Err(Failure::Store(error)),
        (None, Err(failure)) => Err(failure),
        (None, Ok(())) => Ok(keys.len() as u64),
    }
}

fn take(
    id: ObjectId,
    keys: Vec<Key>,
    content: &mut dyn Read,
    length: u64,
    send: &SyncSender<Job>,
    write: &Write<'_>,
) -> Result<(), Failure> {
    if length > SMALL && keys.len() == 1 {
        return write(id, keys[0], content, length).map_err(Failure::Store);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    content.read_to_end(&mut bytes)?;
    if bytes.len() as u64 != length {
        // Git died in mid-object.
        return Err(Failure::Missing(id));
    }
    // The writers are gone only when they failed, which is told by what they left.
    drop(send.send(Job { id, keys, content: bytes }));
    Ok(())
}

fn write_jobs(jobs: &Mutex<Receiver<Job>>, failed: &Mutex<Option<StoreError>>, write: &Write<'_>) {
    loop {
        let next = lock(jobs).recv();
        let Ok(job) = next else { return };
        if lock(failed).is_some() {
            // Keep taking, so that the reading thread is not left waiting.
            continue;
        }
        for key in job.keys {
            let length = job.content.len() as u64;
            if let Err(error) = write(job.id, key, &mut job.content.as_slice(), length) {
                lock(failed).get_or_insert(error);
                break;
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
