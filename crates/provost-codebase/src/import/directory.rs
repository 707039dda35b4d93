//! A plugin's directory of one's own, as it is at this moment.
//!
//! Everything in it is taken but `.git`, wherever that lies. What `.gitignore` names is taken too: a build must hold what the
//! user sees there, and a directory need not be git's at all. Modes are git's two; symlinks stay symlinks.

use std::fs::{File, Metadata};
use std::io::Read as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;
use rustix::fs::OFlags;

use super::contents::{Contents, Files, Hash, Sink};
use super::{ImportError, Imported, Origin, blocking, import, name};
use crate::git::Git;
use crate::object::{Mode, ObjectId};

/// Imports a directory as a tree.
///
/// # Errors
/// When it has no `version.php`, holds what no plugin may have, is larger than the limits of [`super`], or keeps changing
/// while it is read. Nothing is left behind then.
pub async fn import_directory(git: &Git, path: &Utf8Path) -> Result<Imported, ImportError> {
    let origin = Arc::new(Directory { path: path.to_owned() });
    let contents = match import(git, origin.clone()).await {
        Err(ImportError::Changing { .. }) => import(git, origin).await?,
        other => other?,
    };
    Ok(Imported {
        tree: contents.tree,
        sha256: String::new(),
        md5: String::new(),
        files: contents.files,
        version_php: contents.version_php,
        root: contents.root,
        notes: contents.notes,
    })
}

/// Git's id of a directory as [`import_directory`] would import it. Writes nothing.
///
/// # Errors
/// As [`import_directory`].
pub async fn directory_tree_id(cx: &Context, path: &Utf8Path) -> Result<ObjectId, ImportError> {
    let (origin, cancel) = (Directory { path: path.to_owned() }, cx.cancel.clone());
    blocking(move || {
        let mut hash = Hash { cancel };
        match origin.read(&mut hash) {
            Err(ImportError::Changing { .. }) => origin.read(&mut hash),
            other => other,
        }
    })
    .await
    .map(|contents| contents.tree)
}

struct Directory {
    path: Utf8PathBuf,
}

impl Origin for Directory {
    fn read(&self, sink: &mut dyn Sink) -> Result<Contents, ImportError> {
        let mut files = Files::new(&self.path, sink);
        walk(self.path.as_std_path(), b"", &mut files)?;
        let root = self.path.file_name().unwrap_or_default().to_owned();
        files.finish(root)
    }
}

fn walk(at: &Path, below: &[u8], files: &mut Files<'_>) -> Result<(), ImportError> {
    let failed = |source| unreadable(at, source);
    let before = std::fs::metadata(at).map_err(failed)?;
    for entry in std::fs::read_dir(at).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        if name == ".git" {
            continue;
        }
        let place = at.join(&name);
        let mut path = below.to_vec();
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(name.as_bytes());
        name::check(name.as_bytes()).map_err(|why| files.refused(&path, why))?;
        let found = std::fs::symlink_metadata(&place).map_err(|source| gone(&place, source))?;
        let kind = found.file_type();
        if kind.is_dir() {
            files.directory(&path)?;
            walk(&place, &path, files)?;
        } else if kind.is_symlink() {
            let target = std::fs::read_link(&place).map_err(|source| gone(&place, source))?;
            files.file(&path, Mode::Symlink, target.into_os_string().into_vec())?;
        } else if kind.is_file() {
            let (mode, content) = read_file(&place, files)?;
            files.file(&path, mode, content)?;
        } else {
            return Err(files.refused(&path, "it is neither a file nor a directory nor a symlink"));
        }
    }
    let after = std::fs::metadata(at).map_err(failed)?;
    if stamp(&before) == stamp(&after) { Ok(()) } else { Err(changing(at)) }
}

fn read_file(place: &Path, files: &Files<'_>) -> Result<(Mode, Vec<u8>), ImportError> {
    // Not through a symlink that takes its place now, and not waiting for a writer of a pipe that does.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mut file = File::options()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(place)
        .map_err(|source| gone(place, source))?;
    let failed = |source| unreadable(place, source);
    let before = file.metadata().map_err(failed)?;
    let room = files.room();
    if before.len() > room {
        return Err(files.too_large());
    }
    let mut content = Vec::with_capacity(usize::try_from(before.len()).unwrap_or(0) + 1);
    (&mut file).take(room + 1).read_to_end(&mut content).map_err(failed)?;
    let after = file.metadata().map_err(failed)?;
    if stamp(&before) != stamp(&after) || content.len() as u64 != after.len() {
        return Err(changing(place));
    }
    let executable = after.permissions().mode() & 0o100 != 0;
    Ok((if executable { Mode::Executable } else { Mode::File }, content))
}

/// Changes when a file or directory does.
fn stamp(found: &Metadata) -> (u64, u64, i64, i64) {
    (found.ino(), found.len(), found.mtime(), found.mtime_nsec())
}

fn changing(path: &Path) -> ImportError {
    ImportError::Changing { path: path.to_string_lossy().into_owned() }
}

/// A file that was listed and is no longer there, or no longer what it was.
fn gone(path: &Path, source: std::io::Error) -> ImportError {
    if source.kind() == std::io::ErrorKind::NotFound { changing(path) } else { unreadable(path, source) }
}

fn unreadable(path: &Path, source: std::io::Error) -> ImportError {
    let path = Utf8PathBuf::from_path_buf(path.to_owned())
        .unwrap_or_else(|path: PathBuf| path.to_string_lossy().into_owned().into());
    ImportError::Io { what: "read", path, source }
}
