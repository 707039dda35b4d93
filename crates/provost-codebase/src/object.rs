//! Git's objects as data: ids, modes, the bytes that are hashed. No I/O.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha1::{Digest as _, Sha1};

/// A SHA-1 object id of git: 20 bytes, written as 40 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectId([u8; 20]);

/// A text that is not an object id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is {}", .0, what_it_is(.0))]
pub struct NotAnId(String);

fn what_it_is(text: &str) -> &'static str {
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        "an id of a repository with SHA-256 objects; only those with SHA-1 objects can be used, as `git clone` makes them"
    } else {
        "not a git object id: 40 hexadecimal digits"
    }
}

impl ObjectId {
    /// Wraps 20 bytes.
    pub fn new(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// Returns the 20 bytes.
    pub fn bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// Hashes an object as git does: `KIND LENGTH NUL CONTENT`.
    pub fn of(kind: Kind, content: &[u8]) -> Self {
        let mut hasher = Hasher::new(kind, content.len() as u64);
        hasher.update(content);
        hasher.finish()
    }

    /// Reads 40 digits given as bytes.
    pub fn from_hex(digits: &[u8]) -> Option<Self> {
        let mut bytes = [0; 20];
        if digits.len() != 40 {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Some(Self(bytes))
    }

    /// Returns the 40 digits as bytes, without allocating.
    pub fn hex(&self) -> [u8; 40] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 40];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        text
    }
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

impl FromStr for ObjectId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        Self::from_hex(text.as_bytes()).ok_or_else(|| NotAnId(text.to_owned()))
    }
}

impl TryFrom<String> for ObjectId {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        text.parse()
    }
}

impl From<ObjectId> for String {
    fn from(id: ObjectId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&String::from_utf8_lossy(&self.hex()))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The kinds of objects that we hash or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The content of a file, or the target of a symlink.
    Blob,
    /// A directory.
    Tree,
    /// A commit.
    Commit,
    /// An annotated tag.
    Tag,
}

impl Kind {
    /// Git's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Blob => "blob",
            Self::Tree => "tree",
            Self::Commit => "commit",
            Self::Tag => "tag",
        }
    }

    /// Reads git's word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Blob, Self::Tree, Self::Commit, Self::Tag].into_iter().find(|kind| kind.word() == word)
    }
}

/// Hashes one object piece by piece.
#[derive(Debug, Clone)]
pub struct Hasher(Sha1);

impl Hasher {
    /// Begins an object of a known length in bytes.
    pub fn new(kind: Kind, length: u64) -> Self {
        let mut inner = Sha1::new();
        inner.update(kind.word());
        inner.update(format!(" {length}\0"));
        Self(inner)
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns the id.
    pub fn finish(self) -> ObjectId {
        let digest: [u8; 20] = self.0.finalize().into();
        ObjectId(digest)
    }
}

/// What an entry of a tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// A file that is not executable.
    File,
    /// An executable file.
    Executable,
    /// A symlink; its blob is the target.
    Symlink,
    /// A directory.
    Directory,
    /// A submodule: a commit of some other repository.
    Submodule,
}

impl Mode {
    /// Git's octal digits, as they stand in a tree object. Files that were once written `100664` keep their place in
    /// history only: git reads them as `100644`, but their tree's id was made of the old digits, so they are not
    /// known here and a tree that has one is refused rather than misnamed.
    pub fn digits(self) -> &'static str {
        match self {
            Self::File => "100644",
            Self::Executable => "100755",
            Self::Symlink => "120000",
            Self::Directory => "40000",
            Self::Submodule => "160000",
        }
    }

    /// Reads git's octal digits, with or without the leading zero that `ls-tree` prints.
    pub fn from_digits(digits: &[u8]) -> Option<Self> {
        let digits = digits.strip_prefix(b"0").unwrap_or(digits);
        [Self::File, Self::Executable, Self::Symlink, Self::Directory, Self::Submodule]
            .into_iter()
            .find(|mode| mode.digits().as_bytes() == digits)
    }
}

/// One entry of a tree object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeEntry {
    /// What it is.
    pub mode: Mode,
    /// Its name: any bytes but NUL and `/`.
    pub name: Vec<u8>,
    /// Its object.
    pub id: ObjectId,
}

/// Reads the content of a tree object; `None` if it is not one that we understand.
pub fn parse_tree(mut content: &[u8]) -> Option<Vec<TreeEntry>> {
    let mut entries = Vec::new();
    while !content.is_empty() {
        let blank = content.iter().position(|byte| *byte == b' ')?;
        let mode = Mode::from_digits(&content[..blank])?;
        content = &content[blank + 1..];
        let end = content.iter().position(|byte| *byte == 0)?;
        let name = content[..end].to_vec();
        let id: [u8; 20] = content.get(end + 1..end + 21)?.try_into().ok()?;
        entries.push(TreeEntry { mode, name, id: ObjectId(id) });
        content = &content[end + 21..];
    }
    Some(entries)
}

/// Writes the content of a tree object. The entries are put in git's order, in which a directory stands as if its name
/// ended in `/`.
pub fn write_tree(entries: &mut [TreeEntry]) -> Vec<u8> {
    entries.sort_by(|a, b| git_order(a).cmp(git_order(b)));
    let mut content = Vec::with_capacity(entries.len() * 48);
    for entry in entries {
        content.extend_from_slice(entry.mode.digits().as_bytes());
        content.push(b' ');
        content.extend_from_slice(&entry.name);
        content.push(0);
        content.extend_from_slice(entry.id.bytes());
    }
    content
}

fn git_order(entry: &TreeEntry) -> impl Iterator<Item = &u8> {
    let slash: &[u8] = if entry.mode == Mode::Directory { b"/" } else { b"" };
    entry.name.iter().chain(slash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_as_git_does() {
        // The well-known ids of the empty blob and the empty tree.
        assert_eq!(ObjectId::of(Kind::Blob, b"").to_string(), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        assert_eq!(ObjectId::of(Kind::Tree, b"").to_string(), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
    }

    #[test]
    fn ids_are_read_and_written() {
        let text = "9d4fbf58ab52abdc8ed1e4586787597228cf00dd";
        assert_eq!(text.parse::<ObjectId>().unwrap().to_string(), text);
        assert!("9d4fbf58".parse::<ObjectId>().is_err());
        assert!("xd4fbf58ab52abdc8ed1e4586787597228cf00dd".parse::<ObjectId>().is_err());
        let sha256 = "ab".repeat(32).parse::<ObjectId>().unwrap_err();
        assert!(sha256.to_string().contains("a repository with SHA-256 objects"), "{sha256}");
    }

    #[test]
    fn trees_are_in_gits_order() {
        let id = ObjectId::of(Kind::Blob, b"");
        let entry = |mode, name: &str| TreeEntry { mode, name: name.as_bytes().to_vec(), id };
        let mut entries = [
            entry(Mode::Directory, "lib"),
            entry(Mode::File, "lib.php"),
            entry(Mode::File, "lib-a"),
            entry(Mode::File, "lib0"),
        ];
        let content = write_tree(&mut entries);
        let names: Vec<_> = entries.iter().map(|entry| String::from_utf8_lossy(&entry.name)).collect();
        assert_eq!(names, ["lib-a", "lib.php", "lib", "lib0"]);
        assert_eq!(parse_tree(&content).unwrap(), entries);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes: Vec<u8>) {
            drop(parse_tree(&bytes));
        }
    }
}
