//! Everything that a verb can fail with, what it means for the exit code, and the hint that goes with it.

use camino::Utf8PathBuf;
use provost_fleet::diagnostic::Diagnostics;
use serde::Serialize;

use crate::hints;

/// Why a verb failed.
#[derive(Debug, thiserror::Error)]
pub enum OpsError {
    /// The fleet file or the lock has faults. They are shown with their places.
    #[error("the fleet file is not valid")]
    Invalid(Diagnostics),
    /// There is no fleet file.
    #[error("there is no fleet file `{0}`")]
    NoFile(Utf8PathBuf),
    /// A site that is to be changed cannot be read.
    #[error("site `{site}` cannot be read, and nothing of it was changed: {why}")]
    Unreadable {
        /// The site.
        site: provost_fleet::name::Name,
        /// Why.
        why: String,
    },
    /// A site from which something is to be brought to others cannot be read.
    #[error("site `{site}` cannot be read: {why}")]
    Source {
        /// The site.
        site: provost_fleet::name::Name,
        /// Why.
        why: String,
    },
    /// A site that is to be changed is still being renamed.
    #[error("the rename of `{former}` to `{site}` is not finished")]
    Unfinished {
        /// What it was called.
        former: String,
        /// What it is to be called.
        site: provost_fleet::name::Name,
    },
    /// A session of archives works on a site that is to be changed.
    #[error("archive session {session} `{name}` is {state}, and works on site `{site}`")]
    Engaged {
        /// The site.
        site: provost_fleet::name::Name,
        /// The session's number.
        session: i64,
        /// Its name.
        name: String,
        /// How it stands.
        state: &'static str,
    },
    /// A file could not be used.
    #[error("cannot {verb} `{path}`")]
    Io {
        /// What was tried.
        verb: &'static str,
        /// On what.
        path: Utf8PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Something is in the way that is not ours to replace.
    #[error("`{0}` is there already")]
    Exists(Utf8PathBuf),
    /// The fleet file declares no such thing.
    #[error("there is no {what} `{name}`")]
    NoSuch {
        /// `codebase`.
        what: &'static str,
        /// The name that was given.
        name: String,
        /// The nearest one that is there, or all.
        there: String,
    },
    /// The fleet file declares one already.
    #[error("there is a {what} `{name}` already")]
    Taken {
        /// `codebase`.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Somebody else wrote the fleet file.
    #[error("`{0}` was changed by somebody else meanwhile; nothing was written")]
    Changed(Utf8PathBuf),
    /// An edit is not committed.
    #[error(transparent)]
    Commit(#[from] crate::edit::commit::CommitError),
    /// The sites that are meant cannot be told.
    #[error(transparent)]
    Choice(#[from] crate::site::chosen::ChoiceError),
    /// A site's end cannot begin, or did not come to its end.
    #[error(transparent)]
    Delete(#[from] crate::site::delete::DeleteError),
    /// A session that moves courses could not do what was asked of it.
    #[error(transparent)]
    Archive(#[from] crate::archive::ArchiveError),
    /// Roles could not be brought from one site to others.
    #[error(transparent)]
    Roles(#[from] crate::roles::RolesError),
    /// A statement that cannot be asked.
    #[error(transparent)]
    Sql(#[from] crate::sql::SqlError),
    /// A command of the fleet's own cannot be run.
    #[error(transparent)]
    Own(#[from] crate::own::OwnError),
    /// An operation that is not gone over again by `provost retry`.
    #[error("operation {operation} is not tried again in this way")]
    NoRetry {
        /// Its number.
        operation: i64,
        /// What to do instead.
        hint: String,
    },
    /// Plugins cannot be taken away.
    #[error(transparent)]
    Uninstall(#[from] crate::plugins::UninstallError),
    /// A site cannot be moved where it was to go.
    #[error(transparent)]
    Move(#[from] crate::site::moving::MoveError),
    /// A template could not be opened, closed or reset.
    #[error(transparent)]
    Template(#[from] provost_sites::kind_template::opening::DoorError),
    /// The plan would destroy, and nobody allowed it.
    #[error("the plan destroys data: {}", .0.join(", "))]
    Destroys(Vec<String>),
    /// The registry failed.
    #[error(transparent)]
    Store(#[from] provost_engine::store::StoreError),
    /// Somebody else is at work.
    #[error(transparent)]
    Lease(#[from] provost_engine::lease::LeaseError),
    /// Kinds planned in a circle: a bug.
    #[error("the plan cannot be ordered; this is a bug of Provost")]
    Circle(#[from] provost_engine::plan::Circle),
    /// A codebase cannot be resolved.
    #[error("cannot resolve the codebases")]
    Resolve(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A codebase of the file that was not resolved yet.
    #[error("the lock does not have the codebase `{0}` yet")]
    NotLocked(provost_fleet::name::Name),
    /// Going back to an earlier lock needs the fleet file, or files beside it, of then.
    #[error("{codebase} is declared otherwise now than in {revision}; the lock was not written")]
    DeclaredOtherwise {
        /// The codebase.
        codebase: provost_fleet::name::Name,
        /// The commit, shortened.
        revision: String,
        /// What is otherwise, or may be: paths beside the fleet file.
        files: Vec<String>,
    },
    /// A build, or the store of files, failed.
    #[error(transparent)]
    Build(#[from] provost_codebase::build::BuildError),
    /// A git repository failed.
    #[error(transparent)]
    Git(#[from] provost_codebase::git::GitError),
    /// No codebase has this plugin.
    #[error("no codebase of the fleet file has the plugin {0}")]
    NoPlugin(provost_moodle::component::Component),
    /// Something that installed sites run on would get a lower version.
    #[error("versions would go down: {}", .0.join("; "))]
    GoesDown(Vec<String>),
    /// The fleet's id cannot be had.
    #[error(transparent)]
    FleetId(#[from] provost_sites::fleet_state::FleetIdError),
    /// The services could not be brought up.
    #[error(transparent)]
    Up(#[from] provost_sites::up::UpError),
    /// The sites' cron could not be run.
    #[error(transparent)]
    Cron(#[from] provost_sites::cron::CronError),
    /// A database server could not be used.
    #[error(transparent)]
    Server(provost_sites::server::ServerError),
    /// A site could not be asked.
    #[error("the site could not be asked")]
    Agent(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The user ended it.
    #[error("interrupted; run the same command again to go on")]
    Interrupted,
}

/// What a failure means to who called `provost`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: failed.
    Failed,
    /// 2: there are changes (`plan --detailed-exitcode` only).
    Changes,
    /// 3: at least one target failed.
    Targets,
    /// 4: refused; nothing was done.
    Refused,
    /// 64: wrong usage.
    Usage,
    /// 130: interrupted, resumable.
    Interrupted,
}

impl Exit {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Changes => 2,
            Self::Targets => 3,
            Self::Refused => 4,
            Self::Usage => 64,
            Self::Interrupted => 130,
        }
    }
}

impl OpsError {
    /// The store of files failed.
    pub(crate) fn store(error: provost_codebase::store::StoreError) -> Self {
        Self::Build(error.into())
    }

    /// The exit code's meaning.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Archive(error) => error.exit(),
            Self::Roles(error) => error.exit(),
            Self::Sql(error) => error.exit(),
            Self::Own(error) => error.exit(),
            Self::Choice(error) if error.is_usage() => Exit::Usage,
            Self::Delete(error) if !error.is_refusal() => Exit::Failed,
            Self::Delete(_)
            | Self::Move(_)
            | Self::Uninstall(_)
            | Self::Destroys(_)
            | Self::Exists(_)
            | Self::GoesDown(_)
            | Self::Taken { .. }
            | Self::Unreadable { .. }
            | Self::Source { .. }
            | Self::Unfinished { .. }
            | Self::Engaged { .. }
            | Self::NoRetry { .. }
            | Self::Choice(_)
            | Self::DeclaredOtherwise { .. }
            | Self::Changed(_) => Exit::Refused,
            Self::NoSuch { .. } | Self::NoPlugin(_) => Exit::Usage,
            Self::Commit(error) if error.is_refusal() => Exit::Refused,
            Self::Commit(error) if error.is_cancelled() => Exit::Interrupted,
            Self::Build(error) if error.is_cancelled() => Exit::Interrupted,
            Self::Git(error) if error.is_cancelled() => Exit::Interrupted,
            Self::Interrupted => Exit::Interrupted,
            _ => Exit::Failed,
        }
    }

    /// What to do next, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoFile(_) => Some("`provost init` writes one; `--file` names another".to_owned()),
            Self::Destroys(_) => Some(
                "look at `provost plan`; if that is meant, run `provost apply --allow-destroy`".to_owned(),
            ),
            Self::Exists(_) => Some("edit it, or give another `--file`".to_owned()),
            Self::NoPlugin(component) => Some(format!(
                "add it: [codebase.NAME.plugins] {component} = {{}}; what comes with Moodle moves with Moodle"
            )),
            Self::GoesDown(_) => Some(
                "Moodle cannot go back: name a newer version in the file, or remove the site first"
                    .to_owned(),
            ),
            Self::NoSuch { there, .. } => Some(there.clone()),
            Self::NoRetry { hint, .. } => Some(hint.clone()),
            Self::Sql(error) => error.hint(),
            Self::Own(error) => error.hint(),
            Self::Taken { .. } => Some("give another name, or edit the one that is there".to_owned()),
            Self::Unreadable { .. } => Some(
                "bring it back first: `provost status` and `provost plan` say what there is of it".to_owned(),
            ),
            Self::Unfinished { .. } => Some("`provost apply` finishes it; then run this again".to_owned()),
            Self::Engaged { session, name, .. } => Some(format!(
                "let it end (`provost archive run {name}/{session}`), or undo what it did: `provost archive cancel {name}/{session} --all`"
            )),
            Self::Changed(_) => Some("run the same command again".to_owned()),
            Self::DeclaredOtherwise { revision, files, .. } => Some(format!(
                "take it back too, and run this again: git checkout {revision} -- {}",
                files.join(" ")
            )),
            Self::NotLocked(_) => Some("`provost apply` resolves and builds it".to_owned()),
            Self::Choice(inner) => Some(inner.hint()),
            Self::Archive(inner) => inner.hint().or_else(|| hints::of(inner)),
            Self::Roles(inner) => inner.hint().or_else(|| hints::of(inner)),
            Self::Delete(inner) => inner.hint(),
            Self::Move(inner) => Some(inner.hint()),
            Self::Uninstall(inner) => Some(inner.hint()),
            Self::Commit(inner) => hints::of(inner),
            Self::Build(inner) => hints::of(inner),
            Self::Git(inner) => hints::of(inner),
            Self::Lease(inner) => hints::of(inner),
            Self::Store(inner) => hints::of(inner),
            Self::Up(inner) => hints::of(inner),
            Self::Cron(inner) => hints::of(inner),
            Self::Server(inner) => hints::of(inner),
            Self::Agent(inner) | Self::Resolve(inner) => hints::of(&**inner),
            Self::Template(inner) => hints::of(inner),
            other => hints::of(other),
        }
    }
}

/// Makes an [`OpsError::Io`].
pub(crate) fn io(
    verb: &'static str,
    path: impl Into<Utf8PathBuf>,
) -> impl FnOnce(std::io::Error) -> OpsError {
    let path = path.into();
    move |source| OpsError::Io { verb, path, source }
}
