//! Writes a git pack: every object whole, none as a difference.
//!
//! One pack is one file to write, to sync and to rename, however many files a plugin has; 2,000 loose objects are 2,000.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, Read as _, Seek as _, SeekFrom, Write as _};

use camino::{Utf8Path, Utf8PathBuf};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use sha1::{Digest as _, Sha1};
use tokio_util::sync::CancellationToken;

use super::ImportError;
use super::contents::Sink;
use crate::object::{Kind, ObjectId};

/// How much is written and read at once, in bytes.
const PIECE: usize = 128 << 10;

/// A pack while it is written.
pub(super) struct Pack {
    path: Utf8PathBuf,
    file: BufWriter<File>,
    written: HashSet<ObjectId>,
    cancel: CancellationToken,
}

impl Pack {
    pub(super) fn create(path: &Utf8Path, cancel: CancellationToken) -> Result<Self, ImportError> {
        let file = File::options().read(true).write(true).create_new(true).open(path);
        let file = file.map_err(|source| failed(path, source))?;
        let mut file = BufWriter::with_capacity(PIECE, file);
        // The number of objects comes when it is known.
        file.write_all(b"PACK\0\0\0\x02\0\0\0\0").map_err(|source| failed(path, source))?;
        Ok(Self { path: path.to_owned(), file, written: HashSet::new(), cancel })
    }

    fn write(&mut self, kind: Kind, content: &[u8]) -> std::io::Result<()> {
        self.file.write_all(&header(kind, content.len() as u64))?;
        // Code at the quickest level is a third of its size; at the best, a quarter, and three times as slow.
        let mut encoder = ZlibEncoder::new(&mut self.file, Compression::fast());
        encoder.write_all(content)?;
        encoder.finish().map(drop)
    }

    /// Completes the pack, sees to it that it is on the disk, and returns its checksum, by which git names it.
    pub(super) fn finish(mut self) -> Result<String, ImportError> {
        self.complete().map_err(|source| failed(&self.path, source))
    }

    fn complete(&mut self) -> std::io::Result<String> {
        self.file.flush()?;
        let file = self.file.get_mut();
        let count = u32::try_from(self.written.len()).map_err(std::io::Error::other)?;
        file.seek(SeekFrom::Start(8))?;
        file.write_all(&count.to_be_bytes())?;
        file.seek(SeekFrom::Start(0))?;
        let mut hasher = Sha1::new();
        let mut piece = vec![0; PIECE];
        loop {
            let got = file.read(&mut piece)?;
            if got == 0 {
                break;
            }
            hasher.update(&piece[..got]);
        }
        let checksum: [u8; 20] = hasher.finalize().into();
        file.write_all(&checksum)?;
        file.sync_all()?;
        Ok(ObjectId::new(checksum).to_string())
    }
}

impl Sink for Pack {
    fn object(&mut self, kind: Kind, content: &[u8]) -> Result<ObjectId, ImportError> {
        if self.cancel.is_cancelled() {
            return Err(ImportError::Cancelled);
        }
        let id = ObjectId::of(kind, content);
        if self.written.insert(id) {
            self.write(kind, content).map_err(|source| failed(&self.path, source))?;
        }
        Ok(id)
    }
}

/// Kind and length of an object: four bits of the length first, seven in each byte after, the lowest first.
fn header(kind: Kind, length: u64) -> Vec<u8> {
    let kind = match kind {
        Kind::Commit => 1,
        Kind::Tree => 2,
        Kind::Blob => 3,
        Kind::Tag => 4,
    };
    let mut rest = length >> 4;
    let mut bytes = vec![kind << 4 | low(length, 15)];
    while rest > 0 {
        if let Some(last) = bytes.last_mut() {
            *last |= 0x80;
        }
        bytes.push(low(rest, 127));
        rest >>= 7;
    }
    bytes
}

fn low(number: u64, mask: u8) -> u8 {
    number.to_le_bytes()[0] & mask
}

fn failed(path: &Utf8Path, source: std::io::Error) -> ImportError {
    ImportError::Io { what: "write", path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_as_git_reads_them() {
        assert_eq!(header(Kind::Blob, 0), [0x30]);
        assert_eq!(header(Kind::Blob, 15), [0x3f]);
        assert_eq!(header(Kind::Blob, 16), [0xb0, 0x01]);
        assert_eq!(header(Kind::Tree, 0x12345), [0xa5, 0xb4, 0x24]);
    }
}
