//! `provost codebase can-move`: what stands in the way of another Moodle.

use std::collections::BTreeSet;

use provost_codebase::resolve::{Move, can_move as look};
use provost_moodle::environment::is_at_least;
use provost_moodle::request::MoodleRequest;
use provost_moodle::solve::Failure;
use serde::Serialize;

use super::{chosen, no_codebase, resolver, unresolved};
use crate::OpsError;
use crate::error::Exit;
use crate::session::{Access, Call, Session};

/// What a move would come to.
#[derive(Debug, Serialize)]
pub struct CanMove {
    /// Version of this form.
    pub schema: u32,
    /// The codebase.
    pub codebase: String,
    /// Its Moodle now, where that is known.
    pub from: Option<String>,
    /// The other Moodle.
    pub to: String,
    /// What the other Moodle asks of the machine or of the sites, and they do not have.
    pub environment: Vec<String>,
    /// Plugin by plugin.
    pub plugins: Vec<PluginMove>,
    /// What blocks, if anything does.
    pub failure: Option<Failure>,
}

/// What becomes of one plugin.
#[derive(Debug, Serialize)]
pub struct PluginMove {
    /// Which.
    pub component: String,
    /// What the lock has.
    pub from: Option<String>,
    /// What would be taken; `None` where it is not known.
    pub to: Option<String>,
    /// Whether it goes along.
    pub verdict: Verdict,
    /// What is to be known of it.
    pub notes: Vec<String>,
}

/// Whether a plugin goes along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It fits.
    Fits,
    /// It fits, and its authors do not say so.
    Unsure,
    /// It does not fit.
    Blocked,
}

impl CanMove {
    /// What it means for the exit code.
    pub fn exit(&self) -> Exit {
        if self.failure.is_none() && self.environment.is_empty() { Exit::Done } else { Exit::Targets }
    }
}

/// Resolves a codebase with another Moodle, in memory.
///
/// # Errors
/// Whatever keeps Moodle or a plugin from being had. That plugins do not fit is the answer.
pub async fn can_move(call: &Call, codebase: &str, to: &MoodleRequest) -> Result<CanMove, OpsError> {
    let session = Session::open(call, Access::LookAtRest)?;
    let answer = answer(&session, codebase, to).await;
    session.close().await;
    answer
}

async fn answer(session: &Session, codebase: &str, to: &MoodleRequest) -> Result<CanMove, OpsError> {
    let resolver = resolver(session).await?;
    let named = [codebase.to_owned()];
    let (name, declared) = match chosen(&session.loaded.fleet, &named)?.first() {
        Some((name, declared)) => (*name, *declared),
        None => return Err(no_codebase(&session.loaded.fleet, codebase)),
    };
    let moved = look(&resolver, name, declared, to).await.map_err(unresolved(session))?;
    let locked = session.lock.codebases.get(name);
    let version = |component: &str| {
        let plugins = &locked?.plugins;
        plugins
            .iter()
            .find(|(known, _)| known.to_string() == component)
            .map(|(_, plugin)| plugin.version.clone())
    };
    let mut plugins = Vec::new();
    match &moved.plugins {
        Ok(solution) => {
            for (component, chosen) in &solution.choices {
                let component = component.to_string();
                let verdict = if chosen.warnings.is_empty() { Verdict::Fits } else { Verdict::Unsure };
                let notes = chosen.warnings.iter().map(ToString::to_string).collect();
                let to = Some(format!("{} ({})", chosen.label, chosen.version));
                plugins.push(PluginMove { from: version(&component), component, to, verdict, notes });
            }
        }
        Err(failure) => {
            let blocked: BTreeSet<String> = failure
                .blocking
                .iter()
                .flat_map(|set| &set.members)
                .map(|member| member.component.to_string())
                .collect();
            for component in declared.plugins.keys().map(ToString::to_string) {
                let verdict = if blocked.contains(&component) { Verdict::Blocked } else { Verdict::Fits };
                let (from, notes) = (version(&component), Vec::new());
                plugins.push(PluginMove { component, from, to: None, verdict, notes });
            }
        }
    }
    Ok(CanMove {
        schema: 1,
        codebase: name.to_string(),
        from: locked.map(|locked| locked.moodle.release.clone()),
        to: moved.moodle.release.clone(),
        environment: lacks(session, &moved, locked.map(|locked| locked.moodle.release.as_str())),
        plugins,
        failure: moved.plugins.err().map(|failure| *failure),
    })
}

/// What the other Moodle asks for and is not here.
fn lacks(session: &Session, moved: &Move, from: Option<&str>) -> Vec<String> {
    let Some(environment) = &moved.environment else { return Vec::new() };
    let mut lacks = Vec::new();
    if let (Some(needs), Some(from)) = (&environment.upgrades_from, from)
        && !is_at_least(from, needs)
    {
        lacks.push(format!("it upgrades from Moodle {needs} or newer; this codebase has {from}"));
    }
    let php = provost_sites::php::Php::find(&session.cx.machine).and_then(|php| php.version);
    if let (Some(needs), Some(php)) = (&environment.php, php)
        && !is_at_least(php, needs)
    {
        lacks.push(format!("it needs PHP {needs}; here is {php}"));
    }
    lacks
}
