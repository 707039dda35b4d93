//! PHP source into tokens: as much of PHP's lexer as the readers here need.

use super::SourceError;

/// A token of PHP, with what the reader needs to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// `$name`, without the `$`.
    Variable(&'a str),
    /// An identifier, keyword or constant, without a leading `\`.
    Word(&'a str),
    /// A number as it is written.
    Number(&'a str),
    /// A string whose value is plain to see.
    Text(String),
    /// A string that PHP computes (interpolation, heredoc, backticks), or that is not UTF-8.
    Opaque,
    /// An operator or a bracket.
    Symbol(&'static str),
    /// A byte that stands for nothing here.
    Stray,
}

/// A token and the line it begins on, counted from 1.
pub(crate) type Placed<'a> = (Token<'a>, u32);

/// Operators and brackets, longest first, so that the first that fits is the right one.
const SYMBOLS: &[&str] = &[
    "<=>", "**=", "...", "<<=", ">>=", "===", "!==", "??=", "?->", "->", "=>", "==", "!=", "<>", "<=", ">=",
    "::", "||", "&&", "??", ".=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "++", "--", "**", "<<",
    ">>", "#[", "=", "<", ">", "!", ".", "+", "-", "*", "/", "%", "&", "|", "^", "~", "?", ":", ";", ",",
    "(", ")", "[", "]", "{", "}", "@", "$", "\\",
];

/// Splits PHP source into tokens; what is outside `<?php … ?>` gives none.
pub(crate) fn tokens(source: &[u8]) -> Result<Vec<Placed<'_>>, SourceError> {
    let mut lexer = Lexer { source, at: 0, line: 1, tokens: Vec::new() };
    lexer.skip_to_php();
    while lexer.at < source.len() {
        let before = lexer.at;
        lexer.step()?;
        if lexer.at == before {
            // Unreachable by construction; a lexer that could stand still would never end.
            lexer.advance(1);
        }
    }
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    source: &'a [u8],
    at: usize,
    line: u32,
    tokens: Vec<Placed<'a>>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a [u8] {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn starts_with(&self, text: &str) -> bool {
        self.rest().starts_with(text.as_bytes())
    }

    /// Moves on by `count` bytes and counts the lines among them.
    fn advance(&mut self, count: usize) {
        let passed = self.rest().get(..count).unwrap_or(self.rest());
        let lines = passed.split(|&byte| byte == b'\n').skip(1).count();
        self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.at = self.at.saturating_add(passed.len());
    }

    fn push(&mut self, token: Token<'a>, length: usize) {
        self.tokens.push((token, self.line));
        self.advance(length);
    }

    /// Skips text that is not PHP, and the opening tag after it.
    fn skip_to_php(&mut self) {
        while self.at < self.source.len() {
            let rest = self.rest();
            let tag = rest.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"<?php"));
            if tag && rest.get(5).is_none_or(u8::is_ascii_whitespace) {
                return self.advance(5);
            }
            if rest.starts_with(b"<?=") {
                // `<?= x ?>` prints x: a statement of its own, which no field comes from.
                self.tokens.push((Token::Word("echo"), self.line));
                return self.advance(3);
            }
            self.advance(1);
        }
    }

    fn step(&mut self) -> Result<(), SourceError> {
        let Some(&first) = self.rest().first() else { return Ok(()) };
        match first {
            b' ' | b'\t' | b'\r' | b'\n' => self.advance(1),
            _ if self.starts_with("?>") => {
                self.push(Token::Symbol(";"), 2);
                self.skip_to_php();
            }
            _ if self.starts_with("/*") => self.block_comment()?,
            _ if self.starts_with("//") => self.line_comment(),
            b'#' if !self.starts_with("#[") => self.line_comment(),
            b'\'' => self.single_quoted()?,
            b'"' => self.double_quoted()?,
            b'`' => self.backticks()?,
            _ if self.starts_with("<<<") => self.heredoc()?,
            b'$' if self.rest().get(1).copied().is_some_and(starts_name) => {
                let name = self.name_at(1);
                self.push(Token::Variable(name), 1 + name.len());
            }
            b'0'..=b'9' => self.number(),
            b'.' if self.rest().get(1).is_some_and(u8::is_ascii_digit) => self.number(),
            _ if starts_name(first) => {
                let word = self.name_at(0);
                let halts = word.eq_ignore_ascii_case("__halt_compiler");
                self.push(Token::Word(word), word.len());
                if halts {
                    self.at = self.source.len();
                }
            }
            // `\MATURITY_STABLE` is `MATURITY_STABLE` seen from inside a namespace.
            b'\\' if self.rest().get(1).copied().is_some_and(starts_name) => self.advance(1),
            _ => self.symbol(),
        }
        Ok(())
    }

    fn symbol(&mut self) {
        match SYMBOLS.iter().find(|symbol| self.starts_with(symbol)) {
            Some(symbol) => self.push(Token::Symbol(symbol), symbol.len()),
            None => self.push(Token::Stray, 1),
        }
    }

    /// The identifier that begins `offset` bytes on. One with bytes that are not ASCII ends before them: no field of
    /// interest has any, and the rest becomes stray bytes, which no value is read from.
    fn name_at(&self, offset: usize) -> &'a str {
        let bytes = self.rest().get(offset..).unwrap_or_default();
        let length = bytes.iter().take_while(|&&byte| starts_name(byte) || byte.is_ascii_digit()).count();
        std::str::from_utf8(bytes.get(..length).unwrap_or_default()).unwrap_or_default()
    }

    fn number(&mut self) {
        let bytes = self.rest();
        let mut length = 0;
        while let Some(&byte) = bytes.get(length) {
            let after_exponent = length > 0 && matches!(bytes.get(length - 1), Some(b'e' | b'E'));
            let hexadecimal = bytes.starts_with(b"0x") || bytes.starts_with(b"0X");
            let sign = matches!(byte, b'+' | b'-') && after_exponent && !hexadecimal;
            if !(byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_') || sign) {
                break;
            }
            length += 1;
        }
        let text = std::str::from_utf8(bytes.get(..length).unwrap_or_default()).unwrap_or_default();
        self.push(Token::Number(text), length);
    }

    fn line_comment(&mut self) {
        let rest = self.rest();
        let end = rest.iter().position(|&byte| byte == b'\n' || byte == b'\r').unwrap_or(rest.len());
        let closed = find(rest.get(..end).unwrap_or_default(), b"?>");
        self.advance(closed.unwrap_or(end));
    }

    fn block_comment(&mut self) -> Result<(), SourceError> {
        let body = self.rest().get(2..).unwrap_or_default();
        let end = find(body, b"*/").ok_or_else(|| self.unterminated("a comment"))?;
        self.advance(end.saturating_add(4));
        Ok(())
    }

    fn single_quoted(&mut self) -> Result<(), SourceError> {
        let (raw, length) = self.quoted(b'\'')?;
        let mut value = Vec::with_capacity(raw.len());
        let mut bytes = raw.iter().copied().peekable();
        while let Some(byte) = bytes.next() {
            match (byte, bytes.peek()) {
                (b'\\', Some(&next @ (b'\\' | b'\''))) => {
                    bytes.next();
                    value.push(next);
                }
                _ => value.push(byte),
            }
        }
        self.push(text_or_opaque(value), length);
        Ok(())
    }

    fn double_quoted(&mut self) -> Result<(), SourceError> {
        let (raw, length) = self.quoted(b'"')?;
        let token = plain_double_quoted(raw).map_or(Token::Opaque, text_or_opaque);
        self.push(token, length);
        Ok(())
    }

    fn backticks(&mut self) -> Result<(), SourceError> {
        let (_, length) = self.quoted(b'`')?;
        self.push(Token::Opaque, length);
        Ok(())
    }

    /// The bytes between the quote at hand and its like, and the length of the whole with both quotes.
    fn quoted(&self, quote: u8) -> Result<(&'a [u8], usize), SourceError> {
        let rest = self.rest();
        let mut at = 1;
        while let Some(&byte) = rest.get(at) {
            match byte {
                b'\\' => at += 2,
                _ if byte == quote => return Ok((rest.get(1..at).unwrap_or_default(), at + 1)),
                _ => at += 1,
            }
        }
        Err(self.unterminated("a string"))
    }

    /// A heredoc or nowdoc: skipped up to the line that begins with its label.
    fn heredoc(&mut self) -> Result<(), SourceError> {
        let rest = self.rest();
        let after = rest.get(3..).unwrap_or_default();
        let blank = after.iter().take_while(|&&byte| byte == b' ' || byte == b'\t').count();
        let quoted = usize::from(matches!(after.get(blank), Some(b'\'' | b'"')));
        let label = self.name_at(3 + blank + quoted);
        if label.is_empty() {
            self.symbol();
            return Ok(());
        }
        let mut from = 0;
        while let Some(newline) = find(rest.get(from..).unwrap_or_default(), b"\n") {
            from += newline + 1;
            let line = rest.get(from..).unwrap_or_default();
            let indent = line.iter().take_while(|&&byte| byte == b' ' || byte == b'\t').count();
            let body = line.get(indent..).unwrap_or_default();
            let ends =
                body.get(label.len()).is_none_or(|&byte| !(starts_name(byte) || byte.is_ascii_digit()));
            if body.starts_with(label.as_bytes()) && ends {
                self.push(Token::Opaque, from + indent + label.len());
                return Ok(());
            }
        }
        Err(self.unterminated("a string"))
    }

    fn unterminated(&self, what: &'static str) -> SourceError {
        SourceError::Unterminated { line: self.line, what }
    }
}

/// Tells whether an identifier can begin with this byte (those beyond ASCII are left out; see `name_at`).
fn starts_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

/// The value of a double-quoted string in which PHP has nothing to compute; else `None`.
fn plain_double_quoted(raw: &[u8]) -> Option<Vec<u8>> {
    let mut value = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match (byte, bytes.peek().copied()) {
            (b'$', Some(next)) if starts_name(next) || next == b'{' || !next.is_ascii() => return None,
            (b'{', Some(b'$')) => return None,
            (b'\\', Some(next)) => {
                bytes.next();
                match next {
                    b'\\' | b'"' | b'$' => value.push(next),
                    b'n' => value.push(b'\n'),
                    b't' => value.push(b'\t'),
                    b'r' => value.push(b'\r'),
                    // Escapes by number and the rarer letters.
                    b'0'..=b'7' | b'x' | b'u' | b'e' | b'v' | b'f' => return None,
                    _ => value.extend([b'\\', next]),
                }
            }
            _ => value.push(byte),
        }
    }
    Some(value)
}

fn text_or_opaque<'a>(bytes: Vec<u8>) -> Token<'a> {
    String::from_utf8(bytes).map_or(Token::Opaque, Token::Text)
}

/// The place of the first `needle` in `haystack`.
fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
