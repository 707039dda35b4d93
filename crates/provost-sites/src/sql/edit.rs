//! Statements that change rows of one table: the rows are had first, kept, and can be put back.
//!
//! What was shown is what is changed: the rows are locked, compared with what was shown, and changed by their numbers, in one transaction.

mod back;
mod session;
mod text;

use std::collections::BTreeMap;
use std::time::Duration;

use provost_engine::context::Context;
use provost_fleet::model::{Engine, Site};
use provost_fleet::name::Name;
use provost_moodle::sql::write::{Change, Write, WriteError};
use provost_moodle::sql::{Statement, Value};
use serde::{Deserialize, Serialize};

use super::rows::Rows;
use super::{QuestionError, dialect};
use crate::server::{Servers, Sql};
pub use back::{PutBack, put_back};
use session::{begin, connect, identifier, in_time, run, select};
use text::{by_number, columns, list, numbered};

/// Why rows were not changed. Nothing of the site was, then.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// It is no statement whose rows could be kept.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The site could not be asked.
    #[error(transparent)]
    Question(#[from] QuestionError),
    /// The table is none of the site's.
    #[error("`{0}` is none of Moodle's tables here")]
    Table(String),
    /// Its rows have no number.
    #[error("rows of `{0}` have no `id`, by which they could be kept")]
    NoId(String),
    /// It would touch more rows than are kept.
    #[error("it would touch more than are kept, which is {0} rows, or 8 MiB of them")]
    TooMany(usize),
    /// What was shown is no longer so.
    #[error("the rows are no longer those that were shown")]
    Differs,
    /// Other rows were changed than were shown.
    #[error("it changed {changed} rows, where {shown} were shown")]
    Other {
        /// How many it changed.
        changed: u64,
        /// How many were shown.
        shown: usize,
    },
    /// What was changed could not be kept.
    #[error("what was there could not be kept")]
    Keep(#[source] std::io::Error),
    /// The rows are those of another site.
    #[error("it is another site than the one whose rows were changed")]
    OtherSite,
    /// What would be changed could not be shown beforehand.
    #[error("{0}")]
    NotShown(String),
    /// Rows were changed since.
    #[error("{} of the rows were changed since, and stay: {}{}", .0.len(), .0.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", "), if .0.len() > 5 { ", …" } else { "" })]
    Since(Vec<String>),
}

impl From<sqlx::Error> for EditError {
    fn from(error: sqlx::Error) -> Self {
        Self::Question(error.into())
    }
}

/// What is to be changed at each site.
#[derive(Debug, Clone)]
pub struct Edit {
    /// The statement, with Moodle's braces.
    pub text: String,
    /// Values of its parameters.
    pub values: BTreeMap<String, Value>,
    /// Most rows that are changed at a site.
    pub most_rows: usize,
    /// How long a site may take.
    pub patience: Duration,
}

/// What is done to rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// They get other values.
    Update,
    /// They go.
    Delete,
    /// They come.
    Insert,
}

/// Rows of one table of one site, before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    /// What is done.
    pub verb: Verb,
    /// The table, as the database has it.
    pub table: String,
    /// Its columns, of which those that hold bytes are in hexadecimal digits.
    pub columns: Vec<Column>,
    /// The rows before, by their number; none where they come.
    pub before: Vec<Vec<Option<String>>>,
    /// The rows after; none where they go.
    pub after: Vec<Vec<Option<String>>>,
    /// The columns that get other values; all where none is named.
    #[serde(default)]
    pub assigned: Vec<String>,
    /// Moodle's identifier of the site whose rows they are: another site may have its name by the time that they are put back.
    #[serde(default)]
    pub identifier: Option<String>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Whether it holds bytes, and no text.
    pub bytes: bool,
}

impl Touched {
    /// How many rows there are.
    pub fn count(&self) -> usize {
        self.before.len().max(self.after.len())
    }

    /// What is shown of it: the rows that are there before, or that come, with their numbers and the columns that get other values. Of a
    /// column that holds secrets, by its name, nothing is shown.
    pub fn shown(&self, is_secret: impl Fn(&str) -> bool) -> Rows {
        let rows = if self.verb == Verb::Insert { &self.after } else { &self.before };
        let named = |name: &str| {
            self.assigned.is_empty() || name == "id" || self.assigned.iter().any(|one| one == name)
        };
        let places: Vec<usize> = self
            .columns
            .iter()
            .enumerate()
            .filter(|(_, column)| named(&column.name))
            .map(|(at, _)| at)
            .collect();
        let of = |at: &usize| self.columns.get(*at).map(|column| column.name.clone());
        let value = |row: &Vec<Option<String>>, at: &usize| {
            let hidden = self.columns.get(*at).is_some_and(|column| is_secret(&column.name));
            let value = row.get(*at).cloned().flatten();
            if hidden { value.map(|_| "(secret)".to_owned()) } else { value }
        };
        let columns = places.iter().filter_map(of).collect();
        let rows = rows.iter().map(|row| places.iter().map(|at| value(row, at)).collect()).collect();
        Rows { columns, rows, cut: false }
    }
}

impl Edit {
    /// Whether it could be done on an engine, before anybody is asked.
    ///
    /// # Errors
    /// When it is none whose rows could be kept.
    pub fn check(&self, engine: Engine) -> Result<(), EditError> {
        self.read(engine, "mdl_").map(drop)
    }

