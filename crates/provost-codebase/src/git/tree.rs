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
    /// File, executable or symlink, or submodule where submodules are asked for; never a directory.
    pub mode: Mode,
    /// Its blob, or a submodule's commit.
    pub id: ObjectId,
    /// Its path, relative and plain. Any bytes but NUL: git knows no encoding.
    pub path: &'a [u8],
}

/// All files of a tree in git's order: the content of a directory stands together. Submodules that nothing has been put
/// in the place of yet are kept apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    text: Vec<u8>,
    entries: Vec<Place>,
    submodules: Vec<Place>,
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
    /// A submodule that nothing was put in the place of.
    #[error("it has a git submodule at `{0}`, and nothing says what goes there")]
    Submodule(String),
    /// Not a listing at all.
    #[error("its list of files makes no sense near `{0}`")]
    Line(String),
}

impl Listing {
    /// Returns the files in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Entry<'_>> {
        self.entries.iter().map(|place| place.entry(&self.text))
    }

    /// Returns the submodules that are still only named, in order.
    pub fn submodules(&self) -> impl ExactSizeIterator<Item = Entry<'_>> {
        self.submodules.iter().map(|place| place.entry(&self.text))
    }

    /// Sees to it that there is no submodule without its files.
    ///
    /// # Errors
    /// [`ListingError::Submodule`] with the first one.
    pub fn check_whole(&self) -> Result<(), ListingError> {
        match self.submodules().next() {
            None => Ok(()),
            Some(entry) => Err(ListingError::Submodule(String::from_utf8_lossy(entry.path).into_owned())),
        }
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

    /// Leaves a directory out.
    pub fn without(&self, path: &str) -> Self {
        self.splice(path, &Self::default())
    }

    /// Puts `part` at the directory `path`, in place of all that is there: files, or a submodule.
    pub fn splice(&self, path: &str, part: &Self) -> Self {
        let mut spliced = Self {
            text: Vec::with_capacity(self.text.len() + part.text.len() + part.len() * (path.len() + 1)),
            entries: Vec::with_capacity(self.len() + part.len()),
            submodules: Vec::new(),
        };
        let replaced = |entry: &Entry<'_>| {
            is_below(entry.path, path.as_bytes())
                || (entry.mode == Mode::Submodule && entry.path == path.as_bytes())
        };
        for entry in self.iter().chain(self.submodules()).filter(|entry| !replaced(entry)) {
            spliced.push(entry, &[entry.path]);
        }
        for entry in part.iter().chain(part.submodules()) {
            spliced.push(entry, &[path.as_bytes(), b"/", entry.path]);
        }
        spliced.sort();
        spliced
    }

    /// Writes it as `git ls-tree -r -z` would, but for the submodules: of what is whole there are none.
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

    /// A listing of these entries, whatever their order.
    pub(super) fn collect<'a>(entries: impl Iterator<Item = Entry<'a>>) -> Self {
        let mut listing = Self::default();
        for entry in entries {
            listing.push(entry, &[entry.path]);
        }
        listing.sort();
        listing
    }

    fn push(&mut self, entry: Entry<'_>, path: &[&[u8]]) {
        let start = self.text.len();
        for part in path {
            self.text.extend_from_slice(part);
        }
        // A listing is at most LARGEST_LISTING, and no more than a few are joined.
        let at = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let place = Place { mode: entry.mode, id: entry.id, start: at(start), end: at(self.text.len()) };
        if entry.mode == Mode::Submodule { &mut self.submodules } else { &mut self.entries }.push(place);
    }

    /// Comparing bytes is git's order: a directory's files all have its name and `/` before them.
    fn sort(&mut self) {
        let text = &self.text;
        let path = |place: &Place| &text[place.start as usize..place.end as usize];
        self.entries.sort_by(|a, b| path(a).cmp(path(b)));
        self.submodules.sort_by(|a, b| path(a).cmp(path(b)));
    }
}

impl Place {
    fn entry<'a>(&self, text: &'a [u8]) -> Entry<'a> {
        Entry { mode: self.mode, id: self.id, path: &text[self.start as usize..self.end as usize] }
    }
}

fn is_below(path: &[u8], directory: &[u8]) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.first() == Some(&b'/'))
}

/// Reads what `git ls-tree -r -z` wrote.
///
/// # Errors
/// When it holds a path that a build may not have.
pub fn parse_ls_tree(text: Vec<u8>) -> Result<Listing, ListingError> {
    if u32::try_from(text.len()).is_err() {
        return Err(ListingError::Line("its end".to_owned()));
    }
    let (mut entries, mut submodules) = (Vec::new(), Vec::new());
    let mut start = 0;
    while start < text.len() {
        let end = text[start..].iter().position(|byte| *byte == 0).map_or(text.len(), |at| start + at);
        let place = parse_line(&text, start, end)?;
        if place.mode == Mode::Submodule { &mut submodules } else { &mut entries }.push(place);
        start = end + 1;
    }
    Ok(Listing { text, entries, submodules })
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
        Mode::Submodule if kind == b"commit" => {}
        Mode::File | Mode::Executable | Mode::Symlink if kind == b"blob" => {}
        _ => return Err(wrong()),
    }
    if !is_plain(path) {
        return Err(ListingError::Path(shown()));
    }
    let place = |at: usize| u32::try_from(at).map_err(|_| wrong());
    Ok(Place { mode, id, start: place(start + tab + 1)?, end: place(end)? })
}

/// Git refuses such paths when it checks out, but a tree object can hold them.
pub(crate) fn is_plain(path: &[u8]) -> bool {
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
mod tests;
