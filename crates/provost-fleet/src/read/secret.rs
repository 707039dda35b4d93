//! References to secrets. What stands where a reference belongs may be the secret itself, so it is never shown.

use toml::de::{DeTable, DeValue};

use super::At;
use super::value::Reader;
use crate::diagnostic::{Diagnostic, Sink, Span};
use crate::keys::SECRET;
use crate::secret::SecretRef;

const HOW: &str =
    "write { env = \"VARIABLE\" }, { file = \"path\" } or { command = [\"program\", \"argument\"] }";

/// Reads the reference that a key of a table holds.
pub(super) fn read(above: &mut Reader<'_>, key: &'static str) -> Option<At<SecretRef>> {
    let (value, span) = above.get(key)?;
    let DeValue::Table(table) = value else {
        above.sink.mask(span.clone());
        let fault =
            Diagnostic::error(span, format!("`{key}` is a reference to a secret, never the secret itself"));
        above.sink.push(fault.hint(HOW));
        return None;
    };
    of(table, span, above.sink)
}

/// Reads the reference that a table is.
pub(super) fn of(table: &DeTable<'_>, span: Span, sink: &Sink) -> Option<At<SecretRef>> {
    let mut reader = Reader::new(&SECRET, table, span.clone(), sink);
    let env = reader.text("env").and_then(|text| variable(&reader, text));
    let file = reader.text("file").and_then(|text| file(&reader, text));
    let command = command(&mut reader);
    reader.finish();
    if table.len() != 1 {
        let fault = Diagnostic::error(span, "a secret has exactly one of `env`, `file` and `command`");
        sink.push(fault.hint(HOW));
        return None;
    }
    env.or(file).or(command).map(|secret| At::new(secret, span))
}

fn variable(reader: &Reader<'_>, text: At<String>) -> Option<SecretRef> {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    let word = |c: char| letter(c) || c.is_ascii_digit();
    if text.value.starts_with(letter) && text.value.chars().all(word) {
        return Some(SecretRef::Env(text.value));
    }
    // What is no variable's name is perhaps a password.
    reader.sink.mask(text.span.clone());
    let fault = Diagnostic::error(text.span, "`env` is the name of an environment variable");
    reader.sink.push(fault.hint("a name has letters, digits and `_`, and does not start with a digit"));
    None
}

fn file(reader: &Reader<'_>, text: At<String>) -> Option<SecretRef> {
    if !text.value.is_empty() && !text.value.chars().any(char::is_control) {
        return Some(SecretRef::File(text.value.into()));
    }
    reader.sink.push(Diagnostic::error(text.span, "`file` is the path of a file"));
    None
}

fn command(reader: &mut Reader<'_>) -> Option<SecretRef> {
    let (value, span) = reader.get("command")?;
    let DeValue::Array(array) = value else {
        reader.sink.mask(span.clone());
        let fault = Diagnostic::error(span, "`command` is a list: the program, then its arguments");
        reader.sink.push(fault.hint("write { command = [\"program\", \"argument\"] }"));
        return None;
    };
    let wanted = array.len();
    let words: Vec<String> = reader.texts("command").into_iter().map(|word| word.value).collect();
    if words.len() < wanted {
        return None;
    }
    if words.first().is_none_or(String::is_empty) || words.iter().any(|word| word.contains('\0')) {
        reader.sink.push(Diagnostic::error(span, "`command` begins with the name of a program"));
        return None;
    }
    Some(SecretRef::Command(words))
}
