//! Tokens into literal values.

use super::lexer::{Placed, Token};

/// How deep arrays may nest before they are called dynamic. Real ones nest once.
const DEEPEST: usize = 8;

/// A value that stands in the source as a literal, or the note that it does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// A number as it is written.
    Number(String),
    /// A string.
    Text(String),
    /// `null`.
    Null,
    /// Another constant, by name.
    Constant(String),
    /// An array: keys where given, and values.
    Array(Vec<(Option<Value>, Value)>),
    /// Only PHP can tell.
    Dynamic,
}

impl Value {
    /// Reads a whole expression; whatever is not one literal is [`Value::Dynamic`].
    pub(crate) fn of(tokens: &[Placed<'_>]) -> Self {
        match literal(tokens, 0) {
            Some((value, [])) => value,
            _ => Self::Dynamic,
        }
    }

    /// Describes the value for an error message, shortened.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Number(text) => format!("the number {}", shortened(text)),
            Self::Text(text) => format!("the string '{}'", shortened(text)),
            Self::Null => "null".to_owned(),
            Self::Constant(name) => format!("the constant {}", shortened(name)),
            Self::Array(items) => format!("an array of {}", items.len()),
            Self::Dynamic => "an expression".to_owned(),
        }
    }
}

/// At most forty characters of `text`.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Reads one literal from the front and returns what follows it.
fn literal<'t, 'a>(tokens: &'t [Placed<'a>], depth: usize) -> Option<(Value, &'t [Placed<'a>])> {
    let ((first, _), rest) = tokens.split_first()?;
    match first {
        Token::Number(text) => Some((number(text), rest)),
        Token::Text(text) => Some((Value::Text(text.clone()), rest)),
        Token::Symbol("-") => match rest.split_first()? {
            ((Token::Number(text), _), rest) => Some((Value::Number(format!("-{text}")), rest)),
            _ => None,
        },
        Token::Symbol("[") => array(rest, "]", depth),
        Token::Word(word) if word.eq_ignore_ascii_case("array") => match rest.split_first()? {
            ((Token::Symbol("("), _), rest) => array(rest, ")", depth),
            _ => None,
        },
        Token::Word(word) if word.eq_ignore_ascii_case("null") => Some((Value::Null, rest)),
        Token::Word(word) => Some((Value::Constant((*word).to_owned()), rest)),
        _ => None,
    }
}

/// A number as it is written, if it is a plain decimal one: `0x1F`, `1e3`, `1_000` and octal `017` are left to PHP.
fn number(text: &str) -> Value {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let octal = whole.len() > 1 && whole.starts_with('0');
    if digits(whole) && digits(fraction) && !octal { Value::Number(text.to_owned()) } else { Value::Dynamic }
}

/// Reads the items of an array up to its closing bracket.
fn array<'t, 'a>(
    mut tokens: &'t [Placed<'a>],
    close: &str,
    depth: usize,
) -> Option<(Value, &'t [Placed<'a>])> {
    if depth >= DEEPEST {
        return None;
    }
    let mut items = Vec::new();
    loop {
        if let Some(rest) = after(tokens, close) {
            return Some((Value::Array(items), rest));
        }
        let (mut value, mut rest) = literal(tokens, depth + 1)?;
        let mut key = None;
        if let Some(behind_arrow) = after(rest, "=>") {
            key = Some(value);
            (value, rest) = literal(behind_arrow, depth + 1)?;
        }
        items.push((key, value));
        let Some(behind_comma) = after(rest, ",") else {
            return Some((Value::Array(items), after(rest, close)?));
        };
        tokens = behind_comma;
    }
}

/// What follows `symbol`, if the tokens begin with it.
fn after<'t, 'a>(tokens: &'t [Placed<'a>], symbol: &str) -> Option<&'t [Placed<'a>]> {
    match tokens.split_first() {
        Some(((Token::Symbol(first), _), rest)) if *first == symbol => Some(rest),
        _ => None,
    }
}