    fn read(&self, engine: Engine, prefix: &str) -> Result<Write, EditError> {
        let statement = Statement::read(&self.text, dialect(engine)).map_err(WriteError::from)?;
        let text = statement.render(prefix, &self.values).map_err(WriteError::from)?;
        let write = Write::read(&text, dialect(engine))?;
        if !write.table.starts_with(prefix) {
            return Err(EditError::Table(write.table));
        }
        Ok(write)
    }

    /// What it would change. Rows that would come are those of a transaction that is given up.
    ///
    /// # Errors
    /// The database's, and when it would touch too many.
    pub async fn preview(
        &self,
        cx: &Context,
        servers: &Servers,
        name: &Name,
        site: &Site,
    ) -> Result<Touched, EditError> {
        in_time(cx, self.patience, async {
            let mut own = connect(cx, servers, name, site).await?;
            let write = self.read(own.sql.engine(), &site.prefix)?;
            let sql = &mut own.sql;
            begin(
                sql,
                self.patience,
                write.change == Change::Delete || matches!(write.change, Change::Update { .. }),
            )
            .await?;
            let touched = self.look(sql, &write).await;
            run(sql, "rollback").await?;
            own.close().await;
            touched
        })
        .await
    }

    async fn look(&self, sql: &mut Sql, write: &Write) -> Result<Touched, EditError> {
        let columns = columns(sql, &write.table).await?;
        match &write.change {
            Change::Insert { text } => {
                let after = self.put_in(sql, &columns, text).await?;
                let (verb, before) = (Verb::Insert, Vec::new());
                Ok(Touched {
                    verb,
                    table: write.table.clone(),
                    columns,
                    before,
                    after,
                    assigned: Vec::new(),
                    identifier: None,
                })
            }
            change => {
                let before = self.rows(sql, write, &columns, false).await?;
                let verb = if *change == Change::Delete { Verb::Delete } else { Verb::Update };
                let assigned = match change {
                    Change::Update { columns, .. } => columns.clone(),
                    _ => Vec::new(),
                };
                Ok(Touched {
                    verb,
                    table: write.table.clone(),
                    columns,
                    before,
                    after: Vec::new(),
                    assigned,
                    identifier: None,
                })
            }
        }
    }

    /// The rows that it means.
    async fn rows(
        &self,
        sql: &mut Sql,
        write: &Write,
        columns: &[Column],
        lock: bool,
    ) -> Result<Vec<Vec<Option<String>>>, EditError> {
        let condition = write.condition.as_ref().map(|text| format!(" where {text}")).unwrap_or_default();
        let lock = if lock { " for update" } else { "" };
        let text = format!(
            "select {} from {}{condition} order by id limit {}{lock}",
            list(sql.engine(), columns),
            write.table,
            self.most_rows.saturating_add(1)
        );
        self.few(select(sql, &text, self.most_rows).await?)
    }

    async fn put_in(
        &self,
        sql: &mut Sql,
        columns: &[Column],
        text: &str,
    ) -> Result<Vec<Vec<Option<String>>>, EditError> {
        let text = format!("{text} returning {}", list(sql.engine(), columns));
        self.few(select(sql, &text, self.most_rows).await?)
    }

    fn few(&self, rows: Rows) -> Result<Vec<Vec<Option<String>>>, EditError> {
        if rows.cut { Err(EditError::TooMany(self.most_rows)) } else { Ok(rows.rows) }
    }

    /// Changes what was shown, in one transaction; what is there before and after is kept by `keep` before it holds.
    ///
    /// # Errors
    /// When the rows are no longer those that were shown, other ones would be changed, or they cannot be kept: then nothing was changed.
    pub async fn write(
        &self,
        cx: &Context,
        servers: &Servers,
        name: &Name,
        site: &Site,
        shown: &Touched,
        keep: impl FnOnce(&Touched) -> std::io::Result<()>,
    ) -> Result<Touched, EditError> {
        in_time(cx, self.patience, async {
            let mut own = connect(cx, servers, name, site).await?;
            let write = self.read(own.sql.engine(), &site.prefix)?;
            begin(&mut own.sql, self.patience, false).await?;
            let identifier = identifier(&mut own.sql, &site.prefix).await?;
            let done =
                self.change(&mut own.sql, &write, shown).await.map(|done| Touched { identifier, ..done });
            let done = done.and_then(|touched| keep(&touched).map(|()| touched).map_err(EditError::Keep));
            run(&mut own.sql, if done.is_ok() { "commit" } else { "rollback" }).await?;
            own.close().await;
            done
        })
        .await
    }

    async fn change(&self, sql: &mut Sql, write: &Write, shown: &Touched) -> Result<Touched, EditError> {
        let mut touched = Touched { after: Vec::new(), ..shown.clone() };
        if let Change::Insert { text } = &write.change {
            touched.after = self.put_in(sql, &shown.columns, text).await?;
            return Ok(touched);
        }
        if self.rows(sql, write, &shown.columns, true).await? != shown.before {
            return Err(EditError::Differs);
        }
        let meant = numbered(&touched, &shown.before)?;
        let text = match &write.change {
            Change::Update { set, .. } => format!("update {} set {set} where {meant}", write.table),
            _ => format!("delete from {} where {meant}", write.table),
        };
        let changed = run(sql, &text).await?;
        touched.after = by_number(sql, &touched, &meant, false).await?;
        let left = touched.after.len();
        let whole = match write.change {
            Change::Update { .. } => left == shown.before.len(),
            _ => left == 0 && usize::try_from(changed).ok() == Some(shown.before.len()),
        };
        if !whole {
            return Err(EditError::Other { changed, shown: shown.before.len() });
        }
        Ok(touched)
    }
}
