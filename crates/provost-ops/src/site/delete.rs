//! `provost site delete`: the end of a site that is disabled already. Its final copy is made first, and kept.

mod leftovers;
mod look;

pub(crate) use leftovers::on_disk;
pub use look::{Doomed, look};

use std::time::Duration;

use provost_engine::lease::Lease;
use provost_fleet::edit::Edit;
use provost_fleet::name::Name;
use provost_sites::site::copy::{self, Copied, Kept};
use serde::Serialize;

use super::edited::{Change, Done, EditOptions, edit_and_apply};
use super::switch::of_site;
use crate::OpsError;
use crate::apply::{Allowed, Scope, apply_to};
use crate::error::Exit;
use crate::hints;
use crate::session::{Access, Call, Session};
use crate::spares;

/// Why a site is not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteError {
    /// Visitors still get it.
    #[error("site `{0}` is enabled")]
    Enabled(Name),
    /// The file says that it is disabled, and it is still served.
    #[error("site `{0}` is to be disabled, and still served")]
    NotYetDisabled(Name),
    /// Archive sessions of the file go from it or to it.
    #[error("site `{site}` is an end of {}", sessions(.archives))]
    Archived {
        /// The site.
        site: Name,
        /// The sessions.
        archives: Vec<Name>,
    },
    /// It is no site of its own any more, or not yet.
    #[error("site `{site}` is to be called `{to}`")]
    Renamed {
        /// What it was called.
        site: Name,
        /// What it is to be called.
        to: Name,
    },
    /// Nobody said yes.
    #[error("site `{0}` was not deleted: nobody confirmed it")]
    Unconfirmed(Name),
    /// What would be deleted is no longer what was shown.
    #[error("site `{0}` changed since it was shown")]
    Changed(Name),
    /// The final copy failed.
    #[error("the final copy of site `{site}` could not be made; nothing was deleted")]
    Copy {
        /// The site.
        site: Name,
        /// Why not.
        #[source]
        source: provost_sites::site::SiteError,
    },
    /// It was installed, and what it holds cannot be read.
    #[error("site `{site}` was installed, and no final copy of it can be made: {why}")]
    Unreadable {
        /// The site.
        site: Name,
        /// Why not.
        why: String,
    },
    /// It could not be brought back.
    #[error("site `{site}` could not be brought back from its copy; the fleet file is as it was")]
    Restore {
        /// The site.
        site: Name,
        /// Why not.
        #[source]
        source: provost_sites::site::SiteError,
    },
    /// Something of it is still there.
    #[error("of site `{site}` something is left: {}", .left.join(", "))]
    Left {
        /// The site.
        site: Name,
        /// What.
        left: Vec<String>,
    },
}

impl DeleteError {
    /// Whether nothing was done for want of a step before, or of a word.
    pub fn is_refusal(&self) -> bool {
        !matches!(self, Self::Copy { .. } | Self::Left { .. } | Self::Restore { .. })
    }

    /// What to do.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Enabled(name) | Self::NotYetDisabled(name) => {
                format!("first `provost site disable {name}`, and see that nobody misses it")
            }
            Self::Archived { archives, .. } => {
                let one = archives.first().map_or("NAME", Name::as_str);
                format!("take [archive.{one}] out of the fleet file, or name another site in it")
            }
            Self::Renamed { to, .. } => {
                format!("`provost apply` renames it; then `provost site delete {to}`")
            }
            Self::Unconfirmed(name) => format!("look at what goes, then `provost site delete {name} --yes`"),
            Self::Changed(_) => "run the same command again".to_owned(),
            Self::Copy { source, .. } => {
                return hints::of(source).or_else(|| Some("`--no-copy` deletes without one".to_owned()));
            }
            Self::Unreadable { site, .. } => format!(
                "mend it first; `provost site delete {site} --no-copy` takes its files and whatever is in its database for good"
            ),
            Self::Restore { source, .. } => return hints::of(source),
            Self::Left { .. } => {
                "run the same command again; what stays then is named in `provost plan`".to_owned()
            }
        })
    }
}

fn sessions(archives: &[Name]) -> String {
    archives.iter().map(|name| format!("[archive.{name}]")).collect::<Vec<_>>().join(", ")
}

