//! The zip that sites with `usezipbackups` write, and all before Moodle 2.6.

use std::io::{Read, Seek};

use zip::CompressionMethod;
use zip::read::Config;
use zip::unstable::read::ZipIterable;
use zip::{ZipReadOptions, read::ZipFileEntry};

use super::{Examiner, MbzError};

/// The bits of a Unix mode that say what something is.
const KIND: u32 = 0o170_000;
const KIND_FILE: u32 = 0o100_000;
const KIND_DIRECTORY: u32 = 0o040_000;

/// Reads all of it, entry by entry as they stand: a reader that goes by names would keep one of each only.
pub(super) fn read(packed: impl Read + Seek, mut examiner: Examiner) -> Result<Examiner, MbzError> {
    let mut archive = ZipIterable::try_new(packed, Config::default()).map_err(|error| broken(&error))?;
    examiner.expect(archive.len() as u64)?;
    let entries = archive.files().map_err(|error| broken(&error))?;
    while let Some(entry) = entries.next() {
        let entry = entry.map_err(|error| broken(&error))?;
        let raw = entry.name_raw().to_vec();
        let directory = raw.ends_with(b"/");
        let path = examiner.enter(&raw, directory)?;
        if let Some(what) = refused(&entry, directory) {
            return Err(MbzError::Kind { name: path, what });
        }
        if directory {
            examiner.directory(&path)?;
            continue;
        }
        let mut body =
            entry.with_reader(entries.reader_mut(), ZipReadOptions::new()).map_err(|error| broken(&error))?;
        examiner.file(&path, &mut body, None)?;
    }
    Ok(examiner)
}

/// Why an entry is none that PHP's zip writes.
fn refused(entry: &ZipFileEntry<'_>, directory: bool) -> Option<&'static str> {
    if entry.encrypted() {
        return Some("encrypted");
    }
    if !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
        return Some("compressed by other means than deflate");
    }
    match entry.unix_mode().unwrap_or(0) & KIND {
        0 => None,
        KIND_FILE if !directory => None,
        KIND_DIRECTORY if directory => None,
        0o120_000 => Some("a link"),
        _ => Some("neither a file nor a directory"),
    }
}

/// The crate's own words.
fn broken(error: &zip::result::ZipError) -> MbzError {
    MbzError::Zip(match error {
        zip::result::ZipError::InvalidArchive(why) => why.to_string(),
        zip::result::ZipError::UnsupportedArchive(why) => (*why).to_owned(),
        other => other.to_string(),
    })
}
