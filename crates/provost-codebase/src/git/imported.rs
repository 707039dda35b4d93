//! The cache's repository of imported trees: packs that we wrote are taken in, and each tree is pinned by a reference.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::{Git, GitError, Presence, Source};
use crate::flock::Flock;
use crate::object::ObjectId;

/// Where a pack is written before git has looked at it. Below the repository, so that it can be renamed into place; out
/// of `objects/pack`, where git would read it.
const ASIDE: &str = "provost-import";

/// How long git may look at a pack. The largest that we write has 512 MiB, which it inflates and hashes.
const LOOK: Duration = Duration::from_mins(10);

/// The repository of imported trees, held against other writers.
pub(crate) struct Importing<'a> {
    git: &'a Git,
    repository: Utf8PathBuf,
    _lock: Flock,
}

impl Git {
    /// Takes the repository of imported trees for writing, made if it is not there.
    pub(crate) async fn importing(&self) -> Result<Importing<'_>, GitError> {
        let repository = self.cache_of(&Source::Imported).await?;
        let lock = self.lock_of(&Source::Imported).await?;
        Ok(Importing { git: self, repository, _lock: lock })
    }

    /// Whether a tree is in the repository of imported trees.
    pub(crate) async fn is_imported(&self, tree: ObjectId) -> Result<bool, GitError> {
        Ok(self.has(&self.repository(&Source::Imported), tree).await? == Presence::Whole)
    }
}

impl Importing<'_> {
    /// Where to write the pack. What an importer that was killed left there is removed.
    pub(crate) fn place(&self) -> Result<Utf8PathBuf, GitError> {
        let aside = self.repository.join(ASIDE);
        match fs::remove_dir_all(&aside) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => fs::create_dir_all(&aside),
        }
        .map_err(|source| GitError::Io { what: "make", path: aside.clone(), source })?;
        Ok(aside.join("new.pack"))
    }

    /// Takes the pack at [`Importing::place`] into the repository and pins a tree of it. Git reads every object of it
    /// first; it is visible whole or not at all.
    pub(crate) async fn take(&self, checksum: &str, tree: ObjectId) -> Result<(), GitError> {
        let aside = self.repository.join(ASIDE);
        let index = self.git.local(&self.repository).args(["index-pack", "-o"]);
        let index = index.args([aside.join("new.idx").as_str(), aside.join("new.pack").as_str()]);
        self.git.context().run(index.deadline(LOOK)).await?.ok()?;
        let packs = self.repository.join("objects/pack");
        // The index last: by it, git finds the pack.
        for kind in ["pack", "idx"] {
            let (from, to) =
                (aside.join(format!("new.{kind}")), packs.join(format!("pack-{checksum}.{kind}")));
            read_only(&from).and_then(|()| fs::rename(&from, &to)).map_err(|source| GitError::Io {
                what: "write",
                path: to,
                source,
            })?;
        }
        drop(fs::remove_dir_all(&aside));
        self.pin(tree).await
    }

    /// Pins a tree that is there. A reference may be to a tree anywhere but in `refs/heads`.
    pub(crate) async fn pin(&self, tree: ObjectId) -> Result<(), GitError> {
        self.git.pin(&self.repository, tree).await
    }
}

fn read_only(path: &Utf8Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, std::fs::Permissions::from_mode(0o444))
}
