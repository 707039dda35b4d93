//! Commands of a fleet's own: a file of SQL or PHP, whose first comment says what it is, what it takes, and whether it writes.
//!
//! ```text
//! -- Accounts that were not used for a while
//! -- param days number = 365: Days without a login
//! -- param auth enum(manual, ldap) = manual: How they log in
//! -- writes
//! -- confirm: Suspend these accounts?
//! ```

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

/// In what a command is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// One SQL statement; its parameters are `:name`.
    Sql,
    /// PHP with Moodle loaded; its parameters are in `$params`.
    Php,
}

impl Language {
    /// By the extension of a file.
    pub fn of(extension: &str) -> Option<Self> {
        match extension {
            "sql" => Some(Self::Sql),
            "php" => Some(Self::Php),
            _ => None,
        }
    }
}

/// What values a parameter takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "kind", content = "of")]
pub enum Kind {
    /// `yes` or `no`; 1 or 0 in SQL.
    Boolean,
    /// A whole number.
    Number,
    /// A text of one line.
    Text,
    /// A text of any length.
    Long,
    /// A time, in Unix seconds to the command: a day, `now`, or some days or hours before now.
    Time,
    /// One of some words.
    Enum(Vec<String>),
    /// Several of some words, between commas.
    List(Vec<String>),
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What it takes.
    #[serde(flatten)]
    pub kind: Kind,
    /// What it is where nothing is said; `None`: something must be.
    pub default: Option<String>,
    /// What it is for.
    pub about: String,
}

/// What the header of a command says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Header {
    /// What it does: the first line.
    pub about: String,
    /// More about that.
    pub more: Vec<String>,
    /// What it takes.
    pub parameters: Vec<Parameter>,
    /// Whether it changes something.
    pub writes: bool,
    /// What is asked before it does.
    pub confirm: Option<String>,
}

/// Why a file is no command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct HeaderError {
    /// Where, from 1.
    pub line: usize,
    /// Why not.
    pub why: String,
}

/// Why a value is none for a parameter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// There is no such parameter.
    #[error("there is no parameter `{0}`")]
    Unknown(String),
    /// It was given twice.
    #[error("`{0}` is given twice")]
    Twice(String),
    /// Nothing was said.
    #[error("`{0}` must be said")]
    Missing(String),
    /// It is not of the kind.
    #[error("`{name}` takes {takes}, and `{value}` is not that")]
    Kind {
        /// The parameter.
        name: String,
        /// What it takes.
        takes: String,
        /// What was given.
        value: String,
    },
}

/// The word that a line nearly is: what a command does must not hang on a capital.
fn nearly(line: &str) -> Option<&'static str> {
    let lower = line.to_ascii_lowercase();
    let (word, rest) = lower.split_once([':', ' ']).unwrap_or((lower.as_str(), ""));
    match (word, rest.trim()) {
        ("writes" | "write" | "writes.", "" | "true" | "yes") => Some("writes"),
        ("param" | "params" | "parameter", _) if lower.len() > word.len() => Some("param NAME KIND"),
        ("confirm" | "confirmation", rest) if line.contains(':') && !rest.is_empty() => {
            Some("confirm: QUESTION")
        }
        _ => None,
    }
}

impl Header {
    /// Reads the header of a file: the comment that it begins with.
    ///
    /// # Errors
    /// When a line of it cannot be read.
    pub fn read(text: &str, language: Language) -> Result<Self, HeaderError> {
        let mut header = Self {
            about: String::new(),
            more: Vec::new(),
            parameters: Vec::new(),
            writes: false,
            confirm: None,
        };
        for (number, line) in comment(text, language) {
            let fault = |why: String| HeaderError { line: number, why };
            header.take(line).map_err(fault)?;
        }
        let mut names = BTreeSet::new();
        if let Some(twice) = header.parameters.iter().find(|one| !names.insert(one.name.as_str())) {
            return Err(HeaderError {
                line: 1,
                why: format!("the parameter `{}` is there twice", twice.name),
            });
        }
        if header.about.is_empty() {
            return Err(HeaderError {
                line: 1,
                why: "a comment with what it does must come first".to_owned(),
            });
        }
        if header.confirm.is_some() && !header.writes {
            return Err(HeaderError { line: 1, why: "`confirm` goes with `writes`".to_owned() });
        }
        Ok(header)
    }

