//! What of a codebase fits its Moodle, plugin by plugin. The solver names the smallest sets that block; without them the rest
//! is looked at again, until it stands.

use std::collections::BTreeMap;
use std::error::Error;

use provost_codebase::build::BuildError;
use provost_codebase::git::Git;
use provost_codebase::resolve::{Origins, ResolveCause, ResolveError, Resolved, Resolver, resolve};
use provost_engine::context::Context;
use provost_fleet::model::{Codebase, Fleet};
use provost_fleet::name::Name;
use provost_moodle::component::Component;
use provost_moodle::request::MoodleRequest;
use provost_moodle::solve::Failure;
use serde::Serialize;

use crate::OpsError;

/// A codebase, looked at in memory.
#[derive(Debug, Serialize)]
pub struct Fit {
    /// Moodle's release.
    pub release: String,
    /// The tag, branch or commit that it is.
    pub reference: String,
    /// Every plugin, by its name.
    pub plugins: Vec<PluginFit>,
    /// Why the patches cannot be applied, where they cannot.
    pub patches: Option<String>,
    /// The plugins that cannot be had together, and what would let them fit.
    #[serde(skip)]
    pub failure: Option<Failure>,
}

/// One plugin.
#[derive(Debug, Serialize)]
pub struct PluginFit {
    /// Its name.
    pub component: String,
    /// Its version number, where it was found.
    pub version: Option<String>,
    /// The tag, branch or release that was taken.
    #[serde(skip)]
    pub label: Option<String>,
    /// Whether it fits.
    pub verdict: Verdict,
    /// What there is to say about that.
    pub why: Option<String>,
}

/// Whether a plugin fits a Moodle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It does.
    Fits,
    /// Its authors do not say so; they are often late.
    Unsaid,
    /// It does not.
    Blocked,
}

impl Fit {
    /// Whether the codebase can be built as it is declared.
    pub fn is_possible(&self) -> bool {
        self.patches.is_none() && self.plugins.iter().all(|plugin| plugin.verdict != Verdict::Blocked)
    }
}

/// Looks at a codebase of a fleet. What cannot be had at all, as Moodle itself, is an error.
pub(super) async fn look(
    cx: &Context,
    origins: &Origins,
    name: &Name,
    fleet: &Fleet,
) -> Result<Fit, OpsError> {
    let unknown = || OpsError::NoSuch { what: "codebase", name: name.to_string(), there: String::new() };
    let declared = fleet.codebases.get(name).ok_or_else(unknown)?;
    let git = Git::find(cx).await.map_err(|error| OpsError::Resolve(Box::new(error)))?;
    look_at(Resolver::new(git, origins, [declared]), name, declared).await
}

/// Looks at a codebase that need not be any fleet's.
pub(in crate::codebase) async fn look_at(
    resolver: Resolver,
    name: &Name,
    declared: &Codebase,
) -> Result<Fit, OpsError> {
    let ask = Ask { resolver, name };
    let (mut rest, mut blocked, mut patches) = (declared.clone(), BTreeMap::new(), None);
    let mut failed: Option<Failure> = None;
    let resolved = loop {
        let error = match ask.resolve(&rest).await? {
            Ok(resolved) => break resolved,
            Err(error) => error,
        };
        let before = (rest.plugins.len(), rest.patches.len());
        match &*error.cause {
            ResolveCause::NoFit(failure) => {
                for member in failure.blocking.iter().flat_map(|set| &set.members) {
                    rest.plugins.remove(&member.component);
                    blocked.insert(member.component.clone(), member.to_string());
                }
                match &mut failed {
                    Some(failed) => failed.blocking.extend(failure.blocking.iter().cloned()),
                    None => failed = Some((**failure).clone()),
                }
            }
            cause => match culprit(cause) {
                Culprit::Plugin(component) => {
                    rest.plugins.remove(component);
                    blocked.insert(component.clone(), told(cause));
                }
                Culprit::Patches => {
                    patches = Some(told(cause));
                    rest.patches.clear();
                }
                Culprit::Unsaid => {
                    for (component, why) in ask.one_by_one(&rest).await? {
                        rest.plugins.remove(&component);
                        blocked.insert(component, why);
                    }
                }
            },
        }
        if before == (rest.plugins.len(), rest.patches.len()) {
            return Err(OpsError::Resolve(Box::new(error)));
        }
    };
    let plugins = declared.plugins.keys().map(|component| {
        let why = blocked.get(component).cloned();
        plugin(component, why, &resolved)
    });
    Ok(Fit {
        plugins: plugins.collect(),
        release: resolved.locked.moodle.release.clone(),
        reference: resolved.locked.moodle.reference.clone(),
        patches,
        failure: failed,
    })
}

