//! Everything that runs the git program.
//!
//! Fetching is the network's business and sees the user's own git configuration (proxies, credential helpers, URL
//! rewrites). Reading objects sees none of it: what a commit contains must not depend on who looks. Neither sees the
//! system's, and no variable of our own environment reaches git but those the command line chose.

mod clones;
mod config;
mod error;
mod fetch;
mod imported;
mod leftovers;
mod log;
mod objects;
mod overlay;
mod pipe;
mod refs;
mod scratch;
mod source;
mod tree;
mod work_tree;

pub use error::GitError;
pub use log::{Log, LogLine, MOST as MOST_LOG_LINES};
pub use objects::{LARGEST_OBJECT, Objects};
pub use overlay::Overlay;
pub(crate) use pipe::{BatchPipe, Reply};
pub(crate) use refs::{FRESH, in_words};
pub(crate) use scratch::ScratchIndex;
pub use source::{RemoteUrl, Source, redacted};
pub(crate) use tree::is_plain;
pub use tree::{Entry, Listing, ListingError, parse_ls_tree};
pub use work_tree::WorkTree;

use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;
use provost_engine::process::{Output, ProcessError, Program};

use crate::object::ObjectId;

/// The oldest git we work with: `fetch --no-write-fetch-head` is of 2.29; 2.34 is what the oldest distribution still in
/// support ships (Ubuntu 22.04), and nothing older is tested.
pub const MINIMUM_VERSION: (u32, u32) = (2, 34);

/// How long a question to a local repository may take. Listing 30,000 files takes a tenth of a second; a minute is a disk
/// that hangs.
const LOCAL: Duration = Duration::from_mins(1);

/// The git program, found and checked.
#[derive(Clone)]
pub struct Git {
    cx: Context,
    program: Utf8PathBuf,
    /// Hosts and sources that a note was already given about: one line each, however often they are asked.
    noted: Arc<std::sync::Mutex<std::collections::BTreeSet<String>>>,
    known: Arc<std::sync::Mutex<Known>>,
}

/// What was found out about repositories that do not hold all they speak of.
#[derive(Debug, Default)]
struct Known {
    /// Where else the objects of a repository are read.
    beside: std::collections::BTreeMap<Utf8PathBuf, Vec<Utf8PathBuf>>,
    /// Commits of partial clones that are all there.
    whole: std::collections::BTreeSet<(Utf8PathBuf, ObjectId)>,
}

impl Git {
    /// Finds git and checks its version.
    ///
    /// # Errors
    /// [`GitError::Missing`] or [`GitError::TooOld`].
    pub async fn find(cx: &Context) -> Result<Self, GitError> {
        let program = cx.machine.program("git").ok_or(GitError::Missing)?;
        let git = Self { cx: cx.clone(), program, noted: Arc::default(), known: Arc::default() };
        let answer = cx.run(git.bare_program().arg("--version").deadline(LOCAL)).await?.ok()?.text();
        let found = version(&answer).ok_or_else(|| GitError::Answer(answer.trim().to_owned()))?;
        if found < MINIMUM_VERSION {
            return Err(GitError::TooOld { found: format!("{}.{}", found.0, found.1) });
        }
        Ok(git)
    }

    /// The command's context.
    pub fn context(&self) -> &Context {
        &self.cx
    }

    /// The repository that holds a source's objects, which need not be there yet.
    pub fn repository(&self, source: &Source) -> Utf8PathBuf {
        source.repository(&self.cx.paths.git_cache())
    }

    /// Git without a repository and without anybody's configuration.
    fn bare_program(&self) -> Program {
        Program::new(self.program.clone())
            // Messages are read by `error::classify`.
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            // A repository says what it holds, not what its replace references or its origin would make of it.
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .args(["-c", "core.fsmonitor=false", "-c", "protocol.ext.allow=never"])
    }

    /// Git on a repository of this machine.
    fn local(&self, repository: &Utf8Path) -> Program {
        let mut program = self.bare_program();
        if let Some(beside) = self.known().beside.get(repository) {
            program = program.env("GIT_ALTERNATE_OBJECT_DIRECTORIES", alternates(beside));
        }
        program
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            // A mirror may belong to another user. What git fears then are that user's hooks and commands; reading
            // objects runs none.
            .args(["-c", "safe.directory=*"])
            .args(["-C", repository.as_str()])
            .deadline(LOCAL)
    }

