//! Roles, as text.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use provost_ops::roles::{Action, Outcome, RolePlan, RolesDiff, Synced};

use super::classes::{Words, csv, shown};

/// How many names of a list are told; the rest is a number. All of them are in the JSON.
const TOLD: usize = 6;

/// Which sites have equal roles, and where the others differ.
pub(crate) fn diff(diff: &RolesDiff, as_csv: bool) -> String {
    let cells = |key: &provost_admin::compare::Key| vec![key.of.to_string(), key.name.to_string()];
    let words = Words { one: "line", head: &["ROLE", "WHAT"], cells };
    if as_csv { csv(&diff.compared, &words) } else { shown(&diff.compared, &words) }
}

/// What would be done, site by site and role by role. Roles that are the same are counted.
pub(crate) fn plan(synced: &Synced) -> String {
    let mut text = String::new();
    for site in &synced.sites {
        writeln!(text, "{}", site.site).ok();
        if let Some(error) = &site.error {
            writeln!(text, "  ✗ {error}").ok();
        }
        if let Some(hint) = &site.hint {
            writeln!(text, "    hint: {hint}").ok();
        }
        site.roles.iter().filter(|role| role.action != Action::Same).for_each(|role| one(&mut text, role));
        let same = site.roles.iter().filter(|role| role.action == Action::Same).count();
        if same > 0 {
            writeln!(text, "  = {}", counted(same, "role is", "roles are") + " the same").ok();
        }
    }
    let (make, change) = (synced.count(Action::Make), synced.count(Action::Change));
    match make + change {
        0 => text.push_str("Nothing to do."),
        work => {
            let roles = counted(work, "role", "roles");
            write!(text, "Plan: {roles} of {}: {make} to make, {change} to change.", synced.from).ok();
        }
    }
    text
}

/// What was done; the plan was shown before, unless nobody was asked.
pub(crate) fn synced(synced: &Synced) -> String {
    match synced.outcome {
        Outcome::Nothing => return plan(synced),
        Outcome::Planned => return plan(synced) + "\nNothing was done.",
        Outcome::Refused => {
            return "Nothing was done: nobody said yes. `--yes` does where nobody can be asked.".to_owned();
        }
        Outcome::Done => {}
    }
    let mut text = String::new();
    for site in &synced.sites {
        let roles = |action| site.roles.iter().filter(move |role| role.action == action).count();
        let (name, make, change) = (&site.site, roles(Action::Make), roles(Action::Change));
        match &site.error {
            Some(error) => writeln!(text, "✗ {name}  {error}"),
            None if site.done => writeln!(text, "✓ {name}  {make} made, {change} changed; read back"),
            None => writeln!(text, "= {name}  nothing to do"),
        }
        .ok();
        if let Some(hint) = &site.hint {
            writeln!(text, "    hint: {hint}").ok();
        }
    }
    text.trim_end().to_owned()
}

fn one(text: &mut String, role: &RolePlan) {
    let sign = match role.action {
        Action::Make => '+',
        Action::Change => '~',
        Action::Same => '=',
        Action::Leave => '·',
        Action::Blocked => '✗',
    };
    let why = role.why.as_ref().map(|why| format!("; {why}")).unwrap_or_default();
    writeln!(text, "  {sign} {}  {}{why}", role.role, differs(role)).ok();
    let lacks = &role.lacks;
    for (what, names) in [
        ("capabilities", &lacks.capabilities),
        ("levels of contexts", &lacks.contextlevels),
        ("roles", &lacks.roles),
    ] {
        if !names.is_empty() {
            writeln!(text, "      left out, for the site has no such {what}: {}", some(names)).ok();
        }
    }
}

/// In what a role differs: `12 capabilities, 2 levels of contexts, 3 roles allowed`.
fn differs(role: &RolePlan) -> String {
    let difference = &role.difference;
    let numbers = [
        (difference.capabilities.len(), "capability", "capabilities"),
        (difference.contextlevels.len(), "level of contexts", "levels of contexts"),
        (difference.allow.len(), "allowance", "allowances"),
    ];
    let mut parts: Vec<String> = difference.fields.iter().map(|field| (*field).to_owned()).collect();
    parts.extend(
        numbers
            .into_iter()
            .filter(|(number, ..)| *number > 0)
            .map(|(number, one, many)| counted(number, one, many)),
    );
    if parts.is_empty() { "nothing of its own".to_owned() } else { parts.join(", ") }
}

fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn some(names: &BTreeSet<String>) -> String {
    let told: Vec<&str> = names.iter().take(TOLD).map(String::as_str).collect();
    match names.len().saturating_sub(TOLD) {
        0 => told.join(", "),
        more => format!("{}, and {more} more", told.join(", ")),
    }
}
