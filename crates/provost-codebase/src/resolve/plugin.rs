//! One plugin: its files as git objects, and what its version.php says.

use std::collections::BTreeMap;

use provost_fleet::lock::{LockedPlugin, LockedSource, LockedSubmodule};
use provost_fleet::model::GitAt;
use provost_moodle::component::Component;
use provost_moodle::version_php::PluginVersion;

use super::ResolveCause;
use super::candidate::{Candidate, Place};
use super::choose::choose;
use super::resolver::Resolver;
use crate::download::Wanted;
use crate::git::{Git, Source};
use crate::import::{Imported, import_directory, import_zip};
use crate::object::ObjectId;
use crate::submodule::{self, Submodule};

/// A plugin, resolved; its place in the tree is found later.
pub(super) struct Plugin {
    pub(super) source: Source,
    /// The commit, or the tree of what was imported.
    pub(super) object: ObjectId,
    pub(super) version: PluginVersion,
    /// `db/subplugins.json`, if it brings plugin types.
    pub(super) subplugins: Option<Vec<u8>>,
    pub(super) submodules: Vec<Submodule>,
    pub(super) locked: LockedPlugin,
}

impl Plugin {
    /// Brings a candidate here and reads it: from the first place that has it.
    pub(super) async fn load(
        resolver: &Resolver,
        component: &Component,
        candidate: &Candidate,
    ) -> Result<Self, ResolveCause> {
        let mut failed = None;
        for place in &candidate.places {
            match Self::load_from(resolver, component, candidate, place).await {
                Ok(plugin) => return Ok(plugin),
                Err(cause) if cause.is_cancelled() || cause.is_other_content() => return Err(cause),
                Err(cause) => failed = failed.or(Some(cause)),
            }
        }
        Err(failed.unwrap_or_else(|| ResolveCause::Broke("a candidate without a place".to_owned())))
    }

    async fn load_from(
        resolver: &Resolver,
        component: &Component,
        candidate: &Candidate,
        place: &Place,
    ) -> Result<Self, ResolveCause> {
        let (source, object, locked) = bring(resolver, component, place).await?;
        let git = &resolver.git;
        // Refuses paths that no build may have, before anybody plans on this commit.
        let listing = git.list(&source, object).await?;
        let submodules = match listing.submodules().len() {
            0 => Vec::new(),
            _ => submodule::expand(git, &source, object).await?,
        };
        let mut objects = git.objects(&source).await?;
        let version = objects.file(object, "version.php").await?;
        let version = read_version(component, &locked, version)?;
        if let Some(wanted) = candidate.version.as_ref().filter(|wanted| **wanted != version.version) {
            return Err(ResolveCause::OtherVersion {
                component: component.clone(),
                place: locked.place().to_owned(),
                found: version.version.to_string(),
                wanted: wanted.to_string(),
            });
        }
        let subplugins = objects.file(object, "db/subplugins.json").await?;
        let locked = LockedPlugin {
            source: locked,
            rule: candidate.rule.clone(),
            version: version.version.to_string(),
            release: version.release.clone(),
            path: String::new(),
            submodules: lock_submodules(&submodules),
        };
        Ok(Self { source, object, version, subplugins, submodules, locked })
    }
}

/// Brings the files of a place into a repository of this machine.
async fn bring(
    resolver: &Resolver,
    component: &Component,
    place: &Place,
) -> Result<(Source, ObjectId, LockedSource), ResolveCause> {
    let Resolver { git, origins, downloads, .. } = resolver;
    match place {
        Place::Git { url, source, reference, commit } => {
            fetched(git, url, source.clone(), reference.clone(), commit).await
        }
        Place::Tag { url, tag } => {
            let source = Source::parse(url)?;
            let refs = git.refs(&source).await?;
            let chosen = choose(component, &source.to_string(), &GitAt::Tag(tag.clone()), &refs)?;
            fetched(git, url, source, chosen.reference, &chosen.commit).await
        }
        Place::Zip { location, md5 } => {
            let wanted = Wanted { sha256: None, md5: md5.clone() };
            let zip = async { downloads.zip(&origins.place(location)?, &wanted).await }.await;
            let zip = zip.map_err(|error| ResolveCause::Download { component: component.clone(), error })?;
            let imported = import_zip(git, &zip.path, component).await.map_err(told(component))?;
            note(git, component, &imported);
            let (location, tree) = (location.clone(), imported.tree.to_string());
            let locked = LockedSource::Zip { location, sha256: imported.sha256, tree };
            Ok((Source::Imported, imported.tree, locked))
        }
        Place::Directory { path } => {
            let imported = import_directory(git, &origins.path(path)).await.map_err(told(component))?;
            note(git, component, &imported);
            let (path, tree) = (path.to_string(), imported.tree.to_string());
            Ok((Source::Imported, imported.tree, LockedSource::Directory { path, tree }))
        }
    }
}

async fn fetched(
    git: &Git,
    url: &str,
    source: Source,
    reference: String,
    commit: &str,
) -> Result<(Source, ObjectId, LockedSource), ResolveCause> {
    let object: ObjectId = commit.parse()?;
    let wanted = Some(reference.as_str()).filter(|name| name.starts_with("refs/"));
    git.fetch(&source, object, wanted).await?;
    let locked = LockedSource::Git { source: url.to_owned(), reference, commit: object.to_string() };
    Ok((source, object, locked))
}

/// Submodules as the lock has them.
pub(super) fn lock_submodules(found: &[Submodule]) -> BTreeMap<String, LockedSubmodule> {
    let each = found.iter().map(|submodule| {
        let Submodule { url, reference, commit, .. } = submodule;
        let (source, reference) = (url.clone(), reference.clone());
        (submodule.path.clone(), LockedSubmodule { source, reference, commit: commit.to_string() })
    });
    each.collect()
}

fn told(component: &Component) -> impl Fn(crate::import::ImportError) -> ResolveCause {
    let component = component.clone();
    move |error| ResolveCause::Import { component: component.clone(), error: Box::new(error) }
}

fn note(git: &Git, component: &Component, imported: &Imported) {
    for note in &imported.notes {
        git.context().note(format!("{component}: {note}"));
    }
}

/// Reads `version.php`, and sees to it that it is of this plugin.
fn read_version(
    component: &Component,
    locked: &LockedSource,
    file: Option<Vec<u8>>,
) -> Result<PluginVersion, ResolveCause> {
    let repository = match locked {
        LockedSource::Git { source, .. } => Source::parse(source)?.to_string(),
        other => other.place().to_owned(),
    };
    let file = file.ok_or_else(|| ResolveCause::NotPlugin {
        component: component.clone(),
        repository: repository.clone(),
        reference: match locked {
            LockedSource::Git { reference, .. } => format!(" at {reference}"),
            _ => String::new(),
        },
    })?;
    let version = PluginVersion::read(&file).map_err(|error| ResolveCause::Version {
        repository: repository.clone(),
        file: "version.php".to_owned(),
        error,
    })?;
    if version.component.as_ref() == Some(component) {
        return Ok(version);
    }
    Err(ResolveCause::OtherPlugin { component: component.clone(), repository, found: version.component })
}
