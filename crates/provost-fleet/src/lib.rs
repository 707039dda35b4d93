//! The fleet file: parsing, checking, its model, secret references and the lock. Pure: no I/O, no clock, no environment.

mod check;
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
pub mod starter;
pub mod suggest;
pub mod url;

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
    let sink = diagnostic::Sink::new(path, text);
    let draft = read::document(text, &sink);
    check::check(&draft, &sink);
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
