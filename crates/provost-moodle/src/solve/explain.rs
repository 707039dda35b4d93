//! Why each version was chosen.

use std::collections::BTreeMap;

use super::probe::View;
use super::report::{Chosen, NeededBy, PassedOver, Reason, Solution};
use super::{Plugin, Solver};
use crate::component::Component;
use crate::fit::{Misfit, misfits, with_moodle};
use crate::version_php::{PluginVersion, Version};

impl Solver {
    /// What was chosen, once all is known.
    pub(super) fn explain(&self) -> Solution {
        let in_play = vec![true; self.plugins.len()];
        let probe = self.probe(&View { preferred: &self.preferred, ..View::all(&self.moodle, &in_play) });
        let newest = probe.domains.iter().map(super::probe::Domain::newest);
        let chosen: Vec<(usize, &Plugin, usize, &PluginVersion)> = self
            .plugins
            .iter()
            .zip(newest)
            .enumerate()
            .filter_map(|(at, (plugin, newest))| {
                newest.map(|(candidate, facts)| (at, plugin, candidate, facts))
            })
            .collect();
        let mut present: BTreeMap<Component, Version> = self.moodle.plugins.clone();
        present.retain(|component, _| !self.index.contains_key(component));
        for (_, plugin, _, facts) in &chosen {
            present.insert(plugin.component.clone(), facts.version.clone());
        }
        let choices = chosen.iter().map(|&(at, plugin, candidate, facts)| {
            let needed_by = chosen.iter().filter_map(|(_, other, _, facts)| {
                let dependency = facts.dependencies.get(&plugin.component)?.clone();
                Some(NeededBy { component: other.component.clone(), dependency })
            });
            let mut warnings = with_moodle(facts, &self.moodle);
            warnings.retain(|misfit| !misfit.is_hard());
            let why = Chosen {
                candidate,
                label: plugin.label(candidate),
                version: facts.version.clone(),
                pinned: plugin.pinned.is_some(),
                passed_over: self.passed_over(at, plugin, candidate, &present),
                needed_by: needed_by.collect(),
                warnings,
            };
            (plugin.component.clone(), why)
        });
        Solution { choices: choices.collect() }
    }

    /// The candidates before the one that was taken.
    fn passed_over(
        &self,
        at: usize,
        plugin: &Plugin,
        taken: usize,
        present: &BTreeMap<Component, Version>,
    ) -> Vec<PassedOver> {
        let preferred = self.preferred.contains(&at);
        let mut present = present.clone();
        let known = plugin.order(false).take_while(|&candidate| candidate < taken);
        known
            .filter_map(|candidate| {
                let reasons = match plugin.facts.get(candidate)?.as_ref()? {
                    Err(why) => vec![Reason::Unreadable(why.clone())],
                    Ok(facts) => {
                        present.insert(plugin.component.clone(), facts.version.clone());
                        let misfits = misfits(facts, &self.moodle, &present).into_iter();
                        let misfits = misfits.filter(|misfit| misfit.is_hard() || preferred);
                        misfits.map(Reason::Misfit).collect()
                    }
                };
                Some(plugin.passed(candidate, reasons))
            })
            .collect()
    }
}

impl Plugin {
    pub(super) fn label(&self, candidate: usize) -> String {
        self.labels.get(candidate).cloned().unwrap_or_default()
    }

    /// A candidate of this plugin that was not taken.
    pub(super) fn passed(&self, candidate: usize, mut reasons: Vec<Reason>) -> PassedOver {
        if reasons.is_empty() {
            reasons.push(Reason::NotNewer);
        }
        let facts = self.facts.get(candidate).and_then(Option::as_ref).and_then(|facts| facts.as_ref().ok());
        let version = facts.map(|facts| facts.version.clone());
        PassedOver { candidate, label: self.label(candidate), version, reasons }
    }
}

/// Whether a reason is that a plugin is missing or too old.
pub(super) fn missing(reason: &Reason) -> Option<(&Component, Option<&Version>)> {
    match reason {
        Reason::Misfit(Misfit::Dependency { component, needs, .. }) => Some((component, needs.as_ref())),
        _ => None,
    }
}