    /// Git that talks to somewhere else, with the user's own configuration.
    fn network(&self) -> Program {
        let chosen = &self.cx.machine.child_environment;
        let mut program = self.bare_program();
        if !chosen.contains_key("GIT_SSH_COMMAND") {
            // ssh asks for passwords on the terminal, which nobody would see.
            program = program.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
        }
        let path = program.environment.get("PATH").cloned();
        let mut program = program.envs(chosen);
        // Messages stay in English whatever the user's language is.
        program = program.env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0");
        program.environment.remove("LANGUAGE");
        if let (Some(path), false) = (path, chosen.contains_key("PATH")) {
            program = program.env("PATH", path);
        }
        // A line that carries less than 1 kB/s for a minute is dead.
        program.args([
            "-c",
            "http.lowSpeedLimit=1000",
            "-c",
            "http.lowSpeedTime=60",
            "-c",
            "safe.directory=*",
        ])
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Where a source's objects lie.
    async fn object_directories(&self, source: &Source) -> Result<Vec<Utf8PathBuf>, GitError> {
        let repository = self.repository(source);
        let question = self.local(&repository).args(["rev-parse", "--git-path", "objects"]);
        let answer = self.cx.run(question).await?;
        if !answer.success() {
            return Err(self.broken(source, answer));
        }
        let own = repository.join(answer.text().trim_end_matches('\n'));
        let beside = self.known().beside.get(&repository).cloned().unwrap_or_default();
        Ok([vec![own], beside].concat())
    }

    /// Whether the repository has a commit and its root tree.
    pub(crate) async fn has(&self, repository: &Utf8Path, commit: ObjectId) -> Result<Presence, GitError> {
        if !repository.is_dir() {
            return Ok(Presence::Absent);
        }
        let question = self.local(repository).args(["cat-file", "-e", &format!("{commit}^{{tree}}")]);
        let answer = self.cx.run(question).await?;
        Ok(match (answer.success(), answer.log().lines().any(|line| line.starts_with("error: "))) {
            (true, _) => Presence::Whole,
            (false, false) => Presence::Absent,
            (false, true) => Presence::Damaged,
        })
    }

    /// Lists all files of a commit, and its submodules apart from them ([`Listing::check_whole`]).
    ///
    /// # Errors
    /// [`GitError::Damaged`] when a tree is missing, [`GitError::Listing`] when the tree holds what a build cannot.
    pub async fn list(&self, source: &Source, commit: ObjectId) -> Result<Listing, GitError> {
        let program = self
            .local(&self.repository(source))
            .args(["ls-tree", "-r", "-z", "--full-tree", &commit.to_string()])
            .capture(tree::LARGEST_LISTING);
        let output = self.cx.run(program).await?;
        if !output.success() {
            return Err(self.broken(source, output));
        }
        if output.stdout.len() >= tree::LARGEST_LISTING {
            return Err(GitError::Answer(format!("more than {} bytes of file names", tree::LARGEST_LISTING)));
        }
        parse_ls_tree(output.stdout)
            .map_err(|error| GitError::Listing { repository: source.to_string(), error })
    }

    /// Lists a commit that must have no submodules.
    ///
    /// # Errors
    /// As [`Git::list`], and [`ListingError::Submodule`].
    pub async fn list_whole(&self, source: &Source, commit: ObjectId) -> Result<Listing, GitError> {
        let listing = self.list(source, commit).await?;
        match listing.check_whole() {
            Ok(()) => Ok(listing),
            Err(error) => Err(GitError::Listing { repository: source.to_string(), error }),
        }
    }

    /// What a failed read of a repository means.
    fn broken(&self, source: &Source, output: Output) -> GitError {
        match error::missing_object(&output.log()) {
            Some(object) => self.damaged(source, object),
            None => match output.ok() {
                Err(error) => GitError::Process(error),
                Ok(_) => GitError::Answer("nothing".to_owned()),
            },
        }
    }

    /// The error for an object that is not there though it should be.
    pub(crate) fn damaged(&self, source: &Source, object: impl Into<String>) -> GitError {
        GitError::Damaged {
            repository: source.to_string(),
            object: object.into(),
            path: self.repository(source),
            cached: !matches!(source, Source::Path(_)),
        }
    }
}

/// Whether a repository has a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Yes, as far as its root shows.
    Whole,
    /// No.
    Absent,
    /// It cannot be told: files of the repository are broken.
    Damaged,
}

/// Whether what `git --version` prints is a git that is new enough: the version, or what is wrong with it.
pub fn check_version(answer: &str) -> Result<String, String> {
    let (major, minor) = MINIMUM_VERSION;
    match version(answer) {
        Some(found) if found >= MINIMUM_VERSION => {
            Ok(answer.trim().trim_start_matches("git version ").to_owned())
        }
        Some((is, and)) => Err(format!("{is}.{and} is too old; {major}.{minor} or later is needed")),
        None => Err("does not tell its version".to_owned()),
    }
}

/// Reads the first two numbers of `git version 2.47.3 (Apple Git-1)`.
fn version(answer: &str) -> Option<(u32, u32)> {
    let mut numbers = answer.trim().strip_prefix("git version ")?.split(['.', ' ']);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Directories of objects in the form of `GIT_ALTERNATE_OBJECT_DIRECTORIES`.
fn alternates(directories: &[Utf8PathBuf]) -> String {
    let quoted = |path: &Utf8PathBuf| {
        if !path.as_str().contains([':', '"', '\\', '\n']) {
            return path.to_string();
        }
        let plain = path.as_str().replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        format!("\"{plain}\"")
    };
    directories.iter().map(quoted).collect::<Vec<_>>().join(":")
}

/// Whether a process was ended because the command was.
pub(crate) fn is_cancelled(error: &ProcessError) -> bool {
    matches!(error, ProcessError::Cancelled { .. })
}

#[cfg(test)]
mod tests;
