//! Names of entries.

use super::{LONGEST_PATH, MbzError};

/// A path of an entry, if it can be trusted to lie in the backup: relative, with `/` between directories, no part of it empty or made of
/// dots, no control character, no backslash, in UTF-8. The slash at the end of a directory's name is taken away.
///
/// # Errors
/// When it cannot.
pub fn checked_path(name: &[u8]) -> Result<&str, MbzError> {
    let refused = |what| {
        let shown: String = String::from_utf8_lossy(name).chars().take(200).collect();
        Err(MbzError::Name { name: shown, what })
    };
    if name.len() > LONGEST_PATH {
        return refused("too long");
    }
    let Ok(text) = std::str::from_utf8(name) else { return refused("not in UTF-8") };
    let path = text.strip_suffix('/').unwrap_or(text);
    if path.is_empty() {
        return refused("empty");
    }
    if path.starts_with('/') {
        return refused("absolute");
    }
    if path.contains('\\') || path.chars().any(char::is_control) {
        return refused("not a name that Moodle gives");
    }
    if path.split('/').any(|part| part.is_empty() || part.bytes().all(|byte| byte == b'.')) {
        return refused("not a plain path");
    }
    Ok(path)
}
