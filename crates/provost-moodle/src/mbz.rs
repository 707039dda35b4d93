//! Course backups: reading and verifying them without a Moodle, and without trusting them.
//!
//! A backup is an `mbz` (a tar of gzip, or a zip) or the directory that it unpacks to. Whoever made it may have been a broken
//! program or a hostile one, so every reader here has limits, follows no link, and believes neither the index nor a name. Nothing is
//! unpacked: contents are read once, hashed and forgotten.

mod digest;
mod error;
mod examine;
mod files_xml;
mod hash;
mod index;
mod information;
mod limits;
mod path;
mod tar;
mod xml;
mod zipped;

#[cfg(test)]
mod tests;

pub use digest::{StructureFile, hexadecimal, is_structure, structure_digest};
pub use error::MbzError;
pub use examine::{Examined, Examiner, Packed};
pub use files_xml::{FileRow, FilesXml};
pub use hash::{ContentHash, HashError};
pub use information::{Information, with_files_included};
pub use limits::{LONGEST_PATH, Limits};
pub use path::checked_path;

use std::io::{BufReader, Read, Seek, SeekFrom};

use serde::{Deserialize, Serialize};

/// A content that a backup refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Content {
    /// Its name.
    pub hash: ContentHash,
    /// Its length.
    pub bytes: u64,
}

/// Reads a whole `mbz` and verifies it: every byte is unpacked, every content hashed, its index and `files.xml` compared with what is there.
///
/// # Errors
/// When it cannot be read, is not a backup, goes beyond a limit, or holds anything that core's own packer never writes.
pub fn examine(mut mbz: impl Read + Seek, limits: &Limits) -> Result<Examined, MbzError> {
    let mut magic = [0; 4];
    let read = read_up_to(&mut mbz, &mut magic)?;
    mbz.seek(SeekFrom::Start(0))?;
    let examiner = match &magic[..read] {
        [0x1f, 0x8b, ..] => {
            tar::read(BufReader::with_capacity(PACKED_BUFFER, mbz), Examiner::new(limits.clone()))?
        }
        b"PK\x03\x04" => {
            zipped::read(BufReader::with_capacity(PACKED_BUFFER, mbz), Examiner::new(limits.clone()))?
        }
        _ => return Err(MbzError::NoBackup),
    };
    examiner.finish()
}

/// How much of the packed file is read at once.
const PACKED_BUFFER: usize = 64 * 1024;

/// Reads until the buffer is full or there is no more.
fn read_up_to(reader: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
