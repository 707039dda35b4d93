//! What is common to zips and directories: the files that were read so far, their limits, and the trees made of them.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;
use tokio_util::sync::CancellationToken;

use super::error::Limit;
use super::{DEEPEST, ImportError, LARGEST_FILE, MOST_BYTES, MOST_FILES};
use crate::build::stays_inside;
use crate::object::{Kind, Mode, ObjectId, TreeEntry, write_tree};

/// Takes objects: hashes them, or writes them too.
pub(super) trait Sink {
    /// Takes one and returns its id.
    fn object(&mut self, kind: Kind, content: &[u8]) -> Result<ObjectId, ImportError>;
}

/// Only hashes.
pub(super) struct Hash {
    pub(super) cancel: CancellationToken,
}

impl Sink for Hash {
    fn object(&mut self, kind: Kind, content: &[u8]) -> Result<ObjectId, ImportError> {
        if self.cancel.is_cancelled() {
            return Err(ImportError::Cancelled);
        }
        Ok(ObjectId::of(kind, content))
    }
}

/// A whole plugin that was read.
pub(super) struct Contents {
    pub(super) tree: ObjectId,
    pub(super) files: usize,
    pub(super) version_php: Vec<u8>,
    pub(super) root: String,
    pub(super) notes: Vec<String>,
}

/// The files of a plugin while they are read.
pub(super) struct Files<'a> {
    origin: &'a Utf8Path,
    sink: &'a mut dyn Sink,
    /// By path below the plugin's directory.
    taken: BTreeMap<Vec<u8>, (Mode, ObjectId)>,
    directories: BTreeSet<Vec<u8>>,
    bytes: u64,
    version_php: Option<Vec<u8>>,
}

impl<'a> Files<'a> {
    pub(super) fn new(origin: &'a Utf8Path, sink: &'a mut dyn Sink) -> Self {
        Self {
            origin,
            sink,
            taken: BTreeMap::new(),
            directories: BTreeSet::new(),
            bytes: 0,
            version_php: None,
        }
    }

    /// The largest file that may come next, in bytes.
    pub(super) fn room(&self) -> u64 {
        LARGEST_FILE.min(MOST_BYTES.saturating_sub(self.bytes))
    }

    /// What it means that a file is larger than [`Files::room`].
    pub(super) fn too_large(&self) -> ImportError {
        let limit = if self.room() == LARGEST_FILE { Limit::File } else { Limit::Bytes };
        ImportError::TooLarge { origin: self.origin.to_owned(), limit }
    }

    /// Takes a directory. An empty one leaves no trace: git knows none.
    pub(super) fn directory(&mut self, path: &[u8]) -> Result<(), ImportError> {
        if self.taken.contains_key(path) {
            return Err(self.refused(path, "it is both a file and a directory"));
        }
        if self.directories.len() >= MOST_FILES {
            return Err(ImportError::TooLarge { origin: self.origin.to_owned(), limit: Limit::Files });
        }
        self.above(path)?;
        self.directories.insert(path.to_vec());
        Ok(())
    }

    /// Takes a file or a symlink. The path is made of names that were checked.
    pub(super) fn file(&mut self, path: &[u8], mode: Mode, content: Vec<u8>) -> Result<(), ImportError> {
        if content.len() as u64 > self.room() {
            return Err(self.too_large());
        }
        if self.directories.contains(path) {
            return Err(self.refused(path, "it is both a file and a directory"));
        }
        if self.taken.contains_key(path) {
            return Err(self.refused(path, "it is there twice"));
        }
        if self.taken.len() >= MOST_FILES {
            return Err(ImportError::TooLarge { origin: self.origin.to_owned(), limit: Limit::Files });
        }
        if mode == Mode::Symlink && !stays_inside(path, &content) {
            let target = String::from_utf8_lossy(&content).into_owned();
            return Err(self.refused(path, &format!("it is a symlink to `{target}`, out of the plugin")));
        }
        self.above(path)?;
        self.bytes += content.len() as u64;
        let id = self.sink.object(Kind::Blob, &content)?;
        self.taken.insert(path.to_vec(), (mode, id));
        if path == b"version.php" && mode != Mode::Symlink {
            self.version_php = Some(content);
        }
        Ok(())
    }

