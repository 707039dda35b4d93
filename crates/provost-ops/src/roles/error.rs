//! Why roles could not be brought.

use camino::Utf8PathBuf;
use provost_fleet::name::Name;
use provost_sites::agent::AgentError;

use crate::error::Exit;

/// Why roles could not be brought.
#[derive(Debug, thiserror::Error)]
pub enum RolesError {
    /// The source is a target, or there is no other.
    #[error("`{0}` is the source, and cannot be a target, too")]
    OneSite(String),
    /// The source has no such role.
    #[error("`{site}` has no role `{role}`")]
    NoRole {
        /// The source.
        site: String,
        /// The short name.
        role: String,
        /// What it has.
        there: String,
    },
    /// No site has such a role.
    #[error("none of the sites has a role `{role}`")]
    Nowhere {
        /// The short name.
        role: String,
        /// What there is.
        there: String,
    },
    /// A file cannot be read.
    #[error("{file} could not be read")]
    File {
        /// The file.
        file: Utf8PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file is no role preset.
    #[error("{file}: {source}")]
    Preset {
        /// The file.
        file: Utf8PathBuf,
        /// Where, and why. Its text is the message's.
        source: provost_moodle::role_preset::PresetError,
    },
    /// Two files have the same role.
    #[error("{first} and {second} both have the role `{role}`")]
    Twice {
        /// The short name.
        role: String,
        /// One file.
        first: Utf8PathBuf,
        /// The other.
        second: Utf8PathBuf,
    },
    /// The source is not fit to be asked.
    #[error("the source `{site}` cannot be used: {why}")]
    Source {
        /// The site.
        site: String,
        /// Why not.
        why: String,
    },
    /// A site is not fit to be asked.
    #[error("{0}")]
    Site(String),
    /// The agent failed.
    #[error("its roles could not be read")]
    Read(#[source] AgentError),
    /// A role could not be written.
    #[error("the role `{role}` could not be written")]
    Write {
        /// The short name.
        role: String,
        /// Why not.
        #[source]
        source: AgentError,
    },
    /// It was written, and is otherwise.
    #[error("roles were written, and are not as they were to be: {}", .0.join(", "))]
    ReadBack(Vec<String>),
}

impl RolesError {
    /// The same, of the source.
    pub(super) fn at_source(self, site: &Name) -> Self {
        match self {
            Self::Site(why) => Self::Source { site: site.to_string(), why },
            other => other,
        }
    }

    /// What it means for the exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::OneSite(_)
            | Self::NoRole { .. }
            | Self::Nowhere { .. }
            | Self::File { .. }
            | Self::Preset { .. }
            | Self::Twice { .. } => Exit::Usage,
            Self::Source { .. } => Exit::Refused,
            _ => Exit::Failed,
        }
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::OneSite(_) => Some("name another site behind `--to`".to_owned()),
            Self::NoRole { there, .. } | Self::Nowhere { there, .. } => Some(there.clone()),
            Self::Source { .. } | Self::Site(_) => {
                Some("`provost status` shows the sites; `provost apply` makes them".to_owned())
            }
            Self::ReadBack(_) => {
                Some("run it again; if it stays so, something at the site changes its roles".to_owned())
            }
            Self::Preset { .. } => Some(
                "a role preset is what Moodle's page of a role exports, or `provost roles export`".to_owned(),
            ),
            Self::Twice { .. } => Some("name one of them".to_owned()),
            Self::Read(_) | Self::Write { .. } | Self::File { .. } => None,
        }
    }
}
