//! What one site has, as errands that bring it to others: changed strings, files, rows of tables.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use base64::Engine as _;
use camino::{Utf8Path, Utf8PathBuf};
use provost_admin::errand::{
    Errand, FILES_LIST, FILES_PUT, FILES_READ, LANG_CHANGE, LANG_STRINGS, PLUGINS_LIST, PLUGINS_STATE,
    TABLES_MERGE,
};
use provost_sites::sql::Rows;
use serde_json::json;
use tempfile::NamedTempFile;

use crate::OpsError;
use crate::errands::{self, ErrandOptions};
use crate::error::io;
use crate::session::Call;
use crate::site::Targets;
use crate::sql::{self, Source, SqlOptions};

/// Most rows of a table that are copied: they go through PHP one by one.
const MOST_ROWS: usize = 10_000;

/// How long the reading of a table may take.
const PATIENCE: Duration = Duration::from_mins(5);

/// An area of files that a plugin keeps for a whole site.
#[derive(Debug, Clone)]
pub struct Area {
    /// The plugin, or a part of core: `theme_boost`, `core_admin`.
    pub component: String,
    /// The area: `logo`.
    pub area: String,
}

/// The strings of a language that were changed at a site.
///
/// # Errors
/// When the site cannot be read.
pub async fn strings(call: &Call, from: &str, language: &str) -> Result<Errand, OpsError> {
    let read = look(call, from, &LANG_STRINGS.with(json!({ "language": language }))).await?;
    let strings: Vec<_> = read
        .rows
        .iter()
        .map(|row| json!({ "component": cell(row, 1), "string": cell(row, 2), "text": cell(row, 3) }))
        .collect();
    Ok(LANG_CHANGE.with(json!({ "language": language, "strings": strings })))
}

/// Which plugins are enabled at a site, of those with a text in their name.
///
/// # Errors
/// When the site cannot be read, or has none of them.
pub async fn plugins(call: &Call, from: &str, part: Option<&str>) -> Result<Errand, OpsError> {
    let read = look(call, from, &PLUGINS_LIST.with(json!({ "plugin": part }))).await?;
    let at = |name: &str| read.columns.iter().position(|column| column == name);
    let (Some(plugin), Some(enabled)) = (at("plugin"), at("enabled")) else {
        return Err(unreadable(from, "what it told of its plugins cannot be read".to_owned()));
    };
    let state =
        |row: &Vec<Option<String>>| Some((cell(row, plugin)?.to_owned(), cell(row, enabled)? == "yes"));
    let states: BTreeMap<String, bool> = read.rows.iter().filter_map(state).collect();
    if states.is_empty() {
        return Err(unreadable(from, "it has no such plugins that can be enabled".to_owned()));
    }
    Ok(PLUGINS_STATE.with(json!({ "states": states })))
}

/// A file that is on its way, until this value goes.
#[derive(Debug)]
pub struct Carried {
    /// Puts it there.
    pub errand: Errand,
    /// Where it is meanwhile.
    _file: NamedTempFile,
}

/// The files of an area of a site. With `alone`, what others have there besides goes.
///
/// # Errors
/// When the site cannot be read, or has no file there.
pub async fn files(call: &Call, from: &str, area: &Area, alone: bool) -> Result<Vec<Carried>, OpsError> {
    let place = json!({ "component": area.component, "area": area.area });
    let listed = look(call, from, &FILES_LIST.with(place)).await?;
    if listed.rows.is_empty() {
        let why = format!("it has no files in the area `{}` of {}", area.area, area.component);
        return Err(unreadable(from, why));
    }
    let mut carried = Vec::new();
    for row in &listed.rows {
        let (item, path) =
            (cell(row, 0).and_then(|item| item.parse::<i64>().ok()).unwrap_or_default(), cell(row, 1));
        let params = json!({ "component": area.component, "area": area.area, "item": item, "path": path });
        let read = look(call, from, &FILES_READ.with(params.clone())).await?;
        let text = read.rows.first().and_then(|row| cell(row, 0)).unwrap_or_default();
        let bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap_or_default();
        let mut params = params;
        // What else is there goes with the only one that there is.
        params["alone"] = json!(alone && listed.rows.len() == 1);
        let (file, path) = kept(&bytes).map_err(io("write", Utf8Path::new("a temporary file")))?;
        carried.push(Carried { errand: FILES_PUT.with(params).file(path), _file: file });
    }
    Ok(carried)
}

/// Rows of a table.
#[derive(Debug, Clone)]
pub struct TableCopy {
    /// The site that has them.
    pub from: String,
    /// The table, without its prefix.
    pub table: String,
    /// Which rows: a condition of SQL; all without.
    pub condition: Option<String>,
    /// The columns that say which rows are the same.
    pub key: Vec<String>,
    /// Whether others have only these rows then.
    pub alone: bool,
}

/// Rows of a table of a site.
///
/// # Errors
/// When the site cannot be read, or the condition is none.
pub async fn rows(call: &Call, copy: &TableCopy) -> Result<Errand, OpsError> {
    let condition = copy.condition.as_ref().map(|text| format!(" where {text}")).unwrap_or_default();
    let options = SqlOptions {
        source: Source::Text(format!("select * from {{{}}}{condition}", copy.table)),
        values: Vec::new(),
        targets: only(&copy.from),
        most_rows: MOST_ROWS,
        patience: PATIENCE,
    };
    let mut asked = sql::ask(call, &options).await?;
    let site = asked.sites.pop().ok_or(OpsError::Interrupted)?;
    let Some(read) = site.done else { return Err(unreadable(&copy.from, site.error.unwrap_or_default())) };
    if read.cut {
        return Err(unreadable(&copy.from, format!("more than {MOST_ROWS} rows are not copied in this way")));
    }
    let others = if copy.alone { "delete" } else { "keep" };
    Ok(TABLES_MERGE.with(json!({
        "table": copy.table, "columns": read.columns, "rows": read.rows, "key": copy.key, "others": others,
    })))
}

/// What an errand that only looks tells of one site.
///
/// # Errors
/// When the site cannot be read.
pub async fn look(call: &Call, from: &str, errand: &Errand) -> Result<Rows, OpsError> {
    let options = ErrandOptions { targets: only(from), ..ErrandOptions::default() };
    let mut report = errands::run(call, errand, &options, async |_| false).await?;
    let site = report.sites.pop().ok_or(OpsError::Interrupted)?;
    match site.done {
        Some(told) => Ok(told.rows),
        None => Err(unreadable(from, site.error.unwrap_or_default())),
    }
}

/// A file that only this account reads.
fn kept(bytes: &[u8]) -> std::io::Result<(NamedTempFile, Utf8PathBuf)> {
    let mut file = NamedTempFile::new()?;
    file.write_all(bytes)?;
    let path = Utf8PathBuf::from_path_buf(file.path().to_owned())
        .map_err(|_| std::io::Error::other("its path is no text"))?;
    Ok((file, path))
}

fn only(site: &str) -> Targets {
    Targets { names: vec![site.to_owned()], selection: None }
}

fn cell(row: &[Option<String>], column: usize) -> Option<&str> {
    row.get(column)?.as_deref()
}

fn unreadable(site: &str, why: String) -> OpsError {
    match site.parse() {
        Ok(site) => OpsError::Source { site, why },
        Err(_) => OpsError::Interrupted,
    }
}
