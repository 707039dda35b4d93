//! A statement that changes the rows of one table, taken apart: so that these rows can be had before they are changed, and kept.
//!
//! Only the plain forms are taken: `update TABLE set … where …`, `delete from TABLE where …` and `insert into TABLE …`. What joins other
//! tables can be said with a subquery in the condition.

use super::scan::{Scanner, Word};
use super::{Dialect, StatementError};

/// What is done to a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Rows get other values.
    Update {
        /// What stands behind `set`.
        set: String,
        /// The columns that get values there.
        columns: Vec<String>,
    },
    /// Rows go.
    Delete,
    /// Rows come.
    Insert {
        /// The whole statement.
        text: String,
    },
}

/// A statement that changes rows of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// The table's name in the database.
    pub table: String,
    /// Which rows: what stands behind `where`. `None`: all.
    pub condition: Option<String>,
    /// What is done.
    pub change: Change,
}

/// Why a statement is not one whose rows could be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The text is no statement.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// It is another one.
    #[error("`{0}` is none of update, delete and insert")]
    Verb(String),
    /// It is not of the plain form.
    #[error("this is not of the form `{0}`")]
    Form(&'static str),
    /// A word that is not taken, for then other rows would be touched than are shown.
    #[error("`{0}` cannot be part of it here")]
    Word(String),
    /// It changes the number of rows.
    #[error("the number of rows (`id`) cannot be changed: they are known by it")]
    Number,
}

const UPDATE: &str = "update {table} set … where …";
const DELETE: &str = "delete from {table} where …";
const INSERT: &str = "insert into {table} …";

/// Words that, outside brackets, bring in other tables or rows, or answer instead of the rows that are asked for.
const REFUSED: [&str; 18] = [
    "from",
    "using",
    "join",
    "returning",
    "order",
    "limit",
    "offset",
    "union",
    "intersect",
    "except",
    "group",
    "having",
    "window",
    "for",
    "into",
    "with",
    "ignore",
    "low_priority",
];

impl Write {
    /// Takes a statement apart, of which values and tables are filled in already.
    ///
    /// # Errors
    /// When it is not of a plain form.
    pub fn read(text: &str, dialect: Dialect) -> Result<Self, WriteError> {
        let scanned = Scanner::new(text, dialect).scan()?;
        let text = text.trim_end().trim_end_matches(';');
        let words: Vec<&Word> = scanned.words.iter().filter(|word| word.depth == 0).collect();
        let form = match scanned.verb.to_ascii_lowercase().as_str() {
            "update" => UPDATE,
            "delete" => DELETE,
            "insert" => INSERT,
            verb => return Err(WriteError::Verb(verb.to_owned())),
        };
        // Before the first word there is no bracket, and after the last no open one.
        if !scanned.balanced || scanned.words.first().is_none_or(|word| word.depth > 0) {
            return Err(WriteError::Form(form));
        }
        let read = match form {
            UPDATE => update(text, &words),
            DELETE => delete(text, &words),
            _ => insert(text, &words),
        };
        read?.ok_or(WriteError::Form(form))
    }
}

fn update(text: &str, words: &[&Word]) -> Result<Option<Write>, WriteError> {
    let [_, table, set, rest @ ..] = words else { return Ok(None) };
    // The name, and nothing between it and `set`: no alias, no list of tables.
    if !is(set, "set") || !blank(text, table.end, set.at) {
        return Ok(None);
    }
    refuse(rest)?;
    let place = rest.iter().find(|word| is(word, "where"));
    let end = place.map_or(text.len(), |word| word.at);
    let values = text.get(set.end..end).unwrap_or("").trim().to_owned();
    let columns = assigned(text, set.end, rest.iter().take_while(|word| word.at < end));
    if columns.iter().any(|column| column == "id") {
        return Err(WriteError::Number);
    }
    let change = Change::Update { set: values, columns };
    Ok(Some(Write { table: table.text.clone(), condition: condition(text, place.copied()), change }))
}

/// Words that stand at the beginning or behind a comma, and before a `=`.
fn assigned<'a>(text: &str, begin: usize, words: impl Iterator<Item = &'a &'a Word>) -> Vec<String> {
    let is_one = |word: &&&Word| {
        let before = text.get(begin..word.at).unwrap_or("").trim_end();
        let behind = text.get(word.end..).unwrap_or("").trim_start();
        (before.is_empty() || before.ends_with(',')) && behind.starts_with('=')
    };
    words.filter(is_one).map(|word| word.text.to_ascii_lowercase()).collect()
}

