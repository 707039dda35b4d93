//! The fleet file: parsing, checking, its model, secret references and the lock. Pure: no I/O, no clock, no environment.

pub mod archive;
mod check;
pub mod cron;
pub mod diagnostic;
pub mod digest;
pub mod documentation;
pub mod edit;
mod keys;
pub mod lock;
pub mod model;
pub mod name;
mod read;
pub mod reference;
pub mod secret;
pub mod selector;
pub mod setting;
pub mod sheet;
pub mod starter;
pub mod suggest;
pub mod url;

use camino::{Utf8Path, Utf8PathBuf};
use diagnostic::Diagnostics;
use digest::Digest;
use model::Fleet;

/// A fleet file that is valid.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The model.
    pub fleet: Fleet,
    /// What is odd but valid.
    pub warnings: Diagnostics,
    /// Digest of the text.
    pub digest: Digest,
}

/// Reads and checks the text of a fleet file. `path` is for messages.
///
/// # Errors
/// All faults of the file at once, each with its place.
pub fn load(path: &str, text: &str) -> Result<Loaded, Diagnostics> {
    load_on(path, text, &Ground::default())
}

/// The text of a fleet file, which must be UTF-8.
///
/// # Errors
/// With the place of the first byte that is not.
pub fn text_of(name: &str, bytes: Vec<u8>) -> Result<String, Diagnostics> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        let mark = char::REPLACEMENT_CHARACTER.len_utf8();
        let fault = diagnostic::Diagnostic::error(at..at + mark, "this is not UTF-8");
        Diagnostics::one(name, &text, fault.hint("save the file as UTF-8"))
    })
}

/// What a machine makes of paths. Without it, paths are compared as they are written.
#[derive(Default)]
pub struct Ground<'a> {
    /// Where a fleet of a name has its state when the file does not say.
    pub default_state: Option<&'a dyn Fn(&str) -> Utf8PathBuf>,
    /// Where a path really leads: symlinks followed as far as there is something.
    pub real: Option<&'a dyn Fn(&Utf8Path) -> Utf8PathBuf>,
}

/// As [`load`], for the machine that the fleet is on.
///
/// # Errors
/// As [`load`].
pub fn load_on(path: &str, text: &str, ground: &Ground<'_>) -> Result<Loaded, Diagnostics> {
    let sink = diagnostic::Sink::new(path, text);
    let draft = read::document(text, &sink);
    check::check(&draft, ground, &sink);
    let fleet = draft.build();
    if fleet.is_none() {
        sink.unexplained();
    }
    let found = sink.finish();
    match fleet {
        Some(fleet) if !found.has_errors() => {
            Ok(Loaded { fleet, warnings: found, digest: Digest::of(text.as_bytes()) })
        }
        _ => Err(found),
    }
}

#[cfg(test)]
mod tests;
