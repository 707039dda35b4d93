//! The files of a commit, as `git ls-tree -r -z` lists them.

use crate::object::{Mode, ObjectId};

/// The longest listing we take, in bytes. Moodle's 30,000 files make 3 MB; this is room for ten times as many with
/// longer names.
pub(super) const LARGEST_LISTING: usize = 64 << 20;

/// The longest path of a file in a tree, in bytes: with a build's own directory before it, it stays below Linux's 4,096.
const LONGEST_PATH: usize = 3000;

/// One file of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// File, executable or symlink; never a directory or a submodule.
    pub mode: Mode,
    /// Its blob.
    pub id: ObjectId,
    /// Its path, relative and plain. Any bytes but NUL: git knows no encoding.
    pub path: &'a [u8],
}

/// All files of a tree in git's order: the content of a directory stands together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    text: Vec<u8>,
    entries: Vec<Place>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    mode: Mode,
    id: ObjectId,
    start: u32,
    end: u32,
}

/// Why a tree cannot be part of a build.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListingError {
    /// A path that could lead out of the tree, or into git's own files.
    #[error("it has a file with the name `{0}`, which no build may have")]
    Path(String),
    /// A submodule.
    #[error("it has a git submodule at `{0}`; a build holds only what the repository itself holds")]
    Submodule(String),
    /// Not a listing at all.
    #[error("its list of files makes no sense near `{0}`")]
    Line(String),
}

impl Listing {
    /// Returns the files in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Entry<'_>> {
        self.entries.iter().map(|place| Entry {
            mode: place.mode,
            id: place.id,
            path: &self.text[place.start as usize..place.end as usize],
        })
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The blob at a path.
    pub fn find(&self, path: &str) -> Option<ObjectId> {
        self.iter().find(|entry| entry.path == path.as_bytes()).map(|entry| entry.id)
    }

    /// Whether there is anything below a directory.
    pub fn has_directory(&self, path: &str) -> bool {
        self.iter().any(|entry| is_below(entry.path, path.as_bytes()))
    }

    /// Puts `part` at the directory `path`, in place of all that is there.
    pub fn splice(&self, path: &str, part: &Self) -> Self {
        let mut text = Vec::with_capacity(self.text.len() + part.text.len() + part.len() * (path.len() + 1));
        let mut entries = Vec::with_capacity(self.len() + part.len());
        let own = self.iter().filter(|entry| !is_below(entry.path, path.as_bytes()));
        for entry in own {
            push(&mut text, &mut entries, entry.mode, entry.id, &[entry.path]);
        }
        for entry in part.iter() {
            push(&mut text, &mut entries, entry.mode, entry.id, &[path.as_bytes(), b"/", entry.path]);
        }
        // Comparing bytes is git's order: a directory's files all have its name and `/` before them.
        entries.sort_by(|a, b| {
            text[a.start as usize..a.end as usize].cmp(&text[b.start as usize..b.end as usize])
        });
        Self { text, entries }
    }

    /// Writes it as `git ls-tree -r -z` would.
    pub fn to_ls_tree(&self) -> Vec<u8> {
        let mut written = Vec::with_capacity(self.text.len() + self.len() * 54);
        for entry in self.iter() {
            written.extend_from_slice(entry.mode.digits().as_bytes());
            written.extend_from_slice(b" blob ");
            written.extend_from_slice(&entry.id.hex());
            written.push(b'\t');
            written.extend_from_slice(entry.path);
            written.push(0);
        }
        written
    }
}

fn push(text: &mut Vec<u8>, entries: &mut Vec<Place>, mode: Mode, id: ObjectId, path: &[&[u8]]) {
    let start = text.len();
    for part in path {
        text.extend_from_slice(part);
    }
    // A listing is at most LARGEST_LISTING, and no more than a few are joined.
    let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    entries.push(Place { mode, id, start: place(start), end: place(text.len()) });
}

fn is_below(path: &[u8], directory: &[u8]) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.first() == Some(&b'/'))
}

/// Reads what `git ls-tree -r -z` wrote.
///
/// # Errors
/// When it holds a submodule, or a path that a build may not have.
pub fn parse_ls_tree(text: Vec<u8>) -> Result<Listing, ListingError> {
    if u32::try_from(text.len()).is_err() {
        return Err(ListingError::Line("its end".to_owned()));
    }
    let mut entries = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let end = text[start..].iter().position(|byte| *byte == 0).map_or(text.len(), |at| start + at);
        entries.push(parse_line(&text, start, end)?);
        start = end + 1;
    }
    Ok(Listing { text, entries })
}

