//! What is left of every plugin's candidates once what can never be satisfied is struck out.

use std::collections::BTreeSet;

use super::{Plugin, Solver};
use crate::component::Component;
use crate::fit::{Misfit, Moodle, satisfies, with_moodle};
use crate::version_php::{Dependency, PluginVersion, Version};

/// No plugin.
static NONE: BTreeSet<usize> = BTreeSet::new();

/// A question.
pub(super) struct View<'s> {
    /// On which Moodle.
    pub(super) moodle: &'s Moodle,
    /// Which plugins. The others set no condition, and satisfy every one.
    pub(super) in_play: &'s [bool],
    /// Which of them must have a version that is supported.
    pub(super) preferred: &'s BTreeSet<usize>,
    /// Which may have another version than the one it is pinned to.
    pub(super) unpinned: Option<usize>,
}

/// An answer. It is whole only where no plugin is exhausted.
pub(super) struct Probe<'s> {
    /// What is left of each plugin; of one that is not in play, nothing.
    pub(super) domains: Vec<Domain<'s>>,
    /// What was struck out, and why, in this order.
    pub(super) struck: Vec<Struck<'s>>,
    /// A plugin of which nothing is left.
    pub(super) exhausted: Option<usize>,
}

/// What is left of a plugin's candidates.
#[derive(Default)]
pub(super) struct Domain<'s> {
    in_play: bool,
    /// Candidates that are known and fit.
    pub(super) left: Vec<(usize, &'s PluginVersion)>,
    /// The first candidate that is not known, and the last known version in front of it.
    unread: Option<(usize, Option<&'s Version>)>,
}

/// A candidate that was struck out.
pub(super) struct Struck<'s> {
    pub(super) plugin: usize,
    pub(super) candidate: usize,
    pub(super) cause: Cause<'s>,
}

/// Why a candidate was struck out.
pub(super) enum Cause<'s> {
    /// Its `version.php` cannot be had or read.
    Unreadable(&'s str),
    /// The Moodle, or that it is not supported where that is asked for.
    Moodle(Vec<Misfit>),
    /// A dependency, and the newest of the other plugin that was left then.
    Dependency(&'s Component, &'s Dependency, Option<&'s Version>),
}

impl<'s> View<'s> {
    /// Plugins as they are declared, on a Moodle.
    pub(super) fn all(moodle: &'s Moodle, in_play: &'s [bool]) -> Self {
        Self { moodle, in_play, preferred: &NONE, unpinned: None }
    }
}

impl<'s> Domain<'s> {
    /// The newest that is left; of two with one version, the one that comes first.
    pub(super) fn newest(&self) -> Option<(usize, &'s PluginVersion)> {
        let newer = |a: (usize, &'s PluginVersion), b: (usize, &'s PluginVersion)| {
            if b.1.version > a.1.version { b } else { a }
        };
        self.left.iter().copied().reduce(newer)
    }

    fn is_exhausted(&self) -> bool {
        self.in_play && self.left.is_empty() && self.unread.is_none()
    }

    /// Whether a dependency on this plugin can be satisfied, as far as is known: versions that are not known are no newer
    /// than the known ones in front of them.
    fn can_satisfy(&self, dependency: &Dependency) -> bool {
        match (self.newest(), self.unread) {
            _ if !self.in_play => true,
            (Some((_, newest)), _) => satisfies(Some(&newest.version), dependency),
            (None, Some((_, Some(below)))) => satisfies(Some(below), dependency),
            (None, Some((_, None))) => true,
            (None, None) => false,
        }
    }
}

impl Probe<'_> {
    /// The candidates that have to be known before more can be said.
    pub(super) fn needs(&self) -> Vec<(usize, usize)> {
        let domains = self.domains.iter().enumerate().filter(|(_, domain)| domain.left.is_empty());
        domains.filter_map(|(plugin, domain)| Some((plugin, domain.unread?.0))).collect()
    }
}

impl Solver {
    /// Strikes out candidates until nothing changes, or until nothing is left of a plugin.
    pub(super) fn probe<'s>(&'s self, view: &View<'s>) -> Probe<'s> {
        let mut probe = Probe { domains: Vec::new(), struck: Vec::new(), exhausted: None };
        for at in 0..self.plugins.len() {
            let domain = self.alone(at, view, &mut probe.struck);
            probe.domains.push(domain);
        }
        probe.exhausted = probe.domains.iter().position(Domain::is_exhausted);
        let mut changed = true;
        while changed && probe.exhausted.is_none() {
            changed = false;
            for at in 0..probe.domains.len() {
                changed |= self.strike_dependents(at, view, &mut probe);
                if probe.domains.get(at).is_some_and(Domain::is_exhausted) {
                    probe.exhausted = Some(at);
                    break;
                }
            }
        }
        probe
    }

