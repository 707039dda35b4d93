//! A list of files arranged by directory, for hashing and for linking.

use std::collections::HashMap;

use crate::git::{Entry, Listing};
use crate::object::{Kind, Mode, ObjectId, TreeEntry, write_tree};

use super::{BuildError, HOOK_NAME};

/// The files of a build, arranged by directory. A directory stands before those inside it.
#[derive(Debug, Clone)]
pub struct TreePlan {
    listing: Listing,
    directories: Vec<Directory>,
    tree: ObjectId,
}

/// One directory of a build.
#[derive(Debug, Clone, Default)]
pub(super) struct Directory {
    /// Relative to the build; empty for the build itself.
    pub(super) path: Vec<u8>,
    /// Positions of its files in the listing.
    pub(super) files: Vec<u32>,
    /// Positions of the directories in it.
    pub(super) inside: Vec<u32>,
    /// How deep it is; 0 for the build itself.
    pub(super) depth: usize,
}

impl TreePlan {
    /// Arranges and hashes a list of files.
    ///
    /// # Errors
    /// [`BuildError::OwnConfig`].
    pub fn new(listing: Listing) -> Result<Self, BuildError> {
        let mut arranged = Arranged::default();
        for (at, entry) in listing.iter().enumerate() {
            let split = entry.path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
            if split == 0 && entry.path == HOOK_NAME.as_bytes() {
                return Err(BuildError::OwnConfig);
            }
            let directory = arranged.directory(&entry.path[..split]);
            arranged.directories[directory].files.push(u32::try_from(at).unwrap_or(u32::MAX));
        }
        let directories = arranged.directories;
        let tree = hash(&listing, &directories);
        Ok(Self { listing, directories, tree })
    }

    /// Git's id of the tree that these files make.
    pub fn tree(&self) -> ObjectId {
        self.tree
    }

    /// How many files and symlinks there are.
    pub fn len(&self) -> usize {
        self.listing.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.listing.is_empty()
    }

    pub(super) fn directories(&self) -> &[Directory] {
        &self.directories
    }

    pub(crate) fn entries(&self) -> Vec<Entry<'_>> {
        self.listing.iter().collect()
    }
}

struct Arranged {
    directories: Vec<Directory>,
    places: HashMap<Vec<u8>, usize>,
    last: usize,
}

impl Default for Arranged {
    fn default() -> Self {
        Self { directories: vec![Directory::default()], places: HashMap::from([(Vec::new(), 0)]), last: 0 }
    }
}

impl Arranged {
    /// The position of a directory, made with all above it if it is new.
    fn directory(&mut self, path: &[u8]) -> usize {
        // Files of one directory mostly stand together.
        if self.directories[self.last].path == path {
            return self.last;
        }
        self.last = match self.places.get(path) {
            Some(place) => *place,
            None => self.add(path),
        };
        self.last
    }

    fn add(&mut self, path: &[u8]) -> usize {
        let mut above = 0;
        let ends =
            path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at).chain([path.len()]);
        for end in ends {
            let part = &path[..end];
            if let Some(place) = self.places.get(part) {
                above = *place;
                continue;
            }
            let place = self.directories.len();
            let depth = self.directories[above].depth + 1;
            self.directories.push(Directory { path: part.to_vec(), depth, ..Directory::default() });
            self.directories[above].inside.push(u32::try_from(place).unwrap_or(u32::MAX));
            self.places.insert(part.to_vec(), place);
            above = place;
        }
        above
    }
}

/// Hashes all trees from the innermost outwards, as `git write-tree` would.
fn hash(listing: &Listing, directories: &[Directory]) -> ObjectId {
    let files: Vec<Entry<'_>> = listing.iter().collect();
    let mut ids = vec![ObjectId::new([0; 20]); directories.len()];
    for (at, directory) in directories.iter().enumerate().rev() {
        let name =
            |path: &[u8]| path[if directory.depth == 0 { 0 } else { directory.path.len() + 1 }..].to_vec();
        let mut entries: Vec<TreeEntry> = directory
            .files
            .iter()
            .map(|file| files[*file as usize])
            .map(|file| TreeEntry { mode: file.mode, name: name(file.path), id: file.id })
            .chain(directory.inside.iter().map(|inside| TreeEntry {
                mode: Mode::Directory,
                name: name(&directories[*inside as usize].path),
                id: ids[*inside as usize],
            }))
            .collect();
        ids[at] = ObjectId::of(Kind::Tree, &write_tree(&mut entries));
    }
    ids[0]
}
