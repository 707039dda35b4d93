//! `provost site create`: declares sites in the fleet file and makes them, one or hundreds.

use std::collections::BTreeSet;

use provost_fleet::edit::Edit;
use provost_fleet::name::Name;
use provost_fleet::sheet;
use provost_sites::secrets::Generated;
use serde::Serialize;

use super::edited::{Change, Done, EditOptions, freed, write};
use super::switch::{list, of_site};
use crate::OpsError;
use crate::apply::{Allowed, Applied, Scope, apply_to};
use crate::edit::FleetFile;
use crate::error::{Exit, io};
use crate::session::Call;

/// The largest list of sites, in bytes: ten thousand sites with everything said of each.
const LARGEST_LIST: u64 = 8 * 1024 * 1024;

/// Which sites.
#[derive(Debug, Clone)]
pub enum Source {
    /// One, with its keys as the fleet file has them.
    One {
        /// Its name.
        name: Name,
        /// Keys and values.
        keys: Vec<(String, toml::Value)>,
    },
    /// A list in a file.
    List {
        /// Its path; relative to the working directory.
        path: camino::Utf8PathBuf,
        /// Keys and values of those lines that say nothing of them.
        keys: Vec<(String, toml::Value)>,
    },
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Created {
    /// Version of this form.
    pub schema: u32,
    /// Each site, in the order that was given.
    pub sites: Vec<CreatedSite>,
    /// What of a list means nothing here, and was left out.
    pub notes: Vec<String>,
    /// The edit.
    #[serde(flatten)]
    pub done: Done,
}

/// A site.
#[derive(Debug, Serialize)]
pub struct CreatedSite {
    /// Its name.
    pub name: String,
    /// Its line in the list.
    pub line: Option<usize>,
    /// Its URL.
    pub url: String,
    /// What became of it.
    pub outcome: CreateOutcome,
    /// What was seen of it last.
    pub effect: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// What to do about that.
    pub hint: Option<String>,
    /// User name of its administrator.
    pub admin: String,
    /// Where that one's password is, where Provost made it.
    pub password_file: Option<String>,
}

/// What became of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CreateOutcome {
    /// It was made.
    Created,
    /// It was there already.
    Exists,
    /// It is in the file, and not made.
    Declared,
    /// It could not be made, or not to its end.
    Failed,
}

impl Created {
    /// What it means for the exit code.
    pub fn exit(&self) -> Exit {
        match self.done.exit() {
            Exit::Interrupted => Exit::Interrupted,
            _ if self.sites.iter().any(|site| site.outcome == CreateOutcome::Failed) => Exit::Targets,
            // What holds another site up is not this command's.
            _ => Exit::Done,
        }
    }
}