    /// Every directory above a path must not be a file or a symlink: through one, files could land anywhere.
    fn above(&mut self, path: &[u8]) -> Result<(), ImportError> {
        let mut depth = 0;
        for (at, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
            depth += 1;
            if self.taken.contains_key(&path[..at]) {
                return Err(self.refused(&path[..at], "it is both a file and a directory"));
            }
            if !self.directories.contains(&path[..at]) {
                self.directories.insert(path[..at].to_vec());
            }
        }
        if depth > DEEPEST {
            return Err(ImportError::TooLarge { origin: self.origin.to_owned(), limit: Limit::Depth });
        }
        Ok(())
    }

    pub(super) fn refused(&self, path: &[u8], why: &str) -> ImportError {
        let path = String::from_utf8_lossy(path).escape_debug().to_string();
        ImportError::Refused { origin: self.origin.to_owned(), why: format!("`{path}`: {why}") }
    }

    /// The plugin's `version.php`, once it was taken.
    pub(super) fn version_php(&self) -> Option<&[u8]> {
        self.version_php.as_deref()
    }

    /// Makes the trees.
    pub(super) fn finish(mut self, root: String) -> Result<Contents, ImportError> {
        let version_php =
            self.version_php.take().ok_or_else(|| ImportError::NotPlugin(self.origin.to_owned()))?;
        let notes = self.clashes();
        let files = self.taken.len();
        let tree = trees(&self.taken, self.sink)?;
        Ok(Contents { tree, files, version_php, root, notes })
    }

    /// Names that differ in case only: two files here, one on a Mac.
    fn clashes(&self) -> Vec<String> {
        let mut seen: BTreeMap<Vec<u8>, &[u8]> = BTreeMap::new();
        let shown = |path: &[u8]| String::from_utf8_lossy(path).escape_debug().to_string();
        self.taken
            .keys()
            .filter_map(|path| {
                let before = seen.insert(path.to_ascii_lowercase(), path)?;
                Some(format!("`{}` and `{}` differ in case only", shown(before), shown(path)))
            })
            .collect()
    }
}

/// Makes the tree objects of files, the innermost first, and returns the root's id. In the order of paths' bytes, the
/// content of a directory stands together.
fn trees(files: &BTreeMap<Vec<u8>, (Mode, ObjectId)>, sink: &mut dyn Sink) -> Result<ObjectId, ImportError> {
    // The directories from the root to the file at hand.
    let mut open: Vec<(&[u8], Vec<TreeEntry>)> = vec![(b"", Vec::new())];
    for (path, (mode, id)) in files {
        let mut parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
        let name = parts.pop().unwrap_or_default();
        let common = open[1..].iter().zip(&parts).take_while(|((open, _), part)| open == *part).count();
        while open.len() > common + 1 {
            close(&mut open, sink)?;
        }
        open.extend(parts[common..].iter().map(|part| (*part, Vec::new())));
        if let Some((_, entries)) = open.last_mut() {
            entries.push(TreeEntry { mode: *mode, name: name.to_vec(), id: *id });
        }
    }
    while open.len() > 1 {
        close(&mut open, sink)?;
    }
    let (_, mut root) = open.remove(0);
    sink.object(Kind::Tree, &write_tree(&mut root))
}

fn close(open: &mut Vec<(&[u8], Vec<TreeEntry>)>, sink: &mut dyn Sink) -> Result<(), ImportError> {
    if let Some((name, mut entries)) = open.pop() {
        let id = sink.object(Kind::Tree, &write_tree(&mut entries))?;
        if let Some((_, above)) = open.last_mut() {
            above.push(TreeEntry { mode: Mode::Directory, name: name.to_vec(), id });
        }
    }
    Ok(())
}
