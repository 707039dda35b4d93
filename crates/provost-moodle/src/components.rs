//! Where a Moodle tree keeps its plugins.
//!
//! The tree itself is the authority: `lib/components.json` for plugin types, and each plugin's `db/subplugins.json` for
//! the types that it brings. [`crate::components::Layout`] adds where, in the tree, all that begins.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::component::{Component, is_word};
use crate::php_source::SourceError;

mod layout;
mod subplugins_php;
#[cfg(test)]
mod tests;

pub use layout::Layout;

/// The plugin types whose plugins may bring types of their own: a list in core, the same in 4.4 and 5.0.
const WITH_SUBPLUGINS: [&str; 4] = ["mod", "editor", "tool", "local"];

/// The plugin types of one Moodle tree, and the directory of each, relative to the web root (the directory that holds
/// Moodle's own `version.php`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PluginTypes {
    directories: BTreeMap<String, String>,
    retired: BTreeMap<String, Retired>,
}

/// Why a plugin type that a tree still names takes no plugins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retired {
    /// Moodle has deprecated the type: its plugins stay where they are, but are not loaded.
    Deprecated,
    /// Moodle has deleted the type.
    Deleted,
}

/// Why `components.json` or `subplugins.json` could not be understood.
#[derive(Debug, thiserror::Error)]
pub enum ComponentsError {
    /// Not JSON, or not of the known shape.
    #[error("not a list of plugin types")]
    Json(#[source] serde_json::Error),
    /// A `subplugins.php` that is no PHP.
    #[error("not a list of plugin types")]
    Php(#[source] SourceError),
    /// A `subplugins.php` whose list only PHP can tell.
    #[error("line {line}: `$subplugins` is computed; only PHP can tell its value")]
    Dynamic {
        /// The line that makes it so, counted from 1.
        line: u32,
    },
    /// A `subplugins.php` with something else than plugin types and directories.
    #[error("line {line}: `$subplugins` should be an array of plugin types and directories, not {met}")]
    NoList {
        /// Where it is, counted from 1.
        line: u32,
        /// What was found.
        met: String,
    },
    /// There is no plugin type in it.
    #[error("it names no plugin types")]
    Empty,
    /// A key that cannot be a plugin type.
    #[error("`{0}` cannot be a plugin type")]
    Type(String),
    /// A directory that is absolute, empty, or climbs.
    #[error("plugin type `{kind}` has the directory `{directory}`, which does not stay inside the tree")]
    Directory {
        /// The plugin type.
        kind: String,
        /// What was given for it.
        directory: String,
    },
    /// A plugin brings a type that is already there, at another place.
    #[error("plugin type `{kind}` is at `{taken}` already; {parent} cannot have it at `{directory}`")]
    Taken {
        /// The plugin that brings the type.
        parent: Component,
        /// The plugin type.
        kind: String,
        /// Where the type is.
        taken: String,
        /// Where the plugin would have it.
        directory: String,
    },
    /// The plugin that brings types is itself of a type that is not known.
    #[error("{0} is of a plugin type that this Moodle does not have")]
    UnknownParent(Component),
}

/// `lib/components.json`, as much of it as matters here. Keys that are not named are ignored: each Moodle adds some.
#[derive(Deserialize)]
struct ComponentsFile {
    plugintypes: BTreeMap<String, String>,
    #[serde(default)]
    deprecatedplugintypes: BTreeMap<String, String>,
    #[serde(default)]
    deletedplugintypes: BTreeMap<String, String>,
}

/// `db/subplugins.json`: `subplugintypes` is relative to the plugin, and where it is given Moodle ignores the older
/// `plugintypes`, which is relative to the web root.
#[derive(Deserialize)]
struct SubpluginsFile {
    #[serde(default)]
    subplugintypes: BTreeMap<String, String>,
    #[serde(default)]
    plugintypes: BTreeMap<String, String>,
    #[serde(default)]
    deprecatedsubplugintypes: BTreeMap<String, String>,
    #[serde(default)]
    deletedsubplugintypes: BTreeMap<String, String>,
}

impl PluginTypes {
    /// Reads a tree's `lib/components.json`.
    pub fn parse(json: &[u8]) -> Result<Self, ComponentsError> {
        let file: ComponentsFile = serde_json::from_slice(json).map_err(ComponentsError::Json)?;
        if file.plugintypes.is_empty() {
            return Err(ComponentsError::Empty);
        }
        for (kind, directory) in &file.plugintypes {
            check(kind, directory)?;
        }
        let mut types = Self { directories: file.plugintypes, retired: BTreeMap::new() };
        types.retire(file.deprecatedplugintypes, file.deletedplugintypes);
        Ok(types)
    }

    /// Adds the plugin types that `parent` brings, from its `db/subplugins.json`. Adding the same twice changes nothing.
    pub fn add_subplugins(&mut self, parent: &Component, json: &[u8]) -> Result<(), ComponentsError> {
        let home = self.directory(parent).ok_or_else(|| ComponentsError::UnknownParent(parent.clone()))?;
        let file: SubpluginsFile = serde_json::from_slice(json).map_err(ComponentsError::Json)?;
        let added = if file.subplugintypes.is_empty() {
            file.plugintypes
        } else {
            file.subplugintypes.into_iter().map(|(kind, path)| (kind, format!("{home}/{path}"))).collect()
        };
        self.add(parent, added)?;
        self.retire(file.deprecatedsubplugintypes, file.deletedsubplugintypes);
        Ok(())
    }

    /// The plugin types that a plugin's `db/subplugins.json` names, and the directory of each relative to the plugin's own, wherever that
    /// is. What cannot be read names none: [`PluginTypes::add_subplugins`] says what is wrong with it.
    pub fn brought_by(parent: &Component, json: &[u8]) -> BTreeMap<String, String> {
        let Ok(file) = serde_json::from_slice::<SubpluginsFile>(json) else { return BTreeMap::new() };
        if !Self::takes_subplugins(parent) {
            return BTreeMap::new();
        }
        if !file.subplugintypes.is_empty() {
            return file.subplugintypes;
        }
        let own = format!("/{}/", parent.name());
        let relative = file.plugintypes.into_iter().filter_map(|(kind, directory)| {
            let (_, below) = directory.split_once(&own)?;
            Some((kind, below.to_owned()))
        });
        relative.collect()
    }

    /// Adds the plugin types that `parent` brings, from a `db/subplugins.php` as plugins had until Moodle 3.8. Moodle reads it
    /// only where there is no `db/subplugins.json`, and so should the caller. The file is not run: a list that is not written
    /// out is an error.
    pub fn add_subplugins_php(&mut self, parent: &Component, php: &[u8]) -> Result<(), ComponentsError> {
        if self.directory(parent).is_none() {
            return Err(ComponentsError::UnknownParent(parent.clone()));
        }
        self.add(parent, subplugins_php::read(php)?)
    }

    /// Adds types with their directories relative to the web root; all or none.
    fn add(&mut self, parent: &Component, added: BTreeMap<String, String>) -> Result<(), ComponentsError> {
        for (kind, directory) in &added {
            check(kind, directory)?;
            if let Some(taken) = self.directories.get(kind).filter(|&taken| taken != directory) {
                return Err(ComponentsError::Taken {
                    parent: parent.clone(),
                    kind: kind.clone(),
                    taken: taken.clone(),
                    directory: directory.clone(),
                });
            }
        }
        self.directories.extend(added);
        Ok(())
    }

    /// Returns the directory of a plugin relative to the web root (`mod/attendance`), whether or not it is there; `None`
    /// if this Moodle has no such plugin type, or no longer has it (see [`PluginTypes::retired`]).
    pub fn directory(&self, component: &Component) -> Option<String> {
        let parent = self.directories.get(component.kind())?;
        Some(format!("{parent}/{}", component.name()))
    }

    /// Tells whether plugins of this one's type may bring types of their own. Moodle looks into no others.
    pub fn takes_subplugins(component: &Component) -> bool {
        WITH_SUBPLUGINS.contains(&component.kind())
    }

    /// Tells whether Moodle has given up a plugin type that it used to have.
    pub fn retired(&self, kind: &str) -> Option<Retired> {
        self.retired.get(kind).copied()
    }

    /// Returns every plugin type and the directory of its plugins relative to the web root, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.directories.iter().map(|(kind, directory)| (kind.as_str(), directory.as_str()))
    }

    /// Notes types that are given up. Their directories are of no use, so odd ones are no reason to fail.
    fn retire(&mut self, deprecated: BTreeMap<String, String>, deleted: BTreeMap<String, String>) {
        let deprecated = deprecated.into_keys().map(|kind| (kind, Retired::Deprecated));
        let deleted = deleted.into_keys().map(|kind| (kind, Retired::Deleted));
        let gone = deprecated.chain(deleted).filter(|(kind, _)| !self.directories.contains_key(kind));
        self.retired.extend(gone.collect::<Vec<_>>());
    }
}

/// Refuses what would be no plugin type, or would lead out of the tree.
fn check(kind: &str, directory: &str) -> Result<(), ComponentsError> {
    if !is_word(kind) {
        return Err(ComponentsError::Type(kind.to_owned()));
    }
    let plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0']);
    if !directory.split('/').all(plain) {
        return Err(ComponentsError::Directory { kind: kind.to_owned(), directory: directory.to_owned() });
    }
    Ok(())
}
