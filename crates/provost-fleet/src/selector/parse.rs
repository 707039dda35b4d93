//! Reading a selection.

use std::str::FromStr;

use super::version::{Comparison, Version};
use super::{Glob, MOODLE, Selector, TEXT_KEYS, TextKey, VersionKey};
use crate::suggest::nearest;

/// How deep parentheses and `!` may nest: nobody writes more than a few, and each costs stack.
const DEEPEST: usize = 64;

/// The longest selection, in bytes: some 3,000 names of sites fit.
const LONGEST: usize = 128 * 1024;

/// Why a text is no selection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}, at character {} of `{}`", .at + 1, shown(.text))]
pub struct SelectorError {
    /// The whole selection.
    pub text: String,
    /// Which of its characters, counted from 0.
    pub at: usize,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// What an error shows of a long text.
fn shown(text: &str) -> String {
    const MOST: usize = 120;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    text.chars().take(MOST).chain(['…']).collect()
}

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        let mut parser = Parser { text, at: 0, depth: 0 };
        if text.len() > LONGEST {
            return Err(parser.fault("this selection is too long", "use tags: `--sites 'lyon | paris'`"));
        }
        let selector = parser.or()?;
        match parser.peek() {
            None => Ok(selector),
            Some(')') => Err(parser.fault("this `)` closes nothing", "take it out, or add the `(`")),
            Some(_) => Err(parser.fault("two terms stand side by side", BETWEEN)),
        }
    }
}

const BETWEEN: &str = "write `|` (either) or `&` (both) between them";
const EXAMPLE: &str =
    "for example `hugo`, `lyon & !pilot`, `codebase:lts`, `moodle<4.5`; `*` means all sites";

struct Parser<'t> {
    text: &'t str,
    /// The next byte.
    at: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn or(&mut self) -> Result<Selector, SelectorError> {
        let mut parts = vec![self.and()?];
        while self.took('|') {
            parts.push(self.and()?);
        }
        Ok(one_or(parts, Selector::Any))
    }

    fn and(&mut self) -> Result<Selector, SelectorError> {
        let mut parts = vec![self.not()?];
        while self.took('&') {
            parts.push(self.not()?);
        }
        Ok(one_or(parts, Selector::All))
    }

    fn not(&mut self) -> Result<Selector, SelectorError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.fault("this nests too deep", "write it with fewer parentheses"));
        }
        let found = if self.took('!') {
            Selector::Not(Box::new(self.not()?))
        } else if self.took('(') {
            let inner = self.or()?;
            if !self.took(')') {
                return Err(match self.peek() {
                    None => self.fault("a `)` is missing", "close what is open"),
                    Some(_) => self.fault("two terms stand side by side", BETWEEN),
                });
            }
            inner
        } else {
            self.term()?
        };
        self.depth -= 1;
        Ok(found)
    }

    fn term(&mut self) -> Result<Selector, SelectorError> {
        self.space();
        let begin = self.at;
        let word = self.word(|c| !is_sign(c) && !matches!(c, ':' | '<' | '>' | '='));
        if word.is_empty() {
            return Err(self.fault("a term is missing", EXAMPLE));
        }
        let after = self.at;
        self.space();
        if self.rest().starts_with(':') {
            self.at += 1;
            let key = text_key(word).ok_or_else(|| self.no_key(begin, word))?;
            self.space();
            let glob = self.word(|c| !is_sign(c));
            if glob.is_empty() {
                return Err(
                    self.fault("a value is missing", "for example `codebase:lts` or `host:*.example.org`")
                );
            }
            return Ok(Selector::Text(key, Glob::new(glob)));
        }
        let sign = Comparison::SIGNS.into_iter().find(|(sign, _)| self.rest().starts_with(sign));
        let Some((sign, comparison)) = sign else {
            self.at = after;
            return Ok(Selector::Word(Glob::new(word)));
        };
        self.at += sign.len();
        let key = version_key(word).ok_or_else(|| self.no_key(begin, word))?;
        self.space();
        let at = self.at;
        let version = Version::parse(self.word(|c| !is_sign(c)));
        let Some(version) = version else {
            self.at = at;
            return Err(
                self.fault("this is no version", "numbers with dots: `moodle>=4.5`, `mod_quiz<2024042200`")
            );
        };
        Ok(Selector::Version(key, comparison, version))
    }

    fn no_key(&self, begin: usize, word: &str) -> SelectorError {
        let at = Parser { at: begin, ..*self };
        if text_key(word).is_some() {
            return at.fault(format!("`{word}` has no version"), format!("write `{word}:…`"));
        }
        if version_key(word).is_some() {
            return at.fault(
                format!("`{word}` has a version, not a text"),
                format!("write `{word}=…`, `{word}<…` or such"),
            );
        }
        let known = || TEXT_KEYS.iter().map(|(word, _)| *word).chain([MOODLE]);
        let hint = match nearest(word, known()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!(
                "there is {}, and every plugin by its component (`mod_quiz`)",
                known().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
            ),
        };
        at.fault(format!("nothing is called `{word}`"), hint)
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn peek(&mut self) -> Option<char> {
        self.space();
        self.rest().chars().next()
    }

    fn took(&mut self, wanted: char) -> bool {
        let there = self.peek() == Some(wanted);
        if there {
            self.at += wanted.len_utf8();
        }
        there
    }

    fn word(&mut self, belongs: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn fault(&self, message: impl Into<String>, hint: impl Into<String>) -> SelectorError {
        SelectorError {
            text: self.text.to_owned(),
            at: self.text[..self.at].chars().count(),
            message: message.into(),
            hint: hint.into(),
        }
    }
}

fn is_sign(c: char) -> bool {
    c.is_whitespace() || matches!(c, '|' | '&' | '!' | '(' | ')')
}

fn text_key(word: &str) -> Option<TextKey> {
    TEXT_KEYS.iter().find(|(one, _)| *one == word).map(|(_, key)| *key)
}

fn version_key(word: &str) -> Option<VersionKey> {
    match word {
        MOODLE => Some(VersionKey::Moodle),
        word => word.parse().ok().map(VersionKey::Plugin),
    }
}

fn one_or(mut parts: Vec<Selector>, many: impl FnOnce(Vec<Selector>) -> Selector) -> Selector {
    match parts.len() {
        1 => parts.remove(0),
        _ => many(parts),
    }
}
