//! `files.xml`: which files a backup has, and which contents they are made of.

use std::collections::BTreeMap;
use std::io::Read;

use super::limits::NAMED;
use super::xml::{Leaf, leaves};
use super::{Content, ContentHash, Limits, MbzError};

/// How core writes nothing in its backups.
const NOTHING: &str = "$@NULL@$";

/// The file's name.
const FILE: &str = "files.xml";

/// What is kept of a row.
const FIELDS: [&str; 6] = ["contenthash", "filesize", "repositoryid", "component", "filepath", "filename"];

/// A file of a course.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileRow {
    /// Its content; `None` where the row has none.
    pub hash: Option<ContentHash>,
    /// Its length.
    pub bytes: u64,
    /// The component whose file it is.
    pub component: String,
    /// Directory, with a slash at both ends.
    pub filepath: String,
    /// Name; `.` is a directory.
    pub filename: String,
    /// Whether it is an alias: a reference to a file elsewhere, whose content no backup has.
    pub alias: bool,
}

/// What a `files.xml` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilesXml {
    /// Contents that core's restore looks for, each once.
    pub contents: BTreeMap<ContentHash, u64>,
    /// Rows that are files.
    pub files: u64,
    /// Rows that are aliases.
    pub aliases: u64,
    /// Some files of each content, for messages. Filled for those that [`FilesXml::read`] is asked for.
    named: BTreeMap<ContentHash, Vec<String>>,
}

impl FilesXml {
    /// Reads it.
    ///
    /// # Errors
    /// When it is broken, a row's content has no name as Moodle gives it, two rows give one content two lengths, or there are more rows
    /// than `limits` allow.
    pub fn read(from: impl Read, limits: &Limits) -> Result<Self, MbzError> {
        let mut all = Self::default();
        let mut rows = 0;
        let mut row = FileRow::default();
        let keep = |path: &[String]| match path {
            [files, file, field] => files == "files" && file == "file" && FIELDS.contains(&field.as_str()),
            _ => false,
        };
        leaves(FILE, from, keep, |path, leaf| {
            match (path, leaf) {
                ([files], Leaf::Open) if files != "files" => {
                    return Err(MbzError::Xml { file: FILE, what: format!("it begins with `{files}`") });
                }
                ([_, file], Leaf::Open) if file == "file" => row = FileRow::default(),
                ([_, _, field], Leaf::Text(text)) => set(&mut row, field, text)?,
                ([_, file], Leaf::Close) if file == "file" => {
                    rows += 1;
                    if rows > limits.rows {
                        return Err(MbzError::TooLarge { what: "files", limit: limits.rows });
                    }
                    all.add(&std::mem::take(&mut row))?;
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(all)
    }

    fn add(&mut self, row: &FileRow) -> Result<(), MbzError> {
        if row.filename == "." {
            return Ok(());
        }
        self.files += 1;
        if row.alias {
            self.aliases += 1;
            return Ok(());
        }
        let Some(hash) = row.hash else { return Ok(()) };
        let said = *self.contents.entry(hash).or_insert(row.bytes);
        if said != row.bytes {
            return Err(MbzError::Length { hash, found: row.bytes, said });
        }
        let named = self.named.entry(hash).or_default();
        if named.len() < NAMED {
            named.push(format!("{} {}{}", row.component, row.filepath, row.filename));
        }
        Ok(())
    }

    /// Contents, each once, in the order of their names.
    pub fn list(&self) -> Vec<Content> {
        self.contents.iter().map(|(&hash, &bytes)| Content { hash, bytes }).collect()
    }

    /// Some files that are made of a content: component, directory and name.
    pub fn named(&self, hash: &ContentHash) -> Vec<String> {
        self.named.get(hash).cloned().unwrap_or_default()
    }
}

fn set(row: &mut FileRow, field: &str, text: &str) -> Result<(), MbzError> {
    let text = text.trim();
    let broken = |what: String| MbzError::Xml { file: FILE, what };
    let nothing = text.is_empty() || text == NOTHING;
    match field {
        "contenthash" if !nothing => {
            row.hash = Some(text.parse().map_err(|error: super::HashError| broken(error.to_string()))?);
        }
        "filesize" if !nothing => {
            row.bytes = text.parse().map_err(|_| broken(format!("`{text}` is not a length")))?;
        }
        // As core has it: `empty($file->repositoryid)`.
        "repositoryid" => row.alias = !nothing && text != "0",
        "component" => text.clone_into(&mut row.component),
        "filepath" => text.clone_into(&mut row.filepath),
        "filename" => text.clone_into(&mut row.filename),
        _ => {}
    }
    Ok(())
}
