//! Classes of sites with equal settings, and where they differ.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Key, SiteSettings, Value};

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
    /// How many settings there are, over all sites.
    pub settings: usize,
    /// The classes: the first one is what the others are compared with, which follow with the most sites first.
    pub classes: Vec<Class>,
}

/// Sites whose settings are all equal.
#[derive(Debug, Clone, Serialize)]
pub struct Class {
    /// The sites.
    pub sites: Vec<String>,
    /// Where they differ from the first class, by name of the setting.
    pub differences: Vec<Difference>,
}

/// One setting that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Which.
    pub setting: Key,
    /// How the first class has it; `None` where it is absent, or a secret.
    pub there: Option<Value>,
    /// How this one has it; the same holds.
    pub here: Option<Value>,
    /// Its values are secrets, and not told.
    pub secret: bool,
}

/// Compares sites in those settings that `asked` is true for.
pub fn compare(sites: &[SiteSettings], base: &Base, asked: impl Fn(&Key) -> bool) -> Compared {
    let settings: BTreeSet<&Key> =
        sites.iter().flat_map(|site| site.values.keys()).filter(|key| asked(key)).collect();
    let mut groups: BTreeMap<Vec<Option<&Value>>, Vec<&SiteSettings>> = BTreeMap::new();
    for site in sites {
        let vector = settings.iter().map(|key| site.values.get(*key)).collect();
        groups.entry(vector).or_default().push(site);
    }
    let mut groups: Vec<(Vec<Option<&Value>>, Vec<&SiteSettings>)> = groups.into_iter().collect();
    let is_base = |group: &[&SiteSettings]| match base {
        Base::Largest => false,
        Base::Site(name) => group.iter().any(|site| site.site == *name),
    };
    groups.sort_by_key(|(_, group)| (!is_base(group), std::cmp::Reverse(group.len())));
    let first = groups.first().map(|(vector, _)| vector.clone()).unwrap_or_default();
    let class = |(vector, group): &(Vec<Option<&Value>>, Vec<&SiteSettings>)| {
        let both = settings.iter().zip(first.iter().zip(vector));
        let differences = both.filter(|(_, (there, here))| there != here).map(|(key, (there, here))| {
            let secret = key.is_secret();
            let told = |value: Option<&Value>| value.filter(|_| !secret).cloned();
            Difference { setting: (*key).clone(), there: told(*there), here: told(*here), secret }
        });
        Class {
            sites: group.iter().map(|site| site.site.clone()).collect(),
            differences: differences.collect(),
        }
    };
    Compared { settings: settings.len(), classes: groups.iter().map(class).collect() }
}
