//! Queries that are kept with the fleet: `queries/NAME.sql` beside the fleet file. What its comment at the beginning says is told in the
//! list.

use camino::{Utf8Path, Utf8PathBuf};
use provost_fleet::suggest::nearest;
use provost_moodle::sql::{Dialect, Statement};
use serde::Serialize;

use super::{Source, SqlError};
use crate::OpsError;
use crate::session::Call;

/// Where they are, beside the fleet file.
const DIRECTORY: &str = "queries";

/// The longest file that is taken for a query, in bytes.
const LONGEST: u64 = 1 << 20;

/// Why a saved query cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    /// There is none of that name.
    #[error("there is no saved query `{name}`")]
    None {
        /// What was given.
        name: String,
        /// The names that there are.
        there: Vec<String>,
    },
    /// It is too long.
    #[error("`{0}` is longer than {LONGEST} bytes")]
    Long(Utf8PathBuf),
    /// A file could not be read.
    #[error("cannot read `{path}`")]
    Io {
        /// Which.
        path: Utf8PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

impl SavedError {
    pub(super) fn is_usage(&self) -> bool {
        matches!(self, Self::None { .. })
    }

    pub(super) fn hint(&self) -> Option<String> {
        let Self::None { name, there } = self else { return None };
        Some(match nearest(name, there.iter().map(String::as_str)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if there.is_empty() => {
                format!("write it into `{DIRECTORY}/{name}.sql` beside the fleet file")
            }
            None => "`provost sql --list` shows those that there are".to_owned(),
        })
    }
}

/// All of them.
#[derive(Debug, Serialize)]
pub struct SavedQueries {
    /// Version of this form.
    pub schema: u32,
    /// The queries, by name.
    pub queries: Vec<SavedQuery>,
}

/// One that is kept.
#[derive(Debug, Serialize)]
pub struct SavedQuery {
    /// Its name.
    pub name: String,
    /// The first line of its comment.
    pub about: String,
    /// Its parameters.
    pub parameters: Vec<String>,
    /// Why it cannot be read, where it cannot.
    pub fault: Option<String>,
}

/// The queries that are kept with the fleet.
///
/// # Errors
/// When the directory or a file cannot be read.
pub fn list(call: &Call) -> Result<SavedQueries, OpsError> {
    let directory = directory(call);
    let names = names(&directory).map_err(SqlError::from)?;
    let one = |name: String| -> Result<SavedQuery, OpsError> {
        let text = text(&directory.join(format!("{name}.sql"))).map_err(SqlError::from)?;
        let about = text.lines().next().and_then(|line| line.strip_prefix("--")).unwrap_or_default().trim();
        let about = about.to_owned();
        // By the rules of one engine: placeholders are the same on both but within odd quotes.
        let (parameters, fault) = match Statement::read(&text, Dialect::Postgresql) {
            Ok(statement) => (statement.parameters().into_iter().map(str::to_owned).collect(), None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        Ok(SavedQuery { name, about, parameters, fault })
    };
    let queries = names.into_iter().map(one).collect::<Result<_, _>>()?;
    Ok(SavedQueries { schema: 1, queries })
}

/// A statement, wherever it comes from.
pub(super) fn text_of(call: &Call, source: &Source) -> Result<String, SqlError> {
    match source {
        Source::Text(text) => Ok(text.clone()),
        Source::Saved(name) => read(call, name),
    }
}

/// The text of one.
fn read(call: &Call, name: &str) -> Result<String, SqlError> {
    let directory = directory(call);
    let there = names(&directory)?;
    // Only what is in the list is opened: a name is no path.
    if !there.iter().any(|one| one == name) {
        return Err(SavedError::None { name: name.to_owned(), there }.into());
    }
    Ok(text(&directory.join(format!("{name}.sql")))?)
}

fn directory(call: &Call) -> Utf8PathBuf {
    call.fleet_path().parent().unwrap_or(Utf8Path::new("/")).join(DIRECTORY)
}

fn names(directory: &Utf8Path) -> Result<Vec<String>, SavedError> {
    let failed = |source| SavedError::Io { path: directory.to_owned(), source };
    let entries = match directory.read_dir_utf8() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(failed)?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        if let Some(name) = entry.file_name().strip_suffix(".sql")
            && entry.path().is_file()
        {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn text(path: &Utf8Path) -> Result<String, SavedError> {
    let failed = |source| SavedError::Io { path: path.to_owned(), source };
    if path.metadata().map_err(failed)?.len() > LONGEST {
        return Err(SavedError::Long(path.to_owned()));
    }
    std::fs::read_to_string(path).map_err(failed)
}
