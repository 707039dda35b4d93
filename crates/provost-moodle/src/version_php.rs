//! A reader of `version.php`, of Moodle and of its plugins, that runs no PHP.
//!
//! Such files are nearly always a list of plain assignments, and those are read. Whatever would need PHP to know (a
//! concatenation, a condition, a function call, an include) makes the fields it can touch *dynamic*: reading them is an
//! error that says so, so that the caller can ask PHP. Nothing is ever guessed, and no input panics.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::component::Component;
use crate::php_source::{SourceError, statements};

mod fields;
mod number;
#[cfg(test)]
mod tests;

pub use number::{Version, VersionError};

use fields::Fields;

/// What the `version.php` of Moodle itself says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CoreVersion {
    /// `$version`: what the database's version is compared with.
    pub version: Version,
    /// `$release`, for people: `4.4.3+ (Build: 20240903)`.
    pub release: String,
    /// `$branch`: `404` for 4.4, `500` for 5.0.
    pub branch: String,
    /// `$maturity`, if stated.
    pub maturity: Option<Maturity>,
}

/// What the `version.php` of a plugin says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PluginVersion {
    /// `component`: the plugin's full name; very old plugins leave it out.
    pub component: Option<Component>,
    /// `version`.
    pub version: Version,
    /// `requires`: the oldest Moodle, by its `$version`, that the plugin runs on.
    pub requires: Option<Version>,
    /// `release`, for people.
    pub release: Option<String>,
    /// `supported`: the first and the last branch (`404`) that it is meant for.
    pub supported: Option<(u32, u32)>,
    /// `incompatible`: the first branch that it does not run on.
    pub incompatible: Option<u32>,
    /// `dependencies`: other plugins that must be there.
    pub dependencies: BTreeMap<Component, Dependency>,
    /// `maturity`, if stated.
    pub maturity: Option<Maturity>,
    /// Those of `release` and `maturity` that are left out above because only PHP can compute them. Nothing is decided
    /// by these two; in any other field the same is an error.
    pub dynamic: BTreeSet<&'static str>,
}

/// What a plugin asks of another plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dependency {
    /// Any version (`ANY_VERSION`).
    Any,
    /// This version or a newer one.
    AtLeast(Version),
}

/// How ready the authors say a release is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Maturity {
    /// `MATURITY_ALPHA`, 50.
    Alpha,
    /// `MATURITY_BETA`, 100.
    Beta,
    /// `MATURITY_RC`, 150.
    ReleaseCandidate,
    /// `MATURITY_STABLE`, 200.
    Stable,
}

/// Why a `version.php` could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionFileError {
    /// The file is too large, or no whole PHP.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A field that must be there is not.
    #[error("`{field}` is not set")]
    Missing {
        /// The field, as in `$plugin->version`.
        field: String,
    },
    /// A field whose value only PHP can tell.
    #[error("line {line}: `{field}` is computed; only PHP can tell its value")]
    Dynamic {
        /// The field, as in `$plugin->version`.
        field: String,
        /// The line that makes it so, counted from 1.
        line: u32,
    },
    /// A field whose value is not what Moodle expects there.
    #[error("line {line}: `{field}` should be {expected}, not {met}")]
    Wrong {
        /// The field, as in `$plugin->version`.
        field: String,
        /// Where it is set, counted from 1.
        line: u32,
        /// What it should be.
        expected: &'static str,
        /// What was found.
        met: String,
    },
}

impl CoreVersion {
    /// Reads the `version.php` of Moodle itself.
    pub fn read(source: &[u8]) -> Result<Self, VersionFileError> {
        let fields = Fields::of_core(statements::read(source)?);
        Ok(Self {
            version: fields.required(fields.version("version")?, "version")?,
            release: fields.required(fields.text("release")?, "release")?,
            branch: fields.required(fields.text("branch")?, "branch")?,
            maturity: fields.maturity()?,
        })
    }
}

impl PluginVersion {
    /// Reads the `version.php` of a plugin, written with `$plugin` or, as before Moodle 2.7, with `$module`.
    pub fn read(source: &[u8]) -> Result<Self, VersionFileError> {
        let fields = Fields::of_plugin(statements::read(source)?);
        let mut dynamic = BTreeSet::new();
        let release = unless_dynamic(fields.text("release"), "release", &mut dynamic)?;
        let maturity = unless_dynamic(fields.maturity(), "maturity", &mut dynamic)?;
        Ok(Self {
            component: fields.component()?,
            version: fields.required(fields.version("version")?, "version")?,
            requires: fields.version("requires")?,
            release,
            supported: fields.supported()?,
            incompatible: fields.branch("incompatible")?,
            dependencies: fields.dependencies()?,
            maturity,
            dynamic,
        })
    }
}

/// Turns the error "dynamic" into an absent value and a note of the field's name.
fn unless_dynamic<T>(
    read: Result<Option<T>, VersionFileError>,
    field: &'static str,
    dynamic: &mut BTreeSet<&'static str>,
) -> Result<Option<T>, VersionFileError> {
    match read {
        Err(VersionFileError::Dynamic { .. }) => {
            dynamic.insert(field);
            Ok(None)
        }
        other => other,
    }
}
