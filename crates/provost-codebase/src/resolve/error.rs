//! Why a codebase could not be resolved.

use provost_fleet::name::Name;
use provost_moodle::component::Component;
use provost_moodle::components::ComponentsError;
use provost_moodle::request::ChooseError;
use provost_moodle::version_php::VersionFileError;

use crate::git::GitError;
use crate::object::NotAnId;

/// A codebase that could not be resolved.
#[derive(Debug, thiserror::Error)]
#[error("cannot resolve codebase {codebase}")]
pub struct ResolveError {
    /// Which.
    pub codebase: Name,
    /// Why not.
    #[source]
    pub cause: Box<ResolveCause>,
}

impl ResolveError {
    /// What the user can do next, where something can be said.
    pub fn hint(&self) -> Option<String> {
        self.cause.hint()
    }

    /// Whether the command was cancelled rather than failed.
    pub fn is_cancelled(&self) -> bool {
        self.cause.is_cancelled()
    }
}

/// Why a codebase could not be resolved.
#[derive(Debug, thiserror::Error)]
pub enum ResolveCause {
    /// A repository could not be asked or fetched.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The repository has no such Moodle.
    #[error("{source_name} has no Moodle `{request}`")]
    NoMoodle {
        /// What was asked for.
        request: String,
        /// Of which repository.
        source_name: String,
        /// What there is.
        #[source]
        error: ChooseError,
    },
    /// The repository has no such branch or tag.
    #[error("{component}: {repository} has no {what}{nearest}")]
    NoReference {
        /// For which plugin.
        component: Component,
        /// Of which repository.
        repository: String,
        /// `tag v1` or `branch main`.
        what: String,
        /// `; there is …`, or nothing.
        nearest: String,
    },
    /// Something that should be a commit id and is not; repositories with SHA-256 ids end here too.
    #[error(transparent)]
    Id(#[from] NotAnId),
    /// A tree without `version.php` and `lib/components.json`.
    #[error(
        "{repository} at {reference} is not a Moodle: it has no version.php with a lib/components.json beside it"
    )]
    NotMoodle {
        /// Which repository.
        repository: String,
        /// Where in it.
        reference: String,
    },
    /// A tree without `version.php` at its top.
    #[error("{component}: {repository}{reference} is not a plugin: it has no version.php at its top")]
    NotPlugin {
        /// Which was wanted.
        component: Component,
        /// Which repository, zip or directory.
        repository: String,
        /// ` at REFERENCE` in it, or nothing.
        reference: String,
    },
    /// Another plugin than the one declared.
    #[error("the repository at {repository} is {}, not {component}", found.as_ref().map_or_else(|| "a plugin that does not say its name".to_owned(), ToString::to_string))]
    OtherPlugin {
        /// Which was wanted.
        component: Component,
        /// Which repository.
        repository: String,
        /// Which it is, if it says so.
        found: Option<Component>,
    },
    /// A zip or a directory that is no plugin, or not this one.
    #[error("{component}")]
    Import {
        /// Which plugin.
        component: Component,
        /// Why not.
        #[source]
        error: Box<crate::import::ImportError>,
    },
    /// A zip that cannot be had.
    #[error("{component}")]
    Download {
        /// Which plugin.
        component: Component,
        /// Why not.
        #[source]
        error: crate::download::DownloadError,
    },
    /// A patch that cannot be applied.
    #[error(transparent)]
    Patch(#[from] Box<crate::patch::PatchError>),
    /// Submodules that cannot be had.
    #[error(transparent)]
    Submodule(#[from] crate::submodule::SubmoduleError),
    /// A plugin that is to be absent and that this Moodle does not have.
    #[error("{component} is to be absent, but Moodle {release} has no such plugin")]
    NotThere {
        /// The plugin.
        component: Component,
        /// The Moodle at hand.
        release: String,
    },
    /// A plugin that is to be absent, or an old one in the place of Moodle's own, that other plugins of Moodle's need.
    #[error("{}", core_needs(component, is.as_deref(), release, needed_by))]
    CoreNeeds {
        /// The plugin.
        component: Component,
        /// The version that there would be, if any.
        is: Option<String>,
        /// The Moodle at hand.
        release: String,
        /// Who needs it.
        needed_by: Vec<Component>,
    },
    /// A plugin that would lie in the directory of one that is to be absent.
    #[error("{component} lies inside {host}, which is to be absent")]
    InsideAbsent {
        /// The plugin.
        component: Component,
        /// The one around it.
        host: Component,
    },
    /// A build that cannot be put together.
    #[error(transparent)]
    Build(#[from] crate::build::BuildError),
    /// Plugins that cannot be had together on this Moodle.
    #[error("these plugins do not fit:\n{0}")]
    NoFit(Box<provost_moodle::solve::Failure>),
    /// A `$branch` that is no number.
    #[error(transparent)]
    Branch(#[from] provost_moodle::fit::BranchError),
    /// The list of the plugins directory cannot be had.
    #[error("cannot get the list of the plugins directory")]
    Catalogue(#[source] crate::download::DownloadError),
    /// A plugin that the directory does not have.
    #[error("the plugins directory has no {component}")]
    NotInCatalogue {
        /// The plugin.
        component: Component,
        /// One with a similar name.
        nearest: Option<String>,
    },
    /// A release that the directory does not have.
    #[error(
        "the plugins directory has no release of {component} {wanted}{}",
        newest.as_ref().map_or_else(String::new, |newest| format!("; the newest is {newest}"))
    )]
    NoRelease {
        /// The plugin.
        component: Component,
        /// `for Moodle 5.0`, or a release's name.
        wanted: String,
        /// The newest there is.
        newest: Option<String>,
    },
    /// A release whose files are not what the directory says.
    #[error("{component}: {place} holds version {found}, but the plugins directory says {wanted}")]
    OtherVersion {
        /// The plugin.
        component: Component,
        /// Where its files came from.
        place: String,
        /// What they say.
        found: String,
        /// What they should say.
        wanted: String,
    },
    /// A `version.php` that cannot be read.
    #[error("cannot read {file} of {repository}")]
    Version {
        /// Which repository.
        repository: String,
        /// The file's path.
        file: String,
        /// Why.
        #[source]
        error: VersionFileError,
    },
    /// A list of plugin types that cannot be read.
    #[error("cannot read {file} of {repository}")]
    Components {
        /// Which repository.
        repository: String,
        /// The file's path.
        file: String,
        /// Why.
        #[source]
        error: Box<ComponentsError>,
    },
    /// A plugin whose type this Moodle does not have.
    #[error("{component}: Moodle {release} has no plugin type `{}`{why}", component.kind())]
    NoSuchType {
        /// The plugin.
        component: Component,
        /// The Moodle at hand.
        release: String,
        /// More, where more is known.
        why: &'static str,
    },
    /// A plugin whose place is taken by something that is not it.
    #[error("{component}: `{path}` of this Moodle holds something else than {component}")]
    Occupied {
        /// The plugin.
        component: Component,
        /// Its place.
        path: String,
    },
    /// A plugin whose place is taken by a file.
    #[error("`{0}` is a file, so no plugin can be put there")]
    FileInTheWay(String),
    /// More than one plugin that cannot be had, each with its own cause.
    #[error("{} plugins cannot be had:\n{}", .0.len(), lines(.0))]
    Several(Vec<ResolveCause>),
    /// A task ended in a panic: a bug.
    #[error("a task broke: {0}")]
    Broke(String),
}

impl ResolveCause {
    /// All that keeps plugins from being had, as one; `None` where nothing does. Of what was cancelled that alone is told.
    pub(super) fn of_all(mut causes: Vec<Self>) -> Option<Self> {
        if let Some(at) = causes.iter().position(Self::is_cancelled) {
            return Some(causes.swap_remove(at));
        }
        if causes.len() > 1 { Some(Self::Several(causes)) } else { causes.pop() }
    }

    /// Whether somebody could not be asked: another answer is no substitute for theirs.
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Git(GitError::Unreachable { .. }) => true,
            Self::Download { error, .. } => error.is_unreachable(),
            Self::Several(causes) => causes.iter().any(Self::is_unreachable),
            _ => false,
        }
    }

    /// Whether what came is not what was published. Nobody is to be given something else for it in silence.
    pub fn is_other_content(&self) -> bool {
        matches!(self, Self::Download { error, .. } if error.is_other_content())
    }

    /// Whether the command was cancelled rather than failed.
    pub fn is_cancelled(&self) -> bool {
        match self {
            Self::Git(error) => error.is_cancelled(),
            Self::Import { error, .. } => error.is_cancelled(),
            Self::Submodule(error) => error.is_cancelled(),
            Self::Patch(error) => error.is_cancelled(),
            Self::Catalogue(error) | Self::Download { error, .. } => error.is_cancelled(),
            Self::Build(error) => error.is_cancelled(),
            _ => false,
        }
    }

    /// What the user can do next, where something can be said.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Git(error) => error.hint(),
            Self::Import { error, .. } => error.hint(),
            Self::Submodule(error) => error.hint(),
            Self::Patch(error) => error.hint(),
            Self::Build(error) => error.hint(),
            Self::Catalogue(error) | Self::Download { error, .. } => error.hint(),
            Self::NotInCatalogue { nearest: Some(nearest), .. } => Some(format!("did you mean `{nearest}`?")),
            Self::NotInCatalogue { .. } | Self::NoRelease { .. } => Some(
                "name its git repository or a zip: { git = \"…\" } or { zip = \"…\" }".to_owned(),
            ),
            Self::NotThere { .. } => Some("take it out of the file".to_owned()),
            Self::CoreNeeds { is: None, needed_by, .. } => {
                let also: Vec<_> = needed_by.iter().map(|one| format!("{one} = {{ absent = true }}")).collect();
                Some(format!("keep it, or take these out too: {}", also.join(", ")))
            }
            Self::CoreNeeds { .. } => Some("take it out of the file: Moodle brings its own".to_owned()),
            Self::InsideAbsent { .. } => Some("take one of the two out of the file".to_owned()),
            Self::OtherPlugin { found: Some(found), .. } => Some(format!("declare it as `{found}`")),
            Self::NoMoodle { .. } => Some(
                "write 4.5 (newest release), 4.5+ (tip of its stable branch), 4.5.1, or a tag, branch or commit"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

fn core_needs(component: &Component, is: Option<&str>, release: &str, needed_by: &[Component]) -> String {
    let by: Vec<_> = needed_by.iter().map(ToString::to_string).collect();
    let by = by.join(", ");
    match is {
        None => format!(
            "{component} cannot be absent: Moodle {release} has {by}, and core installs nothing whose needs are not met"
        ),
        Some(is) => {
            format!("{component} {is} is too old: Moodle {release} has {by}, which needs a newer one")
        }
    }
}

/// Each cause with all that is behind it and what can be done about it, a line each.
fn lines(causes: &[ResolveCause]) -> String {
    let line = |cause: &ResolveCause| {
        let hint = cause.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("  {}{hint}", provost_engine::execute::full_chain(cause))
    };
    causes.iter().map(line).collect::<Vec<_>>().join("\n")
}
