//! A typed writer of PHP literals.
//!
//! What is written here is PHP source that evaluates to exactly the value it was made of, whatever the bytes: nothing in
//! a string can end it, start an interpolation or leave PHP.

use std::fmt::{self, Write as _};

#[cfg(test)]
mod tests;

/// A value that can be written as a PHP literal. `Display` gives the source; it has several lines if there are lists or
/// maps with content.
///
/// `Debug` shows the value too: keep what holds secrets from being printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhpLiteral {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer, written in decimal.
    Int(i64),
    /// A mode of files or directories, written in octal as people know it: `02770`.
    Mode(u16),
    /// A string of bytes, which need not be UTF-8.
    String(Vec<u8>),
    /// A list: `[a, b]`.
    List(Vec<PhpLiteral>),
    /// A map in this order: `['k' => v]`. PHP turns a key that is a decimal integer into an integer; of equal keys the
    /// last one counts.
    Map(Vec<(String, PhpLiteral)>),
}

impl PhpLiteral {
    /// The value as Moodle's tables of settings would have it: PHP's text of it; `None` for lists and maps, which no setting is.
    pub fn as_setting(&self) -> Option<String> {
        Some(match self {
            Self::Null | Self::Bool(false) => String::new(),
            Self::Bool(true) => "1".to_owned(),
            Self::Int(number) => number.to_string(),
            Self::Mode(mode) => mode.to_string(),
            Self::String(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Self::List(_) | Self::Map(_) => return None,
        })
    }
}

impl From<&str> for PhpLiteral {
    fn from(text: &str) -> Self {
        Self::String(text.as_bytes().to_vec())
    }
}

impl From<String> for PhpLiteral {
    fn from(text: String) -> Self {
        Self::String(text.into_bytes())
    }
}

impl From<bool> for PhpLiteral {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for PhpLiteral {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl fmt::Display for PhpLiteral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

impl PhpLiteral {
    /// Writes the literal as one that stands `depth` levels deep.
    fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            // PHP reads the digits first and the sign after, and the digits of the least integer are too many.
            Self::Int(i64::MIN) => f.write_str("PHP_INT_MIN"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Mode(mode) => write!(f, "0{mode:03o}"),
            Self::String(bytes) => write_string(f, bytes),
            Self::List(items) => write_items(f, depth, items, |f, item| item.write(f, depth + 1)),
            Self::Map(items) => write_items(f, depth, items, |f, (key, value)| {
                write_string(f, key.as_bytes())?;
                f.write_str(" => ")?;
                value.write(f, depth + 1)
            }),
        }
    }
}

/// Writes `[…]` with one item a line.
fn write_items<T>(
    f: &mut fmt::Formatter<'_>,
    depth: usize,
    items: &[T],
    mut write: impl FnMut(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    if items.is_empty() {
        return f.write_str("[]");
    }
    f.write_str("[\n")?;
    for item in items {
        write!(f, "{:indent$}", "", indent = 4 * (depth + 1))?;
        write(f, item)?;
        f.write_str(",\n")?;
    }
    write!(f, "{:indent$}]", "", indent = 4 * depth)
}

/// Writes a string: in single quotes if it is all printable, else in double quotes with the odd bytes by number.
fn write_string(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => write_single_quoted(f, text),
        _ => write_double_quoted(f, bytes),
    }
}

fn write_single_quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('\'')?;
    for c in text.chars() {
        if matches!(c, '\'' | '\\') {
            f.write_char('\\')?;
        }
        f.write_char(c)?;
    }
    f.write_char('\'')
}

fn write_double_quoted(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    f.write_char('"')?;
    for &byte in bytes {
        match byte {
            b'\n' => f.write_str("\\n")?,
            b'\r' => f.write_str("\\r")?,
            b'\t' => f.write_str("\\t")?,
            b'"' | b'\\' | b'$' => write!(f, "\\{}", char::from(byte))?,
            b' '..=b'~' => f.write_char(char::from(byte))?,
            _ => write!(f, "\\x{byte:02x}")?,
        }
    }
    f.write_char('"')
}
