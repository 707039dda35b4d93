//! Texts of a declaration: choices, patterns and paths of categories.

use super::super::At;
use super::super::value::Reader;
use crate::archive::{Sliding, SlidingError};
use crate::diagnostic::Diagnostic;
use crate::suggest::nearest;

/// One of several words.
pub(super) fn choice<T: Copy>(
    reader: &mut Reader<'_>,
    key: &'static str,
    choices: &[(&'static str, T)],
) -> Option<At<T>> {
    let text = reader.text(key)?;
    if let Some((_, value)) = choices.iter().find(|(word, _)| *word == text.value) {
        return Some(At::new(*value, text.span));
    }
    let fault = Diagnostic::error(text.span, format!("`{key}` cannot be `{}`", text.value));
    let words = choices.iter().map(|(word, _)| *word);
    reader.sink.push(if let Some(meant) = nearest(&text.value, words.clone()) {
        fault.hint(format!("did you mean `{meant}`?"))
    } else {
        let words: Vec<String> = words.map(|word| format!("`{word}`")).collect();
        fault.hint(format!("`{key}` is one of {}", words.join(", ")))
    });
    None
}

/// A text in which the year may stand, and what else is named.
pub(super) fn sliding(reader: &Reader<'_>, text: At<String>, known: &[&str]) -> Option<At<Sliding>> {
    let read = Sliding::new(text.value.clone()).and_then(|sliding| {
        let other = sliding.names().find(|name| !known.contains(name)).map(str::to_owned);
        other.map_or(Ok(sliding), |name| Err(SlidingError::Unknown(name)))
    });
    match read {
        Ok(sliding) => Some(At::new(sliding, text.span)),
        Err(error) => {
            let fault = Diagnostic::error(text.span, error.to_string());
            let words = ["year", "year-1", "year+1"].iter().chain(known).map(|word| format!("`{{{word}}}`"));
            let words: Vec<String> = words.collect();
            reader.sink.push(match error {
                SlidingError::Placeholder(_) | SlidingError::Unknown(_) => {
                    fault.hint(format!("this text may have {}", words.join(", ")))
                }
                _ => fault,
            });
            None
        }
    }
}

/// A key's text in which the year may stand, and what else is named.
pub(super) fn sliding_of(reader: &mut Reader<'_>, key: &'static str, known: &[&str]) -> Option<Sliding> {
    let text = reader.text(key)?;
    sliding(reader, text, known).map(|text| text.value)
}

/// The path of a category: it begins with `/`, and no part of it is empty. `/` alone is the top.
pub(super) fn path_of_categories(reader: &Reader<'_>, text: At<String>, known: &[&str]) -> Option<Sliding> {
    let sliding = sliding(reader, text, known)?;
    let written = sliding.value.as_str();
    let inner = written.strip_prefix('/').map(|rest| rest.trim_end_matches('/'));
    let whole = inner.is_some_and(|inner| {
        inner.is_empty() || !inner.replace("\\/", "-").split('/').any(|part| part.trim().is_empty())
    });
    let mut segments = sliding.value.segments().into_iter();
    let several = |name: &str| matches!(name, "path" | "below");
    if let Some(mixed) = segments.find(|part| part.only_name().is_none() && part.names().any(several)) {
        let message = format!("in `{mixed}`, several categories would be part of one name");
        let fault = Diagnostic::error(sliding.span, message);
        reader.sink.push(fault.hint("write `{path}` or `{below}` between slashes, or `{category}`"));
        return None;
    }
    if whole {
        return Some(sliding.value);
    }
    let fault = Diagnostic::error(sliding.span, format!("`{written}` is not the path of a category"));
    reader.sink.push(fault.hint("write it like \"/Sessions/{year-1}\", from the top category on"));
    None
}
