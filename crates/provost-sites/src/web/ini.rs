//! A writer of ini files, for php-fpm and PHP, which both read them with PHP's own scanner.
//!
//! That scanner gives a meaning to many bare words (`on`, `none`, constants), to operators, and to `${NAME}` inside
//! double quotes; php-fpm also replaces `$pool` by the pool's name. So a text that is not plain goes into quotes, and
//! switches and numbers are types of their own.

use std::fmt::{self, Write as _};

/// A value of an ini setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Exactly this text.
    Text(String),
    /// A number.
    Number(u64),
    /// A number of MiB, written `256M`.
    Mebibytes(u32),
    /// A number of seconds, written `10s`, as php-fpm (and not PHP) reads it.
    Seconds(u32),
    /// A file mode, written `0660`.
    Mode(u16),
    /// `yes` or `no`.
    Switch(bool),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&camino::Utf8Path> for Value {
    fn from(path: &camino::Utf8Path) -> Self {
        Self::Text(path.as_str().to_owned())
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<bool> for Value {
    fn from(on: bool) -> Self {
        Self::Switch(on)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(&quote(text)),
            Self::Number(number) => write!(f, "{number}"),
            Self::Mebibytes(number) => write!(f, "{number}M"),
            Self::Seconds(number) => write!(f, "{number}s"),
            Self::Mode(mode) => write!(f, "{mode:04o}"),
            Self::Switch(on) => f.write_str(if *on { "yes" } else { "no" }),
        }
    }
}

/// Quotes a text unless it is a plain path or number. NUL is left out: no path has one.
fn quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | ':');
    // A word of letters only could be one that the scanner knows (`on`, `null`, E_ALL); a path or a number is none.
    let is_path = text.starts_with(['/', '.']) && text.chars().all(plain);
    let is_number = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    if is_path || is_number {
        return text.to_owned();
    }
    // Single quotes are raw for the scanner: no escapes, no variables.
    if !text.contains(['\'', '\0']) {
        return format!("'{text}'");
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' | '$' => quoted.extend(['\\', c]),
            '\0' => {}
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// An ini file that is being written.
#[derive(Debug, Default)]
pub struct Ini {
    out: String,
}

impl Ini {
    /// An empty file.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes a comment; each line of it becomes one line.
    pub fn comment(&mut self, comment: &str) {
        for line in comment.lines() {
            self.line(&format!("; {}", line.trim_end()));
        }
    }

    /// Writes an empty line.
    pub fn gap(&mut self) {
        self.out.push('\n');
    }

    /// Starts a section. Characters that cannot stand in a section's name become `_`.
    pub fn section(&mut self, name: &str) {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let name: String = name.chars().map(|c| if fits(c) { c } else { '_' }).collect();
        self.line(&format!("[{name}]"));
    }

    /// Writes a setting. `key` is one of ours, never a value.
    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        let value = value.into();
        self.line(&format!("{key} = {value}"));
    }

    /// Returns the text.
    pub fn finish(self) -> String {
        self.out
    }

    fn line(&mut self, line: &str) {
        // Writing to a String cannot fail.
        let _written = writeln!(self.out, "{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::{Ini, Value};

    #[test]
    fn values_are_quoted_when_they_must_be() {
        let mut file = Ini::new();
        file.comment("first\nsecond");
        file.section("a]b");
        for text in ["/run/x.sock", "on", "", "a b", "it's \"$HOME\" \\", "/srv/${x}", "256"] {
            file.set("key", text);
        }
        file.set("limit", Value::Mebibytes(256));
        file.set("wait", Value::Seconds(10));
        file.set("mode", Value::Mode(0o660));
        file.set("many", 3);
        file.set("yes", true);
        insta::assert_snapshot!(file.finish(), @r#"
        ; first
        ; second
        [a_b]
        key = /run/x.sock
        key = 'on'
        key = ''
        key = 'a b'
        key = "it's \"\$HOME\" \\"
        key = '/srv/${x}'
        key = 256
        limit = 256M
        wait = 10s
        mode = 0660
        many = 3
        yes = yes
        "#);
    }
}
