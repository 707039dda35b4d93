//! What the solver says.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::component::Component;
use crate::fit::Misfit;
use crate::version_php::{Dependency, Version};

/// Versions that go together: for every declared plugin the newest that fits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Solution {
    /// What was chosen, and why.
    pub choices: BTreeMap<Component, Chosen>,
}

/// What was chosen for a plugin, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Chosen {
    /// Which candidate, counted from 0.
    pub candidate: usize,
    /// What people call it.
    pub label: String,
    /// Its version.
    pub version: Version,
    /// Whether it was asked for by name.
    pub pinned: bool,
    /// Candidates before it in the list, and why they were not taken.
    pub passed_over: Vec<PassedOver>,
    /// The plugins of the codebase that depend on it.
    pub needed_by: Vec<NeededBy>,
    /// What core will warn of.
    pub warnings: Vec<Misfit>,
}

/// A candidate that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PassedOver {
    /// Which candidate, counted from 0.
    pub candidate: usize,
    /// What people call it.
    pub label: String,
    /// Its version, if it could be read.
    pub version: Option<Version>,
    /// Why it was not taken; never empty.
    pub reasons: Vec<Reason>,
}

/// Why a candidate was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It does not fit.
    Misfit(Misfit),
    /// Its `version.php` cannot be had or read.
    Unreadable(String),
    /// It comes earlier in the list, but its version is no newer than the one that was taken.
    NotNewer,
}

/// A plugin that depends on the one at hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NeededBy {
    /// The other plugin.
    pub component: Component,
    /// What it asks for.
    pub dependency: Dependency,
}

/// Why nothing fits, and what would.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Sets of plugins of which each by itself cannot be had on this Moodle. The first is the smallest there is; none shares
    /// a plugin with another; without all of them, the rest fits.
    pub blocking: Vec<Blocking>,
    /// The nearest of the offered Moodles on which all fits.
    pub moodle: Option<String>,
}

/// Plugins that cannot be had together on this Moodle; without any one of them, the others could.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Blocking {
    /// The plugins.
    pub members: Vec<Blocked>,
    /// What would let them fit, as far as it is known.
    pub advice: Vec<Advice>,
}

/// A plugin of a blocking set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Blocked {
    /// The plugin.
    pub component: Component,
    /// The candidates that cannot be taken, and why.
    pub passed_over: Vec<PassedOver>,
    /// The newest that could be taken if it were not for the other members: what it is called, and its version.
    pub left: Option<(String, Version)>,
}

/// What would let a plugin fit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Advice {
    /// Another plugin is to be added.
    Add {
        /// The missing plugin.
        component: Component,
        /// The oldest version that would do, if any one does not.
        at_least: Option<Version>,
    },
    /// A newer Moodle is needed.
    NewerMoodle {
        /// The plugin that needs it.
        component: Component,
        /// The oldest Moodle that would do for it.
        at_least: Version,
    },
    /// A plugin fits at another version than the one it is pinned to.
    Instead {
        /// The plugin.
        component: Component,
        /// What the other version is called.
        label: String,
        /// The other version.
        version: Version,
    },
}