/// How it is to go.
#[derive(Debug, Clone)]
pub struct DeleteOptions {
    /// Make no final copy.
    pub no_copy: bool,
    /// How long the copy is kept.
    pub keep: Duration,
    /// How the fleet file is edited.
    pub edit: EditOptions,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Deleted {
    /// Version of this form.
    pub schema: u32,
    /// What went.
    pub site: Doomed,
    /// Its final copy, where one was made.
    pub copy: Option<CopyRow>,
    /// Why it is not whole.
    pub error: Option<String>,
    /// The edit.
    #[serde(flatten)]
    pub done: Done,
}

impl Deleted {
    /// What it means for the exit code.
    pub fn exit(&self) -> Exit {
        self.done.exit()
    }
}

/// A final copy that is kept.
#[derive(Debug, Serialize)]
pub struct CopyRow {
    /// The site that it is of.
    pub site: String,
    /// Its URL.
    pub url: String,
    /// Moodle's release.
    pub release: Option<String>,
    /// When the site was seen to be gone; absent while its deletion is not whole.
    pub gone_at: Option<String>,
    /// Until when the copy is kept.
    pub keep_until: String,
    /// Size of the dump, in bytes.
    pub database_bytes: u64,
    /// Size of the files, in bytes.
    pub files_bytes: u64,
    /// Its directory.
    pub path: String,
}

impl From<&Kept> for CopyRow {
    fn from(kept: &Kept) -> Self {
        let manifest = &kept.manifest;
        Self {
            site: manifest.site.to_string(),
            url: manifest.url.clone(),
            release: manifest.release.clone(),
            gone_at: manifest.gone_at.map(|at| at.to_string()),
            keep_until: manifest.keep_until.to_string(),
            database_bytes: manifest.dump.bytes,
            files_bytes: manifest.files.bytes,
            path: kept.path.to_string(),
        }
    }
}

/// Lists the copies that are kept.
pub fn copies(call: &Call) -> Result<Vec<CopyRow>, OpsError> {
    let loaded = call.load()?;
    let paths = call.environment.paths(&loaded.fleet);
    Ok(copy::kept(&paths).iter().map(CopyRow::from).collect())
}

/// Deletes what was looked at and shown.
///
/// # Errors
/// When it changed since, when no final copy could be made, and when something of it is left in the end.
pub async fn delete(call: &Call, doomed: Doomed, options: &DeleteOptions) -> Result<Deleted, OpsError> {
    let name = doomed.name.clone();
    if !look(call, &name).await?.is_at_most(&doomed) {
        return Err(DeleteError::Changed(name).into());
    }
    if let Some(why) = doomed.unreadable.clone().filter(|_| !options.no_copy) {
        return Err(DeleteError::Unreadable { site: name, why }.into());
    }
    if doomed.installed && doomed.declared && !options.no_copy {
        make_copy(call, &name, options.keep).await?;
    }
    let allowed = Allowed { destroy: true };
    let sites = [name.clone()].into();
    let done = if doomed.declared {
        let message = format!("Site deleted: {name}");
        let change = Change { sites, message, allowed, options: &options.edit };
        edit_and_apply(call, &change, |_| Ok(vec![Edit::remove(&["site", name.as_str()])])).await?
    } else {
        let applied = apply_to(call, allowed, &Scope::Sites(sites)).await?;
        Done { diff: String::new(), written: false, commit: None, applied: Some(applied) }
    };
    let error = done.applied.as_ref().and_then(|applied| {
        let left = applied.left.as_ref().is_some_and(|left| !left.is_empty());
        of_site(applied, &name)
            .1
            .or_else(|| left.then(|| "something of it is left: run the same command again".to_owned()))
    });
    let mut deleted = Deleted { schema: 1, site: doomed, copy: None, error, done };
    if deleted.exit() == Exit::Done {
        let session = Session::open(call, Access::Change)?;
        let settled = leftovers::none(&session, &deleted.site).await;
        session.close().await;
        settled?;
        let kept = copy::settle(&session.cx, &name);
        let kept = kept.map_err(|source| DeleteError::Copy { site: name, source })?;
        deleted.copy = kept.as_ref().map(CopyRow::from);
    }
    Ok(deleted)
}

async fn make_copy(call: &Call, name: &Name, keep: Duration) -> Result<(), OpsError> {
    let session = Session::open(call, Access::Change)?;
    let made = async {
        let _fleet = spares::fleet_lease(&session.cx).await?;
        let _site = Lease::take(&session.cx, &format!("site/{name}")).await?;
        let Some(site) = session.loaded.fleet.sites.get(name) else {
            return Err(DeleteError::Changed(name.clone()).into());
        };
        session.cx.emit(&provost_engine::event::Event::Started { what: format!("copying site {name}") });
        let copied = Copied {
            fleet: &session.loaded.fleet,
            fleet_id: &session.fleet_id,
            servers: &session.servers,
            name,
            site,
            declared: table(call, name)?,
            keep,
        };
        match copied.make(&session.cx).await {
            Ok((path, manifest)) => {
                let (count, tables) = (manifest.files.count, manifest.dump.tables);
                session.cx.note(format!("copied {tables} tables and {count} files to {path}"));
                Ok(())
            }
            Err(_) if session.cx.cancel.is_cancelled() => Err(OpsError::Interrupted),
            Err(source) => Err(DeleteError::Copy { site: name.clone(), source }.into()),
        }
    };
    let made = made.await;
    session.close().await;
    made
}

/// A site's table as TOML, for the manifest.
fn table(call: &Call, name: &Name) -> Result<String, OpsError> {
    let path = call.fleet_path();
    let text = std::fs::read_to_string(&path).map_err(crate::error::io("read", &path))?;
    let tables: toml::Table = toml::from_str(text.trim_start_matches('\u{feff}')).unwrap_or_default();
    let site = tables.get("site").and_then(|sites| sites.get(name.as_str())).cloned();
    let mut only = toml::Table::new();
    only.insert(name.to_string(), site.unwrap_or_else(|| toml::Table::new().into()));
    let all: toml::Table = [("site".to_owned(), only.into())].into_iter().collect();
    Ok(toml::to_string(&all).unwrap_or_default())
}
