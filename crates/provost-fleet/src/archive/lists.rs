//! Lists beside the fleet file: courses of a selection, and who is who. CSV with names of columns in its first line, `,` or `;`
//! between cells; empty lines and lines that begin with `#` are left out.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Diagnostics, Sink};
use crate::sheet::cells::{Cell, Record, records};
use crate::suggest::nearest;

/// Courses that somebody wrote down.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CourseList {
    /// They, each with its line, from 1, in their order.
    pub courses: Vec<(usize, CourseName)>,
}

/// How a course of a list is named.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CourseName {
    /// Column `id`.
    Id(i64),
    /// Column `shortname`.
    Shortname(String),
    /// Column `idnumber`.
    Idnumber(String),
}

/// Who is who: user names of the source, with those of the target.
pub type UserTable = BTreeMap<String, String>;

/// Columns that name a course, the surest first.
const OF_COURSES: [&str; 3] = ["id", "shortname", "idnumber"];

/// Reads a list of courses: of its columns `id`, `shortname` and `idnumber` the first one that it has. Others are for people.
///
/// # Errors
/// All faults at once, each at its line. `name` is what messages call the list.
pub fn course_list(name: &str, text: &str) -> Result<CourseList, Diagnostics> {
    let sink = Sink::new(name, text);
    let mut list = CourseList::default();
    let mut first: BTreeMap<CourseName, Cell> = BTreeMap::new();
    let records = records(text, &sink);
    if let Some((head, rows)) = records.split_first()
        && let Some((key, column)) = column_of(head, &OF_COURSES, "a course", &sink)
    {
        for row in rows {
            let Some(cell) = cell_of(row, column, key, &sink) else { continue };
            let Some(course) = named(key, cell, &sink) else { continue };
            if let Some(before) = first.get(&course) {
                let fault =
                    Diagnostic::error(cell.span.clone(), format!("`{}` stands here twice", cell.text));
                sink.push(fault.other(before.span.clone(), "first here"));
                continue;
            }
            first.insert(course.clone(), cell.clone());
            list.courses.push((row.line, course));
        }
    }
    if records.len() < 2 {
        let fault = Diagnostic::error(0..0, "the list has no courses");
        sink.push(fault.hint("its first line names its column, `shortname`; each other line is a course"));
    }
    finished(sink, list)
}

/// Reads a table of who is who: columns `source` and `target`, both user names.
///
/// # Errors
/// All faults at once, each at its line. `name` is what messages call the table.
pub fn user_table(name: &str, text: &str) -> Result<UserTable, Diagnostics> {
    let sink = Sink::new(name, text);
    let mut table = UserTable::new();
    let mut targets: BTreeMap<String, Cell> = BTreeMap::new();
    let records = records(text, &sink);
    if let Some((head, rows)) = records.split_first()
        && let Some((_, source)) = column_of(head, &["source"], "who somebody is at the source", &sink)
        && let Some((_, target)) = column_of(head, &["target"], "who somebody is at the target", &sink)
    {
        for row in rows {
            let from = cell_of(row, source, "source", &sink);
            let (Some(from), Some(to)) = (from, cell_of(row, target, "target", &sink)) else { continue };
            if table.contains_key(&from.text) {
                let message = format!("`{}` stands here twice", from.text);
                sink.push(Diagnostic::error(from.span.clone(), message));
            } else if let Some(before) = targets.get(&to.text) {
                let message = format!("two people would become `{}`", to.text);
                sink.push(
                    Diagnostic::error(to.span.clone(), message).other(before.span.clone(), "one of them"),
                );
            } else {
                targets.insert(to.text.clone(), to.clone());
                table.insert(from.text.clone(), to.text.clone());
            }
        }
    }
    finished(sink, table)
}

fn finished<T>(sink: Sink, value: T) -> Result<T, Diagnostics> {
    let found = sink.finish();
    if found.has_errors() { Err(found) } else { Ok(value) }
}

/// The first of some columns that a list has.
fn column_of<'c>(head: &Record, known: &[&'c str], what: &str, sink: &Sink) -> Option<(&'c str, usize)> {
    let names: Vec<String> = head.cells.iter().map(|cell| cell.text.to_ascii_lowercase()).collect();
    let found = known.iter().find_map(|key| Some((*key, names.iter().position(|name| name == key)?)));
    if found.is_none() {
        let fault = Diagnostic::error(head.span.clone(), format!("no column says {what}"));
        let near = names.iter().find_map(|name| nearest(name, known.iter().copied()));
        let listed: Vec<String> = known.iter().map(|key| format!("`{key}`")).collect();
        sink.push(match near {
            Some(meant) => fault.hint(format!("did you mean `{meant}`?")),
            None => fault.hint(format!("the first line names the columns: {}", listed.join(" or "))),
        });
    }
    found
}

fn cell_of<'r>(row: &'r Record, column: usize, key: &str, sink: &Sink) -> Option<&'r Cell> {
    let cell = row.cells.get(column).filter(|cell| !cell.text.is_empty());
    if cell.is_none() {
        sink.push(Diagnostic::error(row.span.clone(), format!("this line has no `{key}`")));
    }
    cell
}

fn named(key: &str, cell: &Cell, sink: &Sink) -> Option<CourseName> {
    match key {
        "shortname" => Some(CourseName::Shortname(cell.text.clone())),
        "idnumber" => Some(CourseName::Idnumber(cell.text.clone())),
        _ => {
            let id = cell.text.parse::<i64>().ok().filter(|id| *id > 0);
            if id.is_none() {
                let message = format!("`{}` is not the id of a course", cell.text);
                sink.push(Diagnostic::error(cell.span.clone(), message));
            }
            id.map(CourseName::Id)
        }
    }
}
