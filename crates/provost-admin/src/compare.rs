//! Values of many sites, compared: sites whose values are all equal are a class, and of each class it is told where it differs from the
//! first one.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// What has a value: a setting (`core/theme`), or something of a role (`student/mod/quiz:attempt`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// `core`, a plugin, or a role.
    pub of: Arc<str>,
    /// Its name there.
    pub name: Arc<str>,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.of, self.name)
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How a site has it.
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

/// All values of one site.
#[derive(Debug, Clone)]
pub struct SiteValues {
    /// The site.
    pub site: String,
    /// What holds there.
    pub values: BTreeMap<Key, Value>,
    /// How many rows were left out, for they are nothing to be compared.
    pub left_out: usize,
}

/// Texts of which each is kept once: 200 sites have the same 2,500 names, and nearly the same values.
#[derive(Debug, Default)]
pub struct Pool(HashSet<Arc<str>>);

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

/// Which class others are compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// The one with most sites.
    Largest,
    /// The one that this site is in.
    Site(String),
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Compared {
    /// How many keys there are, over all sites.
    pub keys: usize,
    /// The classes: the first one is what the others are compared with, which follow with the most sites first.
    pub classes: Vec<Class>,
}

/// Sites whose values are all equal.
#[derive(Debug, Clone, Serialize)]
pub struct Class {
    /// The sites.
    pub sites: Vec<String>,
    /// Where they differ from the first class, by key.
    pub differences: Vec<Difference>,
}

/// One value that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Of what.
    pub key: Key,
    /// How the first class has it; `None` where it is absent, or a secret.
    pub there: Option<Value>,
    /// How this one has it; the same holds.
    pub here: Option<Value>,
    /// Its values are secrets, and not told.
    pub secret: bool,
}

/// Compares sites in those keys that `asked` is true for; values of those that `secret` is true for are not told.
pub fn compare(
    sites: &[SiteValues],
    base: &Base,
    asked: impl Fn(&Key) -> bool,
    secret: impl Fn(&Key) -> bool,
) -> Compared {
    let keys: BTreeSet<&Key> =
        sites.iter().flat_map(|site| site.values.keys()).filter(|key| asked(key)).collect();
    let mut groups: BTreeMap<Vec<Option<&Value>>, Vec<&SiteValues>> = BTreeMap::new();
    for site in sites {
        let vector = keys.iter().map(|key| site.values.get(*key)).collect();
        groups.entry(vector).or_default().push(site);
    }
    let mut groups: Vec<(Vec<Option<&Value>>, Vec<&SiteValues>)> = groups.into_iter().collect();
    let is_base = |group: &[&SiteValues]| match base {
        Base::Largest => false,
        Base::Site(name) => group.iter().any(|site| site.site == *name),
    };
    groups.sort_by_key(|(_, group)| (!is_base(group), std::cmp::Reverse(group.len())));
    let first = groups.first().map(|(vector, _)| vector.clone()).unwrap_or_default();
    let class = |(vector, group): &(Vec<Option<&Value>>, Vec<&SiteValues>)| {
        let both = keys.iter().zip(first.iter().zip(vector));
        let differences = both.filter(|(_, (there, here))| there != here).map(|(key, (there, here))| {
            let secret = secret(key);
            let told = |value: Option<&Value>| value.filter(|_| !secret).cloned();
            Difference { key: (*key).clone(), there: told(*there), here: told(*here), secret }
        });
        Class {
            sites: group.iter().map(|site| site.site.clone()).collect(),
            differences: differences.collect(),
        }
    };
    Compared { keys: keys.len(), classes: groups.iter().map(class).collect() }
}
