//! Settings of many sites, compared: sites whose settings are all equal are a class, and of each class it is told where it differs from
//! the first one.
//!
//! Not everything in Moodle's tables `config` and `config_plugins` is a setting: what is state of a site, or its identity, is left out
//! ([`state`]). Numbers of roles and categories are compared by short name and path, and a site's own address by what it is
//! ([`canonical`]).

pub mod canonical;
mod classes;
pub mod state;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub use canonical::Ground;
pub use classes::{Base, Class, Compared, Difference, compare};
use serde::{Serialize, Serializer};

/// Name of a setting: `core/theme`, `mod_quiz/timelimit`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// `core`, or a plugin.
    pub plugin: Arc<str>,
    /// Its name there.
    pub name: Arc<str>,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.plugin, self.name)
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Words in the names of settings whose values are secrets. Rather one too many: a value that is not shown is only less comfortable.
const SECRET: [&str; 10] = [
    "passw",
    "secret",
    "privatekey",
    "apikey",
    "token",
    "bindpw",
    "salt",
    "credential",
    "dbpass",
    "accesskey",
];

impl Key {
    /// Whether its value is never shown: it is told as equal or different only.
    pub fn is_secret(&self) -> bool {
        let name = self.name.to_ascii_lowercase().replace(['_', '-'], "");
        SECRET.iter().any(|word| name.contains(word)) || name.ends_with("pass") || name.ends_with("pw")
    }
}

/// Whether a text fits a pattern in which `*` stands for anything.
pub fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, behind)) => text.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).filter_map(|at| rest.get(at..)).any(|rest| fits(behind, rest))
        }),
    }
}

/// How a site has a setting.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase", tag = "how", content = "value")]
pub enum Value {
    /// In its database.
    Set(#[serde(serialize_with = "plainly")] Arc<str>),
    /// In its configuration file, which is stronger than the database.
    Forced(#[serde(serialize_with = "plainly")] Arc<str>),
}

impl Value {
    /// What holds.
    pub fn text(&self) -> &Arc<str> {
        match self {
            Self::Set(text) | Self::Forced(text) => text,
        }
    }
}

fn plainly<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

/// All settings of one site.
#[derive(Debug, Clone)]
pub struct SiteSettings {
    /// The site.
    pub site: String,
    /// What holds there.
    pub values: BTreeMap<Key, Value>,
    /// How many rows were left out, for they are state or identity.
    pub left_out: usize,
}

/// Texts of which each is kept once: 200 sites have the same 2,500 names, and nearly the same values.
#[derive(Debug, Default)]
pub struct Pool(std::collections::HashSet<Arc<str>>);

impl Pool {
    /// The text, kept once.
    pub fn keep(&mut self, text: &str) -> Arc<str> {
        if let Some(kept) = self.0.get(text) {
            return kept.clone();
        }
        let kept: Arc<str> = text.into();
        self.0.insert(kept.clone());
        kept
    }
}

/// A row of Moodle's: plugin, name, value.
pub type Raw = (String, String, String);

impl SiteSettings {
    /// From what a site's database has and its configuration file forces.
    pub fn new(
        site: String,
        rows: Vec<Raw>,
        forced: Vec<(String, String)>,
        ground: &Ground,
        pool: &mut Pool,
    ) -> Self {
        let mut values = BTreeMap::new();
        let mut left_out = 0;
        for (plugin, name, value) in rows {
            if state::is_state(&plugin, &name) {
                left_out += 1;
                continue;
            }
            let key = Key { plugin: pool.keep(&plugin), name: pool.keep(&name) };
            let value = pool.keep(&ground.canonical(&plugin, &name, &value));
            values.insert(key, Value::Set(value));
        }
        for (name, value) in forced {
            if state::is_state("core", &name) {
                left_out += 1;
                continue;
            }
            let key = Key { plugin: pool.keep("core"), name: pool.keep(&name) };
            let value = pool.keep(&ground.canonical("core", &name, &value));
            values.insert(key, Value::Forced(value));
        }
        Self { site, values, left_out }
    }
}

#[cfg(test)]
mod tests;
