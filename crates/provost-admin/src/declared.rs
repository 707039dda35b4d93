//! Sites compared with what the fleet file declares for each of them.

use std::collections::{BTreeMap, BTreeSet};

use provost_fleet::secret::{Secret, SecretRef};
use provost_fleet::setting::{Policy, Settings, Wish, is_secret};
use serde::Serialize;

/// What a site has.
#[derive(Debug, Clone, Copy)]
pub struct Has<'a> {
    /// Values in its tables, by setting: `core/theme`.
    pub stored: &'a BTreeMap<String, String>,
    /// The settings that Provost has set once there.
    pub sown: &'a BTreeSet<&'a str>,
    /// Whether its configuration file says what the fleet file forces.
    pub forced: bool,
}

/// A setting that is not as the file declares it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Departure {
    /// Which: `core/theme`.
    pub setting: String,
    /// The table of the fleet file that declares it: `profile.school`.
    pub by: String,
    /// `kept`, `forced` or `seeded`.
    pub policy: Policy,
    /// What the file says; `None` where it says that it is absent, or it is a secret.
    pub declared: Option<String>,
    /// What the site's tables have; `None` where it is absent there, or it is a secret.
    pub is: Option<String>,
    /// Its values are secrets, and not told.
    pub secret: bool,
}

/// Sites that depart from the file in one way.
#[derive(Debug, Clone, Serialize)]
pub struct Alike {
    /// The sites.
    pub sites: Vec<String>,
    /// Where they do; empty where they do not.
    pub departures: Vec<Departure>,
}

/// Where a site is not as its settings are declared. Secrets are told as different only; one that is not known (see `secret`) is left out.
pub fn departures<'s>(
    settings: &Settings,
    has: Has<'_>,
    secret: impl Fn(&SecretRef) -> Option<&'s Secret>,
) -> Vec<Departure> {
    let mut found = Vec::new();
    for (key, declared) in settings {
        let setting = key.to_string();
        let is = has.stored.get(&setting);
        let same = match (declared.policy, &declared.wish) {
            (Policy::Forced, _) => has.forced,
            (Policy::Seeded, _) => has.sown.contains(setting.as_str()),
            (Policy::Kept, Wish::Absent) => is.is_none(),
            (Policy::Kept, Wish::Value(value)) => is == Some(value),
            (Policy::Kept, Wish::Secret(reference)) => {
                secret(reference).is_none_or(|secret| is.is_some_and(|is| is == secret.expose()))
            }
        };
        if same {
            continue;
        }
        let hidden = is_secret(key.name()) || matches!(declared.wish, Wish::Secret(_));
        let value = match &declared.wish {
            Wish::Value(value) => Some(value.clone()),
            Wish::Secret(_) | Wish::Absent => None,
        };
        found.push(Departure {
            setting,
            by: declared.by.clone(),
            policy: declared.policy,
            declared: value.filter(|_| !hidden),
            is: is.filter(|_| !hidden).cloned(),
            secret: hidden,
        });
    }
    found
}

/// Sites with equal departures together: those with none first, then the most sites.
pub fn alike(sites: Vec<(String, Vec<Departure>)>) -> Vec<Alike> {
    let mut groups: BTreeMap<Vec<Departure>, Vec<String>> = BTreeMap::new();
    for (site, departures) in sites {
        groups.entry(departures).or_default().push(site);
    }
    let mut all: Vec<Alike> =
        groups.into_iter().map(|(departures, sites)| Alike { sites, departures }).collect();
    all.sort_by_key(|one| (!one.departures.is_empty(), std::cmp::Reverse(one.sites.len())));
    all
}

#[cfg(test)]
mod tests {
    use provost_fleet::setting::Declared;

    use super::*;

    fn declared(wish: Wish, policy: Policy) -> Declared {
        Declared { wish, policy, by: "profile.p".to_owned() }
    }

    fn value(text: &str) -> Wish {
        Wish::Value(text.to_owned())
    }

    #[test]
    fn each_policy_departs_in_its_own_way() {
        let settings: Settings = [
            ("core/same", declared(value("1"), Policy::Kept)),
            ("core/other", declared(value("1"), Policy::Kept)),
            ("core/missing", declared(value(""), Policy::Kept)),
            ("core/there", declared(Wish::Absent, Policy::Kept)),
            ("core/sown", declared(value("1"), Policy::Seeded)),
            ("core/unsown", declared(value("1"), Policy::Seeded)),
            ("core/forced", declared(value("1"), Policy::Forced)),
            ("core/smtppass", declared(Wish::Secret(SecretRef::Env("A".to_owned())), Policy::Kept)),
        ]
        .map(|(key, declared)| (key.parse().unwrap(), declared))
        .into();
        let stored = [
            ("core/same", "1"),
            ("core/other", "2"),
            ("core/there", "x"),
            ("core/sown", "9"),
            ("core/smtppass", "p"),
        ];
        let stored = stored.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let sown = BTreeSet::from(["core/sown"]);
        let secret = Secret::new("q");
        let has = Has { stored: &stored, sown: &sown, forced: true };
        let found = departures(&settings, has, |_| Some(&secret));
        let told: Vec<String> = found
            .iter()
            .map(|one| format!("{} {:?} {:?} {}", one.setting, one.declared, one.is, one.secret))
            .collect();
        assert_eq!(
            told,
            [
                "core/missing Some(\"\") None false",
                "core/other Some(\"1\") Some(\"2\") false",
                "core/smtppass None None true",
                "core/there None Some(\"x\") false",
                "core/unsown Some(\"1\") None false",
            ]
        );
        let not_written = departures(&settings, Has { forced: false, ..has }, |_| None);
        assert!(not_written.iter().any(|one| one.setting == "core/forced"));
        assert!(!not_written.iter().any(|one| one.setting == "core/smtppass"));
        let classes = alike(vec![("a".into(), found.clone()), ("b".into(), found), ("c".into(), Vec::new())]);
        assert_eq!(classes.iter().map(|one| one.sites.len()).collect::<Vec<_>>(), [1, 2]);
    }
}
