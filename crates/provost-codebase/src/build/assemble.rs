//! Assembling: list, link, fetch what is missing, check, seal, rename.

use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use provost_engine::context::Context;
use provost_engine::plan::StepId;

use crate::flock::Flock;
use crate::git::{Git, GitError};
use crate::store::{Key, Links, Store, StoreError};

use super::hook::{seal, write_hook};
use super::leftovers::{aside, lock_path, remove_leftovers};
use super::links::{Linking, MissingFiles, key_of};
use super::record::Origin;
use super::stamps::{Gathered, Stamps};
use super::{BuildError, Hook, Recipe, Shallow, TreePlan, verify_shallow};

/// How often progress is told.
const TELL: Duration = Duration::from_millis(200);

/// Threads that link, at most. They meet in the journal of one file system: beyond a few they only wait for each other.
const MOST_THREADS: usize = 4;

/// A build that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assembled {
    /// Where.
    pub path: Utf8PathBuf,
    /// How many files and symlinks it has, without `config.php`.
    pub files: u64,
    /// How many of them came from git; the others were in the store.
    pub imported: u64,
    /// Whether it was there before.
    pub was_there: bool,
}

/// Makes a build unless it is there, without a record of what it is made of; see [`assemble_for`].
///
/// # Errors
/// See [`BuildError`].
pub async fn assemble(cx: &Context, step: &StepId, recipe: &Recipe) -> Result<Assembled, BuildError> {
    assemble_for(cx, step, recipe, None).await
}

/// Makes a build unless it is there, and keeps what it is made of. When this returns an error, its place is as it was.
///
/// # Errors
/// See [`BuildError`].
pub async fn assemble_for(
    cx: &Context,
    step: &StepId,
    recipe: &Recipe,
    origin: Option<&Origin>,
) -> Result<Assembled, BuildError> {
    let (builds, path) = (cx.paths.builds(), cx.paths.build(&recipe.tree.to_string()));
    let waiting = format!("waiting for another provost that assembles {}", recipe.tree);
    let _lock = Flock::take(cx, &lock_path(&builds, recipe.tree), &waiting).await?;
    let (place, tree) = (builds.clone(), recipe.tree);
    blocking(move || Ok(remove_leftovers(&place, tree)?)).await?;
    let git = Git::find(cx).await?;
    let store = Store::open(&cx.paths.store())?;
    let _held = store.hold(cx).await?;
    // Here and not only where files are brought: what is killed while it keeps a listing may have brought them all.
    store.remove_leftovers();
    store.register(&builds)?;
    if store.is_doubtful() {
        check_store(cx, &store).await?;
    }
    let is_new = store.kept_listing(recipe.tree).is_none();
    let plan = Arc::new(recipe.plan(&git, &store).await?);
    let files = plan.len() as u64;
    let keep_record = || match origin {
        Some(origin) => super::record::keep(&builds, recipe.tree, origin, || cx.now().to_string()),
        None => Ok(()),
    };
    match verify_shallow(&path).map_err(|error| StoreError::io("look at", &path, error))? {
        Shallow::Build { hook, sealed } => {
            if hook != Hook::Current || !sealed {
                super::refresh_hook(&path)?;
            }
            keep_record()?;
            return Ok(Assembled { path, files, imported: 0, was_there: true });
        }
        Shallow::Nothing => {}
        Shallow::Foreign(_) => return Err(BuildError::Foreign(path)),
    }
    let aside = aside(&builds, recipe.tree);
    fs::create_dir(&aside).map_err(|error| StoreError::io("make", &aside, error))?;
    let gathered = Arc::new(Gathered::new(plan.len()));
    let work = Work { cx, step, recipe, git: &git, store: &store, plan, is_new, aside: &aside, gathered };
    let placed = async {
        let imported = work.fill().await?;
        keep_record()?;
        fs::rename(&aside, &path).map_err(|error| StoreError::io("rename", &aside, error))?;
        Ok(imported)
    };
    let placed = placed.await;
    match placed {
        Ok(imported) => Ok(Assembled { path, files, imported, was_there: false }),
        Err(error) => {
            // What cannot be removed now, the next assembly removes.
            drop(blocking(move || Ok(super::remove_build(&aside)?)).await);
            Err(if cx.cancel.is_cancelled() { BuildError::Cancelled } else { error })
        }
    }
}

struct Work<'a> {
    cx: &'a Context,
    step: &'a StepId,
    recipe: &'a Recipe,
    git: &'a Git,
    store: &'a Store,
    plan: Arc<TreePlan>,
    /// Whether the store had not heard of this tree.
    is_new: bool,
    aside: &'a Utf8Path,
    gathered: Arc<Gathered>,
}

