//! Zips: from the plugins directory, from GitHub, from somebody's desk. Nothing in one is believed.
//!
//! Symlinks that stay in the plugin are kept, as git has them: an archive of a repository then is the repository's tree.
//! Nothing is unpacked, so none is ever followed, and a name below one is refused.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use provost_moodle::component::Component;
use provost_moodle::version_php::PluginVersion;
use tokio_util::sync::CancellationToken;
use zip::read::{Config, ZipFileEntry};
use zip::unstable::read::ZipIterable;
use zip::{CompressionMethod, ZipReadOptions};

use super::contents::{Contents, Files, Sink};
use super::digests::Digests;
use super::error::Limit;
use super::{ImportError, Imported, LARGEST_ZIP, MOST_FILES, Origin, blocking, import, name};
use crate::git::Git;
use crate::object::Mode;

/// The most entries of a zip: its files, and directories, which are entries too, and what macOS adds to each.
const MOST_ENTRIES: usize = 4 * MOST_FILES;

/// The bits of a Unix mode that say what something is.
const KIND: u32 = 0o170_000;

/// Imports a zip of a plugin as a tree. Its one root directory must be the plugin's: named as the plugin (`attendance`) or
/// the component (`mod_attendance`), or, when `version.php` says so too, as an archive of its repository
/// (`moodle-mod_attendance-main`).
///
/// # Errors
/// When the zip cannot be read, holds what no plugin may have, is larger than the limits of [`super`], or is of another
/// plugin. Nothing is left behind then.
pub async fn import_zip(git: &Git, zip: &Utf8Path, component: &Component) -> Result<Imported, ImportError> {
    let origin = Arc::new(ZipOrigin { zip: zip.to_owned(), component: component.clone() });
    let (path, cancel) = (zip.to_owned(), git.context().cancel.clone());
    let (before, digests) = blocking(move || digests(&path, &cancel)).await?;
    let contents = import(git, origin).await?;
    if stamp(zip)? != before {
        return Err(ImportError::Changing { path: zip.to_string() });
    }
    Ok(Imported {
        tree: contents.tree,
        sha256: digests.sha256,
        md5: digests.md5,
        files: contents.files,
        version_php: contents.version_php,
        root: contents.root,
        notes: contents.notes,
    })
}

struct ZipOrigin {
    zip: Utf8PathBuf,
    component: Component,
}

impl Origin for ZipOrigin {
    fn read(&self, sink: &mut dyn Sink) -> Result<Contents, ImportError> {
        let file = File::open(&self.zip).map_err(|source| unreadable(&self.zip, source))?;
        read(&self.zip, BufReader::new(file), &self.component, sink)
    }
}

/// Changes when a file does.
type Stamp = (u64, u64, i64, i64);

fn stamp(path: &Utf8Path) -> Result<Stamp, ImportError> {
    let found = std::fs::metadata(path).map_err(|source| unreadable(path, source))?;
    Ok((found.ino(), found.len(), found.mtime(), found.mtime_nsec()))
}

fn digests(path: &Utf8Path, cancel: &CancellationToken) -> Result<(Stamp, Digests), ImportError> {
    let stamp = stamp(path)?;
    if stamp.1 > LARGEST_ZIP {
        return Err(ImportError::TooLarge { origin: path.to_owned(), limit: Limit::Zip });
    }
    let mut reader = File::open(path).map_err(|source| unreadable(path, source))?;
    let digests = Digests::read(&mut reader, || cancel.is_cancelled());
    match digests.map_err(|source| unreadable(path, source))? {
        Some(digests) => Ok((stamp, digests)),
        None => Err(ImportError::Cancelled),
    }
}

/// SHA-256 of a zip, in hexadecimal.
pub(super) fn digest_of(path: &Utf8Path, cancel: &CancellationToken) -> Result<String, ImportError> {
    Ok(digests(path, cancel)?.1.sha256)
}

fn unreadable(path: &Utf8Path, source: std::io::Error) -> ImportError {
    ImportError::Io { what: "read", path: path.to_owned(), source }
}

