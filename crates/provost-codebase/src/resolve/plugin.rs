//! One plugin: its files as git objects, and what its version.php says.

use std::collections::BTreeMap;

use provost_engine::context::Context;
use provost_fleet::lock::{LockedPlugin, LockedSource, LockedSubmodule};
use provost_moodle::component::Component;
use provost_moodle::version_php::PluginVersion;

use super::ResolveCause;
use super::candidate::{At, Candidate, Resolver};
use super::moodle::Moodle;
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
    /// Brings a candidate here and reads it.
    pub(super) async fn load(
        resolver: &Resolver,
        component: &Component,
        candidate: &Candidate,
    ) -> Result<Self, ResolveCause> {
        let Resolver { git, origins, downloads } = resolver;
        let (source, object, locked) = match &candidate.at {
            At::Git { url, source, reference, commit } => {
                let object = commit.parse()?;
                let wanted = Some(reference.as_str()).filter(|name| name.starts_with("refs/"));
                git.fetch(source, object, wanted).await?;
                let (url, reference) = (url.clone(), reference.clone());
                let locked = LockedSource::Git { source: url, reference, commit: object.to_string() };
                (source.clone(), object, locked)
            }
            At::Zip { location, md5 } => {
                let wanted = Wanted { sha256: None, md5: md5.clone() };
                let zip = async { downloads.zip(&origins.place(location)?, &wanted).await }.await;
                let zip =
                    zip.map_err(|error| ResolveCause::Download { component: component.clone(), error })?;
                let imported = import_zip(git, &zip.path, component).await.map_err(told(component))?;
                note(git, component, &imported);
                let (tree, sha256) = (imported.tree.to_string(), imported.sha256);
                let locked = LockedSource::Zip { location: location.clone(), sha256, tree };
                (Source::Imported, imported.tree, locked)
            }
            At::Directory { path } => {
                let imported = import_directory(git, &origins.path(path)).await.map_err(told(component))?;
                note(git, component, &imported);
                let locked =
                    LockedSource::Directory { path: path.to_string(), tree: imported.tree.to_string() };
                (Source::Imported, imported.tree, locked)
            }
        };
        // Refuses paths that no build may have, before anybody plans on this commit.
        let listing = git.list(&source, object).await?;
        let submodules = match listing.submodules().len() {
            0 => Vec::new(),
            _ => submodule::expand(git, &source, object).await?,
        };
        let mut objects = git.objects(&source).await?;
        let version = objects.file(object, "version.php").await?;
        let version = read_version(component, &locked, version)?;
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

    /// Says so where the plugin's authors did not mean this Moodle. They are often late in saying that they do, so that it is
    /// the user who decides.
    pub(super) fn note_misfit(&self, cx: &Context, moodle: &Moodle) {
        if let Some(why) = misfit(&self.version, moodle) {
            let name = self.version.component.as_ref().map_or_else(String::new, ToString::to_string);
            cx.note(format!("{name} {}: {why}", self.version.version));
        }
    }
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

fn misfit(plugin: &PluginVersion, moodle: &Moodle) -> Option<String> {
    let release = &moodle.version.release;
    if let Some(requires) = plugin.requires.as_ref().filter(|requires| **requires > moodle.version.version) {
        return Some(format!(
            "it requires Moodle {requires}; this is {} ({release})",
            moodle.version.version
        ));
    }
    let branch: u32 = moodle.version.branch.parse().ok()?;
    if let Some(first) = plugin.incompatible.filter(|first| branch >= *first) {
        return Some(format!(
            "it is incompatible with Moodle from branch {first} on; this is {branch} ({release})"
        ));
    }
    let (first, last) = plugin.supported.filter(|(first, last)| !(*first..=*last).contains(&branch))?;
    Some(format!("its authors support the branches {first} to {last}; this is {branch} ({release})"))
}
