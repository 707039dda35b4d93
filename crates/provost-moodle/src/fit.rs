//! Whether a version of a plugin can run on a Moodle, by the rules that core itself applies.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::component::Component;
use crate::request::Minor;
use crate::version_php::{CoreVersion, Dependency, PluginVersion, Version};

mod releases;
#[cfg(test)]
mod tests;

pub use releases::release_of;

/// Core refuses plugins that ask for a Moodle before this one: they were written for Moodle 1.
const FIRST_OF_MOODLE_2: u64 = 2_010_000_000;

/// A Moodle, as far as plugins ask about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moodle {
    /// Its `$version`.
    pub version: Version,
    /// Its branch number: 405 for 4.5.
    pub branch: u32,
    /// The plugins it ships, as far as they stay in the codebase, and the version of each.
    pub plugins: BTreeMap<Component, Version>,
}

/// A `$branch` that is no number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Moodle's `$branch` is `{0}`, which is no branch number, as in 405")]
pub struct BranchError(String);

impl Moodle {
    /// Puts together a Moodle's own `version.php` and the plugins it ships.
    pub fn new(core: &CoreVersion, plugins: BTreeMap<Component, Version>) -> Result<Self, BranchError> {
        let branch = core.branch.parse().map_err(|_| BranchError(core.branch.clone()))?;
        Ok(Self { version: core.version.clone(), branch, plugins })
    }
}

/// Why a version of a plugin does not suit a Moodle, or a codebase.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Misfit {
    /// The Moodle is older than the plugin needs.
    Requires {
        /// The oldest that would do.
        needs: Version,
        /// The one at hand.
        has: Version,
    },
    /// The plugin was written for Moodle 1.
    Ancient {
        /// What it says to need.
        needs: Version,
    },
    /// Its authors know that it does not run on this Moodle.
    Incompatible {
        /// The first branch number that it does not run on.
        from_branch: u32,
    },
    /// Its authors do not say that it is for this Moodle.
    Unsupported {
        /// The first branch number that they say it is for.
        first: u32,
        /// The last one.
        last: u32,
    },
    /// Another plugin is missing, or too old.
    Dependency {
        /// The other plugin.
        component: Component,
        /// The oldest version that would do; `None` if any would.
        needs: Option<Version>,
        /// The one at hand.
        has: Option<Version>,
    },
}

impl Misfit {
    /// Tells whether core refuses to upgrade because of it. What authors say to support is only a warning: they are late
    /// in saying it.
    pub fn is_hard(&self) -> bool {
        !matches!(self, Self::Unsupported { .. })
    }
}

/// Says all that is wrong with a version of a plugin on a Moodle, beside `others`: every other plugin of the codebase with
/// its version, those that Moodle ships and those that were added. Where nothing is wrong, the list is empty.
pub fn misfits(
    plugin: &PluginVersion,
    moodle: &Moodle,
    others: &BTreeMap<Component, Version>,
) -> Vec<Misfit> {
    let mut misfits = with_moodle(plugin, moodle);
    for (component, dependency) in &plugin.dependencies {
        let has = others.get(component);
        if !satisfies(has, dependency) {
            misfits.push(unmet(component, dependency, has.cloned()));
        }
    }
    misfits
}

/// Says what is wrong between a version of a plugin and a Moodle, whatever other plugins there are.
pub fn with_moodle(plugin: &PluginVersion, moodle: &Moodle) -> Vec<Misfit> {
    let mut misfits = Vec::new();
    if let Some(needs) = plugin.requires.as_ref().filter(|needs| !is_zero(needs)) {
        if *needs > moodle.version {
            misfits.push(Misfit::Requires { needs: needs.clone(), has: moodle.version.clone() });
        } else if is_before_moodle_2(needs) {
            misfits.push(Misfit::Ancient { needs: needs.clone() });
        }
    }
    if let Some(from_branch) = plugin.incompatible.filter(|&from| moodle.branch >= from) {
        misfits.push(Misfit::Incompatible { from_branch });
    }
    if let Some((first, last)) =
        plugin.supported.filter(|&(first, last)| !(first..=last).contains(&moodle.branch))
    {
        misfits.push(Misfit::Unsupported { first, last });
    }
    misfits
}

/// Tells whether a version of a plugin, or its absence, is enough for a dependency.
pub fn satisfies(has: Option<&Version>, dependency: &Dependency) -> bool {
    match dependency {
        Dependency::Any => has.is_some(),
        Dependency::AtLeast(needs) => has.is_some_and(|has| has >= needs),
    }
}

/// The misfit of a dependency that is not met.
pub(crate) fn unmet(component: &Component, dependency: &Dependency, has: Option<Version>) -> Misfit {
    let needs = match dependency {
        Dependency::Any => None,
        Dependency::AtLeast(needs) => Some(needs.clone()),
    };
    Misfit::Dependency { component: component.clone(), needs, has }
}

fn is_zero(version: &Version) -> bool {
    version.as_str().bytes().all(|byte| matches!(byte, b'0' | b'.'))
}

fn is_before_moodle_2(version: &Version) -> bool {
    let first = FIRST_OF_MOODLE_2.to_string().parse::<Version>();
    first.is_ok_and(|first| *version < first)
}

/// A version of Moodle as people know it: `2024100702 (4.5.2)`, or the number alone.
pub(crate) fn moodle_text(version: &Version) -> String {
    match release_of(version) {
        Some(release) => format!("{version} ({release})"),
        None => version.to_string(),
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requires { needs, has } => {
                write!(f, "needs Moodle {} or newer; this one is {}", moodle_text(needs), moodle_text(has))
            }
            Self::Ancient { needs } => write!(f, "needs Moodle {needs}: it was written for Moodle 1"),
            Self::Incompatible { from_branch } => {
                write!(f, "does not run on Moodle {} and newer", Minor::of_branch(*from_branch))
            }
            Self::Unsupported { first, last } if first == last => {
                write!(f, "its authors support Moodle {} only", Minor::of_branch(*first))
            }
            Self::Unsupported { first, last } => {
                let (first, last) = (Minor::of_branch(*first), Minor::of_branch(*last));
                write!(f, "its authors support Moodle {first} to {last} only")
            }
            Self::Dependency { component, needs: None, .. } => {
                write!(f, "needs {component}, which is not there")
            }
            Self::Dependency { component, needs: Some(needs), has: None } => {
                write!(f, "needs {component} {needs} or newer, which is not there")
            }
            Self::Dependency { component, needs: Some(needs), has: Some(has) } => {
                write!(f, "needs {component} {needs} or newer; here is {has}")
            }
        }
    }
}