fn delete(text: &str, words: &[&Word]) -> Result<Option<Write>, WriteError> {
    let [_, from, table, rest @ ..] = words else { return Ok(None) };
    let behind = rest.first().map_or(text.len(), |word| word.at);
    if !is(from, "from") || !blank(text, table.end, behind) {
        return Ok(None);
    }
    let place = match rest.first() {
        Some(place) if is(place, "where") => Some(*place),
        Some(_) => return Ok(None),
        None => None,
    };
    refuse(rest)?;
    Ok(Some(Write { table: table.text.clone(), condition: condition(text, place), change: Change::Delete }))
}

fn insert(text: &str, words: &[&Word]) -> Result<Option<Write>, WriteError> {
    let [_, into, table, rest @ ..] = words else { return Ok(None) };
    if !is(into, "into") {
        return Ok(None);
    }
    // What comes is shown as it came; that something that is there were changed instead is not.
    let refused =
        |word: &&&Word| ["returning", "conflict", "duplicate", "ignore"].iter().any(|name| is(word, name));
    if let Some(word) = rest.iter().find(refused) {
        return Err(WriteError::Word(word.text.clone()));
    }
    let change = Change::Insert { text: text.to_owned() };
    Ok(Some(Write { table: table.text.clone(), condition: None, change }))
}

fn refuse(words: &[&Word]) -> Result<(), WriteError> {
    for (number, word) in words.iter().enumerate() {
        let distinct = number
            .checked_sub(1)
            .and_then(|before| words.get(before))
            .is_some_and(|word| is(word, "distinct"));
        let refused = REFUSED.iter().any(|name| is(word, name));
        // `a is distinct from b` compares.
        if refused && !(distinct && is(word, "from")) {
            return Err(WriteError::Word(word.text.clone()));
        }
    }
    Ok(())
}

fn is(word: &Word, name: &str) -> bool {
    word.text.eq_ignore_ascii_case(name)
}

fn blank(text: &str, from: usize, to: usize) -> bool {
    text.get(from..to).is_some_and(|between| between.trim().is_empty())
}

fn condition(text: &str, place: Option<&Word>) -> Option<String> {
    place.map(|word| text.get(word.end..).unwrap_or("").trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Write, WriteError> {
        let postgresql = Write::read(text, Dialect::Postgresql);
        assert_eq!(postgresql, Write::read(text, Dialect::Mariadb), "{text}");
        postgresql
    }

    fn update_of(set: &str, columns: &[&str], condition: Option<&str>) -> Write {
        Write {
            table: "mdl_user".to_owned(),
            condition: condition.map(str::to_owned),
            change: Change::Update {
                set: set.to_owned(),
                columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            },
        }
    }

    #[test]
    fn plain_forms_are_taken_apart() {
        assert_eq!(read("UPDATE mdl_user SET a = 1").unwrap(), update_of("a = 1", &["a"], None));
        let sub = "update mdl_user set a = (select max(b) from mdl_x where c = 1), d = 'where' where id in (select id from mdl_y)";
        let set = "a = (select max(b) from mdl_x where c = 1), d = 'where'";
        assert_eq!(read(sub).unwrap(), update_of(set, &["a", "d"], Some("id in (select id from mdl_y)")));
        let distinct = read("update mdl_user set a = 1 where a is distinct from b ;").unwrap();
        assert_eq!(distinct, update_of("a = 1", &["a"], Some("a is distinct from b")));
        let gone = read("delete from mdl_user where id = 5").unwrap();
        assert_eq!((gone.condition.as_deref(), gone.change), (Some("id = 5"), Change::Delete));
        assert_eq!(read("delete from mdl_user").unwrap().condition, None);
        assert_eq!(read("insert into mdl_user (a) select 1 from mdl_x").unwrap().table, "mdl_user");
    }

    #[test]
    fn what_touches_other_rows_than_are_shown_is_refused() {
        for text in [
            "update mdl_user u set a = 1",
            "update mdl_user, mdl_x set a = 1",
            "update only mdl_user set a = 1",
            "update mdl_user set a = 1 from mdl_x",
            "update mdl_user set a = 1 where b = 1 order by c limit 1",
            "update mdl_user set a = 1 where b = 1 returning a",
            "update mdl_user set a = 1 where b = 1 union select 1",
            "update mdl_user set a = 1 where b = 1) or (c = 1",
            "delete from mdl_user using mdl_x where a = 1",
            "delete mdl_user from mdl_user join mdl_x",
            "delete from mdl_user u where a = 1",
            "delete from mdl_user, mdl_x",
            "insert into mdl_user (a) values (1) on conflict do nothing",
            "insert into mdl_user (a) values (1) on duplicate key update a = 2",
            "insert ignore into mdl_user (a) values (1)",
            "with x as (select 1) delete from mdl_user",
            "truncate mdl_user",
            "replace into mdl_user (a) values (1)",
            "alter table mdl_user drop a",
            "select 1",
        ] {
            assert!(read(text).is_err(), "{text}: {:?}", read(text));
        }
    }
}
