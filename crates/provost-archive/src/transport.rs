//! How a backup gets from one platform to the other.
//!
//! A transport brings what lies in the source's work directory to the target's, whole or not at all. **Thin** is the default: the
//! structure of the backup (everything but file contents), then only those contents that the target has not got, each once for all
//! courses of a session, staged in a pool outside of `filedir` and linked into the backup's `files/`, whose `include_files` is then
//! set to 1: core's restore gives files to the wrong people otherwise. What the target has in its own `filedir` is linked from there.
//!
//! A **full** backup comes as one `mbz`, is read to its end where it arrived, and taken apart there: restores begin from a directory.
//!
//! What every transport must do is what the contract tests ask of each: everything that arrives is verified (contents by their SHA-1,
//! the structure by its digest, an `mbz` by its SHA-1 and by reading it to its end), a transport cut at any byte resumes within a
//! megabyte, a full disk is an error that says so and loses nothing, and nothing is written at the source.

mod error;
mod full;
mod helper;
mod host;
mod journey;
mod lists;
mod route;
mod tally;
mod thin;
mod unpack;
mod wire;

#[cfg(test)]
mod tests;

pub use error::{Side, TransportError};
pub use host::{Host, Ssh};
pub use route::{Landing, Origin, RESERVE, Route, SHARED};
pub use tally::{Moved, Tally};

use camino::Utf8PathBuf;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::ends::UnitKey;

/// What a method of a transport answers, some time.
pub type Carrying<'a, T> = BoxFuture<'a, Result<T, TransportError>>;

/// The most that is moved again when a transport was cut, in bytes, for each stream that was at work.
pub const RESUMES_WITHIN: u64 = 1 << 20;

/// A way between two platforms. Cheap to call again: what arrived is not moved a second time.
pub trait Transport: Send + Sync {
    /// What it is called in the fleet file and in messages: `shared`, `ssh`.
    fn name(&self) -> &'static str;

    /// Brings a backup to the target. When this returns, the backup is whole, verified and on the target's disk, and belongs to the
    /// target's account. What is moved is counted in `tally` while it happens.
    fn carry<'a>(&'a self, cargo: &'a Cargo, tally: &'a Tally) -> Carrying<'a, Delivered>;

    /// Free space where backups arrive.
    fn room(&self) -> Carrying<'_, Room>;

    /// Removes what is staged of a unit, and those contents that no other unit of the session wants. Call it when the course is
    /// restored or given up. Nothing there is done, too.
    fn release<'a>(&'a self, unit: &'a UnitKey) -> Carrying<'a, ()>;

    /// Removes all that is staged of the session: at its end, and when it is cancelled.
    fn clear(&self) -> Carrying<'_, ()>;
}

/// What is carried for a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cargo {
    /// The unit.
    pub key: UnitKey,
    /// What lies at `at`.
    pub form: Form,
    /// Where the source has it: the unpacked backup's directory, or the `mbz`.
    pub at: Utf8PathBuf,
    /// What must arrive, where it is known: of a thin backup the
    /// [`structure_digest`](provost_moodle::mbz::structure_digest), of an `mbz` its SHA-256.
    pub digest: Option<String>,
}

/// How a backup is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// An unpacked backup without contents, which are brought by their names.
    Thin,
    /// An `mbz` with everything.
    Full,
}

/// A backup that arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    /// Where the target has it: a directory that restores as it is.
    pub at: Utf8PathBuf,
    /// The digest that was verified, as in [`Cargo::digest`].
    pub digest: String,
    /// Bytes of its structure, or of the `mbz`.
    pub structure_bytes: u64,
    /// Contents it refers to, each once.
    pub contents: u64,
    /// Bytes of those contents.
    pub content_bytes: u64,
    /// What was moved for it by this call.
    pub moved: Moved,
}

/// Free space where backups arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// Bytes that the account may still write.
    pub free_bytes: u64,
}
