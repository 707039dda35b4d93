//! The files of a scripted world.

use std::io::{self, Write as _};

use camino::{Utf8Path, Utf8PathBuf};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::script::Script;
use crate::ends::{EndError, UnitKey};

/// A scripted world: a directory, and what goes wrong in it.
#[derive(Debug, Clone)]
pub struct World {
    pub(super) root: Utf8PathBuf,
    /// What goes wrong.
    pub script: Script,
}

/// A course of a scripted Moodle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    /// Its short name.
    pub shortname: String,
    /// What it holds.
    pub content: String,
    /// Whether students see it.
    pub visible: bool,
    /// Whether its restore came to its end. Always so at the source.
    pub whole: bool,
    /// How often it was post-processed.
    pub post_processed: u32,
    /// The unit that it was restored for.
    pub of: Option<UnitKey>,
}

/// Something that was done to a Moodle for good: one line of the world's book.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Deed {
    /// `restored`, `hidden` or `deleted`.
    pub what: String,
    /// For which unit.
    pub key: UnitKey,
    /// To which course, at the end where it was done.
    pub course: i64,
}

impl World {
    /// Opens a world, or makes an empty one.
    ///
    /// # Errors
    /// When its directories cannot be made.
    pub fn open(root: impl Into<Utf8PathBuf>, script: Script) -> io::Result<Self> {
        let world = Self { root: root.into(), script };
        for directory in ["source/courses", "source/work", "target/courses", "target/marks", "target/work"] {
            fs_err::create_dir_all(world.root.join(directory))?;
        }
        Ok(world)
    }

    /// Adds a course to the source.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add_course(&self, id: i64, shortname: &str) -> io::Result<()> {
        let content = format!("what {shortname} holds");
        let shortname = shortname.to_owned();
        let course = Course { shortname, content, visible: true, whole: true, post_processed: 0, of: None };
        write(&self.source_course(id), &course)
    }

    /// The courses of an end, `source` or `target`.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn courses(&self, end: &str) -> io::Result<Vec<(i64, Course)>> {
        let mut all = Vec::new();
        for entry in self.root.join(end).join("courses").read_dir_utf8()? {
            let path = entry?.path().to_owned();
            let Some(id) = path.file_stem().and_then(|stem| stem.parse().ok()) else { continue };
            if let Some(course) = read(&path)? {
                all.push((id, course));
            }
        }
        all.sort_by_key(|(id, _)| *id);
        Ok(all)
    }

    /// Names of the units that an end's work directory still has something of.
    ///
    /// # Errors
    /// When it cannot be listed.
    pub fn work_left(&self, end: &str) -> io::Result<Vec<String>> {
        let entries = self.root.join(end).join("work").read_dir_utf8()?;
        entries.map(|entry| Ok(entry?.file_name().to_owned())).collect()
    }

    /// Removes what both work directories have, as a machine does whose memory they lie in.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub fn lose_work(&self) -> io::Result<()> {
        for end in ["source", "target"] {
            for unit in self.work_left(end)? {
                fs_err::remove_dir_all(self.root.join(end).join("work").join(unit))?;
            }
        }
        Ok(())
    }

    /// All that was done for good, in order.
    ///
    /// # Errors
    /// When the book cannot be read.
    pub fn deeds(&self) -> io::Result<Vec<Deed>> {
        let text = match fs_err::read_to_string(self.root.join("book")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            other => other?,
        };
        text.lines().map(|line| serde_json::from_str(line).map_err(io::Error::from)).collect()
    }

    /// Changes what every copy holds, as somebody at the target might.
    ///
    /// # Errors
    /// When one cannot be read or written.
    pub fn spoil_copies(&self) -> io::Result<()> {
        for (id, mut course) in self.courses("target")? {
            course.content.push_str(", changed");
            write(&self.target_course(id), &course)?;
        }
        Ok(())
    }

    pub(super) fn note(&self, what: &str, key: &UnitKey, course: i64) -> Result<(), EndError> {
        let deed = Deed { what: what.to_owned(), key: key.clone(), course };
        let mut line = serde_json::to_vec(&deed).map_err(|error| failed(error.into()))?;
        line.push(b'\n');
        // One write to a file opened for appending: lines of several processes do not mix.
        let file = fs_err::OpenOptions::new().create(true).append(true).open(self.root.join("book"));
        file.and_then(|mut file| file.write_all(&line)).map_err(failed)
    }

    pub(super) fn source_course(&self, id: i64) -> Utf8PathBuf {
        self.root.join(format!("source/courses/{id}.json"))
    }

    pub(super) fn target_course(&self, id: i64) -> Utf8PathBuf {
        self.root.join(format!("target/courses/{id}.json"))
    }

    pub(super) fn mark(&self, key: &UnitKey) -> Utf8PathBuf {
        self.root.join("target/marks").join(key.as_str())
    }

    pub(super) fn work(&self, end: &str, key: &UnitKey) -> Utf8PathBuf {
        self.root.join(end).join("work").join(key.as_str())
    }
}

/// Reads a file of the world; an empty one is one that a killed process had just made.
pub(super) fn read<T: DeserializeOwned>(path: &Utf8Path) -> io::Result<Option<T>> {
    match fs_err::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Ok(bytes) if bytes.is_empty() => Ok(None),
        other => Ok(Some(serde_json::from_slice(&other?)?)),
    }
}

/// Writes a file of the world aside and renames it into place.
pub(super) fn write<T: Serialize>(path: &Utf8Path, what: &T) -> io::Result<()> {
    let aside = Utf8PathBuf::from(format!("{path}.{}.new", uuid::Uuid::new_v4().simple()));
    fs_err::write(&aside, serde_json::to_vec(what)?)?;
    fs_err::rename(&aside, path)
}

/// Removes a file or a directory that may be gone.
pub(super) fn remove(path: &Utf8Path) -> Result<(), EndError> {
    let removed = match path.is_dir() {
        true => fs_err::remove_dir_all(path),
        false => fs_err::remove_file(path),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
        _ => Ok(()),
    }
}

pub(super) fn failed(error: io::Error) -> EndError {
    EndError::passing_because("the scripted world failed", error)
}
