//! `provost codebase copy`: a new codebase with the plugins of one that is there, on another Moodle.

pub(in crate::codebase) mod fit;

use provost_engine::context::Context;
use provost_fleet::edit::Edit;
use provost_fleet::model::Fleet;
use provost_fleet::name::Name;
use provost_moodle::request::MoodleRequest;
use serde::Serialize;

use super::no_codebase;
use crate::OpsError;
use crate::edit::commit::Repository;
use crate::edit::{Edited, FleetFile};
use crate::session::{Access, Call, Session};

pub use fit::{Fit, PluginFit, Verdict};

/// Version of the report's form.
const SCHEMA: u32 = 1;

/// What to copy, and what about it is to be new.
#[derive(Debug, Clone)]
pub struct CopyOptions {
    /// The codebase that is there.
    pub from: Name,
    /// The new one.
    pub to: Name,
    /// Its Moodle.
    pub moodle: MoodleRequest,
    /// Where that comes from, if not from where the old one does.
    pub git: Option<String>,
    /// Write nothing.
    pub dry_run: bool,
    /// Commit the fleet file.
    pub commit: bool,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Copied {
    /// Version of this form.
    pub schema: u32,
    /// The codebase that was there.
    pub from: String,
    /// The new one.
    pub to: String,
    /// What fits its Moodle.
    #[serde(flatten)]
    pub fit: Fit,
    /// What changes in the fleet file, as `diff -u` shows it.
    pub diff: String,
    /// Whether that was written.
    pub written: bool,
    /// The commit's id.
    pub commit: Option<String>,
}

/// Copies a codebase's declaration. Every plugin is declared as it was, whether it fits or not: the user decides what to do
/// about those that do not. Only a commit is refused then: whoever pulls it could plan nothing any more.
pub async fn copy(call: &Call, options: &CopyOptions) -> Result<Copied, OpsError> {
    let mut file = FleetFile::open(call).await?;
    let session = Session::open(call, Access::LookAtRest)?;
    let copied = async {
        if session.loaded.digest != *file.digest() {
            return Err(OpsError::Changed(call.file.clone()));
        }
        let edited = edit(&file, &session.loaded.fleet, options)?;
        copy_with(call, &session, &mut file, edited, options).await
    };
    let copied = copied.await;
    session.close().await;
    copied
}

fn edit(file: &FleetFile, fleet: &Fleet, options: &CopyOptions) -> Result<Edited, OpsError> {
    let CopyOptions { from, to, .. } = options;
    if !fleet.codebases.contains_key(from) {
        return Err(no_codebase(fleet, from.as_str()));
    }
    if fleet.codebases.contains_key(to) {
        return Err(OpsError::Taken { what: "codebase", name: to.to_string() });
    }
    let to = ["codebase", to.as_str()];
    let key = |name| [to[0], to[1], name];
    let mut edits = vec![
        Edit::copy(&["codebase", from.as_str()], &to),
        Edit::set(&key("moodle"), options.moodle.to_string()),
    ];
    edits.extend(options.git.as_ref().map(|git| Edit::set(&key("git"), git.as_str())));
    file.edit(&edits)
}

async fn copy_with(
    call: &Call,
    session: &Session,
    file: &mut FleetFile,
    edited: Edited,
    options: &CopyOptions,
) -> Result<Copied, OpsError> {
    let cx: &Context = &session.cx;
    let repository = match options.commit && !options.dry_run {
        true => Some(Repository::ready(cx, call, &[file.path()]).await?),
        false => None,
    };
    let fit = fit::look(cx, &session.origins(), &options.to, &edited.fleet).await?;
    let mut copied = Copied {
        schema: SCHEMA,
        from: options.from.to_string(),
        to: options.to.to_string(),
        diff: edited.diff.clone(),
        written: !options.dry_run && (fit.is_possible() || !options.commit),
        commit: None,
        fit,
    };
    if copied.written {
        file.write(&edited)?;
        if let Some(repository) = repository {
            let message = format!(
                "Codebase {}: {} on Moodle {}\n\nMade by `provost codebase copy`.",
                options.to, options.from, options.moodle
            );
            copied.commit = Some(repository.commit(cx, &message).await?);
        }
    }
    Ok(copied)
}
