//! Reads single objects through one long-lived git.

use provost_engine::process::Running;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{ChildStdin, ChildStdout};

use super::pipe::{Reply, parse_reply};
use super::{Git, GitError, Source};
use crate::object::{Kind, ObjectId, TreeEntry, parse_tree};

/// The largest object read into memory, in bytes. What is read this way are trees, `version.php` and JSON files;
/// Moodle's largest tree has 20 kB.
pub const LARGEST_OBJECT: u64 = 16 << 20;

/// A reader of one repository's objects. One question at a time; each is two writes and two reads on a pipe.
pub struct Objects {
    git: Git,
    source: Source,
    running: Running,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Git {
    /// Starts a reader.
    ///
    /// # Errors
    /// When git cannot be started.
    pub async fn objects(&self, source: &Source) -> Result<Objects, GitError> {
        let repository = self.repository(source);
        if !repository.is_dir() {
            return Err(GitError::NotARepository(repository));
        }
        let program = self.local(&repository).args(["cat-file", "--batch"]);
        let mut running = self.context().start(program).await?;
        let pipes = running.stdin.take().zip(running.stdout.take());
        let (stdin, stdout) = pipes.ok_or_else(|| GitError::Answer("no pipes".to_owned()))?;
        Ok(Objects {
            git: self.clone(),
            source: source.clone(),
            running,
            stdin,
            stdout: BufReader::new(stdout),
        })
    }
}

impl Objects {
    /// The source that is read.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Reads the file at a path of a commit; `None` if there is none.
    ///
    /// # Errors
    /// When git fails, or the file is larger than [`LARGEST_OBJECT`].
    pub async fn file(&mut self, commit: ObjectId, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        match self.ask(&format!("{commit}:{path}")).await? {
            Some((Kind::Blob, _, content)) => Ok(Some(content)),
            _ => Ok(None),
        }
    }

    /// Reads a file by its id; `None` if it is not there.
    ///
    /// # Errors
    /// When git fails, or the file is larger than [`LARGEST_OBJECT`].
    pub async fn blob(&mut self, id: ObjectId) -> Result<Option<Vec<u8>>, GitError> {
        match self.ask(&id.to_string()).await? {
            Some((Kind::Blob, _, content)) => Ok(Some(content)),
            _ => Ok(None),
        }
    }

    /// Reads a tree, or the root tree of a commit, with its id.
    ///
    /// # Errors
    /// [`GitError::Damaged`] when it is missing or is no tree.
    pub async fn tree(&mut self, id: ObjectId) -> Result<(ObjectId, Vec<TreeEntry>), GitError> {
        match self.ask(&format!("{id}^{{tree}}")).await? {
            Some((Kind::Tree, id, content)) => {
                let entries = parse_tree(&content).ok_or_else(|| {
                    GitError::Answer(format!("the tree {id} of {} cannot be read", self.source))
                })?;
                Ok((id, entries))
            }
            _ => Err(self.git.damaged(&self.source, id.to_string())),
        }
    }

    async fn ask(&mut self, what: &str) -> Result<Option<(Kind, ObjectId, Vec<u8>)>, GitError> {
        if what.contains('\n') {
            return Ok(None);
        }
        self.stdin.write_all(format!("{what}\n").as_bytes()).await?;
        let mut line = Vec::new();
        self.stdout.read_until(b'\n', &mut line).await?;
        match parse_reply(&line) {
            Some(Reply::Object { id, kind, length }) if length <= LARGEST_OBJECT => {
                let mut content = vec![0; usize::try_from(length).unwrap_or(0) + 1];
                self.stdout.read_exact(&mut content).await?;
                content.pop();
                Ok(Some((kind, id, content)))
            }
            Some(Reply::Object { length, .. }) => {
                Err(GitError::Answer(format!("{what} of {} has {length} bytes", self.source)))
            }
            Some(Reply::Missing) => Ok(None),
            None => Err(self.ended(what).await),
        }
    }

    /// Git ends when it meets an object that it knows of and cannot read: the repository is damaged.
    async fn ended(&mut self, what: &str) -> GitError {
        let mut log = String::new();
        if let Some(stderr) = self.running.stderr() {
            drop(stderr.take(LARGEST_OBJECT).read_to_string(&mut log).await);
        }
        let object = super::error::missing_object(&log).unwrap_or_else(|| what.to_owned());
        self.git.damaged(&self.source, object)
    }
}
