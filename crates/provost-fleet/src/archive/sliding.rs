//! Texts with placeholders, so that one declaration serves every year.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text in which `{year}`, `{year-1}`, `{year+1}` and, where they are known, other placeholders stand. `{{` is a brace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sliding {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Text(String),
    /// Years after the one in which the session starts.
    Year(i16),
    Named(String),
}

/// Why a text is not a [`Sliding`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SlidingError {
    /// A brace that is not closed.
    #[error("`{{` is not closed; a brace itself is written `{{{{`")]
    Open,
    /// A brace that closes nothing.
    #[error("`}}` closes nothing; a brace itself is written `}}}}`")]
    Close,
    /// What stands in braces is no placeholder.
    #[error("`{{{0}}}` is not a placeholder")]
    Placeholder(String),
    /// A number of years that no archive needs.
    #[error("`{{{0}}}` is more than {most} years away", most = Sliding::MOST_YEARS)]
    Far(String),
    /// Nothing was said for a placeholder.
    #[error("`{{{0}}}` has no value here")]
    Unknown(String),
}

impl Sliding {
    /// How far a year may be from the session's: further is a slip of the pen.
    pub const MOST_YEARS: i16 = 100;

    /// Placeholders that stand for something of a course: which of them a text may have depends on where it stands.
    pub const OF_COURSE: [&'static str; 6] =
        ["path", "below", "category", "shortname", "fullname", "idnumber"];

    /// Reads a text.
    ///
    /// # Errors
    /// When a brace is not closed, and for what is no placeholder.
    pub fn new(text: impl Into<String>) -> Result<Self, SlidingError> {
        let text = text.into();
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            let after = &rest[at + 1..];
            if let Some(doubled) = after.strip_prefix(brace) {
                plain.push_str(brace);
                rest = doubled;
                continue;
            }
            if brace == "}" {
                return Err(SlidingError::Close);
            }
            let (name, after) = after.split_once('}').ok_or(SlidingError::Open)?;
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::of(name)?);
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { text, parts })
    }

    /// A text in which nothing slides.
    pub fn plain(text: &str) -> Self {
        Self::of([Part::Text(text.to_owned())])
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The placeholders in it that stand for something of a course.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Named(name) => Some(name.as_str()),
            Part::Text(_) | Part::Year(_) => None,
        })
    }

    /// Whether it has a year in it.
    pub fn slides(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Year(_)))
    }

    /// The text for a year; other placeholders stay in it.
    pub fn in_year(&self, year: i16) -> Self {
        let fixed = self.parts.iter().map(|part| match part {
            Part::Year(after) => Part::Text(year.saturating_add(*after).to_string()),
            other => other.clone(),
        });
        Self::of(fixed)
    }

    /// A text of parts; texts beside each other become one, so that it is what it reads back as.
    fn of(given: impl IntoIterator<Item = Part>) -> Self {
        let mut parts: Vec<Part> = Vec::new();
        for part in given {
            match (parts.last_mut(), part) {
                (_, Part::Text(text)) if text.is_empty() => {}
                (Some(Part::Text(before)), Part::Text(text)) => before.push_str(&text),
                (_, part) => parts.push(part),
            }
        }
        Self { text: parts.iter().map(Part::to_string).collect(), parts }
    }

    /// The parts of a path, between slashes; empty ones are left out. `\/` is a slash in a part.
    pub fn segments(&self) -> Vec<Self> {
        let mut all: Vec<Vec<Part>> = vec![Vec::new()];
        for part in &self.parts {
            let Part::Text(text) = part else {
                if let Some(last) = all.last_mut() {
                    last.push(part.clone());
                }
                continue;
            };
            for (at, plain) in cut(text).into_iter().enumerate() {
                if at > 0 {
                    all.push(Vec::new());
                }
                if let Some(last) = all.last_mut().filter(|_| !plain.is_empty()) {
                    last.push(Part::Text(plain));
                }
            }
        }
        all.into_iter().filter(|parts| !parts.is_empty()).map(Self::of).collect()
    }

    /// The one placeholder that it is, where it is nothing else.
    pub fn only_name(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Named(name)] => Some(name),
            _ => None,
        }
    }

    /// The text with every placeholder filled in: the year, and what `value` says for another name.
    ///
    /// # Errors
    /// When `value` says nothing for one.
    pub fn filled<'v>(
        &self,
        year: i16,
        value: impl Fn(&str) -> Option<std::borrow::Cow<'v, str>>,
    ) -> Result<String, SlidingError> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Year(after) => text.push_str(&year.saturating_add(*after).to_string()),
                Part::Named(name) => {
                    text.push_str(&value(name).ok_or_else(|| SlidingError::Unknown(name.clone()))?);
                }
            }
        }
        Ok(text)
    }
}

/// Cuts a text at its slashes; `\/` is none.
fn cut(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut rest = text.chars().peekable();
    while let Some(letter) = rest.next() {
        if letter == '/' {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            let escaped = letter == '\\' && rest.peek() == Some(&'/');
            part.push(if escaped { '/' } else { letter });
            if escaped {
                rest.next();
            }
        }
    }
    parts
}

impl Part {
    fn of(name: &str) -> Result<Self, SlidingError> {
        let unknown = || SlidingError::Placeholder(name.to_owned());
        if let Some(after) = name.strip_prefix("year") {
            if after.is_empty() {
                return Ok(Self::Year(0));
            }
            let digits = after.strip_prefix(['-', '+']).ok_or_else(unknown)?;
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(unknown());
            }
            let years = after.parse::<i16>().unwrap_or(i16::MAX);
            if years.abs() > Sliding::MOST_YEARS {
                return Err(SlidingError::Far(name.to_owned()));
            }
            return Ok(Self::Year(years));
        }
        let known = Sliding::OF_COURSE.contains(&name);
        known.then(|| Self::Named(name.to_owned())).ok_or_else(unknown)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(&text.replace('{', "{{").replace('}', "}}")),
            Self::Year(0) => f.write_str("{year}"),
            Self::Year(after) => write!(f, "{{year{after:+}}}"),
            Self::Named(name) => write!(f, "{{{name}}}"),
        }
    }
}

impl fmt::Display for Sliding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for Sliding {
    type Error = SlidingError;

    fn try_from(text: String) -> Result<Self, SlidingError> {
        Self::new(text)
    }
}

impl From<Sliding> for String {
    fn from(text: Sliding) -> Self {
        text.text
    }
}
