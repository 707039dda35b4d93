//! What a definition of one site means at another, and what differs.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Permission, Role, Roles};

/// What a definition names and a site does not know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lacks {
    /// Capabilities, mostly of plugins that are not there.
    pub capabilities: BTreeSet<String>,
    /// Levels of contexts.
    pub contextlevels: BTreeSet<String>,
    /// Roles that it would be allowed to do something with.
    pub roles: BTreeSet<String>,
}

/// In what two definitions differ.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `name`, `description`, `archetype`.
    pub fields: Vec<&'static str>,
    /// Levels that only one of them has.
    pub contextlevels: BTreeSet<String>,
    /// What may be done with which role by only one of them: `assign student`.
    pub allow: Vec<String>,
    /// Capabilities with both permissions; `None` is inherited.
    pub capabilities: Vec<(String, Option<Permission>, Option<Permission>)>,
}

impl Difference {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }
}

/// What differs between what is there and what is wanted. Short names are not looked at.
pub fn compare(there: &Role, wanted: &Role) -> Difference {
    let texts = |role: &Role| [role.name.clone(), role.description.clone(), role.archetype.clone()];
    let fields =
        ["name", "description", "archetype"].into_iter().zip(texts(there).into_iter().zip(texts(wanted)));
    let fields = fields.filter(|(_, (there, wanted))| there != wanted).map(|(field, _)| field).collect();
    let lists = there.allow.lists().into_iter().zip(wanted.allow.lists());
    let allow =
        ["assign", "override", "switch", "view"].into_iter().zip(lists).flat_map(|(what, (one, other))| {
            one.symmetric_difference(other).map(move |role| format!("{what} {role}"))
        });
    let names: BTreeSet<&String> = there.capabilities.keys().chain(wanted.capabilities.keys()).collect();
    let permission = |role: &Role, name: &String| role.capabilities.get(name).copied();
    let capabilities =
        names.into_iter().map(|name| (name.clone(), permission(there, name), permission(wanted, name)));
    Difference {
        fields,
        contextlevels: there.contextlevels.symmetric_difference(&wanted.contextlevels).cloned().collect(),
        allow: allow.collect(),
        capabilities: capabilities.filter(|(_, there, wanted)| there != wanted).collect(),
    }
}

/// What a role of `source` means at `target`: without what the target does not know, which is told; and with what the target's role of
/// that name has of which the source knows nothing. Roles of `coming` count as the target's: they are made there too.
pub fn fitted(role: &Role, source: &Roles, target: &Roles, coming: &BTreeSet<String>) -> (Role, Lacks) {
    let has = |name: &String| *name == role.shortname || coming.contains(name) || target.get(name).is_some();
    let mut wanted = role.clone();
    let mut lacks = Lacks::default();
    let unknown = |name: &&String| !target.capabilities.contains(*name);
    lacks.capabilities = role.capabilities.keys().filter(unknown).cloned().collect();
    wanted.capabilities.retain(|name, _| target.capabilities.contains(name));
    lacks.contextlevels = role.contextlevels.difference(&target.contextlevels).cloned().collect();
    wanted.contextlevels.retain(|level| target.contextlevels.contains(level));
    for list in wanted.allow.lists_mut() {
        lacks.roles.extend(list.iter().filter(|name| !has(name)).cloned());
        list.retain(has);
    }
    if let Some(there) = target.get(&role.shortname) {
        keep(&mut wanted, there, source, target);
    }
    (wanted, lacks)
}

/// Leaves as it is there what only the target knows, and what nobody there knows any more: rows that a plugin left which is gone.
fn keep(wanted: &mut Role, there: &Role, source: &Roles, target: &Roles) {
    let own = |name: &str, both: [&BTreeSet<String>; 2]| both.iter().any(|known| !known.contains(name));
    let known = [&source.capabilities, &target.capabilities];
    let rows = there.capabilities.iter().filter(|(name, _)| own(name, known));
    wanted.capabilities.extend(rows.map(|(name, permission)| (name.clone(), *permission)));
    let known = [&source.contextlevels, &target.contextlevels];
    wanted.contextlevels.extend(there.contextlevels.iter().filter(|level| own(level, known)).cloned());
    for (list, own) in wanted.allow.lists_mut().into_iter().zip(there.allow.lists()) {
        list.extend(own.iter().filter(|name| source.get(name).is_none()).cloned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn role(shortname: &str, capabilities: &[&str], assign: &[&str]) -> Role {
        let mut role = Role { shortname: shortname.to_owned(), ..Role::default() };
        role.capabilities = set(capabilities).into_iter().map(|name| (name, Permission::Allow)).collect();
        role.allow.assign = set(assign);
        role
    }

    fn site(roles: Vec<Role>, capabilities: &[&str]) -> Roles {
        Roles { roles, capabilities: set(capabilities), contextlevels: set(&["course"]), ..Roles::default() }
    }

    #[test]
    fn what_the_target_does_not_know_is_told_and_left_out() {
        let mut tutor = role("tutor", &["a", "b"], &["tutor", "helper", "student"]);
        tutor.contextlevels = set(&["course", "9001"]);
        let source = site(vec![tutor.clone()], &["a", "b"]);
        let target = site(vec![role("student", &[], &[])], &["a"]);
        let (wanted, lacks) = fitted(&tutor, &source, &target, &BTreeSet::new());
        assert_eq!(wanted.capabilities.keys().collect::<Vec<_>>(), ["a"]);
        assert_eq!(
            (wanted.allow.assign, wanted.contextlevels),
            (set(&["student", "tutor"]), set(&["course"]))
        );
        assert_eq!(
            (lacks.capabilities, lacks.contextlevels, lacks.roles),
            (set(&["b"]), set(&["9001"]), set(&["helper"]))
        );
        let (wanted, lacks) = fitted(&tutor, &source, &target, &set(&["helper"]));
        assert!(wanted.allow.assign.contains("helper") && lacks.roles.is_empty(), "it comes, too");
    }

    #[test]
    fn what_the_source_does_not_know_stays_and_is_no_difference() {
        let source = site(vec![role("tutor", &["a"], &[]), role("known", &[], &[])], &["a", "b"]);
        let there = role("tutor", &["b", "own"], &["known", "stranger"]);
        let target = site(vec![there.clone()], &["a", "b", "own"]);
        let (wanted, _) = fitted(source.get("tutor").unwrap(), &source, &target, &BTreeSet::new());
        let difference = compare(&there, &wanted);
        let told: Vec<_> = difference.capabilities.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(told, ["a", "b"]);
        assert_eq!(difference.allow, ["assign known"]);
        assert!(compare(&wanted, &wanted).is_empty());
    }
}
