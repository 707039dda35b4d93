//! `[archive.NAME]`: a session that moves courses from one site to another.
//!
//! What is here is what the file says, checked. Values that slide with the year ([`Sliding`]) are resolved when a session
//! starts, and the session keeps what came out ([`Archive::resolved`]).

mod ad_hoc;
mod backup;
mod lists;
mod resolved;
mod selection;
mod sliding;
mod times;

pub use ad_hoc::{AdHoc, ad_hoc};
pub use backup::{Backup, Clash, Restore, Taken, Unmatched, UserKey, Users};
pub use lists::{CourseList, CourseName, UserTable, course_list, user_table};
pub use selection::{Age, Filters, Root, Selection};
pub use sliding::{Sliding, SlidingError};
pub use times::{Days, Exception, Overrun, Span, TimesError};

use std::collections::BTreeSet;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use crate::name::Name;
use crate::secret::SecretRef;

/// One declared session, with its defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archive {
    /// Where the courses are.
    pub from: End,
    /// Where they go. The same site as `from` makes of the session a move within it.
    pub to: End,
    /// Which courses: those that any of these takes. Never empty.
    pub select: Vec<Selection>,
    /// Which of them not: those that any of these takes.
    pub exclude: Vec<Selection>,
    /// Where they come to lie.
    pub place: Place,
    /// What of them is moved.
    pub backup: Backup,
    /// How a person of the source is found at the target.
    pub users: Users,
    /// How they are restored.
    pub restore: Restore,
    /// What is done to the copy once it is whole.
    pub after: After,
    /// What becomes of the originals, once there is a receipt.
    pub source: Fate,
    /// Days between hiding an original and deleting it. Default [`Archive::QUARANTINE`]; only where `source` is `delete`.
    pub quarantine_days: u32,
    /// When a unit may run; empty: at any time.
    pub windows: Vec<Span>,
    /// The IANA time zone in which windows, exceptions and the year are meant. Default `UTC`.
    pub timezone: String,
    /// Dates on which no window begins.
    pub exceptions: Vec<Exception>,
    /// What happens to a unit that is still running when its window ends.
    pub overrun: Overrun,
    /// Units at once. Default [`Archive::WORKERS`].
    pub workers: u32,
    /// How contents get to the target.
    pub transport: Transport,
    /// Where the units are booked.
    pub registry: Registry,
    /// Problems and differences that do not stop a unit.
    pub accept: BTreeSet<Accept>,
    /// Who is told.
    pub notify: Notify,
}

impl Archive {
    /// Days of quarantine where nothing is said: a month in which somebody may miss a course.
    pub const QUARANTINE: u32 = 30;

    /// Units at once where nothing is said: one is backed up while another is restored.
    pub const WORKERS: u32 = 2;

    /// Most units at once: each has a PHP process and a database connection at both ends.
    pub const MOST_WORKERS: u32 = 64;

    /// The time zone where nothing is said.
    pub const TIMEZONE: &'static str = "UTC";

    /// Whether source and target are one site, so that courses are moved in it and never copied.
    pub fn within_one_site(&self) -> bool {
        self.from.site == self.to.site
    }
}

/// One of the two sites of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The site's name in the fleet file.
    pub site: Name,
    /// The host that holds its files, where that is another machine; contents get there by SSH.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<SshHost>,
}

/// A machine that is reached by SSH, with the keys and the configuration of whoever runs Provost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SshHost {
    /// Host name, address, or a `Host` of the SSH configuration.
    pub host: String,
    /// The account there; `None` leaves it to SSH.
    pub user: Option<String>,
    /// The port; `None` leaves it to SSH.
    pub port: Option<u16>,
    /// A directory there for what is on its way: absolute. `None`: below the account's temporary directory.
    pub directory: Option<Utf8PathBuf>,
}

/// Where courses come to lie at the target. Categories that are missing are made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// `"same"`: under the same categories as at the source.
    Same,
    /// `{ under = "…" }`: under the same categories, all of them below this one.
    Under(Sliding),
    /// `{ rewrite = "…" }`: where a rule says. It knows `{path}`, `{below}` and `{category}` besides the year.
    Rewrite(Sliding),
}

