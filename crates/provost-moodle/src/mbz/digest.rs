//! One digest for the structure of a backup: everything but file contents.

use sha2::{Digest as _, Sha256};

/// A file of a backup's structure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StructureFile {
    /// Its path in the backup, with `/` between directories.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, in lower-case hexadecimal digits.
    pub sha256: String,
}

/// The digest of a structure: the SHA-256, in lower-case hexadecimal digits, of one line `path TAB bytes TAB sha256 LF` for each file
/// that does not lie below `files/`, in the order of their paths' bytes. Directories do not count.
pub fn structure_digest(files: &[StructureFile]) -> String {
    let mut sorted: Vec<&StructureFile> = files.iter().filter(|file| is_structure(&file.path)).collect();
    sorted.sort_by(|one, other| one.path.as_bytes().cmp(other.path.as_bytes()));
    let mut whole = Sha256::new();
    for StructureFile { path, bytes, sha256 } in sorted {
        whole.update(format!("{path}\t{bytes}\t{sha256}\n"));
    }
    hexadecimal(&whole.finalize())
}

/// Whether a path is part of the structure: contents lie below `files/`.
pub fn is_structure(path: &str) -> bool {
    !path.starts_with("files/")
}

/// Bytes as lower-case hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(if half < 10 { b'0' + half } else { b'a' + half - 10 });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_follows_paths_and_leaves_contents_out() {
        let file = |path: &str| StructureFile { path: path.into(), bytes: 3, sha256: "00".repeat(32) };
        let one = structure_digest(&[file("b.xml"), file("a/c.xml"), file("files/ab/x")]);
        assert_eq!(one, structure_digest(&[file("a/c.xml"), file("b.xml")]));
        assert_ne!(one, structure_digest(&[file("a/c.xml")]));
        assert_eq!(
            one, "e015e5a25a993a9102180e05d3a913027e84b7e474137e19531e7e2b852d72d6",
            "known to the other end too"
        );
    }
}
