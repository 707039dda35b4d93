//! One plugin: its commit and what its version.php says.

use provost_engine::context::Context;
use provost_fleet::lock::LockedPlugin;
use provost_fleet::model::{GitAt, PluginSource};
use provost_moodle::component::Component;
use provost_moodle::refs::Refs;
use provost_moodle::version_php::PluginVersion;

use super::ResolveCause;
use super::choose::choose;
use super::moodle::Moodle;
use crate::git::{Git, Source};
use crate::object::ObjectId;

/// A plugin, resolved; its place in the tree is found later.
pub(super) struct Plugin {
    pub(super) source: Source,
    pub(super) commit: ObjectId,
    pub(super) version: PluginVersion,
    /// `db/subplugins.json`, if it brings plugin types.
    pub(super) subplugins: Option<Vec<u8>>,
    pub(super) locked: LockedPlugin,
}

impl Plugin {
    pub(super) async fn resolve(
        git: &Git,
        component: &Component,
        declared: &PluginSource,
    ) -> Result<Self, ResolveCause> {
        let PluginSource::Git { url, at } = declared;
        let source = Source::parse(url)?;
        let refs = match at {
            GitAt::Commit(_) => Refs::default(),
            _ => git.refs(&source).await?,
        };
        let chosen = choose(component, &source.to_string(), at, &refs)?;
        let commit: ObjectId = chosen.commit.parse()?;
        let reference = Some(chosen.reference.as_str()).filter(|name| name.starts_with("refs/"));
        git.fetch(&source, commit, reference).await?;
        // Refuses submodules and paths that no build may have, before anybody plans on this commit.
        drop(git.list_whole(&source, commit).await?);
        let mut objects = git.objects(&source).await?;
        let file = objects.file(commit, "version.php").await?.ok_or_else(|| ResolveCause::NotPlugin {
            component: component.clone(),
            repository: source.to_string(),
            reference: chosen.reference.clone(),
        })?;
        let version = PluginVersion::read(&file).map_err(|error| ResolveCause::Version {
            repository: source.to_string(),
            file: "version.php".to_owned(),
            error,
        })?;
        if version.component.as_ref() != Some(component) {
            return Err(ResolveCause::OtherPlugin {
                component: component.clone(),
                repository: source.to_string(),
                found: version.component,
            });
        }
        let subplugins = objects.file(commit, "db/subplugins.json").await?;
        let locked = LockedPlugin {
            source: url.clone(),
            reference: chosen.reference,
            commit: commit.to_string(),
            version: version.version.to_string(),
            release: version.release.clone(),
            path: String::new(),
        };
        Ok(Self { source, commit, version, subplugins, locked })
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
