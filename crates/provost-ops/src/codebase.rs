//! The verbs of codebases: what they are made of, what could change, and changing it.

pub mod build;
pub mod can_move;
pub mod copy;
pub mod diff;
pub(crate) mod downgrade;
pub mod gc;
mod going_back;
pub mod list;
mod named;
pub mod update;
pub mod verify;
pub mod why;

pub use provost_codebase::changes::{At, PartChange};
use provost_codebase::git::Git;
use provost_codebase::resolve::Resolver;
use provost_fleet::model::{Codebase, Fleet};
use provost_fleet::name::Name;
use provost_fleet::suggest::nearest;
pub use provost_moodle::component::Component;
pub use provost_moodle::request::MoodleRequest;

use crate::OpsError;
use crate::session::Session;

/// The codebases that a command is about: those that are named, or all.
///
/// # Errors
/// [`OpsError::NoSuch`] for a name that is not in the file.
pub(crate) fn chosen<'a>(
    fleet: &'a Fleet,
    names: &[String],
) -> Result<Vec<(&'a Name, &'a Codebase)>, OpsError> {
    let known = |name: &String| {
        let found = fleet.codebases.iter().find(|(known, _)| known.as_str() == name);
        found.ok_or_else(|| no_codebase(fleet, name))
    };
    if names.is_empty() { Ok(fleet.codebases.iter().collect()) } else { names.iter().map(known).collect() }
}

/// The error for a codebase that is not in the file, with the nearest that is.
pub(crate) fn no_codebase(fleet: &Fleet, name: &str) -> OpsError {
    let names = || fleet.codebases.keys().map(Name::as_str);
    let there = match nearest(name, names()) {
        Some(name) => format!("did you mean `{name}`?"),
        None if fleet.codebases.is_empty() => "the fleet has none yet".to_owned(),
        None => format!("there is {}", names().collect::<Vec<_>>().join(", ")),
    };
    OpsError::NoSuch { what: "codebase", name: name.to_owned(), there }
}

/// What codebases are resolved with.
pub(crate) async fn resolver(session: &Session) -> Result<Resolver, OpsError> {
    let git = Git::find(&session.cx).await.map_err(|error| OpsError::Resolve(Box::new(error)))?;
    Ok(Resolver::new(git, &session.origins(), session.loaded.fleet.codebases.values()))
}

/// An error of resolving, or that the user ended it.
pub(crate) fn unresolved<E: std::error::Error + Send + Sync + 'static>(
    session: &Session,
) -> impl Fn(E) -> OpsError {
    let cancel = session.cx.cancel.clone();
    move |error| {
        if cancel.is_cancelled() { OpsError::Interrupted } else { OpsError::Resolve(Box::new(error)) }
    }
}
