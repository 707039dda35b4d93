//! Why a verb of archive sessions failed.

use provost_archive::ends::EndError;
use provost_archive::phases::PhaseError;
use provost_archive::receipt::{KeyError, ReceiptError};
use provost_archive::session::{OrdersError, RunError};
use provost_engine::registry::RegistryError;

use crate::error::Exit;

/// Why a verb of archive sessions failed.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// There is no session yet.
    #[error("there is no archive session yet")]
    NoSessions,
    /// There is no session of that name or number.
    #[error("there is no archive session `{0}`")]
    NoSession(String),
    /// Several registries have a session of that number.
    #[error("there are several archive sessions {number}: of {}", .names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and "))]
    Ambiguous {
        /// The number.
        number: i64,
        /// Their names.
        names: Vec<String>,
    },
    /// The file declares no such session.
    #[error("the fleet file has no [archive.{0}]")]
    NotDeclared(String),
    /// No unit fits.
    #[error("no course of the session is meant by `{0}`")]
    NoUnit(String),
    /// Something must be said for a manoeuvre that concerns units.
    #[error("it was not said which courses are meant")]
    NoUnits,
    /// The selection takes no course that can go.
    #[error("no course is left to be moved")]
    Nothing,
    /// A session of that name is under way.
    #[error("session {session} of `{name}` is under way: {state}")]
    UnderWay {
        /// Its name.
        name: String,
        /// Its number.
        session: i64,
        /// How it stands.
        state: &'static str,
    },
    /// Both ends are the same in disguise, or cannot be what was asked of them.
    #[error("{0}")]
    Refused(String),
    /// A site is not there, or not fit to be asked.
    #[error("the {end} `{site}` cannot be used: {why}")]
    Site {
        /// `source` or `target`.
        end: &'static str,
        /// Its name.
        site: String,
        /// Why not.
        why: String,
    },
    /// A window or number that is none.
    #[error("{0}")]
    Orders(String),
    /// The registry failed.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The session could not go on.
    #[error(transparent)]
    Run(#[from] RunError),
    /// What the session's workers are told is not understood.
    #[error(transparent)]
    Told(#[from] OrdersError),
    /// A unit's row cannot be used.
    #[error(transparent)]
    Phase(#[from] PhaseError),
    /// An end failed.
    #[error(transparent)]
    End(#[from] EndError),
    /// There is no key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A receipt proves nothing.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// What the registry keeps of the declaration cannot be read.
    #[error("the registry's declaration of the session cannot be read")]
    Declaration(#[source] serde_json::Error),
    /// Facts could not be had.
    #[error("the courses of the {0} could not be read")]
    Facts(&'static str, #[source] Box<dyn std::error::Error + Send + Sync>),
}

impl ArchiveError {
    /// What it means for the exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::NoSessions
            | Self::NoSession(_)
            | Self::Ambiguous { .. }
            | Self::NotDeclared(_)
            | Self::NoUnit(_)
            | Self::NoUnits
            | Self::Nothing
            | Self::Orders(_) => Exit::Usage,
            Self::UnderWay { .. } | Self::Refused(_) | Self::Site { .. } => Exit::Refused,
            Self::Registry(RegistryError::Order { .. }) => Exit::Refused,
            _ => Exit::Failed,
        }
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoSessions => {
                "`provost archive plan NAME` shows what one would do, `start` begins it".to_owned()
            }
            Self::NoSession(_) => "`provost archive status --all` lists them".to_owned(),
            Self::Ambiguous { number, names } => {
                let name = names.first().map_or("NAME", String::as_str);
                format!("say the name too: `{name}/{number}`")
            }
            Self::NotDeclared(name) => format!(
                "declare it: [archive.{name}] from = \"SITE\", to = \"SITE\", select = [{{ category = \"/…\" }}]"
            ),
            Self::NoUnit(_) => {
                "say a short name, or `course/ID`; `provost archive status --units` lists them".to_owned()
            }
            Self::NoUnits => "name courses with `--course`, or say `--failed` or `--all`".to_owned(),
            Self::Nothing => "`provost archive plan` says why each course stays".to_owned(),
            Self::UnderWay { name, session, .. } => format!(
                "`provost archive run {name}/{session}` goes on with it, `provost archive cancel {name}/{session} --all` gives it up"
            ),
            Self::Site { .. } => "`provost status` shows the sites; `provost apply` makes them".to_owned(),
            Self::Registry(error) if error.is_transient() => {
                "nothing is lost: run it again when the registry's server answers".to_owned()
            }
            _ => return None,
        })
    }
}
