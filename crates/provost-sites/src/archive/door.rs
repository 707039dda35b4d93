//! The door: one agent inside one site, that stays for many requests.

use std::time::Duration;

use provost_engine::context::Context;
use provost_engine::process::Account;
use provost_fleet::name::Name;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{
    Backup, BackupRequest, CategoryPath, CategoryRequest, CoursePage, CoursesRequest, DeleteRequest, Deleted,
    DiscardRequest, Discarded, FindRequest, FinishRequest, Finished, Found, Hidden, HideRequest,
    LocateRequest, Located, MatchRequest, Matches, Missing, MissingRequest, MoveRequest, Moved, PathRequest,
    Placed, Restore, RestoreRequest, RevertRequest, Reverted, SettleRequest, Settled, StageRequest, Staged,
    Uncategorised, UncategoryRequest, UserPage, UsersRequest, WhereRequest, Whereabouts,
};
use crate::agent::{Agent, AgentError};

/// Longest that a look may take: a page of courses of a large site reads whole tables once.
const LOOK: Duration = Duration::from_mins(15);

/// Longest that one change may take.
const CHANGE: Duration = Duration::from_mins(15);

/// Longest backup, restore or deletion of one course. One of 95 MB takes 14 s; one of many gigabytes, with contents on a slow disk, hours.
const COURSE: Duration = Duration::from_hours(6);

/// An agent of a site. Moodle keeps static caches for as long as a process lives: whoever works through many units closes it now and then.
pub struct ArchiveDoor {
    agent: Agent,
}

impl ArchiveDoor {
    /// Starts the agent. The site's database server runs already.
    ///
    /// # Errors
    /// When PHP, the agent's files or Moodle cannot be started.
    pub async fn open(
        cx: &Context,
        site: &Name,
        account: &Account,
        subject: Option<&str>,
    ) -> Result<Self, AgentError> {
        Ok(Self { agent: Agent::open(cx, site, account, subject).await? })
    }

    /// Lets it go.
    pub async fn close(self) {
        self.agent.close().await;
    }

    /// Any operation. Parts of a session that have their own (`archive.census`) come through here.
    ///
    /// # Errors
    /// The agent's, and [`AgentError::Answer`] of the kind `shape` where the answer is not of the type.
    pub async fn ask<Q: Serialize + Sync, A: DeserializeOwned>(
        &mut self,
        cx: &Context,
        operation: &str,
        request: &Q,
        deadline: Duration,
    ) -> Result<A, AgentError> {
        self.agent.ask(cx, operation, request, deadline).await
    }
}

/// One method per operation.
macro_rules! operations {
    ($($(#[$doc:meta])* $method:ident = $name:literal ($request:ty) -> $answer:ty, $deadline:expr;)*) => {
        impl ArchiveDoor {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                /// The agent's.
                pub async fn $method(&mut self, cx: &Context, request: &$request) -> Result<$answer, AgentError> {
                    self.ask(cx, $name, request, $deadline).await
                }
            )*
        }
    };
}

operations! {
    /// Who a backup would bring.
    users = "archive.users" (UsersRequest) -> UserPage, LOOK;
    /// In which courses some of them take part.
    users_where = "archive.users.where" (WhereRequest) -> Whereabouts, LOOK;
    /// Whom accounts become at the target.
    matches = "archive.match" (MatchRequest) -> Matches, LOOK;
    /// Backs a course up.
    backup = "archive.backup" (BackupRequest) -> Backup, COURSE;
    /// Where contents lie.
    locate = "archive.locate" (LocateRequest) -> Located, COURSE;
    /// Which contents are not there.
    missing = "archive.missing" (MissingRequest) -> Missing, LOOK;
    /// Makes a thin backup whole.
    stage = "archive.stage" (StageRequest) -> Staged, COURSE;
    /// The categories from the top to one.
    path = "archive.path" (PathRequest) -> CategoryPath, LOOK;
    /// The category of a path.
    category = "archive.category" (CategoryRequest) -> Placed, CHANGE;
    /// Takes empty categories away.
    uncategory = "archive.uncategory" (UncategoryRequest) -> Uncategorised, CHANGE;
    /// Restores a course.
    restore = "archive.restore" (RestoreRequest) -> Restore, COURSE;
    /// Marked courses.
    find = "archive.find" (FindRequest) -> Found, LOOK;
    /// Takes a restored course away.
    discard = "archive.discard" (DiscardRequest) -> Discarded, COURSE;
    /// What is done with a restored course.
    finish = "archive.finish" (FinishRequest) -> Finished, COURSE;
    /// Brings a course to rest and to disk.
    settle = "archive.settle" (SettleRequest) -> Settled, COURSE;
    /// Moves a course within its site.
    relocate = "archive.move" (MoveRequest) -> Moved, COURSE;
    /// Puts a course back that was moved within its site.
    revert = "archive.revert" (RevertRequest) -> Reverted, COURSE;
    /// Hides a course at its source, or shows it again.
    hide = "archive.hide" (HideRequest) -> Hidden, CHANGE;
    /// Deletes a course at its source.
    delete = "archive.delete" (DeleteRequest) -> Deleted, COURSE;
}

impl ArchiveDoor {
    /// Facts of the site; their type is `provost_archive::course`'s.
    ///
    /// # Errors
    /// The agent's.
    pub async fn site<S: DeserializeOwned>(&mut self, cx: &Context) -> Result<S, AgentError> {
        self.ask(cx, "archive.site", &serde_json::json!({}), LOOK).await
    }

    /// Facts of courses; their type is `provost_archive::course`'s.
    ///
    /// # Errors
    /// The agent's.
    pub async fn courses<C: DeserializeOwned>(
        &mut self,
        cx: &Context,
        request: &CoursesRequest,
    ) -> Result<CoursePage<C>, AgentError> {
        self.ask(cx, "archive.courses", request, LOOK).await
    }
}
