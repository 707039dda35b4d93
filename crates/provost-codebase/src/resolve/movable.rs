//! What another Moodle asks of the machine and of the sites.

use provost_fleet::lock::LockedMoodle;
use provost_fleet::model::Codebase;
use provost_fleet::name::Name;
use provost_moodle::environment::Environment;

use super::moodle::Moodle;
use super::{ResolveCause, ResolveError, Resolver};

/// A Moodle that a codebase could have.
#[derive(Debug, Clone)]
pub struct Destination {
    /// The Moodle itself, as the lock would have it.
    pub moodle: LockedMoodle,
    /// What it asks for; `None` where that cannot be read.
    pub environment: Option<Environment>,
}

/// Resolves the Moodle of a codebase alone. Nothing is written but the git cache.
///
/// # Errors
/// Whatever keeps Moodle from being had.
pub async fn destination(
    resolver: &Resolver,
    name: &Name,
    codebase: &Codebase,
) -> Result<Destination, ResolveError> {
    look(resolver, codebase)
        .await
        .map_err(|cause| ResolveError { codebase: name.clone(), cause: Box::new(cause) })
}

async fn look(resolver: &Resolver, codebase: &Codebase) -> Result<Destination, ResolveCause> {
    let mut moodle = Moodle::resolve(&resolver.git, codebase).await?;
    let environment = moodle.environment().await?;
    Ok(Destination { moodle: moodle.locked, environment })
}
