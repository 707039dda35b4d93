//! Patches of our own over Moodle and its plugins, as part of the tree.
//!
//! They are applied by git, strictly: a patch that does not fit exactly is refused, for what it meant to do is then not done.
//! There is no checkout; the result is a list of changed paths, and the tree id follows from that.

mod error;

pub use error::PatchError;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use provost_engine::process::Output;
use provost_fleet::lock::LockedPatch;
use sha2::{Digest as _, Sha256};

use crate::build::HOOK_NAME;
use crate::git::{Git, GitError, Listing, Overlay, ScratchIndex, Source, is_plain};
use crate::import::hex;
use crate::object::{Mode, ObjectId};
use crate::resolve::Origins;

/// The largest patch, in bytes. Ten times what a backport of a large feature has; it is held in memory.
pub const LARGEST: usize = 4 << 20;

/// How many patches a codebase may have. Each costs two starts of git; who has more than this wants a branch.
pub const MOST: usize = 100;

/// One patch.
#[derive(Clone, PartialEq, Eq)]
pub struct Patch {
    /// As the fleet file names it.
    pub name: String,
    /// What `git format-patch`, `git diff` or `diff -u` wrote.
    pub content: Vec<u8>,
    /// SHA-256 of the content, in hexadecimal.
    pub sha256: String,
}

impl Patch {
    /// Takes a patch's content.
    pub fn new(name: impl Into<String>, content: Vec<u8>) -> Self {
        let sha256 = hex(&Sha256::digest(&content));
        Self { name: name.into(), content, sha256 }
    }

    /// Reads a patch's file.
    ///
    /// # Errors
    /// [`PatchError::Unreadable`] or [`PatchError::TooLarge`].
    pub fn read(name: impl Into<String>, path: &Utf8Path) -> Result<Self, PatchError> {
        use std::io::Read as _;
        let name = name.into();
        let mut content = Vec::new();
        let read =
            fs::File::open(path).and_then(|file| file.take(LARGEST as u64 + 1).read_to_end(&mut content));
        match read {
            Err(source) => Err(PatchError::Unreadable { patch: name, source }),
            Ok(_) if content.len() > LARGEST => Err(PatchError::TooLarge { patch: name }),
            Ok(_) => Ok(Self::new(name, content)),
        }
    }
}

impl Patch {
    /// As the lock has it.
    pub fn locked(&self) -> LockedPatch {
        LockedPatch { path: self.name.clone(), sha256: self.sha256.clone() }
    }
}

/// Reads patches that the fleet file names.
///
/// # Errors
/// As [`Patch::read`], for the first one.
pub fn read_all(origins: &Origins, paths: &[Utf8PathBuf]) -> Result<Vec<Patch>, Box<PatchError>> {
    let read = paths.iter().map(|path| Patch::read(path.as_str(), &origins.path(path)));
    read.collect::<Result<_, _>>().map_err(Box::new)
}

/// Reads the patches that a lock names; they must still be what they were.
///
/// # Errors
/// As [`Patch::read`], and [`PatchError::OtherContent`].
pub fn read_locked(origins: &Origins, locked: &[LockedPatch]) -> Result<Vec<Patch>, Box<PatchError>> {
    let read = locked.iter().map(|locked| {
        let patch = Patch::read(locked.path.as_str(), &origins.path(&locked.path))?;
        if patch.sha256 == locked.sha256 {
            Ok(patch)
        } else {
            Err(PatchError::OtherContent { patch: patch.name })
        }
    });
    read.collect::<Result<_, _>>().map_err(Box::new)
}

impl fmt::Debug for Patch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patch")
            .field("name", &self.name)
            .field("sha256", &self.sha256)
            .finish_non_exhaustive()
    }
}

/// Applies patches, one after the other, to a list of files whose contents the sources have.
///
/// # Errors
/// [`PatchError`], for the first one that cannot be applied. Nothing is kept then.
pub async fn apply(
    git: &Git,
    listing: &Listing,
    sources: &[Source],
    patches: &[Patch],
) -> Result<Overlay, PatchError> {
    if patches.is_empty() {
        return Ok(Overlay::default());
    }
    if patches.len() > MOST {
        return Err(PatchError::TooMany { count: patches.len() });
    }
    if let Some(patch) = patches.iter().find(|patch| patch.content.len() > LARGEST) {
        return Err(PatchError::TooLarge { patch: patch.name.clone() });
    }
    let index = git.scratch_index(listing, sources).await?;
    // By whom each path was named last, to say whose fault it is.
    let mut by: BTreeMap<Vec<u8>, &Patch> = BTreeMap::new();
    for patch in patches {
        for path in paths(&index, patch).await? {
            by.insert(path, patch);
        }
        apply_one(git, &index, patch).await?;
    }
    let mut changes = BTreeMap::new();
    for (path, change) in index.changes(listing).await? {
        let patch = by.get(&path).or(patches.last().as_ref()).map_or("", |patch| &patch.name).to_owned();
        let change = match change {
            None => None,
            Some((Some(mode @ (Mode::File | Mode::Executable | Mode::Symlink)), id)) => Some((mode, id)),
            Some(_) => return Err(PatchError::path(patch, &path, "a submodule")),
        };
        check(&path).map_err(|why| PatchError::path(patch, &path, why))?;
        changes.insert(path, change);
    }
    let mut overlay = Overlay { changes, pin: None };
    let blobs: Vec<ObjectId> = overlay.ids().collect::<BTreeSet<_>>().into_iter().collect();
    if !blobs.is_empty() {
        overlay.pin = Some(index.keep(&blobs).await?);
    }
    Ok(overlay)
}

/// What a patch is about to touch, all of it allowed.
async fn paths(index: &ScratchIndex<'_>, patch: &Patch) -> Result<Vec<Vec<u8>>, PatchError> {
    match index.paths(&patch.content).await? {
        Err(output) => {
            Err(PatchError::NotAPatch { patch: patch.name.clone(), words: error::words(&output.log()) })
        }
        Ok(paths) => {
            for path in &paths {
                check(path).map_err(|why| PatchError::path(patch.name.clone(), path, why))?;
            }
            Ok(paths)
        }
    }
}

/// Why a path may not be touched.
fn check(path: &[u8]) -> Result<(), &'static str> {
    if !is_plain(path) {
        return Err("outside the tree, or git's own");
    }
    if path == HOOK_NAME.as_bytes() {
        return Err("Provost's own, in every build");
    }
    Ok(())
}

async fn apply_one(git: &Git, index: &ScratchIndex<'_>, patch: &Patch) -> Result<(), PatchError> {
    let output = index.apply(&patch.content, &["--cached"]).await?;
    if output.success() {
        return Ok(());
    }
    if let Some(error) = lacking(git, &output) {
        return Err(error.into());
    }
    let already = index.apply(&patch.content, &["--cached", "--check", "--reverse"]).await?.success();
    let log = output.log();
    let (file, line) = error::place(&log);
    Err(PatchError::DoesNotApply {
        patch: patch.name.clone(),
        file,
        line,
        words: error::words(&log),
        already,
    })
}

/// A patch that fails because an object is not there says nothing about the patch.
fn lacking(git: &Git, output: &Output) -> Option<GitError> {
    let log = output.log();
    let unread = log
        .lines()
        .any(|line| line.contains("cannot read the current contents") || line.contains("unable to read"));
    unread.then(|| git.damaged(&Source::Imported, error::words(&log)))
}

#[cfg(test)]
mod tests;
