//! Rows of which nobody knows the types: all come as the engine writes them as text.

use futures_util::stream::{Stream, StreamExt as _};
use serde::{Deserialize, Serialize};
use sqlx::mysql::MySqlRow;
use sqlx::postgres::PgRow;
use sqlx::{Column as _, Row, ValueRef as _};

/// Most bytes of values that are taken of one site: many sites answer at once, and all is kept until it is printed.
const MOST_BYTES: usize = 8 << 20;

/// What a site answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    /// Names of the columns; empty where no row came.
    pub columns: Vec<String>,
    /// The rows, as the engine writes values; `None` is null. What is no text is written as hexadecimal digits behind `\x`.
    pub rows: Vec<Vec<Option<String>>>,
    /// There was more than was taken.
    #[serde(default)]
    pub cut: bool,
}

/// Rows as they come, up to a limit.
pub(super) struct Collected {
    pub(super) rows: Rows,
    most: usize,
    bytes: usize,
}

impl Collected {
    pub(super) fn new(most: usize) -> Self {
        Self { rows: Rows::default(), most, bytes: 0 }
    }

    /// Takes rows until they end or are too many.
    pub(super) async fn take<R: Textual>(
        &mut self,
        mut from: impl Stream<Item = Result<R, sqlx::Error>> + Unpin,
    ) -> Result<(), sqlx::Error> {
        while let Some(row) = from.next().await {
            if self.rows.rows.len() >= self.most || self.bytes >= MOST_BYTES {
                self.rows.cut = true;
                return Ok(());
            }
            let row = row?;
            if self.rows.rows.is_empty() {
                self.rows.columns = row.columns().iter().map(|column| column.name().to_owned()).collect();
            }
            let values = (0..row.len()).map(|at| row.text(at)).collect::<Result<Vec<_>, _>>()?;
            self.bytes += values.iter().flatten().map(String::len).sum::<usize>();
            self.rows.rows.push(values);
        }
        Ok(())
    }
}

/// A row whose values can be had as text, whatever they are.
pub(super) trait Textual: Row {
    /// A value as text; `None` where it is null.
    fn text(&self, at: usize) -> Result<Option<String>, sqlx::Error>;
}

impl Textual for PgRow {
    fn text(&self, at: usize) -> Result<Option<String>, sqlx::Error> {
        let value = self.try_get_raw(at)?;
        if value.is_null() {
            return Ok(None);
        }
        value.as_bytes().map(|bytes| Some(readable(bytes))).map_err(sqlx::Error::Decode)
    }
}

impl Textual for MySqlRow {
    fn text(&self, at: usize) -> Result<Option<String>, sqlx::Error> {
        // In the protocol of texts every value is one, whatever its type.
        let bytes: Option<Vec<u8>> = self.try_get_unchecked(at)?;
        Ok(bytes.as_deref().map(readable))
    }
}

fn readable(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("\\x{}", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
    }
}
