//! The lock: what a codebase's declaration was resolved to.

use std::collections::BTreeMap;

use provost_moodle::component::Component;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::name::Name;

/// `fleet.lock`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// By name.
    pub codebases: BTreeMap<Name, LockedCodebase>,
}

/// A codebase, resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockedCodebase {
    /// Digest of the declaration it was resolved from.
    pub declared: Digest,
    /// Moodle itself.
    pub moodle: LockedMoodle,
    /// The tree id of the assembled build.
    pub tree: String,
    /// Plugins by component.
    pub plugins: BTreeMap<Component, LockedPlugin>,
}

/// Moodle, resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockedMoodle {
    /// What was asked for.
    pub request: String,
    /// URL or path.
    pub source: String,
    /// The reference that was chosen.
    pub reference: String,
    /// The rule that chose it.
    pub rule: String,
    /// The commit.
    pub commit: String,
    /// `$release`.
    pub release: String,
    /// `$version`.
    pub version: String,
    /// `$branch`.
    pub branch: String,
}

/// A plugin, resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockedPlugin {
    /// URL or path.
    pub source: String,
    /// The reference that was chosen.
    pub reference: String,
    /// The commit.
    pub commit: String,
    /// `$plugin->version`.
    pub version: String,
    /// `$plugin->release`.
    pub release: Option<String>,
    /// Its directory, from the top of the tree.
    pub path: String,
}
