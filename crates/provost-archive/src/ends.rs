//! The two Moodles of a session, as the phases see them.
//!
//! A phase says what shall be; an end looks whether it is so already, does it where it is not, and reads the effect back. So every
//! method may be called again after its process was killed in the middle, and none is told how often it was called before. How a
//! session was declared (which settings a backup has, how users are matched, what happens to a restored course) an end knows from
//! when it was made: a method is told only what differs from unit to unit.

mod error;
mod key;
pub mod moodle;
pub mod scripted;

pub use error::EndError;
pub use key::{KeyError, UnitKey};

use camino::{Utf8Path, Utf8PathBuf};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::census::Comparison;
use crate::receipt::{About, Fresh, Proof};

/// What a method of an end answers, some time.
pub type Doing<'a, T> = BoxFuture<'a, Result<T, EndError>>;

/// A unit as the ends are told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// Its name at both ends and in their work directories.
    pub key: UnitKey,
    /// Its session.
    pub session: i64,
    /// Its number in that, from 0.
    pub number: u64,
    /// The course's id at the source.
    pub course: i64,
    /// Its short name there when it was selected: another course under the same id is not what was meant.
    pub shortname: String,
    /// When its backup was made, in seconds since 1970 by the source's clock, once that is known: what people do in the course
    /// afterwards is not in its copy.
    pub backed_up_at: Option<i64>,
    /// What the copy shall be called; an empty name stays as it is.
    pub names: CopyNames,
    /// Where it shall lie at the target: names of categories from the top, none of them empty.
    pub place: Vec<String>,
}

/// What a copy is called; an empty name is that of the original.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyNames {
    /// Full name.
    pub fullname: String,
    /// Short name.
    pub shortname: String,
    /// Id number.
    pub idnumber: String,
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
    /// Where the source has it.
    pub at: Utf8PathBuf,
    /// When it was made, in seconds since 1970 by the source's clock, where that is known.
    #[serde(default)]
    pub made_at: Option<i64>,
    /// Bytes of its structure: everything but file contents.
    pub structure_bytes: u64,
    /// Bytes of the contents it refers to, each once.
    pub content_bytes: u64,
    /// What the other end knows by that all of it came; `None` where the way takes it itself.
    #[serde(default)]
    pub digest: Option<String>,
    /// Activities that core's backup left out, as `type "name"`: each stops the unit unless the declaration accepts it.
    pub left_out: Vec<String>,
}

/// A backup that has arrived in the target's work directory, verified there against its digest and the contents against their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// Where the target has it.
    pub at: Utf8PathBuf,
    /// The digest that was verified.
    pub digest: String,
    /// Bytes that were moved for it this time.
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

    /// Removes what the work directory has of a unit. Nothing there is done, too.
    fn discard<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, ()>;

    /// Hides a course whose copy is proven.
    fn hide<'a>(&'a self, unit: &'a Assignment, proof: &'a Proof) -> Doing<'a, ()>;

    /// Deletes a course whose copy was compared with it again just now, without the recycle bin, and sees that it is gone.
    fn delete<'a>(&'a self, unit: &'a Assignment, fresh: &'a Fresh<'a>) -> Doing<'a, ()>;

    /// Goes on with a deletion that was begun and broken off, and begins none. Says whether there was one; if so, the course is gone.
    fn go_on_deleting<'a>(&'a self, unit: &'a Assignment, proof: &'a Proof) -> Doing<'a, bool>;

    /// Shows a hidden course again: the undoing of [`Source::hide`].
    fn show<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, ()>;
}

/// The Moodle that courses are brought to.
pub trait Target: Send + Sync {
    /// The course that carries the unit's mark, if there is one.
    fn find<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, Option<Restored>>;

    /// The course restored from what was carried: the marked one if it is whole, else a new one; what a killed restore left is
    /// removed first. Hidden, and on disk when this returns. Refuses while another process works on the same key at that site.
    fn restore<'a>(&'a self, unit: &'a Assignment, carried: &'a Carried) -> Doing<'a, Restored>;

    /// Where source and target are one site: moves the course itself to its place, instead of the three phases before.
    fn relocate<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, ()>;

    /// Where source and target are one site: puts the course back to where and what it was. Says what stays as it is, in words. One that
    /// was not moved stays, too.
    fn put_back<'a>(&'a self, unit: &'a Assignment) -> Doing<'a, Vec<String>>;

    /// What the declaration asks for afterwards: freeze, enrolments, name, tags, notice, script.
    fn post_process<'a>(&'a self, unit: &'a Assignment, course: i64) -> Doing<'a, ()>;

    /// Lets people see a copy that is proven, where the declaration wants that. Until then it is hidden.
    fn open<'a>(&'a self, unit: &'a Assignment, course: i64) -> Doing<'a, ()>;

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

    /// Whether what an end had in its work directory is known to be gone: it may lie in memory, which a machine loses. Where that cannot
    /// be seen without asking another host, nothing is known.
    fn has_lost(&self, at: &Utf8Path) -> bool;

    /// The load at both ends, which the session yields to.
    fn load(&self) -> Doing<'_, Load>;
}

/// Who counts both ends and compares them.
pub trait Witness: Send + Sync {
    /// Every difference between a course and its copy, both at rest.
    fn compare<'a>(&'a self, unit: &'a Assignment, copy: i64) -> Doing<'a, Comparison>;

    /// What a receipt of this unit is about, as both ends say it now.
    fn about<'a>(&'a self, unit: &'a Assignment, copy: i64) -> Doing<'a, About>;
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
    /// Who compares.
    pub witness: std::sync::Arc<dyn Witness>,
    /// Whether both are one site: then a course is moved within it, nothing is proven, and nothing is cleaned.
    pub same_site: bool,
}
