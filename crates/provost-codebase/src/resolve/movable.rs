//! Whether a codebase could have another Moodle, and what stands in the way.

use provost_fleet::lock::LockedMoodle;
use provost_fleet::model::Codebase;
use provost_fleet::name::Name;
use provost_moodle::environment::Environment;
use provost_moodle::request::MoodleRequest;
use provost_moodle::solve::{Failure, Solution};

use super::moodle::Moodle;
use super::{ResolveCause, ResolveError, Resolver, solve};

/// What a move to another Moodle would come to.
#[derive(Debug, Clone)]
pub struct Move {
    /// The other Moodle.
    pub moodle: LockedMoodle,
    /// What it asks of the machine; `None` where its `environment.xml` cannot be read.
    pub environment: Option<Environment>,
    /// What would be chosen for each plugin, or what blocks.
    pub plugins: Result<Solution, Box<Failure>>,
}

/// Looks at a move, and changes nothing.
///
/// # Errors
/// When the other Moodle, or a plugin, cannot be had. That plugins do not fit is no error but the answer.
pub async fn can_move(
    resolver: &Resolver,
    name: &Name,
    codebase: &Codebase,
    to: &MoodleRequest,
) -> Result<Move, ResolveError> {
    let moved = Codebase { moodle: to.clone(), ..codebase.clone() };
    look(resolver, &moved)
        .await
        .map_err(|cause| ResolveError { codebase: name.clone(), cause: Box::new(cause) })
}

async fn look(resolver: &Resolver, codebase: &Codebase) -> Result<Move, ResolveCause> {
    let mut moodle = Moodle::resolve(&resolver.git, codebase).await?;
    let plugins = match solve::solve(resolver, &moodle, codebase).await {
        Ok((_, solution)) => Ok(solution),
        Err(ResolveCause::NoFit(failure)) => Err(failure),
        Err(cause) => return Err(cause),
    };
    let environment = moodle.environment().await?;
    Ok(Move { moodle: moodle.locked, environment, plugins })
}
