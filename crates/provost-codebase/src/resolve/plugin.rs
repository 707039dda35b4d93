//! One plugin: its files as git objects, and what its version.php says.

use std::collections::BTreeMap;

use provost_fleet::lock::{LockedPlugin, LockedSource, LockedSubmodule};
use provost_fleet::model::GitAt;
use provost_moodle::component::Component;
use provost_moodle::components::PluginTypes;
use provost_moodle::version_php::{PluginVersion, Version};

use super::ResolveCause;
use super::candidate::{Candidate, Place};
use super::choose::choose;
use super::resolver::Resolver;
use crate::download::Wanted;
use crate::git::{Git, Listing, Objects, Source};
use crate::import::{Imported, import_directory, import_zip};
use crate::object::{Mode, ObjectId};
use crate::submodule::{self, Submodule};

/// Files of attributes that are read of one plugin. Plugins have one, if any.
const MOST_ATTRIBUTES: usize = 20;

/// A plugin, resolved; its place in the tree is found later.
pub(super) struct Plugin {
    pub(super) source: Source,
    /// The commit, or the tree of what was imported.
    pub(super) object: ObjectId,
    pub(super) version: PluginVersion,
    /// `db/subplugins.json`, if it brings plugin types.
    pub(super) subplugins: Option<Vec<u8>>,
    /// The plugins of those types that come inside it.
    pub(super) bundled: BTreeMap<Component, Version>,
    /// Its symlinks, by their path in it, and where each leads.
    pub(super) symlinks: Vec<(Vec<u8>, Vec<u8>)>,
    /// Whether some of its files are kept elsewhere, by Git LFS.
    pub(super) has_lfs: bool,
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
        let bundled = bundled(&mut objects, &listing, component, subplugins.as_deref()).await?;
        let symlinks = symlinks(&mut objects, &listing).await?;
        let has_lfs = has_lfs(&mut objects, &listing).await?;
        let locked = LockedPlugin {
            source: locked,
            rule: candidate.rule.clone(),
            version: version.version.to_string(),
            release: version.release.clone(),
            path: String::new(),
            submodules: lock_submodules(&submodules),
        };
        Ok(Self { source, object, version, subplugins, bundled, symlinks, has_lfs, submodules, locked })
    }
}

/// The plugins that lie where a plugin's own `db/subplugins.json` says that plugins do, and the version of each.
async fn bundled(
    objects: &mut Objects,
    listing: &Listing,
    component: &Component,
    json: Option<&[u8]>,
) -> Result<BTreeMap<Component, Version>, ResolveCause> {
    let kinds = json.map(|json| PluginTypes::brought_by(component, json)).unwrap_or_default();
    let found = listing.iter().filter_map(|entry| {
        let path = std::str::from_utf8(entry.path).ok()?.strip_suffix("/version.php")?;
        let (above, name) = path.rsplit_once('/')?;
        let (kind, _) = kinds.iter().find(|(_, directory)| *directory == above)?;
        Some((Component::new(kind, name).ok()?, entry.id))
    });
    let mut bundled = BTreeMap::new();
    for (component, blob) in found.collect::<Vec<_>>() {
        let file = objects.blob(blob).await?;
        if let Some(version) = file.and_then(|file| PluginVersion::read(&file).ok()) {
            bundled.insert(component, version.version);
        }
    }
    Ok(bundled)
}

/// Whether a file's attributes give it to Git LFS, as git knows them: what is in the repository then only stands for it.
async fn has_lfs(objects: &mut Objects, listing: &Listing) -> Result<bool, ResolveCause> {
    let attributes = listing.iter().filter(|entry| {
        let name = entry.path.rsplit(|byte| *byte == b'/').next();
        name == Some(b".gitattributes") && entry.mode != Mode::Symlink
    });
    let ids: Vec<ObjectId> = attributes.map(|entry| entry.id).take(MOST_ATTRIBUTES).collect();
    for id in ids {
        let text = objects.blob(id).await?.unwrap_or_default();
        if String::from_utf8_lossy(&text).lines().any(|line| {
            !line.trim_start().starts_with('#') && line.split_whitespace().any(|word| word == "filter=lfs")
        }) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The symlinks of a listing, and where each leads.
pub(super) async fn symlinks(
    objects: &mut Objects,
    listing: &Listing,
) -> Result<Vec<(Vec<u8>, Vec<u8>)>, ResolveCause> {
    let found: Vec<(Vec<u8>, ObjectId)> = listing
        .iter()
        .filter(|entry| entry.mode == Mode::Symlink)
        .map(|entry| (entry.path.to_vec(), entry.id))
        .collect();
    let mut symlinks = Vec::new();
    for (path, blob) in found {
        symlinks.extend(objects.blob(blob).await?.map(|target| (path, target)));
    }
    Ok(symlinks)
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