/// What is done to the copy once it is whole; until then it is hidden.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct After {
    /// Whether it stays hidden. Without, it is visible if the original was. Default false.
    pub hide: bool,
    /// Whether it is made read-only by locking its context. Default false.
    pub freeze: bool,
    /// What becomes of its enrolments. Default: they are kept.
    pub enrolments: Enrolments,
    /// New names.
    pub rename: Rename,
    /// Tags that it gets besides its own. They know the year.
    pub tags: Vec<Sliding>,
    /// A text (HTML) that stands at its top. Knows the year and what `rename` knows.
    pub notice: Option<Sliding>,
    /// A PHP file that returns a function, which is called inside the target's Moodle with the course's row and must be fit to run
    /// again; a relative path starts at the fleet file.
    pub script: Option<Utf8PathBuf>,
}

/// New names of a copy. Each knows `{shortname}`, `{fullname}`, `{idnumber}`, `{category}` and the year.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rename {
    /// The full name.
    pub fullname: Option<Sliding>,
    /// The short name, which no other course of the target may have.
    pub shortname: Option<Sliding>,
    /// The id number, likewise; an empty text takes it away.
    pub idnumber: Option<Sliding>,
}

/// What becomes of the enrolments of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Enrolments {
    /// They are as at the source.
    #[default]
    Keep,
    /// Each person's enrolment is suspended.
    Suspend,
    /// Each person's enrolment ends now.
    End,
}

impl Enrolments {
    /// Every choice, as the fleet file says it.
    pub const ALL: [(&'static str, Self); 3] =
        [("keep", Self::Keep), ("suspend", Self::Suspend), ("end", Self::End)];
}

/// What becomes of an original, once there is a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It stays as it is.
    #[default]
    Keep,
    /// It is hidden.
    Hide,
    /// It is hidden, and deleted after the quarantine, on approval.
    Delete,
}

impl Fate {
    /// Every choice, as the fleet file says it.
    pub const ALL: [(&'static str, Self); 3] =
        [("keep", Self::Keep), ("hide", Self::Hide), ("delete", Self::Delete)];
}

/// How contents get to the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// Over paths that both ends see: the backup without contents, then those contents that the target has not got.
    #[default]
    Shared,
    /// By SSH to the hosts that hold the ends, likewise thin.
    Ssh,
    /// The whole backup as one `.mbz`.
    Full,
}

impl Transport {
    /// Every choice, as the fleet file says it.
    pub const ALL: [(&'static str, Self); 3] =
        [("shared", Self::Shared), ("ssh", Self::Ssh), ("full", Self::Full)];
}

/// Where the units of a session are booked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Registry {
    /// `"sqlite"`: in the fleet's own registry.
    #[default]
    Sqlite,
    /// `"database.NAME"`: on a PostgreSQL of the fleet, for workers on several machines.
    Server(Name),
}

/// A problem or a difference that does not stop a unit: its name, or its name and what it is about (`plugin:mod_x`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Accept(String);

impl Accept {
    /// Whether a text can be one: words of lower-case letters, digits, `-`, `_`, `.`, then perhaps `:` and what it is about.
    pub fn of(text: &str) -> Option<Self> {
        let word = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'))
        };
        let (name, about) = text.split_once(':').map_or((text, None), |(name, about)| (name, Some(about)));
        let plain = |about: &str| !about.is_empty() && !about.contains(|c: char| c.is_control());
        (word(name) && about.is_none_or(plain)).then(|| Self(text.to_owned()))
    }

    /// What is accepted: the part before `:`.
    pub fn name(&self) -> &str {
        self.0.split_once(':').map_or(&self.0, |(name, _)| name)
    }

    /// What it is about; `None` accepts every one of that name.
    pub fn about(&self) -> Option<&str> {
        self.0.split_once(':').map(|(_, about)| about)
    }

    /// Whether it accepts a problem of a name that is about something. Activities that are left out may be called by their module alone:
    /// `left_out:chat` is `left_out:mod_chat`.
    pub fn covers(&self, name: &str, about: &str) -> bool {
        let is = |own: &str| own == about || name == "left_out" && about.strip_prefix("mod_") == Some(own);
        self.name() == name && self.about().is_none_or(is)
    }

    /// As the file has it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who is told that a session has finished, and that a unit has failed for good.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Notify {
    /// Addresses.
    pub mail: Vec<String>,
    /// A URL that gets JSON by POST.
    pub webhook: Option<Webhook>,
}

/// Where a webhook's URL stands: many hold a token, and belong into a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Webhook {
    /// In the file.
    Url(String),
    /// Behind a reference.
    Secret(SecretRef),
}

#[cfg(test)]
mod tests;
