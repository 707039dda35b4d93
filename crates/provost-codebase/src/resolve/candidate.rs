//! What a plugin's declaration may mean: one commit, zip or directory, or several to choose from.

use camino::{Utf8Path, Utf8PathBuf};
use provost_fleet::model::GitAt;
use provost_fleet::model::PluginSource;
use provost_moodle::component::Component;
use provost_moodle::refs::Refs;

use super::ResolveCause;
use super::choose::choose;
use crate::download::{DownloadError, Downloads, Origin as Place};
use crate::git::{Git, Source};

/// Where declarations start from: the directory of the fleet file, and the list of the plugins directory.
#[derive(Debug, Clone)]
pub struct Origins {
    /// Relative paths start here.
    pub base: Utf8PathBuf,
    /// `[fleet] catalogue`.
    pub catalogue: String,
}

/// One thing that a declaration may mean; nothing of it has been downloaded yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) at: At,
    /// Why it is this one, where the declaration left a choice.
    pub(super) rule: Option<String>,
}

/// Where a candidate is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum At {
    Git {
        /// As declared.
        url: String,
        source: Source,
        reference: String,
        /// The commit's id, as the repository wrote it.
        commit: String,
    },
    Zip {
        location: String,
        md5: Option<String>,
    },
    Directory {
        path: Utf8PathBuf,
    },
}

/// What candidates are found and brought here with.
#[derive(Clone)]
pub(super) struct Resolver {
    pub(super) git: Git,
    pub(super) origins: Origins,
    pub(super) downloads: Downloads,
}

impl Resolver {
    pub(super) fn new(git: Git, origins: &Origins) -> Self {
        let downloads = Downloads::new(git.context());
        Self { git, origins: origins.clone(), downloads }
    }

    /// Finds what a declaration may mean, the best first; empty for what is to be absent.
    pub(super) async fn candidates(
        &self,
        component: &Component,
        declared: &PluginSource,
    ) -> Result<Vec<Candidate>, ResolveCause> {
        let only = |at| vec![Candidate { at, rule: None }];
        Ok(match declared {
            PluginSource::Absent => Vec::new(),
            PluginSource::Directory { path } => only(At::Directory { path: path.clone() }),
            PluginSource::Zip { location } => only(At::Zip { location: location.clone(), md5: None }),
            PluginSource::Catalogue { .. } => return Err(ResolveCause::NoCatalogue(component.clone())),
            PluginSource::Git { url, at } => {
                let source = Source::parse(url)?;
                let refs = match at {
                    GitAt::Commit(_) => Refs::default(),
                    _ => self.git.refs(&source).await?,
                };
                let chosen = choose(component, &source.to_string(), at, &refs)?;
                only(At::Git { url: url.clone(), source, reference: chosen.reference, commit: chosen.commit })
            }
        })
    }
}

impl Origins {
    /// A place as the fleet file has it: a URL, or a path made absolute.
    ///
    /// # Errors
    /// When it is a URL that cannot be downloaded from.
    pub fn place(&self, location: &str) -> Result<Place, DownloadError> {
        if location.contains("://") { Place::parse(location) } else { Ok(Place::Path(self.path(location))) }
    }

    /// A path as the fleet file has it, made absolute.
    pub(crate) fn path(&self, path: impl AsRef<Utf8Path>) -> Utf8PathBuf {
        self.base.join(path)
    }
}
