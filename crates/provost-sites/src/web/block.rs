//! A writer of nginx's configuration syntax.
//!
//! What nginx reads as a variable depends on the directive, and it has no escape for `$`. So a word says what it is:
//! [`text`] means exactly its characters, [`variables`] is an expression of ours in which `$name` stands for something,
//! and [`mixed`] is text with variables behind it.

use std::fmt::Write as _;

/// The name of the variable that holds one dollar sign. [`crate::web::nginx::main_file`] defines it; it is how text
/// with a `$` in it is written for a directive that knows variables.
pub const DOLLAR: &str = "provost_dollar";

/// One word of a directive, as it will stand in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word(String);

/// A word that means exactly `value`, for directives that know variables (`root`, `alias`, `fastcgi_param`, `return`, …).
pub fn text(value: impl AsRef<str>) -> Word {
    Word(quote(&value.as_ref().replace('$', &format!("${{{DOLLAR}}}"))))
}

/// A word that means exactly `value`, for directives that know no variables (`pid`, `include`, `user`, regular
/// expressions): there a `$` is a `$`.
pub fn literal(value: impl AsRef<str>) -> Word {
    Word(quote(value.as_ref()))
}

/// A regular expression of ours, as the key of a `map`, matched as it stands.
pub fn pattern(expression: &str) -> Word {
    Word(quote(&format!("~{expression}")))
}

/// An expression of ours in which `$name` is a variable.
pub fn variables(expression: &str) -> Word {
    Word(quote(expression))
}

/// A text, and behind it an expression with variables.
pub fn mixed(value: impl AsRef<str>, expression: &str) -> Word {
    let value = value.as_ref().replace('$', &format!("${{{DOLLAR}}}"));
    Word(quote(&format!("{value}{expression}")))
}

/// Quotes a word unless it is plain. NUL cannot stand in nginx's files, nor in any path, and is left out.
fn quote(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:$=@[]*~^+?".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        return value.to_owned();
    }
    let mut quoted = String::with_capacity(value.len() + 2);
    quoted.push('"');
    for c in value.chars() {
        match c {
            // `\n`, `\r` and `\t` would become line ends, so the backslash of a regular expression is doubled too.
            '"' | '\\' => quoted.extend(['\\', c]),
            '\0' => {}
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A file, or the inside of a block, that is being written.
#[derive(Debug, Default)]
pub struct Block {
    out: String,
    depth: usize,
}

impl Block {
    /// An empty file.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes a comment; each line of it becomes one line.
    pub fn comment(&mut self, comment: &str) {
        for line in comment.lines() {
            self.line(&format!("# {}", line.trim_end()));
        }
    }

    /// Writes an empty line.
    pub fn gap(&mut self) {
        self.out.push('\n');
    }

    /// Writes a directive with its words. `name` is one of ours, never a value.
    pub fn set(&mut self, name: &str, words: &[Word]) {
        let line = with_words(name, words);
        self.line(&format!("{line};"));
    }

    /// Writes an entry of a `map`.
    pub fn entry(&mut self, key: Word, value: Word) {
        let (Word(key), Word(value)) = (key, value);
        self.line(&format!("{key} {value};"));
    }

    /// Writes a block and what `inside` writes into it.
    pub fn block(&mut self, name: &str, words: &[Word], inside: impl FnOnce(&mut Self)) {
        let head = with_words(name, words);
        self.line(&format!("{head} {{"));
        self.depth += 1;
        inside(self);
        self.depth -= 1;
        self.line("}");
    }

    /// Writes an `if` with a condition of ours, and what `inside` writes into it. Only `return` is safe in there.
    pub fn condition(&mut self, condition: &str, inside: impl FnOnce(&mut Self)) {
        self.block("if", &[Word(format!("({condition})"))], inside);
    }

    /// Returns the text.
    pub fn finish(self) -> String {
        self.out
    }

    fn line(&mut self, line: &str) {
        // Writing to a String cannot fail.
        let _written = writeln!(self.out, "{:indent$}{line}", "", indent = self.depth * 4);
    }
}

fn with_words(name: &str, words: &[Word]) -> String {
    words.iter().fold(name.to_owned(), |line, Word(word)| format!("{line} {word}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Block, literal, mixed, text, variables};

    #[test]
    fn words_are_quoted_when_they_must_be() {
        let mut file = Block::new();
        file.comment("first\nsecond");
        file.block("server", &[], |server| {
            server.set("root", &[text("/srv/a b/c;d{e}\"f\\g")]);
            server.set("root", &[text("/srv/$HOME/x")]);
            server.set("pid", &[literal("/srv/$HOME")]);
            server.gap();
            server.block("location", &[variables("~"), literal(r"^/(a|b)\.php$")], |location| {
                location.set("return", &[variables("301"), mixed("https://a.example", "$request_uri")]);
                location.set("fastcgi_param", &[variables("HTTP_PROXY"), text("")]);
            });
        });
        insta::assert_snapshot!(file.finish(), @r#"
        # first
        # second
        server {
            root "/srv/a b/c;d{e}\"f\\g";
            root "/srv/${provost_dollar}HOME/x";
            pid /srv/$HOME;

            location ~ "^/(a|b)\\.php$" {
                return 301 https://a.example$request_uri;
                fastcgi_param HTTP_PROXY "";
            }
        }
        "#);
    }

    /// Reads one word as nginx's lexer does (`ngx_conf_read_token`).
    fn read_back(word: &str) -> String {
        let Some(inner) = word.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
            return word.to_owned();
        };
        let mut out = String::new();
        let mut characters = inner.chars();
        while let Some(c) = characters.next() {
            match (c, c == '\\') {
                (_, true) => out.extend(characters.next()),
                (c, false) => out.push(c),
            }
        }
        out
    }

    proptest! {
        #[test]
        fn a_literal_is_read_back(value in "[^\0]{0,40}") {
            let mut file = Block::new();
            file.set("pid", &[literal(&value)]);
            let written = file.finish();
            let word = written.strip_prefix("pid ").and_then(|rest| rest.strip_suffix(";\n"));
            prop_assert_eq!(word.map(read_back), Some(value));
        }
    }
}