/// Reads a whole zip.
pub(super) fn read(
    zip: &Utf8Path,
    mut reader: impl Read + Seek,
    component: &Component,
    sink: &mut dyn Sink,
) -> Result<Contents, ImportError> {
    let not_zip = |why: String| ImportError::NotZip { zip: zip.to_owned(), why };
    let length = reader.seek(SeekFrom::End(0)).map_err(|source| unreadable(zip, source))?;
    if length > LARGEST_ZIP {
        return Err(ImportError::TooLarge { origin: zip.to_owned(), limit: Limit::Zip });
    }
    // Its entries one by one, as they stand, and their number before they are read: the crate's stable reader keeps one of
    // each name only, and makes room for five million first.
    let mut archive =
        ZipIterable::try_new(reader, Config::default()).map_err(|error| not_zip(why(&error)))?;
    if archive.len() > MOST_ENTRIES {
        return Err(ImportError::TooLarge { origin: zip.to_owned(), limit: Limit::Files });
    }
    let mut root: Option<Vec<u8>> = None;
    let mut files = Files::new(zip, sink);
    let entries = archive.files().map_err(|error| not_zip(why(&error)))?;
    while let Some(entry) = entries.next() {
        let entry = entry.map_err(|error| not_zip(why(&error)))?;
        let raw = raw_name(&entry);
        let (mut parts, directory) = name::parts(&raw).map_err(|why| files.refused(&raw, why))?;
        if parts.is_empty() && directory || name::is_rubbish(&parts) {
            continue;
        }
        let kind = kind_of(&entry, directory).map_err(|why| files.refused(&raw, why))?;
        if parts.len() < 2 && kind != Mode::Directory {
            let found = format!("`{}` lies outside of any directory", String::from_utf8_lossy(&raw));
            return Err(other_root(zip, component, found));
        }
        let first = parts.remove(0);
        match &root {
            Some(root) if *root != first => {
                let found = format!(
                    "it has the directories `{}` and `{}`",
                    String::from_utf8_lossy(root),
                    String::from_utf8_lossy(&first)
                );
                return Err(other_root(zip, component, found));
            }
            _ => root = Some(first),
        }
        let path = parts.join(&b'/');
        if kind == Mode::Directory {
            if !path.is_empty() {
                files.directory(&path)?;
            }
            continue;
        }
        let room = files.room();
        let content = content(entry, entries.reader_mut(), room)
            .map_err(|why| not_zip(format!("`{}`: {why}", String::from_utf8_lossy(&raw).escape_debug())))?;
        let content = content.ok_or_else(|| files.too_large())?;
        files.file(&path, kind, content)?;
    }
    let root = root.ok_or_else(|| other_root(zip, component, "it is empty".to_owned()))?;
    let root = String::from_utf8_lossy(&root).into_owned();
    check_root(zip, &root, component, &files)?;
    files.finish(root)
}

/// Whether this is the plugin, by the root directory's name and by `version.php`. One that is only named as it should be
/// is left to who reads all of `version.php`.
fn check_root(
    zip: &Utf8Path,
    root: &str,
    component: &Component,
    files: &Files<'_>,
) -> Result<(), ImportError> {
    let says = files.version_php().map(PluginVersion::read);
    let says = says.and_then(|read| read.ok()?.component);
    let named = root == component.name() || root == component.to_string();
    match says {
        Some(found) if found == *component && (named || name::is_archive_of(root, component)) => Ok(()),
        Some(found) if found != *component => {
            Err(ImportError::OtherPlugin { zip: zip.to_owned(), component: component.clone(), found })
        }
        None if named => Ok(()),
        _ => Err(other_root(zip, component, format!("its directory is `{}`", root.escape_debug()))),
    }
}

fn other_root(zip: &Utf8Path, component: &Component, found: String) -> ImportError {
    ImportError::OtherRoot { zip: zip.to_owned(), component: component.clone(), found }
}

/// The name as bytes: UTF-8 as it stands, whatever flag the archiver forgot, else what the old code page makes of it.
fn raw_name(entry: &ZipFileEntry<'_>) -> Vec<u8> {
    let raw = entry.name_raw();
    if std::str::from_utf8(raw).is_ok() {
        return raw.to_vec();
    }
    entry.name().map_or_else(|_| raw.to_vec(), |name| name.into_owned().into_bytes())
}

/// What an entry is. Where nothing is said of a mode, as on Windows, it is a file.
fn kind_of(entry: &ZipFileEntry<'_>, directory: bool) -> Result<Mode, name::Refusal> {
    if entry.encrypted() {
        return Err("it is encrypted");
    }
    let mode = entry.unix_mode().unwrap_or(0);
    match mode & KIND {
        0o040_000 => Ok(Mode::Directory),
        _ if directory => Ok(Mode::Directory),
        0 | 0o100_000 if mode & 0o100 != 0 => Ok(Mode::Executable),
        0 | 0o100_000 => Ok(Mode::File),
        0o120_000 => Ok(Mode::Symlink),
        _ => Err("it is neither a file nor a directory nor a symlink"),
    }
}

/// Inflates an entry; `None` if it has more than `room` bytes. What counts is what really comes out.
fn content(
    entry: ZipFileEntry<'static>,
    reader: &mut (impl Read + Seek),
    room: u64,
) -> Result<Option<Vec<u8>>, String> {
    if !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
        return Err("it is compressed by other means than deflate".to_owned());
    }
    let mut content = Vec::new();
    let file = entry.with_reader(reader, ZipReadOptions::new()).map_err(|error| why(&error))?;
    file.take(room + 1).read_to_end(&mut content).map_err(|error| error.to_string())?;
    Ok(Some(content).filter(|content| content.len() as u64 <= room))
}

/// The crate's own words.
fn why(error: &zip::result::ZipError) -> String {
    match error {
        zip::result::ZipError::InvalidArchive(why) => why.to_string(),
        zip::result::ZipError::UnsupportedArchive(why) => (*why).to_owned(),
        other => other.to_string(),
    }
}
