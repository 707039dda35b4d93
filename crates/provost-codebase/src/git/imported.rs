//! The cache's repository of imported trees: packs that we wrote are taken in, and each tree is pinned by a reference.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use provost_engine::process::Input;

use super::fetch::PINS;
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

    /// The imported plugins that are not needed, and that nobody imported for `age` or longer. What patches made is not among them:
    /// it is little, and nobody says who needs it.
    pub(crate) async fn unused_imports(
        &self,
        age: Duration,
        needed: &BTreeSet<ObjectId>,
    ) -> Result<Vec<ObjectId>, GitError> {
        let repository = self.repository(&Source::Imported);
        let pins = repository.join(PINS);
        let failed = |source| GitError::Io { what: "read", path: pins.clone(), source };
        let entries = match pins.read_dir_utf8() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(failed)?,
        };
        let mut unused = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let tree = entry.file_name().parse::<ObjectId>().ok().filter(|tree| !needed.contains(tree));
            let Some(tree) = tree.filter(|_| is_older(entry.path(), age)) else { continue };
            let question = self.local(&repository).args(["cat-file", "-e", &format!("{tree}:version.php")]);
            if self.context().run(question).await?.success() {
                unused.push(tree);
            }
        }
        Ok(unused)
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
        self.git.pin(&self.repository, tree).await?;
        // Its time says when it was last used, and git does not write what is so already. A pin that is in a list of all has no time,
        // and stays.
        let pin = fs::File::options().append(true).open(self.pin_path(tree));
        drop(pin.and_then(|file| file.file().set_modified(SystemTime::now())));
        Ok(())
    }

    fn pin_path(&self, tree: ObjectId) -> Utf8PathBuf {
        self.repository.join(PINS).join(tree.to_string())
    }

    /// Lets go of trees that nobody imported for `age` or longer still, and of what only they had. Returns how many these were and how
    /// many bytes that freed. Who reads another tree meanwhile finds it in the new pack.
    pub(crate) async fn forget(&self, trees: &[ObjectId], age: Duration) -> Result<(u64, u64), GitError> {
        let old: Vec<ObjectId> =
            trees.iter().copied().filter(|tree| is_older(&self.pin_path(*tree), age)).collect();
        if old.is_empty() {
            return Ok((0, 0));
        }
        let lines = old.iter().map(|tree| format!("delete {PINS}/{tree}\n")).collect::<Vec<_>>().concat();
        let program = self.git.local(&self.repository).args(["update-ref", "--stdin"]);
        self.git.context().run(program.input(Input::Bytes(lines.into_bytes()))).await?.ok()?;
        let packs = self.repository.join("objects/pack");
        let before = size_of(&packs);
        let repack = self.git.local(&self.repository).args(["repack", "-a", "-d", "-q"]).deadline(LOOK);
        self.git.context().run(repack).await?.ok()?;
        Ok((old.len() as u64, before.saturating_sub(size_of(&packs))))
    }
}

/// Whether a file was last written that long ago. One that is not there was not.
fn is_older(path: &Utf8Path, age: Duration) -> bool {
    let written = fs::metadata(path).and_then(|found| found.modified());
    written.is_ok_and(|at| at.elapsed().is_ok_and(|since| since >= age))
}

/// The size of the files in a directory, in bytes; what cannot be seen has none.
fn size_of(directory: &Utf8Path) -> u64 {
    let entries = directory.read_dir_utf8().into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|found| found.len()).sum()
}

fn read_only(path: &Utf8Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, std::fs::Permissions::from_mode(0o444))
}
