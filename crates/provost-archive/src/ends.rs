//! The two Moodles of a session, as the phases see them.
//!
//! A phase says what shall be; an end looks whether it is so already, does it where it is not, and reads the effect back. So every
//! method may be called again after its process was killed in the middle, and none is told how often it was called before. How a
//! session was declared (which settings a backup has, how users are matched, what happens to a restored course) an end knows from
//! when it was made: a method is told only what differs from unit to unit.

mod error;
mod key;

pub use error::EndError;
pub use key::{KeyError, UnitKey};

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

/// What a method of an end answers, some time.
pub type Doing<'a, T> = BoxFuture<'a, Result<T, EndError>>;

/// A unit as the ends are told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// Its name at both ends and in their work directories.
    pub key: UnitKey,
    /// The course's id at the source.
    pub course: i64,
    /// Its short name there when it was selected: another course under the same id is not what was meant.
    pub shortname: String,
    /// Where it shall lie at the target: names of categories from the top, none of them empty.
    pub place: Vec<String>,
}

/// A course at the source, looked at before it is begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Looked {
    /// Its short name now.
    pub shortname: String,
    /// Bytes of its files, each unique content once.
    pub bytes: u64,
    /// What stops it: problems that the declaration accepts are not among them.
    pub stopped_by: Vec<String>,
}

/// A backup in the source's work directory: complete, read back, and not inside a dataroot's `filedir`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackedUp {
    /// Bytes of its structure: everything but file contents.
    pub structure_bytes: u64,
    /// Bytes of the contents it refers to, each once.
    pub content_bytes: u64,
    /// SHA-256 over the structure's files, by which the other end knows that all of it came.
    pub digest: String,
    /// Activities that core's backup left out, as `type "name"`: each stops the unit unless the declaration accepts it.
    pub left_out: Vec<String>,
}

/// A backup that has arrived in the target's work directory, verified there against its digest and the contents against their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// The digest that was verified.
    pub digest: String,
    /// Bytes that were moved for it, this time and before.
    pub moved_bytes: u64,
    /// Bytes of contents the target had already.
    pub spared_bytes: u64,
}

/// A course at the target that carries a unit's mark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// Its id at the target.
    pub course: i64,
    /// Whether the restore came to its end; what has not is removed and begun again.
    pub whole: bool,
}

/// The Moodle that courses are taken from. Nothing is written there but its work directory, until a unit is cleaned.
pub trait Source: Send + Sync {
    /// Looks at a course; `None` where there is none under that id.
    fn look<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, Option<Looked>>;

    /// The unit's backup: the one in the work directory if it is whole, else a new one.
    fn backup<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, BackedUp>;

    /// What the course is made of.
    fn census<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, Counted>;

    /// Removes what the work directory has of a unit. Nothing there is done, too.
    fn discard<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, ()>;

    /// Hides a course whose copy is proven.
    fn hide<'a>(&'a self, unit: &'a Assignment, cleared: &'a Cleared) -> Doing<'a, ()>;

    /// Deletes a course whose copy is proven, without the recycle bin, and sees that it is gone.
    fn delete<'a>(&'a self, unit: &'a Assignment, cleared: &'a Cleared) -> Doing<'a, ()>;

    /// Shows a hidden course again: the undoing of [`Source::hide`].
    fn show<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, ()>;
}

/// The Moodle that courses are brought to.
pub trait Target: Send + Sync {
    /// The course that carries the unit's mark, if there is one.
    fn find<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, Option<Restored>>;

    /// The course restored from what was carried: the marked one if it is whole, else a new one; what a killed restore left is
    /// removed first. Hidden, and on disk when this returns. Refuses while another process works on the same key at that site.
    fn restore<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, Restored>;

    /// Where source and target are one site: moves the course itself to its place, instead of the three phases before.
    fn relocate<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, ()>;

    /// What the declaration asks for afterwards: freeze, enrolments, name, tags, notice, script.
    fn post_process<'a>(&'a self, unit: &'a Assignment, course: i64) -> Doing<'a, ()>;

    /// What the restored course is made of, at rest.
    fn census<'a>(&'a self, unit: &'a Assignment, course: i64) -> Doing<'a, Counted>;

    /// Removes what the work directory has of a unit, once it is proven.
    fn tidy<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, ()>;

    /// Removes what this session brought of a unit: the marked course, the mark, and what the work directory has. Nothing there is
    /// done, too.
    fn discard<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, ()>;
}

/// The way between them.
pub trait Way: Send + Sync {
    /// Carries the unit's backup over; what arrived before is not moved again.
    fn carry<'a>(&'a self, unit: &'a Assignment, backup: &'a BackedUp) -> Doing<'a, Carried>;

    /// The load at both ends, which the session yields to.
    fn load(&self) -> Doing<'_, Load>;
}

/// How busy the platforms are: what workers adapt to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// Sessions of the busier database that run a statement now.
    pub active: u32,
    /// The time the live site takes to answer a page, in milliseconds; `None` where nobody serves it.
    pub page_ms: Option<u32>,
}

/// The ends of one session, and the way between them.
#[derive(Clone)]
pub struct Ends {
    /// Where courses are taken from.
    pub source: std::sync::Arc<dyn Source>,
    /// Where they are brought.
    pub target: std::sync::Arc<dyn Target>,
    /// How.
    pub way: std::sync::Arc<dyn Way>,
    /// Whether both are one site: then a course is moved within it, nothing is proven, and nothing is cleaned.
    pub same_site: bool,
}

/// A census as the phases handle it: the figures that [`crate::census`] compares.
pub type Counted = serde_json::Value;

/// That a unit may be cleaned. Only the verification of its receipt makes one.
#[derive(Debug)]
pub struct Cleared {
    key: UnitKey,
    course: i64,
}

impl Cleared {
    /// Of which unit.
    pub fn key(&self) -> &UnitKey {
        &self.key
    }

    /// The course that it lets go.
    pub fn course(&self) -> i64 {
        self.course
    }
}
