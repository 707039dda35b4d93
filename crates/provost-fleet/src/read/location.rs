//! Places of files: paths beside the fleet file, and URLs.

use camino::Utf8PathBuf;

use super::At;
use crate::diagnostic::{Diagnostic, Sink};
use crate::reference::holds_password;

/// A URL of http or https without a password or token, or a path.
pub(super) fn read(sink: &Sink, key: &str, text: At<String>) -> Option<String> {
    let Some((scheme, _)) = text.value.split_once("://") else {
        return path(sink, key, text).map(Utf8PathBuf::into_string);
    };
    if !matches!(scheme, "http" | "https") {
        sink.push(Diagnostic::error(text.span, format!("`{key}` is a path, or a URL of http or https")));
        return None;
    }
    if holds_password(&text.value) {
        sink.mask(text.span.clone());
        let fault = Diagnostic::error(
            text.span,
            format!("`{key}` holds a password or token, which would be shown and kept"),
        );
        sink.push(fault.hint("download the file yourself and name its path"));
        return None;
    }
    if text.value.chars().any(|c| c.is_control() || c.is_whitespace()) {
        sink.push(Diagnostic::error(text.span, format!("`{key}` has blanks in it; write them as %20")));
        return None;
    }
    Some(text.value)
}

/// A path, absolute or relative to the fleet file.
pub(super) fn path(sink: &Sink, key: &str, text: At<String>) -> Option<Utf8PathBuf> {
    let empty = text.value.trim_matches(['.', '/']).is_empty();
    if empty || text.value.starts_with('-') || text.value.chars().any(char::is_control) {
        sink.push(Diagnostic::error(text.span, format!("`{key}` is the path of a file or directory")));
        return None;
    }
    Some(text.value.into())
}