    fn take(&mut self, line: &str) -> Result<(), String> {
        if let Some(parameter) = line.strip_prefix("param ") {
            self.parameters.push(parameter_of(parameter.trim())?);
        } else if line == "writes" {
            self.writes = true;
        } else if let Some(question) = line.strip_prefix("confirm:") {
            self.confirm = Some(question.trim().to_owned());
        } else if let Some(meant) = nearly(line) {
            return Err(format!("write `{meant}`, as it stands here: else it would be taken for text"));
        } else if self.about.is_empty() {
            line.clone_into(&mut self.about);
        } else {
            self.more.push(line.to_owned());
        }
        Ok(())
    }

    /// The values of all parameters, from what was given and what holds otherwise.
    ///
    /// `now` is what a time is told from.
    ///
    /// # Errors
    /// When something is unknown, missing or not of its kind.
    pub fn values(
        &self,
        given: &[(String, String)],
        now: Timestamp,
    ) -> Result<BTreeMap<String, Value>, ValueError> {
        let mut said = BTreeMap::new();
        for (name, value) in given {
            if !self.parameters.iter().any(|one| one.name == *name) {
                return Err(ValueError::Unknown(name.clone()));
            }
            if said.insert(name.as_str(), value.as_str()).is_some() {
                return Err(ValueError::Twice(name.clone()));
            }
        }
        let one = |parameter: &Parameter| {
            let value = said.get(parameter.name.as_str()).copied().or(parameter.default.as_deref());
            let value = value.ok_or_else(|| ValueError::Missing(parameter.name.clone()))?;
            Ok((parameter.name.clone(), parameter.value(value, now)?))
        };
        self.parameters.iter().map(one).collect()
    }
}

impl Parameter {
    /// What it takes, in words.
    pub fn takes(&self) -> String {
        match &self.kind {
            Kind::Boolean => "yes or no".to_owned(),
            Kind::Number => "a whole number".to_owned(),
            Kind::Text => "a text of one line".to_owned(),
            Kind::Long => "a text".to_owned(),
            Kind::Time => "a day such as 2026-09-01, now, now-30d or now-12h".to_owned(),
            Kind::Enum(words) => format!("one of {}", words.join(", ")),
            Kind::List(words) => format!("some of {}", words.join(", ")),
        }
    }

    fn value(&self, text: &str, now: Timestamp) -> Result<Value, ValueError> {
        let value = match &self.kind {
            Kind::Boolean => match text {
                "yes" | "true" | "1" => Some(json!(true)),
                "no" | "false" | "0" => Some(json!(false)),
                _ => None,
            },
            Kind::Number => text.parse::<i64>().ok().map(Value::from),
            Kind::Text => (!text.contains(['\n', '\r', '\0'])).then(|| json!(text)),
            Kind::Long => (!text.contains('\0')).then(|| json!(text)),
            Kind::Time => time(text, now).map(Value::from),
            Kind::Enum(words) => words.iter().any(|word| word == text).then(|| json!(text)),
            Kind::List(words) => {
                let chosen: Vec<&str> =
                    text.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
                chosen.iter().all(|word| words.iter().any(|one| one == word)).then(|| json!(chosen))
            }
        };
        let wrong =
            || ValueError::Kind { name: self.name.clone(), takes: self.takes(), value: text.to_owned() };
        value.ok_or_else(wrong)
    }
}

