//! What is asked of every backup, in whatever it is packed.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, Read};

use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::index::{self, Index};
use super::{
    Content, ContentHash, FilesXml, Information, Limits, MbzError, StructureFile, checked_path, hexadecimal,
    structure_digest,
};

/// Where a file lies in what a tar of gzip unpacks to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// Its path in the backup.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// How many bytes are before it.
    pub offset: u64,
}

/// What a backup was found to be.
#[derive(Debug, Clone)]
pub struct Examined {
    /// What it says of itself.
    pub information: Information,
    /// Its files.
    pub files: FilesXml,
    /// Its structure, without the index.
    pub structure: Vec<StructureFile>,
    /// The digest of its structure.
    pub digest: String,
    /// Contents that are in it, each with the bytes that its name says.
    pub contents: u64,
    /// Bytes of those contents.
    pub content_bytes: u64,
    /// Contents that `files.xml` refers to and that are not in it: all of a thin backup's.
    pub missing: Vec<Content>,
    /// Contents in it that `files.xml` does not know.
    pub unnamed: u64,
    /// Bytes of everything, unpacked.
    pub unpacked_bytes: u64,
    /// Where its files lie, without the index, in the order in which they come. None of a zip's.
    pub packed: Vec<Packed>,
}

impl Examined {
    /// Nothing, if the backup has all contents that its files are made of.
    ///
    /// # Errors
    /// [`MbzError::Missing`] if it has not.
    pub fn whole(&self) -> Result<(), MbzError> {
        match self.missing.first() {
            None => Ok(()),
            Some(first) => Err(MbzError::Missing {
                count: self.missing.len() as u64,
                hash: first.hash,
                named: self.files.named(&first.hash),
            }),
        }
    }
}

/// Takes the entries of a backup in, one after the other. For each: [`Examiner::enter`], then [`Examiner::file`] or
/// [`Examiner::directory`]; at the end [`Examiner::finish`].
#[derive(Debug)]
pub struct Examiner {
    limits: Limits,
    entries: u64,
    unpacked: u64,
    /// Paths, so that nothing comes twice and nothing lies below a file.
    files: HashSet<String>,
    directories: HashSet<String>,
    index: Option<Index>,
    information: Option<Information>,
    files_xml: Option<FilesXml>,
    structure: Vec<StructureFile>,
    contents: BTreeMap<ContentHash, u64>,
    packed: Vec<Packed>,
}

