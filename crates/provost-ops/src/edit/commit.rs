//! Committing an edit to the user's own git repository, with the user's own name, hooks and signature.

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;
use provost_engine::process::{Output, ProcessError, Program};

use crate::session::Call;

/// Who the user is to git, beyond what all children may see.
const IDENTITY: [&str; 11] = [
    "PATH",
    "USER",
    "EMAIL",
    "XDG_CONFIG_HOME",
    "GIT_CONFIG_GLOBAL",
    "GIT_AUTHOR_NAME",
    "GIT_AUTHOR_EMAIL",
    "GIT_COMMITTER_NAME",
    "GIT_COMMITTER_EMAIL",
    "GNUPGHOME",
    "GPG_TTY",
];

/// Why an edit is not committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// There is no git.
    #[error("git is not installed")]
    NoGit,
    /// The file is in no repository.
    #[error("`{0}` is not in a git repository")]
    NoRepository(Utf8PathBuf),
    /// Git does not know the file.
    #[error("`{0}` was never committed")]
    Untracked(String),
    /// Somebody changed the file and did not commit that.
    #[error("`{0}` has other changes that are not committed")]
    Uncommitted(String),
    /// Git does not know who commits.
    #[error("git does not know who you are")]
    Nobody(#[source] ProcessError),
    /// Git would not commit now, as in the middle of a merge.
    #[error("git cannot commit this now")]
    NotNow(#[source] ProcessError),
    /// Git could not be run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The edit is on disk, and that is all.
    #[error("the file was written, but not committed")]
    Failed(#[source] ProcessError),
}

impl CommitError {
    /// Whether nothing was done.
    pub fn is_refusal(&self) -> bool {
        !matches!(self, Self::Failed(_) | Self::Process(_))
    }

    /// Whether the command was cancelled.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Process(ProcessError::Cancelled { .. }))
    }
}

/// A repository that is ready for a commit of some of its files.
pub struct Repository {
    git: Program,
    files: Vec<String>,
}

impl Repository {
    /// Looks, before anything is written, whether an edit of these files of one directory could be committed by itself.
    ///
    /// # Errors
    /// When it could not, or when there would be more in the commit than the edit.
    pub async fn ready(cx: &Context, call: &Call, files: &[&Utf8Path]) -> Result<Self, CommitError> {
        let program = cx.machine.program("git").ok_or(CommitError::NoGit)?;
        let first = files.first().copied().unwrap_or(Utf8Path::new("/"));
        let own = IDENTITY
            .iter()
            .filter_map(|&name| Some((name.to_owned(), call.environment.variables.0.get(name)?.clone())));
        let git = Program::new(program)
            .directory(first.parent().unwrap_or(Utf8Path::new("/")))
            .envs(&cx.machine.child_environment)
            .envs(own.collect::<Vec<_>>().iter().map(|(name, value)| (name, value)))
            .env("GIT_TERMINAL_PROMPT", "0");
        let names = files.iter().filter_map(|file| file.file_name()).map(str::to_owned);
        let repository = Self { git, files: names.collect() };
        if !repository.run(cx, &["rev-parse", "--is-inside-work-tree"], false).await?.success() {
            return Err(CommitError::NoRepository(first.to_owned()));
        }
        for file in &repository.files {
            let one = [file.clone()];
            let of = |command: &[&str]| repository.asked(command, &one);
            let question = of(&["ls-files", "--error-unmatch"]);
            if !cx.run(question).await?.success() && repository.exists(file) {
                return Err(CommitError::Untracked(file.clone()));
            }
            let changed = cx.run(of(&["status", "--porcelain"])).await?;
            if !ok(changed)?.text().trim().is_empty() {
                return Err(CommitError::Uncommitted(file.clone()));
            }
        }
        let known = repository.run(cx, &["var", "GIT_AUTHOR_IDENT"], false).await?;
        ok(known).map_err(CommitError::Nobody)?;
        let known = repository.run(cx, &["var", "GIT_COMMITTER_IDENT"], false).await?;
        ok(known).map_err(CommitError::Nobody)?;
        // 1 means that there is nothing to commit, and as yet there is not.
        let trial = repository.run(cx, &["commit", "--dry-run", "--only"], true).await?;
        if trial.status != provost_engine::process::Status::Code(1) {
            ok(trial).map_err(CommitError::NotNow)?;
        }
        Ok(repository)
    }

    /// Commits the files and nothing else, whatever else is staged. Returns the commit's id.
    ///
    /// # Errors
    /// When git refuses, or a hook does.
    pub async fn commit(&self, cx: &Context, message: &str) -> Result<String, CommitError> {
        let made = self.run(cx, &["commit", "--quiet", "--only", "--message", message], true).await;
        made.and_then(ok).map_err(CommitError::Failed)?;
        let id = self.run(cx, &["rev-parse", "HEAD"], false).await.and_then(ok);
        Ok(id.map_err(CommitError::Failed)?.text().trim().to_owned())
    }

    async fn run(&self, cx: &Context, command: &[&str], on_files: bool) -> Result<Output, ProcessError> {
        let files = if on_files { self.files.as_slice() } else { &[] };
        cx.run(self.asked(command, files)).await
    }

    fn asked(&self, command: &[&str], files: &[String]) -> Program {
        let git = self.git.clone().args(["--literal-pathspecs"]).args(command.iter().copied());
        if files.is_empty() { git } else { git.arg("--").args(files) }
    }

    fn exists(&self, file: &str) -> bool {
        self.git.directory.join(file).exists()
    }
}

fn ok(output: Output) -> Result<Output, ProcessError> {
    output.ok()
}
