//! What would fit, where nothing does.

use std::collections::{BTreeMap, BTreeSet};

use super::explain::missing;
use super::probe::View;
use super::report::{Advice, Blocked, Blocking, Failure, Reason};
use super::{Needs, Offered, Solver, Stage, Step};
use crate::component::Component;
use crate::fit::{Misfit, Moodle};
use crate::version_php::Version;

/// What is known of the failure so far.
#[derive(Debug, Default)]
pub(super) struct Advising {
    sets: Vec<BTreeSet<usize>>,
    /// Plugins that fit at another version than the one they are pinned to, and which.
    instead: BTreeMap<usize, Option<usize>>,
    /// How many of the offered Moodles were tried.
    tried: usize,
    /// The one on which all fits.
    moodle: Option<String>,
}

/// For each plugin its newest candidate that fits, if it is in play.
type Newest = Vec<Option<usize>>;

impl Advising {
    pub(super) fn new(sets: Vec<BTreeSet<usize>>) -> Self {
        Self { sets, ..Self::default() }
    }
}

/// Sorts Moodles by how far they are from the one at hand in the list of versions; of two as far, the newer comes first.
pub(super) fn by_nearness(mut offered: Vec<Offered>, moodle: &Moodle) -> Vec<Offered> {
    offered.retain(|offer| offer.moodle.version != moodle.version);
    offered.sort_by(|a, b| a.moodle.version.cmp(&b.moodle.version));
    let older = offered.iter().filter(|offer| offer.moodle.version < moodle.version).count();
    let mut placed: Vec<(usize, bool, Offered)> = offered
        .into_iter()
        .enumerate()
        .map(
            |(at, offer)| if at < older { (older - at, true, offer) } else { (at - older + 1, false, offer) },
        )
        .collect();
    placed.sort_by_key(|(distance, is_older, _)| (*distance, *is_older));
    placed.into_iter().map(|(_, _, offer)| offer).collect()
}

impl Solver {
    /// Looks for what would fit, and says what fails.
    pub(super) fn advise(&mut self) -> Step {
        let Stage::Advise(advising) = &mut self.stage else { return Step::Need(Vec::new()) };
        let mut advising = std::mem::take(advising);
        let step = match self.look_further(&mut advising) {
            Err(needs) => Step::Need(self.named(&needs)),
            Ok(()) => Step::Failed(self.failure(&advising)),
        };
        self.stage = Stage::Advise(advising);
        step
    }

    fn look_further(&self, advising: &mut Advising) -> Result<(), Needs> {
        for set in &advising.sets {
            for &member in set {
                let could = |plugin: &super::Plugin| plugin.pinned.is_some() && plugin.facts.len() > 1;
                if advising.instead.contains_key(&member) || !self.plugins.get(member).is_some_and(could) {
                    continue;
                }
                let in_play = self.in_play(set);
                let view = View { unpinned: Some(member), ..View::all(&self.moodle, &in_play) };
                let found = self.ask(&view)?.and_then(|newest| newest.get(member).copied().flatten());
                advising.instead.insert(member, found);
            }
        }
        let in_play = vec![true; self.plugins.len()];
        while let Some(offer) = self.offered.get(advising.tried).filter(|_| advising.moodle.is_none()) {
            if self.ask(&View::all(&offer.moodle, &in_play))?.is_some() {
                advising.moodle = Some(offer.label.clone());
            }
            advising.tried += 1;
        }
        Ok(())
    }

    /// Whether all in play fits, and then the newest candidate of each that does; or what is needed to tell.
    fn ask(&self, view: &View<'_>) -> Result<Option<Newest>, Needs> {
        let probe = self.probe(view);
        if probe.exhausted.is_some() {
            return Ok(None);
        }
        let needs = probe.needs();
        if !needs.is_empty() {
            return Err(needs);
        }
        let newest = probe.domains.iter().map(|domain| domain.newest().map(|(candidate, _)| candidate));
        Ok(Some(newest.collect()))
    }

    fn failure(&self, advising: &Advising) -> Failure {
        let blocking = advising.sets.iter().map(|set| {
            let members = self.blocked(set);
            let mut advice: BTreeSet<Advice> =
                members.iter().flat_map(|member| self.advice_for(member)).collect();
            advice.extend(set.iter().filter_map(|member| {
                let candidate = (*advising.instead.get(member)?)?;
                let plugin = self.plugins.get(*member)?;
                let version = plugin.facts.get(candidate)?.as_ref()?.as_ref().ok()?.version.clone();
                Some(Advice::Instead {
                    component: plugin.component.clone(),
                    label: plugin.label(candidate),
                    version,
                })
            }));
            Blocking { members, advice: advice.into_iter().collect() }
        });
        Failure { blocking: blocking.collect(), moodle: advising.moodle.clone() }
    }

    /// What would let one plugin fit: the least that any of its candidates asks for.
    fn advice_for(&self, member: &Blocked) -> Vec<Advice> {
        let mut oldest: Option<&Version> = None;
        let mut add: BTreeMap<&Component, Option<&Version>> = BTreeMap::new();
        for passed in &member.passed_over {
            // A candidate with which something else is wrong too is not helped by this alone.
            let [reason] = passed.reasons.as_slice() else { continue };
            if let Reason::Misfit(Misfit::Requires { needs, .. }) = reason {
                oldest = Some(oldest.map_or(needs, |oldest| oldest.min(needs)));
            }
            let absent = missing(reason).filter(|(component, _)| !self.is_there(component));
            if let Some((component, needs)) = absent {
                let least = add.entry(component).or_insert(needs);
                *least = (*least).min(needs);
            }
        }
        let component = &member.component;
        let newer =
            oldest.map(|needs| Advice::NewerMoodle { component: component.clone(), at_least: needs.clone() });
        let add = add
            .into_iter()
            .map(|(component, needs)| Advice::Add { component: component.clone(), at_least: needs.cloned() });
        newer.into_iter().chain(add).collect()
    }

    fn is_there(&self, component: &Component) -> bool {
        self.index.contains_key(component) || self.moodle.plugins.contains_key(component)
    }
}