impl Work<'_> {
    /// Fills the directory; returns how many files came from git.
    async fn fill(&self) -> Result<u64, BuildError> {
        // A sync also writes what is known of each link that was just made, and takes longer for that than all else together. So what a
        // new tree brings is stored, and synced, before there is any.
        let early = if self.is_new { self.import(self.lacking().await?).await? } else { 0 };
        self.sync_after(early).await?;
        let missing = self.link(None).await?;
        let late = self.import(missing.iter().map(|(_, key)| *key).collect()).await?;
        let missing = self.link(Some(missing)).await?;
        debug_assert!(missing.is_empty());
        write_hook(self.aside)?;
        self.check()?;
        self.keep_stamps()?;
        self.sync_after(late).await?;
        seal(self.aside)?;
        Ok(early + late)
    }

    /// What the store has not, of all files.
    async fn lacking(&self) -> Result<Vec<Key>, BuildError> {
        let (plan, store) = (self.plan.clone(), self.store.clone());
        blocking(move || {
            let links = Links::new(&store);
            Ok(plan.entries().iter().map(key_of).filter(|key| !links.has(*key)).collect())
        })
        .await
    }

    /// Puts into the store what it lacks; returns how many files these were.
    async fn import(&self, keys: Vec<Key>) -> Result<u64, BuildError> {
        import(self.cx, Some(self.step), self.recipe, self.git, self.store, keys.into_iter()).await
    }

    /// Files newly written to the store may still be in memory only, and after a power cut a renamed build could have empty ones. Links
    /// and the rename itself are in the file system's journal, in order: a warm build needs no sync, unless somebody else has written
    /// and died.
    async fn sync_after(&self, imported: u64) -> Result<(), BuildError> {
        if imported > 0 || self.store.is_unsynced() {
            let store = self.store.clone();
            blocking(move || Ok(store.sync()?)).await?;
        }
        Ok(())
    }

    /// Links everything, or what was missing before.
    async fn link(&self, before: Option<MissingFiles>) -> Result<MissingFiles, BuildError> {
        let done = Arc::new(AtomicU64::new(0));
        let (plan, store, at) = (self.plan.clone(), self.store.clone(), self.aside.to_owned());
        let (count, gathered, cancel) = (done.clone(), self.gathered.clone(), self.cx.cancel.clone());
        let threads = self.cx.machine.cores.clamp(1, MOST_THREADS);
        let total = before.as_ref().map_or(self.plan.len(), Vec::len) as u64;
        let work = blocking(move || {
            let stop = || cancel.is_cancelled();
            let linking = Linking::new(&plan, &store, &at, &count, &gathered, &stop)?;
            match before {
                None => linking.run(threads),
                Some(missing) => {
                    linking.run_again(&missing)?;
                    linking.seal(&missing)?;
                    Ok(Vec::new())
                }
            }
        });
        told(self.cx, Some(self.step), "linking files", &done, total, work).await
    }

    /// Keeps what every file is, for `verify`.
    fn keep_stamps(&self) -> Result<(), BuildError> {
        let builds = self.cx.paths.builds();
        let root = fs::metadata(self.aside).map_err(|error| StoreError::io("look at", self.aside, error))?;
        super::record::make_directory(&builds)?;
        Ok(Stamps { root: root.ino(), files: self.gathered.all() }.write(&builds, self.recipe.tree)?)
    }

    /// Counts what the build's own directory holds: whatever links well and is not there would show first here.
    fn check(&self) -> Result<(), BuildError> {
        let root = self.plan.directories().first();
        let meant = root.map_or(0, |root| root.files.len() + root.inside.len()) + 1;
        let entries = fs::read_dir(self.aside).map_err(|error| StoreError::io("read", self.aside, error))?;
        let found = entries.count();
        if found != meant {
            return Err(BuildError::NotWhole(format!("{found} entries at its top instead of {meant}")));
        }
        Ok(())
    }
}

/// Puts into the store what it lacks; returns how many files these were.
pub(super) async fn import(
    cx: &Context,
    step: Option<&StepId>,
    recipe: &Recipe,
    git: &Git,
    store: &Store,
    keys: impl Iterator<Item = Key>,
) -> Result<u64, BuildError> {
    let mut known = std::collections::BTreeSet::new();
    let keys: Vec<Key> = keys.filter(|key| known.insert(*key)).collect();
    if keys.is_empty() {
        return Ok(0);
    }
    let total = keys.len() as u64;
    let done = Arc::new(AtomicU64::new(0));
    for (part, own) in recipe.share(git, keys).await? {
        let before = done.load(Ordering::Relaxed);
        let note = format!("reading files of {}", part.source);
        let import = async { Ok(store.import(cx, git, &part.source, &own, &done).await?) };
        match told(cx, step, &note, &done, total, import).await {
            Err(BuildError::Store(StoreError::Git(GitError::Damaged { cached: true, .. }))) => {
                // The cache has lost something: once more, with a fresh download.
                git.fetch_again(&part.source, part.commit).await.map_err(|error| match error {
                    GitError::Unreachable { .. } => git.damaged(&part.source, part.commit.to_string()),
                    other => other,
                })?;
                done.store(before, Ordering::Relaxed);
                store.import(cx, git, &part.source, &own, &done).await?;
            }
            other => drop(other?),
        }
    }
    Ok(total)
}

/// Does some work and tells how far it is, if it is the work of a step.
async fn told<T>(
    cx: &Context,
    step: Option<&StepId>,
    note: &str,
    done: &AtomicU64,
    total: u64,
    work: impl Future<Output = Result<T, BuildError>>,
) -> Result<T, BuildError> {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            ended = &mut work => return ended,
            () = tokio::time::sleep(TELL) => {
                let done = done.load(Ordering::Relaxed).min(total);
                if let Some(step) = step {
                    cx.progress(step, note, Some((done, total)));
                }
            }
        }
    }
}

/// After a crash: finds and removes files of the store that never got to the disk.
async fn check_store(cx: &Context, store: &Store) -> Result<(), BuildError> {
    cx.note("the machine went down while files were being stored: checking the store");
    let (store, cancel) = (store.clone(), cx.cancel.clone());
    let checked = blocking(move || {
        let checked = store.check(&|| cancel.is_cancelled())?;
        store.sync()?;
        Ok(checked)
    })
    .await?;
    if !checked.removed.is_empty() {
        cx.note(format!("{} damaged file(s) removed from the store", checked.removed.len()));
    }
    Ok(())
}

pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BuildError> + Send + 'static,
) -> Result<T, BuildError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(panic) => Err(BuildError::NotWhole(panic.to_string())),
    }
}
