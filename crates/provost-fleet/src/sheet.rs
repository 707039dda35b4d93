//! Lists of sites to create, as CSV: with columns of our own, or VMoodle's node list.
//!
//! Every fault of a list comes at once, each at its line, those included that the fleet file has against a line. Columns that sound
//! as if they held passwords are never shown.

pub(crate) mod cells;
mod check;
mod columns;

use toml::Value;

use crate::diagnostic::{Diagnostics, Sink, Span};
use crate::load;
use crate::name::Name;

/// A list that is well formed.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// Its sites, in their order.
    pub rows: Vec<Row>,
    /// What of it means nothing here, in words.
    pub notes: Vec<String>,
    places: Vec<Places>,
}

/// A site of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its line in the list, from 1; `None` where it comes from no list.
    pub line: Option<usize>,
    /// Its name.
    pub name: Name,
    /// Its keys, as in the fleet file.
    pub keys: Vec<(String, Value)>,
}

impl Row {
    fn complete(&mut self, usual: &[(String, Value)]) {
        let says = |row: &Self, key: &str| row.keys.iter().any(|(given, _)| given == key);
        let of_a_template = says(self, "template");
        for (key, value) in usual {
            let from_template = of_a_template && ["codebase", "database"].contains(&key.as_str());
            if !says(self, key) && !from_template {
                self.keys.push((key.clone(), value.clone()));
            }
        }
    }

    /// The table of the fleet file that it is.
    pub fn table(&self) -> (Vec<String>, Vec<(String, Value)>) {
        (vec!["site".to_owned(), self.name.to_string()], self.keys.clone())
    }
}

/// Where a row stands in the list.
#[derive(Debug, Clone, PartialEq)]
struct Places {
    whole: Span,
    name: Span,
    /// Its cells, by the key of the fleet file that they give.
    cells: Vec<(&'static str, Span)>,
}

/// A file: what messages call it, and what is in it.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// Its path, for messages.
    pub path: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// Reads a list of sites that are to come into a fleet file. What a line says nothing of has the value among `usual`, if there is one; a
/// line that names a template has its codebase and its server from there.
///
/// # Errors
/// All faults at once, of the list itself and of what the fleet file would be with it; or those of a fleet file that is not valid.
pub fn read(list: File<'_>, usual: &[(String, Value)], fleet: File<'_>) -> Result<Sheet, Diagnostics> {
    load(fleet.path, fleet.text)?;
    let sink = Sink::new(list.path, list.text);
    let mut sheet = Sheet { rows: Vec::new(), notes: Vec::new(), places: Vec::new() };
    columns::read(&mut sheet, list.text, &sink);
    for row in &mut sheet.rows {
        row.complete(usual);
    }
    check::check(&sheet, fleet, &sink)?;
    let found = sink.finish();
    if found.has_errors() { Err(found) } else { Ok(sheet) }
}

#[cfg(test)]
mod tests;
