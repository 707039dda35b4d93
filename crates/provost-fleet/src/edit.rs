//! Edits of the fleet file's text, for verbs that change the fleet: the file is people's, so that comments, order, blank lines
//! and line endings stay as they are.
//!
//! An edit finds the place of one thing by the parser's own events, and cuts and pastes there. The text is not written anew
//! from a parsed document: toml_edit makes CRLF to LF, moves dotted keys together, and drops the mark before the first line.
//!
//! What an edit means is worked out on the values too; a text that does not read back as that is not given out.

mod insert;
mod layout;
mod meaning;
mod remove;
mod set;

use toml::{Table, Value};

use crate::diagnostic::{Diagnostic, Diagnostics, Sink, Span};
use crate::load;
use layout::Layout;

/// The names that lead to a key or a table: `["codebase", "lts", "moodle"]`.
pub type Path = Vec<String>;

/// One change of the fleet file.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Gives a key a value. The table that it is in is made where it is missing.
    Set {
        /// The key.
        path: Path,
        /// Its value; a table is written on one line.
        value: Value,
    },
    /// Takes a key out, or a table with all that is below it. Comments above it stay: they may be of more than that.
    Remove {
        /// The key or the table.
        path: Path,
    },
    /// Writes a table with a header, after those that are under the same name.
    Insert {
        /// The table.
        path: Path,
        /// Its keys, in this order.
        keys: Vec<(String, Value)>,
    },
    /// Writes many tables of one kind, as [`Edit::Insert`] writes one. Those that are there already are left as they are.
    InsertAll {
        /// Each table with its keys; all but the last name of their paths are the same.
        tables: Vec<(Path, Vec<(String, Value)>)>,
    },
    /// Writes a table that is as another one, with all that is below it and with its comments.
    Copy {
        /// The table that is there.
        from: Path,
        /// The new one.
        to: Path,
    },
}

impl Edit {
    /// Gives a key a value.
    pub fn set(path: &[&str], value: impl Into<Value>) -> Self {
        Self::Set { path: owned(path), value: value.into() }
    }

    /// Takes a key or a table out.
    pub fn remove(path: &[&str]) -> Self {
        Self::Remove { path: owned(path) }
    }

    /// Writes a table.
    pub fn insert<V: Into<Value>>(path: &[&str], keys: impl IntoIterator<Item = (&'static str, V)>) -> Self {
        let keys = keys.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect();
        Self::Insert { path: owned(path), keys }
    }

    /// Writes a table that is as another one.
    pub fn copy(from: &[&str], to: &[&str]) -> Self {
        Self::Copy { from: owned(from), to: owned(to) }
    }
}

fn owned(path: &[&str]) -> Path {
    path.iter().map(|&name| name.to_owned()).collect()
}

/// Why an edit cannot be made.
struct Refusal {
    span: Span,
    message: String,
    hint: String,
}

impl Refusal {
    fn new(span: Span, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { span, message: message.into(), hint: hint.into() }
    }
}

/// Makes edits, one after the other. `path` is for messages. An edit of what is so already changes nothing.
///
/// # Errors
/// When the file is not valid, before or after, and when an edit cannot be made: a table to write that is there and is
/// different, a way to a key that leads through a value, a form of the file that nobody thought of.
pub fn apply_edits(path: &str, text: &str, edits: &[Edit]) -> Result<String, Diagnostics> {
    load(path, text)?;
    let mut edited = text.to_owned();
    for edit in edits {
        edited = one(&edited, edit).map_err(|refusal| told(path, &edited, refusal))?;
    }
    load(path, &edited)?;
    Ok(edited)
}

/// Makes an edit of which nobody has said yet that its outcome is valid.
pub(crate) fn insert_unchecked(path: &str, text: &str, edit: &Edit) -> Result<String, Diagnostics> {
    one(text, edit).map_err(|refusal| told(path, text, refusal))
}

/// What a text means, as tables; nothing where it is no TOML.
pub(crate) fn tables_of(text: &str) -> Table {
    read(text).unwrap_or_default()
}

fn one(text: &str, edit: &Edit) -> Result<String, Refusal> {
    let before = read(text)?;
    let wanted = meaning::after(&before, edit)?;
    if wanted == before {
        return Ok(text.to_owned());
    }
    let layout = Layout::of(text);
    let tried = match edit {
        Edit::Set { path, value } => vec![set::set(&layout, path, value)?],
        Edit::Remove { path } => vec![remove::remove(text, path)],
        Edit::Insert { path, keys } => vec![insert::insert(&layout, path, keys)],
        Edit::InsertAll { tables } => {
            let new = |(path, _): &&(Path, _)| meaning::at(&before, path).is_none();
            vec![insert::insert_all(&layout, tables.iter().filter(new))]
        }
        // Where the table is not all under headers, its meaning is written down.
        Edit::Copy { from, to } => {
            let plain = meaning::at(&before, from).and_then(Value::as_table);
            let plain = plain.map(|table| insert::plain(&layout, to, table));
            [insert::copy(&layout, from, to), plain].into_iter().flatten().collect()
        }
    };
    let meant = |text: &String| read(text).is_ok_and(|read| meaning::same(&read, &wanted, edit));
    tried.into_iter().find(meant).ok_or_else(|| {
        let message = "Provost does not know how to edit a file of this form";
        Refusal::new(0..0, message, "edit it by hand; nothing was changed")
    })
}

fn read(text: &str) -> Result<Table, Refusal> {
    // The mark that some editors write before the first line is no TOML to everybody.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    toml::from_str(text).map_err(|error| {
        let hint = "this is a fault of Provost's: please report it";
        Refusal::new(error.span().unwrap_or(0..0), error.message(), hint)
    })
}

fn told(path: &str, text: &str, refusal: Refusal) -> Diagnostics {
    let sink = Sink::new(path, text);
    // As of a text that is not TOML: passwords that may stand near the place are kept out of what is shown.
    sink.push(Diagnostic::syntax(refusal.span, refusal.message).hint(refusal.hint));
    sink.finish()
}

/// A key as TOML writes it.
fn key(name: &str) -> String {
    let bare =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if bare { name.to_owned() } else { Value::String(name.to_owned()).to_string() }
}

fn dotted(path: &[String]) -> String {
    path.iter().map(|name| key(name)).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests;