/// Declares and makes sites. Done again after it was interrupted, it goes on where it was.
///
/// # Errors
/// When a site is there that differs, and when anything is wrong with any line of a list: then nothing was changed.
pub async fn create(call: &Call, source: &Source, options: &EditOptions) -> Result<Created, OpsError> {
    let mut file = FleetFile::open(call).await?;
    let before = file.edit(&[])?;
    let (rows, notes) = match source {
        Source::One { name, keys } => {
            (vec![sheet::Row { line: None, name: name.clone(), keys: keys.clone() }], Vec::new())
        }
        Source::List { path, keys } => {
            let text = read_list(call, path)?;
            let list = sheet::File { path: path.as_str(), text: &text };
            let free = file.edit(&freed(call, &before.fleet, |_| true))?;
            let fleet = sheet::File { path: call.file.as_str(), text: &free.text };
            // All that the fleet file would have against a line is told at the line, and all of it at once.
            let sheet = sheet::read(list, keys, fleet).map_err(OpsError::Invalid)?;
            (sheet.rows, sheet.notes)
        }
    };
    let tables: Vec<_> = rows.iter().map(sheet::Row::table).collect();
    let mut edits = freed(call, &before.fleet, |was| rows.iter().any(|row| row.name == *was));
    edits.push(Edit::InsertAll { tables });
    let edited = match file.edit(&edits) {
        Err(OpsError::Invalid(_)) if rows.iter().any(|row| before.fleet.sites.contains_key(&row.name)) => {
            let name = rows.iter().find(|row| before.fleet.sites.contains_key(&row.name));
            let name = name.map(|row| row.name.to_string()).unwrap_or_default();
            return Err(OpsError::Taken { what: "site", name });
        }
        edited => edited?,
    };
    let names: Vec<Name> = rows.iter().map(|row| row.name.clone()).collect();
    let change = Change {
        sites: names.iter().cloned().collect(),
        message: format!("Sites created: {}", list(&names)),
        allowed: Allowed::default(),
        options,
    };
    let mut done = write(call, &change, &mut file, &edited).await?;
    drop(file);
    let installed = installed_before(call, &names);
    if !options.dry_run && !options.no_apply {
        done.applied = Some(apply_to(call, change.allowed, &Scope::Sites(change.sites.clone())).await?);
    }
    let paths = call.environment.paths(&edited.fleet);
    let sites = rows.iter().filter_map(|row| {
        let site = edited.fleet.sites.get(&row.name)?;
        let mut told = outcome(done.applied.as_ref(), row, installed.contains(&row.name));
        told.url = site.url.to_string();
        told.admin.clone_from(&site.admin.user);
        let kept = Generated::SiteAdmin(&row.name).path(&paths);
        told.password_file = kept.exists().then(|| kept.to_string());
        Some(told)
    });
    let sites = sites.collect();
    Ok(Created { schema: 1, sites, notes, done })
}

fn read_list(call: &Call, path: &camino::Utf8Path) -> Result<String, OpsError> {
    let whole = call.environment.directory.join(path);
    let size = std::fs::metadata(&whole).map_err(io("read", path))?.len();
    if size > LARGEST_LIST {
        let source =
            std::io::Error::new(std::io::ErrorKind::FileTooLarge, "a list of sites has at most 8 MiB");
        return Err(io("read", path)(source));
    }
    let bytes = std::fs::read(&whole).map_err(io("read", path))?;
    provost_fleet::text_of(path.as_str(), bytes).map_err(OpsError::Invalid)
}

/// The sites that have a link to a build: made earlier.
fn installed_before(call: &Call, names: &[Name]) -> BTreeSet<Name> {
    let Ok(loaded) = call.load() else { return BTreeSet::new() };
    let paths = call.environment.paths(&loaded.fleet);
    names.iter().filter(|name| paths.code(name).exists()).cloned().collect()
}

fn outcome(applied: Option<&Applied>, row: &sheet::Row, was_there: bool) -> CreatedSite {
    let (effect, error) = applied.map_or((None, None), |applied| of_site(applied, &row.name));
    let left = applied.and_then(|applied| applied.left.as_ref());
    let unfinished = left.is_some_and(|left| left.steps.iter().any(|step| step.id.subject.name == row.name));
    let error = error.or_else(|| unfinished.then(|| "it is not whole yet".to_owned()));
    let hint = applied.and_then(|applied| {
        let of = |text: &str| text.split('/').nth(1) == Some(row.name.as_str());
        let told = applied.hints.iter().find(|(step, _)| of(step)).map(|(_, hint)| hint.clone());
        let blocked = applied.planned.plan.blocked.iter().find(|one| one.subject.name == row.name);
        told.or_else(|| blocked.and_then(|one| one.hint.clone()))
    });
    let outcome = match (applied, &error, &effect) {
        (None, ..) => CreateOutcome::Declared,
        (_, Some(_), _) => CreateOutcome::Failed,
        (_, None, Some(_)) if !was_there => CreateOutcome::Created,
        (_, None, _) => CreateOutcome::Exists,
    };
    CreatedSite {
        name: row.name.to_string(),
        line: row.line,
        url: String::new(),
        outcome,
        effect,
        hint: hint.filter(|_| error.is_some()),
        error,
        admin: String::new(),
        password_file: None,
    }
}
