//! The plugins directory's list of plugins: the answer of `pluglist.php`.
//!
//! The real list has some 30 MB and thousands of plugins, of which a fleet needs a few. It is read as a stream, and only
//! what is asked for is kept. It is also made from what many authors typed over many years: numbers come as strings,
//! keys are missing, versions are empty. Such entries are skipped and counted; only what is no list at all is an error.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::component::Component;
use crate::nearest::nearest_name;
use crate::version_php::{Maturity, Version};

mod choose;
mod entry;
mod read;
#[cfg(test)]
mod tests;

/// What was asked for of the list, and the names of all the rest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// When the list was made, in seconds since 1970, if it says so.
    pub timestamp: Option<u64>,
    /// The wanted plugins that the list has.
    pub plugins: BTreeMap<Component, CataloguePlugin>,
    /// What could not be understood and was left out.
    pub skipped: Skipped,
    names: BTreeSet<String>,
}

/// How many entries were left out because they could not be understood.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Plugins: no component, or one that can be none.
    pub plugins: usize,
    /// Versions of wanted plugins: no version number, or one that can be none.
    pub versions: usize,
}

/// One plugin of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CataloguePlugin {
    /// The plugin's full name.
    pub component: Component,
    /// Its name for people, if it has one.
    pub name: Option<String>,
    /// Its versions, newest first by version number.
    pub versions: Vec<CatalogueVersion>,
}

/// One version of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CatalogueVersion {
    /// The number that `version.php` has too.
    pub version: Version,
    /// What its authors call it: `v4.5-r2`.
    pub release: Option<String>,
    /// How ready it is, if stated.
    pub maturity: Option<Maturity>,
    /// The zip file.
    pub download: Option<Download>,
    /// Where it is in git.
    pub vcs: Option<Vcs>,
    /// The Moodle releases that its authors say it is for.
    pub moodles: Vec<MoodleSupport>,
}

/// A zip file of the plugins directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Download {
    /// Where it is.
    pub url: String,
    /// Its MD5 in lower-case hexadecimal digits; `None` if the list has none, so that nothing can be checked.
    pub md5: Option<String>,
}

/// A version's place in a git repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vcs {
    /// The repository.
    pub url: String,
    /// The tag of the version.
    pub tag: Option<String>,
    /// The branch that the version was on.
    pub branch: Option<String>,
}

/// A Moodle that a version is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MoodleSupport {
    /// The release: `4.5`.
    pub release: String,
    /// Its `$version`, if stated.
    pub version: Option<Version>,
}

/// Why a list could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// Not JSON, or it ends too early; the source says where.
    #[error("not a list of plugins")]
    Json(#[source] serde_json::Error),
    /// JSON, but without the key `plugins`, or with something else than a list in it.
    #[error("it has no list `plugins`")]
    NoPlugins,
}

impl Catalogue {
    /// Reads a list, and keeps of it the plugins in `wanted`.
    pub fn read(json: &[u8], wanted: &BTreeSet<Component>) -> Result<Self, CatalogueError> {
        read::read(json, wanted)
    }

    /// Returns the names of all plugins in the list, wanted or not, in order.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Tells whether the list has a plugin, wanted or not.
    pub fn has(&self, component: &Component) -> bool {
        self.names.contains(&component.to_string())
    }

    /// Returns the name in the list that was perhaps meant by one that is not in it.
    pub fn nearest(&self, component: &Component) -> Option<&str> {
        nearest_name(&component.to_string(), self.names.iter()).map(String::as_str)
    }
}
