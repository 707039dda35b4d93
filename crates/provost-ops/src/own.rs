//! `provost run`: commands of the fleet's own, in `commands/` beside the fleet file.

mod reports;

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use provost_admin::command::{Header, HeaderError, Language, ValueError};
use provost_fleet::suggest::nearest;
use provost_moodle::sql::{Given, Value};
use provost_sites::script::Script;
use serde::Serialize;

use crate::OpsError;
use crate::errands::ErrandOptions;
use crate::error::Exit;
use crate::scripts::{self, ScriptReport};
use crate::session::Call;
use crate::sql::write::{self, Written};
use crate::sql::{self, Asked, Source, SqlOptions};

/// The directory beside the fleet file.
const DIRECTORY: &str = "commands";

/// The largest file, in bytes.
const LONGEST: u64 = 1 << 20;

/// Most rows of a site, and how long it may take, unless something else is said: as for `provost sql`.
const MOST_ROWS: usize = 10_000;
const PATIENCE: std::time::Duration = std::time::Duration::from_mins(1);

/// Why there is no such command.
#[derive(Debug, thiserror::Error)]
pub enum OwnError {
    /// The directory has none of that name.
    #[error("there is no command `{name}`")]
    None {
        /// What was asked for.
        name: String,
        /// What there is.
        there: Vec<String>,
    },
    /// Two files have one name.
    #[error("`commands/{0}` is there in two languages")]
    Two(String),
    /// A file cannot be read.
    #[error("cannot read `{path}`")]
    Io {
        /// Which.
        path: Utf8PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Its header cannot be read.
    #[error("`{path}` is no command")]
    Header {
        /// Which.
        path: Utf8PathBuf,
        /// Why not.
        #[source]
        source: HeaderError,
    },
    /// A value is none.
    #[error(transparent)]
    Value(#[from] ValueError),
}

impl OwnError {
    /// What it means for the exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Io { .. } => Exit::Failed,
            _ => Exit::Usage,
        }
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> Option<String> {
        Some(match self {
            Self::None { there, .. } if there.is_empty() => {
                "write one into `commands/NAME.sql` or `NAME.php` beside the fleet file".to_owned()
            }
            Self::None { name, there } => match nearest(name, there.iter().map(String::as_str)) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("there are {}", there.join(", ")),
            },
            Self::Two(_) => "give one of them another name".to_owned(),
            Self::Header { .. } => "docs/commands.md says what it begins with".to_owned(),
            Self::Value(_) => {
                "`provost run NAME --help` says what it takes; give it with `-p NAME=VALUE`".to_owned()
            }
            Self::Io { .. } => return None,
        })
    }
}

/// A command.
#[derive(Debug, Serialize)]
pub struct Own {
    /// Its name: the file's.
    pub name: String,
    /// In what it is written.
    pub language: Language,
    /// Whether it came with Provost.
    pub built_in: bool,
    /// What its header says.
    #[serde(flatten)]
    pub header: Header,
    /// The whole text.
    #[serde(skip)]
    pub text: String,
}

/// All commands.
#[derive(Debug, Serialize)]
pub struct OwnCommands {
    /// Version of this form.
    pub schema: u32,
    /// Those that can be run.
    pub commands: Vec<Own>,
    /// Files that cannot, and why.
    pub faults: Vec<String>,
}

/// The commands of the fleet.
///
/// # Errors
/// When the directory cannot be read. A file that is no command is told.
pub fn list(call: &Call) -> Result<OwnCommands, OpsError> {
    let mut all = OwnCommands { schema: 1, commands: Vec::new(), faults: Vec::new() };
    let directory = directory(call);
    for name in names(&directory)? {
        match find(call, &name) {
            Ok(own) => all.commands.push(own),
            Err(error) => all.faults.push(provost_engine::execute::full_chain(&error)),
        }
    }
    for (name, ..) in reports::REPORTS {
        if !all.commands.iter().any(|own| own.name == *name) {
            all.commands.push(find(call, name)?);
        }
    }
    Ok(all)
}

