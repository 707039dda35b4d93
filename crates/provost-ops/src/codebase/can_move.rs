//! `provost codebase can-move`: what stands in the way of another Moodle.

use provost_codebase::resolve::{Destination, destination};
use provost_fleet::model::Codebase;
use provost_moodle::environment::is_at_least;
use provost_moodle::request::MoodleRequest;
use provost_moodle::solve::Failure;
use serde::Serialize;

use super::copy::{Fit, PluginFit, Verdict as FitVerdict, fit};
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
    /// Why the patches cannot be applied there, where they cannot.
    pub patches: Option<String>,
    /// The plugins whose versions block, if any do.
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
        if self.is_possible() && self.environment.is_empty() { Exit::Done } else { Exit::Targets }
    }

    /// Whether the codebase could be built with the other Moodle.
    pub fn is_possible(&self) -> bool {
        self.patches.is_none() && self.plugins.iter().all(|plugin| plugin.verdict != Verdict::Blocked)
    }
}

/// Resolves a codebase with another Moodle, in memory: `git` says where that comes from, if not from where the codebase's does.
///
/// # Errors
/// Whatever keeps Moodle or a plugin from being had. That plugins do not fit is the answer.
pub async fn can_move(
    call: &Call,
    codebase: &str,
    to: &MoodleRequest,
    git: Option<&str>,
) -> Result<CanMove, OpsError> {
    let session = Session::open(call, Access::LookAtRest)?;
    let answer = answer(&session, codebase, to, git).await;
    session.close().await;
    answer
}

async fn answer(
    session: &Session,
    codebase: &str,
    to: &MoodleRequest,
    git: Option<&str>,
) -> Result<CanMove, OpsError> {
    let resolver = resolver(session).await?;
    let named = [codebase.to_owned()];
    let (name, declared) = match chosen(&session.loaded.fleet, &named)?.first() {
        Some((name, declared)) => (*name, *declared),
        None => return Err(no_codebase(&session.loaded.fleet, codebase)),
    };
    let mut moved = Codebase { moodle: to.clone(), ..declared.clone() };
    if let Some(git) = git {
        git.clone_into(&mut moved.git);
    }
    let there = destination(&resolver, name, &moved).await.map_err(unresolved(session))?;
    // What a branch means must not change between the two looks.
    moved.moodle = MoodleRequest::Commit(there.moodle.commit.clone());
    let Fit { plugins, patches, failure, .. } = fit::look_at(resolver, name, &moved).await?;
    let locked = session.lock.codebases.get(name);
    let version = |component: &str| {
        let plugins = &locked?.plugins;
        let found = plugins.iter().find(|(known, _)| known.to_string() == component);
        found.map(|(_, plugin)| plugin.version.clone())
    };
    let plugins = plugins.into_iter().map(|plugin| moved_plugin(version(&plugin.component), plugin));
    Ok(CanMove {
        schema: 1,
        codebase: name.to_string(),
        from: locked.map(|locked| locked.moodle.release.clone()),
        to: there.moodle.release.clone(),
        environment: lacks(session, &there, locked.map(|locked| locked.moodle.release.as_str())),
        plugins: plugins.collect(),
        patches,
        failure,
    })
}

fn moved_plugin(from: Option<String>, fit: PluginFit) -> PluginMove {
    let to = fit.version.map(|version| match fit.label {
        Some(label) if label != version => format!("{label} ({version})"),
        _ => version,
    });
    let verdict = match fit.verdict {
        FitVerdict::Fits => Verdict::Fits,
        FitVerdict::Unsaid => Verdict::Unsure,
        FitVerdict::Blocked => Verdict::Blocked,
    };
    PluginMove { component: fit.component, from, to, verdict, notes: fit.why.into_iter().collect() }
}

/// What the other Moodle asks for and is not here.
fn lacks(session: &Session, there: &Destination, from: Option<&str>) -> Vec<String> {
    let Some(environment) = &there.environment else { return Vec::new() };
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