/// Unix seconds of a time as people write it; a day is its midnight in UTC.
fn time(text: &str, now: Timestamp) -> Option<i64> {
    if text == "now" {
        return Some(now.as_second());
    }
    if let Some(before) = text.strip_prefix("now-") {
        let (number, unit) = before.split_at_checked(before.len().checked_sub(1)?)?;
        let seconds: i64 = if unit == "d" {
            86_400
        } else if unit == "h" {
            3_600
        } else {
            return None;
        };
        return now.as_second().checked_sub(number.parse::<u32>().ok().map(i64::from)?.checked_mul(seconds)?);
    }
    let day: jiff::civil::Date = text.parse().ok()?;
    day.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|day| day.timestamp().as_second())
}

/// The lines of the comment that a file begins with, with their numbers, without what makes them a comment.
fn comment(text: &str, language: Language) -> Vec<(usize, &str)> {
    let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim())).peekable();
    if language == Language::Php {
        lines.next_if(|(_, line)| *line == "<?php");
    }
    while lines.next_if(|(_, line)| line.is_empty()).is_some() {}
    let sign = if language == Language::Php { "//" } else { "--" };
    lines
        .map_while(|(number, line)| Some((number, line.strip_prefix(sign)?.trim())))
        .filter(|(_, line)| !line.is_empty())
        .collect()
}

/// `days number = 365: Days without a login`.
fn parameter_of(text: &str) -> Result<Parameter, String> {
    let form = || "write `param NAME KIND`, then `= DEFAULT` and `: what it is for` if you like".to_owned();
    let (name, rest) = text.split_once(char::is_whitespace).ok_or_else(form)?;
    if !name.starts_with(|c: char| c.is_ascii_lowercase())
        || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    {
        return Err(format!("`{name}` is no name: a small letter, then letters, digits and `_`"));
    }
    let rest = rest.trim();
    let end = match rest.find('(') {
        Some(open) if rest.get(..open).is_some_and(|word| word.chars().all(|c| c.is_ascii_alphabetic())) => {
            rest.find(')').map(|close| close + 1).ok_or_else(form)?
        }
        _ => rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len()),
    };
    let (kind, behind) = rest.split_at(end);
    let kind = kind_of(kind)?;
    let behind = behind.trim();
    let (default, about) = match behind.strip_prefix('=') {
        Some(value) => match value.split_once(": ") {
            Some((value, about)) => (Some(value.trim()), about.trim()),
            None => (Some(value.trim()), ""),
        },
        None => (
            None,
            behind.strip_prefix(':').map(str::trim).or(behind.is_empty().then_some("")).ok_or_else(form)?,
        ),
    };
    let parameter = Parameter {
        name: name.to_owned(),
        kind,
        default: default.map(str::to_owned),
        about: about.to_owned(),
    };
    if let Some(default) = &parameter.default {
        parameter.value(default, Timestamp::UNIX_EPOCH).map_err(|error| error.to_string())?;
    }
    Ok(parameter)
}

fn kind_of(text: &str) -> Result<Kind, String> {
    let (word, inner) =
        text.split_once('(').map_or((text, None), |(word, inner)| (word, inner.strip_suffix(')')));
    let words = || -> Result<Vec<String>, String> {
        let all: Vec<String> = inner.unwrap_or("").split(',').map(|one| one.trim().to_owned()).collect();
        if all.iter().any(String::is_empty) {
            return Err(format!("`{word}` needs words: {word}(one, two)"));
        }
        Ok(all)
    };
    match word {
        "boolean" => Ok(Kind::Boolean),
        "number" => Ok(Kind::Number),
        "time" => Ok(Kind::Time),
        "text" => Ok(Kind::Text),
        "long" => Ok(Kind::Long),
        "enum" => words().map(Kind::Enum),
        "list" => words().map(Kind::List),
        _ => Err(format!(
            "`{word}` is no kind; there are boolean, number, time, text, long, enum(…) and list(…)"
        )),
    }
}

#[cfg(test)]
mod tests;