fn plugin(component: &Component, blocked: Option<String>, resolved: &Resolved) -> PluginFit {
    let chosen = resolved.solution.choices.get(component);
    let warnings: Vec<String> =
        chosen.iter().flat_map(|chosen| &chosen.warnings).map(ToString::to_string).collect();
    let (verdict, why) = match (blocked, chosen) {
        (Some(why), _) => {
            let named = format!("{component}: ");
            (Verdict::Blocked, Some(why.strip_prefix(&named).unwrap_or(&why).to_owned()))
        }
        (None, Some(_)) if !warnings.is_empty() => {
            (Verdict::Unsaid, Some(warnings.join("; ").replacen("its authors", "they", 1)))
        }
        (None, Some(_)) => (Verdict::Fits, None),
        (None, None) => (Verdict::Fits, Some("absent".to_owned())),
    };
    let version = chosen.map(|chosen| chosen.version.to_string());
    let label = chosen.map(|chosen| chosen.label.clone());
    PluginFit { component: component.to_string(), version, label, verdict, why }
}

struct Ask<'a> {
    resolver: Resolver,
    name: &'a Name,
}

impl Ask<'_> {
    async fn resolve(&self, codebase: &Codebase) -> Result<Result<Resolved, ResolveError>, OpsError> {
        match resolve(&self.resolver, self.name, codebase).await {
            Err(error) if error.is_cancelled() => Err(OpsError::Interrupted),
            resolved => Ok(resolved),
        }
    }

    /// Which plugins fail alone, for an error that does not say which it is of: a repository that does not answer.
    async fn one_by_one(&self, codebase: &Codebase) -> Result<BTreeMap<Component, String>, OpsError> {
        let bare = Codebase { plugins: BTreeMap::new(), patches: Vec::new(), ..codebase.clone() };
        let mut failing = BTreeMap::new();
        let Ok(moodle) = self.resolve(&bare).await? else { return Ok(failing) };
        for (component, source) in &codebase.plugins {
            let moodle = MoodleRequest::Commit(moodle.locked.moodle.commit.clone());
            let plugins = BTreeMap::from([(component.clone(), source.clone())]);
            if let Err(error) = self.resolve(&Codebase { moodle, plugins, ..bare.clone() }).await?
                && matches!(culprit(&error.cause), Culprit::Unsaid)
            {
                failing.insert(component.clone(), told(&*error.cause));
            }
        }
        Ok(failing)
    }
}

enum Culprit<'e> {
    Plugin(&'e Component),
    Patches,
    Unsaid,
}

fn culprit(cause: &ResolveCause) -> Culprit<'_> {
    match cause {
        ResolveCause::NoReference { component, .. }
        | ResolveCause::NotPlugin { component, .. }
        | ResolveCause::OtherPlugin { component, .. }
        | ResolveCause::Import { component, .. }
        | ResolveCause::Download { component, .. }
        | ResolveCause::NotThere { component, .. }
        | ResolveCause::CoreNeeds { component, .. }
        | ResolveCause::InsideAbsent { component, .. }
        | ResolveCause::NotInCatalogue { component, .. }
        | ResolveCause::NoRelease { component, .. }
        | ResolveCause::OtherVersion { component, .. }
        | ResolveCause::NoSuchType { component, .. }
        | ResolveCause::Occupied { component, .. } => Culprit::Plugin(component),
        ResolveCause::Patch(_) | ResolveCause::Build(BuildError::Patch(_)) => Culprit::Patches,
        _ => Culprit::Unsaid,
    }
}

/// The whole chain, on one line.
fn told(error: &(dyn Error + 'static)) -> String {
    let mut all = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(one) = cause {
        all.push(one.to_string());
        cause = one.source();
    }
    all.dedup();
    all.join(": ").split_whitespace().collect::<Vec<_>>().join(" ")
}
