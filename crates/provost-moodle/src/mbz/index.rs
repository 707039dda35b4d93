//! `.ARCHIVE_INDEX`, the list that core's tar begins with. It is only compared, never believed.

use std::collections::BTreeMap;

use super::MbzError;
use super::path::checked_path;

/// Its name.
pub(super) const NAME: &str = ".ARCHIVE_INDEX";

/// The most bytes of one line: path, kind, size and time.
const LONGEST_LINE: usize = super::LONGEST_PATH + 64;

const PREFIX: &str = "Moodle archive file index. Count: ";

/// The most bytes of an index with so many entries.
pub(super) fn longest(entries: u64) -> u64 {
    entries.saturating_mul(LONGEST_LINE as u64)
}

/// What it says: of each path its length, or `None` for a directory.
#[derive(Debug, Default)]
pub(super) struct Index(BTreeMap<String, Option<u64>>);

impl Index {
    pub(super) fn read(text: &[u8]) -> Result<Self, MbzError> {
        let wrong = |what: &str| MbzError::Index(what.to_owned());
        let text = std::str::from_utf8(text).map_err(|_| wrong("it is not in UTF-8"))?;
        let mut lines = text.lines();
        let count =
            lines.next().and_then(|line| line.strip_prefix(PREFIX)).and_then(|count| count.parse().ok());
        let count: usize = count.ok_or_else(|| wrong("it does not begin with a count"))?;
        let mut entries = BTreeMap::new();
        for line in lines {
            let fields: Vec<&str> = line.split('\t').collect();
            let [path, kind, size, _] = fields.as_slice() else {
                return Err(wrong("a line of it is no entry"));
            };
            let size = match *kind {
                "d" => None,
                "f" => Some(size.parse().map_err(|_| wrong("a size in it is no number"))?),
                _ => return Err(wrong("a line of it is neither a file nor a directory")),
            };
            let path = checked_path(path.as_bytes())?.to_owned();
            if entries.insert(path, size).is_some() {
                return Err(MbzError::Index(format!("it lists {line:?} twice")));
            }
        }
        if entries.len() != count {
            return Err(MbzError::Index(format!("it says {count} entries and lists {}", entries.len())));
        }
        Ok(Self(entries))
    }

    /// Takes out what was found.
    pub(super) fn found(&mut self, path: &str, size: Option<u64>) -> Result<(), MbzError> {
        match self.0.remove(path) {
            None => Err(MbzError::Index(format!("`{path}` is not in it"))),
            Some(said) if said != size => Err(MbzError::Index(format!("`{path}` is not as long as it says"))),
            Some(_) => Ok(()),
        }
    }

    /// What was not found.
    pub(super) fn finish(self) -> Result<(), MbzError> {
        match self.0.into_keys().next() {
            Some(path) => Err(MbzError::Index(format!("`{path}` is in it and not in the archive"))),
            None => Ok(()),
        }
    }
}
