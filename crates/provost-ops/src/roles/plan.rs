//! What is to be done at one site: pure.

use std::collections::BTreeSet;

use provost_sites::roles::{Difference, Lacks, Role, Roles, compare, fitted};
use serde::Serialize;

/// What becomes of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is made.
    Make,
    /// It is there, and brought to the source's definition.
    Change,
    /// It is as it is at the source.
    Same,
    /// It is missing or otherwise, and stays so, for nobody named it.
    Leave,
    /// It cannot be made or changed.
    Blocked,
}

/// What is to be done with one role.
#[derive(Debug, Clone, Serialize)]
pub struct RolePlan {
    /// Its short name.
    pub role: String,
    /// What becomes of it.
    pub action: Action,
    /// Why it is left or blocked.
    pub why: Option<String>,
    /// In what it differs; of one that is made, from a role with nothing.
    pub difference: Difference,
    /// What of the definition the target does not know.
    pub lacks: Lacks,
    /// What it is to be.
    #[serde(skip)]
    pub(super) wanted: Role,
}

impl RolePlan {
    /// Whether something is done.
    pub fn is_work(&self) -> bool {
        matches!(self.action, Action::Make | Action::Change)
    }
}

/// What is to be done: for the roles that are named, or else for those that are missing.
pub(super) fn plan(source: &Roles, target: &Roles, named: &[String]) -> Vec<RolePlan> {
    let is_named = |role: &Role| named.contains(&role.shortname);
    let all = || source.roles.iter().filter(|role| named.is_empty() || is_named(role));
    let comes =
        |role: &&Role| target.get(&role.shortname).is_none() && (is_named(role) || !role.is_everybodys());
    let coming: BTreeSet<String> = all().filter(comes).map(|role| role.shortname.clone()).collect();
    all().map(|role| one(role, source, target, &coming, is_named(role))).collect()
}

fn one(role: &Role, source: &Roles, target: &Roles, coming: &BTreeSet<String>, named: bool) -> RolePlan {
    let (wanted, lacks) = fitted(role, source, target, coming);
    let there = target.get(&role.shortname);
    let nothing = Role { shortname: role.shortname.clone(), ..Role::default() };
    let difference = compare(there.unwrap_or(&nothing), &wanted);
    let namesake = |other: &&Role| {
        !other.name.is_empty() && other.name == role.name && other.shortname != role.shortname
    };
    let namesake = target.roles.iter().find(namesake);
    let (action, why) = match (there, named) {
        (Some(_), _) if difference.is_empty() => (Action::Same, None),
        (Some(_), false) => (Action::Leave, Some("name it to have it changed".to_owned())),
        (None, false) if role.is_everybodys() => {
            (Action::Leave, Some("everybody would have it; name it to have it made".to_owned()))
        }
        _ => match (namesake, there) {
            (Some(other), _) => {
                let why = format!("the role `{}` there is called “{}” already", other.shortname, other.name);
                (Action::Blocked, Some(why))
            }
            (None, None) => (Action::Make, None),
            (None, Some(_)) => (Action::Change, None),
        },
    };
    RolePlan { role: role.shortname.clone(), action, why, difference, lacks, wanted }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(shortname: &str, name: &str, archetype: &str) -> Role {
        Role {
            shortname: shortname.to_owned(),
            name: name.to_owned(),
            archetype: archetype.to_owned(),
            ..Role::default()
        }
    }

    fn site(roles: Vec<Role>) -> Roles {
        Roles { roles, ..Roles::default() }
    }

    fn told(source: &Roles, target: &Roles, named: &[&str]) -> Vec<(String, Action)> {
        let named: Vec<String> = named.iter().map(|name| (*name).to_owned()).collect();
        plan(source, target, &named).into_iter().map(|plan| (plan.role, plan.action)).collect()
    }

    #[test]
    fn what_is_missing_is_made_and_what_is_there_is_changed_only_when_it_is_named() {
        let source = site(vec![
            role("tutor", "Tutor", ""),
            role("manager", "Boss", "manager"),
            role("all", "", "user"),
        ]);
        let target = site(vec![role("manager", "", "manager")]);
        let action = |name: &str, action: Action| (name.to_owned(), action);
        assert_eq!(
            told(&source, &target, &[]),
            [action("tutor", Action::Make), action("manager", Action::Leave), action("all", Action::Leave)]
        );
        assert_eq!(told(&source, &target, &["manager"]), [action("manager", Action::Change)]);
        assert_eq!(told(&source, &target, &["all"]), [action("all", Action::Make)]);
        assert_eq!(told(&source, &source, &[])[1], action("manager", Action::Same));
    }

    #[test]
    fn a_name_that_another_role_has_is_in_the_way() {
        let source = site(vec![role("tutor", "Tutor", "")]);
        let target = site(vec![role("helper", "Tutor", "")]);
        let planned = plan(&source, &target, &[]);
        assert_eq!(planned[0].action, Action::Blocked);
        assert_eq!(planned[0].why.as_deref(), Some("the role `helper` there is called “Tutor” already"));
    }
}
