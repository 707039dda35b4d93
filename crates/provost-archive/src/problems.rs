//! What would go wrong, said before anything is begun: pure, over the facts of both ends.
//!
//! The words for problems are those that the agent's operations use when they stop for the same reason ([`provost_sites::archive`]), so
//! that one acceptance in the declaration covers both.

mod course;
mod disk;
mod site;
mod users;
mod version;

pub use course::of_course;
pub use disk::{Needs, of_disk};
pub use site::of_sites;
pub use users::{OfUsers, of_users};
pub use version::is_older;

use std::collections::BTreeSet;
use std::fmt;

use provost_fleet::archive::Accept;
use provost_fleet::suggest::nearest;
use serde::{Deserialize, Serialize};

/// What kind of problem it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The target's Moodle is older than the source's: what comes is restored half.
    NewerBackup,
    /// A plugin that the course needs is missing at the target.
    Plugin,
    /// A plugin that the course needs is older at the target.
    PluginOlder,
    /// A role that somebody has in the course is not at the target: restore never makes roles, and leaves the assignment out.
    Role,
    /// Another course has the short name.
    NameClash,
    /// Another course has the id number.
    IdnumberClash,
    /// Somebody else at the target has a person's user name.
    UserConflict,
    /// More than one account fits, or more than one person would become one account.
    UserAmbiguous,
    /// An account has a person's user name and another address: it may be somebody else's.
    UserDoubtful,
    /// The same, where the original is deleted: what was a person's own would be somebody else's for good.
    UserOther,
    /// Somebody has no account at the target, and none is to be made.
    UserUnmatched,
    /// A person's account at the target was deleted.
    DeletedUser,
    /// Activities that core's backup leaves out.
    LeftOut,
    /// Contents of files that the source itself has lost.
    MissingContent,
    /// Aliases and external files: an alias becomes a file of its own, an external one of which there is no copy is lost.
    Alias,
    /// Questions that lie in question banks outside the course.
    ForeignQuestions,
    /// What belongs to the course and no backup takes along: it is gone with the original.
    LeftBehind,
    /// Other courses draw questions from the course's banks.
    QuestionsUsed,
    /// The target has not enough room.
    NotEnoughDisk,
    /// Both ends have one site identifier and are not the same site: a clone and its origin, between which core matches people by id.
    SameSite,
    /// The rule of places gives this course none.
    Place,
    /// The course is in its place already.
    InPlace,
    /// The script that copies are to be finished with cannot be read.
    NoScript,
    /// Something is accepted by a name that nothing has.
    UnknownAccept,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 24] = [
        Self::NewerBackup,
        Self::Plugin,
        Self::PluginOlder,
        Self::Role,
        Self::NameClash,
        Self::IdnumberClash,
        Self::UserConflict,
        Self::UserAmbiguous,
        Self::UserDoubtful,
        Self::UserOther,
        Self::UserUnmatched,
        Self::DeletedUser,
        Self::LeftOut,
        Self::MissingContent,
        Self::Alias,
        Self::ForeignQuestions,
        Self::LeftBehind,
        Self::QuestionsUsed,
        Self::NotEnoughDisk,
        Self::SameSite,
        Self::Place,
        Self::InPlace,
        Self::NoScript,
        Self::UnknownAccept,
    ];

    /// The word by which it is accepted.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NewerBackup => "newer_backup",
            Self::Plugin => "plugin",
            Self::PluginOlder => "plugin_older",
            Self::Role => "role",
            Self::NameClash => "name_clash",
            Self::IdnumberClash => "idnumber_clash",
            Self::UserConflict => "user_conflict",
            Self::DeletedUser => "deleted_user",
            Self::UserAmbiguous => "user_ambiguous",
            Self::UserDoubtful => "user_doubtful",
            Self::UserOther => "user_other",
            Self::UserUnmatched => "user_unmatched",
            Self::LeftOut => "left_out",
            Self::MissingContent => "missing_content",
            Self::Alias => "alias",
            Self::ForeignQuestions => "foreign_questions",
            Self::LeftBehind => "left_behind",
            Self::QuestionsUsed => "questions_used",
            Self::NotEnoughDisk => "not_enough_disk",
            Self::SameSite => "same_site",
            Self::Place => "place",
            Self::InPlace => "in_place",
            Self::NoScript => "no_script",
            Self::UnknownAccept => "unknown_accept",
        }
    }

    /// Whether nobody can accept it: what would be restored would not be the course, or could not be restored at all.
    pub const fn is_fatal(self) -> bool {
        matches!(
            self,
            Self::NewerBackup
                | Self::NameClash
                | Self::UserConflict
                | Self::UserAmbiguous
                | Self::UserUnmatched
                | Self::DeletedUser
                | Self::SameSite
                | Self::Place
                | Self::NoScript
                | Self::UnknownAccept
        )
    }

    /// Whether it stops a unit that does not accept it; else it is only told.
    pub const fn stops(self) -> bool {
        !matches!(self, Self::InPlace | Self::ForeignQuestions | Self::QuestionsUsed | Self::UserDoubtful)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// What it is.
    pub kind: Kind,
    /// What it is about: a component, a role, a user name. May be empty.
    pub about: String,
    /// In words.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Whether the declaration accepts it.
    pub accepted: bool,
}