/// One command.
///
/// # Errors
/// When there is none of that name, or its header cannot be read.
pub fn find(call: &Call, name: &str) -> Result<Own, OwnError> {
    let directory = directory(call);
    let there = names(&directory)?;
    // Only what is in the list is opened: a name is no path.
    if !there.iter().any(|one| one == name) {
        if let Some(own) = built_in(name)? {
            return Ok(own);
        }
        let carried = reports::REPORTS.iter().map(|(name, ..)| (*name).to_owned());
        let there = there.into_iter().chain(carried).collect();
        return Err(OwnError::None { name: name.to_owned(), there });
    }
    let files = ["sql", "php"].map(|extension| directory.join(format!("{name}.{extension}")));
    let files: Vec<Utf8PathBuf> = files.into_iter().filter(|path| path.is_file()).collect();
    let [path] = &files[..] else { return Err(OwnError::Two(name.to_owned())) };
    let failed = |source| OwnError::Io { path: path.clone(), source };
    if path.metadata().map_err(failed)?.len() > LONGEST {
        return Err(failed(std::io::Error::other("it is longer than 1 MiB")));
    }
    let text = fs_err::read_to_string(path).map_err(failed)?;
    let language = path.extension().and_then(Language::of).unwrap_or(Language::Sql);
    let header = Header::read(&text, language);
    let header = header.map_err(|source| OwnError::Header { path: path.clone(), source })?;
    Ok(Own { name: name.to_owned(), language, built_in: false, header, text })
}

/// One that came with Provost.
fn built_in(name: &str) -> Result<Option<Own>, OwnError> {
    let Some((language, text)) = reports::text(name) else { return Ok(None) };
    let path = Utf8PathBuf::from(name);
    let header = Header::read(text, language).map_err(|source| OwnError::Header { path, source })?;
    let text = text.to_owned();
    Ok(Some(Own { name: name.to_owned(), language, built_in: true, header, text }))
}

fn directory(call: &Call) -> Utf8PathBuf {
    call.fleet_path().parent().unwrap_or(Utf8Path::new("/")).join(DIRECTORY)
}

fn names(directory: &Utf8Path) -> Result<Vec<String>, OwnError> {
    let failed = |source| OwnError::Io { path: directory.to_owned(), source };
    let entries = match directory.read_dir_utf8() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(failed)?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.into_path();
        if path.extension().and_then(Language::of).is_some() && path.is_file() {
            names.extend(path.file_stem().map(str::to_owned));
        }
    }
    names.sort();
    names.dedup();
    Ok(names)
}

/// What a command did.
pub enum Ran {
    /// It asked the databases.
    Asked(Asked),
    /// It changed rows.
    Written(Written),
    /// It was run by PHP.
    Script(ScriptReport),
    /// It was not agreed to.
    Refused,
    /// It writes, and what a script would do is only known when it has done it.
    CannotShow,
}

/// What is asked before a command changes something.
pub enum Question<'a> {
    /// It runs, and nobody knows before what it does.
    Script(&'a Own),
    /// It changes these rows.
    Rows(&'a Own, &'a Written),
}

/// Runs a command at the sites that are meant; one that only looks looks at all where nothing is said.
///
/// # Errors
/// When there is no such command, a value is none, or no sites are meant. What goes wrong at a site is told with it.
pub async fn run(
    call: &Call,
    name: &str,
    given: &[(String, String)],
    options: &ErrandOptions,
    ask: impl AsyncFnOnce(Question<'_>) -> bool,
) -> Result<Ran, OpsError> {
    let own = find(call, name)?;
    let values = own.header.values(given, jiff::Timestamp::now()).map_err(OwnError::from)?;
    match own.language {
        Language::Sql if own.header.writes => {
            let options_of = sql_options(&own, &values, options);
            let ask = async |written: &Written| ask(Question::Rows(&own, written)).await;
            write::write(call, &options_of, options.dry_run, ask).await.map(Ran::Written)
        }
        Language::Sql => sql::ask(call, &sql_options(&own, &values, options)).await.map(Ran::Asked),
        Language::Php => {
            if own.header.writes && options.dry_run {
                return Ok(Ran::CannotShow);
            }
            if own.header.writes && !ask(Question::Script(&own)).await {
                return Ok(Ran::Refused);
            }
            let params = serde_json::to_value(&values).unwrap_or_default();
            let script = Script::Php { text: own.text.clone(), params };
            let looks = !own.header.writes;
            scripts::run(call, &script, Some(name), looks, options).await.map(Ran::Script)
        }
    }
}

fn sql_options(
    own: &Own,
    values: &BTreeMap<String, serde_json::Value>,
    options: &ErrandOptions,
) -> SqlOptions {
    let value = |value: &serde_json::Value| match value {
        serde_json::Value::Bool(yes) => Value::Number(i64::from(*yes)),
        serde_json::Value::Number(number) => Value::Number(number.as_i64().unwrap_or_default()),
        serde_json::Value::Array(words) => {
            Value::Text(words.iter().filter_map(|word| word.as_str()).collect::<Vec<_>>().join(","))
        }
        other => Value::Text(other.as_str().unwrap_or_default().to_owned()),
    };
    SqlOptions {
        source: Source::Text(own.text.clone()),
        values: values.iter().map(|(name, one)| Given { name: name.clone(), value: value(one) }).collect(),
        targets: options.targets.clone(),
        most_rows: MOST_ROWS,
        patience: options.patience.unwrap_or(PATIENCE),
    }
}