    /// What fits of a plugin whatever the others are.
    fn alone<'s>(&'s self, at: usize, view: &View<'s>, struck: &mut Vec<Struck<'s>>) -> Domain<'s> {
        let in_play = view.in_play.get(at).copied().unwrap_or_default();
        let mut domain = Domain { in_play, ..Domain::default() };
        let Some(plugin) = self.plugins.get(at).filter(|_| in_play) else { return domain };
        let mut below = None;
        for candidate in plugin.order(view.unpinned == Some(at)) {
            let cause = match plugin.facts.get(candidate).and_then(Option::as_ref) {
                None => {
                    domain.unread = Some((candidate, below));
                    break;
                }
                Some(Err(why)) => Some(Cause::Unreadable(why)),
                Some(Ok(version)) => {
                    below = Some(&version.version);
                    let preferred = view.preferred.contains(&at);
                    let cause = unfit_alone(plugin, version, view.moodle, preferred);
                    if cause.is_none() {
                        domain.left.push((candidate, version));
                    }
                    if preferred && is_given_up(version, view.moodle) {
                        struck.extend(cause.map(|cause| Struck { plugin: at, candidate, cause }));
                        break;
                    }
                    cause
                }
            };
            struck.extend(cause.map(|cause| Struck { plugin: at, candidate, cause }));
        }
        domain
    }

    /// Strikes out candidates of one plugin whose dependencies can no longer be satisfied; says whether there were any.
    fn strike_dependents<'s>(&'s self, at: usize, view: &View<'s>, probe: &mut Probe<'s>) -> bool {
        let Some(mut left) = probe.domains.get_mut(at).map(|domain| std::mem::take(&mut domain.left)) else {
            return false;
        };
        let before = left.len();
        left.retain(|&(candidate, version)| {
            let unmet = version.dependencies.iter().find_map(|(component, dependency)| {
                let has = match self.index.get(component) {
                    // Of a plugin that asks for itself, the version alone decides, and has decided.
                    Some(&other) if other == at => return None,
                    Some(&other) => {
                        let domain = probe.domains.get(other)?;
                        if domain.can_satisfy(dependency) {
                            return None;
                        }
                        domain.newest().map(|(_, newest)| &newest.version)
                    }
                    None => view.moodle.plugins.get(component),
                };
                (!satisfies(has, dependency)).then_some((component, dependency, has))
            });
            if let Some((component, dependency, has)) = unmet {
                let cause = Cause::Dependency(component, dependency, has);
                probe.struck.push(Struck { plugin: at, candidate, cause });
            }
            unmet.is_none()
        });
        let changed = left.len() < before;
        if let Some(domain) = probe.domains.get_mut(at) {
            domain.left = left;
        }
        changed
    }
}

impl Plugin {
    /// The candidates that count, in order.
    pub(super) fn order(&self, unpinned: bool) -> impl Iterator<Item = usize> + use<> {
        let (pinned, count) = (self.pinned.filter(|_| !unpinned), self.facts.len());
        (0..count).filter(move |&candidate| pinned.is_none_or(|pinned| pinned == candidate))
    }
}

fn unfit_alone<'s>(
    plugin: &Plugin,
    version: &'s PluginVersion,
    moodle: &Moodle,
    preferred: bool,
) -> Option<Cause<'s>> {
    let mut misfits = with_moodle(version, moodle);
    misfits.retain(|misfit| misfit.is_hard() || preferred);
    if !misfits.is_empty() {
        return Some(Cause::Moodle(misfits));
    }
    let (component, dependency) = version.dependencies.get_key_value(&plugin.component)?;
    let unmet = !satisfies(Some(&version.version), dependency);
    unmet.then_some(Cause::Dependency(component, dependency, Some(&version.version)))
}

/// Whether the authors gave this version up before the Moodle came: older versions were given up earlier still.
pub(super) fn is_given_up(version: &PluginVersion, moodle: &Moodle) -> bool {
    version.supported.is_some_and(|(_, last)| last < moodle.branch)
}
