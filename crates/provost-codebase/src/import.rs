//! Zips and directories become git trees, so that everything after (listing, tree id, build, diff) has one path.
//!
//! What is imported lies in one bare repository of the git cache, [`Source::Imported`](crate::git::Source::Imported),
//! each tree pinned by `refs/provost/TREE`. Nothing of a zip is ever unpacked to a directory: a hostile one can at most
//! name files that a tree may not have, and is refused.

mod contents;
mod digests;
mod directory;
mod error;
mod name;
mod origins;
mod pack;
mod zip;

pub(crate) use digests::{Digesting, Digests, hex};
pub use directory::{directory_tree_id, import_directory};
pub use error::ImportError;
pub use origins::{bring_back, has_changed};
pub use zip::import_zip;

use crate::git::Git;
use crate::object::ObjectId;
use contents::{Contents, Sink};
use pack::Pack;

/// The most files that a plugin may have. Moodle itself has 30,000; the largest plugins, with their libraries, 6,000.
pub const MOST_FILES: usize = 20_000;

/// The largest file, in bytes; it is held in memory. No larger one can be in a repository on GitHub.
pub const LARGEST_FILE: u64 = 100 << 20;

/// The most bytes of all files together, as they are really inflated, whatever a zip says of itself. Ten times the
/// largest plugins; a bomb costs two seconds and no disk.
pub const MOST_BYTES: u64 = 512 << 20;

/// The largest zip, in bytes. The largest in the plugins directory have 60 MB.
pub const LARGEST_ZIP: u64 = 256 << 20;

/// The most directories above a file. Node's libraries nest ten deep; deeper than this is made to break something.
pub const DEEPEST: usize = 64;

/// A plugin as a tree of the repository of imported trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Git's id of the plugin's directory.
    pub tree: ObjectId,
    /// SHA-256 of the zip, in hexadecimal; empty for a directory.
    pub sha256: String,
    /// MD5 of the zip, in hexadecimal; empty for a directory. The plugins directory knows its zips by it.
    pub md5: String,
    /// How many files there are.
    pub files: usize,
    /// `version.php`.
    pub version_php: Vec<u8>,
    /// The name of the zip's root directory, or of the directory.
    pub root: String,
    /// What may be worth a line: names that differ in case only.
    pub notes: Vec<String>,
}

/// Reads all files into a sink; called again to write what was only hashed before.
trait Origin: Send + Sync + 'static {
    fn read(&self, sink: &mut dyn Sink) -> Result<Contents, ImportError>;
}

/// Hashes everything, and writes only what is not there yet.
async fn import(git: &Git, origin: std::sync::Arc<dyn Origin>) -> Result<Contents, ImportError> {
    let cancel = git.context().cancel.clone();
    let (from, stop) = (origin.clone(), cancel.clone());
    let contents = blocking(move || from.read(&mut contents::Hash { cancel: stop })).await?;
    let tree = contents.tree;
    // Held before one looks: who removes what is not used holds it too.
    let importing = git.importing().await?;
    if git.is_imported(tree).await? {
        importing.pin(tree).await?;
        return Ok(contents);
    }
    let place = importing.place()?;
    let (written, checksum) = blocking(move || {
        let mut pack = Pack::create(&place, cancel)?;
        let written = origin.read(&mut pack)?;
        Ok((written, pack.finish()?))
    })
    .await?;
    if written.tree != tree {
        return Err(ImportError::Changing { path: contents.root });
    }
    importing.take(&checksum, tree).await?;
    Ok(contents)
}

/// Does work that waits for the disk on a thread of its own.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ImportError> + Send + 'static,
) -> Result<T, ImportError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(ImportError::Cancelled),
    }
}

#[cfg(test)]
mod tests;
