//! One SQL statement as an administrator writes it for many sites: Moodle's `{table}` in braces, parameters `:name`, and VMoodle's
//! `[[prefix]]` and `[[?name]]`.
//!
//! The text is read by the rules of the engine that it will run on, because what a quote or a comment is differs. Values become quoted
//! literals: neither engine can be sent a value of which nobody knows the type yet.
//!
//! That a statement is only one, and only reads, is made sure of by the server; here it is told early, and better.

mod scan;
pub mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use scan::Scanner;

/// By whose rules a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// PostgreSQL, with `standard_conforming_strings`.
    Postgresql,
    /// MariaDB, with backslashes in quotes.
    Mariadb,
}

/// A statement, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    dialect: Dialect,
    pieces: Vec<Piece>,
    verb: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// As it is.
    Text(String),
    /// `{user}`.
    Table(String),
    /// `[[prefix]]`.
    Prefix,
    /// `:name` or `[[?name]]`.
    Parameter(String),
}

/// What is put in the place of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text, quoted: either engine takes it for a number or a time where it is compared with one.
    Text(String),
    /// A whole number, as it is: for `limit`, which takes no text.
    Number(i64),
}

/// Why a text is no statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// There is nothing.
    #[error("there is no statement")]
    Empty,
    /// A quote or a comment goes on to the end.
    #[error("line {line}: {what} is not closed")]
    Open {
        /// Where it begins, from 1.
        line: usize,
        /// `a quote`.
        what: &'static str,
    },
    /// Something follows the statement.
    #[error("line {line}: a second statement begins; one at a time is run")]
    Second {
        /// Where, from 1.
        line: usize,
    },
    /// Braces that hold no name.
    #[error("line {line}: braces name one of Moodle's tables, as in `{{user}}`; here is `{found}`")]
    Braces {
        /// Where, from 1.
        line: usize,
        /// What is there.
        found: String,
    },
    /// A placeholder that is none.
    #[error("line {line}: `{found}` is no placeholder; there are `[[prefix]]` and `[[?name]]`")]
    Placeholder {
        /// Where, from 1.
        line: usize,
        /// What is there.
        found: String,
    },
    /// A placeholder in quotes: the value brings its own.
    #[error("line {line}: a placeholder stands in quotes")]
    Quoted {
        /// Where, from 1.
        line: usize,
    },
    /// A comment that MariaDB runs.
    #[error("line {line}: a comment that MariaDB runs (`/*!`) is not taken")]
    Executed {
        /// Where, from 1.
        line: usize,
    },
    /// No value was given.
    #[error("no value is given for `:{0}`")]
    Missing(String),
    /// A value for nothing.
    #[error("the statement has no parameter `:{0}`")]
    Unknown(String),
    /// A value that no database takes.
    #[error("the value of `:{0}` has a null character")]
    Null(String),
}

impl StatementError {
    /// What to do about it, where that is not plain.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Braces { .. } => "in a text, put it in quotes".to_owned(),
            Self::Quoted { .. } => "take the quotes away: values are quoted when they are put in".to_owned(),
            Self::Missing(name) => format!(
                "give `-p {name}=VALUE`; where it is no parameter, write a space behind the colon, or the text in quotes"
            ),
            Self::Second { .. } => "run them one after the other".to_owned(),
            _ => return None,
        })
    }
}

impl Statement {
    /// Reads a text by the rules of an engine.
    ///
    /// # Errors
    /// When a quote or a comment is not closed, braces or brackets hold something else, or there is more than one statement.
    pub fn read(text: &str, dialect: Dialect) -> Result<Self, StatementError> {
        let scanned = Scanner::new(text, dialect).scan()?;
        if scanned.verb.is_empty() {
            return Err(StatementError::Empty);
        }
        Ok(Self { dialect, pieces: scanned.pieces, verb: scanned.verb.to_ascii_lowercase() })
    }

    /// Its first word, small: `select`.
    pub fn verb(&self) -> &str {
        &self.verb
    }

    /// The names of its parameters.
    pub fn parameters(&self) -> BTreeSet<&str> {
        let named = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Parameter(name) => Some(name.as_str()),
            _ => None,
        });
        named.collect()
    }

    /// The statement for tables of a prefix (checked: letters, digits and `_`), with values in it.
    ///
    /// # Errors
    /// When a value is missing, or is for no parameter, or has a null character.
    pub fn render(&self, prefix: &str, values: &BTreeMap<String, Value>) -> Result<String, StatementError> {
        let known = self.parameters();
        if let Some(unknown) = values.keys().find(|name| !known.contains(name.as_str())) {
            return Err(StatementError::Unknown(unknown.clone()));
        }
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Prefix => text.push_str(prefix),
                Piece::Table(name) => {
                    text.push_str(prefix);
                    text.push_str(name);
                }
                Piece::Parameter(name) => {
                    let value = values.get(name).ok_or_else(|| StatementError::Missing(name.clone()))?;
                    text.push_str(&self.literal(name, value)?);
                }
            }
        }
        Ok(text)
    }

    fn literal(&self, name: &str, value: &Value) -> Result<String, StatementError> {
        match value {
            // In parentheses, so that `-:n` of a negative number does not begin a comment.
            Value::Number(number) if *number < 0 => Ok(format!("({number})")),
            Value::Number(number) => Ok(number.to_string()),
            Value::Text(text) if text.contains('\0') => Err(StatementError::Null(name.to_owned())),
            Value::Text(text) => Ok(quoted(text, self.dialect)),
        }
    }
}

/// A text as a literal of an engine.
pub fn quoted(text: &str, dialect: Dialect) -> String {
    let inner = text.replace('\'', "''");
    match dialect {
        Dialect::Postgresql => format!("'{inner}'"),
        Dialect::Mariadb => format!("'{}'", inner.replace('\\', "\\\\")),
    }
}

/// A value that was given for a parameter: `name=text`, or `name:=5` for a whole number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The parameter.
    pub name: String,
    /// The value.
    pub value: Value,
}

/// Why something is no value for a parameter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GivenError {
    /// No name, or no sign.
    #[error("write NAME=TEXT, or NAME:=NUMBER")]
    Form,
    /// Not a number.
    #[error("`{0}` is no whole number")]
    Number(String),
}

impl FromStr for Given {
    type Err = GivenError;

    fn from_str(text: &str) -> Result<Self, GivenError> {
        let (name, value) = text.split_once('=').ok_or(GivenError::Form)?;
        let (name, value) = match name.strip_suffix(':') {
            Some(name) => {
                let number = value.parse().map_err(|_| GivenError::Number(value.to_owned()))?;
                (name, Value::Number(number))
            }
            None => (name, Value::Text(value.to_owned())),
        };
        if !scan::is_name(name) {
            return Err(GivenError::Form);
        }
        Ok(Self { name: name.to_owned(), value })
    }
}

#[cfg(test)]
mod tests;
