//! What candidates are found and brought here with, for the length of one command.

use std::collections::BTreeSet;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use provost_fleet::model::{Codebase, PluginSource};
use provost_moodle::catalogue::Catalogue;
use provost_moodle::component::Component;
use tokio::sync::OnceCell;

use super::ResolveCause;
use crate::download::{DownloadError, Downloads, Origin};
use crate::git::Git;

/// Where declarations start from: the directory of the fleet file, and the list of the plugins directory.
#[derive(Debug, Clone)]
pub struct Origins {
    /// Relative paths start here.
    pub base: Utf8PathBuf,
    /// `[fleet] catalogue`.
    pub catalogue: String,
}

impl Origins {
    /// A place as the fleet file has it: a URL, or a path made absolute.
    ///
    /// # Errors
    /// When it is a URL that cannot be downloaded from.
    pub fn place(&self, location: &str) -> Result<Origin, DownloadError> {
        if location.contains("://") { Origin::parse(location) } else { Ok(Origin::Path(self.path(location))) }
    }

    /// A path as the fleet file has it, made absolute.
    pub(crate) fn path(&self, path: impl AsRef<Utf8Path>) -> Utf8PathBuf {
        self.base.join(path)
    }
}

/// Git, downloads and the list of the plugins directory. Cheap to clone; what is asked once is not asked again.
#[derive(Clone)]
pub struct Resolver {
    pub(super) git: Git,
    pub(super) origins: Origins,
    pub(super) downloads: Downloads,
    /// The plugins whose releases are kept when the list is read: it has thousands.
    wanted: Arc<BTreeSet<Component>>,
    catalogue: Arc<OnceCell<Arc<Catalogue>>>,
}

impl Resolver {
    /// For some codebases; nothing is asked yet.
    pub fn new<'a>(git: Git, origins: &Origins, codebases: impl IntoIterator<Item = &'a Codebase>) -> Self {
        let downloads = Downloads::new(git.context());
        let plugins = codebases.into_iter().flat_map(|codebase| &codebase.plugins);
        let wanted = plugins.filter(|(_, source)| matches!(source, PluginSource::Catalogue { .. }));
        let wanted = wanted.map(|(component, _)| component.clone()).collect();
        Self { git, origins: origins.clone(), downloads, wanted: Arc::new(wanted), catalogue: Arc::default() }
    }

    /// The list of the plugins directory, of the wanted plugins.
    pub(super) async fn catalogue(&self) -> Result<Arc<Catalogue>, ResolveCause> {
        let read = async {
            let origin = self.origins.place(&self.origins.catalogue)?;
            let wanted = Arc::clone(&self.wanted);
            let got = self.downloads.catalogue(&origin, |json| Catalogue::read(json, &wanted)).await?;
            Ok::<_, DownloadError>(Arc::new(got.content))
        };
        let catalogue = self.catalogue.get_or_try_init(|| read).await;
        Ok(Arc::clone(catalogue.map_err(ResolveCause::Catalogue)?))
    }
}
