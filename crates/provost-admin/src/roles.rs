//! Roles of a site, as they are compared: by short name, with everything that belongs to a definition.
//!
//! Permissions are those of the system's context. What was overridden in a category or a course, and who has the role, is no definition.

use std::collections::BTreeMap;

use crate::compare::{Key, Pool, SiteValues, Value};

/// A row that was read of a site's roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    /// What it is about.
    pub kind: Kind,
    /// Short name of the role.
    pub role: String,
    /// A field's name, a capability, a level's number, or another role's short name.
    pub what: String,
    /// The field's value, or the permission's number.
    pub value: String,
}

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Name, description, archetype.
    Field,
    /// A permission.
    Capability,
    /// A level of contexts where it can be assigned.
    Level,
    /// Another role that somebody with it may assign.
    Assign,
    /// …override.
    Override,
    /// …switch to.
    Switch,
    /// …see.
    View,
}

impl Kind {
    /// The kind that a word of the question stands for.
    pub fn of(word: &str) -> Option<Self> {
        Some(match word {
            "field" => Self::Field,
            "capability" => Self::Capability,
            "level" => Self::Level,
            "assign" => Self::Assign,
            "override" => Self::Override,
            "switch" => Self::Switch,
            "view" => Self::View,
            _ => return None,
        })
    }
}

/// From what a site's database has of its roles.
pub fn of_site(site: String, rows: &[Raw], pool: &mut Pool) -> SiteValues {
    let mut values = BTreeMap::new();
    for row in rows {
        let (name, value) = row.told();
        let key = Key { of: pool.keep(&row.role), name: pool.keep(&name) };
        values.insert(key, Value::Set(pool.keep(&value)));
    }
    SiteValues { site, values, left_out: 0 }
}

impl Raw {
    fn told(&self) -> (String, String) {
        let yes = || "yes".to_owned();
        let what = &self.what;
        match self.kind {
            Kind::Field => (what.clone(), self.value.clone()),
            Kind::Capability => (what.clone(), permission(&self.value)),
            Kind::Level => (format!("assigned in {}", level(what)), yes()),
            Kind::Assign => (format!("assigns {what}"), yes()),
            Kind::Override => (format!("overrides {what}"), yes()),
            Kind::Switch => (format!("switches to {what}"), yes()),
            Kind::View => (format!("sees {what}"), yes()),
        }
    }
}

fn permission(number: &str) -> String {
    match number {
        "1" => "allow",
        "-1" => "prevent",
        "-1000" => "prohibit",
        other => other,
    }
    .to_owned()
}

fn level(number: &str) -> &str {
    match number {
        "10" => "the system",
        "30" => "users",
        "40" => "categories",
        "50" => "courses",
        "70" => "activities",
        "80" => "blocks",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::{Base, compare};

    #[test]
    fn roles_are_compared_by_words() {
        let row = |kind, what: &str, value: &str| Raw {
            kind,
            role: "tutor".to_owned(),
            what: what.to_owned(),
            value: value.to_owned(),
        };
        let pool = &mut Pool::default();
        let one = [row(Kind::Capability, "mod/quiz:attempt", "1"), row(Kind::Level, "50", "1")];
        let two = [row(Kind::Capability, "mod/quiz:attempt", "-1000"), row(Kind::Switch, "student", "1")];
        let sites = [of_site("one".to_owned(), &one, pool), of_site("two".to_owned(), &two, pool)];
        let compared = compare(&sites, &Base::Site("one".to_owned()), |_| true, |_| false);
        let told: Vec<String> = compared.classes[1]
            .differences
            .iter()
            .map(|one| {
                let text = |value: &Option<Value>| value.as_ref().map(|value| value.text().to_string());
                format!("{}: {:?} {:?}", one.key, text(&one.there), text(&one.here))
            })
            .collect();
        assert_eq!(
            told,
            [
                "tutor/assigned in courses: Some(\"yes\") None",
                "tutor/mod/quiz:attempt: Some(\"allow\") Some(\"prohibit\")",
                "tutor/switches to student: None Some(\"yes\")",
            ]
        );
    }
}
