//! The reader: one pass over the text, quote by quote and comment by comment.

use super::{Dialect, Piece, StatementError};

/// What was read.
pub(super) struct Scanned {
    pub(super) pieces: Vec<Piece>,
    /// The first word.
    pub(super) verb: String,
    /// Words outside quotes.
    pub(super) words: Vec<Word>,
    /// Whether each bracket that is opened is closed, and none else.
    pub(super) balanced: bool,
}

/// A word outside quotes, which may be a name or a key word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Where it begins in the text, in bytes.
    pub(super) at: usize,
    /// Where it ends.
    pub(super) end: usize,
    /// In how many brackets it stands.
    pub(super) depth: usize,
    /// As it stands there.
    pub(super) text: String,
}

/// Whether a text is a name: a letter or `_`, then also digits.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether a character belongs to a word of either engine. All beyond ASCII does.
fn in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    dialect: Dialect,
    pieces: Vec<Piece>,
    plain: String,
    verb: String,
    /// A `;` was seen, after which there may be nothing.
    over: bool,
    words: Vec<Word>,
    depth: usize,
    balanced: bool,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str, dialect: Dialect) -> Self {
        Self {
            text,
            at: 0,
            dialect,
            pieces: Vec::new(),
            plain: String::new(),
            verb: String::new(),
            over: false,
            words: Vec::new(),
            depth: 0,
            balanced: true,
        }
    }

    pub(super) fn scan(mut self) -> Result<Scanned, StatementError> {
        while let Some(c) = self.rest().chars().next() {
            if self.comment()? {
                continue;
            }
            if c.is_whitespace() {
                self.keep(c.len_utf8());
                continue;
            }
            if self.over {
                return Err(StatementError::Second { line: self.line() });
            }
            self.token(c)?;
        }
        self.flush();
        let balanced = self.balanced && self.depth == 0;
        Ok(Scanned { pieces: self.pieces, verb: self.verb, words: self.words, balanced })
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn line(&self) -> usize {
        1 + self.text.get(..self.at).unwrap_or("").matches('\n').count()
    }

    /// Takes so many bytes as they are.
    fn keep(&mut self, bytes: usize) {
        let end = self.at + bytes;
        self.plain.push_str(self.text.get(self.at..end).unwrap_or(""));
        self.at = end;
    }

    fn flush(&mut self) {
        if !self.plain.is_empty() {
            self.pieces.push(Piece::Text(std::mem::take(&mut self.plain)));
        }
    }

    fn put(&mut self, piece: Piece, bytes: usize) {
        self.flush();
        self.pieces.push(piece);
        self.at += bytes;
    }

    /// Passes a comment, if one begins here: a space takes its place.
    fn comment(&mut self) -> Result<bool, StatementError> {
        let rest = self.rest();
        let mariadb = self.dialect == Dialect::Mariadb;
        // MariaDB asks for a space behind the dashes: `1--1` is two.
        let dashes = rest.strip_prefix("--").is_some_and(|behind| {
            !mariadb || behind.chars().next().is_none_or(|c| c.is_whitespace() || c.is_control())
        });
        if dashes || (mariadb && rest.starts_with('#')) {
            self.at += rest.find('\n').unwrap_or(rest.len());
            self.plain.push(' ');
            return Ok(true);
        }
        if !rest.starts_with("/*") {
            return Ok(false);
        }
        if mariadb && (rest.starts_with("/*!") || rest.starts_with("/*M!")) {
            return Err(StatementError::Executed { line: self.line() });
        }
        let length = match self.dialect {
            Dialect::Mariadb => rest.get(2..).and_then(|inner| inner.find("*/")).map(|end| end + 4),
            Dialect::Postgresql => nested(rest),
        };
        let open = StatementError::Open { line: self.line(), what: "a comment" };
        self.at += length.ok_or(open)?;
        self.plain.push(' ');
        Ok(true)
    }

    fn token(&mut self, c: char) -> Result<(), StatementError> {
        match c {
            ';' => {
                self.over = true;
                self.at += 1;
                Ok(())
            }
            '\'' | '"' => self.quote(c, self.dialect == Dialect::Mariadb),
            '`' if self.dialect == Dialect::Mariadb => self.quote(c, false),
            '$' if self.dialect == Dialect::Postgresql => self.dollar(),
            '{' => self.table(),
            '[' if self.rest().starts_with("[[") => self.placeholder(),
            ':' => {
                self.colon();
                Ok(())
            }
            c if in_word(c) => self.word(),
            c => {
                match c {
                    '(' | '[' => self.depth += 1,
                    ')' | ']' if self.depth > 0 => self.depth -= 1,
                    ')' | ']' => self.balanced = false,
                    _ => {}
                }
                self.keep(c.len_utf8());
                Ok(())
            }
        }
    }

    /// A word; in PostgreSQL `E` before a quote gives backslashes their meaning in it.
    fn word(&mut self) -> Result<(), StatementError> {
        let rest = self.rest();
        let length = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or("");
        if self.verb.is_empty() {
            word.clone_into(&mut self.verb);
        }
        let text = word.to_owned();
        self.words.push(Word { at: self.at, end: self.at + length, depth: self.depth, text });
        self.keep(length);
        let escapes = self.dialect == Dialect::Postgresql && word.eq_ignore_ascii_case("e");
        if escapes && self.rest().starts_with('\'') { self.quote('\'', true) } else { Ok(()) }
    }

    /// What stands between quotes; a doubled one is part of it.
    fn quote(&mut self, mark: char, backslashes: bool) -> Result<(), StatementError> {
        let rest = self.rest();
        let mut characters = rest.char_indices().skip(1).peekable();
        while let Some((at, c)) = characters.next() {
            if backslashes && c == '\\' {
                characters.next();
            } else if c == mark && characters.next_if(|(_, next)| *next == mark).is_none() {
                if rest.get(..at).is_some_and(|inner| inner.contains("[[?")) {
                    return Err(StatementError::Quoted { line: self.line() });
                }
                self.keep(at + mark.len_utf8());
                return Ok(());
            }
        }
        Err(StatementError::Open { line: self.line(), what: "a quote" })
    }

    /// `$tag$ … $tag$`, or a dollar sign.
    fn dollar(&mut self) -> Result<(), StatementError> {
        let rest = self.rest();
        let tag = rest.get(1..).and_then(|behind| behind.find('$')).and_then(|end| rest.get(..end + 2));
        let name = tag.and_then(|tag| tag.get(1..tag.len() - 1));
        match (tag, name) {
            (Some(tag), Some(name)) if name.is_empty() || is_name(name) || !name.is_ascii() => {
                let inner = rest.get(tag.len()..).unwrap_or("");
                let open = StatementError::Open { line: self.line(), what: "a quote" };
                let end = inner.find(tag).ok_or(open)?;
                self.keep(tag.len() + end + tag.len());
            }
            _ => self.keep(1),
        }
        Ok(())
    }

    fn table(&mut self) -> Result<(), StatementError> {
        let rest = self.rest();
        let length = rest.find('}').map_or(rest.len(), |end| end + 1);
        let name = rest.get(1..length - 1).unwrap_or("");
        let good = rest.get(..length).is_some_and(|braces| braces.ends_with('}'))
            && is_name(name)
            && !name.contains(|c: char| c.is_ascii_uppercase());
        if !good {
            let found = rest.chars().take(20).take_while(|c| *c != '\n').collect();
            return Err(StatementError::Braces { line: self.line(), found });
        }
        self.put(Piece::Table(name.to_owned()), length);
        Ok(())
    }

    /// `[[prefix]]`, `[[?name]]`, or an array within an array.
    fn placeholder(&mut self) -> Result<(), StatementError> {
        let rest = self.rest();
        let length = rest.find("]]").map_or(rest.len(), |end| end + 2);
        let whole = rest.get(..length).unwrap_or("");
        let inner = whole.strip_prefix("[[").and_then(|inner| inner.strip_suffix("]]")).unwrap_or("");
        match inner.strip_prefix('?') {
            Some(name) if is_name(name) => self.put(Piece::Parameter(name.to_owned()), length),
            None if inner == "prefix" => self.put(Piece::Prefix, length),
            None if self.dialect == Dialect::Postgresql && !is_name(inner) => self.keep(1),
            _ => {
                let found = whole.chars().take(20).collect();
                return Err(StatementError::Placeholder { line: self.line(), found });
            }
        }
        Ok(())
    }

    /// `:name`, a cast `::text`, or a colon.
    fn colon(&mut self) {
        let rest = self.rest();
        let behind = rest.get(1..).unwrap_or("");
        if behind.starts_with(':') {
            return self.keep(2);
        }
        let length = behind.find(|c| !in_word(c)).unwrap_or(behind.len());
        match behind.get(..length) {
            Some(name) if is_name(name) => self.put(Piece::Parameter(name.to_owned()), length + 1),
            _ => self.keep(1),
        }
    }
}

/// How long a comment is that comments may stand in; `None` where it is not closed.
fn nested(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_usize, 0_usize);
    while at < bytes.len() {
        match bytes.get(at..at + 2) {
            Some(b"/*") => {
                depth += 1;
                at += 2;
            }
            Some(b"*/") => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => at += 1,
        }
    }
    None
}
