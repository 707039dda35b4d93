//! Rows and columns as SQL has them.

use provost_fleet::model::Engine;
use provost_moodle::sql::quoted;

use super::session::select;
use super::{Column, EditError, Touched};
use crate::server::Sql;
use crate::sql::dialect;

pub(super) fn id_of(touched: &Touched, row: &[Option<String>]) -> Option<String> {
    let at = touched.columns.iter().position(|column| column.name == "id")?;
    row.get(at)?.clone()
}

/// A condition that means exactly these rows.
pub(super) fn numbered(touched: &Touched, rows: &[Vec<Option<String>>]) -> Result<String, EditError> {
    let ids: Option<Vec<i64>> = rows.iter().map(|row| id_of(touched, row)?.parse().ok()).collect();
    let ids = ids.ok_or_else(|| EditError::NoId(touched.table.clone()))?;
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    // No row has the number 0.
    Ok(format!("id in ({})", if ids.is_empty() { "0".to_owned() } else { ids.join(", ") }))
}

pub(super) async fn by_number(
    sql: &mut Sql,
    touched: &Touched,
    meant: &str,
    lock: bool,
) -> Result<Vec<Vec<Option<String>>>, EditError> {
    let columns = list(sql.engine(), &touched.columns);
    let lock = if lock { " for update" } else { "" };
    let text = format!("select {columns} from {} where {meant} order by id{lock}", touched.table);
    let rows = select(sql, &text, usize::MAX - 1).await?;
    if rows.cut { Err(EditError::TooMany(rows.rows.len())) } else { Ok(rows.rows) }
}

/// A value as a literal, which either engine takes for what its column is.
pub(super) fn literal(engine: Engine, column: &Column, value: Option<&str>) -> String {
    match (value, column.bytes, engine) {
        (None, ..) => "null".to_owned(),
        (Some(digits), true, Engine::Postgresql) => {
            format!("decode({}, 'hex')", quoted(digits, dialect(engine)))
        }
        (Some(digits), true, Engine::Mariadb) => format!("unhex({})", quoted(digits, dialect(engine))),
        (Some(text), false, _) => quoted(text, dialect(engine)),
    }
}

pub(super) fn named(engine: Engine, name: &str) -> String {
    match engine {
        Engine::Postgresql => format!("\"{}\"", name.replace('"', "\"\"")),
        Engine::Mariadb => format!("`{}`", name.replace('`', "``")),
    }
}

/// Columns as they are selected: bytes in hexadecimal digits.
pub(super) fn list(engine: Engine, columns: &[Column]) -> String {
    let one = |column: &Column| {
        let name = named(engine, &column.name);
        match (column.bytes, engine) {
            (false, _) => name,
            (true, Engine::Postgresql) => format!("encode({name}, 'hex') as {name}"),
            (true, Engine::Mariadb) => format!("hex({name}) as {name}"),
        }
    };
    columns.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The columns of a table, of which one is its number.
pub(super) async fn columns(sql: &mut Sql, table: &str) -> Result<Vec<Column>, EditError> {
    let engine = sql.engine();
    let schema = if engine == Engine::Postgresql { "current_schema()" } else { "database()" };
    let text = format!(
        "select column_name, data_type from information_schema.columns where table_schema = {schema} and table_name = {} \
         order by ordinal_position",
        quoted(table, dialect(engine))
    );
    let found = select(sql, &text, 10_000).await?;
    let bytes = ["bytea", "blob", "tinyblob", "mediumblob", "longblob", "binary", "varbinary", "bit"];
    let columns: Vec<Column> = found
        .rows
        .into_iter()
        .filter_map(|row| {
            let [name, kind] = <[Option<String>; 2]>::try_from(row).ok()?;
            Some(Column { name: name?, bytes: bytes.contains(&kind?.to_ascii_lowercase().as_str()) })
        })
        .collect();
    match () {
        () if columns.is_empty() => Err(EditError::Table(table.to_owned())),
        () if !columns.iter().any(|column| column.name == "id") => Err(EditError::NoId(table.to_owned())),
        () => Ok(columns),
    }
}
