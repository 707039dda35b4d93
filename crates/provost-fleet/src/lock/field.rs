//! Fields of the lock, read strictly: they become directories and arguments of git, and a lock comes out of a repository that
//! others write to.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::parts::LockedSubmodule;
use crate::reference::git_source;

/// A git object id: 40 hexadecimal digits in lower case. It names a directory.
pub(super) fn object<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    checked(from, |text| is_hex(text, 40), "a git object id has 40 hexadecimal digits in lower case")
}

/// The same, where the field is there.
pub(super) fn optional_object<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    object(from).map(Some)
}

/// A SHA-256, where the field is there.
pub(super) fn optional_sha256<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    checked(from, |text| is_hex(text, 64), "a SHA-256 has 64 hexadecimal digits in lower case").map(Some)
}

/// Whether a text is so many hexadecimal digits in lower case.
pub(super) fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A place that git can fetch from.
pub(super) fn source<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    git_source(&text).map_err(D::Error::custom)?;
    Ok(text)
}

/// The same, where the field is there.
pub(super) fn optional_source<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    source(from).map(Some)
}

/// A reference, where the field is there.
pub(super) fn optional_reference<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    reference(from).map(Some)
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
    checked(from, is_inside, OUTSIDE)
}

const OUTSIDE: &str = "a plugin's path is relative and stays inside the tree";

fn is_inside(text: &str) -> bool {
    let part =
        |part: &str| !part.is_empty() && part != "." && part != ".." && !part.eq_ignore_ascii_case(".git");
    !text.chars().any(char::is_control) && text.split('/').all(part)
}

/// Directories within a tree.
pub(super) fn insides<'de, D: Deserializer<'de>, K: Deserialize<'de> + Ord>(
    from: D,
) -> Result<BTreeMap<K, String>, D::Error> {
    let read = BTreeMap::<K, String>::deserialize(from)?;
    if read.values().all(|path| is_inside(path)) { Ok(read) } else { Err(D::Error::custom(OUTSIDE)) }
}

/// Submodules by their directory.
pub(super) fn submodules<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<BTreeMap<String, LockedSubmodule>, D::Error> {
    let read = BTreeMap::<String, LockedSubmodule>::deserialize(from)?;
    if read.keys().all(|path| is_inside(path)) { Ok(read) } else { Err(D::Error::custom(OUTSIDE)) }
}

fn checked<'de, D: Deserializer<'de>>(
    from: D,
    fits: impl Fn(&str) -> bool,
    message: &str,
) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    if fits(&text) { Ok(text) } else { Err(D::Error::custom(message)) }
}
