//! What a Moodle asks of the machine: its `environment.xml`.
//!
//! The file is `admin/environment.xml`, from 5.1 on `public/admin/environment.xml`, and has a block for each release since
//! 1.5. As core does, the newest block that is not newer than the Moodle is taken. Nothing is ever expanded or fetched: a
//! document type is refused, and so is every entity that XML itself does not define.

use serde::Serialize;

mod check;
mod numbers;
mod read;
#[cfg(test)]
mod tests;

pub use check::{Machine, Unmet};
pub use numbers::is_at_least;

/// The largest file that is read, in bytes. Real ones have some 180 kilobytes.
pub const LARGEST: usize = 2 << 20;

/// What one release of Moodle asks of the machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Environment {
    /// The release whose block this is: `5.0`.
    pub moodle: String,
    /// The oldest Moodle that can be upgraded to this one, if it says.
    pub upgrades_from: Option<String>,
    /// The oldest PHP, if it says.
    pub php: Option<String>,
    /// Databases that will do, and the oldest version of each.
    pub databases: Vec<Database>,
    /// Extensions of PHP.
    pub extensions: Vec<Extension>,
    /// Settings of PHP.
    pub settings: Vec<Setting>,
}

/// A database server that will do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Database {
    /// Moodle's name for it: `postgres`, `mariadb`, `mysql`, `mssql`.
    pub vendor: String,
    /// The oldest version.
    pub version: String,
}

/// An extension of PHP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Extension {
    /// Its name: `intl`.
    pub name: String,
    /// Whether Moodle insists.
    pub level: Level,
}

/// A setting of PHP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Its name: `memory_limit`.
    pub name: String,
    /// The value: the least for a size, else the very one.
    pub value: String,
    /// Whether Moodle insists.
    pub level: Level,
}

/// Whether Moodle insists on something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// It does not install without.
    #[default]
    Required,
    /// It is better with it.
    Optional,
}

/// Why an `environment.xml` could not be read.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// The file is larger than [`LARGEST`] bytes.
    #[error("the file has {0} bytes; at most {LARGEST} are read")]
    TooLarge(usize),
    /// It is no XML.
    #[error("line {line}: this is no XML")]
    Xml {
        /// Where, counted from 1.
        line: usize,
        /// What is wrong there.
        #[source]
        source: quick_xml::Error,
    },
    /// It has something that no `environment.xml` has, and that is not read for safety's sake.
    #[error("line {line}: {what} has no place in an environment.xml")]
    Refused {
        /// Where, counted from 1.
        line: usize,
        /// "a document type", "an entity", "such depth", "so long a tag".
        what: &'static str,
    },
    /// It ends too early.
    #[error("it ends in the middle of <{0}>")]
    Unfinished(String),
    /// There is no block for the release, or for an older one.
    #[error("it has nothing about Moodle {release} or an older one; it knows {known}")]
    NoBlock {
        /// The release that was asked for.
        release: String,
        /// The releases that it has blocks for.
        known: String,
    },
}

impl Environment {
    /// Reads the block for a release of Moodle (`4.5`, or `4.5.2+ (Build: 20250101)` as `$release` has it), or else the
    /// newest one of an older release.
    pub fn read(xml: &[u8], release: &str) -> Result<Self, EnvironmentError> {
        if xml.len() > LARGEST {
            return Err(EnvironmentError::TooLarge(xml.len()));
        }
        let blocks = read::blocks(xml)?;
        let wanted = numbers::numbers(release);
        let older = blocks.iter().filter(|block| numbers::numbers(&block.moodle) <= wanted);
        older.max_by_key(|block| numbers::numbers(&block.moodle)).cloned().ok_or_else(|| {
            let known: Vec<&str> = blocks.iter().map(|block| block.moodle.as_str()).take(50).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            EnvironmentError::NoBlock { release: release.to_owned(), known }
        })
    }

    /// Returns the oldest version of a database server that will do, by Moodle's name for it; `None` if it will not do.
    pub fn database(&self, vendor: &str) -> Option<&str> {
        let database = self.databases.iter().find(|database| database.vendor == vendor);
        database.map(|database| database.version.as_str())
    }

    /// Returns the extensions of PHP that Moodle insists on.
    pub fn required_extensions(&self) -> impl Iterator<Item = &str> {
        let required = self.extensions.iter().filter(|extension| extension.level == Level::Required);
        required.map(|extension| extension.name.as_str())
    }
}
