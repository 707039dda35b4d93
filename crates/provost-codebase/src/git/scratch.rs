//! A git index that nobody sees: a list of files, over the objects of some repositories, to which patches are applied.
//! There is no checkout, and no repository is written to but the cache's own of imported trees, and that only at the end.

use std::collections::HashMap;

use camino::Utf8PathBuf;
use fs_err as fs;
use provost_engine::process::{Input, Output, Program};

use super::{Git, GitError, Listing, Source};
use crate::flock::Flock;
use crate::object::{Mode, ObjectId};

/// Where index and new objects lie while one works with them. Below the repository that takes the objects, so that git can
/// rename them into place.
const ASIDE: &str = "provost-patch";

/// How much of the index's list of files is read, in bytes: as much as of a listing, whose lines are as long.
const LARGEST: usize = super::tree::LARGEST_LISTING + (16 << 20);

/// What changed: path, mode and id, or `None` where it is gone. A mode is `None` where git has one that no build can have.
pub(crate) type Changes = Vec<(Vec<u8>, Option<(Option<Mode>, ObjectId)>)>;

/// An index, with a place for new objects.
pub(crate) struct ScratchIndex<'a> {
    git: &'a Git,
    repository: Utf8PathBuf,
    aside: Utf8PathBuf,
    /// Where objects are read, in the form of `GIT_ALTERNATE_OBJECT_DIRECTORIES`.
    objects: String,
    _lock: Flock,
}

impl Git {
    /// Makes an index of a list of files whose objects the sources have.
    pub(crate) async fn scratch_index(
        &self,
        listing: &Listing,
        sources: &[Source],
    ) -> Result<ScratchIndex<'_>, GitError> {
        let repository = self.cache_of(&Source::Imported).await?;
        let lock = self.lock_of(&Source::Imported).await?;
        let aside = repository.join(ASIDE);
        // Somebody who was killed may have left his.
        match fs::remove_dir_all(&aside) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => fs::create_dir_all(aside.join("objects")),
        }
        .map_err(|source| GitError::Io { what: "make", path: aside.clone(), source })?;
        let mut directories = vec![repository.join("objects")];
        for source in sources {
            directories.extend(self.object_directories(source).await?);
        }
        let objects = super::alternates(&directories);
        let index = ScratchIndex { git: self, repository, aside, objects, _lock: lock };
        let fill = index.program().args(["update-index", "-z", "--index-info"]);
        self.context().run(fill.input(Input::Bytes(listing.to_ls_tree()))).await?.ok()?;
        Ok(index)
    }
}

impl ScratchIndex<'_> {
    fn program(&self) -> Program {
        self.git
            .local(&self.repository)
            .env("GIT_INDEX_FILE", self.aside.join("index").as_str())
            .env("GIT_OBJECT_DIRECTORY", self.aside.join("objects").as_str())
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", &self.objects)
    }

    /// The paths that a patch names, or what git says where it is none. Of a file that is renamed, the new one.
    pub(crate) async fn paths(&self, patch: &[u8]) -> Result<Result<Vec<Vec<u8>>, Output>, GitError> {
        let output = self.apply(patch, &["--numstat", "-z"]).await?;
        if !output.success() {
            return Ok(Err(output));
        }
        let path = |line: &[u8]| line.splitn(3, |byte| *byte == b'\t').nth(2).map(<[u8]>::to_vec);
        Ok(Ok(output.stdout.split(|byte| *byte == 0).filter_map(path).collect()))
    }

    /// Runs `git apply` on the index.
    pub(crate) async fn apply(&self, patch: &[u8], how: &[&str]) -> Result<Output, GitError> {
        let program = self.program().args(["apply", "-p1", "--whitespace=nowarn"]).args(how.iter().copied());
        Ok(self.git.context().run(program.arg("-").input(Input::Bytes(patch.to_vec()))).await?)
    }

    /// What is otherwise than in a listing.
    pub(crate) async fn changes(&self, since: &Listing) -> Result<Changes, GitError> {
        let list = self.program().args(["ls-files", "--stage", "-z"]).capture(LARGEST);
        let list = self.git.context().run(list).await?.ok()?;
        if list.stdout.len() >= LARGEST {
            return Err(GitError::Answer(format!("more than {LARGEST} bytes of file names")));
        }
        let mut before: HashMap<&[u8], (Mode, ObjectId)> =
            since.iter().map(|entry| (entry.path, (entry.mode, entry.id))).collect();
        let mut changes = Changes::new();
        for line in list.stdout.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
            let (mode, id, path) = staged(line).ok_or_else(|| {
                GitError::Answer(String::from_utf8_lossy(&line[..line.len().min(80)]).into_owned())
            })?;
            match before.remove(path) {
                Some((old, at)) if Some(old) == mode && at == id => {}
                _ => changes.push((path.to_vec(), Some((mode, id)))),
            }
        }
        changes.extend(before.into_keys().map(|path| (path.to_vec(), None)));
        Ok(changes)
    }

    /// Puts blobs into the repository of imported trees, wherever they are from, and pins them by the tree that is returned.
    pub(crate) async fn keep(&self, blobs: &[ObjectId]) -> Result<ObjectId, GitError> {
        let cx = self.git.context();
        let lines = blobs.iter().map(|id| format!("{id}\n")).collect::<Vec<_>>().concat();
        let question = self.git.local(&self.repository).args(["cat-file", "--batch-check"]);
        let there = cx.run(question.input(Input::Bytes(lines.clone().into_bytes()))).await?.ok()?;
        if there.text().contains(" missing") {
            // One pack for all of them, written by git under a name that it makes of the content.
            let name = self.repository.join("objects/pack/pack");
            let pack = self.program().args(["pack-objects", "--quiet", "--no-reuse-delta", name.as_str()]);
            cx.run(pack.input(Input::Bytes(lines.into_bytes()))).await?.ok()?;
        }
        let line = |id: &ObjectId| format!("100644 blob {id}\t{id}\0");
        let tree = self.git.local(&self.repository).args(["mktree", "-z"]);
        let tree = tree.input(Input::Bytes(blobs.iter().map(line).collect::<Vec<_>>().concat().into_bytes()));
        let tree = cx.run(tree).await?.ok()?.text();
        let tree = tree.trim().parse().map_err(|_| GitError::Answer(tree.trim().to_owned()))?;
        self.git.pin(&self.repository, tree).await?;
        Ok(tree)
    }
}

impl Drop for ScratchIndex<'_> {
    fn drop(&mut self) {
        // What cannot be removed now, the next one removes.
        drop(fs::remove_dir_all(&self.aside));
    }
}

/// Reads `MODE ID STAGE\tPATH`.
fn staged(line: &[u8]) -> Option<(Option<Mode>, ObjectId, &[u8])> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    let mut words = line[..tab].split(|byte| *byte == b' ');
    let mode = Mode::from_digits(words.next()?);
    let id = ObjectId::from_hex(words.next()?)?;
    (words.next()? == b"0").then_some((mode, id, &line[tab + 1..]))
}