impl Examiner {
    /// With nothing in it yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            entries: 0,
            unpacked: 0,
            files: HashSet::new(),
            directories: HashSet::new(),
            index: None,
            information: None,
            files_xml: None,
            structure: Vec::new(),
            contents: BTreeMap::new(),
            packed: Vec::new(),
        }
    }

    /// So many entries are announced.
    pub(super) fn expect(&self, entries: u64) -> Result<(), MbzError> {
        let limit = self.limits.entries;
        if entries > limit { Err(MbzError::TooLarge { what: "entries", limit }) } else { Ok(()) }
    }

    /// An entry, by its name as it stands there. Returns its path.
    ///
    /// # Errors
    /// When no backup has such a name, it came before, it lies below a file, or there are too many.
    pub fn enter(&mut self, name: &[u8], directory: bool) -> Result<String, MbzError> {
        let path = checked_path(name)?;
        self.entries += 1;
        self.expect(self.entries)?;
        let mut above = path;
        while let Some((parent, _)) = above.rsplit_once('/') {
            if self.files.contains(parent) {
                return Err(MbzError::Kind { name: parent.to_owned(), what: "a file and a directory" });
            }
            if !self.directories.insert(parent.to_owned()) {
                break;
            }
            above = parent;
        }
        if directory {
            if self.files.contains(path) {
                return Err(MbzError::Twice(path.to_owned()));
            }
            // Core names a directory once for itself; that one lies in it was known before is no fault.
            self.directories.insert(path.to_owned());
        } else if self.directories.contains(path) || !self.files.insert(path.to_owned()) {
            return Err(MbzError::Twice(path.to_owned()));
        }
        Ok(path.to_owned())
    }

    /// The directory that was entered.
    ///
    /// # Errors
    /// When the index knows nothing of it.
    pub fn directory(&mut self, path: &str) -> Result<(), MbzError> {
        self.index.as_mut().map_or(Ok(()), |index| index.found(path, None))
    }

    /// The file that was entered, read to its end. `said`: how long it must be.
    ///
    /// # Errors
    /// When it cannot be read, is not as long as it must be, or is not what it must be by its name.
    pub fn file(&mut self, path: &str, body: &mut dyn Read, said: Option<u64>) -> Result<(), MbzError> {
        let room = self.limits.unpacked_bytes.saturating_sub(self.unpacked);
        let mut body = Counted { inner: body, read: 0, room, hash: Hash::None };
        if path == index::NAME {
            self.read_index(&mut body)?;
        } else if let Some(hash) = content_name(path)? {
            body.hash = Hash::Sha1(Sha1::new());
            drain(&mut body, self.limits.unpacked_bytes)?;
            let found = ContentHash::from_bytes(body.hash.sha1());
            if found != hash {
                return Err(MbzError::Damaged { hash, found: format!("the SHA-1 {found}") });
            }
            self.contents.insert(hash, body.read);
        } else {
            body.hash = Hash::Sha256(Sha256::new());
            match path {
                "moodle_backup.xml" => {
                    let limit = self.limits.information_bytes;
                    let parsed = Information::read((&mut body).take(limit));
                    if body.read >= limit {
                        return Err(MbzError::TooLarge { what: "bytes of `moodle_backup.xml`", limit });
                    }
                    self.information = Some(parsed?);
                }
                "files.xml" => self.files_xml = Some(FilesXml::read(&mut body, &self.limits)?),
                _ => {}
            }
            drain(&mut body, self.limits.unpacked_bytes)?;
            let sha256 = body.hash.sha256();
            self.structure.push(StructureFile { path: path.to_owned(), bytes: body.read, sha256 });
        }
        let read = body.read;
        if said.is_some_and(|said| said != read) {
            return Err(MbzError::Tar { after: path.to_owned(), what: "it is cut short" });
        }
        self.unpacked += read;
        if path != index::NAME {
            self.index.as_mut().map_or(Ok(()), |index| index.found(path, Some(read)))?;
        }
        Ok(())
    }

    /// Where the file was that came last.
    pub(super) fn lay(&mut self, path: &str, bytes: u64, offset: u64) {
        if path != index::NAME {
            self.packed.push(Packed { path: path.to_owned(), bytes, offset });
        }
    }

    fn read_index(&mut self, body: &mut Counted<'_>) -> Result<(), MbzError> {
        if self.entries != 1 {
            return Err(MbzError::Index("it does not come first".to_owned()));
        }
        let mut text = Vec::new();
        let longest = index::longest(self.limits.entries).min(self.limits.information_bytes);
        body.take(longest + 1).read_to_end(&mut text)?;
        if text.len() as u64 > longest {
            return Err(MbzError::TooLarge { what: "bytes of index", limit: longest });
        }
        self.index = Some(Index::read(&text)?);
        Ok(())
    }

    /// What it all is.
    ///
    /// # Errors
    /// When a file that every backup has did not come, or what came contradicts what was announced.
    pub fn finish(self) -> Result<Examined, MbzError> {
        if let Some(index) = self.index {
            index.finish()?;
        }
        let information = self.information.ok_or(MbzError::Without("moodle_backup.xml"))?;
        let files = self.files_xml.ok_or(MbzError::Without("files.xml"))?;
        let mut missing = Vec::new();
        for content in files.list() {
            match self.contents.get(&content.hash) {
                Some(&found) if found != content.bytes => {
                    return Err(MbzError::Length { hash: content.hash, found, said: content.bytes });
                }
                Some(_) => {}
                None => missing.push(content),
            }
        }
        let unnamed = self.contents.keys().filter(|hash| !files.contents.contains_key(hash)).count() as u64;
        Ok(Examined {
            digest: structure_digest(&self.structure),
            information,
            files,
            structure: self.structure,
            contents: self.contents.len() as u64,
            content_bytes: self.contents.values().sum(),
            missing,
            unnamed,
            unpacked_bytes: self.unpacked,
            packed: self.packed,
        })
    }
}

/// The content that a path names; `None` where it is part of the structure.
fn content_name(path: &str) -> Result<Option<ContentHash>, MbzError> {
    let Some(place) = path.strip_prefix("files/") else { return Ok(None) };
    let name = place.split_once('/').map_or(place, |(_, name)| name);
    match name.parse::<ContentHash>() {
        Ok(hash) if hash.place_in_backup() == place => Ok(Some(hash)),
        _ => Err(MbzError::Name { name: path.to_owned(), what: "no content's place" }),
    }
}

/// Reads what is left.
fn drain(body: &mut Counted<'_>, limit: u64) -> Result<(), MbzError> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match body.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) if body.read > body.room => {
                return Err(MbzError::TooLarge { what: "bytes when it is unpacked", limit });
            }
            Err(error) => return Err(error.into()),
        }
    }
}

#[derive(Debug)]
enum Hash {
    None,
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Hash {
    fn sha1(&mut self) -> [u8; 20] {
        match std::mem::replace(self, Self::None) {
            Self::Sha1(hash) => hash.finalize().into(),
            _ => [0; 20],
        }
    }

    fn sha256(&mut self) -> String {
        match std::mem::replace(self, Self::None) {
            Self::Sha256(hash) => hexadecimal(&hash.finalize()),
            _ => String::new(),
        }
    }
}

/// A reader that counts and hashes what passes, and stops at what there is room for.
struct Counted<'a> {
    inner: &'a mut dyn Read,
    read: u64,
    room: u64,
    hash: Hash,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read += count as u64;
        if self.read > self.room {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "it unpacks to more than there is room for",
            ));
        }
        match &mut self.hash {
            Hash::None => {}
            Hash::Sha1(hash) => hash.update(&buffer[..count]),
            Hash::Sha256(hash) => hash.update(&buffer[..count]),
        }
        Ok(count)
    }
}
