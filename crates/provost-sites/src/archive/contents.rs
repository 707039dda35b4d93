//! Contents of files, by their SHA-1, which Moodle names them by.

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

/// A content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Content {
    /// SHA-1, 40 hexadecimal digits.
    pub sha1: String,
    /// Bytes.
    pub bytes: u64,
}

/// Asks a source where contents lie.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocateRequest {
    /// SHA-1s; at most 20,000 in one request.
    pub sha1: Vec<String>,
    /// Whether contents that lie elsewhere (an object store) are brought to the local file system.
    pub fetch: bool,
}

/// Where a content lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocatedContent {
    /// SHA-1.
    pub sha1: String,
    /// A file with it, which only its site may change or remove.
    pub path: Utf8PathBuf,
    /// Its bytes.
    pub bytes: u64,
}

/// Where contents lie.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Located {
    /// Those that are there.
    pub found: Vec<LocatedContent>,
    /// Those that are not.
    pub missing: Vec<String>,
}

/// Asks a target which contents it has not got.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingRequest {
    /// Contents; at most 20,000 in one request.
    pub contents: Vec<Content>,
}

/// What a target has not got.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// SHA-1s.
    pub missing: Vec<String>,
    /// SHA-1s of those that are there with another length: damaged, and core would refuse to replace them.
    pub damaged: Vec<String>,
}

/// Asks a target to make an unpacked thin backup whole: each content that `files.xml` names is linked (or copied) into `files/xx/`, from
/// `incoming` if it is there, else from the site's own files; then `include_files` becomes 1. The site's files are only read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageRequest {
    /// The unpacked backup; it belongs to the site's account.
    pub backup: Utf8PathBuf,
    /// Contents that came, as `xx/SHA1` or `SHA1`; readable by the site's account. `None` where none came.
    pub incoming: Option<Utf8PathBuf>,
    /// Whether every content is read and its SHA-1 compared. Without it, its length is.
    pub verify: bool,
}

/// A staged backup.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staged {
    /// Different contents.
    pub contents: u64,
    /// How many of them were in `incoming`.
    pub from_incoming: u64,
    /// How many were the site's.
    pub from_site: u64,
    /// SHA-1s of those that are nowhere; then `include_files` was left alone.
    pub missing: Vec<String>,
    /// SHA-1s of those that are not what they are called.
    pub damaged: Vec<String>,
}
