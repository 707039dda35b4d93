//! Sessions that are not in the fleet file: declared by options, and checked as one of the file is.

use toml::Value;

use super::Archive;
use crate::check::archives;
use crate::diagnostic::{Diagnostics, Sink};
use crate::model::Fleet;
use crate::read;

/// A session that was declared by options.
#[derive(Debug, Clone)]
pub struct AdHoc {
    /// The declaration.
    pub archive: Archive,
    /// What is odd about it, but valid.
    pub warnings: Diagnostics,
}

/// Declares a session by keys and values of `[archive.NAME]`. In messages each key has a line of its own, in a file that is called
/// `name`, such as `the options`.
///
/// # Errors
/// As [`crate::load`] has them for a session of the file.
pub fn ad_hoc(fleet: &Fleet, name: &str, keys: &[(String, Value)]) -> Result<AdHoc, Diagnostics> {
    let text: String = keys.iter().map(|(key, value)| format!("{} = {value}\n", quoted(key))).collect();
    let sink = Sink::new(name, &text);
    let draft = read::archive_alone(&text, &sink);
    archives::one(&draft, &archives::of_model(fleet), &sink);
    if draft.archive.is_none() {
        sink.unexplained();
    }
    let found = sink.finish();
    match draft.archive {
        Some(archive) if !found.has_errors() => Ok(AdHoc { archive, warnings: found }),
        _ => Err(found),
    }
}

/// A key as TOML writes it: what came from outside may hold anything.
fn quoted(key: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !key.is_empty() && key.bytes().all(bare) { key.to_owned() } else { Value::from(key).to_string() }
}
