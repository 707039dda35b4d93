//! What a role is.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// All roles of a site, and what it knows that a definition may name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roles {
    /// Moodle's release.
    pub release: String,
    /// The definitions, in the site's order.
    pub roles: Vec<Role>,
    /// Every capability of core and the site's plugins.
    pub capabilities: BTreeSet<String>,
    /// Every level of contexts.
    pub contextlevels: BTreeSet<String>,
}

impl Roles {
    /// One definition.
    pub fn get(&self, shortname: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.shortname == shortname)
    }
}

/// The definition of a role.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// By which roles of two sites are the same.
    pub shortname: String,
    /// What people read; empty where Moodle's language packs have a name for it.
    pub name: String,
    /// For people; empty as the name is.
    pub description: String,
    /// Which of core's roles it is like; empty for none.
    pub archetype: String,
    /// Levels of contexts where it can be assigned: `course`, `module`, …; those of plugins are numbers.
    pub contextlevels: BTreeSet<String>,
    /// What may be done with other roles.
    pub allow: Allow,
    /// Permissions in the system's context. A capability that is not here is inherited.
    pub capabilities: BTreeMap<String, Permission>,
}

/// Which roles somebody with a role may do something with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allow {
    /// Give to others.
    pub assign: BTreeSet<String>,
    /// Change the permissions of.
    pub r#override: BTreeSet<String>,
    /// See the site as.
    pub switch: BTreeSet<String>,
    /// See that others have.
    pub view: BTreeSet<String>,
}

impl Allow {
    /// The four lists, in a fixed order.
    pub fn lists(&self) -> [&BTreeSet<String>; 4] {
        [&self.assign, &self.r#override, &self.switch, &self.view]
    }

    /// The four lists, to be changed.
    pub(super) fn lists_mut(&mut self) -> [&mut BTreeSet<String>; 4] {
        [&mut self.assign, &mut self.r#override, &mut self.switch, &mut self.view]
    }
}

/// A permission that is not inherited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Permission {
    /// May.
    Allow,
    /// May not, unless a context nearer allows it.
    Prevent,
    /// May not, whatever else is said.
    Prohibit,
}

impl Role {
    /// Whether it is what everybody has without being given it: guests, those who are logged in, those on the front page. A mistake in
    /// one of these is everybody's.
    pub fn is_everybodys(&self) -> bool {
        ["guest", "user", "frontpage"].iter().any(|word| self.archetype == *word || self.shortname == *word)
    }
}