fn parse_line(text: &[u8], start: usize, end: usize) -> Result<Place, ListingError> {
    let line = &text[start..end];
    let wrong = || ListingError::Line(String::from_utf8_lossy(&line[..line.len().min(80)]).into_owned());
    let tab = line.iter().position(|byte| *byte == b'\t').ok_or_else(wrong)?;
    let mut words = line[..tab].split(|byte| *byte == b' ');
    let mode = words.next().and_then(Mode::from_digits).ok_or_else(wrong)?;
    let kind = words.next().ok_or_else(wrong)?;
    let id = words.next().and_then(ObjectId::from_hex).ok_or_else(wrong)?;
    let path = &line[tab + 1..];
    let shown = || String::from_utf8_lossy(path).into_owned();
    match mode {
        Mode::Submodule => return Err(ListingError::Submodule(shown())),
        Mode::Directory => return Err(wrong()),
        Mode::File | Mode::Executable | Mode::Symlink if kind != b"blob" => return Err(wrong()),
        Mode::File | Mode::Executable | Mode::Symlink => {}
    }
    if !is_plain(path) {
        return Err(ListingError::Path(shown()));
    }
    let place = |at: usize| u32::try_from(at).map_err(|_| wrong());
    Ok(Place { mode, id, start: place(start + tab + 1)?, end: place(end)? })
}

/// Git refuses such paths when it checks out, but a tree object can hold them.
fn is_plain(path: &[u8]) -> bool {
    path.len() <= LONGEST_PATH
        && path.split(|byte| *byte == b'/').all(|part| {
            !part.is_empty()
                && part != b"."
                && part != b".."
                && !part.eq_ignore_ascii_case(b".git")
                && part.len() <= 255
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(lines: &[&str]) -> Result<Listing, ListingError> {
        let id = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";
        parse_ls_tree(lines.iter().map(|line| line.replace("ID", id) + "\0").collect::<String>().into_bytes())
    }

    #[test]
    fn files_are_read() {
        let read = listing(&["100644 blob ID\ta b", "100755 blob ID\tlib/x", "120000 blob ID\tz"]).unwrap();
        let paths: Vec<_> = read.iter().map(|entry| (entry.mode, entry.path)).collect();
        assert_eq!(
            paths,
            [(Mode::File, &b"a b"[..]), (Mode::Executable, &b"lib/x"[..]), (Mode::Symlink, &b"z"[..])]
        );
        assert_eq!(parse_ls_tree(read.to_ls_tree()).unwrap().to_ls_tree(), read.to_ls_tree());
    }

    #[test]
    fn what_no_build_may_have_is_refused() {
        let error = |line| listing(&[line]).unwrap_err().to_string();
        insta::assert_snapshot!(error("100644 blob ID\ta/../../b"), @"it has a file with the name `a/../../b`, which no build may have");
        insta::assert_snapshot!(error("100644 blob ID\t.GIT/config"), @"it has a file with the name `.GIT/config`, which no build may have");
        insta::assert_snapshot!(error("100644 blob ID\t/etc/passwd"), @"it has a file with the name `/etc/passwd`, which no build may have");
        insta::assert_snapshot!(error("160000 commit ID\tlib/vendor"), @"it has a git submodule at `lib/vendor`; a build holds only what the repository itself holds");
        insta::assert_snapshot!(error("100664 blob ID\told"), @"its list of files makes no sense near `100664 blob e69de29bb2d1d6434b8b29ae775ad8c2e48c5391	old`");
    }

    #[test]
    fn a_part_replaces_a_directory() {
        let whole = listing(&["100644 blob ID\tmod/x/old", "100644 blob ID\tmod/x.php", "100644 blob ID\tz"])
            .unwrap();
        let part = listing(&["100644 blob ID\tversion.php"]).unwrap();
        let joined = whole.splice("mod/x", &part);
        let paths: Vec<_> =
            joined.iter().map(|entry| String::from_utf8_lossy(entry.path).into_owned()).collect();
        assert_eq!(paths, ["mod/x.php", "mod/x/version.php", "z"]);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes: Vec<u8>) {
            drop(parse_ls_tree(bytes));
        }
    }
}
