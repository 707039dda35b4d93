//! Fields of the lock, read strictly: they become directories and arguments of git, and a lock comes out of a repository that
//! others write to.

use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer};

use crate::reference::git_source;

/// A git object id: 40 hexadecimal digits in lower case. It names a directory.
pub(super) fn object<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let fits =
        |text: &str| text.len() == 40 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    checked(from, fits, "a git object id has 40 hexadecimal digits in lower case")
}

/// A place that git can fetch from.
pub(super) fn source<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    git_source(&text).map_err(D::Error::custom)?;
    Ok(text)
}

/// A reference or a commit: no option of git's, nothing odd.
pub(super) fn reference<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let odd = |c: char| c.is_whitespace() || c.is_control();
    checked(
        from,
        |text| !text.is_empty() && !text.starts_with('-') && !text.contains(odd),
        "no git reference",
    )
}

/// A directory within a tree: it never leads out of it.
pub(super) fn inside<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let part =
        |part: &str| !part.is_empty() && part != "." && part != ".." && !part.eq_ignore_ascii_case(".git");
    let fits = |text: &str| !text.chars().any(char::is_control) && text.split('/').all(part);
    checked(from, fits, "a plugin's path is relative and stays inside the tree")
}

fn checked<'de, D: Deserializer<'de>>(
    from: D,
    fits: impl Fn(&str) -> bool,
    message: &str,
) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    if fits(&text) { Ok(text) } else { Err(D::Error::custom(message)) }
}
