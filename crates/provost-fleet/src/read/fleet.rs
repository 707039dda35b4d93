//! `[fleet]`.

use super::At;
use super::draft::FleetDraft;
use super::value::Reader;
use crate::diagnostic::Diagnostic;
use crate::name::Name;
use crate::reference::{absolute, holds_password};

/// With a site's name of 40 behind it and `_` between, it still fits PostgreSQL's 63 bytes.
const LONGEST_NAME: usize = 20;

pub(super) fn read(mut reader: Reader<'_>) -> FleetDraft {
    let name = reader.required("name").and_then(|text| reader.parsed::<Name>(text));
    let name = name.filter(|name| {
        let fits = name.value.as_str().len() <= LONGEST_NAME;
        if !fits {
            let message = format!("a fleet's name has at most {LONGEST_NAME} characters");
            reader.sink.push(Diagnostic::error(name.span.clone(), message));
        }
        fits
    });
    let moodle_git = reader.text("moodle_git").and_then(|text| git(&reader, text));
    let catalogue =
        reader.text("catalogue").and_then(|text| super::location::read(reader.sink, "catalogue", text));
    let state = reader.text("state").and_then(|text| absolute(reader.sink, "state", text));
    reader.finish();
    FleetDraft { name: name.map(|name| name.value), moodle_git, catalogue, state }
}

/// A place that git can fetch from.
pub(super) fn git(reader: &Reader<'_>, text: At<String>) -> Option<String> {
    match crate::reference::git_source(&text.value) {
        Ok(()) => Some(text.value),
        Err(message) => {
            let fault = Diagnostic::error(text.span.clone(), message);
            reader.sink.push(if holds_password(&text.value) {
                reader.sink.mask(text.span);
                fault.hint("let git's credential helper or an SSH key log in")
            } else {
                fault
            });
            None
        }
    }
}
