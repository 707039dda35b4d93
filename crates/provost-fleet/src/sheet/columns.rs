//! What the columns of a list mean.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use super::cells::{Cell, Record, records};
use super::{Places, Row, Sheet};
use crate::diagnostic::{Diagnostic, Sink, sounds_secret};
use crate::name::Name;
use crate::suggest::nearest;

/// What a cell gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gives {
    /// The site's name.
    Name,
    /// The site's name, made from a short name for people, which it gives too.
    ShortName,
    Text(&'static str),
    /// A list, with blanks or commas between.
    Texts(&'static str),
    Integer(&'static str),
    Boolean(&'static str),
    /// A key of the administrator's table.
    Admin(&'static str),
    /// Nothing here.
    Nothing,
}

/// Our own columns: keys of a site in the fleet file.
const OWN: [(&str, Gives); 20] = [
    ("name", Gives::Name),
    ("url", Gives::Text("url")),
    ("codebase", Gives::Text("codebase")),
    ("template", Gives::Text("template")),
    ("database", Gives::Text("database")),
    ("database_name", Gives::Text("database_name")),
    ("prefix", Gives::Text("prefix")),
    ("dataroot", Gives::Text("dataroot")),
    ("full_name", Gives::Text("full_name")),
    ("short_name", Gives::Text("short_name")),
    ("language", Gives::Text("language")),
    ("memory_limit", Gives::Text("memory_limit")),
    ("upload_limit", Gives::Text("upload_limit")),
    ("tags", Gives::Texts("tags")),
    ("aliases", Gives::Texts("aliases")),
    ("workers", Gives::Integer("workers")),
    ("enabled", Gives::Boolean("enabled")),
    ("admin_user", Gives::Admin("user")),
    ("admin_email", Gives::Admin("email")),
    ("comment", Gives::Nothing),
];

/// VMoodle's node list. What it says of databases, directories and networks is Provost's own business, or nobody's.
const VMOODLE: [(&str, Gives); 17] = [
    ("vhostname", Gives::Text("url")),
    ("shortname", Gives::ShortName),
    ("name", Gives::Text("full_name")),
    ("vtemplate", Gives::Text("template")),
    ("vdbprefix", Gives::Text("prefix")),
    ("description", Gives::Nothing),
    ("vdbtype", Gives::Nothing),
    ("vdbhost", Gives::Nothing),
    ("vdblogin", Gives::Nothing),
    ("vdbpass", Gives::Nothing),
    ("vdbname", Gives::Nothing),
    ("vdbpersist", Gives::Nothing),
    ("vdatapath", Gives::Nothing),
    ("mnet", Gives::Nothing),
    ("services", Gives::Nothing),
    ("forcedns", Gives::Nothing),
    ("metadata", Gives::Nothing),
];

/// Our own columns that VMoodle's list may have besides: what of a site it has no word for.
const BESIDE_VMOODLE: [&str; 13] = [
    "codebase",
    "database",
    "database_name",
    "dataroot",
    "language",
    "memory_limit",
    "upload_limit",
    "tags",
    "aliases",
    "workers",
    "enabled",
    "admin_user",
    "admin_email",
];

/// By which a list is VMoodle's.
const VMOODLE_MARK: &str = "vhostname";

/// Reads all of a list.
pub(super) fn read(sheet: &mut Sheet, text: &str, sink: &Sink) {
    let mut records = records(text, sink).into_iter();
    let Some(head) = records.next() else {
        let fault = Diagnostic::error(0..0, "this list is empty");
        sink.unless_found(fault.hint("its first line names the columns: `name,url,tags`"));
        return;
    };
    let columns = columns(sheet, &head, sink);
    let mut lines: BTreeMap<Name, usize> = BTreeMap::new();
    let mut left_out: BTreeSet<String> = BTreeSet::new();
    for record in records {
        for (cell, column) in record.cells.iter().zip(&head.cells) {
            if sounds_secret(&column.text) && !cell.text.is_empty() {
                sink.mask(cell.span.clone());
            }
        }
        if record.cells.len() > columns.len() {
            let fault =
                Diagnostic::error(record.span.clone(), "this line has more cells than there are columns");
            sink.push(fault.hint("quote cells that hold a separator"));
            continue;
        }
        for ((cell, gives), column) in record.cells.iter().zip(&columns).zip(&head.cells) {
            if *gives == Gives::Nothing && !cell.text.is_empty() && column.text != "comment" {
                left_out.insert(column.text.clone());
            }
        }
        let Some((row, places)) = row(&record, &columns, sink) else { continue };
        if let Some(before) = lines.insert(row.name.clone(), record.line) {
            let message = format!("there is a site `{}` in line {before} already", row.name);
            sink.push(Diagnostic::error(places.name, message).hint("give it another name, or take one out"));
            continue;
        }
        sheet.rows.push(row);
        sheet.places.push(places);
    }
    if sheet.rows.is_empty() && lines.is_empty() {
        sink.unless_found(Diagnostic::error(head.span, "this list has no sites").hint("one on each line"));
    }
    if !left_out.is_empty() {
        let columns = left_out.into_iter().collect::<Vec<_>>().join(", ");
        sheet.notes.push(format!("left out, for Provost has its own ways with it: {columns}"));
    }
}

fn columns(sheet: &mut Sheet, head: &Record, sink: &Sink) -> Vec<Gives> {
    let vmoodle = head.cells.iter().any(|cell| cell.text.eq_ignore_ascii_case(VMOODLE_MARK));
    let known: Vec<(&str, Gives)> = if vmoodle {
        let own = OWN.into_iter().filter(|(word, _)| BESIDE_VMOODLE.contains(word));
        VMOODLE.into_iter().chain(own).collect()
    } else {
        OWN.to_vec()
    };
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut columns = Vec::new();
    for cell in &head.cells {
        let found = known.iter().find(|(word, _)| cell.text.eq_ignore_ascii_case(word));
        columns.push(found.map_or(Gives::Nothing, |(_, gives)| *gives));
        match found {
            Some((word, _)) if !seen.insert(word) => {
                sink.push(Diagnostic::error(
                    cell.span.clone(),
                    format!("the column `{word}` is there twice"),
                ));
            }
            // VMoodle's lists carry settings in columns of any name.
            None if !vmoodle => {
                let fault =
                    Diagnostic::error(cell.span.clone(), format!("there is no column `{}`", cell.text));
                sink.push(match nearest(&cell.text, OWN.iter().map(|(word, _)| *word)) {
                    Some(meant) => fault.hint(format!("did you mean `{meant}`?")),
                    None if sounds_secret(&cell.text) => {
                        fault.hint("passwords are made by Provost, and kept in its state directory")
                    }
                    None => fault.hint(format!("there is {}", OWN.map(|(word, _)| word).join(", "))),
                });
            }
            _ => {}
        }
    }
    let needed: &[&str] = if vmoodle { &[VMOODLE_MARK, "shortname"] } else { &["name", "url"] };
    for needed in needed.iter().filter(|needed| !seen.contains(**needed)) {
        let fault = Diagnostic::error(head.span.clone(), format!("the column `{needed}` is missing"));
        sink.push(fault.hint("the first line names the columns"));
    }
    if vmoodle {
        sheet.notes.push("read as VMoodle's list of nodes".to_owned());
    }
    columns
}

fn row(record: &Record, columns: &[Gives], sink: &Sink) -> Option<(Row, Places)> {
    let mut name = None;
    let mut keys: Vec<(String, Value)> = Vec::new();
    let mut admin = Table::new();
    let mut places = Places { whole: record.span.clone(), name: record.span.clone(), cells: Vec::new() };
    for (cell, gives) in record.cells.iter().zip(columns).filter(|(cell, _)| !cell.text.is_empty()) {
        let mut give = |key: &'static str, value: Value| {
            keys.push((key.to_owned(), value));
            places.cells.push((key, cell.span.clone()));
        };
        match *gives {
            Gives::Name => {
                places.name = cell.span.clone();
                name = named(cell, &cell.text, sink);
            }
            Gives::ShortName => {
                give("short_name", cell.text.clone().into());
                places.name = cell.span.clone();
                name = named(cell, &slug(&cell.text), sink);
            }
            // In VMoodle, 0 is no template.
            Gives::Text("template") if cell.text == "0" => {}
            Gives::Text(key) => give(key, cell.text.clone().into()),
            Gives::Texts(key) => {
                let each = cell.text.split([' ', ',', '|']).filter(|text| !text.is_empty());
                give(key, each.map(Value::from).collect::<Vec<_>>().into());
            }
            Gives::Integer(key) => match cell.text.parse::<u32>() {
                Ok(number) => give(key, i64::from(number).into()),
                Err(_) => wrong(cell, &format!("`{key}` is a whole number"), sink),
            },
            Gives::Boolean(key) => match cell.text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => give(key, true.into()),
                "false" | "no" | "0" => give(key, false.into()),
                _ => wrong(cell, &format!("`{key}` is `true` or `false`"), sink),
            },
            Gives::Admin(key) => {
                places.cells.push(("admin", cell.span.clone()));
                admin.insert(key.to_owned(), cell.text.clone().into());
            }
            Gives::Nothing => {}
        }
    }
    if !admin.is_empty() {
        keys.push(("admin".to_owned(), admin.into()));
    }
    if name.is_none() && places.name == record.span {
        sink.push(Diagnostic::error(record.span.clone(), "this site has no name"));
    }
    Some((Row { line: Some(record.line), name: name?, keys }, places))
}

fn named(cell: &Cell, text: &str, sink: &Sink) -> Option<Name> {
    match text.parse() {
        Ok(name) => Some(name),
        Err(error) => {
            let fault = Diagnostic::error(cell.span.clone(), format!("`{}` is no name: {error}", cell.text));
            let meant = slug(&cell.text);
            let meant = meant.parse::<Name>().ok();
            sink.push(match &meant {
                Some(meant) => fault.hint(format!("write `{meant}`")),
                None => fault,
            });
            // What else is wrong with the line is told as well.
            meant
        }
    }
}

/// The name that is nearest to a short name for people.
fn slug(text: &str) -> String {
    let lower = text.to_lowercase();
    let letters = lower.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' });
    let text: String = letters.collect();
    text.trim_matches('-').to_owned()
}

fn wrong(cell: &Cell, message: &str, sink: &Sink) {
    sink.push(Diagnostic::error(cell.span.clone(), message));
}