impl Problem {
    /// A problem that nobody has accepted yet.
    pub fn new(kind: Kind, about: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, about: about.into(), message: message.into(), hint: None, accepted: false }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether it stops its unit, or the session where it is about that.
    pub fn stops(&self) -> bool {
        self.kind.stops() && !self.accepted
    }

    /// The name by which this one problem is accepted.
    pub fn name(&self) -> String {
        match self.about.is_empty() {
            true => self.kind.to_string(),
            false => format!("{}:{}", self.kind, self.about),
        }
    }

    /// Marks what the declaration accepts. One that is fatal is never accepted.
    #[must_use]
    pub fn judged(mut self, accept: &BTreeSet<Accept>) -> Self {
        let word = self.kind.word();
        // What stands for several things at once may be accepted one by one: the agent looks at each when the unit runs.
        let several = |one: &Accept| self.about.is_empty() && one.name() == word;
        let covered = accept.iter().any(|one| one.covers(word, &self.about) || several(one));
        self.accepted = !self.kind.is_fatal() && covered;
        self
    }
}

/// Words of the agent's alone, which it finds when a unit runs, and that can be accepted.
const OF_AGENT: [&str; 4] = ["deletion", "external_file", "feature", "precheck_warning"];

/// Words of the agent's alone that nobody can accept.
const FATAL_OF_AGENT: [&str; 4] = ["no_category", "not_staged", "other_backup", "precheck"];

/// What is accepted by a name that is neither a problem's nor one of `others`, the names of differences; and what is accepted that
/// nobody can accept.
pub fn of_accepted(accept: &BTreeSet<Accept>, others: &[&str]) -> Vec<Problem> {
    let acceptable = Kind::ALL.iter().filter(|kind| !kind.is_fatal()).map(|kind| kind.word());
    let words = acceptable.chain(OF_AGENT).chain(others.iter().copied());
    let told = |accept: &Accept| {
        let fatal = Kind::ALL.iter().any(|kind| kind.word() == accept.name() && kind.is_fatal());
        if fatal || FATAL_OF_AGENT.contains(&accept.name()) {
            let message = format!("`{}` cannot be accepted", accept.name());
            return Some(
                Problem::new(Kind::UnknownAccept, accept.as_str(), message).hint("take it out of `accept`"),
            );
        }
        if words.clone().any(|word| word == accept.name()) {
            return None;
        }
        let message = format!("nothing is called `{}`", accept.name());
        let problem = Problem::new(Kind::UnknownAccept, accept.as_str(), message);
        Some(match nearest(accept.name(), words.clone()) {
            Some(meant) => problem.hint(format!("did you mean `{meant}`?")),
            None => problem.hint("take it out of `accept`"),
        })
    };
    accept.iter().filter_map(told).collect()
}

#[cfg(test)]
mod tests;
