//! The parts of a locked codebase: Moodle, plugins, submodules, patches.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::field;

/// Moodle, resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedMoodle {
    /// What was asked for.
    pub request: String,
    /// URL or path it came from.
    #[serde(deserialize_with = "field::source")]
    pub source: String,
    /// The reference that was chosen.
    #[serde(deserialize_with = "field::reference")]
    pub reference: String,
    /// The rule that chose it.
    pub rule: String,
    /// The commit: 40 hexadecimal digits.
    #[serde(deserialize_with = "field::object")]
    pub commit: String,
    /// `$release` of its `version.php`.
    pub release: String,
    /// `$version` of its `version.php`.
    pub version: String,
    /// `$branch` of its `version.php`.
    pub branch: String,
    /// Its submodules by their path in it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "field::submodules")]
    pub submodules: BTreeMap<String, LockedSubmodule>,
}

/// A plugin, resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Record", into = "Record")]
pub struct LockedPlugin {
    /// Where its files come from.
    pub source: LockedSource,
    /// The rule that chose it, where the file left a choice.
    pub rule: Option<String>,
    /// `$plugin->version`.
    pub version: String,
    /// `$plugin->release`, where it has one.
    pub release: Option<String>,
    /// Its directory, from the top of the tree.
    pub path: String,
    /// Its submodules by their path in it.
    pub submodules: BTreeMap<String, LockedSubmodule>,
}

/// Where the files of a plugin come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockedSource {
    /// A commit of a git repository.
    Git {
        /// URL or path of the repository.
        source: String,
        /// The reference that was chosen, or the commit.
        reference: String,
        /// The commit: 40 hexadecimal digits.
        commit: String,
    },
    /// A zip archive.
    Zip {
        /// URL, or path as the fleet file has it.
        location: String,
        /// SHA-256 of the archive: 64 hexadecimal digits.
        sha256: String,
        /// Git's tree id of the plugin in it.
        tree: String,
    },
    /// A directory.
    Directory {
        /// Path as the fleet file has it.
        path: String,
        /// Git's tree id of it.
        tree: String,
    },
}

impl LockedSource {
    /// What names the content: the commit, or the tree.
    pub fn object(&self) -> &str {
        match self {
            Self::Git { commit, .. } => commit,
            Self::Zip { tree, .. } | Self::Directory { tree, .. } => tree,
        }
    }

    /// Where it comes from, for people.
    pub fn place(&self) -> &str {
        match self {
            Self::Git { source, .. } => source,
            Self::Zip { location, .. } => location,
            Self::Directory { path, .. } => path,
        }
    }
}

/// A git submodule, resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedSubmodule {
    /// URL or path of its repository.
    #[serde(deserialize_with = "field::source")]
    pub source: String,
    /// The branch that `.gitmodules` names, where it does.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "field::optional_reference"
    )]
    pub reference: Option<String>,
    /// The commit: 40 hexadecimal digits.
    #[serde(deserialize_with = "field::object")]
    pub commit: String,
}

/// A patch file, resolved. Written as its digest and its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedPatch {
    /// Path as the fleet file has it.
    pub path: String,
    /// SHA-256 of its content: 64 hexadecimal digits.
    pub sha256: String,
}

/// A plugin as it is written.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "field::optional_source")]
    source: Option<String>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "field::optional_reference"
    )]
    reference: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "field::optional_object")]
    commit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zip: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "field::optional_sha256")]
    sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    directory: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "field::optional_object")]
    tree: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    release: Option<String>,
    #[serde(deserialize_with = "field::inside")]
    path: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "field::submodules")]
    submodules: BTreeMap<String, LockedSubmodule>,
}

impl TryFrom<Record> for LockedPlugin {
    type Error = &'static str;

    fn try_from(record: Record) -> Result<Self, Self::Error> {
        let Record { source, reference, commit, zip, sha256, directory, tree, .. } = record;
        let source = match (source, reference, commit, zip, sha256, directory, tree) {
            (Some(source), Some(reference), Some(commit), None, None, None, None) => {
                LockedSource::Git { source, reference, commit }
            }
            (None, None, None, Some(location), Some(sha256), None, Some(tree)) => {
                LockedSource::Zip { location, sha256, tree }
            }
            (None, None, None, None, None, Some(path), Some(tree)) => LockedSource::Directory { path, tree },
            _ => {
                return Err(
                    "a plugin has source, reference and commit; or zip, sha256 and tree; or directory and tree",
                );
            }
        };
        let Record { rule, version, release, path, submodules, .. } = record;
        Ok(Self { source, rule, version, release, path, submodules })
    }
}

impl From<LockedPlugin> for Record {
    fn from(plugin: LockedPlugin) -> Self {
        let mut record = Self {
            source: None,
            reference: None,
            commit: None,
            zip: None,
            sha256: None,
            directory: None,
            tree: None,
            rule: plugin.rule,
            version: plugin.version,
            release: plugin.release,
            path: plugin.path,
            submodules: plugin.submodules,
        };
        match plugin.source {
            LockedSource::Git { source, reference, commit } => {
                record.source = Some(source);
                record.reference = Some(reference);
                record.commit = Some(commit);
            }
            LockedSource::Zip { location, sha256, tree } => {
                record.zip = Some(location);
                record.sha256 = Some(sha256);
                record.tree = Some(tree);
            }
            LockedSource::Directory { path, tree } => {
                record.directory = Some(path);
                record.tree = Some(tree);
            }
        }
        record
    }
}

impl fmt::Display for LockedPatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.sha256, self.path)
    }
}

impl FromStr for LockedPatch {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(' ') {
            Some((sha256, path)) if field::is_hex(sha256, 64) && !path.is_empty() => {
                Ok(Self { path: path.to_owned(), sha256: sha256.to_owned() })
            }
            _ => Err("a patch is written as its SHA-256 and its path"),
        }
    }
}

impl Serialize for LockedPatch {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LockedPatch {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}
