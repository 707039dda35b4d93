//! Which versions of a codebase's plugins go together on a Moodle.
//!
//! Every condition that a version can set is a lower bound on another plugin or on Moodle, or an upper bound on Moodle
//! alone. Where two choices are valid, then so is the one that takes the newer of both for each plugin; so striking out
//! what can never be satisfied, again and again until nothing changes, finds the newest set that fits, and finds nothing
//! only where there is none.
//!
//! What a version asks for stands in its `version.php`, which may have to be fetched. So the solver is driven: it says
//! which it needs, the caller supplies them, until it is done.
//!
//! ```ignore
//! let done = loop {
//!     match solver.step() {
//!         Step::Need(needs) => for need in needs { let facts = fetch(&need).await; solver.supply(&need, facts) },
//!         Step::Solved(solution) => break Ok(solution),
//!         Step::Failed(failure) => break Err(failure),
//!     }
//! };
//! ```
//!
//! *Preference.* Of a plugin that is not pinned, a version whose authors support the Moodle, or say nothing, goes before a
//! newer one whose authors do not; where not every plugin can have such a version, those that come first by name have it.
//! Older versions are looked at for this only as far as one that was given up before this Moodle came.

use std::collections::{BTreeMap, BTreeSet};

use crate::component::Component;
use crate::fit::Moodle;
use crate::version_php::{PluginVersion, Version};

mod advice;
mod blocking;
mod explain;
mod probe;
mod report;
#[cfg(test)]
mod tests;
mod text;

pub use report::{Advice, Blocked, Blocking, Chosen, Failure, NeededBy, PassedOver, Reason, Solution};

use advice::Advising;
use probe::View;

/// A plugin that the codebase is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// What can be chosen, as people call it (a tag, a branch, a release), newest first: the solver takes it that the
    /// version numbers fall.
    pub candidates: Vec<String>,
    /// The one of them that was asked for. The others then only serve to say what would fit instead.
    pub pinned: Option<usize>,
}

/// Another Moodle that the codebase could have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// What people call it: `5.0`.
    pub label: String,
    /// The Moodle.
    pub moodle: Moodle,
}

/// A version of a plugin whose `version.php` has to be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// The plugin.
    pub component: Component,
    /// Which of its candidates, counted from 0.
    pub candidate: usize,
}

/// How far the solver is.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// These have to be supplied; in any order, and all before the next step.
    Need(Vec<Need>),
    /// All fits.
    Solved(Solution),
    /// Nothing fits.
    Failed(Failure),
}

/// Finds versions that go together; see the module.
#[derive(Debug)]
pub struct Solver {
    moodle: Moodle,
    plugins: Vec<Plugin>,
    index: BTreeMap<Component, usize>,
    offered: Vec<Offered>,
    /// Plugins that can have a supported version together.
    preferred: BTreeSet<usize>,
    stage: Stage,
}

/// A declared plugin and what is known of its candidates.
#[derive(Debug)]
struct Plugin {
    component: Component,
    labels: Vec<String>,
    pinned: Option<usize>,
    facts: Vec<Option<Result<PluginVersion, String>>>,
}

#[derive(Debug)]
enum Stage {
    /// Whether anything fits.
    Fit,
    /// Whether this plugin, counted from 0, can have a version that is supported.
    Prefer(usize),
    /// Nothing fits; what would.
    Advise(Advising),
}

/// Plugins and candidates, by their places, that have to be known.
type Needs = Vec<(usize, usize)>;

impl Solver {
    /// Begins with a Moodle and the plugins to be added to it. What Moodle ships of a declared plugin no longer counts.
    pub fn new(moodle: Moodle, declared: BTreeMap<Component, Declared>) -> Self {
        let index = declared.keys().cloned().zip(0..).collect();
        let plugins = declared.into_iter().map(|(component, declared)| {
            let facts = declared.candidates.iter().map(|_| None).collect();
            Plugin { component, labels: declared.candidates, pinned: declared.pinned, facts }
        });
        let plugins = plugins.collect();
        Self { moodle, plugins, index, offered: Vec::new(), preferred: BTreeSet::new(), stage: Stage::Fit }
    }

    /// Adds Moodles that are tried where nothing fits this one: the nearest by version first, the newer of two as near.
    /// Candidates of plugins are taken to be the same for each.
    pub fn offering(mut self, offered: Vec<Offered>) -> Self {
        self.offered = advice::by_nearness(offered, &self.moodle);
        self
    }

    /// Supplies what the `version.php` of a candidate says, or, as a text, why it cannot be known.
    pub fn supply(&mut self, need: &Need, facts: Result<PluginVersion, String>) {
        let plugin = self.index.get(&need.component).and_then(|&at| self.plugins.get_mut(at));
        if let Some(place) = plugin.and_then(|plugin| plugin.facts.get_mut(need.candidate)) {
            *place = Some(facts);
        }
    }

    /// Supplies plugins that come inside a declared one, as the subplugins of an activity do. Each declared plugin's first candidate is
    /// asked for before anything is decided, so that they are known in time.
    pub fn supply_bundled(&mut self, plugins: impl IntoIterator<Item = (Component, Version)>) {
        self.moodle.plugins.extend(plugins);
    }

    /// Goes on as far as it is known how. It needs each candidate at most once, so that it ends.
    pub fn step(&mut self) -> Step {
        loop {
            let next = match &mut self.stage {
                Stage::Fit => self.fit(),
                Stage::Prefer(at) => {
                    let at = *at;
                    if at >= self.plugins.len() {
                        return Step::Solved(self.explain());
                    }
                    self.prefer(at)
                }
                Stage::Advise(_) => return self.advise(),
            };
            match next {
                Ok(stage) => self.stage = stage,
                Err(needs) => return Step::Need(self.named(&needs)),
            }
        }
    }

    /// Whether anything fits: the stage to go on with, or what is needed to tell.
    fn fit(&self) -> Result<Stage, Needs> {
        let mut in_play = vec![true; self.plugins.len()];
        loop {
            let probe = self.probe(&View::all(&self.moodle, &in_play));
            if let Some(exhausted) = probe.exhausted {
                // It is set aside, and the others are looked at without it, so that all that blocks is named.
                in_play.iter_mut().skip(exhausted).take(1).for_each(|place| *place = false);
                continue;
            }
            let needs = probe.needs();
            if !needs.is_empty() {
                return Err(needs);
            }
            let all = in_play.iter().all(|&place| place);
            return Ok(if all {
                Stage::Prefer(0)
            } else {
                Stage::Advise(Advising::new(self.blocking_sets()?))
            });
        }
    }

    /// Whether one more plugin can have a version that is supported.
    fn prefer(&mut self, at: usize) -> Result<Stage, Needs> {
        let pinned = self.plugins.get(at).is_none_or(|plugin| plugin.pinned.is_some());
        if !pinned {
            let mut preferred = self.preferred.clone();
            preferred.insert(at);
            let in_play = vec![true; self.plugins.len()];
            let probe = self.probe(&View { preferred: &preferred, ..View::all(&self.moodle, &in_play) });
            if probe.exhausted.is_none() {
                let needs = probe.needs();
                if !needs.is_empty() {
                    return Err(needs);
                }
                self.preferred = preferred;
            }
        }
        Ok(Stage::Prefer(at + 1))
    }

    fn named(&self, needs: &[(usize, usize)]) -> Vec<Need> {
        let named = needs.iter().filter_map(|&(plugin, candidate)| {
            let component = self.plugins.get(plugin)?.component.clone();
            Some(Need { component, candidate })
        });
        named.collect()
    }
}
