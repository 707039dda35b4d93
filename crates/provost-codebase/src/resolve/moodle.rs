//! Moodle itself: its commit, its version, its plugin types.

use std::collections::BTreeMap;

use provost_fleet::lock::LockedMoodle;
use provost_fleet::model::Codebase;
use provost_moodle::component::Component;
use provost_moodle::components::{Layout, PluginTypes};
use provost_moodle::environment::Environment;
use provost_moodle::refs::Refs;
use provost_moodle::request::MoodleRequest;
use provost_moodle::version_php::{CoreVersion, PluginVersion};

use super::ResolveCause;
use super::plugin::lock_submodules;
use super::shipped;
use crate::git::{Git, Objects, Source};
use crate::object::ObjectId;
use crate::submodule::{self, Submodule};

/// Moodle, resolved.
pub(super) struct Moodle {
    pub(super) source: Source,
    pub(super) commit: ObjectId,
    pub(super) layout: Layout,
    pub(super) types: PluginTypes,
    pub(super) version: CoreVersion,
    pub(super) locked: LockedMoodle,
    /// What plugins ask about: its version, its branch, the plugins that come with it.
    pub(super) facts: provost_moodle::fit::Moodle,
    /// What the plugins that come with it say of themselves.
    pub(super) shipped: BTreeMap<Component, PluginVersion>,
    pub(super) objects: Objects,
    pub(super) submodules: Vec<Submodule>,
}

impl Moodle {
    pub(super) async fn resolve(git: &Git, codebase: &Codebase) -> Result<Self, ResolveCause> {
        let source = Source::parse(&codebase.git)?;
        let refs = match &codebase.moodle {
            // Nobody needs to be asked what a commit means.
            MoodleRequest::Commit(_) => Refs::default(),
            _ => git.refs(&source).await?,
        };
        let choice = codebase.moodle.choose(&refs).map_err(|error| ResolveCause::NoMoodle {
            request: codebase.moodle.to_string(),
            source_name: source.to_string(),
            error,
        })?;
        let commit: ObjectId = choice.commit.parse()?;
        let reference = Some(choice.reference.as_str()).filter(|name| name.starts_with("refs/"));
        git.fetch(&source, commit, reference).await?;
        let submodules = match git.list(&source, commit).await?.submodules().len() {
            0 => Vec::new(),
            _ => submodule::expand(git, &source, commit).await?,
        };
        let mut objects = git.objects(&source).await?;
        let not_moodle = || ResolveCause::NotMoodle {
            repository: source.to_string(),
            reference: choice.short_reference().to_owned(),
        };
        let (layout, version, types) = read(&mut objects, commit).await?.ok_or_else(not_moodle)?;
        let file = layout.version_php();
        let version = CoreVersion::read(&version).map_err(|error| ResolveCause::Version {
            repository: source.to_string(),
            file,
            error,
        })?;
        let file = layout.components_json();
        let types = PluginTypes::parse(&types).map_err(|error| ResolveCause::Components {
            repository: source.to_string(),
            file,
            error: Box::new(error),
        })?;
        let locked = LockedMoodle {
            request: codebase.moodle.to_string(),
            source: codebase.git.clone(),
            reference: choice.reference.clone(),
            rule: choice.rule.to_string(),
            commit: commit.to_string(),
            release: version.release.clone(),
            version: version.version.to_string(),
            branch: version.branch.clone(),
            submodules: lock_submodules(&submodules),
        };
        let facts = provost_moodle::fit::Moodle::new(&version, BTreeMap::new())?;
        let shipped = BTreeMap::new();
        let mut moodle =
            Self { source, commit, layout, types, version, locked, facts, shipped, objects, submodules };
        shipped::read(git, &mut moodle).await?;
        Ok(moodle)
    }

    /// What it asks of the machine; `None` where that cannot be read.
    pub(super) async fn environment(&mut self) -> Result<Option<Environment>, ResolveCause> {
        let path = self.layout.plugin_path("admin/environment.xml");
        let file = self.objects.file(self.commit, &path).await?;
        Ok(file.and_then(|file| Environment::read(&file, &self.version.release).ok()))
    }

    /// Whether what a plugin replaces is an older or newer self of it.
    pub(super) async fn check_replaced(
        &mut self,
        component: &Component,
        path: &str,
    ) -> Result<(), ResolveCause> {
        let file = self.objects.file(self.commit, &format!("{path}/version.php")).await?;
        let same = file
            .and_then(|file| PluginVersion::read(&file).ok())
            .is_some_and(|version| version.component.as_ref() == Some(component));
        if same {
            return Ok(());
        }
        Err(ResolveCause::Occupied { component: component.clone(), path: path.to_owned() })
    }
}

type Files = (Layout, Vec<u8>, Vec<u8>);

/// Where the web root is, and what is in the two files that say what this Moodle is.
async fn read(objects: &mut Objects, commit: ObjectId) -> Result<Option<Files>, ResolveCause> {
    for layout in [Layout { public: true }, Layout { public: false }] {
        let version = objects.file(commit, &layout.version_php()).await?;
        let types = objects.file(commit, &layout.components_json()).await?;
        if let (Some(version), Some(types)) = (version, types) {
            return Ok(Some((layout, version, types)));
        }
    }
    Ok(None)
}
