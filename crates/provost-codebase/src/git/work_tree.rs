//! The user's own repository, in which the fleet file lies: earlier revisions of it are read, and nothing is written to it.

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::{Git, GitError};

/// The largest file that is read whole, in bytes. A lock has half a kilobyte for each plugin of each codebase.
const LARGEST: usize = 16 << 20;

/// A directory inside a work tree. Paths are relative to it, revisions are whatever git takes for one.
#[derive(Clone)]
pub struct WorkTree {
    git: Git,
    directory: Utf8PathBuf,
    /// The way from the top of the work tree to the directory, with a slash at its end, or nothing.
    prefix: String,
}

impl Git {
    /// Opens the work tree that a directory lies in.
    ///
    /// # Errors
    /// [`GitError::NotARepository`].
    pub async fn work_tree(&self, directory: &Utf8Path) -> Result<WorkTree, GitError> {
        let question = self.local(directory).args(["rev-parse", "--show-prefix"]);
        let answer = self.context().run(question).await?;
        if !answer.success() {
            return Err(GitError::NotARepository(directory.to_owned()));
        }
        let prefix = answer.text().trim_end_matches('\n').to_owned();
        Ok(WorkTree { git: self.clone(), directory: directory.to_owned(), prefix })
    }
}

impl WorkTree {
    /// The commit that a revision means; `None` if there is no such revision.
    ///
    /// # Errors
    /// When git cannot be run.
    pub async fn commit(&self, revision: &str) -> Result<Option<String>, GitError> {
        let wanted = format!("{revision}^{{commit}}");
        let question = ["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted];
        let answer = self.git.context().run(self.git.local(&self.directory).args(question)).await?;
        Ok(answer.success().then(|| answer.text().trim().to_owned()))
    }

    /// A file as a commit has it; `None` if the commit has no such file.
    ///
    /// # Errors
    /// When git cannot be run, or the file is too large.
    pub async fn file(&self, commit: &str, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        let Some(inside) = self.inside(path) else { return Ok(None) };
        let question = ["cat-file", "blob", &format!("{commit}:{inside}")];
        let program = self.git.local(&self.directory).args(question).capture(LARGEST);
        let answer = self.git.context().run(program).await?;
        if answer.stdout.len() >= LARGEST {
            return Err(GitError::Answer(format!("`{path}` of {commit} has more than {LARGEST} bytes")));
        }
        Ok(answer.success().then_some(answer.stdout))
    }

    /// Puts files and directories, as a commit has them, into a new directory `to`; what the commit has not is left out.
    /// Nothing of the work tree is touched, nor its index, and no hook runs.
    ///
    /// # Errors
    /// When git cannot be run, or the disk fails.
    pub async fn export(&self, commit: &str, paths: &[&str], to: &Utf8Path) -> Result<(), GitError> {
        let failed = |source| GitError::Io { what: "make", path: to.to_owned(), source };
        let top = to.join("tree");
        fs::create_dir_all(top.join(&self.prefix)).map_err(failed)?;
        for path in paths {
            let Some(inside) = self.inside(path) else { continue };
            let known = ["cat-file", "-e", &format!("{commit}:{inside}")];
            if !self.git.context().run(self.git.local(&self.directory).args(known)).await?.success() {
                continue;
            }
            let work_tree = format!("--work-tree={top}");
            let program = self
                .git
                .local(&self.directory)
                .env("GIT_INDEX_FILE", to.join("index").as_str())
                .args([&work_tree, "--literal-pathspecs", "-c", "core.hooksPath=/dev/null"])
                .args(["checkout", "--quiet", commit, "--", &inside]);
            self.git.context().run(program).await?.ok()?;
        }
        Ok(())
    }

    /// A path from the top of the work tree; `None` where it leads out of it.
    fn inside(&self, path: &str) -> Option<String> {
        let mut parts: Vec<&str> = Vec::new();
        for part in self.prefix.split('/').chain(path.split('/')) {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()?),
                part => parts.push(part),
            }
        }
        (!path.starts_with('/') && !parts.is_empty()).then(|| parts.join("/"))
    }

    /// Where, in a directory that was exported to, the paths start.
    pub fn exported(&self, to: &Utf8Path) -> Utf8PathBuf {
        to.join("tree").join(&self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Place;

    #[tokio::test]
    async fn earlier_revisions_are_read_and_nothing_is_touched() {
        let place = Place::new();
        let one =
            [("fleets/fleet.lock", "one"), ("fleets/p/a.patch", "a"), ("own/x/b", "b"), ("own/x/c*", "")];
        let repository = place.repository("fleet", &one);
        let old = repository.head().to_string();
        repository.commit(&[("fleets/fleet.lock", "two"), ("fleets/p/a.patch", "A")]);
        let hook = repository.path.join(".git/hooks/post-checkout");
        fs::create_dir_all(hook.parent().unwrap()).unwrap();
        fs::write(&hook, "#!/bin/sh\ntouch \"$(git rev-parse --absolute-git-dir)/hooked\"\n").unwrap();
        fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let git = Git::find(&place.cx).await.unwrap();
        let tree = git.work_tree(&repository.path.join("fleets")).await.unwrap();
        assert_eq!(tree.commit("HEAD~1").await.unwrap().as_deref(), Some(old.as_str()));
        for none in ["HEAD~2", "nothing", "--all", "-h", "", "HEAD:fleets"] {
            assert_eq!(tree.commit(none).await.unwrap(), None, "{none}");
        }
        assert_eq!(tree.file(&old, "fleet.lock").await.unwrap().as_deref(), Some(&b"one"[..]));
        for none in ["p", "none", "../../etc/passwd", "/etc/passwd"] {
            assert_eq!(tree.file(&old, none).await.unwrap(), None, "{none}");
        }
        let to = place.root.join("to");
        tree.export(&old, &["p/a.patch", "../own/x", "none", "/etc/passwd", "../../x"], &to).await.unwrap();
        let base = tree.exported(&to);
        assert_eq!(fs::read_to_string(base.join("p/a.patch")).unwrap(), "a");
        assert_eq!(fs::read_to_string(base.join("../own/x/b")).unwrap(), "b");
        assert!(base.join("../own/x/c").exists() && !base.join("fleet.lock").exists());
        assert_eq!(repository.git(&["status", "--porcelain"]), "");
        assert!(!repository.path.join(".git/hooked").exists());
        assert!(matches!(git.work_tree(&place.root).await, Err(GitError::NotARepository(_))));
    }
}
