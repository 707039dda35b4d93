//! The fewest plugins that cannot be had together.

use std::collections::BTreeSet;

use super::probe::{Cause, View};
use super::report::{Blocked, Reason};
use super::{Needs, Plugin, Solver};
use crate::fit::{Misfit, unmet};

/// How many sets of plugins are tried for the smallest; each costs some microseconds. Beyond it a set is still such that
/// none of its members can be left out, but another may be smaller.
const MOST_SETS: usize = 5_000;

impl Solver {
    /// All that blocks: sets that share no plugin, the smallest first, until the rest fits; or what is needed to tell.
    pub(super) fn blocking_sets(&self) -> Result<Vec<BTreeSet<usize>>, Needs> {
        let mut rest: BTreeSet<usize> = (0..self.plugins.len()).collect();
        let mut sets = Vec::new();
        while self.blocks(&rest)? {
            let set = self.smallest(&rest)?;
            rest.retain(|member| !set.contains(member));
            sets.push(set);
        }
        Ok(sets)
    }

    /// Whether these plugins cannot be had, whatever all others are.
    fn blocks(&self, set: &BTreeSet<usize>) -> Result<bool, Needs> {
        let in_play = self.in_play(set);
        let probe = self.probe(&View::all(&self.moodle, &in_play));
        if probe.exhausted.is_some() {
            return Ok(true);
        }
        let needs = probe.needs();
        if needs.is_empty() { Ok(false) } else { Err(needs) }
    }

    pub(super) fn in_play(&self, set: &BTreeSet<usize>) -> Vec<bool> {
        (0..self.plugins.len()).map(|at| set.contains(&at)).collect()
    }

    /// The smallest set that blocks, out of one that does.
    ///
    /// In a smallest set everything hangs together by dependencies: if it fell apart, one part would block by itself. So
    /// sets are grown along dependencies.
    fn smallest(&self, rest: &BTreeSet<usize>) -> Result<BTreeSet<usize>, Needs> {
        let neighbours: Vec<BTreeSet<usize>> = self.neighbours(rest);
        let mut sets: BTreeSet<BTreeSet<usize>> =
            rest.iter().map(|&member| BTreeSet::from([member])).collect();
        let mut tried = 0;
        while !sets.is_empty() && tried + sets.len() <= MOST_SETS {
            tried += sets.len();
            let mut needs = BTreeSet::new();
            for set in &sets {
                match self.blocks(set) {
                    Ok(true) => return Ok(set.clone()),
                    Ok(false) => {}
                    Err(more) => needs.extend(more),
                }
            }
            if !needs.is_empty() {
                return Err(needs.into_iter().collect());
            }
            let mut grown = BTreeSet::new();
            for set in &sets {
                let beside = set.iter().filter_map(|&member| neighbours.get(member)).flatten();
                for &member in beside.filter(|member| !set.contains(member)) {
                    let mut larger = set.clone();
                    larger.insert(member);
                    grown.insert(larger);
                }
                if grown.len() > MOST_SETS {
                    break;
                }
            }
            sets = grown;
        }
        let mut set = rest.clone();
        for member in rest {
            set.remove(member);
            if !self.blocks(&set)? {
                set.insert(*member);
            }
        }
        Ok(set)
    }

    /// For each plugin those of `rest` that it depends on or that depend on it, in any known version.
    fn neighbours(&self, rest: &BTreeSet<usize>) -> Vec<BTreeSet<usize>> {
        let mut neighbours = vec![BTreeSet::new(); self.plugins.len()];
        for &at in rest {
            let known =
                self.plugins.get(at).into_iter().flat_map(|plugin| plugin.facts.iter().flatten().flatten());
            let others = known.flat_map(|facts| facts.dependencies.keys());
            let others: BTreeSet<usize> =
                others.filter_map(|component| self.index.get(component).copied()).collect();
            for other in others.into_iter().filter(|other| rest.contains(other)) {
                for (from, to) in [(at, other), (other, at)] {
                    neighbours.iter_mut().skip(from).take(1).for_each(|set: &mut BTreeSet<usize>| {
                        set.insert(to);
                    });
                }
            }
        }
        neighbours
    }

    /// What is wrong with each member of a blocking set.
    pub(super) fn blocked(&self, set: &BTreeSet<usize>) -> Vec<Blocked> {
        let in_play = self.in_play(set);
        let probe = self.probe(&View::all(&self.moodle, &in_play));
        let member = |&at: &usize| {
            let plugin: &Plugin = self.plugins.get(at)?;
            let mut struck: Vec<_> = probe.struck.iter().filter(|struck| struck.plugin == at).collect();
            struck.sort_by_key(|struck| struck.candidate);
            let passed_over = struck.into_iter().map(|struck| {
                let reasons = match &struck.cause {
                    Cause::Unreadable(why) => vec![Reason::Unreadable((*why).to_owned())],
                    Cause::Moodle(misfits) => misfits.iter().cloned().map(Reason::Misfit).collect(),
                    Cause::Dependency(component, dependency, has) => {
                        let misfit: Misfit = unmet(component, dependency, has.cloned());
                        vec![Reason::Misfit(misfit)]
                    }
                };
                plugin.passed(struck.candidate, reasons)
            });
            let newest = probe.domains.get(at).and_then(super::probe::Domain::newest);
            let left = newest.map(|(candidate, facts)| (plugin.label(candidate), facts.version.clone()));
            Some(Blocked { component: plugin.component.clone(), passed_over: passed_over.collect(), left })
        };
        set.iter().filter_map(member).collect()
    }
}
