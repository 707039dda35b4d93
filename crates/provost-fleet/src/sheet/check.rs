//! What a fleet file has against the sites of a list, told at the list's lines.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::{File, Places, Sheet};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Sink, Span};
use crate::edit::{Edit, insert_unchecked, tables_of};
use crate::load;

/// Checks what a fleet file would be with the sites of a list.
///
/// # Errors
/// Faults that no line of the list is to blame for: the file's own.
pub(super) fn check(sheet: &Sheet, fleet: File<'_>, sink: &Sink) -> Result<(), Diagnostics> {
    let there = tables_of(fleet.text);
    let mut tables = Vec::new();
    for (row, places) in sheet.rows.iter().zip(&sheet.places) {
        let declared = there.get("site").and_then(|sites| sites.get(row.name.as_str()));
        let meant = Value::Table(row.keys.iter().cloned().collect::<Table>());
        match declared {
            None => tables.push(row.table()),
            Some(declared) if *declared == meant => {}
            Some(_) => {
                let message = format!("there is a site `{}` already, and it is another one", row.name);
                let fault = Diagnostic::error(places.name.clone(), message);
                sink.push(fault.hint("give it another name, or take the line out"));
            }
        }
    }
    let new: BTreeSet<String> = tables.iter().filter_map(|(path, _)| path.last().cloned()).collect();
    let edited = insert_unchecked(fleet.path, fleet.text, &Edit::InsertAll { tables })?;
    let Err(found) = load(fleet.path, &edited) else { return Ok(()) };
    let mut strangers = true;
    for fault in found.iter().filter(|fault| fault.severity == Severity::Error) {
        if let Some(here) = sheet.moved(fault, &edited, &new) {
            sink.push(here);
            strangers = false;
        }
    }
    if strangers { Err(found) } else { Ok(()) }
}

impl Sheet {
    /// A fault of the edited file, at the line of the list that it comes from; `None` where it comes from none.
    fn moved(&self, fault: &Diagnostic, edited: &str, new: &BTreeSet<String>) -> Option<Diagnostic> {
        let spans = [&fault.span].into_iter().chain(fault.others.iter().map(|(span, _)| span));
        let mut here = spans.filter_map(|span| self.cell_of(span, edited, new));
        let mut moved = Diagnostic::error(here.next()?, fault.message.clone()).label(fault.label.clone());
        if let Some(other) = here.next() {
            moved = moved.other(other, "the other one");
        }
        moved.hints.clone_from(&fault.hints);
        Some(moved)
    }

    /// The cell that a place of the edited file was made from.
    fn cell_of(&self, span: &Span, edited: &str, new: &BTreeSet<String>) -> Option<Span> {
        let line_end = edited[span.start..].find('\n').map_or(edited.len(), |end| span.start + end);
        let above = edited.get(..line_end)?;
        let header = above.rfind("\n[").map(|at| at + 1)?;
        let name =
            edited[header..].strip_prefix("[site.")?.split(']').next().filter(|name| new.contains(*name))?;
        let number = self.rows.iter().position(|row| row.name.as_str() == name)?;
        let places: &Places = &self.places[number];
        let line = above.rfind('\n').map_or(above, |at| &above[at + 1..]);
        let key = line.split('=').next().unwrap_or_default().trim();
        let cell = places.cells.iter().find(|(of, _)| *of == key);
        Some(match cell {
            Some((_, span)) => span.clone(),
            None if line.starts_with('[') => places.whole.clone(),
            None => places.name.clone(),
        })
    }
}
