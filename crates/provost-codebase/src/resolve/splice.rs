//! Git's id of Moodle with its plugins, computed from tree objects alone: only the directories on the way to a plugin are
//! read, and only they are hashed anew. Nothing is written to any repository.

use std::collections::BTreeMap;

use super::ResolveCause;
use crate::git::{GitError, Objects};
use crate::object::{Kind, Mode, ObjectId, TreeEntry, write_tree};

/// A tree into which others are put.
pub struct Splicer {
    readers: Vec<Objects>,
    root: Node,
}

/// What was at a place before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spliced {
    /// Nothing.
    Added,
    /// A directory.
    Replaced,
    /// A submodule, which is what was put there or gives way to it.
    Filled,
}

enum Node {
    /// As it stands in a repository; the number is the reader's.
    Closed(usize, ObjectId),
    /// Read, because something in it changes.
    Open(BTreeMap<Vec<u8>, Child>),
}

enum Child {
    Directory(Node),
    /// A file, a symlink or a submodule.
    Leaf(Mode, ObjectId),
}

impl Splicer {
    /// Begins with a commit's tree.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn new(mut objects: Objects, commit: ObjectId) -> Result<Self, GitError> {
        let (tree, _) = objects.tree(commit).await?;
        Ok(Self { readers: vec![objects], root: Node::Closed(0, tree) })
    }

    /// Puts another commit's tree at a directory, making the directories above it.
    ///
    /// # Errors
    /// [`ResolveCause::FileInTheWay`], or when a tree cannot be read.
    pub async fn put(
        &mut self,
        path: &str,
        mut objects: Objects,
        commit: ObjectId,
    ) -> Result<Spliced, ResolveCause> {
        let (tree, _) = objects.tree(commit).await?;
        self.readers.push(objects);
        let put = Node::Closed(self.readers.len() - 1, tree);
        let in_the_way = |at: usize| {
            let way: Vec<&str> = path.split('/').take(at + 1).collect();
            ResolveCause::FileInTheWay(way.join("/"))
        };
        let (above, name) = path.rsplit_once('/').map_or((None, path), |(above, name)| (Some(above), name));
        let mut node = &mut self.root;
        for (at, part) in above.into_iter().flat_map(|above| above.split('/')).enumerate() {
            let entries = open(node, &mut self.readers).await?;
            let new = || Child::Directory(Node::Open(BTreeMap::new()));
            node = match entries.entry(part.as_bytes().to_vec()).or_insert_with(new) {
                Child::Directory(inside) => inside,
                Child::Leaf(..) => return Err(in_the_way(at)),
            };
        }
        let entries = open(node, &mut self.readers).await?;
        match entries.insert(name.as_bytes().to_vec(), Child::Directory(put)) {
            None => Ok(Spliced::Added),
            Some(Child::Directory(_)) => Ok(Spliced::Replaced),
            Some(Child::Leaf(Mode::Submodule, _)) => Ok(Spliced::Filled),
            Some(Child::Leaf(..)) => Err(ResolveCause::FileInTheWay(path.to_owned())),
        }
    }

    /// The id of the whole.
    pub fn tree(&self) -> ObjectId {
        id(&self.root)
    }
}

async fn open<'a>(
    node: &'a mut Node,
    readers: &mut [Objects],
) -> Result<&'a mut BTreeMap<Vec<u8>, Child>, GitError> {
    if let Node::Closed(reader, tree) = *node {
        let reader_index = reader;
        let entries = match readers.get_mut(reader_index) {
            Some(objects) => objects.tree(tree).await?.1,
            None => Vec::new(),
        };
        let child = |entry: TreeEntry| match entry.mode {
            Mode::Directory => (entry.name, Child::Directory(Node::Closed(reader_index, entry.id))),
            mode => (entry.name, Child::Leaf(mode, entry.id)),
        };
        *node = Node::Open(entries.into_iter().map(child).collect());
    }
    match node {
        Node::Open(entries) => Ok(entries),
        Node::Closed(..) => Err(GitError::Answer("a tree that does not open".to_owned())),
    }
}

fn id(node: &Node) -> ObjectId {
    match node {
        Node::Closed(_, tree) => *tree,
        Node::Open(children) => {
            let mut entries: Vec<TreeEntry> = children
                .iter()
                .map(|(name, child)| match child {
                    Child::Directory(node) => {
                        TreeEntry { mode: Mode::Directory, name: name.clone(), id: id(node) }
                    }
                    Child::Leaf(mode, id) => TreeEntry { mode: *mode, name: name.clone(), id: *id },
                })
                .collect();
            ObjectId::of(Kind::Tree, &write_tree(&mut entries))
        }
    }
}
