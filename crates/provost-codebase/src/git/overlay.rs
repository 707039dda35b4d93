//! Changes laid over a list of files.

use std::collections::BTreeMap;

use super::Listing;
use crate::object::{Mode, ObjectId};

/// What patches make of a list of files. New contents are in the cache's repository of imported trees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overlay {
    /// What is at a path afterwards: a file or symlink, or nothing.
    pub changes: BTreeMap<Vec<u8>, Option<(Mode, ObjectId)>>,
    /// The tree that pins the new contents, as `refs/provost/TREE`; `None` where there are none.
    pub pin: Option<ObjectId>,
}

impl Overlay {
    /// The ids of the files that it brings.
    pub fn ids(&self) -> impl Iterator<Item = ObjectId> + '_ {
        self.changes.values().flatten().map(|(_, id)| *id)
    }
}

impl Listing {
    /// Lays changes over it. Submodules stay as they are.
    pub fn overlay(&self, overlay: &Overlay) -> Self {
        let kept = self.iter().filter(|entry| !overlay.changes.contains_key(entry.path));
        let changed = overlay.changes.iter().filter_map(|(path, change)| {
            change.map(|(mode, id)| super::Entry { mode, id, path: path.as_slice() })
        });
        Self::collect(kept.chain(changed).chain(self.submodules()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::parse_ls_tree;

    #[test]
    fn files_are_added_changed_and_removed() {
        let id = |digit: &str| digit.repeat(40).parse::<ObjectId>().unwrap();
        let line = |path: &str| format!("100644 blob {}\t{path}\0", id("a"));
        let before = parse_ls_tree(["a/b", "a/d", "x"].map(line).concat().into_bytes()).unwrap();
        let changes = [
            ("a/b", None),
            ("a/c", Some((Mode::File, id("b")))),
            ("x", Some((Mode::Executable, id("a")))),
            ("y", None),
        ];
        let changes = changes.into_iter().map(|(path, change)| (path.as_bytes().to_vec(), change));
        let after = before.overlay(&Overlay { changes: changes.collect(), pin: None });
        let found: Vec<_> = after.iter().map(|entry| (entry.path, entry.mode, entry.id)).collect();
        assert_eq!(
            found,
            [
                (&b"a/c"[..], Mode::File, id("b")),
                (b"a/d", Mode::File, id("a")),
                (b"x", Mode::Executable, id("a"))
            ]
        );
    }
}
